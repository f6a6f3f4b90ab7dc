"""The style of Thailand's window: an ebXML envelope with a signature over all of it (modelled)."""

from adapters.port import Adapter
from adapters.single_windows.countries import limits_of
from adapters.single_windows.ebxml.codec import EbxmlCodec
from adapters.single_windows.ebxml.seal import EbxmlSeal


def adapter(country: str) -> Adapter:
    """The adapter of a window of this style; its limits come from countries.toml."""
    codec = EbxmlCodec(limits_of(country))
    return Adapter(
        style="ebxml",
        codec=codec,
        fidelity="modelled",
        source="Thai Customs slides of 2019: ebXML/XML with PKI signatures; header and error codes of OASIS ebXML "
        "Messaging 2.0 (April 2002); service, actions, payload and where the signature stands are ours",
        seal=EbxmlSeal(),
        refusals=codec,
    )
