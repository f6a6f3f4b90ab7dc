"""XML of a partner's message: elements of one namespace, texts that XML can say, and what it cannot as a loss."""

from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from adapters.port import Loss


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
