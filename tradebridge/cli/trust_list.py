"""The trust list that a command believes: read from its JSON, or refused as a list that proves nothing."""

from typing import TYPE_CHECKING

from tradebridge.cli.exits import Exit, Failed

if TYPE_CHECKING:
    from tradebridge.evidence.trust import TrustList


def list_of(value: object, name: str) -> "TrustList":
    """`name`: where it came from, for the person who is told that it cannot be used. Raises `Failed`."""
    from tradebridge.evidence.trust import BadTrustList, TrustList

    try:
        return TrustList.from_json(value)
    except BadTrustList as error:
        raise Failed(Exit.SIGNATURE, f"{name}: {error}", code=error.found.code, findings=(error.found,)) from error
