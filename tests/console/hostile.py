"""A certificate with markup, marks that turn text, very long words and many items in every field of free text."""

from typing import Any

from schemas.certificate.model import Certificate
from tests.exchange.cast import of_items, signed

MARKUP = "<script>alert('x')</script><img src=x onerror=alert(1)>\"'&"
LONG = "W" * 160
"""Longer than any line of a phone; the schema allows 200."""


def evil(number: str, items: int = 1) -> bytes:
    """Signed by SG-NSW. The schema refuses marks that turn text; what it refuses is tried on Validate."""
    value = of_items(items, number=number)
    party: dict[str, Any] = {"name": f"{MARKUP}{LONG}"[:200], "address": f"{MARKUP}\n{LONG}"}
    first = value.items[0].model_copy(update={"description": MARKUP + LONG, "marks_and_numbers": MARKUP + LONG})
    changed: Certificate = value.model_copy(
        update={
            "exporter": value.exporter.model_copy(update=party),
            "consignee": value.consignee.model_copy(update={**party, "name": f"Buyer {MARKUP}{LONG}"[:200]}),
            "items": (first, *value.items[1:]),
            "transport": value.transport.model_copy(update={"vessel_or_flight": MARKUP[:60], "route": LONG}),
        }
    )
    return signed(changed)


TURNED = "\u202egnp.exe\u2066\x07"
EVIL_JSON = (
    '{"profile": "atiga-form-d/2022", "number": "' + MARKUP.replace('"', '\\"') + '", "exporter": {"name": "'
    "\u202e" + LONG * 40 + '"}, "</script><script>alert(2)</script>": [' + "1," * 5000 + "1]}"
).encode()
"""What somebody may drop on Validate."""
