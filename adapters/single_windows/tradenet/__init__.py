"""The style of Singapore's TradeNet: XML with elements of its own, and two kinds of refusal (modelled)."""

from adapters.port import Adapter
from adapters.single_windows.countries import limits_of
from adapters.single_windows.tradenet.codec import TradenetCodec


def adapter(country: str) -> Adapter:
    """The adapter of a window of this style; its limits come from countries.toml."""
    codec = TradenetCodec(limits_of(country))
    return Adapter(
        style="tradenet",
        codec=codec,
        fidelity="modelled",
        source="customs.gov.sg: 50 items, a DCS error told apart from a reject by CA or SC; XML only since version 5 "
        "(secondary); all elements are ours",
        refusals=codec,
    )
