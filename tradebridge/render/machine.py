"""The state machines of bills of lading as drawings (SVG) and tables (Markdown), out of their transitions alone: the
title, and the five tracks of a carriage at the carrier.

1. Every way from one status to another is one arrow, with all actions that lead there.
2. What leads from a status to itself, or ends a track, stands over its box. A dot is the beginning.
3. Only the places of the boxes are written here; a status without a place is an error, so that none is left out.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import hypot

from schemas.bill_of_lading import carriage, title
from schemas.bill_of_lading.pint import ActionCode
from tradebridge.render.palette import svg

WIDE, HIGH = 164, 44
GAP = 12
"""By which the two ways between two boxes are apart, each from the middle."""


@dataclass(frozen=True, slots=True)
class Way:
    """From one status to another; an empty one is the beginning, or the end of a track."""

    before: str
    after: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Machine:
    """One drawing."""

    name: str
    heading: str
    ways: tuple[Way, ...]
    places: Mapping[str, tuple[int, int]]
    """The middle of each box."""


_TITLE_PLACES = {
    "": (46, 210),
    "held": (236, 210),
    "surrendered-for-delivery": (560, 110),
    "surrendered-for-amendment": (560, 290),
    "accomplished": (836, 110),
    "void": (836, 250),
    "paper": (560, 430),
}
_TRACK_PLACES: Mapping[str, Mapping[str, tuple[int, int]]] = {
    "instructions": {
        "": (46, 120),
        "RECEIVED": (236, 120),
        "PENDING_UPDATE": (236, 280),
        "COMPLETED": (600, 120),
        "CANCELLED": (600, 210),
        "DECLINED": (600, 300),
    },
    "update": {
        "": (46, 180),
        "UPDATE_RECEIVED": (236, 180),
        "UPDATE_CONFIRMED": (640, 100),
        "UPDATE_CANCELLED": (640, 200),
        "UPDATE_DECLINED": (640, 300),
    },
    "document": {
        "": (46, 120),
        "DRAFT": (240, 120),
        "APPROVED": (240, 300),
        "ISSUED": (470, 200),
        "PENDING_SURRENDER_FOR_DELIVERY": (840, 110),
        "SURRENDERED_FOR_DELIVERY": (840, 220),
        "PENDING_SURRENDER_FOR_AMENDMENT": (720, 330),
        "SURRENDERED_FOR_AMENDMENT": (720, 440),
        "VOIDED": (240, 440),
    },
    "amendment": {
        "": (46, 180),
        "AMENDMENT_RECEIVED": (236, 180),
        "AMENDMENT_CONFIRMED": (640, 100),
        "AMENDMENT_CANCELLED": (640, 200),
        "AMENDMENT_DECLINED": (640, 300),
    },
    "issuance": {"": (46, 120), "REQUESTED": (236, 120), "ISSUED": (600, 100), "REFUSED": (600, 210)},
}


def machines() -> tuple[Machine, ...]:
    """The title, then the tracks of the carrier."""
    tracks = tuple(
        Machine(f"carrier-{track}", f"At the carrier: {carriage.NAMES[track]}", _ways_of(track), _TRACK_PLACES[track])
        for track in carriage.TRACKS
    )
    return (Machine("title", "The title of a bill of lading", _title_ways(), _TITLE_PLACES), *tracks)


def _title_ways() -> tuple[Way, ...]:
    found: dict[tuple[str, str], list[str]] = {}
    for row in title.TRANSITIONS:
        for before in map(str, sorted(row.before)) if row.before else ("",):
            label = f"{row.action} anew" if row.action is ActionCode.ISSUE and before else str(row.action)
            found.setdefault((before, row.after), []).append(label)
    return tuple(Way(before, after, tuple(labels)) for (before, after), labels in found.items())


def _ways_of(track: str) -> tuple[Way, ...]:
    """Labels are the number of the use case and what is done; the table beside says the rest."""
    return tuple(
        Way(each.before, each.after, tuple(label.split("-")[0] for label in each.label.split(", ")))
        for each in carriage.arrows(track)
    )


def draw(machine: Machine) -> str:
    """The drawing."""
    moving = [way for way in machine.ways if way.after and way.after != way.before]
    still = [way for way in machine.ways if way.before and (not way.after or way.after == way.before)]
    both = {(way.before, way.after) for way in moving}
    boxes = [part for status, place in machine.places.items() for part in _box(status, place)]
    notes = [part for way in _gathered(still) for part in _note(way, machine.places[way.before])]
    arrows = [part for way in moving for part in _arrow(way, machine.places, (way.after, way.before) in both)]
    lines = [f"{way.before or 'beginning'} to {way.after or 'none'}: {', '.join(way.labels)}" for way in machine.ways]
    bottom = max(y for _, y in machine.places.values()) + HIGH // 2
    size = (960, bottom + 64)
    return svg(machine.heading, "; ".join(lines), size, [*boxes, *arrows, *notes], named=machine.heading)


def _gathered(ways: Sequence[Way]) -> Iterator[Way]:
    """Those of one status as one."""
    for status in dict.fromkeys(way.before for way in ways):
        staying = [label for way in ways if way.before == status and way.after for label in way.labels]
        ending = [f"{label} (none)" for way in ways if way.before == status and not way.after for label in way.labels]
        yield Way(status, status, (*staying, *ending))


def _box(status: str, place: tuple[int, int]) -> Iterator[str]:
    x, y = place
    if not status:
        yield f'<circle class="head" cx="{x}" cy="{y}" r="7"/>'
        return
    yield f'<rect class="surface" x="{x - WIDE // 2}" y="{y - HIGH // 2}" width="{WIDE}" height="{HIGH}" rx="6"/>'
    lines = _lines(status.replace("_", " ").replace("-", " "), 20)
    for at, line in enumerate(lines):
        top = y + 5 - 8 * (len(lines) - 1) + 16 * at
        yield f'<text class="ink name middle" x="{x}" y="{top}">{escape(line)}</text>'


def _lines(text: str, most: int) -> list[str]:
    """Words on lines of so many signs."""
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + len(word) >= most:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _note(way: Way, place: tuple[int, int]) -> Iterator[str]:
    """Over the box: what leaves the status as it is, and what takes it away."""
    x, y = place
    lines = _lines(", ".join(way.labels), 30)
    for at, line in enumerate(lines):
        top = y - HIGH // 2 - 8 - 14 * (len(lines) - 1 - at)
        yield f'<text class="ink-2 label middle" x="{x}" y="{top}">{escape(line)}</text>'


def _arrow(way: Way, places: Mapping[str, tuple[int, int]], returned: bool) -> Iterator[str]:
    (from_x, from_y), (to_x, to_y) = places[way.before], places[way.after]
    long = hypot(to_x - from_x, to_y - from_y)
    ahead_x, ahead_y = (to_x - from_x) / long, (to_y - from_y) / long
    aside = GAP if returned else 0
    x1, x2 = from_x - ahead_y * aside, to_x - ahead_y * aside
    y1, y2 = from_y + ahead_x * aside, to_y + ahead_x * aside
    leave = _edge((ahead_x, ahead_y), (x1 - from_x, y1 - from_y)) if way.before else 9.0
    enter = _edge((-ahead_x, -ahead_y), (x2 - to_x, y2 - to_y))
    sx, sy = x1 + ahead_x * leave, y1 + ahead_y * leave
    ex, ey = x2 - ahead_x * enter, y2 - ahead_y * enter
    yield f'<path class="go" marker-end="url(#head)" d="M{sx:.0f} {sy:.0f}L{ex:.0f} {ey:.0f}"/>'
    share = 0.34 if returned else 0.5
    yield from _label(way.labels, sx + (ex - sx) * share, sy + (ey - sy) * share, abs(ahead_y) < 0.1, returned)


def _edge(ahead: tuple[float, float], off: tuple[float, float]) -> float:
    """From a point this far off the middle of a box to its edge, in this direction."""
    sides = (
        (half - where * (1 if way > 0 else -1)) / abs(way)
        for half, way, where in zip((WIDE / 2, HIGH / 2), ahead, off, strict=True)
        if abs(way) > 1e-9
    )
    return min(sides) + 2


def _label(labels: Iterable[str], x: float, y: float, level: bool, returned: bool) -> Iterator[str]:
    """On the line, on a ground; over it, where the line is level and single."""
    shown = [part for label in labels for part in label.replace("_FOR_", "_ FOR_").split(" ", label.count("_FOR_"))]
    high = 14 * len(shown)
    top = y - 8 - 14 * (len(shown) - 1) if level and not returned else y - high / 2 + 11
    wide = 6.6 * max(map(len, shown)) + 6
    place = f'x="{x - wide / 2:.0f}" y="{top - 12:.0f}" width="{wide:.0f}" height="{high + 2}"'
    yield f'<rect class="ground" {place} rx="3"/>'
    for at, label in enumerate(shown):
        yield f'<text class="ink-2 label middle" x="{x:.0f}" y="{top + 14 * at:.0f}">{escape(label)}</text>'


# --- The same in words -----------------------------------------------------------------------------------------------


def title_table() -> str:
    """All rows of the title's machine as a Markdown table."""
    head = "| action | by | from | to | possession | right | what it says | clause | source | fidelity |"
    lines = [head, "| --- " * 10 + "|"]
    for row in title.TRANSITIONS:
        before = ", ".join(sorted(row.before)) or "-"
        kinds = " Negotiable only." if row.negotiable else ""
        cells = (f"`{row.action}`", row.by, before, row.after, row.possession, row.right, row.sentence + kinds)
        lines.append("| " + " | ".join((*map(str, cells), row.clause, row.source, str(row.fidelity))) + " |")
    return "\n".join(lines) + "\n"


def carriage_table() -> str:
    """All rows of the carrier's machines as a Markdown table."""
    head = "| use case | step | by | where it must stand | where it stands then | what it says | source | fidelity |"
    lines = [head, "| --- " * 8 + "|"]
    for row in carriage.TRANSITIONS:
        before = "; ".join(f"{track}: {_any_of(allowed)}" for track, allowed in row.before.items()) or "-"
        after = "; ".join(f"{track}: {status or 'none'}" for track, status in row.after.items())
        cells = (str(row.use_case), f"`{row.step}`", str(row.by), before, after, row.sentence)
        lines.append("| " + " | ".join((*cells, row.source, str(row.fidelity))) + " |")
    return "\n".join(lines) + "\n"


def _any_of(statuses: Iterable[carriage.Track | None]) -> str:
    return ", ".join(sorted(str(each or "none") for each in statuses))
