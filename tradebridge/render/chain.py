"""The chain of control of one bill of lading as a drawing (SVG) and in words, out of the document and its entries.

1. Each party on each platform has a lane; time goes down; each transaction is one row with who did it, and when.
2. The bar in a lane is possession: it is in exactly one lane at every row. Hollow, it is possession in trust, or by the
   carrier that a title was surrendered to. A dotted bar shows the endorsee, where that is somebody else.
3. A thick arrow moves possession; a dashed one only endorses or tells. Kinds are told by line and word, never by colour
   alone.
4. Beside each row stands who signed it: the platform of its entry, by number. What no entry has yet says so.
5. Every state is what `schemas.bill_of_lading.title` makes of the transactions: the drawing decides nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from schemas.bill_of_lading.pint import ActionCode, ChainEntry, Party, Transaction
from schemas.bill_of_lading.title import ENDED, Status, Title, apply, is_at, issue, moves_possession, same_party
from schemas.findings import Finding
from tradebridge.render.palette import STYLE, digest_of, svg

WORDS: Mapping[ActionCode, str] = {
    ActionCode.ISSUE: "issued",
    ActionCode.TRANSFER: "transferred",
    ActionCode.ENDORSE: "endorsed by name",
    ActionCode.ENDORSE_TO_ORDER: "endorsed to order",
    ActionCode.BLANK_ENDORSE: "endorsed in blank",
    ActionCode.SIGN: "confirmed",
    ActionCode.SURRENDER_FOR_DELIVERY: "surrendered for delivery",
    ActionCode.SURRENDER_FOR_AMENDMENT: "surrendered for amendment",
    ActionCode.SACC: "surrender accepted",
    ActionCode.SREJ: "surrender rejected",
}
_KINDS = {
    "to-order": "negotiable, to the order of a named party",
    "blank": "negotiable, blank endorsed",
    "straight": "straight, not negotiable",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One transaction, and the title after it."""

    transaction: Transaction
    title: Title
    entry: int | None
    """Number of the entry that has it, from 1; None: no entry has it yet."""
    platform: str
    """Whose entry it is."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What is drawn."""

    steps: tuple[Step, ...]
    note: str = ""
    """Of the platform that was asked: `here`, `sending to MEKO`, `in doubt`."""

    @property
    def title(self) -> Title:
        """After the last step."""
        return self.steps[-1].title


def picture_of(
    transport_document: Mapping[str, Any],
    entries: Sequence[ChainEntry],
    pending: Sequence[Transaction] = (),
    note: str = "",
) -> Picture | tuple[Finding, ...]:
    """The picture of a chain; what refuses a transaction otherwise. `pending`: done, and in no entry yet."""
    numbered = [(each, at + 1, entry.ebl_platform) for at, entry in enumerate(entries) for each in entry.transactions]
    numbered += [(each, 0, "") for each in pending]
    steps: list[Step] = []
    for transaction, entry, platform in numbered:
        after = (
            apply(steps[-1].title, transaction, unrecorded=True) if steps else issue(transport_document, transaction)
        )
        if not isinstance(after, Title):
            return after
        steps.append(Step(transaction, after, entry or None, platform))
    return Picture(tuple(steps), note) if steps else ()


# --- In words --------------------------------------------------------------------------------------------------------


def words(picture: Picture) -> tuple[str, ...]:
    """One sentence for each row, and one for where it stands: the text equivalent of the drawing."""
    rows = [_sentence(at, step) for at, step in enumerate(picture.steps, 1)]
    return (*rows, " ".join(_standing(picture)))


def _sentence(at: int, step: Step) -> str:
    given = step.transaction
    to = f" to {_who(given.recipient)}" if given.recipient is not None else ""
    reason = f", reason {given.reason_code}" if given.reason_code else ""
    signed = f"entry {step.entry}, signed by {step.platform}" if step.entry else "in no entry yet"
    moved = f"; {_held(step.title)}" if moves_possession(given.action_code) else ""
    return f"{at}. {_when(given)}: {WORDS[given.action_code]} by {_who(given.actor)}{to}{reason} ({signed}){moved}."


def _standing(picture: Picture) -> tuple[str, ...]:
    title = picture.title
    said = [f"Now: {_status(title.status)}, sequence {title.sequence}; {_held(title)}."]
    if title.endorsee is not None and not title.ended:
        said.append(f"Endorsee: {_who(title.endorsee)}.")
    if picture.note:
        said.append(f"On the platform asked: {picture.note}.")
    return tuple(said)


def _held(title: Title) -> str:
    trust = " in trust" if title.in_trust else ""
    return f"possession{trust}: {_who(title.possessor)}"


def _status(status: Status) -> str:
    return status.replace("-", " ")


def _who(party: Party | None) -> str:
    return "nobody" if party is None else f"{party.party_name} on {party.ebl_platform}"


def _when(transaction: Transaction) -> str:
    return f"{transaction.action_date_time:%Y-%m-%d %H:%M} UTC"


# --- Drawn -----------------------------------------------------------------------------------------------------------

LEFT, LANE, RIGHT = 230, 150, 200
TOP, ROW = 150, 56
BAR = 18
_STYLE = """
.held { fill: #0a5f73 } .trust { fill: #fcfbf8; stroke: #0a5f73; stroke-width: 3 }
.right { stroke: #0a5f73; stroke-width: 3; stroke-dasharray: 2 5; fill: none }
.lane { stroke: #dcd8cd; stroke-width: 1 } .moves { stroke: #1b2430; stroke-width: 3; fill: none }
.tells { stroke: #4a4f8f; stroke-width: 1.6; stroke-dasharray: 7 4; fill: none } .end { text-anchor: end }
.now { fill: #e4eff1; stroke: #0a5f73 }
@media (prefers-color-scheme: dark) {
.held { fill: #5cc3da } .trust { fill: #11161d; stroke: #5cc3da } .right { stroke: #5cc3da }
.lane { stroke: #2b3542 } .moves { stroke: #e7ebf0 } .tells { stroke: #aab0f0 } .now { fill: #12303a; stroke: #5cc3da }
}
"""

POLICY = f"default-src 'none'; style-src {digest_of(STYLE + _STYLE)}"
"""Content-Security-Policy of the drawing where it is served by itself."""


def draw(picture: Picture) -> str:
    """The drawing."""
    lanes = _lanes(picture)
    wide = LEFT + LANE * len(lanes) + RIGHT
    bottom = TOP + ROW * len(picture.steps)
    parts = [
        *_heads(lanes, bottom, picture.title),
        *(part for at, step in enumerate(picture.steps) for part in _row(at, step, picture, lanes)),
        *_foot(picture, bottom),
    ]
    title = picture.title
    named = f"Chain of control of {title.name}"
    described = " ".join((f"{_KINDS.get(title.kind, title.kind)}.", *words(picture)))
    sub = f'<text class="ink-2 label" x="20" y="60">{escape(_KINDS.get(title.kind, title.kind))}</text>'
    return svg(
        named,
        described,
        (max(wide, 760), bottom + 72 + 20 * len(_standing(picture))),
        [sub, *parts],
        named=named,
        style=_STYLE,
    )


def _lanes(picture: Picture) -> tuple[Party, ...]:
    """Every party on every platform, in the order in which they appear."""
    found: list[Party] = []
    for step in picture.steps:
        for party in (step.transaction.actor, step.transaction.recipient, step.title.possessor):
            if party is not None and not any(is_at(party, other) for other in found):
                found.append(party)
    return tuple(found)


def _lane_of(party: Party | None, lanes: Sequence[Party]) -> int | None:
    """The lane of a party: on its own platform, else on any."""
    if party is None:
        return None
    exact = next((at for at, each in enumerate(lanes) if is_at(party, each)), None)
    return exact if exact is not None else next((at for at, each in enumerate(lanes) if same_party(party, each)), None)


def _x(lane: int) -> int:
    return LEFT + LANE * lane + LANE // 2


def _heads(lanes: Sequence[Party], bottom: int, title: Title) -> Iterator[str]:
    now = _lane_of(title.possessor, lanes)
    for at, party in enumerate(lanes):
        x = _x(at)
        kind = "now" if at == now else "surface"
        yield f'<path class="lane" d="M{x} {TOP - 14}V{bottom}"/>'
        yield f'<rect class="{kind}" x="{x - 68}" y="78" width="136" height="58" rx="6"/>'
        first, second = _split(party.party_name)
        yield f'<text class="ink name middle" x="{x}" y="{96 if second else 104}">{escape(first)}</text>'
        if second:
            yield f'<text class="ink name middle" x="{x}" y="113">{escape(second)}</text>'
        yield f'<text class="ink-2 label middle" x="{x}" y="129">{escape(party.ebl_platform)}</text>'


def _split(name: str) -> tuple[str, str]:
    """A name on two lines of what fits, cut where it does not."""
    most, lines = 16, [""]
    for word in name.split():
        if lines[-1] and len(lines[-1]) + len(word) + 1 > most and len(lines) == 1:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    shown = [line if len(line) <= most + 1 else line[:most] + "…" for line in lines]
    return shown[0], shown[1] if len(shown) > 1 else ""


def _row(at: int, step: Step, picture: Picture, lanes: Sequence[Party]) -> Iterator[str]:
    y = TOP + ROW * at + ROW // 2
    last = at == len(picture.steps) - 1
    yield from _possession(step, y, lanes, last=last)
    yield from _arrow(step, y, lanes)
    given = step.transaction
    yield f'<text class="ink name" x="20" y="{y - 2}">{at + 1}. {escape(WORDS[given.action_code])}</text>'
    yield f'<text class="ink-2 label" x="20" y="{y + 15}">{escape(_when(given))}</text>'
    x = LEFT + LANE * len(lanes) + 12
    signed = f"entry {step.entry}, signed by {step.platform}" if step.entry else "in no entry yet"
    yield f'<text class="ink label" x="{x}" y="{y - 2}">{escape(signed)}</text>'
    yield f'<text class="ink-2 label" x="{x}" y="{y + 15}">{escape(_status(step.title.status))}</text>'


def _possession(step: Step, y: int, lanes: Sequence[Party], *, last: bool) -> Iterator[str]:
    """The bar of the one possessor from this row to the next, and the dotted one of an endorsee elsewhere."""
    title = step.title
    holder = _lane_of(title.possessor, lanes)
    height = ROW // 2 if last else ROW
    if holder is not None:
        hollow = title.in_trust or title.status is not Status.HELD
        kind = "trust" if hollow else "held"
        x = _x(holder) - BAR // 2
        yield f'<rect class="{kind}" data-possession="{holder}" x="{x}" y="{y}" width="{BAR}" height="{height}"/>'
    endorsee = _lane_of(title.endorsee, lanes)
    if endorsee is not None and endorsee != holder and title.status not in ENDED:
        yield f'<path class="right" d="M{_x(endorsee)} {y}v{height}"/>'


def _arrow(step: Step, y: int, lanes: Sequence[Party]) -> Iterator[str]:
    given = step.transaction
    tail, head = _lane_of(given.actor, lanes), _lane_of(given.recipient, lanes)
    line = "moves" if moves_possession(given.action_code) else "tells"
    if tail is None:
        return
    if head is None or head == tail:
        yield f'<circle class="{line}" cx="{_x(tail)}" cy="{y}" r="7"/>'
        return
    ahead = 1 if head > tail else -1
    start, end = _x(tail) + ahead * 4, _x(head) - ahead * (BAR // 2 + 2)
    yield f'<path class="{line}" marker-end="url(#head)" d="M{start} {y}H{end}"/>'


def _foot(picture: Picture, bottom: int) -> Iterator[str]:
    for at, sentence in enumerate(_standing(picture)):
        yield f'<text class="ink name" x="20" y="{bottom + 30 + 20 * at}">{escape(sentence)}</text>'
    y = bottom + 42 + 20 * len(_standing(picture))
    yield f'<rect class="held" x="20" y="{y}" width="28" height="12"/>'
    yield f'<text class="ink-2 label" x="56" y="{y + 11}">possession</text>'
    yield f'<rect class="trust" x="140" y="{y}" width="28" height="12"/>'
    yield f'<text class="ink-2 label" x="176" y="{y + 11}">in trust, or surrendered</text>'
    yield f'<path class="right" d="M330 {y + 6}h28"/>'
    yield f'<text class="ink-2 label" x="366" y="{y + 11}">endorsee elsewhere</text>'
    yield f'<path class="moves" marker-end="url(#head)" d="M490 {y + 6}h28"/>'
    yield f'<text class="ink-2 label" x="526" y="{y + 11}">possession moves</text>'
    yield f'<path class="tells" marker-end="url(#head)" d="M640 {y + 6}h28"/>'
    yield f'<text class="ink-2 label" x="676" y="{y + 11}">only tells</text>'
