"""The life of a family of documents as a drawing (SVG) and as tables (Markdown), out of its transitions alone.

1. Every arrow is a row of the table, or several that lead between the same two states. Where an event may be said in
   every state of a frame, one arrow leaves the frame.
2. What holds for the whole document stands below, verification beside: each by itself, as in the table.
3. Who speaks is told by the arrow's line (recipient solid, issuing side dashed, the hub dotted) and by a letter, not by
   colour alone. The same content stands as a table beside the drawing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from schemas.life import HUB_ROLES, Check, Life, Role, State, Transition
from tradebridge.render.palette import svg

WIDE, HIGH = 132, 40
"""Of a state's box."""

_OPEN = (State.RECEIVED, State.ISSUED, State.APPLIED, State.EXAMINED, State.QUERIED, State.ANSWERED)
_FIRST = frozenset({State.RECEIVED, State.ISSUED, State.APPLIED})
_PLACES: Mapping[State, tuple[int, int]] = {
    State.EXAMINED: (256, 96),
    State.QUERIED: (44, 216),
    State.ANSWERED: (256, 216),
    State.ACCEPTED: (540, 96),
    State.UTILISED: (800, 96),
    State.REJECTED: (540, 216),
    State.CANCELLED: (180, 0),
    State.REPLACED: (460, 0),
    State.EXPIRED: (740, 0),
}
_FIRST_PLACE = (44, 96)
_CHECKS: Mapping[Check, tuple[int, int]] = {
    Check.REQUESTED: (44, 0),
    Check.OVERDUE: (44, 110),
    Check.ANSWERED: (400, 0),
    Check.NO_ANSWER: (400, 110),
    Check.CONFIRMED: (760, 0),
    Check.NOT_CONFIRMED: (760, 110),
}
_LINES = {
    Role.RECIPIENT: ("go", "R"),
    Role.ISSUING_SIDE: ("side", "I"),
    Role.CLOCK: ("clock", "C"),
    Role.RECORD: ("clock", "N"),
}
"""How a speaker's arrows are drawn, and the letter before their label."""


@dataclass(frozen=True, slots=True)
class _Box:
    x: int
    y: int
    wide: int = WIDE
    high: int = HIGH

    @property
    def middle(self) -> tuple[float, float]:
        return self.x + self.wide / 2, self.y + self.high / 2


@dataclass(frozen=True, slots=True)
class _Arrow:
    tail: _Box
    head: _Box
    label: str
    line: str
    beside: int = 0
    """Shifted sideways, where another arrow leads the other way."""


def draw(life: Life) -> str:
    """The drawing."""
    states = [state for state in State if state in _states(life)]
    places = {state: _place(life, state) for state in states}
    moved = [row for row in life.transitions if not row.whole and row.after is not None and row.checks is None]
    again = [row for row in life.transitions if not row.whole and row.after is not None and row.checks is not None]
    whole = [row for row in life.transitions if row.whole]
    checking = [row for row in life.transitions if row.check is not None]
    frame = frozenset(state for state in _OPEN if state in places and not _is_end(life, state))
    around = _Box(20, 62, 392, 218)
    arrows = [*_moves(moved, places, frame, around), *_returns(life, places), *_taken_back(again, places)]
    top = 350
    parts = [_frame(around, "undecided"), *(_state(places[state], state) for state in states if state in places)]
    parts += [_arrow(arrow) for arrow in arrows]
    parts += _whole(whole, top)
    height = top + 110
    if checking:
        parts += _verification(checking, height + 30)
        height += 250
    described = "; ".join(_sentence(row) for row in life.transitions)
    return _page(life.title, described, height, parts)


def _states(life: Life) -> set[State]:
    rows = [row for row in life.transitions if not row.whole]
    return {life.first} | {row.after for row in rows if row.after is not None}


def _is_end(life: Life, state: State) -> bool:
    """`issued` begins the life of a certificate and ends that of an application."""
    return state in _FIRST and state is not life.first


def _place(life: Life, state: State) -> _Box:
    if state is life.first:
        return _Box(*_FIRST_PLACE)
    return _Box(*(_PLACES[State.ACCEPTED] if _is_end(life, state) else _PLACES[state]))


def _moves(
    rows: Sequence[Transition], places: Mapping[State, _Box], frame: frozenset[State], around: _Box
) -> Iterator[_Arrow]:
    """From each state, or from the frame around all that are undecided."""
    for row in rows:
        if row.after is None or row.after not in places:
            continue
        line, letter = _LINES[row.by]
        label = f"{letter} {row.event}"
        if frame <= row.before:
            head = places[row.after]
            yield _Arrow(_Box(around.x, head.y, around.wide, head.high), head, label, line)
            continue
        for state in sorted(row.before & places.keys()):
            if state is not row.after:
                back = 10 if _leads_back(rows, state, row.after) else 0
                shown = label if state in (min(row.before), *frame) else ""
                yield _Arrow(places[state], places[row.after], shown, line, back)


def _leads_back(rows: Sequence[Transition], state: State, after: State) -> bool:
    """Whether there is an arrow the other way."""
    return after is State.UTILISED or any(after in other.before and other.after is state for other in rows)


def _returns(life: Life, places: Mapping[State, _Box]) -> Iterator[_Arrow]:
    """The last use given up leads back."""
    events = [row.event.value for row in life.transitions if row.draws < 0]
    if events:
        yield _Arrow(places[State.UTILISED], places[State.ACCEPTED], f"R {', '.join(events)}", "go", 10)


def _taken_back(rows: Iterable[Transition], places: Mapping[State, _Box]) -> Iterator[_Arrow]:
    for row in rows:
        for state in (State.ACCEPTED, State.UTILISED):
            if row.after is not None and state in row.before and row.after in places:
                label = "R rejected, if verification failed" if state is State.UTILISED else ""
                yield _Arrow(places[state], places[row.after], label, "go")


def _whole(rows: Sequence[Transition], top: int) -> Iterator[str]:
    yield f'<text class="ink-3 label" x="20" y="{top - 34}">The whole document, at all recipients at once</text>'
    for row in rows:
        if row.after is None:
            continue
        x, _ = _PLACES[row.after]
        _, letter = _LINES[row.by]
        box = _Box(x, top)
        yield _state(box, row.after)
        line, _ = _LINES[row.by]
        yield _arrow(_Arrow(_Box(x - 116, top, 20, HIGH), box, f"{letter}", line))
        unless = f"not once {', '.join(sorted(row.forbidden))}" if row.forbidden else "use and refusals stay"
        yield f'<text class="ink-2 label middle" x="{x + WIDE / 2}" y="{top + HIGH + 20}">{escape(unless)}</text>'


def _verification(rows: Sequence[Transition], top: int) -> Iterator[str]:
    yield f'<text class="ink-3 label" x="20" y="{top}">Verification, beside the state</text>'
    places = {check: _Box(x, y + top + 34) for check, (x, y) in _CHECKS.items()}
    drawn = set()
    yield from (_state(box, check) for check, box in places.items())
    for row in rows:
        if row.check is None:
            continue
        line, letter = _LINES[row.by]
        said = f"{letter} {row.variant or row.event.removeprefix('verification-')}"
        for before in sorted(row.checks or (), key=str):
            if before is None or before is row.check or before in (Check.CONFIRMED, *_FAILED):
                continue
            if (before, row.check) not in drawn and not (row.check is Check.CONFIRMED and before is not Check.ANSWERED):
                drawn.add((before, row.check))
                back = 10 if {before, row.check} == {Check.REQUESTED, Check.ANSWERED} else 0
                yield _arrow(_Arrow(places[before], places[row.check], said, line, back))


_FAILED = (Check.NOT_CONFIRMED, Check.NO_ANSWER)


# --- Shapes ----------------------------------------------------------------------------------------------------------


def _state(box: _Box, name: State | Check) -> str:
    x, y = box.middle
    return (
        f'<rect class="surface" x="{box.x}" y="{box.y}" width="{box.wide}" height="{box.high}" rx="6"/>'
        f'<text class="ink name middle" x="{x}" y="{y + 5}">{escape(name)}</text>'
    )


def _frame(box: _Box, name: str) -> str:
    return (
        f'<rect class="sunken" x="{box.x}" y="{box.y}" width="{box.wide}" height="{box.high}" rx="6"/>'
        f'<text class="ink-3 label" x="{box.x + 12}" y="{box.y + 20}">{escape(name)}</text>'
    )


def _arrow(arrow: _Arrow) -> str:
    (x1, y1), (x2, y2) = _between(arrow)
    middle_x, middle_y = (x1 + x2) / 2, (y1 + y2) / 2
    line = f'<path class="{arrow.line}" marker-end="url(#head)" d="M{x1:g} {y1:g}L{x2:g} {y2:g}"/>'
    if not arrow.label:
        return line
    steep = x1 == x2
    anchor, x, y = ("", middle_x + 8, middle_y + 4) if steep else (" middle", middle_x, middle_y - 7)
    if not steep and y1 != y2:
        x, y = middle_x, middle_y + 4
    elif not steep and x2 < x1:
        y = middle_y + 16
    ground = _ground(arrow.label, x, y, centred=not steep) if y1 != y2 else ""
    return f'{line}{ground}<text class="ink-2 label{anchor}" x="{x:g}" y="{y:g}">{escape(arrow.label)}</text>'


def _ground(label: str, x: float, y: float, *, centred: bool) -> str:
    """Behind a label that lies on lines."""
    wide = 6.6 * len(label) + 6
    left = x - wide / 2 if centred else x - 3
    return f'<rect class="ground" x="{left:g}" y="{y - 12:g}" width="{wide:g}" height="16" rx="3"/>'


def _between(arrow: _Arrow) -> tuple[tuple[float, float], tuple[float, float]]:
    """From edge to edge."""
    tail, head, off = arrow.tail, arrow.head, arrow.beside
    (tx, ty), (hx, hy) = tail.middle, head.middle
    if abs(hx - tx) < WIDE / 2:  # above each other
        down = hy > ty
        x = hx + (off if down else -off)
        return (x, tail.y + tail.high if down else tail.y), (x, head.y if down else head.y + head.high)
    if hx < tx and hy > ty:  # down and to the left: from edge to edge as they face each other
        return (tail.x + 20, tail.y + tail.high), (head.x + head.wide - 20, head.y)
    right = hx > tx
    shift = -off if right else off
    start = (tail.x + tail.wide if right else tail.x, ty + shift)
    end = (head.x if right else head.x + head.wide, hy + shift)
    return start, end


def _page(title: str, described: str, height: int, parts: Iterable[str]) -> str:
    legend = (
        ("go", "R: the recipient", 20),
        ("side", "I: the issuing side", 190),
        ("clock", "C: the hub's clock, N: the hub's note of a replacing certificate", 380),
    )
    keys = "".join(
        f'<path class="{line}" d="M{x} {height + 12}h28"/><text class="ink-2 label" x="{x + 36}" y="{height + 16}">'
        f"{escape(text)}</text>"
        for line, text, x in legend
    )
    named = f"The life of: {title}"
    return svg(title, described, (960, height + 32), [*parts, keys], named=named)


# --- The same in words -----------------------------------------------------------------------------------------------


def _sentence(row: Transition) -> str:
    after = row.after or row.check or "the same"
    return f"{row.event} by {_speaker(row)}: {', '.join(sorted(row.before))} to {after}"


def _speaker(row: Transition) -> str:
    return {Role.CLOCK: "the hub's clock", Role.RECORD: "the hub, of the replacing certificate"}.get(
        row.by, f"the {row.by}"
    )


def table(life: Life) -> str:
    """All rows as a Markdown table: event, who, from, to, what it says, clause, source, fidelity."""
    lines = ["| event | who | from | to | what it says | clause | source | fidelity |", "| --- " * 8 + "|"]
    for row in life.transitions:
        variant = f" ({row.variant})" if row.variant else ""
        cells = (
            f"`{row.event}`{variant}",
            _speaker(row),
            _before(row),
            _after(row),
            row.sentence + (f" {row.refusal}" if row.refusal else ""),
            row.clause or "-",
            row.source,
            row.fidelity,
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _before(row: Transition) -> str:
    states = ", ".join(sorted(row.before))
    if row.checks is None:
        return states
    checks = ", ".join(sorted(str(check) if check else "none" for check in row.checks))
    return f"{states}; verification {checks}"


def _after(row: Transition) -> str:
    if row.by in HUB_ROLES and row.whole:
        return str(row.after)
    state = str(row.after) if row.after else "as before"
    return f"{state}; verification {row.check}" if row.check else state
