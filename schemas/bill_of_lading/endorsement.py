"""The endorsement chain: the back of the bill, as a platform shows it. Source: DCSA eBL Endorsement Chain API 3.0.4.

1. It is read from the transactions of the envelope transfer chain, and is not signed: the chain is the proof.
2. An accepted surrender is `SURRENDERED` here and `SACC` in PINT. A rejected one stands in neither list of this API's
   actions: the request and its rejection are left out, as they are not on the back of a paper bill (modelled).
3. SIGN, BLANK_ENDORSE and SURRENDERED have no recipient. Where a schema requires one it is `NO_PARTY` (surrender API).
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field

from schemas.bill_of_lading.parties import IdentifyingCode
from schemas.bill_of_lading.pint import ActionCode, ActionMoment, Party, Transaction
from schemas.bill_of_lading.title import Title, replay
from schemas.bill_of_lading.values import Many, Part, at_most, known, trimmed
from schemas.findings import Fidelity, Finding, Kind, finding, register

SOURCE = "DCSA EBL Endorsement Chain 3.0.4"

register(
    [
        Kind(
            "endorsement.other-document",
            "The endorsement chain is of another transport document.",
            "Ask for the chain by the reference, and the sub-reference, of the document.",
            clause="EndorsementChain.transportDocumentReference",
            source=SOURCE,
            fidelity=Fidelity.EXACT,
        ),
        Kind(
            "endorsement.unknown-action",
            "The endorsement chain has an action that DCSA does not name.",
            "Ask the platform what the action means: who has the title cannot be told from this chain.",
            clause="EndorsementChainLink.actionCode",
            source=SOURCE,
            fidelity=Fidelity.EXACT,
        ),
    ]
)

SURRENDERED = "SURRENDERED"
ACTIONS = known(
    *(SURRENDERED, "ISSUE", "ENDORSE", "SIGN", "SURRENDER_FOR_DELIVERY", "SURRENDER_FOR_AMENDMENT"),
    *("BLANK_ENDORSE", "ENDORSE_TO_ORDER", "TRANSFER"),
)
NO_PARTY = Party(
    party_name="NONE",
    ebl_platform="NONE",
    identifying_codes=(IdentifyingCode(code_list_provider="NONE", party_code="NONE"),),
)
"""DCSA's placeholder (eBL Surrender 3.0.4, RecipientParty)."""
_WITHOUT_RECIPIENT = frozenset({ActionCode.SIGN, ActionCode.BLANK_ENDORSE, ActionCode.SACC})
_SURRENDERS = frozenset({ActionCode.SURRENDER_FOR_DELIVERY, ActionCode.SURRENDER_FOR_AMENDMENT})


class EndorsementChainLink(Part):
    """One action."""

    action_date_time: ActionMoment
    action_code: Annotated[str, at_most(50), ACTIONS]
    actor: Party
    recipient: Party | None = None
    audit_reference: Annotated[str, at_most(100)] | None = None


class EndorsementChain(Part):
    """The actions on one transport document. The answer of the API is a list of these."""

    transport_document_reference: Annotated[str, trimmed(20)]
    transport_document_sub_reference: Annotated[str, trimmed(100)] | None = None
    carrier_scac_code: Annotated[str, Field(pattern=r"^\S+$", max_length=4)] | None = None
    endorsement_chain: Many[EndorsementChainLink] | None = None


def links_of(transactions: Iterable[Transaction]) -> tuple[EndorsementChainLink, ...]:
    """The back of the bill (rules 2 and 3)."""
    links: list[EndorsementChainLink] = []
    for each in transactions:
        if each.action_code is ActionCode.SREJ:
            if links and links[-1].action_code in _SURRENDERS:
                links.pop()
            continue
        link = EndorsementChainLink(
            action_date_time=each.action_date_time,
            action_code=SURRENDERED if each.action_code is ActionCode.SACC else each.action_code.value,
            actor=each.actor,
            recipient=None if each.action_code in _WITHOUT_RECIPIENT else each.recipient,
            audit_reference=each.audit_reference,
        )
        links.append(link)
    return tuple(links)


def chain_of(transport_document: Mapping[str, Any], transactions: Iterable[Transaction]) -> EndorsementChain:
    """The endorsement chain of a document. The carrier's code is given where it is of NMFTA's list (SCAC)."""
    scac = transport_document.get("carrierCodeListProvider") == "NMFTA"
    return EndorsementChain(
        transport_document_reference=transport_document["transportDocumentReference"],
        transport_document_sub_reference=transport_document.get("transportDocumentSubReference"),
        carrier_scac_code=transport_document.get("carrierCode") if scac else None,
        endorsement_chain=links_of(transactions),
    )


def judge_chain(transport_document: Mapping[str, Any], chain: EndorsementChain) -> Title | tuple[Finding, ...]:
    """The title as an endorsement chain tells it, or what is wrong with the chain. Unsigned: it proves nothing."""
    stated = (chain.transport_document_reference, chain.transport_document_sub_reference)
    wanted = tuple(transport_document.get(f"transportDocument{name}") for name in ("Reference", "SubReference"))
    if stated != wanted:
        found, expected = (" ".join(filter(None, each)) for each in (stated, wanted))
        pointer = "/transportDocumentReference"
        return (finding("endorsement.other-document", pointer, found=found, expected=expected),)
    transactions = []
    for at, link in enumerate(chain.endorsement_chain or ()):
        if link.action_code not in ACTIONS.values:
            return (
                finding("endorsement.unknown-action", f"/endorsementChain/{at}/actionCode", found=link.action_code),
            )
        code = ActionCode.SACC if link.action_code == SURRENDERED else ActionCode(link.action_code)
        transactions.append(
            Transaction(
                action_code=code, actor=link.actor, recipient=link.recipient, action_date_time=link.action_date_time
            )
        )
    title = replay(transport_document, transactions)
    if isinstance(title, Title):
        return title
    return tuple(replace(each, pointer=f"/endorsementChain{each.pointer}") for each in title)
