"""The exchange of one document as a drawing (SVG) and as rows: parties as lanes, time down, one arrow a message.

1. Lines end in arrows at the lane; the label sits over its line; what happened to it (a fault, an error) right below.
2. What failed is dashed and ends in a cross; what a fault of the simulation did bears its label and a lightning.
3. Kinds are told by line, mark and word, never by colour alone; colours come from the page's style sheet by class.
4. The drawing decides nothing: each step says all of itself, and the rows beside the drawing say the same.
5. Every text may come from a document or a partner: cut to what fits, made visible, escaped.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from exchange.console.frame import moment
from exchange.rendering import visible

HUB = "Tradebridge"
MOST_STEPS = 120
"""Drawn; the rows beside have all."""


@dataclass(frozen=True, slots=True)
class Step:
    """One message between two parties, or something that the hub does by itself (`to` is `by`)."""

    at: str
    """Business time; empty: not yet."""
    by: str
    to: str
    label: str
    tone: str = "plain"
    """plain, ok, wait, warn or bad."""
    failed: bool = False
    below: str = ""
    """What happened to it, in words."""
    fault: str = ""
    """Label of a fault of the simulation."""
    ident: str = ""
    """Id of the message or delivery."""


LEFT, TOP, ROW, BELOW = 56, 44, 34, 20
WIDE, WIDEST, NARROWEST = 880, 248, 190
"""The drawing is that wide where the lanes can be so far apart."""
BESIDE = 400
"""Room for what the hub does by itself, to the right of its lane."""
EDGE = 76
"""From the last lane to the right edge."""


def lanes_of(steps: Sequence[Step]) -> tuple[str, ...]:
    """The parties in the order in which they appear, the hub as the second."""
    found = dict.fromkeys(each for step in steps for each in (step.by, step.to))
    others = [each for each in found if each != HUB]
    return (*others[:1], HUB, *others[1:])


@dataclass(frozen=True, slots=True)
class Lanes:
    """Where the parties stand."""

    names: tuple[str, ...]

    @property
    def apart(self) -> int:
        room = (WIDE - LEFT - 2 * EDGE) // max(1, len(self.names) - 1)
        return max(NARROWEST, min(WIDEST, room))

    def x(self, lane: int) -> int:
        return LEFT + EDGE + self.apart * lane

    @property
    def wide(self) -> int:
        return self.x(len(self.names) - 1) + EDGE

    def fits(self, pixels: int) -> int:
        """How many characters of a label."""
        return max(8, int(pixels / 6.5))


def draw(steps: Sequence[Step], named: str) -> str:
    """The drawing. `named`: its title for who cannot see it; its description says the steps in words."""
    shown = steps[:MOST_STEPS]
    lanes = Lanes(lanes_of(shown))
    alone = any(step.by == step.to for step in shown)
    wide = max(lanes.wide, lanes.x(1) + BESIDE if alone else 0)
    places: list[tuple[Step, int]] = []
    y = TOP + 30
    for step in shown:
        places.append((step, y))
        y += ROW + (BELOW if step.below or step.fault else 0)
    high = y + 8
    parts = [*_lanes(lanes, high), *_times(places)]
    parts += [part for step, top in places for part in _step(step, top, lanes)]
    if len(steps) > len(shown):
        parts.append(_text(LEFT, high + 14, f"The first {len(shown)} of {len(steps)} steps", "aside"))
        high += 24
    described = "; ".join(words(step) for step in shown[:40])
    return (
        f'<svg class="sequence" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" role="img" '
        f'aria-labelledby="sequence-name sequence-said">'
        f'<title id="sequence-name">{escape(visible(named))}</title>'
        f'<desc id="sequence-said">{escape(visible(described))}</desc>'
        f"<defs>{''.join(_head(tone) for tone in ('plain', 'ok', 'wait', 'warn', 'bad'))}</defs>{''.join(parts)}</svg>"
    )


def words(step: Step) -> str:
    """One step in a sentence."""
    way = f"{step.by} to {step.to}: " if step.by != step.to else f"{step.by}: "
    after = " ".join(each for each in (step.below, step.fault and f"fault {step.fault}") if each)
    return f"{way}{step.label}{' (failed)' if step.failed else ''}{f', {after}' if after else ''}"


def _head(tone: str) -> str:
    return (
        f'<marker id="to-{tone}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="11" markerHeight="11" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path class="head {tone}" d="M0 0 10 5 0 10z"/></marker>'
    )


def _lanes(lanes: Lanes, high: int) -> Iterator[str]:
    for at, name in enumerate(lanes.names):
        yield f'<path class="lane" d="M{lanes.x(at)} {TOP - 10}V{high}"/>'
        yield _text(lanes.x(at), TOP - 22, _cut(name, lanes.fits(lanes.apart) - 4), "name middle")


def _times(places: Sequence[tuple[Step, int]]) -> Iterator[str]:
    """Each time once, where it begins."""
    last = ""
    for step, y in places:
        shown = moment(step.at)[11:] or "not yet"
        if shown != last:
            yield _text(4, y + 4, shown, "time")
        last = shown


def _step(step: Step, y: int, lanes: Lanes) -> Iterator[str]:
    start, end = lanes.names.index(step.by), lanes.names.index(step.to)
    if start == end:
        yield f'<circle class="dot {step.tone}" cx="{lanes.x(start)}" cy="{y}" r="5"/>'
        yield _text(lanes.x(start) + 12, y + 4, _cut(step.label, lanes.fits(BESIDE - 16)), f"label {step.tone}")
        return
    ahead = 1 if end > start else -1
    x1, x2 = lanes.x(start), lanes.x(end)
    room = lanes.fits(abs(x2 - x1) - (54 if step.failed else 12))
    if step.failed:
        stop = x2 - ahead * 46
        cross = f"M{stop - 5} {y - 5}l10 10M{stop + 5} {y - 5}l-10 10"
        yield f'<path class="line {step.tone} failed" d="M{x1} {y}H{stop - ahead * 8}"/>'
        yield f'<path class="line {step.tone}" d="{cross}"/>'
    else:
        yield f'<path class="line {step.tone}" marker-end="url(#to-{step.tone})" d="M{x1} {y}H{x2 - ahead * 2}"/>'
    reached = x2 - ahead * 54 if step.failed else x2
    yield _text((x1 + reached) // 2, y - 6, _cut(step.label, room), f"label middle {step.tone}")
    if step.below or step.fault:
        text = ", ".join(each for each in (step.fault and f"fault {step.fault}", step.below) if each)
        left = min(x1, x2) + 14
        if step.fault:
            yield f'<path class="bolt" d="M{left + 6} {y + 5}l-7 9h5l-3 8 9-11h-6l4-6z"/>'
        tone = "warn" if step.fault else step.tone
        yield _text(
            left + (16 if step.fault else 0), y + 18, _cut(text, lanes.fits(abs(x2 - x1) - 24)), f"aside {tone}"
        )


def _text(x: int, y: int, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x}" y="{y}">{escape(visible(text))}</text>'


def _cut(text: str, most: int) -> str:
    one = " ".join(text.split())
    return one if len(one) <= most else f"{one[: most - 1]}…"
