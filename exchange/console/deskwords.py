"""What an officer has filled in on the page of a case, as what shall be said. Pure: form to `Word`, or what is missing.

| field | of |
| --- | --- |
| `type`, `sequence` | every decision: which, and the sequence that the page showed |
| `box1`, `question1`, `code1`, ... to `MOST_QUESTIONS` | a query: box and question; empty rows are left out |
| `reason` (several), `listed`, `words`, `box` | a rejection: what was found, one of the list, own words |
| `minor` (several), `text` | an acceptance: minor discrepancies to be listed, a word |
| `number`, `to` | an issue: the certificate's number, and who gets it |
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exchange.desk.deciding import MOST_TEXT, Word
from exchange.desk.reasons import OWN, Choice
from exchange.languages import mark
from schemas.event import EventType, Reason
from schemas.findings import Finding, finding

MOST_QUESTIONS = 3
DECISIONS = (EventType.ACCEPTED, EventType.QUERIED, EventType.REJECTED, EventType.ISSUED)


@dataclass(frozen=True, slots=True)
class Form:
    """The fields as they came."""

    fields: Mapping[str, Sequence[str]]

    def one(self, name: str) -> str:
        given = self.fields.get(name, ())
        return given[0].replace("\r\n", "\n").strip() if given else ""

    def several(self, name: str) -> Sequence[str]:
        return self.fields.get(name, ())


def word_of(form: Form, choice: Choice, boxes: Sequence[str]) -> Word | tuple[Finding, ...]:
    """What shall be said, or all that is missing or wrong."""
    kind, sequence = form.one("type"), form.one("sequence")
    if kind not in DECISIONS or not (sequence.isdecimal() and len(sequence) < 8):
        found = f"type={kind[:40]}, sequence={sequence[:20]}"
        return (finding("request.malformed", found=found, expected=", ".join(DECISIONS)),)
    seen = int(sequence)
    said = {
        EventType.QUERIED: _queried,
        EventType.REJECTED: _rejected,
        EventType.ACCEPTED: _accepted,
        EventType.ISSUED: _issued,
    }[EventType(kind)](form, choice, boxes, seen)
    wrong = tuple(_too_long(form))
    if isinstance(said, Word):
        return wrong or said
    return (*wrong, *said)


def _queried(form: Form, choice: Choice, boxes: Sequence[str], seen: int) -> Word | tuple[Finding, ...]:
    questions: list[dict[str, Any]] = []
    wrong = []
    for number in range(1, MOST_QUESTIONS + 1):
        text, box, code = (form.one(f"{name}{number}") for name in ("question", "box", "code"))
        if not text:
            continue
        if box and box not in boxes:
            wrong.append(
                finding("desk.incomplete", f"/box{number}", found=box[:20], expected=mark("a box of the form"))
            )
        place = {"box": box} if box else {"pointer": ""}
        known = code if choice.knows(code) else OWN
        questions.append({"id": f"q{number}", **place, "code": known, "text": text[:MOST_TEXT]})
    if not questions:
        wrong.append(finding("desk.incomplete", "/question1", found="nothing", expected=mark("at least one question")))
    return tuple(wrong) or Word(EventType.QUERIED, seen, body={"questions": questions})


def _rejected(form: Form, choice: Choice, boxes: Sequence[str], seen: int) -> Word | tuple[Finding, ...]:
    codes = [each for each in (*form.several("reason"), form.one("listed")) if each]
    unknown = [each for each in codes if not choice.knows(each)]
    if unknown:
        return (finding("desk.incomplete", "/reason", found=unknown[0][:80], expected=mark("a reason of the list")),)
    reasons = [_reason(choice, each) for each in dict.fromkeys(codes)]
    words, box = form.one("words"), form.one("box")
    if words:
        reasons.append(Reason(code=OWN, box=box if box in boxes else None, text=words[:MOST_TEXT]))
    if not reasons:
        return (
            finding(
                "desk.incomplete", "/reason", found="no reason", expected=mark("one of the list, or your own words")
            ),
        )
    return Word(EventType.REJECTED, seen, tuple(reasons))


def _accepted(form: Form, choice: Choice, boxes: Sequence[str], seen: int) -> Word | tuple[Finding, ...]:
    codes = form.several("minor")
    unknown = [each for each in codes if not choice.knows(each)]
    if unknown:
        return (finding("desk.incomplete", "/minor", found=unknown[0][:80], expected=mark("what was found in it")),)
    minor = tuple(_reason(choice, each, minor=True) for each in dict.fromkeys(codes))
    text = form.one("text")
    return Word(EventType.ACCEPTED, seen, minor, {"text": text[:MOST_TEXT]} if text else {})


def _issued(form: Form, choice: Choice, boxes: Sequence[str], seen: int) -> Word | tuple[Finding, ...]:
    number, to = form.one("number"), form.one("to")
    wrong = []
    if not 1 <= len(number) <= 35 or not number.isprintable():
        wrong.append(
            finding("desk.incomplete", "/number", found=number[:40], expected=mark("the certificate's number"))
        )
    if not to:
        wrong.append(finding("desk.incomplete", "/to", found="nobody", expected=mark("who gets the certificate")))
    return tuple(wrong) or Word(EventType.ISSUED, seen, body={"certificate": {"number": number}}, to=to)


def _reason(choice: Choice, code: str, *, minor: bool = False) -> Reason:
    risk = next((each for each in choice.found if each.code == code), None)
    text, clause = choice.text(code), choice.clause(code)
    if risk is not None and risk.found:
        text = f"{text} Found {risk.found}" + (f", expected {risk.expected}." if risk.expected else ".")
    said = f"{text} ({clause})" if clause else text
    return Reason(
        code=code,
        pointer=risk.pointer if risk else "",
        box=(risk.box or None) if risk else None,
        text=said[:MOST_TEXT],
        minor=True if minor else None,
    )


def _too_long(form: Form) -> Iterator[Finding]:
    for name in ("words", "text", *(f"question{number}" for number in range(1, MOST_QUESTIONS + 1))):
        if len(form.one(name)) > MOST_TEXT:
            found = f"{len(form.one(name))} characters"
            yield finding("desk.incomplete", f"/{name}", found=found, expected=f"at most {MOST_TEXT}")
