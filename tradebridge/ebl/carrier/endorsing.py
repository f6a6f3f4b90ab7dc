"""The carrier's role of the endorsement chain API: it reads the chain of a document at its platform, and verifies it.

The chain is not signed: what it tells is the platform's word. It is verified link by link against the document as it
was issued (`schemas/bill_of_lading/endorsement.py`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from schemas.bill_of_lading.endorsement import EndorsementChain, judge_chain
from schemas.bill_of_lading.pint import read
from schemas.findings import Finding, finding
from tradebridge.ebl.carrier.settings import Platform

Served = Sequence[Mapping[str, Any]]


class ChainUnavailable(Exception):
    """The platform does not serve the endorsement chain now: ask again."""


async def chains_of(client: httpx.AsyncClient, platform: Platform, document: str, timeout: float) -> Served:
    """All endorsement chains of a document, as its platform serves them. Raises `ChainUnavailable`."""
    url = f"{platform.base}/ebl/v3/endorsement-chains/{document}"
    headers = {"API-Version": "3"}
    if platform.token_out:
        headers["Authorization"] = f"Bearer {platform.token_out}"
    try:
        answer = await client.get(url, headers=headers, timeout=timeout)
        chains = answer.json() if answer.status_code == 200 else None
    except (httpx.HTTPError, ValueError) as error:
        raise ChainUnavailable(f"GET {url}: {error!r}") from error
    if not isinstance(chains, list) or not all(isinstance(each, dict) for each in chains):
        raise ChainUnavailable(f"GET {url}: {answer.status_code}, and no list of chains")
    return chains


def verified(served: Served, issued: Mapping[str, Any]) -> EndorsementChain | tuple[Finding, ...]:
    """The chain of a document as it was issued; or what is wrong with what the platform serves."""
    reference = issued["transportDocumentReference"]
    for each in served:
        chain = read(EndorsementChain, each)
        if isinstance(chain, tuple):
            return chain
        if chain.transport_document_reference == reference:
            told = judge_chain(issued, chain)
            return told if isinstance(told, tuple) else chain
    seen = ", ".join(str(each.get("transportDocumentReference")) for each in served) or "no chain"
    return (finding("carrier.chain-of-another", found=seen, expected=reference),)
