"""Every profile: one kind of document in one version, found by its id or recognised from the content.

A family (certificates of origin, bills of lading, events) brings its profiles in its own module; adding one there is
all that a new agreement needs. Reading is one walk: open the bytes, recognise the profile, build the model, check
codes and rules. All findings come back together, never only the first.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from schemas.content import Content, Syntax, open_content
from schemas.findings import Finding, Kind, errors, finding, register
from schemas.json_places import with_places

register(
    [
        Kind(
            "profile.unknown",
            "The hub does not know this profile or this version of it.",
            "Declare one of the profiles of GET /v1/profiles, or leave the header out.",
        ),
        Kind(
            "profile.not-recognised",
            "The document belongs to no profile that the hub knows.",
            "Check the root element or the members against the profile's schema, or declare the profile.",
        ),
        Kind(
            "profile.mismatch",
            "The document is of another profile than the one declared.",
            "Declare the profile that the document is of, or leave the header out.",
        ),
        Kind(
            "profile.syntax",
            "The profile does not exist in this syntax.",
            "Send the document in one of the syntaxes of its profile.",
        ),
    ]
)


class Document(Protocol):
    """What every typed document answers, whatever its family. Documents are frozen."""

    @property
    def profile(self) -> str:
        """Id of its profile, as `atiga-form-d/2022`."""

    @property
    def number(self) -> str | None:
        """The number its issuer gave it: certificate number, transport document reference. None: it has none yet."""

    @property
    def issued_by(self) -> str | None:
        """Who must have signed it, in the profile's terms: `country:SG` for a certificate, `carrier:HLCU` for a bill
        of lading, None where anybody may (a shipper's instructions)."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule may know beside the document. Passed in, so that rules stay pure."""

    now: datetime
    """The business clock, UTC."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One profile and its policy."""

    id: str
    title: str
    family: str
    """`certificate`, `bill-of-lading` or `event`."""
    syntaxes: tuple[Syntax, ...]
    closed: bool
    """Closed: an unknown member is an error. Open: a warning."""
    retention_years: int
    recognises: Callable[[Content], bool]
    decode: Callable[[Content], "Decoded"]
    """Content to model: the syntax layer of this profile, and its code lists."""
    check: Callable[[Document, Context], tuple[Finding, ...]]
    """The rules."""
    encode: Mapping[Syntax, Callable[[Document], bytes]]
    """Model to bytes, unsigned: `decode(encode(x)) == x`."""
    example: Callable[..., Document]
    """A valid sample. Keyword arguments of every family: exporter and importer countries, number, date of issue."""
    locate: Callable[[Content, Sequence[Finding]], tuple[Finding, ...]] | None = None
    """For XML: findings that point into the JSON form, pointing into the bytes received: XPath, line, column."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A model, or None where the findings say why there can be none; warnings may come with a model."""

    document: Document | None
    findings: tuple[Finding, ...] = ()
    readable: Document | None = None
    """Without a document: what of it can be read, so that its rules can be checked in the same answer. See
    `schemas.rules`; it goes nowhere else."""


@dataclass(frozen=True, slots=True)
class Stated:
    """What a document says of itself, also one that can be read in part only: whose it is, and which."""

    profile: str
    number: str | None
    """As `Document.number`; None too where it cannot be read."""
    issued_by: str | None
    """As `Document.issued_by`; None too where it cannot be read."""


@dataclass(frozen=True, slots=True)
class Reading:
    """All that reading the bytes gave."""

    content: Content | None
    profile: Profile | None
    document: Document | None
    findings: tuple[Finding, ...] = field(default=())
    stated: Stated | None = None
    """None where nothing could be read."""

    @property
    def refused(self) -> bool:
        return any(errors(self.findings))


_PROFILES: dict[str, Profile] = {}


def add_profile(profile: Profile) -> Profile:
    if profile.id in _PROFILES:
        raise ValueError(f"the profile {profile.id} is registered already")
    _PROFILES[profile.id] = profile
    return profile


def profiles() -> dict[str, Profile]:
    """All profiles by id."""
    _load_families()
    return dict(sorted(_PROFILES.items()))


def profile_of(profile_id: str) -> Profile | None:
    _load_families()
    return _PROFILES.get(profile_id)


def recognise(content: Content, declared: str | None = None) -> Profile | Finding:
    """The profile of a content: by what is declared, else by what the content says of itself."""
    _load_families()
    if declared is not None and declared not in _PROFILES:
        return finding("profile.unknown", found=declared, expected=", ".join(sorted(_PROFILES)))
    own = next((profile for profile in _PROFILES.values() if profile.recognises(content)), None)
    profile = own if declared is None else _PROFILES[declared]
    if profile is None:
        return _not_recognised(content)
    if own is not None and profile is not own:
        return finding("profile.mismatch", found=own.id, expected=declared or "")
    if content.syntax not in profile.syntaxes:
        return finding("profile.syntax", found=content.syntax.value, expected=" or ".join(profile.syntaxes))
    return profile


def read(data: bytes, context: Context, declared: str | None = None) -> Reading:
    """Bytes to document and findings: syntax, codes, rules. Signatures are judged elsewhere, from `content.seal`."""
    content = open_content(data)
    if isinstance(content, Finding):
        return Reading(None, None, None, (content,))
    profile = recognise(content, declared)
    if isinstance(profile, Finding):
        return Reading(content, None, None, (profile,))
    decoded = profile.decode(content)
    findings = _all_findings(content, profile, decoded, context)
    return Reading(content, profile, decoded.document, findings, _stated(profile, decoded))


def _stated(profile: Profile, decoded: Decoded) -> Stated | None:
    from schemas.rules import Unreadable  # here, since it imports this module

    def readable(ask: Callable[[Document], str | None], subject: Document) -> str | None:
        try:
            value = ask(subject)
            return None if value is None else str(value)
        except Unreadable:
            return None

    subject = decoded.document or decoded.readable
    if subject is None:
        return None
    number, issued_by = (readable(ask, subject) for ask in (lambda each: each.number, lambda each: each.issued_by))
    return Stated(profile.id, number, issued_by)


def _all_findings(content: Content, profile: Profile, decoded: Decoded, context: Context) -> tuple[Finding, ...]:
    """What decoding found, then what the rules find; but not what they find where nothing could be read."""
    subject = decoded.document or decoded.readable
    ruled = profile.check(subject, context) if subject is not None else ()
    if decoded.document is None:
        known = {found.pointer for found in decoded.findings}
        ruled = tuple(found for found in ruled if not _inside(found.pointer, known))
    return _located(content, profile, decoded.findings + ruled)


def _located(content: Content, profile: Profile, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Findings with their line and column in what was received (of a JWS: in its payload)."""
    if not findings:
        return ()
    if content.syntax is Syntax.JSON:
        return with_places(content.canonical, findings)
    return profile.locate(content, findings) if profile.locate is not None else findings


def _inside(pointer: str, places: Collection[str]) -> bool:
    """Whether the pointer is one of these places, or within one."""
    while pointer:
        if pointer in places:
            return True
        pointer = pointer.rpartition("/")[0]
    return False


def _not_recognised(content: Content) -> Finding:
    """A profile or version that the content states but nobody knows, or content that states none."""
    known = ", ".join(sorted(_PROFILES))
    stated = content.value.get("profile") if content.tree is None else content.tree.findtext("{*}TypeCode")
    if isinstance(stated, str) and stated.strip() and stated not in _PROFILES:
        return finding("profile.unknown", found=stated.strip(), expected=known)
    return finding("profile.not-recognised", found=_names_itself(content), expected=known)


def _names_itself(content: Content) -> str:
    if content.tree is not None:
        return f"root element {content.tree.tag!s}"
    return "members " + (", ".join(list(content.value)[:8]) or "none")


def _load_families() -> None:
    """Each family registers its profiles when it is imported; imported here, late, since they import this module."""
    import schemas.bill_of_lading.profiles
    import schemas.certificate.profiles
    import schemas.event
    import schemas.life
    import schemas.refusals  # noqa: F401
