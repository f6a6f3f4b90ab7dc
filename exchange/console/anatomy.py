"""The anatomy of what was signed about a document: whose keys, which path leads to them, when they held and when they
signed, on one axis of time; and the way from the document's leaf to the root that the log has signed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID
from markupsafe import Markup
from sqlalchemy.engine import Connection

from exchange import log
from exchange.console.keeping import Axis, axis_of, proof_of_leaf
from exchange.console.story import Signature, Told
from exchange.hub import Hub


@dataclass(frozen=True, slots=True)
class Signer:
    """One key, and what it signed here."""

    kid: str
    path: tuple[str, ...]
    """Who vouches for it, down to whose it is; a hub's own key vouches for itself."""
    since: str
    until: str
    ended: str
    """Why it holds no more: withdrawn, distrusted; empty: it does, or its time is over."""
    signed: tuple[str, ...]
    """When, as places on the axis in percent."""
    times: tuple[str, ...]
    """The same in words."""


def signers_of(hub: Hub, signed: Sequence[Signature]) -> tuple[list[Signer], Axis | None]:
    """The keys in the order in which they first signed; those that the registry no longer knows are left out."""
    known = {str(key["kid"]): key for keys in hub.registry.keys.values() for key in keys}
    kids = list(dict.fromkeys(each.kid for each in signed if each.kid in known))
    now = hub.clock.now()
    axis = axis_of([dict(known[kid]) for kid in kids], now)
    if axis is None:
        return [], None
    return [_signer(known[kid], [each.at for each in signed if each.kid == kid], axis) for kid in kids], axis


def _signer(key: Mapping[str, Any], times: Sequence[str], axis: Axis) -> Signer:
    ended = next((word for word in ("distrusted", "withdrawn") if key.get(word)), "")
    made = sorted({each for each in times if each})
    return Signer(
        kid=str(key["kid"]),
        path=_path(str(key.get("certificate") or "")),
        since=str(key["notBefore"])[:10],
        until=str(key.get(ended) or key["notAfter"])[:10],
        ended=ended,
        signed=tuple(dict.fromkeys(f"{axis.place(datetime.fromisoformat(each))}" for each in made)),
        times=tuple(made),
    )


def _path(pem: str) -> tuple[str, ...]:
    if not pem:
        return ()
    certificate = x509.load_pem_x509_certificate(pem.encode())
    names = [_name(certificate.issuer), _name(certificate.subject)]
    return tuple(dict.fromkeys(names))


def _name(name: x509.Name) -> str:
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(common[0].value) if common else name.rfc4514_string()


def proof(connection: Connection, told: Sequence[Told]) -> dict[str, Any]:
    """The way of the document's own leaf; nothing while it waits for its place."""
    place = next((each.row.position for each in told if each.row.kind == "document"), None)
    size = log.size_of(connection)
    if place is None or place >= size:
        return {"drawing": Markup(""), "nodes": [], "leaf": None, "tree_size": size}
    found = proof_of_leaf(connection, place, size)
    return {"drawing": found["drawing"], "nodes": found["nodes"], "leaf": place, "tree_size": size}
