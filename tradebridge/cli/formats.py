"""Every form that a document can be converted to or from: those of `tradebridge.convert`, and what partners speak."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tradebridge.cli.exits import Exit, Failed

if TYPE_CHECKING:
    from adapters.port import Address
    from schemas.findings import Finding
    from schemas.registry import Document
    from tradebridge.convert.format import Format, Opened, Written

IDS = ("xml", "json", "ubl", "asw", "naccs", "csv", "xlsx")
"""In the order in which they are tried when nobody says what a file is."""
_PARTNERS = {"asw": "TH", "naccs": "JP"}
"""Style of the adapter to a country that speaks it, whose limits do not count here."""


def formats() -> "Mapping[str, Format]":
    """All of them by id, in the order of `IDS`."""
    from tradebridge.convert.forms import OWN_FORMS

    own = {each.id: each for each in OWN_FORMS}
    return {name: own[name] if name in own else _partner(name) for name in IDS}


def sniffed(data: bytes, name: str) -> "Format":
    """The form that the bytes are in. A file in none of them is refused."""
    found = next((each for each in formats().values() if each.recognises(data)), None)
    if found is None:
        from schemas.findings import finding

        refused = finding("convert.not-recognised", expected=", ".join(IDS))
        raise Failed(Exit.INVALID, f"{name}: {refused.message}", refused.fix, code=refused.code, findings=(refused,))
    return found


def _partner(style: str) -> "Format":
    from adapters.port import find_adapter
    from schemas.content import Syntax
    from schemas.registry import profile_of
    from tradebridge.convert.format import Format, Opened, Written

    adapter = find_adapter(style, _PARTNERS[style])

    def opened(data: bytes) -> "Opened | tuple[Finding, ...]":
        document = adapter.codec.decode(data)
        if isinstance(document, tuple):
            return document
        profile = profile_of(document.profile)
        if profile is None:
            raise LookupError(document.profile)
        return Opened(profile.encode[Syntax.JSON](document))

    def written(document: "Document") -> "Written":
        from adapters.port import CannotCarry
        from tradebridge.convert.format import NoCertificate

        try:
            rendition = adapter.codec.encode(document, _nobody())
        except CannotCarry as error:
            raise NoCertificate(error.found) from error
        return Written(rendition.data, rendition.losses)

    return Format(
        id=style,
        title=_TITLES[style],
        media_type=_MEDIA_TYPES[style],
        suffix=_SUFFIXES[style],
        fidelity=adapter.fidelity,
        source=adapter.source,
        recognises=lambda data: _RECOGNISES[style] in data[:400],
        open=opened,
        write=written,
        places=_asw_places if style == "asw" else _naccs_places,
        note="The header of the message names nobody: a converted file is for reading, not for sending.",
    )


_TITLES = {"asw": "Message between ASEAN's single windows", "naccs": "Message of the NACCS family"}
_MEDIA_TYPES = {"asw": "application/xml", "naccs": "application/octet-stream"}
_SUFFIXES = {"asw": ".xml", "naccs": ".edi"}
_RECOGNISES = {"asw": b"urn:tradebridge:simulation:asw:1", "naccs": b"TBC01"}


def _nobody() -> "Address":
    """A header's facts for a message that goes to nobody."""
    from adapters.port import Address

    zeros = "0" * 26
    return Address(f"msg_{zeros}", f"doc_{zeros}", "NOBODY", "NOBODY", datetime(2000, 1, 1, tzinfo=UTC))


def _asw_places() -> Mapping[str, str]:
    from tradebridge.convert.own import xml_places

    return {pointer: f"/Exchange/Payload{path}" for pointer, path in xml_places().items()}


def _naccs_places() -> Mapping[str, str]:
    """Line of the item in the body, counted from 1 after the header, and its length in bytes."""
    from adapters.single_windows.naccs import items

    found = {item.pointer: f"line {at}, {_sized(item)}" for at, item in enumerate(items.COMMON, 1)}
    for within, name in ((items.INVOICE, "invoices"), (items.GOODS, "items")):
        for at, item in enumerate(within, 1):
            found[f"/{name}{item.pointer}"] = f"line {at} of each entry, {_sized(item)}"
    return found


def _sized(item: object) -> str:
    length, kind = getattr(item, "length", 0), getattr(item, "kind", "text")
    return f"{length} bytes" if kind == "text" else f"{length} bytes, {kind}"
