"""The style of the exchange between ASEAN's single windows (modelled)."""

from adapters.port import Adapter
from adapters.single_windows.asw.codec import AswCodec
from adapters.single_windows.countries import limits_of


def adapter(country: str) -> Adapter:
    """The adapter of a country's window; its limits come from countries.toml."""
    codec = AswCodec(limits_of(country))
    return Adapter(
        style="asw",
        codec=codec,
        fidelity="modelled",
        source="ASEAN Single Window: layers and kinds of message as publicly described; header and codes are ours",
        refusals=codec,
    )
