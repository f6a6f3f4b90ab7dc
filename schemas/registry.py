"""Every profile: one kind of document in one version, found by its id or recognised from the content.

A family (certificates of origin, bills of lading, events) brings its profiles in its own module; adding one there is
all that a new agreement needs. Reading is one walk: open the bytes, recognise the profile, build the model, check
codes and rules. All findings come back together, never only the first.

The walk has two steps, so that rules may look at other documents: `parse` gives the model and the documents that it
refers to; whoever has them looks them up and puts them into the context of `judge`. `read` is both, for who has none.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Protocol

from schemas.content import Content, Syntax, open_content
from schemas.findings import Finding, Kind, errors, finding, register
from schemas.json_places import with_places

if TYPE_CHECKING:
    from schemas.certificate.products import ProductRules

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


# --- Other documents -------------------------------------------------------------------------------------------------


class Relation(StrEnum):
    """What another document is to the one that names it."""

    ORIGINAL = "original"
    """The certificate that a back-to-back certificate rests on."""
    REPLACED = "replaced"
    """The certificate in whose place this one stands."""
    LADING = "lading"
    """The transport document of the goods."""
    STATEMENT = "statement"
    """The cost statement behind a claim of origin."""
    APPLICATION = "application"
    """The application on which a certificate was issued."""
    INSTRUCTIONS = "instructions"
    """The shipping instructions that a transport document was made by."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Another document, as a document names it."""

    relation: Relation
    family_prefix: tuple[str, ...]
    """How the id of its profile may begin: `atiga-form-d`, `dcsa-transport-document`."""
    number: str
    issued_by: str | None = None
    """As `Document.issued_by`; None where the document does not say."""
    backwards: bool = False
    """The other document names this one: look for what belongs to `number`, not for what has it."""


class Measured(Protocol):
    """A quantity: a number of units."""

    @property
    def value(self) -> Decimal: ...

    @property
    def unit(self) -> str:
        """UN/ECE Recommendation 20."""


@dataclass(frozen=True, slots=True)
class Related:
    """What is held of a document that another one refers to."""

    document: Document
    state: str
    """Of the document as a whole: `live`, `cancelled`, `replaced` or `expired`."""
    left: Mapping[int, Measured] | None = None
    """By item number, what the ledger has left of it; None where there is no ledger for it."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule may know beside the document. Passed in, so that rules stay pure."""

    now: datetime
    """The business clock, UTC."""
    related: Mapping[Relation, Related] = field(default_factory=dict)
    """Of the documents that this one refers to, those that are held and that its sender may see."""
    products: "ProductRules | None" = None
    """The operator's table of product-specific rules of origin, if there is one."""


# --- Profiles --------------------------------------------------------------------------------------------------------


def refers_to_none(document: Document) -> tuple[Reference, ...]:
    """References of a profile whose documents name no others."""
    return ()


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
    issuing_side: Callable[[Document], str] | None = None
    """For what only the issuing side may see: the country whose issuing authorities it may be sent to, and nobody else.
    """
    references: Callable[[Document], tuple[Reference, ...]] = refers_to_none
    """The other documents that a document names, as far as it can be read; at most one of each relation."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A model, or None where the findings say why there can be none; warnings may come with a model."""

    document: Document | None
    findings: tuple[Finding, ...] = ()
    readable: Document | None = None
    """Without a document: what of it can be read, so that its rules can be checked in the same answer. See
    `schemas.rules`; it goes nowhere else."""

    @property
    def subject(self) -> Document | None:
        """What the rules are checked on."""
        return self.document if self.document is not None else self.readable


@dataclass(frozen=True, slots=True)
class Parsed:
    """The first step of reading: what the bytes say, not yet judged by the rules."""

    content: Content | None
    profile: Profile | None
    decoded: Decoded

    @property
    def references(self) -> tuple[Reference, ...]:
        """The other documents that this one names: look them up, and judge it in a context that has them."""
        if self.profile is None or self.decoded.subject is None:
            return ()
        return self.profile.references(self.decoded.subject)


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
    """The profile of this id. Bills of lading are imported when it is no certificate's: many commands need none."""
    for load in (_load_certificates, _load_families):
        if profile_id not in _PROFILES:
            load()
    return _PROFILES.get(profile_id)


def read_again(profile_id: str, data: bytes) -> Document | None:
    """The document in bytes that were accepted as of this profile; None where nothing reads them any more."""
    profile, content = profile_of(profile_id), open_content(data)
    return None if profile is None or isinstance(content, Finding) else profile.decode(content).document


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
    return judge(parse(data, declared), context)


def parse(data: bytes, declared: str | None = None) -> Parsed:
    """Bytes to model: syntax, and the form of the codes. No rule is checked yet."""
    content = open_content(data)
    if isinstance(content, Finding):
        return Parsed(None, None, Decoded(None, (content,)))
    profile = recognise(content, declared)
    if isinstance(profile, Finding):
        return Parsed(content, None, Decoded(None, (profile,)))
    return Parsed(content, profile, profile.decode(content))


def judge(parsed: Parsed, context: Context) -> Reading:
    """What parsing found, then what the rules find; but not what they find where nothing could be read."""
    content, profile, decoded = parsed.content, parsed.profile, parsed.decoded
    if content is None or profile is None:
        return Reading(content, None, None, decoded.findings)
    ruled = profile.check(decoded.subject, context) if decoded.subject is not None else ()
    if decoded.document is None:
        known = {found.pointer for found in decoded.findings}
        ruled = tuple(found for found in ruled if not _inside(found.pointer, known))
    findings = _located(content, profile, decoded.findings + ruled)
    return Reading(content, profile, decoded.document, findings, _stated(profile, decoded))


def _stated(profile: Profile, decoded: Decoded) -> Stated | None:
    from schemas.rules import Unreadable  # here, since it imports this module

    def readable(ask: Callable[[Document], str | None], subject: Document) -> str | None:
        try:
            value = ask(subject)
            return None if value is None else str(value)
        except Unreadable:
            return None

    subject = decoded.subject
    if subject is None:
        return None
    number, issued_by = (readable(ask, subject) for ask in (lambda each: each.number, lambda each: each.issued_by))
    return Stated(profile.id, number, issued_by)


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


@cache
def _load_families() -> None:
    """Each family registers its profiles when it is imported; imported here, late, since they import this module."""
    _load_certificates()
    import schemas.bill_of_lading.control
    import schemas.bill_of_lading.endorsement
    import schemas.bill_of_lading.issuance
    import schemas.bill_of_lading.life
    import schemas.bill_of_lading.pint
    import schemas.bill_of_lading.profiles
    import schemas.bill_of_lading.surrender
    import schemas.bill_of_lading.title
    import schemas.consignment
    import schemas.refusals  # noqa: F401


@cache
def _load_certificates() -> None:
    import schemas.certificate.application
    import schemas.certificate.life
    import schemas.certificate.profiles
    import schemas.certificate.split
    import schemas.certificate.statement_profile
    import schemas.event
    import schemas.life  # noqa: F401
