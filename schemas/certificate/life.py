"""The life of a certificate of origin, as data: who says what of it, when, under which clause.

1. By recipient: issued, examined, queried, answered, accepted, rejected, utilised. Partly or wholly utilised is the
   ledger's to tell, not the recipient's.
2. Of the whole certificate: cancelled, replaced, expired. Cancelled and replaced are refused once it was used anywhere;
   expired leaves what was used or refused as it is, and ends everything that is still open.
3. A query asks questions by box, an answer corrects or explains each of them. Minor discrepancies alone refuse nothing.
4. Retroactive verification runs beside the state, also after use and after expiry. Its terms are the agreement's
   (`terms.py`). Where it ends in `not-confirmed` or `no-answer`, an acceptance may be taken back: that is the only way.
5. A replacing certificate is its issuer's signed word: in the transaction that accepts it the hub notes `replaced` on
   the old one (docs/decisions/0012). A certified true copy of a lost certificate replaces it in the same way.

`docs/life.md` shows this table; `make docs` draws it. A row that stands for several agreements is exact only if it was
read in the text of each of them: so all rows here are modelled, though parts of some were read in one agreement.
"""

from dataclasses import replace
from datetime import date

from schemas.certificate.model import Certificate, ReplacementReason
from schemas.certificate.procedure import a_year_after
from schemas.certificate.said import Answered, Queried, VerificationRequested, questions_of, read_body
from schemas.certificate.terms import Terms, terms_of
from schemas.event import Event, EventType
from schemas.findings import Fidelity, Finding, Kind, finding, register
from schemas.life import Check, Life, Role, Standing, State, Transition, add_life
from schemas.registry import Document

MODELLED, INVENTED = Fidelity.MODELLED, Fidelity.INVENTED
_EFORM_D = "e-Form D process (outline, digitalizetrade.org)"
_ATIGA = "ATIGA Annex 8 (OCP), and national practice"
_CHECK = "ATIGA Annex 8, JTEPA, JIEPA, AJCEP Annex 4, RCEP chapter 3"

register(
    [
        Kind(
            "event.reason-minor-only",
            "A rejection rests on minor discrepancies alone.",
            "Accept and list them, or ask: a discrepancy that touches neither origin nor value refuses nothing.",
            clause="Annex 8, Rule 16; RCEP Article 3.26",
            source="ATIGA Annex 8 (minor discrepancies); RCEP (minor errors or discrepancies)",
            fidelity=MODELLED,
        ),
        Kind(
            "event.answer-missing",
            "The answer says nothing.",
            "Answer each question, or say in words what holds for all of them.",
        ),
        Kind(
            "event.question-unknown",
            "The answer is to a question that was not asked.",
            "Answer the questions of the last query, by their ids.",
        ),
        Kind(
            "event.question-open",
            "A question of the query is not answered.",
            "Answer every question, each by a correction or an explanation.",
        ),
        Kind(
            "event.term-out-of-bounds",
            "The time given to answer is not what the agreement allows.",
            "Leave `days` out, or give as many as the clause allows.",
            clause="Article 3.24(4)(a)",
            source="RCEP",
            fidelity=Fidelity.EXACT,
        ),
    ]
)

_WAITING = frozenset({State.ISSUED, State.EXAMINED, State.ANSWERED})
_OPEN = _WAITING | {State.QUERIED}
_IN_USE = frozenset({State.ACCEPTED, State.UTILISED})
_EVERY = frozenset({State.ISSUED, State.EXAMINED, State.QUERIED, State.ANSWERED, State.REJECTED, *_IN_USE})
_EXPIRED = frozenset({State.EXPIRED})
_CHECKED = _EVERY | _EXPIRED
_STANDS = frozenset({None, Check.ANSWERED, Check.CONFIRMED, Check.NOT_CONFIRMED, Check.NO_ANSWER})
_WAITED_FOR = frozenset({Check.REQUESTED, Check.OVERDUE})
_FAILED = frozenset({Check.NOT_CONFIRMED, Check.NO_ANSWER})
_USED = frozenset({State.UTILISED})

_DECISIONS = (
    Transition(
        EventType.EXAMINED,
        Role.RECIPIENT,
        frozenset({State.ISSUED}),
        State.EXAMINED,
        "The importing customs has begun to look at it.",
        "",
        "Tradebridge",
        INVENTED,
    ),
    Transition(
        EventType.ACCEPTED,
        Role.RECIPIENT,
        _OPEN,
        State.ACCEPTED,
        "Preferential treatment is given. Minor discrepancies may be listed as reasons.",
        "Form D box 4, Form AJ box 4, RCEP CO box 5",
        _EFORM_D,
        MODELLED,
    ),
    Transition(
        EventType.QUERIED,
        Role.RECIPIENT,
        _WAITING,
        State.QUERIED,
        "The importing customs asks, box by box: doubt leads to a question, not to a silent refusal.",
        "Annex 8, Rule 16",
        _ATIGA,
        MODELLED,
    ),
    Transition(
        EventType.ANSWERED,
        Role.ISSUING_SIDE,
        frozenset({State.QUERIED}),
        State.ANSWERED,
        "The issuing side corrects or explains, question by question.",
        "Annex 8, Rule 16",
        _ATIGA,
        MODELLED,
    ),
    Transition(
        EventType.REJECTED,
        Role.RECIPIENT,
        _OPEN,
        State.REJECTED,
        "Preferential treatment is not given, with reasons; minor discrepancies alone are none.",
        "Annex 8, Rule 13 (reasons within 60 days)",
        _ATIGA,
        MODELLED,
    ),
    Transition(
        EventType.REJECTED,
        Role.RECIPIENT,
        _IN_USE | _EXPIRED,
        State.REJECTED,
        "Treatment is denied afterwards, since the verification did not confirm the certificate.",
        "Articles 45(3)",
        "JTEPA, JIEPA; for the others modelled on them",
        MODELLED,
        checks=_FAILED,
        although=_EXPIRED,
    ),
)

_USES = (
    Transition(
        EventType.UTILISED,
        Role.RECIPIENT,
        _IN_USE,
        State.UTILISED,
        "An import declaration uses it, in whole or in part; final, or provisional.",
        "Notification of utilisation",
        _EFORM_D,
        MODELLED,
        draws=1,
    ),
    Transition(
        EventType.COMMITTED,
        Role.RECIPIENT,
        _USED,
        None,
        "A provisional use is made final.",
        "",
        "NACCS (provisional and final draws, outline)",
        MODELLED,
        although=_EXPIRED,
    ),
    Transition(
        EventType.RELEASED,
        Role.RECIPIENT,
        _USED | {State.REJECTED},
        None,
        "A provisional use is given up; with the last one gone the certificate is accepted, and unused.",
        "",
        "NACCS (provisional and final draws, outline)",
        MODELLED,
        although=_EXPIRED,
        draws=-1,
    ),
    Transition(
        EventType.REVERSED,
        Role.RECIPIENT,
        _USED | {State.REJECTED},
        None,
        "A declaration is reversed, with reasons; what it used is free again.",
        "",
        "Tradebridge",
        INVENTED,
        although=_EXPIRED,
        draws=-1,
    ),
)

_ENDS = (
    Transition(
        EventType.CANCELLED,
        Role.ISSUING_SIDE,
        _EVERY,
        State.CANCELLED,
        "The issuing side cancels it, for all recipients at once.",
        "Article 45(2)",
        "JTEPA, JIEPA (the importing customs is told promptly); for the others modelled on them",
        MODELLED,
        whole=True,
        forbidden=_USED,
        refusal="A certificate that was used is not cancelled: reverse its uses first, or ask for a verification.",
    ),
    Transition(
        EventType.REPLACED,
        Role.RECORD,
        _EVERY,
        State.REPLACED,
        "Another certificate, signed by its issuer and accepted by the hub, stands in its place.",
        "RCEP Article 3.17(5)(a); certified true copy: ATIGA Annex 8, Rule 12, RCEP Article 3.17(9)",
        "RCEP, ATIGA",
        MODELLED,
        whole=True,
        forbidden=_USED,
        refusal="A certificate that was used is not replaced: reverse its uses first.",
    ),
    Transition(
        EventType.EXPIRED,
        Role.CLOCK,
        _OPEN | {State.ACCEPTED},
        State.EXPIRED,
        "Its validity has ended; nothing more is decided or drawn. Draws made in time are still settled.",
        "JTEPA Article 40(6), JIEPA Article 41(6), RCEP Article 3.16(6); ATIGA Annex 8, Rule 13",
        "JTEPA, JIEPA, RCEP, ATIGA",
        MODELLED,
        whole=True,
    ),
)

_VERIFICATION = (
    Transition(
        EventType.VERIFICATION_REQUESTED,
        Role.RECIPIENT,
        _CHECKED,
        None,
        "The importing side asks the issuing side to check it: boxes in doubt with reasons, or at random. After an "
        "answer: a further question.",
        "ATIGA Annex 8, Rule 18; JTEPA and JIEPA Article 43; AJCEP Annex 4, Rule 6; RCEP Article 3.24",
        _CHECK,
        MODELLED,
        although=_EXPIRED,
        checks=_STANDS,
        check=Check.REQUESTED,
    ),
    Transition(
        EventType.VERIFICATION_ANSWERED,
        Role.ISSUING_SIDE,
        _CHECKED,
        None,
        "The issuing side tells what it found. Late is better than never.",
        "ATIGA Annex 8, Rule 18; JTEPA and JIEPA Article 43(2); AJCEP Annex 4, Rule 6; RCEP Article 3.24(4)",
        _CHECK,
        MODELLED,
        although=_EXPIRED,
        checks=_WAITED_FOR,
        check=Check.ANSWERED,
    ),
    Transition(
        EventType.REMINDED,
        Role.CLOCK,
        _CHECKED,
        None,
        "The term to answer has passed.",
        "The agreement's term",
        _CHECK,
        MODELLED,
        variant="passed",
        although=_EXPIRED,
        checks=frozenset({Check.REQUESTED}),
        check=Check.OVERDUE,
    ),
    Transition(
        EventType.REMINDED,
        Role.CLOCK,
        _CHECKED,
        None,
        "A term runs out soon, or the term to conclude has passed.",
        "",
        "Tradebridge",
        INVENTED,
        although=_EXPIRED,
        checks=_WAITED_FOR | {Check.ANSWERED},
    ),
    Transition(
        EventType.VERIFICATION_CONCLUDED,
        Role.RECIPIENT,
        _CHECKED,
        None,
        "The importing side is satisfied.",
        "ATIGA Annex 8, Rule 18; RCEP Article 3.24(4)",
        _CHECK,
        MODELLED,
        variant="confirmed",
        although=_EXPIRED,
        checks=_WAITED_FOR | {Check.ANSWERED},
        check=Check.CONFIRMED,
    ),
    Transition(
        EventType.VERIFICATION_CONCLUDED,
        Role.RECIPIENT,
        _CHECKED,
        None,
        "The answer does not bear the claim out, with reasons.",
        "Article 45(3)",
        "JTEPA, JIEPA; for the others modelled on them",
        MODELLED,
        variant="not-confirmed",
        although=_EXPIRED,
        checks=frozenset({Check.ANSWERED}),
        check=Check.NOT_CONFIRMED,
    ),
    Transition(
        EventType.VERIFICATION_CONCLUDED,
        Role.RECIPIENT,
        _CHECKED,
        None,
        "Nobody answered within the term.",
        "Article 45(3)",
        "JTEPA, JIEPA (silence past the term); for the others modelled on them",
        MODELLED,
        variant="no-answer",
        although=_EXPIRED,
        checks=frozenset({Check.OVERDUE}),
        check=Check.NO_ANSWER,
    ),
)


# --- What an event needs ---------------------------------------------------------------------------------------------

_WITH_REASON = frozenset({EventType.REJECTED, EventType.REVERSED})


def needs(event: Event, standing: Standing | None) -> tuple[Finding, ...]:
    """What an event that may be said now still lacks: a body of its type, reasons, an answer to each question."""
    body = read_body(event)
    if isinstance(body, tuple):
        return (*body, *_reasons(event, needed=event.type in _WITH_REASON))
    if isinstance(body, Answered):
        return _answers(event, body, standing)
    return _reasons(event, needed=_needs_reasons(event, body))


def _needs_reasons(event: Event, body: object) -> bool:
    if isinstance(body, Queried):
        return not body.questions
    if isinstance(body, VerificationRequested):
        return not body.random
    return event.type in _WITH_REASON or variant_of(event) == "not-confirmed"


def _reasons(event: Event, *, needed: bool) -> tuple[Finding, ...]:
    if needed and not event.reasons:
        return (finding("event.reason-missing", "/reasons", found="none", expected="one or more"),)
    if event.type is EventType.REJECTED and all(reason.minor for reason in event.reasons):
        codes = ", ".join(reason.code for reason in event.reasons)
        return (finding("event.reason-minor-only", "/reasons", found=codes, expected="a reason that is not minor"),)
    return ()


def _answers(event: Event, body: Answered, standing: Standing | None) -> tuple[Finding, ...]:
    """Answers in words alone hold for all questions; single ones leave none open."""
    if not body.answers and body.text is None and not event.reasons:
        return (finding("event.answer-missing", "/body", found="nothing", expected="answers, a text, or reasons"),)
    if not body.answers or standing is None:
        return ()
    asked = ", ".join(sorted(standing.asked))
    unknown = tuple(
        finding("event.question-unknown", f"/body/answers/{index}/question", found=answer.question, expected=asked)
        for index, answer in enumerate(body.answers)
        if answer.question not in standing.asked
    )
    left = standing.asked - {answer.question for answer in body.answers}
    return unknown + tuple(
        finding("event.question-open", "/body/answers", found="no answer", expected=each) for each in sorted(left)
    )


def asked(event: Event) -> frozenset[str]:
    """The questions of a query, by id."""
    return frozenset(question.id for question in questions_of(event))


def variant_of(event: Event) -> str:
    """Of a conclusion its outcome; of a reminder, whether the term to answer has passed."""
    if event.type is EventType.VERIFICATION_CONCLUDED:
        return str(event.body.get("outcome", ""))
    if event.type is EventType.REMINDED and event.body.get("term") == "answer":
        return "passed" if event.body.get("passed") is True else ""
    return ""


# --- Validity and terms ----------------------------------------------------------------------------------------------


def valid_until(document: Document) -> date | None:
    """The last day of a certificate's validity: a year after its issue; a certified true copy ends with the lost one, a
    back-to-back certificate with its original."""
    if not isinstance(document, Certificate):
        return None
    ends = [a_year_after(document.certification.date)]
    if document.replaces is not None and document.replaces.reason is ReplacementReason.LOST:
        ends.append(a_year_after(document.replaces.date))
    proof = document.original_proof
    if proof is not None:
        ends.append(proof.valid_until or a_year_after(proof.date))
    return min(ends)


def terms(profile: str) -> Terms:
    """The terms of the agreement under which certificates of this profile are issued."""
    from schemas.certificate.agreements import AGREEMENTS  # late: the agreements import the registry, which loads this

    return terms_of(next((agreement.id for agreement in AGREEMENTS if agreement.profile == profile), ""))


def time_given(event: Event, profile: str) -> tuple[Finding, ...]:
    """Whether a request for verification gives as much time to answer as the agreement allows."""
    body = read_body(event)
    if not isinstance(body, VerificationRequested) or body.days is None:
        return ()
    term = terms(profile).answer
    if term.least_days is not None and term.most_days is not None and term.least_days <= body.days <= term.most_days:
        return ()
    return (
        replace(
            finding("event.term-out-of-bounds", "/body/days", found=f"{body.days} days", expected=term.text),
            clause=term.clause,
            source=term.source,
            fidelity=term.fidelity,
        ),
    )


LIFE = add_life(
    Life(
        family="certificate",
        title="Certificate of origin",
        first=State.ISSUED,
        transitions=(*_DECISIONS, *_USES, *_ENDS, *_VERIFICATION),
        needs=needs,
        asked=asked,
        variant=variant_of,
        ends=valid_until,
    )
)
