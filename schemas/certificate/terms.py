"""The terms of a retroactive verification: until when the issuing side answers, and the requesting side concludes.

They differ by agreement (`TERMS`); an agreement whose text was not read has `NOT_KNOWN`. A term runs from the moment at
which the hub took the request in. Months are calendar months: the same day, or the last of a shorter month.
When a term of the answer has passed, the hub's clock says so; the requesting side may then conclude that there is no
answer. Nothing is concluded by silence alone.
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from schemas.findings import Fidelity


class TermKind(StrEnum):
    """What is due at its end."""

    ANSWER = "answer"
    """The issuing side's answer."""
    RESULT = "result"
    """The requesting side's conclusion."""


@dataclass(frozen=True, slots=True)
class Term:
    """One term, with the text that sets it."""

    clause: str
    source: str
    fidelity: Fidelity
    months: int = 0
    days: int = 0
    least_days: int | None = None
    """Where the requesting side sets the days within bounds: the least; `days` is then what holds if it sets none."""
    most_days: int | None = None

    def end(self, start: datetime, days: int | None = None) -> datetime:
        """The moment at which it has passed. `days`: what the requesting side set; only where it may."""
        return _months_after(start, self.months) + timedelta(days=self.days if days is None else days)

    @property
    def text(self) -> str:
        """`90 days`, `3 months`, `30 to 90 days`."""
        if self.least_days is not None:
            return f"{self.least_days} to {self.most_days} days"
        return f"{self.months} months" if self.months else f"{self.days} days"


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one agreement."""

    answer: Term
    further: Term
    """To a further question, after an answer."""
    result: Term | None = None
    """None: the text sets none."""


_UNKNOWN = Term("", "Tradebridge: the agreement's term is not known", Fidelity.INVENTED, days=90)

NOT_KNOWN = Terms(answer=_UNKNOWN, further=_UNKNOWN)
"""Of an agreement whose text was not read: 90 days, so that nobody waits for ever."""

_ATIGA, _AJCEP, _RCEP = "ATIGA Annex 8", "AJCEP Annex 4 (by Indonesian regulation 229/PMK.04/2017)", "RCEP chapter 3"
_RCEP_REPLY = Term(
    "Article 3.24(4)(a)", _RCEP, Fidelity.EXACT, days=90, least_days=30, most_days=90
)  # that 90 holds where nothing is set is ours

TERMS: Mapping[str, Terms] = {
    "atiga": Terms(
        answer=Term("Rule 18", _ATIGA, Fidelity.MODELLED, days=90),
        further=Term("Rule 18", _ATIGA, Fidelity.MODELLED, days=90),
        result=Term("Rule 18", _ATIGA, Fidelity.MODELLED, days=180),
    ),
    "ajcep": Terms(
        answer=Term("Rule 6", _AJCEP, Fidelity.MODELLED, months=3),
        further=Term("Rule 6", _AJCEP, Fidelity.MODELLED, months=3),
    ),
    "rcep": Terms(
        answer=_RCEP_REPLY,
        further=_RCEP_REPLY,
        result=Term("Article 3.24(4)(c)", _RCEP, Fidelity.MODELLED, days=180),
    ),
    "jtepa": Terms(
        answer=Term("Article 43(2)", "JTEPA", Fidelity.EXACT, months=3),
        further=Term("Article 43(2)", "JTEPA", Fidelity.EXACT, months=2),
    ),
    "jiepa": Terms(
        answer=Term("Article 43(2)", "JIEPA", Fidelity.EXACT, months=6),
        further=Term("Article 43(2)", "JIEPA", Fidelity.EXACT, months=4),
    ),
}
"""By agreement's id. Whether the requesting side's 180 days begin with the request or with the answer's facts is not
settled by what was read: here they begin with the request."""


def terms_of(agreement: str) -> Terms:
    """The terms of an agreement, by its id."""
    return TERMS.get(agreement, NOT_KNOWN)


REMINDED_BEFORE = (timedelta(days=30), timedelta(days=7))
"""When the hub's clock reminds, before the end of a term; and once more when it has passed. Invented."""


def speaks_at(start: datetime, end: datetime, said: datetime | None = None) -> datetime | None:
    """When the clock speaks next about a term: after `said`, the last time it did. None: never again."""
    after = start if said is None else said
    moments = [end - before for before in REMINDED_BEFORE if end - before > start]
    return min((moment for moment in (*moments, end) if moment > after), default=None)


def _months_after(start: datetime, months: int) -> datetime:
    years, month = divmod(start.month - 1 + months, 12)
    year, month = start.year + years, month + 1
    return start.replace(year=year, month=month, day=min(start.day, monthrange(year, month)[1]))
