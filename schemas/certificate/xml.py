"""The XML of a certificate: from the tree to the model and back, by the table in `layout.py`.

1. `certificate.xsd` is the gate: what it accepts is read without looking again, what it refuses is read once more by
   `irregularities`, which names every unknown, repeated or misplaced part where a validator stops at the first.
2. A finding in XML points by XPath, with line and column in the bytes received.
3. `decode_xml(encode_xml(x)) == x`. What we write is UTF-8, indented, one element a line.
"""

import threading
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import resources
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree
from pydantic import ValidationError

from schemas.certificate.layout import CERTIFICATE, NAMESPACE, Group, Leaf, Measure, Node, text_of
from schemas.certificate.model import Certificate
from schemas.certificate.places import element_places, names_in
from schemas.certificate.structure import member_named, readable_part, structural_findings
from schemas.certificate.values import Part, json_name
from schemas.content import Content
from schemas.findings import Finding, finding
from schemas.registry import Decoded

_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_XSI_USED = etree.XPath("boolean(//@xsi:*)", namespaces={"xsi": _INSTANCE})
_SCHEMA = resources.files("schemas.certificate").joinpath("certificate.xsd").read_bytes()


class _Schemas(threading.local):
    """One compiled schema a thread: a compiled schema keeps the log of its last validation."""

    def __init__(self) -> None:
        self.schema = etree.XMLSchema(etree.fromstring(_SCHEMA))


_LOCAL = _Schemas()


# --- Reading ---------------------------------------------------------------------------------------------------------


def decode_xml(content: Content, stand_in: Certificate) -> Decoded:
    """The tree as a certificate, or one finding for each place that is wrong."""
    root = content.tree
    if root is None:
        raise ValueError("the content has no tree: decode JSON with decode_json")
    regular = _LOCAL.schema.validate(root) and not _type_overridden(content, root)
    value = read_group(CERTIFICATE, root)
    if regular:
        try:
            return Decoded(Certificate.model_validate(value, by_alias=False, by_name=True))
        except ValidationError:
            pass  # told below, in the names of the JSON form
    return _irregular(root, _as_json(value), stand_in)


def _type_overridden(content: Content, root: etree._Element) -> bool:
    """Whether an attribute such as xsi:type or xsi:nil tells the validator to look away (attack XML-12, XML-13)."""
    return _INSTANCE.encode() in content.canonical and bool(_XSI_USED(root))


def read_group(group: Group, element: etree._Element) -> dict[str, Any]:
    """The element's content by the model's member names. What the table does not know is left out."""
    members: dict[str, Any] = {}
    by_tag = group.by_tag
    for child in element:
        node = by_tag.get(child.tag)
        if type(node) is Leaf:
            text = node.read(child.text or "")
            if node.many:
                members.setdefault(node.member, []).append(text)
            else:
                members[node.member] = text
        elif type(node) is Group:
            inner = read_group(node, child)
            if node.member is None:
                members.update(inner)
            elif node.many:
                members.setdefault(node.member, []).append(inner)
            else:
                members[node.member] = inner
        elif type(node) is Measure:
            members[node.member] = _measure(node, child)
    return members


def _measure(node: Measure, element: etree._Element) -> dict[str, str]:
    members = {node.value: element.text or ""}
    unit = element.get(node.attribute)
    if unit is not None:
        members[node.unit] = unit
    return members


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {json_name(name): _as_json(inner) for name, inner in value.items()}
    return [_as_json(inner) for inner in value] if isinstance(value, list) else value


# --- What is wrong ---------------------------------------------------------------------------------------------------


def _irregular(root: etree._Element, value: dict[str, Any], stand_in: Certificate) -> Decoded:
    found = list(irregularities(CERTIFICATE, root, f"/{CERTIFICATE.tag}"))
    try:
        Certificate.model_validate(value, by_alias=True, by_name=False)
    except ValidationError as error:
        found.extend(structural_findings(error))
    if not found:
        found.extend(_validator_says(root))
    sample = stand_in.model_dump(mode="json", by_alias=True, exclude_none=True)
    return Decoded(None, tuple(found), readable_part(value, sample, Certificate))


def irregularities(group: Group, element: etree._Element, path: str) -> Iterator[Finding]:
    """All that the table does not foresee in this element: attributes, text, unknown, repeated, misplaced elements."""
    yield from _foreign_attributes(element, path, ())
    if (element.text or "").strip():
        yield finding(
            "certificate.unknown-member", path, line=element.sourceline, found=element.text, expected="no text"
        )
    order = {child.tag: place for place, child in enumerate(group.children)}
    misplaced = _misplaced([order.get(etree.QName(child).localname, -1) for child in element])
    counts: dict[str, int] = {}
    for position, child in enumerate(element):
        name = etree.QName(child).localname
        node = group.by_tag.get(str(child.tag))
        counts[name] = counts.get(name, 0) + 1
        many = node is not None and not isinstance(node, Measure) and node.many
        here = f"{path}/{name}" + (f"[{counts[name]}]" if many or counts[name] > 1 else "")
        line = child.sourceline
        if node is None:
            yield finding("certificate.unknown-member", here, line=line, found=_shown(child), expected=_names(group))
            continue
        if counts[name] > 1 and not many:
            yield finding("certificate.repeated", here, line=line, found=name, expected="once")
        if position in misplaced:
            yield finding("certificate.out-of-order", here, line=line, found=name, expected=_names(group))
        yield from _irregular_child(node, child, here)
        if (child.tail or "").strip():
            yield finding("certificate.unknown-member", path, line=line, found=child.tail, expected="no text")


def _misplaced(places: Sequence[int]) -> set[int]:
    """Positions of the fewest elements that stand out of order; -1 is an element without a place."""
    ends: list[int] = []  # ends[n]: the lowest place that an orderly row of n + 1 elements can end on
    rows: list[int] = []  # how long an orderly row up to each element can be
    for place in places:
        at = bisect_right(ends, place)
        rows.append(at)
        if place >= 0:
            ends[at : at + 1] = [place]
    wanted, upper, kept = len(ends) - 1, max(places, default=0), set()
    for position in reversed(range(len(places))):
        if places[position] >= 0 and rows[position] == wanted and places[position] <= upper:
            wanted, upper = wanted - 1, places[position]
            kept.add(position)
    return {position for position, place in enumerate(places) if place >= 0} - kept


def _irregular_child(node: Node, element: etree._Element, path: str) -> Iterator[Finding]:
    if isinstance(node, Group):
        yield from irregularities(node, element, path)
        return
    yield from _foreign_attributes(element, path, (node.attribute,) if isinstance(node, Measure) else ())
    for child in element:
        yield finding("certificate.unknown-member", path, line=child.sourceline, found=child.tag, expected="text only")


def _foreign_attributes(element: etree._Element, path: str, known: Sequence[str]) -> Iterator[Finding]:
    for name in element.attrib:
        if name not in known:
            yield finding(
                "certificate.unknown-member",
                f"{path}/@{etree.QName(name).localname}",
                line=element.sourceline,
                found=name,
                expected=" or ".join(known) or "no attribute",
                attack="XML-13" if str(name).startswith(f"{{{_INSTANCE}}}") else "",
            )


def _shown(element: etree._Element) -> str:
    """The name of an element; with its namespace, where that is not ours."""
    name = etree.QName(element)
    return name.localname if name.namespace == NAMESPACE else name.text


def _names(group: Group) -> str:
    return ", ".join(child.tag for child in group.children)


def _validator_says(root: etree._Element) -> Iterator[Finding]:
    """The validator's own words, for what the table and the model would have let pass."""
    schema = etree.XMLSchema(etree.fromstring(_SCHEMA))
    schema.validate(root)
    for entry in schema.error_log:
        yield finding("certificate.not-valid", entry.path or "", line=entry.line, found=entry.message)


# --- Where it is wrong -----------------------------------------------------------------------------------------------


def locate(content: Content, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings that point into the JSON form, pointing into the XML received."""
    if content.tree is None:
        return tuple(findings)
    located = _Located(content.tree, element_places(content.received))
    return tuple(located.finding(found) for found in findings)


class _Located:
    """Finds elements of one tree. Children are sorted by name once: each item is then found at the same cost."""

    def __init__(self, root: etree._Element, places: Sequence[tuple[int, int]]) -> None:
        self._root = root
        self._places = places
        self._ordinals = {element: ordinal for ordinal, element in enumerate(root.iter())}
        self._named: dict[etree._Element, dict[str, list[etree._Element]]] = {}

    def finding(self, found: Finding) -> Finding:
        if found.pointer.startswith(f"/{CERTIFICATE.tag}"):
            path, element = found.pointer, self._existing(found.pointer)
        else:
            path, element = self._xpath(found.pointer)
        ordinal = self._ordinals.get(element, 0)
        line, column = self._places[ordinal] if ordinal < len(self._places) else (element.sourceline, None)
        return replace(found, pointer=path, line=line, column=column)

    def _existing(self, path: str) -> etree._Element:
        """The element of a path that `irregularities` made, or the nearest one around it."""
        element = self._root
        for step in path.split("/")[2:]:
            name, _, index = step.partition("[")
            same = self._children(element).get(name, [])
            at = int(index.rstrip("]")) - 1 if index else 0
            if at >= len(same):
                break
            element = same[at]
        return element

    def _xpath(self, pointer: str) -> tuple[str, etree._Element]:
        """A JSON Pointer as XPath, and the element there: or, where it is missing, the nearest one around it."""
        path, element, node = f"/{CERTIFICATE.tag}", self._root, CERTIFICATE
        parts = pointer.split("/")[1:]
        while parts:
            member = member_named(parts.pop(0))
            steps = names_in(node, member)
            if steps is None:
                break
            for step in steps[:-1]:
                path, element = f"{path}/{step.tag}", self._child(element, step.tag, 0)
            target = steps[-1]
            if isinstance(target, Measure):
                path, element = f"{path}/{target.tag}", self._child(element, target.tag, 0)
                if parts and member_named(parts[0]) == target.unit:
                    path = f"{path}/@{target.attribute}"
                break
            many = target.many and bool(parts)
            index = int(parts.pop(0)) if many else 0
            path = f"{path}/{target.tag}[{index + 1}]" if many else f"{path}/{target.tag}"
            element = self._child(element, target.tag, index)
            if not isinstance(target, Group):
                break
            node = target
        return path, element

    def _child(self, element: etree._Element, tag: str, index: int) -> etree._Element:
        found = self._children(element).get(f"{{{NAMESPACE}}}{tag}", [])
        return found[index] if index < len(found) else element

    def _children(self, element: etree._Element) -> dict[str, list[etree._Element]]:
        """The children of each name, with its namespace and without."""
        named = self._named.get(element)
        if named is None:
            named = self._named[element] = {}
            for child in element:
                for name in {str(child.tag), etree.QName(child).localname}:
                    named.setdefault(name, []).append(child)
        return named


# --- Writing ---------------------------------------------------------------------------------------------------------


def encode_xml(certificate: Certificate) -> bytes:
    """The certificate as XML, unsigned, without what is empty."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<{CERTIFICATE.tag} xmlns="{NAMESPACE}">']
    _write(CERTIFICATE, certificate, lines, "  ")
    lines.append(f"</{CERTIFICATE.tag}>\n")
    return "\n".join(lines).encode()


def _write(group: Group, part: Part, lines: list[str], indent: str) -> None:
    for node in group.children:
        if node.member is None:
            _write_group(node, part, lines, indent)
            continue
        value = getattr(part, node.member)
        if value is None:
            continue
        many = not isinstance(node, Measure) and node.many
        for each in value if many else (value,):
            if type(node) is Leaf:
                lines.append(f"{indent}<{node.tag}>{escape(text_of(each))}</{node.tag}>")
            elif type(node) is Measure:
                number, unit = text_of(getattr(each, node.value)), getattr(each, node.unit)
                lines.append(f'{indent}<{node.tag} {node.attribute}="{unit}">{number}</{node.tag}>')
            else:
                _write_group(node, each, lines, indent)


def _write_group(group: Node, part: Part, lines: list[str], indent: str) -> None:
    """A part, or a wrapper around members; nothing at all for a wrapper around nothing."""
    if type(group) is not Group:
        raise TypeError(f"the table has {group.tag} without a member: only a group may be a wrapper")
    before = len(lines)
    lines.append(f"{indent}<{group.tag}>")
    _write(group, part, lines, indent + "  ")
    if len(lines) == before + 1 and group.member is None:
        del lines[before:]
    else:
        lines.append(f"{indent}</{group.tag}>")
