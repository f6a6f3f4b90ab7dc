"""The trust list that a command believes: read from its JSON, or refused as a list that proves nothing."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tradebridge.cli.exits import Exit, Failed

if TYPE_CHECKING:
    from tradebridge.evidence.trust import TrustList


def list_of(value: object, name: str, at: datetime | None = None, clock: datetime | None = None) -> "TrustList":
    """A list (GET /v1/trust), or a list with its history (`tb trust export`), to be judged by as of `at`, else now.
    `clock`: what time it is; None: as this machine has it. `name`: where the list came from, for the person who is told
    that it cannot be used. Raises `Failed`."""
    from tradebridge.evidence.trust import BadTrustList, TrustList
    from tradebridge.evidence.trust_history import is_history, list_with_history

    try:
        now = clock or datetime.now(UTC)
        return list_with_history(value, at or now, now) if is_history(value) else TrustList.from_json(value)
    except BadTrustList as error:
        raise Failed(Exit.SIGNATURE, f"{name}: {error}", code=error.found.code, findings=(error.found,)) from error
