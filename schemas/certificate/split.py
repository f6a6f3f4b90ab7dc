"""One certificate as several: where a partner's system takes fewer items, or fewer bytes, than it has.

What a split keeps, and what it does not:

1. Every item stands in exactly one part, unchanged but for its number: each part counts from 1, as the form asks. The
   items' order stays, so quantities, weights and values add up to those of the whole.
2. All else stands in every part: parties, transport, dates, ticks, the original of a back-to-back certificate, remarks.
   Of the invoices a part has those that its items name; all of them where one of its items names none.
3. The numbers are given by who issues: a number is the authority's. The parts are unsigned, and issued anew.
4. Some certificates are not split: one that replaces another (it is replaced by one certificate, not by several), and
   one that the importing customs has marked. What was issued already is to be cancelled first.

Fidelity: modelled. Each good qualifies on its own (RCEP Article 3.17(4), notes of Form D and Form AJ), and no text that
was read limits the certificates of one consignment; none says either that it may be split.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from schemas.certificate.model import Certificate, Invoice, Item
from schemas.findings import Fidelity, Finding, Kind, finding, register

_CLAUSE = "each good qualifies on its own: RCEP Article 3.17(4); notes of Form D and Form AJ"

register(
    Kind(code, sentence, fix, clause=_CLAUSE, source="Agreements", fidelity=Fidelity.MODELLED)
    for code, sentence, fix in (
        (
            "split.replaces-another",
            "A certificate that replaces another is not split.",
            "Cancel the earlier one, and issue several that replace none.",
        ),
        (
            "split.marked",
            "The importing customs has marked this certificate.",
            "It has been presented: agree with the recipient how to go on.",
        ),
        ("split.not-needed", "The certificate is within the limits.", "Send it as it is."),
        (
            "split.item-too-large",
            "One item alone is larger than the limit.",
            "Shorten its texts, or agree another way with the recipient.",
        ),
        (
            "split.numbers",
            "A split needs one number for each part, each once.",
            "Give as many numbers as there are parts: --number, several times.",
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Most:
    """What one part may have. None: no limit."""

    items: int | None = None
    bytes: int | None = None
    size: Callable[[Certificate], int] = lambda part: 0
    """Bytes of a part, in the form that the limit is about."""

    def holds(self, part: Certificate) -> bool:
        return (self.items is None or len(part.items) <= self.items) and (
            self.bytes is None or self.size(part) <= self.bytes
        )


def why_not(certificate: Certificate) -> Finding | None:
    """Why this certificate is not split at all."""
    if certificate.replaces is not None:
        return finding("split.replaces-another", "/replaces", found=certificate.replaces.number)
    if certificate.official_use is not None:
        return finding("split.marked", "/officialUse", found=certificate.official_use.treatment.value)
    return None


def lots(certificate: Certificate, most: Most) -> tuple[range, ...] | Finding:
    """Which items go into which part: as many into each as it may have."""
    wrong = why_not(certificate)
    if wrong is not None:
        return wrong
    if most.holds(certificate):
        return finding("split.not-needed", "/items", found=f"{len(certificate.items)} items")
    found: list[range] = []
    start = 0
    while start < len(certificate.items):
        count = _most_from(certificate, most, start)
        if count == 0:
            return finding("split.item-too-large", f"/items/{start}", expected=f"at most {most.bytes} bytes")
        found.append(range(start, start + count))
        start += count
    return tuple(found)


def split(
    certificate: Certificate, places: Sequence[range], numbers: Sequence[str]
) -> tuple[Certificate, ...] | Finding:
    """The parts, under these numbers. Numbers of a form that no certificate may have raise `ValidationError`."""
    if len(numbers) != len(places) or len(set(numbers)) != len(numbers):
        return finding("split.numbers", "/number", found=", ".join(numbers), expected=f"{len(places)} numbers")
    parts = (_part(certificate, place, number) for place, number in zip(places, numbers, strict=True))
    return tuple(Certificate.model_validate(part.model_dump(by_alias=False), by_name=True) for part in parts)


def _most_from(certificate: Certificate, most: Most, start: int) -> int:
    """How many items from this one on one part can hold: halving, since more items are never smaller."""
    left = len(certificate.items) - start
    fits, too_many = 0, min(left, most.items or left) + 1
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        if most.holds(_part(certificate, range(start, start + middle), certificate.number)):
            fits = middle
        else:
            too_many = middle
    return fits


def _part(certificate: Certificate, place: range, number: str) -> Certificate:
    items = tuple(
        item.model_copy(update={"number": at + 1})
        for at, item in enumerate(certificate.items[place.start : place.stop])
    )
    invoices = _invoices(certificate.invoices, items)
    return certificate.model_copy(update={"number": number, "items": items, "invoices": invoices})


def _invoices(invoices: tuple[Invoice, ...], items: Sequence[Item]) -> tuple[Invoice, ...]:
    named = {item.invoice_number for item in items}
    return invoices if None in named else tuple(each for each in invoices if each.number in named)
