"""The trust list that a command believes: read from its JSON, or refused as a list that proves nothing."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tradebridge.cli.exits import Exit, Failed

if TYPE_CHECKING:
    from tradebridge.evidence.trust import TrustList


def list_of(value: object, name: str, at: datetime | None = None) -> "TrustList":
    """A list (GET /v1/trust), or a list with its history (`tb trust export`), to be judged by as of `at`, else now.
    `name`: where it came from, for the person who is told that it cannot be used. Raises `Failed`."""
    from tradebridge.evidence.trust import BadTrustList, TrustList
    from tradebridge.evidence.trust_history import is_history, list_with_history

    try:
        return list_with_history(value, at or datetime.now(UTC)) if is_history(value) else TrustList.from_json(value)
    except BadTrustList as error:
        raise Failed(Exit.SIGNATURE, f"{name}: {error}", code=error.found.code, findings=(error.found,)) from error
