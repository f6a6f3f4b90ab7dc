"""The style of Indonesia's window: JSON over HTTPS, with the caller's key in a header (modelled)."""

from adapters.port import Adapter
from adapters.single_windows.countries import limits_of
from adapters.single_windows.insw.codec import KEY_HEADER, InswCodec


def adapter(country: str) -> Adapter:
    """The adapter of a window of this style; its limits come from countries.toml."""
    codec = InswCodec(limits_of(country))
    return Adapter(
        style="insw",
        codec=codec,
        fidelity="modelled",
        source="public code of callers of api.insw.go.id (secondary): JSON, the header Insw-key; all members are ours",
        key_header=KEY_HEADER,
        refusals=codec,
    )
