# mypy: disallow-subclassing-any=False
"""Holders of titles with one thing wrong each: the small platform of the docs with one method replaced.

Each is named by what it does, with the one check of the suite `title-holder` that must fail, and in which scenarios.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.conformance.small import small_platform

small = small_platform()
Platform: Any = small.Platform
Refused: Any = small.Refused


@dataclass(frozen=True)
class Broken:
    """One platform, the check that it fails, and the scenarios that see it."""

    platform: type[Any]
    sentence: str
    scenarios: frozenset[str]


BROKEN: dict[str, Broken] = {}


def caught(name: str, *, as_: str, by: tuple[str, ...]) -> Callable[[type[Any]], type[Any]]:
    def take(platform: type[Any]) -> type[Any]:
        BROKEN[name] = Broken(platform, as_, frozenset(f"holder/{each}" for each in by))
        return platform

    return take


class _Last:
    """What was done last with a title that is kept."""

    @staticmethod
    def action(title: Any) -> str:
        return str(small.claimed(title["chain"][-1])["transactions"][-1]["actionCode"])


def reopens(platform: Any, reference: str, *, at: tuple[str, ...], after: tuple[str, ...]) -> None:
    """A title that is elsewhere counts as here, if this was done last."""
    title = platform.get("title", reference)
    if title is not None and title["at"] in at and _Last.action(title) in after:
        platform.put(("title", reference, title | {"at": "here"}))


@caught("hands-over-twice", as_="holder.handed-over-once", by=("handed-over",))
class HandsOverTwice(Platform):
    def transfer(self, reference: str, *more: Any, **named: Any) -> None:
        reopens(self, reference, at=("away",), after=("TRANSFER",))
        super().transfer(reference, *more, **named)


@caught("does-not-lock", as_="holder.one-of-two", by=("two-at-once",))
class DoesNotLock(Platform):
    def transfer(self, reference: str, *more: Any, **named: Any) -> None:
        reopens(self, reference, at=("sending", "in-doubt"), after=("TRANSFER",))
        super().transfer(reference, *more, **named)


@caught("says-yes-to-what-it-has-not", as_="holder.only-what-it-holds", by=("unknown",))
class SaysYes(Platform):
    def transfer(self, reference: str, *more: Any, **named: Any) -> None:
        if self.get("title", reference) is not None:
            super().transfer(reference, *more, **named)


@caught("takes-nothing-back", as_="holder.takes-back", by=("comes-back",))
class TakesNothingBack(Platform):
    def check_known(self, reference: str, document: Any, signed: Any, entries: Any) -> None:
        title = self.get("title", reference)
        if title is not None and entries and entries[-1]["transactions"][-1]["actionCode"] == "TRANSFER":
            raise Refused("DISE", "this title was here before")
        super().check_known(reference, document, signed, entries)


@caught("forgets-where-it-has-been", as_="holder.chain-whole", by=("comes-back",))
class ForgetsWhereItHasBeen(Platform):
    """A title that comes back goes on from where it was before it went out."""

    def transfer(self, reference: str, *more: Any, **named: Any) -> None:
        title = self.get("title", reference)
        mine = [small.claimed(each)["eblPlatform"] == self.code for each in title["chain"]] if title else []
        last = small.claimed(title["chain"][-1])["transactions"][-1] if title else {}
        if any(mine) and last["actionCode"] == "TRANSFER" and title["at"] == "here":
            self.put(("title", reference, title | {"chain": title["chain"][: mine.index(True)]}))
        super().transfer(reference, *more, **named)


@caught(
    "surrenders-to-somebody-else",
    as_="surrender.transaction",
    by=("surrendered", "surrender-rejected", "surrendered-for-amendment"),
)
class SurrendersToSomebodyElse(Platform):
    """The surrender goes to a party of that platform that is not the carrier of the title."""

    def sign(self, payload: Any) -> str:
        last = payload.get("transactions", [{}])[-1]
        if str(last.get("actionCode", "")).startswith("SURRENDER"):
            codes = [{"codeListProvider": "ZZZ", "partyCode": "SOMEBODY"}]
            payload = payload | {
                "transactions": [last | {"recipient": last["recipient"] | {"identifyingCodes": codes}}]
            }
        return str(super().sign(payload))

    def replay(self, transactions: Any) -> None:
        return


@caught("keeps-the-reason-to-itself", as_="surrender.reason", by=("surrendered-for-amendment",))
class KeepsTheReason(Platform):
    def transfer(self, reference: str, *more: Any, **named: Any) -> None:
        named.pop("reason", None)
        super().transfer(reference, *more, **named)


@caught(
    "acts-on-what-it-surrendered",
    as_="surrender.locks",
    by=("surrendered", "surrendered-for-amendment"),
)
class ActsOnWhatItSurrendered(Platform):
    def transfer(self, reference: str, *more: Any, **named: Any) -> None:
        title = self.get("title", reference)
        surrenders = ("SURRENDER_FOR_DELIVERY", "SURRENDER_FOR_AMENDMENT")
        if title is not None and title["at"] == "away" and _Last.action(title) in surrenders:
            return  # it says yes, as if it had the title still
        super().transfer(reference, *more, **named)


@caught("hears-no-answer", as_="surrender.takes-answer", by=("surrendered", "surrender-rejected"))
class HearsNoAnswer(Platform):
    def check_known(self, reference: str, document: Any, signed: Any, entries: Any) -> None:
        if entries and entries[-1]["transactions"][-1]["actionCode"] in ("SACC", "SREJ"):
            raise Refused("BENV", "this title was surrendered")
        super().check_known(reference, document, signed, entries)


@caught("goes-on-with-an-ended-title", as_="surrender.ends", by=("surrendered",))
class GoesOnWithAnEndedTitle(Platform):
    def transfer(self, reference: str, *more: Any, **named: Any) -> None:
        reopens(self, reference, at=("away",), after=("SACC",))
        super().transfer(reference, *more, **named)


@caught("takes-a-rejection-for-a-notice", as_="surrender.rejected-comes-back", by=("surrender-rejected",))
class TakesARejectionForANotice(Platform):
    def accept(self, active: Any) -> Any:
        last = small.claimed(active["envelope"]["envelopeTransferChain"][-1])["transactions"][-1]
        return super().accept(active | {"notice": active["notice"] or last["actionCode"] == "SREJ"})
