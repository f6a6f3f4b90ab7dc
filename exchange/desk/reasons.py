"""The reasons that an officer may give for a query or a rejection: what was found in this document, what the rules of
its form look at, each with its clause, and the officer's own words. Nothing here says what the law is: every code is of
the catalogue, which says where its clause was read (docs/fidelity.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from exchange.desk.risks import Risk
from schemas.certificate.agreements import AGREEMENTS
from schemas.certificate.form import Boxes
from schemas.findings import Fidelity, kind_of
from schemas.registry import Document
from schemas.samples import all_rules

OWN = "desk.own-words"
"""Code of a reason in the officer's own words: no rule stands behind it."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One reason to choose."""

    code: str
    text: str
    clause: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What can be chosen for one document."""

    found: tuple[Risk, ...]
    """Of this document: named first."""
    listed: tuple[Listed, ...]
    """What the rules of its form look at, where a clause stands behind them."""

    def knows(self, code: str) -> bool:
        known: tuple[Risk | Listed, ...] = (*self.found, *self.listed)
        return code == OWN or any(each.code == code for each in known)

    def clause(self, code: str) -> str:
        known: tuple[Risk | Listed, ...] = (*self.found, *self.listed)
        return next((each.clause for each in known if each.code == code and each.clause), "")

    def text(self, code: str) -> str:
        named = next((each.text for each in self.found if each.code == code), "")
        return named or next((each.text for each in self.listed if each.code == code), "")


def choice_for(profile: str, risks: Sequence[Risk]) -> Choice:
    """The reasons for a document of this profile, in which this was found."""
    return Choice(tuple(each for each in risks if each.code), _listed(profile))


@cache
def _listed(profile: str) -> tuple[Listed, ...]:
    codes = sorted({rule.code for rule in all_rules() if profile in rule.profiles})
    made = []
    for code in codes:
        kind = kind_of(code)
        if kind.clause and not kind.issuing_side and kind.fidelity is not Fidelity.INVENTED:
            made.append(Listed(code, kind.sentence, f"{kind.clause}, {kind.source}"))
    return tuple(made)


def boxes_of(profile: str, document: Document | None) -> Boxes:
    """Which box of its form each part of it stands in."""
    agreement = next((each for each in AGREEMENTS if each.profile == profile), None)
    return {} if agreement is None else agreement.boxes_on(getattr(document, "issuing_country", ""))


def boxes_for(profile: str, document: Document | None) -> tuple[str, ...]:
    """The boxes of its form by number, in their order."""
    known = set(boxes_of(profile, document).values())
    return tuple(sorted(known, key=lambda each: (not each.isdecimal(), int(each) if each.isdecimal() else 0, each)))
