"""The two profiles of the family: `dcsa-transport-document/3.0` and `dcsa-shipping-instructions/3.0`.

Both are JSON only and open. A document is recognised by the members that only one of the two has; shipping instructions
may name the transport document that they amend, so the reference alone does not tell.
"""

from functools import partial

from schemas.bill_of_lading.dcsa import decode, encode
from schemas.bill_of_lading.examples import shipping_instructions, transport_document
from schemas.bill_of_lading.model import (
    SHIPPING_INSTRUCTIONS,
    TRANSPORT_DOCUMENT,
    ShippingInstructions,
    TransportDocument,
)
from schemas.bill_of_lading.rules import check
from schemas.bill_of_lading.rules.instructed import references
from schemas.content import Content, Syntax
from schemas.registry import Profile, add_profile

BOTH = frozenset(
    {
        "transportDocumentTypeCode",
        "isShippedOnBoardType",
        "isElectronic",
        "isToOrder",
        "partyContactDetails",
        "documentParties",
        "consignmentItems",
        "utilizedTransportEquipments",
    }
)
"""What both require: three of these make a document of this family."""
CARRIERS = frozenset({"transportDocumentStatus", "termsAndConditions", "transports", "charges", "carrierClauses"})
"""Only a transport document has these."""
SHIPPERS = frozenset(
    {
        "isCargoDeliveredInICS2Zone",
        "shippingInstructionsStatus",
        "advanceManifestFilings",
        "houseBillOfLadings",
        "isHouseBillOfLadingsIssued",
        "requestedCarrierClauses",
        "requestedCarrierCertificates",
    }
)
"""Only shipping instructions have these."""


def _family(content: Content) -> str | None:
    """The profile of a content, by its top-level members."""
    members = content.value.keys()
    if content.syntax is not Syntax.JSON or len(BOTH & members) < 3:
        return None
    carriers, shippers = len(CARRIERS & members), len(SHIPPERS & members)
    if carriers == shippers:
        return TRANSPORT_DOCUMENT if "transportDocumentReference" in members else SHIPPING_INSTRUCTIONS
    return TRANSPORT_DOCUMENT if carriers > shippers else SHIPPING_INSTRUCTIONS


add_profile(
    Profile(
        id=TRANSPORT_DOCUMENT,
        title="Bill of lading or sea waybill (DCSA transport document)",
        family="bill-of-lading",
        syntaxes=(Syntax.JSON,),
        closed=False,
        retention_years=10,
        recognises=lambda content: _family(content) == TRANSPORT_DOCUMENT,
        decode=partial(decode, TransportDocument),
        check=check,
        encode={Syntax.JSON: encode},
        example=transport_document,
        references=references,
    )
)

add_profile(
    Profile(
        id=SHIPPING_INSTRUCTIONS,
        title="Shipping instructions (DCSA)",
        family="bill-of-lading",
        syntaxes=(Syntax.JSON,),
        closed=False,
        retention_years=10,
        recognises=lambda content: _family(content) == SHIPPING_INSTRUCTIONS,
        decode=partial(decode, ShippingInstructions),
        check=check,
        encode={Syntax.JSON: encode},
        example=shipping_instructions,
    )
)
