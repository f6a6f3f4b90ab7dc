"""`co-application/1`: an exporter, through its platform, applies to the issuing authority for a certificate of origin.

1. The application carries what the certificate shall say, save what only the authority can say: number, certification,
   official use. It names its cost statement by number; the authority sees both, nobody else does.
2. The rules of the certificate applied for are checked on it as they would be on the certificate if it were issued now.
   So a certificate that would be refused is not even applied for, and the exporter learns why at once, box by box.
3. Its life: applied, queried, answered, then rejected with reasons or issued; the applicant may withdraw it until then.
   `issued` names the certificate. The authority is the recipient.

The steps follow AJCEP's Implementing Regulations, Rule 1 (exporter or agent applies, with proof) and Rule 2 (the
authority checks that it is complete and signed, and that description, quantity, marks and packages match the goods).
The form is ours.
"""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from pydantic import Field, ValidationError

from schemas.certificate.examples import FIRST_DAY
from schemas.certificate.life import asked, needs
from schemas.certificate.model import (
    MOST_ITEMS,
    Certificate,
    Certification,
    Declaration,
    Exhibition,
    Invoice,
    Item,
    OriginalProof,
    Party,
    ProducerWithheld,
    Replaced,
    ThirdCountryInvoice,
    TickBoxes,
    Transport,
)
from schemas.certificate.structure import structural_findings
from schemas.certificate.values import CountryCode, Day, Line, Number, Part, Text
from schemas.content import Content, Syntax
from schemas.event import EventType
from schemas.findings import Fidelity, Finding, Kind, finding, register
from schemas.life import Life, Role, State, Transition, add_life
from schemas.registry import (
    Context,
    Decoded,
    Document,
    Profile,
    Reference,
    Relation,
    add_profile,
    profile_of,
)

PROFILE = "co-application/1"
FAMILY = "application"

register(
    [
        Kind(
            "application.not-a-certificate",
            "The profile applied for is no certificate of origin that the hub knows.",
            "Name one of the certificate profiles of GET /v1/profiles.",
        ),
    ]
)


class Draft(Part):
    """What the certificate shall say: its boxes without number, certification and official use."""

    profile: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}/[0-9]{4}$")]
    """Of the certificate applied for."""
    issuing_country: CountryCode
    exporter: Party
    consignee: Party
    producer: Party | None = None
    producer_withheld: ProducerWithheld | None = None
    transport: Transport
    items: Annotated[tuple[Item, ...], Field(min_length=1, max_length=MOST_ITEMS)]
    invoices: Annotated[tuple[Invoice, ...], Field(max_length=MOST_ITEMS)] = ()
    remarks: Text | None = None
    declaration: Declaration
    tick_boxes: TickBoxes = TickBoxes()
    third_country_invoice: ThirdCountryInvoice | None = None
    original_proof: OriginalProof | None = None
    exhibition: Exhibition | None = None
    replaces: Replaced | None = None

    @classmethod
    def of(cls, certificate: Certificate) -> "Draft":
        """What a certificate says, as a draft of it."""
        return cls.model_construct(**{name: getattr(certificate, name) for name in cls.model_fields})

    def issued(self, number: str, certification: Certification) -> Certificate:
        """The certificate, once the authority has given it a number and certified it."""
        said = {name: getattr(self, name) for name in Draft.model_fields}
        return Certificate.model_construct(number=number, certification=certification, **said)


class Applicant(Part):
    """Who applies: the exporter, or an agent with its authority."""

    name: Line
    person: Line
    """Who answers questions."""
    email: Line | None = None
    telephone: Line | None = None


class Application(Part):
    """One application."""

    profile: Literal["co-application/1"]
    number: Number
    """The applicant's own reference."""
    date: Day
    applicant: Applicant
    certificate: Draft
    cost_statement: Number | None = None
    """Number of the cost statement that shows how the goods qualify."""
    determination: Line | None = None
    """Number of an earlier determination of origin, where the authority knows such."""
    remarks: Text | None = None

    @property
    def issued_by(self) -> None:
        """Anybody may apply."""
        return None


def decode(content: Content) -> Decoded:
    """The object as an application, or one finding for each place that is wrong."""
    try:
        return Decoded(Application.model_validate(content.value, by_alias=True, by_name=False))
    except ValidationError as error:
        return Decoded(None, structural_findings(error))


def encode(application: Document) -> bytes:
    """UTF-8 JSON, without what is empty."""
    return orjson.dumps(_application(application).model_dump(mode="json", by_alias=True, exclude_none=True))


def _application(document: Document) -> Application:
    if isinstance(document, Application):
        return document
    raise TypeError(f"the application's profile got a {type(document).__name__}: choose the profile by the document")


# --- Rules -----------------------------------------------------------------------------------------------------------

_ONLY_THE_AUTHORITY = ("/number", "/certification", "/officialUse")
"""Places that an application does not have: what a rule says of them is not the applicant's to mend."""


def check(document: Document, context: Context) -> tuple[Finding, ...]:
    """What the certificate's own rules would find, were it issued now."""
    draft = _application(document).certificate
    profile = profile_of(draft.profile)
    if profile is None or profile.family != "certificate":
        return (finding("application.not-a-certificate", "/certificate/profile", found=draft.profile),)
    certificate = draft.issued("APPLIED-FOR", _as_if(draft, context.now))
    return tuple(
        replace(found, pointer=f"/certificate{found.pointer}")
        for found in profile.check(certificate, context)
        if not found.pointer.startswith(_ONLY_THE_AUTHORITY)
    )


def _as_if(draft: Draft, now: datetime) -> Certification:
    """Certified now, by nobody in particular."""
    day = max(now.date(), draft.declaration.date)
    return Certification(authority="-", place=draft.declaration.place, date=day, official="-")


def references(document: Document) -> tuple[Reference, ...]:
    """The cost statement, and what the certificate itself would refer to."""
    application = _application(document)
    draft = application.certificate
    statement = (
        (Reference(Relation.STATEMENT, ("cost-statement",), application.cost_statement),)
        if application.cost_statement
        else ()
    )
    profile = profile_of(draft.profile)
    if profile is None or profile.family != "certificate":
        return statement
    own = profile.references(draft.issued("APPLIED-FOR", _as_if(draft, FIRST_DAY)))
    return (*statement, *(each for each in own if each.relation is not Relation.STATEMENT))


def _recognises(content: Content) -> bool:
    return content.syntax is Syntax.JSON and content.value.get("profile") == PROFILE


def example(
    *,
    profile: str = "atiga-form-d/2022",
    exporter: str | None = None,
    importer: str | None = None,
    number: str | None = None,
    at: datetime = FIRST_DAY,
    variant: int = 0,
    **_: Any,
) -> Application:
    """A valid application for the example certificate of a profile."""
    wanted = profile_of(profile)
    if wanted is None:
        raise LookupError(f"there is no profile {profile} to apply for")
    route = {name: value for name, value in (("exporter", exporter), ("importer", importer)) if value is not None}
    certificate = wanted.example(number=None, at=at, variant=variant, **route)
    if not isinstance(certificate, Certificate):
        raise TypeError(f"{profile} is no certificate of origin")
    return Application(
        profile=PROFILE,
        number=number or f"APP-{at.year}-{variant + 1:05d}",
        date=at.date(),
        applicant=Applicant(name=certificate.exporter.name, person="A. Applicant (invented)"),
        certificate=Draft.of(certificate),
    )


add_profile(
    Profile(
        id=PROFILE,
        title="Application for a certificate of origin",
        family=FAMILY,
        syntaxes=(Syntax.JSON,),
        closed=True,
        retention_years=5,
        recognises=_recognises,
        decode=decode,
        check=check,
        encode={Syntax.JSON: encode},
        example=example,
        references=references,
        issuing_side=lambda document: _application(document).certificate.issuing_country,
    )
)


# --- Life ------------------------------------------------------------------------------------------------------------

_RULES = "AJCEP Implementing Regulations; for the other agreements modelled on them"
_OPEN = frozenset({State.APPLIED, State.EXAMINED, State.QUERIED, State.ANSWERED})
_BEFORE_A_QUESTION = _OPEN - {State.QUERIED}


def _step(event: EventType, by: Role, before: frozenset[State], sentence: str, clause: str, **more: Any) -> Transition:
    return Transition(event, by, before, State(event.value), sentence, clause, _RULES, Fidelity.MODELLED, **more)


LIFE = add_life(
    Life(
        family=FAMILY,
        title="Application for a certificate",
        first=State.APPLIED,
        transitions=(
            _step(
                EventType.EXAMINED,
                Role.RECIPIENT,
                frozenset({State.APPLIED}),
                "The authority has begun to check it.",
                "Rule 2",
            ),
            _step(
                EventType.QUERIED,
                Role.RECIPIENT,
                _BEFORE_A_QUESTION,
                "The authority asks, box by box.",
                "Rule 2",
            ),
            _step(
                EventType.ANSWERED,
                Role.ISSUING_SIDE,
                frozenset({State.QUERIED}),
                "The applicant corrects or explains, question by question.",
                "Rule 1",
            ),
            _step(
                EventType.REJECTED,
                Role.RECIPIENT,
                _OPEN,
                "The authority refuses to issue, with reasons.",
                "Rule 2",
            ),
            _step(
                EventType.ISSUED,
                Role.RECIPIENT,
                _OPEN,
                "The authority has issued the certificate that the event names.",
                "Rule 2",
            ),
            _step(
                EventType.CANCELLED,
                Role.ISSUING_SIDE,
                _OPEN,
                "The applicant withdraws it; not once it was decided.",
                "Rule 1",
                whole=True,
                forbidden=frozenset({State.ISSUED, State.REJECTED}),
                refusal="The authority has decided already: cancel the certificate, not the application.",
            ),
        ),
        needs=needs,
        asked=asked,
    )
)
