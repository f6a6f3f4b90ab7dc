"""Four answers on one document, each yes, no, or could not check, with its reason and the next step.

Exit codes: 0 four times yes; 5 changed or wrong issuer; 4 not valid or not on the record; 3 nothing false, but
something could not be checked.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tradebridge.evidence.next_steps import next_step
from tradebridge.evidence.refusals import Finding

UNSURE = frozenset(
    {
        "bundle.unvouched",
        "document.deleted",
        "evidence.hub-silent",
        "evidence.incomplete",
        "evidence.malformed",
        "evidence.no-history",
        "evidence.no-message",
        "evidence.no-proof",
        "evidence.no-receipt",
        "evidence.not-listed",
        "evidence.nothing-inside",
        "evidence.page-not-signed",
        "evidence.paper",
        "evidence.several-inside",
        "evidence.title-elsewhere",
        "evidence.undated",
        "evidence.unknown-file",
        "evidence.unreadable",
        "evidence.wrong-event",
        "log.distrusted-key",
        "log.future",
        "log.late",
        "log.replaced-key",
        "log.too-few-witnesses",
        "log.waiting",
        "signature.distrusted-key",
        "signature.expired-certificate",
        "signature.missing",
        "signature.not-yet-valid",
        "signature.revocation-unknown",
        "signature.revoked-certificate",
        "signature.timestamp",
        "signature.unknown-key",
        "signature.withdrawn-key",
        "timestamp.invalid",
        "trust.malformed",
        "trust.stale-status",
    }
)
"""Codes that say 'this cannot be told from here'. All others say 'this is false'."""

DISTRUSTED = "signature.distrusted-key"
"""The key was in other hands since: only what is proven to be older holds."""

SAYS_NOTHING = frozenset(
    {DISTRUSTED, *(f"signature.{each}" for each in ("revocation-unknown", "revoked-certificate", "withdrawn-key"))}
)
"""Of a statement whose time nothing proves, and on which no answer rests: by a key that has ended, or may have."""

ENDED = frozenset(
    f"signature.{each}" for each in ("expired-certificate", "not-yet-valid", "time-ahead", "withdrawn-key")
)
"""Of a seal: the signature matches, by a key that was nobody else's, at a time when it did not hold."""

_OF_TIME = ENDED | {DISTRUSTED, "signature.revoked-certificate"}
"""Of a seal: false beside a proven time; without one it cannot be told."""

_NEVER_KNOWN = frozenset({"signature.revocation-unknown", "signature.timestamp", "trust.stale-status"})
"""Of a seal: cannot be told from what is at hand, whatever time is proven."""

ABOUT_THE_SIGNER = (
    _OF_TIME
    | _NEVER_KNOWN
    | {
        f"signature.{each}"
        for each in ("path", "subject", "test-certificate", "unknown-key", "usage", "weak-key", "wrong-purpose")
    }
)
"""What a seal can be refused for without a word on whether the document was changed."""


def unsure_of_seal(*, at_proven_time: bool) -> frozenset[str]:
    """Codes by which a seal's signer cannot be told. Who is not on the list in the caller's hand has issued nothing."""
    return _NEVER_KNOWN if at_proven_time else _NEVER_KNOWN | _OF_TIME


class Verdict(StrEnum):
    YES = "yes"
    NO = "no"
    COULD_NOT_CHECK = "could-not-check"


@dataclass(frozen=True, slots=True)
class Answer:
    """One of the four, with its reason, what the person does next, and every finding behind it."""

    question: str
    verdict: Verdict
    reason: str
    next_step: str = ""
    findings: tuple[Finding, ...] = ()
    who: str = ""
    """Of a yes to 'issued by who may': who that is. For pages that say it in the language of their reader."""
    when: datetime | None = None
    """Of a yes to 'on the record': since when, by the hub's clock."""

    def to_json(self) -> dict[str, object]:
        return {
            "question": self.question,
            "answer": self.verdict.value,
            "reason": self.reason,
            "next": self.next_step,
            "findings": [each.to_json() for each in self.findings],
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The four answers on one document."""

    document: str
    profile: str
    number: str | None
    unchanged: Answer
    issued: Answer
    valid: Answer
    recorded: Answer
    simulated: bool
    """The hub's keys are test keys: it proves nothing outside the simulation."""
    judged: str = "evidence"
    """What was judged: `bundle`, `evidence`, `document`, `pdf`, or `number` (on a hub's word)."""
    remarks: tuple[Finding, ...] = ()
    """What no answer rests on, and why: statements by a key that was in other hands since, a stranger's timestamp."""

    @property
    def answers(self) -> tuple[Answer, ...]:
        return (self.unchanged, self.issued, self.valid, self.recorded)

    @property
    def exit_code(self) -> int:
        if Verdict.NO in (self.unchanged.verdict, self.issued.verdict):
            return 5
        if Verdict.NO in (self.valid.verdict, self.recorded.verdict):
            return 4
        return 0 if all(answer.verdict is Verdict.YES for answer in self.answers) else 3

    def to_json(self) -> dict[str, object]:
        return {
            "format": "tradebridge-report/1",
            "document": self.document,
            "profile": self.profile,
            "number": self.number,
            "answers": [answer.to_json() for answer in self.answers],
            "exitCode": self.exit_code,
            "simulated": self.simulated,
            "judged": self.judged,
            "remarks": [each.to_json() for each in self.remarks],
        }


def answer(
    question: str,
    found: Sequence[Finding],
    yes: str,
    unsure: Collection[str] = UNSURE,
    *,
    who: str = "",
    when: datetime | None = None,
) -> Answer:
    """Yes, with this reason, if nothing was found; no, if something is false; else could not check."""
    if not found:
        return Answer(question, Verdict.YES, yes, next_step(question, Verdict.YES), who=who, when=when)
    false = [each for each in found if each.code not in unsure]
    first = (false or found)[0]
    verdict = Verdict.NO if false else Verdict.COULD_NOT_CHECK
    detail = f" Found: {first.found}." if first.found else ""
    return Answer(question, verdict, first.message + detail, next_step(question, verdict, first.code), tuple(found))
