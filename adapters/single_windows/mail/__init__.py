"""The style of the Philippines' window: what comes in is XML, what it answers is an e-mail (modelled)."""

from adapters.port import Adapter
from adapters.single_windows.countries import limits_of
from adapters.single_windows.mail.codec import MailCodec


def adapter(country: str) -> Adapter:
    """The adapter of a window of this style; its limits come from countries.toml."""
    codec = MailCodec(limits_of(country))
    return Adapter(
        style="mail",
        codec=codec,
        fidelity="modelled",
        source="edc.net.ph, portcalls.com: approval, or the reason of disapproval, comes by e-mail; lines and words "
        "are ours, and certificates come in as in the style asw",
        drops=True,
        refusals=codec,
    )
