"""What an event on a certificate, or on an application for one, says beside its type: the `body`, by type.

1. A body is closed: an unknown member is an error, so that nothing is said that nobody reads. A connector keeps its
   partner's own bytes in `native` and `nativeMediaType`; every body may carry these two.
2. A question names a box, or a place by pointer, and has an id of its own; an answer names the question, and corrects
   or explains. So both sides, and a machine, can tell what is still open.
3. A use names the import declaration and debits quantities by item. What is left of an item is the ledger's.
4. A minor discrepancy is listed as such (`minor`); the life of the certificate lets none refuse by itself.

`read_body` gives the body as its type, or one finding for each member that is wrong.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from schemas.certificate.terms import TermKind
from schemas.certificate.values import Count, CountryCode, Day, DecimalText, Flag, Line, Number, Part, Text, UnitCode
from schemas.event import Event, EventType, Reason, TitleEvent
from schemas.findings import Finding, Kind, finding, register

register(
    [
        Kind(
            "event.body-malformed",
            "The body of the event does not say what an event of this type says.",
            "Mend the member named by the pointer: docs/life.md has the body of each type.",
        ),
    ]
)

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
"""Of a question, within its query."""
Box = Annotated[str, Field(pattern=r"^[0-9A-Za-z]{1,4}$")]
"""Of the paper form, as printed there: `8`."""
Pointer = Annotated[str, Field(max_length=500)]
"""JSON Pointer into the document's JSON form."""
EventId = Annotated[str, Field(pattern=r"^evt_[0-9a-z]{10,40}$")]
DocumentId = Annotated[str, Field(pattern=r"^doc_[0-9a-z]{10,40}$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
MOST_QUESTIONS = 200
MOST_ITEMS = 5_000


class Body(Part):
    """What every body may carry: the partner's own message, kept by its connector."""

    native: Annotated[str, Field(max_length=4_000_000)] | None = None
    """Base64."""
    native_media_type: Annotated[str, Field(max_length=100)] | None = None


class Plain(Body):
    """A type that says all by itself; words may stand beside it."""

    text: Text | None = None


# --- Questions and answers -------------------------------------------------------------------------------------------


class Question(Part):
    """One question about one place of the document."""

    id: Id
    box: Box | None = None
    pointer: Pointer | None = None
    code: Annotated[str, Field(min_length=1, max_length=100)]
    """Of the catalogue (`atiga.rvc-below-threshold`), or the speaker's own."""
    text: Text
    minor: Literal[True] | None = None
    """A discrepancy that touches neither origin nor value."""

    @model_validator(mode="after")
    def _names_a_place(self) -> "Question":
        if self.box is None and self.pointer is None:
            raise ValueError("a question names its box, its pointer, or both")
        return self


class AnswerKind(StrEnum):
    CORRECTS = "corrects"
    """The value in the document is wrong: `value` is the right one. A corrected certificate may follow."""
    EXPLAINS = "explains"
    """The value stands, for the reason told."""


class Answer(Part):
    """What is answered to one question."""

    question: Id
    kind: AnswerKind
    text: Text
    value: Text | None = None
    """The right value, where the answer corrects."""

    @model_validator(mode="after")
    def _corrects_by_a_value(self) -> "Answer":
        if (self.kind is AnswerKind.CORRECTS) != (self.value is not None):
            raise ValueError("an answer that corrects gives the value; one that explains gives none")
        return self


class Queried(Body):
    """Questions of the importing side, or of the authority about an application. The event's reasons may stand for
    them where the partner's form knows no questions."""

    questions: Annotated[tuple[Question, ...], Field(max_length=MOST_QUESTIONS)] = ()

    @model_validator(mode="after")
    def _ids_once(self) -> "Queried":
        _once([question.id for question in self.questions], "id of a question")
        return self


class Answered(Body):
    """The answers, question by question. Where the partner's form knows no single ones, `text` or the event's reasons
    stand for them."""

    answers: Annotated[tuple[Answer, ...], Field(max_length=MOST_QUESTIONS)] = ()
    text: Text | None = None

    @model_validator(mode="after")
    def _each_once(self) -> "Answered":
        _once([answer.question for answer in self.answers], "question")
        return self


# --- Use -------------------------------------------------------------------------------------------------------------


class ImportDeclaration(Part):
    """The import declaration that uses the certificate."""

    reference: Line
    date: Day
    country: CountryCode
    port: Line | None = None
    """UN/LOCODE, or the customs office in words."""


class Used(Part):
    """A quantity or weight with its unit (UN/ECE Recommendation 20)."""

    value: DecimalText
    unit: UnitCode

    @model_validator(mode="after")
    def _more_than_nothing(self) -> "Used":
        if self.value <= 0:
            raise ValueError("more than 0")
        return self


class UsedItem(Part):
    """What is used of one item of the certificate."""

    number: Annotated[Count, Field(ge=1, le=99_999)]
    quantity: Used


class Draw(StrEnum):
    FINAL = "final"
    PROVISIONAL = "provisional"
    """To be committed or released; debits the balance like a final one until then."""


class Utilised(Body):
    """One import declaration uses the certificate."""

    declaration: ImportDeclaration
    items: Annotated[tuple[UsedItem, ...], Field(max_length=MOST_ITEMS)] = ()
    """None: all that is left of every item."""
    draw: Draw = Draw.FINAL

    @model_validator(mode="after")
    def _items_once(self) -> "Utilised":
        _once([item.number for item in self.items], "item")
        return self


class OfDraw(Body):
    """Committed, released or reversed: which draw, by the id of the event `utilised` that made it."""

    draw: EventId
    text: Text | None = None


# --- The end of a certificate ----------------------------------------------------------------------------------------


class Successor(Part):
    """The certificate that stands in another's place, by number and by what it says."""

    number: Number
    document: DocumentId
    content_digest: Digest


class ReplacedBy(Body):
    """The hub's note that a certificate, which its issuer signed, replaces this one (docs/decisions)."""

    by: Successor


class Expired(Body):
    """The last day of validity."""

    valid_until: Day


# --- Retroactive verification ----------------------------------------------------------------------------------------


class VerificationRequested(Body):
    """The importing side asks the issuing side to check a certificate: boxes in doubt, or at random."""

    boxes: Annotated[tuple[Box, ...], Field(max_length=50)] = ()
    random: Flag = False
    """A random check needs neither boxes nor reasons."""
    days: Annotated[Count, Field(ge=1, le=366)] | None = None
    """Time given to answer, where the agreement leaves it to the requesting side within bounds."""
    text: Text | None = None

    @model_validator(mode="after")
    def _boxes_or_random(self) -> "VerificationRequested":
        if self.random == bool(self.boxes):
            raise ValueError("a check names the boxes in doubt, or is random: one of the two")
        return self


class CheckResult(StrEnum):
    """What the issuing side found in one box, or on the whole."""

    CONFIRMS = "confirms"
    CORRECTS = "corrects"
    DENIES = "denies"


class CheckedBox(Part):
    box: Box
    result: CheckResult
    text: Text
    value: Text | None = None


class VerificationAnswered(Body):
    """What the issuing side found: on the whole, and box by box."""

    result: CheckResult
    boxes: Annotated[tuple[CheckedBox, ...], Field(max_length=50)] = ()
    text: Text | None = None


class Outcome(StrEnum):
    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not-confirmed"
    NO_ANSWER = "no-answer"


class VerificationConcluded(Body):
    """What the importing side makes of it."""

    outcome: Outcome
    text: Text | None = None


class Reminded(Body):
    """Said by the hub's clock: a term runs out, or has passed."""

    of: EventId
    """The event that began the term."""
    term: TermKind
    deadline: datetime
    passed: Flag


# --- Application -----------------------------------------------------------------------------------------------------


class IssuedCertificate(Part):
    """The certificate issued on an application."""

    number: Number
    document: DocumentId | None = None
    """Where it came through the hub already."""


class Issued(Body):
    certificate: IssuedCertificate
    text: Text | None = None


# --- Reading ---------------------------------------------------------------------------------------------------------

BODIES: Mapping[EventType | TitleEvent, type[Body]] = {
    EventType.EXAMINED: Plain,
    EventType.ACCEPTED: Plain,
    EventType.QUERIED: Queried,
    EventType.ANSWERED: Answered,
    EventType.REJECTED: Plain,
    EventType.UTILISED: Utilised,
    EventType.COMMITTED: OfDraw,
    EventType.RELEASED: OfDraw,
    EventType.REVERSED: OfDraw,
    EventType.CANCELLED: Plain,
    EventType.REPLACED: ReplacedBy,
    EventType.EXPIRED: Expired,
    EventType.VERIFICATION_REQUESTED: VerificationRequested,
    EventType.VERIFICATION_ANSWERED: VerificationAnswered,
    EventType.VERIFICATION_CONCLUDED: VerificationConcluded,
    EventType.REMINDED: Reminded,
    EventType.ISSUED: Issued,
}
"""What each type says."""


def read_body(event: Event) -> Body | tuple[Finding, ...]:
    """The body of an event on a certificate or an application, or all that is wrong with it."""
    try:
        return BODIES[event.type].model_validate(event.body)
    except ValidationError as error:
        wrong = error.errors(include_url=False)
    inside = {each["loc"][:depth] for each in wrong for depth in range(len(each["loc"]))}
    # A list is not too short because its entries are wrong.
    return tuple(_malformed(each) for each in wrong if each["type"] != "too_short" or each["loc"] not in inside)


def body_json(body: Body) -> dict[str, Any]:
    """The body as it stands in an event."""
    return body.model_dump(mode="json", by_alias=True, exclude_none=True)


def questions_of(event: Event) -> tuple[Question, ...]:
    """What a query asks. Where its partner knows no questions, each reason is one: `r1`, `r2`, ..."""
    body = read_body(event)
    if isinstance(body, Queried) and body.questions:
        return body.questions
    return tuple(_asked(number, reason) for number, reason in enumerate(event.reasons, 1))


def _asked(number: int, reason: Reason) -> Question:
    text = reason.text if reason.text.strip() else reason.code
    return Question.model_construct(
        id=f"r{number}", box=reason.box, pointer=reason.pointer, code=reason.code, text=text, minor=reason.minor
    )


def _malformed(error: Any) -> Finding:
    pointer = "/body" + "".join(f"/{part}" for part in error["loc"])
    given = error.get("input", "")
    shown = given if isinstance(given, str | int | float | bool) else type(given).__name__
    if error["type"] == "missing":
        return finding("event.body-malformed", pointer, found="nothing", expected="this member")
    return finding("event.body-malformed", pointer, found=shown, expected=error["msg"].removeprefix("Value error, "))


def _once(names: list[Any], what: str) -> None:
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"each {what} once; {twice} stands again")
