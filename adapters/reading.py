"""What every codec does alike: refuse what it has no place for, open the document inside, say what is unreadable.

1. Bytes of a partner are opened as strictly as those of a sender: `schemas.content` reads them, nothing else does.
2. What cannot be read is a finding that names the place. No bytes raise.
3. The texts of an event's body that a partner's form has a place for are `BODY_TEXTS`; the rest is a loss.
"""

from collections.abc import Collection, Iterator

from adapters.port import CannotCarry, Loss
from schemas.content import Content, Syntax, open_content
from schemas.event import Event
from schemas.findings import Finding, finding
from schemas.registry import Document, Profile, profile_of, recognise

CERTIFICATES = ("atiga-form-d/2022", "ajcep-form-aj/2014", "rcep-co/2022")
"""The profiles of certificates of origin that the styles of this package know."""
BILLS_OF_LADING = ("dcsa-transport-document/3.0", "dcsa-shipping-instructions/3.0")

BODY_TEXTS = ("declaration", "quantity", "unit", "text")
"""Members of an event's body that partners can say: number of the customs declaration, quantity used of the
certificate and its unit (UN/ECE Recommendation 20), and an answer in words."""


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
        if name in BODY_TEXTS and isinstance(value, str):
            yield name, value
        else:
            losses.append(Loss(f"/body/{_escaped(name)}", "the form has no place for this member of the body"))


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
