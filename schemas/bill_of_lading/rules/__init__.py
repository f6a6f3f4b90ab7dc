"""The rules of bills of lading and shipping instructions: what no schema can say, with DCSA's text as the clause.

Each module holds the rules of one subject as a table. DCSA's "must" is an error; where DCSA's own example messages
break the text, or the text says "should", it is a warning.
"""

from typing import Any

from schemas.bill_of_lading.model import SHIPPING_INSTRUCTIONS, TRANSPORT_DOCUMENT
from schemas.bill_of_lading.rules import (
    carriage,
    containers,
    goods,
    instructed,
    instructions,
    parties,
    remarks,
    superseded,
    title,
)
from schemas.findings import Finding
from schemas.registry import Context, Document
from schemas.rules import Rule, check_rules, register_rules, rule_book

RULES: tuple[Rule[Any], ...] = register_rules(
    (
        *title.RULES,
        *carriage.RULES,
        *parties.RULES,
        *goods.RULES,
        *containers.RULES,
        *instructions.RULES,
        *superseded.RULES,
        *remarks.RULES,
        *instructed.RULES,
    )
)
BOOKS = {profile: rule_book(RULES, profile) for profile in (TRANSPORT_DOCUMENT, SHIPPING_INSTRUCTIONS)}


def check(document: Document, context: Context) -> tuple[Finding, ...]:
    """All that the rules of its profile find in a document."""
    return check_rules(BOOKS[document.profile], document, context)
