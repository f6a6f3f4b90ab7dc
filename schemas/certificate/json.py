"""The JSON of a certificate: member names in camelCase as DCSA writes them, amounts and quantities as strings.

`decode_json(encode_json(x)) == x`. An absent tick box is not ticked; `null` is no value anywhere.
"""

import orjson
from pydantic import ValidationError

from schemas.certificate.model import Certificate
from schemas.certificate.structure import readable_part, structural_findings
from schemas.content import Content
from schemas.registry import Decoded


def encode_json(certificate: Certificate) -> bytes:
    """UTF-8 JSON, without what is empty."""
    return orjson.dumps(certificate.model_dump(mode="json", by_alias=True, exclude_none=True))


def decode_json(content: Content, stand_in: Certificate) -> Decoded:
    """The object as a certificate, or one finding for each place that is wrong."""
    try:
        return Decoded(Certificate.model_validate(content.value, by_alias=True, by_name=False))
    except ValidationError as error:
        sample = stand_in.model_dump(mode="json", by_alias=True, exclude_none=True)
        return Decoded(None, structural_findings(error), readable_part(content.value, sample, Certificate))
