"""Where things stand: an element's line and column in the bytes received, a member's way through the XML table.

Used for findings only, after a document was judged: the second, plain scan here decides nothing (attack XSW-15).
"""

from collections.abc import Sequence
from functools import cache
from xml.parsers import expat

from schemas.certificate.layout import CERTIFICATE, Group, Node
from schemas.certificate.values import json_name
from schemas.content import SIGNATURE


def element_places(received: bytes) -> Sequence[tuple[int, int]]:
    """Line and column (both from 1) of each element's start tag in document order, those of the signature left out.

    Empty if the scanner cannot read what lxml could: the findings then have lines only.
    """
    places: list[tuple[int, int]] = []
    parser = expat.ParserCreate(namespace_separator="}")
    signature = SIGNATURE.removeprefix("{")
    inside = 0

    def start(name: str, _: object) -> None:
        nonlocal inside
        if inside or name == signature:
            inside += 1
        else:
            places.append((parser.CurrentLineNumber, parser.CurrentColumnNumber + 1))

    def end(_: str) -> None:
        nonlocal inside
        inside = max(0, inside - 1)

    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(received, True)
    except expat.ExpatError:
        return ()
    return places


@cache
def names_in(group: Group, member: str) -> tuple[Node, ...] | None:
    """The elements from the group down to the one that holds the member: wrappers first, the member's own last."""
    for node in group.children:
        if node.member == member:
            return (node,)
        if isinstance(node, Group) and node.member is None:
            inner = names_in(node, member)
            if inner is not None:
                return (node, *inner)
    return None


def nearest_pointer(path: str) -> str:
    """The JSON Pointer, without indices, of an XPath below the root: as far down as the table knows it."""
    pointer, group = "", CERTIFICATE
    for step in path.split("/")[2:]:
        node = next((child for child in group.children if child.tag == step.partition("[")[0]), None)
        if node is None:
            break
        if node.member is not None:
            pointer += f"/{json_name(node.member)}"
        if not isinstance(node, Group):
            break
        group = node
    return pointer
