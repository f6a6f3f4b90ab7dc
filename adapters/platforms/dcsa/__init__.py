"""The style of a carrier's platform that speaks DCSA's own messages."""

from adapters.platforms.dcsa.codec import DcsaCodec
from adapters.port import Adapter, Limits


def adapter(country: str) -> Adapter:
    """The one adapter of this style; `country` makes no difference."""
    return Adapter(
        style="dcsa",
        codec=DcsaCodec(Limits()),
        fidelity="exact",
        source="DCSA Bill of Lading 3.0: documents as they are; events as its notifications, modelled",
    )
