"""Questions to ask, out of the facts of the record. Never a verdict.

Each question counts something that has an honest explanation, names it, and gives the entries of the log to look at.
It says what a person might be asked, and nothing of what the answer will be. From where on it asks is data
(`thresholds.toml`).
"""

import tomllib
from bisect import bisect_left, insort
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any

from tradebridge.audit.facts import Actor, Facts, Opened, Route, Said

EXAMPLES = 5
"""Of each question, the first so many."""


class BadThresholds(ValueError):
    """The thresholds cannot be read; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question, about one actor (and route, or firm)."""

    name: str
    """In kebab case, as in the thresholds."""
    by: Actor
    about: str
    """The route, the firm, or empty."""
    count: int
    of: int
    """How many there were in all: decisions, openings, acts."""
    ask: str
    examples: tuple[Mapping[str, object], ...]

    def to_json(self) -> dict[str, object]:
        return {
            "question": self.name,
            "member": self.by.member,
            "person": self.by.person,
            "apiKey": self.by.api_key,
            "about": self.about,
            "count": self.count,
            "of": self.of,
            "ask": self.ask,
            "examples": list(self.examples),
        }


Asking = Callable[[Facts, Mapping[str, Any]], Iterator[Question]]


def questions(facts: Facts, thresholds: Mapping[str, Any]) -> tuple[Question, ...]:
    """All of them, the most frequent of each kind first."""
    found: list[Question] = []
    for name, ask in _ASKING.items():
        found += sorted(ask(facts, thresholds[name]), key=lambda each: (-each.count, each.by.member, each.by.person))
    return tuple(found)


def default_thresholds() -> dict[str, Any]:
    return tomllib.loads(files("tradebridge.audit").joinpath("thresholds.toml").read_text("utf-8"))


def thresholds_of(text: str) -> dict[str, Any]:
    """Thresholds of one's own; what they leave out is as it was. Raises `BadThresholds`."""
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadThresholds(f"no TOML: {error}") from error
    known = default_thresholds()
    for name, table in given.items():
        if name not in known or not isinstance(table, dict):
            raise BadThresholds(f"[{name}] is none of {', '.join(known)}")
        known[name] = _merged(known[name], table, name)
    return known


def _merged(known: Mapping[str, Any], given: Mapping[str, Any], place: str) -> dict[str, Any]:
    merged = dict(known)
    is_open = "other" in known  # by country, by profile: names of one's own
    for name, value in given.items():
        before = known.get(name, known.get("other"))
        if name not in known and not is_open:
            raise BadThresholds(f"{place}.{name} is none of {', '.join(known)}")
        if isinstance(before, dict) and isinstance(value, dict):
            value = _merged(before, value, f"{place}.{name}")
        elif not _is_like(value, before):
            raise BadThresholds(f"{place}.{name} = {value!r}: should be as {before!r}")
        merged[name] = value
    return merged


def _is_like(value: object, before: object) -> bool:
    if isinstance(value, bool) or isinstance(before, bool):
        return False
    if isinstance(before, list):
        return isinstance(value, list) and all(_is_like(each, before[0]) for each in value)
    if isinstance(before, int | float):
        return isinstance(value, int | float) and abs(value) < 10**9
    return type(value) is type(before)


# --- the questions ---------------------------------------------------------------------------------------------------


def _no_reason(facts: Facts, limits: Mapping[str, Any]) -> Iterator[Question]:
    """Decisions that are expected to say why, and do not in words."""
    expected = [each for each in facts.said if each.type in limits["types"]]
    for (by, route), all_of_it in _by(expected, lambda each: (each.by, each.route)).items():
        without = [each for each in all_of_it if not each.words]
        if without:
            yield _asked(
                "no-reason", by, route, without, len(all_of_it), facts, "What was the reason, and who was told?"
            )


def _out_of_order(facts: Facts, limits: Mapping[str, Any]) -> Iterator[Question]:
    """Decisions that passed over documents which the member had longer."""
    passed: dict[int, int] = {}
    queues: dict[tuple[str, str], list[Said]] = _by(
        [each for each in facts.said if each.first], lambda each: (each.route.recipient, each.route.profile)
    )
    arrivals: dict[tuple[str, str], list[tuple[datetime, str]]] = defaultdict(list)
    for (document, recipient), at in facts.had.items():
        arrivals[recipient, facts.profiles.get(document, "")].append((at, document))
    for key, decided in queues.items():
        passed |= _passed_over(sorted(arrivals[key]), decided)
    decisions = [each for each in facts.said if each.first]
    for (by, route), all_of_it in _by(decisions, lambda each: (each.by, each.route)).items():
        early = [each for each in all_of_it if passed.get(each.entry, 0) >= limits["passed-over"]]
        if early:
            ask = "Why were these decided before others that had waited longer? A priority, a request, a missing paper?"
            more = {each.entry: {"passedOver": passed[each.entry]} for each in early}
            yield _asked("out-of-order", by, route, early, len(all_of_it), facts, ask, more)


def _passed_over(arrivals: Sequence[tuple[datetime, str]], decided: Sequence[Said]) -> dict[int, int]:
    """By entry of the log, how many documents had come earlier and were still undecided then."""
    came = {document: (at, document) for at, document in arrivals}
    waiting: list[tuple[datetime, str]] = []
    found, following = {}, 0
    for each in decided:
        while following < len(arrivals) and arrivals[following][0] <= each.at:
            insort(waiting, arrivals[following])
            following += 1
        own = came.get(each.document)
        if own is None:
            continue
        place = bisect_left(waiting, own)
        if place < len(waiting) and waiting[place] == own:
            found[each.entry] = sum(1 for at, _ in waiting[:place] if at < own[0])
            del waiting[place]
    return found


def _one_firm(facts: Facts, limits: Mapping[str, Any]) -> Iterator[Question]:
    """A reader that opened documents of one firm again and again."""
    span = timedelta(days=limits["days"])
    for by, opened in _by(facts.opened, lambda each: each.by).items():
        for firm, (count, of, those) in _densest(opened, span).items():
            if count >= limits["openings"] and count >= limits["share"] * of:
                ask = f"What was the work on this firm's documents in these {limits['days']} days?"
                examples = [_place(each.entry, each.document, each.at, facts, {"what": each.what}) for each in those]
                yield Question("one-firm", by, firm, count, of, ask, tuple(examples[:EXAMPLES]))


def _densest(opened: Sequence[Opened], span: timedelta) -> dict[str, tuple[int, int, list[Opened]]]:
    """By firm, the span with the most openings: how many, of how many in the same span, and which."""
    window: deque[Opened] = deque()
    counts: dict[str, int] = defaultdict(int)
    best: dict[str, tuple[int, int, list[Opened]]] = {}
    for each in opened:
        window.append(each)
        counts[each.firm] += 1
        while each.at - window[0].at > span:
            counts[window.popleft().firm] -= 1
        if each.firm and counts[each.firm] > best.get(each.firm, (0, 0, []))[0]:
            first = [one for one in window if one.firm == each.firm][:EXAMPLES]
            best[each.firm] = counts[each.firm], len(window), first
    return best


def _after_hours(facts: Facts, limits: Mapping[str, Any]) -> Iterator[Question]:
    """What was done outside the hours of the member's country."""
    acts: list[tuple[Actor, str, int, str, datetime]] = [
        *((each.by, each.type, each.entry, each.document, each.at) for each in facts.said),
        *((each.by, each.what, each.entry, each.about, each.at) for each in facts.commanded if each.by.api_key),
        *((each.by, each.what, each.entry, each.document, each.at) for each in facts.opened),
    ]
    offsets = limits["utc-offset"]
    for by, all_of_it in _by(acts, lambda each: Actor(each[0].member, each[0].person)).items():
        offset = timedelta(hours=offsets.get(facts.countries.get(by.member, ""), offsets["other"]))
        late = [each for each in sorted(all_of_it, key=lambda one: one[2]) if not _in_hours(each[4] + offset, limits)]
        if late:
            ask = "Which duty, shift or system was this? Local time is that of the member's country."
            examples = [
                _place(entry, about, at, facts, {"what": what, "local": (at + offset).strftime("%a %H:%M")})
                for _, what, entry, about, at in late[:EXAMPLES]
            ]
            yield Question("after-hours", by, "", len(late), len(all_of_it), ask, tuple(examples))


def _in_hours(local: datetime, limits: Mapping[str, Any]) -> bool:
    return local.isoweekday() in limits["days"] and limits["from"] <= local.hour + local.minute / 60 < limits["to"]


def _decided_fast(facts: Facts, limits: Mapping[str, Any]) -> Iterator[Question]:
    """First decisions of persons in fewer seconds than reading needs."""
    decisions = [each for each in facts.said if each.first and each.by.person and each.seconds is not None]
    for (by, route), all_of_it in _by(decisions, lambda each: (each.by, each.route)).items():
        needed = next((limits[name] for name in limits if route.profile.startswith(f"{name}/")), limits["other"])
        fast = [each for each in all_of_it if each.seconds is not None and each.seconds < needed]
        if fast:
            ask = f"Where was it read before? Reading it is taken to need {needed:g} seconds."
            more = {each.entry: {"seconds": each.seconds, "since": "opened" if each.opened else "had"} for each in fast}
            yield _asked("decided-fast", by, route, fast, len(all_of_it), facts, ask, more)


_ASKING: Mapping[str, Asking] = {
    "no-reason": _no_reason,
    "out-of-order": _out_of_order,
    "one-firm": _one_firm,
    "after-hours": _after_hours,
    "decided-fast": _decided_fast,
}


def _by(items: Iterable[Any], key: Callable[[Any], Any]) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = {}
    for each in items:
        found.setdefault(key(each), []).append(each)
    return found


def _asked(
    name: str,
    by: Actor,
    route: Route,
    those: Sequence[Said],
    of: int,
    facts: Facts,
    ask: str,
    more: Mapping[int, Mapping[str, object]] | None = None,
) -> Question:
    examples = [
        _place(each.entry, each.document, each.at, facts, {"what": each.type, **(more or {}).get(each.entry, {})})
        for each in those[:EXAMPLES]
    ]
    return Question(name, by, told_route(route), len(those), of, ask, tuple(examples))


def told_route(route: Route) -> str:
    return f"{route.profile} {route.sender} > {route.recipient or 'all'}"


def _place(entry: int, document: str, at: datetime, facts: Facts, more: Mapping[str, object]) -> Mapping[str, object]:
    """Where to look: the entry of the log, and what it is about."""
    number = facts.numbers.get(document)
    return {"entry": entry, "about": document, "number": number, "at": at.isoformat(), **more}
