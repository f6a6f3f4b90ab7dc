"""What every codec does alike: refuse what it has no place for, open the document inside, say what is unreadable.

1. Bytes of a partner are opened as strictly as those of a sender: `schemas.content` reads them, nothing else does.
2. What cannot be read is a finding that names the place. No bytes raise.
3. The texts of an event's body that a partner's form has a place for are `BODY_TEXTS`; the rest is a loss. A use is
   flat there: the declaration's parts are texts of their own, its items one text. `body_of` makes the body again.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from adapters.port import CannotCarry, Loss
from schemas.certificate.agreements import AGREEMENTS
from schemas.content import Content, Syntax, open_content
from schemas.event import Event
from schemas.findings import Finding, finding
from schemas.registry import Document, Profile, profile_of, recognise

CERTIFICATES = tuple(agreement.profile for agreement in AGREEMENTS)
"""The profiles of certificates of origin that the styles of this package know."""
BILLS_OF_LADING = ("dcsa-transport-document/3.0", "dcsa-shipping-instructions/3.0")

_DECLARATION = {
    "reference": "declaration",
    "date": "declarationDate",
    "country": "declarationCountry",
    "port": "declarationPort",
}
_PLAIN = ("declaration", "quantity", "unit", "text", "draw", "result", "outcome")
BODY_TEXTS = (*_PLAIN, "declarationDate", "declarationCountry", "declarationPort", "items", "boxes", "random")
"""Members of an event's body that partners can say: number of the customs declaration, its date, country and port, the
quantities used by item (`1 120.50 KGM;2 3 PCE`), quantity and unit of a transport document (UN/ECE Recommendation 20),
which draw or of what kind, the boxes that are to be verified (`8 10`) or that it is at random (`true`), result or
outcome of a verification, and an answer in words."""


def profile_to_carry(document: Document, carried: Collection[str]) -> Profile:
    """The document's profile. Raises `CannotCarry` for one that the form has no place for."""
    profile = profile_of(document.profile) if document.profile in carried else None
    if profile is None:
        raise CannotCarry(
            finding("partner.cannot-carry", found=document.profile, expected=", ".join(carried) or "no document at all")
        )
    return profile


def unreadable(pointer: str = "", *, found: object = "", expected: object = "") -> Finding:
    return finding("partner.unreadable", pointer, found=found, expected=expected)


def turned_away(pointer: str, reasons: Iterable[tuple[str, str, str]]) -> Finding:
    """The partner's system has refused; that is no decision. `reasons`: code, pointer and text of each."""
    return finding("partner.refused", pointer, found=", ".join(code for code, _, _ in reasons))


def opened(data: bytes, syntax: Syntax) -> Content | Finding:
    """The partner's bytes, opened; a finding when they are of another syntax, or none."""
    content = open_content(data)
    if isinstance(content, Content) and content.syntax is not syntax:
        return unreadable(found=content.syntax.value, expected=syntax.value)
    return content


def document_from(data: bytes, profile_id: str, carried: Collection[str]) -> Document | tuple[Finding, ...]:
    """The document that stood in a partner's message, in the codec of its own profile."""
    if profile_id not in carried:
        return (finding("partner.cannot-carry", found=profile_id, expected=", ".join(carried)),)
    content = open_content(data)
    if isinstance(content, Finding):
        return (content,)
    profile = recognise(content, profile_id)
    if isinstance(profile, Finding):
        return (profile,)
    decoded = profile.decode(content)
    return decoded.findings if decoded.document is None else decoded.document


def body_texts(event: Event, losses: list[Loss]) -> Iterator[tuple[str, str]]:
    """What of the event's body a partner's form can say; the rest goes to `losses`."""
    for name, value in event.body.items():
        if name in _PLAIN and isinstance(value, str):
            yield name, value
        elif name == "declaration" and _is_declaration(value):
            yield from ((_DECLARATION[part], text) for part, text in value.items())
        elif name == "items" and (used := _items_text(value)):
            yield name, used
        elif name == "boxes" and (boxes := _boxes_text(value)):
            yield name, boxes
        elif name == "random" and value is True:
            yield name, "true"
        else:
            losses.append(Loss(f"/body/{_escaped(name)}", "the form has no place for this member of the body"))


def reason_losses(event: Event) -> Iterator[Loss]:
    """What forms that know a reason's code, place and words have no place for."""
    for number, reason in enumerate(event.reasons):
        for name, value in (("box", reason.box), ("minor", reason.minor)):
            if value is not None:
                yield Loss(f"/reasons/{number}/{name}", "the form has no place for this of a reason")


def body_of(texts: Mapping[str, str]) -> dict[str, object]:
    """The body again that `body_texts` took apart."""
    body: dict[str, object] = {name: text for name, text in texts.items() if name in _PLAIN}
    if "declarationDate" in texts:
        body["declaration"] = {part: texts[name] for part, name in _DECLARATION.items() if name in texts}
    if "items" in texts:
        body["items"] = _items_of(texts["items"]) or texts["items"]
    if "boxes" in texts:
        body["boxes"] = texts["boxes"].split()
    if "random" in texts:
        body["random"] = texts["random"] == "true" or texts["random"]
    return body


def _is_declaration(value: object) -> bool:
    return isinstance(value, dict) and {"date"} <= value.keys() <= _DECLARATION.keys() and _all_text(value.values())


def _all_text(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)


_ITEM = re.compile(r"(\d{1,5}) ([0-9.]{1,22}) ([A-Z0-9]{2,3})", re.ASCII)


def _items_text(value: object) -> str:
    """The items used as one text; empty where it could not be read back as they are."""
    try:
        text = ";".join(f"{each['number']} {each['quantity']['value']} {each['quantity']['unit']}" for each in value)  # type: ignore[attr-defined]  # of any shape: what is not iterable or has no such parts raises
    except (TypeError, KeyError, IndexError):
        return ""
    return text if _items_of(text) == value else ""


def _items_of(text: str) -> list[dict[str, object]]:
    read = [_ITEM.fullmatch(part) for part in text.split(";")]
    if not all(read):
        return []
    return [{"number": int(found[1]), "quantity": {"value": found[2], "unit": found[3]}} for found in read if found]


def _boxes_text(value: object) -> str:
    """The boxes to be verified as one text; empty where it could not be read back as they are."""
    text = " ".join(value) if isinstance(value, list) and _all_text(value) else ""
    return text if text.split() == value else ""


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
