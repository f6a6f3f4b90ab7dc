"""XML of a partner's message: elements of one namespace, texts that XML can say, and what it cannot as a loss."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from adapters.port import Loss
from adapters.reading import BODY_TEXTS, opened, unreadable
from schemas.content import Syntax
from schemas.findings import Finding


@dataclass(frozen=True, slots=True)
class Elements:
    """Writes and reads the elements of one namespace."""

    namespace: str

    def name(self, local: str) -> str:
        return f"{{{self.namespace}}}{local}"

    def add(self, parent: etree._Element, local: str, text: str | None = None) -> etree._Element:
        """A child element, with a text of ours: an id, a code, a time."""
        child = etree.SubElement(parent, self.name(local))
        child.text = text
        return child

    def say(self, parent: etree._Element, local: str, text: str, pointer: str, losses: list[Loss]) -> None:
        """A child element with free text; characters that XML 1.0 has no place for become U+FFFD, and a loss."""
        told = sayable(text)
        if told != text:
            losses.append(Loss(pointer, "XML has no place for one of its characters (XML 1.0, section 2.2)"))
        self.add(parent, local, told)

    def opened(self, data: bytes, local: str) -> etree._Element | Finding:
        """The root of a message, which must be this element."""
        content = opened(data, Syntax.XML)
        if isinstance(content, Finding):
            return content
        if content.tree is None or content.tree.tag != self.name(local):
            found = "" if content.tree is None else str(content.tree.tag)
            return unreadable("/", found=found, expected=self.name(local))
        return content.tree

    def body_texts(self, parent: etree._Element, local: Callable[[str], str] = str) -> dict[str, str]:
        """Those of an event's body that stand there. `local`: the element of each."""
        found = ((name, parent.find(self.name(local(name)))) for name in BODY_TEXTS)
        return {name: element.text or "" for name, element in found if element is not None}

    def text(self, root: etree._Element, *path: str) -> str:
        """The text at a path; empty where there is none."""
        return root.findtext("/".join(map(self.name, path)), default="") or ""


def sayable(text: str) -> str:
    """The text, with U+FFFD for each character that XML 1.0 has no place for."""
    return "".join(character if _in_xml(character) else "\ufffd" for character in text)


def written(root: etree._Element) -> bytes:
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def timestamp(at: datetime) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _in_xml(character: str) -> bool:
    code = ord(character)
    return code in (0x9, 0xA, 0xD) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000
