"""The profiles of the certificates of origin: each form in one version, with its policy, codecs, rules and sample."""

from dataclasses import replace
from datetime import datetime
from functools import cache, partial
from typing import Any

from schemas.certificate.agreements import AGREEMENTS, Agreement
from schemas.certificate.examples import FIRST_DAY, complete, example
from schemas.certificate.form import Boxes, with_box
from schemas.certificate.json import decode_json, encode_json
from schemas.certificate.layout import CERTIFICATE, NAMESPACE, ROOT
from schemas.certificate.model import Certificate
from schemas.certificate.places import nearest_pointer
from schemas.certificate.referring import references
from schemas.certificate.rules import RULES
from schemas.certificate.xml import decode_xml, encode_xml, locate
from schemas.content import Content, Syntax
from schemas.findings import Finding, finding
from schemas.registry import Context, Decoded, Document, Profile, add_profile
from schemas.rules import check_rules, rule_book

_TYPE = f"{{{NAMESPACE}}}TypeCode"


def declared_profile(content: Content) -> object:
    """What the document says of itself, if it is a certificate at all."""
    if content.tree is not None:
        return content.tree.findtext(_TYPE) if content.tree.tag == ROOT else None
    return content.value.get("profile") if "certification" in content.value else None


def _certificate(document: Document) -> Certificate:
    if isinstance(document, Certificate):
        return document
    raise TypeError(f"a certificate profile got a {type(document).__name__}: choose the profile by the document")


def _decode(agreement: Agreement, content: Content) -> Decoded:
    decode = decode_json if content.syntax is Syntax.JSON else decode_xml
    decoded = decode(content, _stand_in(agreement.profile))
    document = decoded.document
    if document is not None and document.profile == agreement.profile:
        return decoded
    if document is not None:
        other = finding("certificate.not-in-list", "/profile", found=document.profile, expected=agreement.profile)
        decoded = Decoded(None, (other,), document)
    boxes = _boxes(agreement, decoded.readable)
    return replace(decoded, findings=tuple(_boxed(found, boxes) for found in decoded.findings))


def _boxes(agreement: Agreement, document: Document | None) -> Boxes:
    return agreement.boxes_on(document.issuing_country if isinstance(document, Certificate) else None)


def _boxed(found: Finding, boxes: Boxes) -> Finding:
    by_path = found.pointer.startswith(f"/{CERTIFICATE.tag}")
    return with_box(found, boxes, nearest_pointer(found.pointer) if by_path else None)


@cache
def _stand_in(profile: str) -> Certificate:
    return complete(profile)


def _profile(agreement: Agreement) -> Profile:
    book = rule_book(RULES, agreement.profile)

    def check(document: Document, context: Context) -> tuple[Finding, ...]:
        found = check_rules(book, _certificate(document), context)
        boxes = _boxes(agreement, document)
        return tuple(with_box(each, boxes) for each in found)

    def sample(
        *,
        exporter: str = agreement.example_route[0],
        importer: str = agreement.example_route[1],
        number: str | None = None,
        at: datetime = FIRST_DAY,
        variant: int = 0,
        **_: Any,
    ) -> Certificate:
        return example(agreement.profile, exporter=exporter, importer=importer, number=number, at=at, variant=variant)

    return Profile(
        id=agreement.profile,
        title=agreement.title,
        family="certificate",
        syntaxes=(Syntax.XML, Syntax.JSON),
        closed=True,
        retention_years=5,
        recognises=lambda content: declared_profile(content) == agreement.profile,
        decode=partial(_decode, agreement),
        check=check,
        encode={
            Syntax.XML: lambda document: encode_xml(_certificate(document)),
            Syntax.JSON: lambda document: encode_json(_certificate(document)),
        },
        example=sample,
        locate=locate,
        references=references,
    )


PROFILES = tuple(add_profile(_profile(agreement)) for agreement in AGREEMENTS)
