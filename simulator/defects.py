"""What is wrong with a document on purpose, by name. Pure: bytes in, bytes out.

A defect is made before the issuer signs (the issuer erred), or after it (somebody on the way changed something).
"""

import json
import re
from collections.abc import Callable, Mapping


class NotApplicable(ValueError):
    """The defect has no place in this document: choose another profile or syntax in the scenario's file."""


def rvc_below_threshold(data: bytes) -> bytes:
    """A regional value content of 32 %, where the agreement asks for 40."""
    document = json.loads(data)
    document["items"][0]["originCriterion"] = {"codes": ["RVC"], "percentage": "32"}
    document["items"][0].setdefault("fobValue", {"amount": "1000.00", "currency": "USD"})
    return _json(document)


def unknown_member(data: bytes) -> bytes:
    """A member that no certificate has: our profiles are closed."""
    return _json({**json.loads(data), "exporterTaxNumber": "SPECIMEN-0001"})


def changed_on_the_way(data: bytes) -> bytes:
    """One word more in a description of the signed XML: the digest no longer fits."""
    changed, count = re.subn(rb"(<(?:\w+:)?Description>)", rb"\1Finest ", data, count=1)
    if count != 1:
        raise NotApplicable("no description in this document: give the defect to a certificate in XML")
    return changed


def _json(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


BEFORE_SIGNING: Mapping[str, Callable[[bytes], bytes]] = {
    "rvc-below-threshold": rvc_below_threshold,
    "unknown-member": unknown_member,
}
AFTER_SIGNING: Mapping[str, Callable[[bytes], bytes]] = {
    "changed-on-the-way": changed_on_the_way,
}
DEFECTS = frozenset({*BEFORE_SIGNING, *AFTER_SIGNING})
