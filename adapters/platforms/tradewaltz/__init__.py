"""The style of a Japanese trade platform that shares structured documents over a ledger (modelled on TradeWaltz)."""

from adapters.platforms.tradewaltz.codec import TradeWaltzCodec
from adapters.port import Adapter, Limits


def adapter(country: str) -> Adapter:
    """The one adapter of this platform; `country` makes no difference."""
    return Adapter(
        style="tradewaltz",
        codec=TradeWaltzCodec(Limits()),
        fidelity="modelled",
        source="Public descriptions of TradeWaltz: structured documents over a shared ledger; its API is not public",
    )
