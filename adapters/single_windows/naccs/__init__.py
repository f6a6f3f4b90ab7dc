"""The style of Japan's NACCS: the header to the byte, items of fixed length, result codes."""

from adapters.port import Adapter
from adapters.single_windows.countries import limits_of
from adapters.single_windows.naccs.codec import NaccsCodec


def adapter(country: str) -> Adapter:
    """The adapter of a window of this family; its limits come from countries.toml."""
    codec = NaccsCodec(limits_of(country))
    return Adapter(
        style="naccs",
        codec=codec,
        fidelity="modelled",
        source="NACCS common header as two public clients have it (secondary); procedure and items are invented",
        refusals=codec,
    )
