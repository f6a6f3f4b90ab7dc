"""The style of Viet Nam's VNACCS: the header of the NACCS family, in UTF-8 (modelled)."""

from adapters.port import Adapter
from adapters.single_windows.countries import limits_of
from adapters.single_windows.vnaccs.codec import vnaccs_codec


def adapter(country: str) -> Adapter:
    """The adapter of a window of this style; its limits come from countries.toml."""
    codec = vnaccs_codec(limits_of(country))
    return Adapter(
        style="vnaccs",
        codec=codec,
        fidelity="modelled",
        source="the header as a public client of VNACCS has it (secondary), in UTF-8; that certificates come in by it, "
        "procedure and items are invented",
        refusals=codec,
    )
