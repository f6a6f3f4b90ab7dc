"""What an officer should look at first in a case, in words: out of what was found already. Nothing here is a rule.

A risk is a finding that travels with the document, a difference from its bill of lading, a missing signature, or an end
of validity that is near. Each says from where it is, and the clause where its finding has one.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from exchange.languages import _, counted, day
from schemas.findings import for_recipients

NEAR_DAYS = 14
"""So long before its last day a certificate is told to end soon; ours."""


@dataclass(frozen=True, slots=True)
class Risk:
    """One reason to look twice."""

    text: str
    tone: str = "warn"
    """bad or warn."""
    code: str = ""
    """Of the catalogue; empty where it is none."""
    box: str = ""
    found: str = ""
    expected: str = ""
    clause: str = ""
    pointer: str = ""


def of_findings(findings: Iterable[Mapping[str, Any]]) -> Iterator[Risk]:
    """The warnings that travel with a document, and the differences from its bill of lading."""
    for each in for_recipients(findings):
        clause = ", ".join(filter(None, (str(each.get("clause", "")), str(each.get("source", "")))))
        yield Risk(
            str(each["message"]),
            code=str(each["code"]),
            box=str(each.get("box", "")),
            found=str(each.get("found", "")),
            expected=str(each.get("expected", "")),
            clause=clause if each.get("clause") else "",
            pointer=str(each.get("pointer", "")),
        )


def of_standing(*, signed: bool, state: str, expires: str | None, today: date) -> Iterator[Risk]:
    """What is known of the document beside what was found in it."""
    if not signed:
        yield Risk(_("Its issuer did not sign it electronically."))
    if state != "live":
        yield Risk(_("The certificate is %(state)s.", state=_(state)), "bad")
    elif expires is not None:
        left = (date.fromisoformat(expires) - today).days
        if left < 0:
            yield Risk(_("Its validity ended on %(expires)s.", expires=day(date.fromisoformat(expires))), "bad")
        elif left <= NEAR_DAYS:
            yield Risk(
                counted(
                    "Its validity ends on %(expires)s, in %(count)s day.",
                    "Its validity ends on %(expires)s, in %(count)s days.",
                    left,
                    expires=day(date.fromisoformat(expires)),
                )
            )


def question_about(risk: Risk) -> str:
    """A question to begin with, in English: it goes to another country. The officer changes it as it is needed."""
    said = f" The certificate says: {risk.found.rstrip('.')}." if risk.found else ""
    other = f" Expected: {risk.expected.rstrip('.')}." if risk.expected else ""
    return f"{risk.text}{said}{other} Please explain or correct."
