"""A form in which a certificate can be written and read: what every conversion promises.

1. Reading gives the document's own JSON and a way to say of each finding where in the file it stands; the document is
   then built and judged by its profile, by nothing else.
2. Writing never drops in silence: it is read back, and what differs is a loss, by pointer.
3. So there and back is the identity on all that is not named as a loss.
4. Each form says, field by field, where it puts what (`places`): the tables in docs/reference/conversions.md.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import tradebridge.convert.findings  # noqa: F401  # registers the kinds
from schemas.certificate.model import Certificate
from schemas.content import Content, Syntax, open_content
from schemas.findings import Finding, finding
from schemas.losses import Loss
from schemas.registry import Context, Document, Profile, profile_of, read, recognise

Place = Callable[[Finding], Finding]


@dataclass(frozen=True, slots=True)
class Opened:
    """What a file says, in the document's own form, and where in the file each part of it stands."""

    data: bytes
    """XML or JSON of the profile."""
    place: Place = field(default=lambda found: found)
    """A finding that points into the document, pointing into the file."""
    noted: tuple[Finding, ...] = ()
    """Warnings of the file itself."""


@dataclass(frozen=True, slots=True)
class Written:
    """A document in some form, and what of it is not there."""

    data: bytes
    losses: tuple[Loss, ...] = ()


@dataclass(frozen=True, slots=True)
class Format:
    """One form."""

    id: str
    """As typed after --to: `xml`, `ubl`."""
    title: str
    media_type: str
    suffix: str
    fidelity: str
    """exact, modelled or invented."""
    source: str
    recognises: Callable[[bytes], bool]
    open: Callable[[bytes], Opened | tuple[Finding, ...]]
    write: Callable[[Document], Written]
    places: Callable[[], Mapping[str, str]]
    """Pointer of a field (indices left out) to where the form has it. A field that is not there is not carried."""
    note: str = ""
    """For its page: what a reader must know."""


@dataclass(frozen=True, slots=True)
class Read:
    """A document read from a file, or all that is wrong; warnings may come with a document."""

    document: Document | None
    findings: tuple[Finding, ...]


def read_with(form: Format, data: bytes, context: Context, *, rules: bool = False) -> Read:
    """The document in a file of this form. With `rules` it is judged as the hub would judge it."""
    opened = form.open(data)
    if isinstance(opened, tuple):
        return Read(None, opened)
    if rules:
        reading = read(opened.data, context)
        return Read(reading.document, (*opened.noted, *map(opened.place, reading.findings)))
    content = open_content(opened.data)
    profile = content if isinstance(content, Finding) else recognise(content)
    if isinstance(content, Finding) or isinstance(profile, Finding):
        refused = content if isinstance(content, Finding) else profile
        return Read(None, (opened.place(refused),) if isinstance(refused, Finding) else ())
    decoded = profile.decode(content)
    return Read(decoded.document, (*opened.noted, *map(opened.place, decoded.findings)))


def json_value(document: Document) -> dict[str, Any]:
    """The document's JSON form."""
    value: dict[str, Any] = json.loads(_profile(document).encode[Syntax.JSON](document))
    return value


def certificate_of(document: Document) -> Certificate:
    """The document as a certificate. Raises `NoCertificate`."""
    if not isinstance(document, Certificate):
        raise NoCertificate(finding("convert.no-certificate", found=document.profile))
    return document


class NoCertificate(ValueError):
    """The form has a place for certificates only. `found` tells a user."""

    def __init__(self, found: Finding) -> None:
        super().__init__(found.message)
        self.found = found


def certificate_profile(value: object, pointer: str) -> Profile | Finding:
    """The certificate profile that a file names."""
    profile = profile_of(value) if isinstance(value, str) else None
    if profile is None or profile.family != "certificate":
        return finding("convert.unknown-profile", pointer, found=value or "")
    return profile


def own_form(syntax: Syntax, id_: str, title: str, places: Callable[[], Mapping[str, str]]) -> Format:
    """The document's own XML or JSON as a form."""

    def recognises(data: bytes) -> bool:
        content = open_content(data)
        return isinstance(content, Content) and content.syntax is syntax and isinstance(recognise(content), Profile)

    return Format(
        id=id_,
        title=title,
        media_type=f"application/{syntax}",
        suffix=f".{syntax}",
        fidelity="exact",
        source="certificate.xsd; for bills of lading DCSA's own JSON",
        recognises=recognises,
        open=Opened,
        write=lambda document: _written(document, syntax),
        places=places,
    )


def _written(document: Document, syntax: Syntax) -> Written:
    encode = _profile(document).encode
    if syntax not in encode:
        raise NoCertificate(finding("profile.syntax", found=syntax.value, expected=" or ".join(encode)))
    return Written(encode[syntax](document))


def _profile(document: Document) -> Profile:
    profile = profile_of(document.profile)
    if profile is None:
        raise LookupError(f"a document of the profile {document.profile}, which is registered nowhere")
    return profile
