"""The items of a message after its header: fixed length, by position, one line each, closed by CRLF.

INVENTED: which items there are, their order and their lengths. Kept of the family: left-justified texts padded with
spaces, right-justified numbers, EUC-JP (in Viet Nam's system UTF-8), no names in the bytes, and absent items as blank
lines.

1. An item is read and written by its kind: `text`, `count` (right-justified), `date` (yyyymmdd), `flag` (`Y`), `words`
   (a list of short codes, a blank between). In a text a line feed is written as the pilcrow, which EUC-JP has; a
   pilcrow of the text itself becomes `?`.
2. What does not fit is cut, what EUC-JP lacks becomes `?`. The codec compares afterwards and names it as a loss.
3. A line may be shorter than its item (whether trailing blanks may be dropped is not known), never longer.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.single_windows.naccs.header import CRLF, ENCODING

LINE_FEED = "¶"


class Unreadable(ValueError):
    """The body is not made of these items; the message says at which line."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item."""

    pointer: str
    """Into the document's JSON form; of goods, relative to the line of goods."""
    length: int
    """In bytes."""
    kind: str = "text"


COMMON = (
    Item("/profile", 50),
    Item("/number", 35),
    Item("/issuingCountry", 2),
    *(
        Item(f"/{party}/{name}", length)
        for party in ("exporter", "consignee", "producer")
        for name, length in (
            ("name", 140),
            ("address", 280),
            ("country", 2),
            ("identifier", 70),
            ("telephone", 70),
            ("email", 140),
        )
    ),
    Item("/producerWithheld", 15),
    Item("/transport/departureDate", 8, "date"),
    Item("/transport/mode", 15),
    Item("/transport/vesselOrFlight", 70),
    Item("/transport/voyage", 70),
    Item("/transport/portOfLoading/UNLocationCode", 5),
    Item("/transport/portOfLoading/name", 70),
    Item("/transport/portOfDischarge/UNLocationCode", 5),
    Item("/transport/portOfDischarge/name", 70),
    Item("/transport/route", 280),
    Item("/transport/transportDocument", 35),
    Item("/remarks", 700),
    Item("/declaration/originCountry", 2),
    Item("/declaration/importingCountry", 2),
    Item("/declaration/place", 140),
    Item("/declaration/date", 8, "date"),
    Item("/declaration/signatory", 140),
    Item("/certification/authority", 140),
    Item("/certification/place", 140),
    Item("/certification/date", 8, "date"),
    Item("/certification/official", 140),
    *(
        Item(f"/tickBoxes/{box}", 1, "flag")
        for box in (
            "thirdCountryInvoicing",
            "accumulation",
            "backToBack",
            "partialCumulation",
            "exhibition",
            "deMinimis",
            "issuedRetroactively",
        )
    ),
    Item("/thirdCountryInvoice/company", 140),
    Item("/thirdCountryInvoice/country", 2),
    Item("/originalProof/number", 35),
    Item("/originalProof/date", 8, "date"),
    Item("/originalProof/country", 2),
    Item("/originalProof/validUntil", 8, "date"),
    Item("/exhibition/name", 140),
    Item("/exhibition/address", 280),
    Item("/replaces/number", 35),
    Item("/replaces/date", 8, "date"),
    Item("/replaces/reason", 15),
)
"""The box for the importing customs (`/officialUse`) is not among them: NACCS fills it itself."""

INVOICE = (Item("/number", 70), Item("/date", 8, "date"))
GOODS = (
    Item("/number", 5, "count"),
    Item("/marksAndNumbers", 280),
    Item("/packages/quantity", 7, "count"),
    Item("/packages/kind", 2),
    Item("/description", 700),
    Item("/hsCode", 12),
    Item("/hsEdition", 4),
    Item("/originCriterion/codes", 23, "words"),
    Item("/originCriterion/percentage", 22),
    Item("/originCountry", 2),
    Item("/grossWeight/value", 22),
    Item("/grossWeight/unit", 3),
    Item("/quantity/value", 22),
    Item("/quantity/unit", 3),
    Item("/fobValue/amount", 22),
    Item("/fobValue/currency", 3),
    Item("/invoiceNumber", 70),
)
COUNT = Item("/count", 4, "count")
"""How many lines of goods or invoices follow."""

DECISION = (
    Item("/type", 3),
    Item("/messageId", 44),
    Item("/documentId", 44),
    Item("/eventId", 44),
    Item("/contentDigest", 64),
    Item("/recipient", 40),
    Item("/body/declaration", 35),
    Item("/body/quantity", 22),
    Item("/body/unit", 3),
    Item("/body/text", 700),
    Item("/body/declarationDate", 10),
    Item("/body/declarationCountry", 2),
    Item("/body/declarationPort", 35),
    Item("/body/items", 1400),
    Item("/body/draw", 44),
    Item("/body/result", 20),
    Item("/body/outcome", 20),
    Item("/body/boxes", 250),
    Item("/body/random", 4),
)
REASON = (Item("/code", 100), Item("/pointer", 250), Item("/text", 700))


def write(items: Sequence[Item], value: Mapping[str, Any], encoding: str = ENCODING) -> Iterator[bytes]:
    """One line for each item, without its CRLF."""
    for item in items:
        yield _written(item, _at(value, item.pointer), encoding)


def body(lines: Iterator[bytes]) -> bytes:
    return b"".join(line + CRLF for line in lines)


class Lines:
    """The lines of a body, taken one after the other."""

    def __init__(self, data: bytes, encoding: str = ENCODING) -> None:
        if data and not data.endswith(CRLF):
            raise Unreadable("the last line has no CRLF")
        self._lines = data.split(CRLF)[:-1]
        self._next = 0
        self._encoding = encoding

    def read(self, items: Sequence[Item]) -> dict[str, Any]:
        """The items as a JSON object; blank ones are absent. Raises `Unreadable`."""
        value: dict[str, Any] = {}
        for item in items:
            given = self._read_one(item)
            if given is not None:
                _put(value, item.pointer, given)
        return value

    def count(self) -> int:
        given = self._read_one(COUNT)
        if not isinstance(given, int) or given > len(self._lines):
            raise Unreadable(f"line {self._next}: not a count of what follows")
        return given

    def line(self, length: int) -> bytes:
        """The next line as it stands. Raises `Unreadable`."""
        if self._next >= len(self._lines):
            raise Unreadable(f"line {self._next + 1} is missing")
        line = self._lines[self._next]
        self._next += 1
        if len(line) > length:
            raise Unreadable(f"line {self._next} has {len(line)} bytes, its item {length}")
        return line

    def end(self) -> None:
        if self._next != len(self._lines):
            raise Unreadable(f"{len(self._lines) - self._next} lines more than there are items")

    def _read_one(self, item: Item) -> Any:
        line = self.line(item.length)
        try:
            text = line.decode(self._encoding).strip(" ")
            return None if not text else _meant(item.kind, text)
        except ValueError as error:
            raise Unreadable(f"line {self._next} ({item.pointer}): {error}") from error


def _written(item: Item, value: Any, encoding: str) -> bytes:
    if value is None or value is False:
        return b" " * item.length
    if item.kind == "count":
        return str(value).encode("ascii").rjust(item.length)
    return fitted(_text_of(item.kind, value), item.length, encoding).ljust(item.length)


def _text_of(kind: str, value: Any) -> str:
    if kind == "flag":
        return "Y"
    if kind == "words":
        return " ".join(value)
    if kind == "date":
        return str(value).replace("-", "")
    return str(value).replace(LINE_FEED, "?").replace("\n", LINE_FEED)


def fitted(text: str, length: int, encoding: str = ENCODING) -> bytes:
    """The text in the family's encoding, control characters as blanks; where it is too long, cut at the end of a word
    or character."""
    plain = "".join(character if character >= " " else " " for character in text)
    data = plain.encode(encoding, "replace")
    if len(data) <= length:
        return data
    return data[:length].decode(encoding, "ignore").rstrip(f" \u3000{LINE_FEED}").encode(encoding)


def _meant(kind: str, text: str) -> Any:
    if kind == "text":
        return text.replace(LINE_FEED, "\n")
    if kind == "count":
        return int(text)
    if kind == "date":
        return f"{text[:4]}-{text[4:6]}-{text[6:]}"
    if kind == "flag":
        return text == "Y"
    return text.split(" ")


def _at(value: Mapping[str, Any], pointer: str) -> Any:
    found: Any = value
    for name in pointer.split("/")[1:]:
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    return found


def _put(value: dict[str, Any], pointer: str, given: Any) -> None:
    *parents, last = pointer.split("/")[1:]
    for name in parents:
        value = value.setdefault(name, {})
    value[last] = given
