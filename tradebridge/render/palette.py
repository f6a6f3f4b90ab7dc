"""What all drawings share: colours for light and dark, arrow heads, the frame of an SVG with its text equivalent."""

import hashlib
from base64 import b64encode
from collections.abc import Iterable
from html import escape

STYLE = """
.paper { fill: #fcfbf8 } .surface { fill: #fff; stroke: #b9b3a4 } .sunken { fill: #f4f2ec; stroke: #dcd8cd }
.ground { fill: #fcfbf8; opacity: .9 }
.ink { fill: #1b2430 } .ink-2 { fill: #4b5563 } .ink-3 { fill: #666f7b }
.go, .side, .clock { stroke: #1b2430; stroke-width: 1.6; fill: none } .side { stroke: #4a4f8f; stroke-dasharray: 7 4 }
.clock { stroke: #7a4d00; stroke-dasharray: 2 4 } .head { fill: #1b2430 }
.title { font-size: 20px; font-weight: 600 } .name { font-weight: 600 } .label { font-size: 12px }
.middle { text-anchor: middle }
@media (prefers-color-scheme: dark) {
.paper { fill: #11161d } .surface { fill: #171e27; stroke: #465364 } .sunken { fill: #0d1218; stroke: #2b3542 }
.ground { fill: #11161d }
.ink { fill: #e7ebf0 } .ink-2 { fill: #b4bdc9 } .ink-3 { fill: #94a0ae }
.go, .side, .clock { stroke: #e7ebf0 } .side { stroke: #aab0f0 } .clock { stroke: #e9b75c } .head { fill: #e7ebf0 }
}
"""


def svg(title: str, described: str, size: tuple[int, int], parts: Iterable[str], *, named: str, style: str = "") -> str:
    """`title` stands at its head, `named` and `described` are for who cannot see it, `style` adds to the shared one."""
    wide, high = size
    head = (
        '<marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="13" markerHeight="13" '
        'markerUnits="userSpaceOnUse" orient="auto">'
        '<path class="head" d="M0 0 10 5 0 10z"/></marker>'
    )
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" role="img" '
        "aria-labelledby=\"title desc\" font-family=\"system-ui, 'Segoe UI', 'Noto Sans', sans-serif\" "
        'font-size="14">\n'
        f'<title id="title">{escape(named)}</title>\n<desc id="desc">{escape(described)}</desc>\n'
        f"<style>{STYLE}{style}</style>\n<defs>{head}</defs>\n"
        f'<rect class="paper" width="{wide}" height="{high}"/>\n'
        f'<text class="ink title" x="20" y="38">{escape(title)}</text>\n{body}\n</svg>\n'
    )


def digest_of(text: str) -> str:
    """As a content security policy names an inline style or script (CSP 3, 2.3.1)."""
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
