"""Certification authorities of members, and their revocation lists: how they are registered, kept, and fetched.

1. An authority is registered by the operator: its chain in PEM with the anchor first, and the subject that the member's
   certificates bear. A member may have several.
2. A revocation list comes from the operator, or from the one address that the operator gave for the authority. No
   address in a certificate or a message is ever followed, nor a redirect; it is called within `exchange.reach`.
3. A list replaces an older one of the same authority. Its number never falls, and its time never goes back.
4. One that was the newest while a member of its authority handed something in, or acknowledged something, is kept, and
   goes into the evidence: a later one need not tell any more of a certificate that has expired.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import delete, select
from sqlalchemy.engine import Connection

from exchange.reach import Looked, Reach
from exchange.store import tables as t
from schemas.content import sha256_hex
from schemas.findings import Finding, finding
from tradebridge.evidence.authorities import DOCUMENT_SIGNING, BadAuthority, TrustedAuthority
from tradebridge.evidence.revocation import MAX_LIST, RevocationList, read_revocation_list
from tradebridge.evidence.times import from_rfc3339, rfc3339
from tradebridge.outbound import tls_context

if TYPE_CHECKING:
    from exchange.hub import Hub

logger = structlog.get_logger(__name__)

PURPOSES = ("document", "event", "ack")
MOST = 8
"""Authorities of one member."""
FETCH_SECONDS = 15.0
"""How often it is looked which lists want to be fetched anew."""


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority of a member as it is registered."""

    id: str
    member: str
    crl_url: str | None
    trusted: TrustedAuthority

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id, **self.trusted.to_json(), **({"crlUrl": self.crl_url} if self.crl_url else {})}


def add_authority(connection: Connection, member: str, given: Mapping[str, Any], pointer: str = "") -> Finding | None:
    """Register one: `{"chain": PEM, "subject": RFC 4514, "purposes", "usages": [OID], "revocation": bool, "crlUrl"}`,
    all but the first two as usual unless told."""
    authority = _read(given, pointer)
    if isinstance(authority, Finding):
        return authority
    url = given.get("crlUrl")
    authority_id = authority.id_of(member)
    known = set(connection.execute(select(t.authorities.c.id).where(t.authorities.c.member == member)).scalars())
    if authority_id in known:
        return finding("authority.exists", f"{pointer}/chain", found=authority_id)
    if len(known) >= MOST:
        return _wrong(f"{pointer}/chain", f"{len(known)} authorities", f"at most {MOST}")
    connection.execute(
        t.authorities.insert(),
        {
            "id": authority_id,
            "member": member,
            "chain": "".join(each.public_bytes(Encoding.PEM).decode() for each in authority.chain),
            "subject": authority.subject.rfc4514_string(),
            "purposes": " ".join(sorted(authority.purposes)),
            "usages": " ".join(sorted(each.dotted_string for each in authority.usages)),
            "revocation": authority.revocation,
            "crl_url": url,
        },
    )
    return None


def _read(given: Mapping[str, Any], pointer: str) -> TrustedAuthority | Finding:
    for name in given.keys() - {"chain", "subject", "purposes", "usages", "revocation", "crlUrl"}:
        return _wrong(f"{pointer}/{name}", name, "no such member")
    purposes, usages = given.get("purposes", list(PURPOSES)), given.get("usages", [DOCUMENT_SIGNING.dotted_string])
    if not isinstance(purposes, list) or not purposes or any(each not in PURPOSES for each in purposes):
        return _wrong(f"{pointer}/purposes", purposes, ", ".join(PURPOSES))
    if not isinstance(usages, list) or not 1 <= len(usages) <= 10 or not all(isinstance(each, str) for each in usages):
        return _wrong(f"{pointer}/usages", usages, "OIDs of extended key usages")
    revocation, url = given.get("revocation", True), given.get("crlUrl")
    if type(revocation) is not bool:
        return _wrong(f"{pointer}/revocation", revocation, "true or false")
    if url is not None and not _is_address(url):
        return _wrong(f"{pointer}/crlUrl", url, "an http or https address")
    subject = given.get("subject")
    if not isinstance(subject, str) or not 1 <= len(subject) <= 500:
        return _wrong(f"{pointer}/subject", subject, "a name of RFC 4514, as O=Department of Foreign Trade,C=TH")
    try:
        chain = x509.load_pem_x509_certificates(str(given.get("chain", "")).encode())
        for issuer, issued in pairwise(chain):
            issued.verify_directly_issued_by(issuer)
        oids = [x509.ObjectIdentifier(each) for each in usages]
        bears = x509.Name.from_rfc4514_string(subject)
        return TrustedAuthority.of(chain, bears, purposes, oids, revocation=revocation)
    except BadAuthority as error:
        return _wrong(f"{pointer}/chain", error, "certificates of authorities, the anchor first, and a subject")
    except (InvalidSignature, ValueError, TypeError) as error:
        return _wrong(
            f"{pointer}/chain",
            str(error)[:200] or "a certificate that the one before did not sign",
            "certificates in PEM, a subject of RFC 4514, OIDs",
        )


def _wrong(pointer: str, found: object, expected: str) -> Finding:
    return finding("member.malformed", pointer, found=found, expected=expected)


def _is_address(url: object) -> bool:
    if not isinstance(url, str) or not url.isprintable() or not len(url) <= 1000 or " " in url:
        return False
    try:
        return urlsplit(url).scheme in ("http", "https") and bool(urlsplit(url).hostname)
    except ValueError:
        return False


def load_authorities(connection: Connection) -> dict[str, tuple[Authority, ...]]:
    """By member."""
    found: dict[str, list[Authority]] = {}
    for row in connection.execute(select(t.authorities).order_by(t.authorities.c.id)):
        trusted = TrustedAuthority.of(
            x509.load_pem_x509_certificates(row.chain.encode()),
            x509.Name.from_rfc4514_string(row.subject),
            row.purposes.split(),
            [x509.ObjectIdentifier(each) for each in row.usages.split()],
            revocation=row.revocation,
            distrusted=from_rfc3339(row.distrusted) if row.distrusted else None,
            withdrawn=from_rfc3339(row.withdrawn) if row.withdrawn else None,
        )
        found.setdefault(row.member, []).append(Authority(row.id, row.member, row.crl_url, trusted))
    return {member: tuple(each) for member, each in found.items()}


def described_authorities(connection: Connection, member: str) -> list[dict[str, Any]]:
    """Of a member, as a record may tell them."""
    rows = connection.execute(
        select(t.authorities).where(t.authorities.c.member == member).order_by(t.authorities.c.id)
    )
    names = ("id", "subject", "purposes", "revocation", "crl_url", "withdrawn", "distrusted")
    return [{name: getattr(row, name) for name in names} for row in rows]


# --- Revocation lists ------------------------------------------------------------------------------------------------


def issuers_of(authorities: Mapping[str, Sequence[Authority]]) -> list[x509.Certificate]:
    """All certificates that may sign a revocation list."""
    return [each for own in authorities.values() for authority in own for each in authority.trusted.chain]


def load_lists(connection: Connection, authorities: Mapping[str, Sequence[Authority]]) -> tuple[RevocationList, ...]:
    """The newest list of each authority."""
    if not authorities:
        return ()
    issuers = issuers_of(authorities)
    read = [
        read_revocation_list(row.data, issuers)
        for row in connection.execute(select(t.revocation_lists).order_by(t.revocation_lists.c.issuer))
    ]
    return tuple(each for each in read if isinstance(each, RevocationList))


def keep_list(connection: Connection, data: bytes, now: datetime) -> RevocationList | Finding:
    """Take a list in the place of the one before it (rule 3)."""
    authorities = load_authorities(connection)
    read = read_revocation_list(data, issuers_of(authorities))
    if isinstance(read, Finding):
        return read
    own = t.revocation_lists.c.issuer == read.issuer
    before = connection.execute(select(t.revocation_lists).where(own)).first()
    if before is not None and (int(before.number) > read.number or before.this_update > rfc3339(read.this_update)):
        found = f"list {read.number} of {rfc3339(read.this_update)}"
        expected = f"at least {before.number}, of {before.this_update} or later"
        return finding("trust.revocation-list", found=found, expected=expected, attack="REV-2")
    connection.execute(delete(t.revocation_lists).where(own))
    connection.execute(
        t.revocation_lists.insert(),
        {
            "issuer": read.issuer,
            "number": str(read.number),
            "this_update": rfc3339(read.this_update),
            "next_update": rfc3339(read.next_update),
            "data": read.data,
        },
    )
    _keep_for_evidence(connection, read, authorities, now)
    return read


def _keep_for_evidence(
    connection: Connection, read: RevocationList, authorities: Mapping[str, Sequence[Authority]], now: datetime
) -> None:
    """Rule 4: this one from now on, and of the one before it if anything was accepted or taken in its time."""
    kept, digest = t.kept_lists.c, sha256_hex(read.data)
    own = [member for member, each in authorities.items() if read.issuer in _names(each)]
    before = connection.execute(select(kept.digest, kept.taken_at).where(kept.issuer == read.issuer)).all()
    if any(row.digest == digest for row in before):
        return
    last = max(before, key=lambda row: row.taken_at, default=None)
    if last is not None and not _was_used(connection, own, last.taken_at):
        connection.execute(delete(t.kept_lists).where(kept.digest == last.digest))
    row = {"digest": digest, "issuer": read.issuer, "taken_at": rfc3339(now), "data": read.data}
    connection.execute(t.kept_lists.insert(), row)


def _was_used(connection: Connection, members: Sequence[str], since: str) -> bool:
    """Whether one of these members has said anything since then that stands on a signature."""
    by = t.messages.c.member.in_(members) | t.documents.c.issuer.in_(members)
    joined = t.messages.outerjoin(t.documents, t.documents.c.message_id == t.messages.c.id)
    handed_in = select(t.messages.c.id).select_from(joined).where(t.messages.c.received_at >= since, by)
    row = t.deliveries.c
    taken = select(row.id).where(row.settled_at >= since, row.recipient.in_(members), row.acknowledgement.is_not(None))
    return any(connection.execute(query.limit(1)).first() is not None for query in (handed_in, taken))


def _names(authorities: Iterable[Authority]) -> set[str]:
    """Of all their certificates, as lists name their issuer."""
    return {sha256_hex(each.public_bytes(Encoding.DER)) for own in authorities for each in own.trusted.chain}


def lists_for(connection: Connection, said: Iterable[tuple[str, str]]) -> list[bytes]:
    """The lists that were the newest when these members said something, at these times (RFC 3339), in a fixed order."""
    wanted = set(said)
    issuing = {member: each for member, each in load_authorities(connection).items() if member in dict(wanted)}
    found: dict[str, bytes] = {}
    for member, at in sorted(wanted):
        for issuer in _names(issuing.get(member, ())):
            kept = t.kept_lists.c
            query = select(kept.digest, kept.data).where(kept.issuer == issuer, kept.taken_at <= at)
            row = connection.execute(query.order_by(kept.taken_at.desc()).limit(1)).first()
            if row is not None:
                found[row.digest] = row.data
    return [found[each] for each in sorted(found)]


def kept_lists(connection: Connection, most: int) -> list[bytes]:
    """All that are kept (rule 4), the newest first, up to so many bytes."""
    found: list[bytes] = []
    for row in connection.execute(select(t.kept_lists.c.data).order_by(t.kept_lists.c.taken_at.desc())):
        most -= len(row.data)
        if most < 0:
            break
        found.append(row.data)
    return found


def told_of(read: RevocationList) -> dict[str, Any]:
    """A list as the API shows it."""
    return {
        "issuer": read.issuer,
        "number": str(read.number),
        "thisUpdate": rfc3339(read.this_update),
        "nextUpdate": rfc3339(read.next_update),
        "digest": sha256_hex(read.data),
    }


class ListFetcher:
    """Fetches the lists of authorities that have an address. `run` is a task of the hub."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        timeout = httpx.Timeout(hub.settings.push_timeout_seconds)
        out = httpx.AsyncHTTPTransport(verify=tls_context(), trust_env=False)
        looked = Looked(Reach(private=hub.settings.mode != "pilot"), out)
        self._client = httpx.AsyncClient(transport=looked, timeout=timeout, follow_redirects=False, trust_env=False)

    async def run(self) -> None:
        while True:
            try:
                await self.look()
            except Exception:
                # It must outlive whatever others answer, and a store that is away: the next look finds the same.
                logger.exception("fetching revocation lists failed; trying again")
            await asyncio.sleep(FETCH_SECONDS)

    async def look(self) -> int:
        """Fetch what is missing, or in the last third of its time. Gives how many were taken."""
        if not any(member.authorities for member in self._hub.registry.trust.members):
            return 0
        known = await self._hub.ask(load_authorities)
        taken = 0
        for url in sorted({each.crl_url or "" for own in known.values() for each in own if self._wants(each)}):
            data = await self._fetch(url)
            taken += data is not None and await self._keep(url, data)
        return taken

    def _wants(self, authority: Authority) -> bool:
        if authority.crl_url is None or not authority.trusted.revocation:
            return False
        name = sha256_hex(authority.trusted.chain[-1].public_bytes(Encoding.DER))
        now = self._hub.clock.now()
        own = [each for each in self._hub.registry.trust.revocations if each.issuer == name]
        return not own or any(now > each.next_update - (each.next_update - each.this_update) / 3 for each in own)

    async def _keep(self, url: str, data: bytes) -> bool:
        found = await self._hub.take_list(data)
        if isinstance(found, Finding):
            logger.warning("a revocation list is refused", url=url, found=found.found, expected=found.expected)
            return False
        return True

    async def _fetch(self, url: str) -> bytes | None:
        try:
            async with self._client.stream("GET", url) as answer:
                if answer.status_code != 200:
                    logger.warning("no revocation list", url=url, status=answer.status_code)
                    return None
                data = bytearray()
                async for chunk in answer.aiter_bytes():
                    data += chunk
                    if len(data) > MAX_LIST:
                        logger.warning("a revocation list is too long", url=url)
                        return None
                return bytes(data)
        except httpx.HTTPError as error:
            logger.warning("nobody answered", url=url, error=repr(error)[:200])
            return None

    async def close(self) -> None:
        await self._client.aclose()
