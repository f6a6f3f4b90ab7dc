"""What a webhook carries: an event of the hub's feed, signed by the Standard Webhooks specification 1.0.

1. The body is `{"type", "timestamp", "data"}`: kind, time (the hub's clock) and facts of the event, as the feed has
   them. It names documents and says what became of them; their content is fetched with the member's own key.
2. `webhook-id` names the event, and is the same for every attempt and every webhook: the receiver takes it once.
3. `webhook-timestamp` is the real time of the attempt, whatever the hub's clock says: a receiver refuses what is older
   than some minutes.
4. `webhook-signature` has one `v1` (HMAC-SHA256) for each secret that holds: after a rotation there are two.
"""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from standardwebhooks.webhooks import Webhook

EVENTS = (
    "document.accepted",
    "document.forwarded",
    "document.refused",
    "document.drawn",
    "delivery.delivered",
    "delivery.retrying",
    "delivery.dead",
    "delivery.refused",
    "event.accepted",
    "title.changed",
    "control.changed",
    "member.changed",
    "webhook.disabled",
)
"""Kinds of events in the feed."""
FAMILIES = tuple(sorted({f"{kind.partition('.')[0]}.*" for kind in EVENTS}))
TEST = "webhook.test"
"""Kind of what is sent to try a webhook; it is no event."""


def wants(patterns: Iterable[str], kind: str) -> bool:
    """Is the kind among these (`document.accepted`, `delivery.*`)? None at all is all."""
    chosen = tuple(patterns)
    return not chosen or kind in chosen or f"{kind.partition('.')[0]}.*" in chosen


def id_of(position: int | str, at: str, space: str = "") -> str:
    """The `webhook-id` of an event: its place in the feed, and its time, since a simulation begins its feed anew."""
    return "_".join(part for part in ("feed", space, str(position), re.sub(r"[^0-9A-Z]", "", at)) if part)


def body_of(kind: str, data: Mapping[str, Any]) -> bytes:
    """JSON in UTF-8."""
    message = {"type": kind, "timestamp": data.get("at", ""), "data": data}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def headers_of(message_id: str, body: bytes, secrets: Iterable[str], now: datetime) -> dict[str, str]:
    """The headers of one attempt. `secrets`: `whsec_...`, each that holds; `now`: real time, UTC."""
    text = body.decode()
    return {
        "Content-Type": "application/json",
        "User-Agent": "Tradebridge-Webhooks/1",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(message_id, now, text) for secret in secrets),
    }
