"""The proof that a leaf is in the log, as a drawing: the way from the leaf up to the root, a hash beside each step."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from exchange.console.frame import short


@dataclass(frozen=True, slots=True)
class Node:
    """One step of the way: the hash that the proof gives, which stands beside the one that is known."""

    side: str
    """left or right."""
    digest: str


def path_of(index: int, tree_size: int, digests: Sequence[str]) -> list[Node]:
    """The hashes of an inclusion proof with their sides, from the leaf up (RFC 9162, 2.1.3.2)."""
    nodes, at, last = [], index, tree_size - 1
    for digest in digests:
        while at and at == last and at % 2 == 0:
            at, last = at // 2, last // 2
        nodes.append(Node("left" if at % 2 else "right", digest))
        at, last = at // 2, last // 2
    return nodes


WIDE, STEP, TOP = 620, 54, 34
MIDDLE, BESIDE = 310, 176


def draw(nodes: Sequence[Node], leaf: str, index: int, tree_size: int) -> str:
    """The drawing, root at the top. Its description says the same in words."""
    high = TOP + STEP * (len(nodes) + 1)
    named = f"Leaf {index:,} in the tree of {tree_size:,}"
    return (
        f'<svg class="tree" viewBox="0 0 {WIDE} {high}" width="{WIDE}" height="{high}" role="img" '
        f'aria-labelledby="tree-name tree-said"><title id="tree-name">{escape(named)}</title>'
        f'<desc id="tree-said">{escape(words(nodes))}</desc>{"".join(_parts(nodes, leaf, index, tree_size))}</svg>'
    )


def words(nodes: Sequence[Node]) -> str:
    """Each step in a few words."""
    steps = [f"step {at}: with {short(node.digest)} at its {node.side}" for at, node in enumerate(nodes, 1)]
    return "; ".join(steps) or "The leaf is the root: the tree has no other."


def _parts(nodes: Sequence[Node], leaf: str, index: int, tree_size: int) -> Iterator[str]:
    """From the bottom up: known hashes as filled dots in the middle, given ones as hollow squares beside."""
    y = TOP + STEP * len(nodes)
    yield _dot(y)
    yield _label(MIDDLE, y + 24, f"leaf {index:,}  {short(leaf)}", "known middle")
    for node in nodes:
        above = y - STEP
        x = MIDDLE - BESIDE if node.side == "left" else MIDDLE + BESIDE
        yield f'<path class="line" d="M{MIDDLE} {y}V{above}M{x} {y}L{MIDDLE} {above}"/>'
        yield f'<rect class="given" x="{x - 5}" y="{y - 5}" width="10" height="10"/>'
        anchor, beside = ("end", x - 12) if node.side == "left" else ("start", x + 12)
        yield _label(beside, y + 4, short(node.digest), f"digest {anchor}")
        yield _dot(above)
        y = above
    yield _label(MIDDLE + 14, y - 6, f"root of {tree_size:,}, as the checkpoint signs it", "known")


def _dot(y: int) -> str:
    return f'<circle class="known" cx="{MIDDLE}" cy="{y}" r="5"/>'


def _label(x: int, y: int, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x}" y="{y}">{escape(text)}</text>'
