"""A document on paper: its form or sheet with what the hub knows of it, and the code by which a reader checks it.

1. The code is 80 bits: HMAC-SHA256 under the hub's secret over document id and content digest, in Crockford's base32.
   It is derived when it is asked for and stored nowhere; it belongs to this document from its acceptance on.
2. It stands in the fragment of an address, so that it reaches no log on the way; who has it has held the paper.
3. It says who controls an electronic bill of lading, and which other documents its consignment has, as far as who asks
   may see that.
4. Paper says what is not so: SPECIMEN in simulation, and across it the state of a document that no longer lives.
"""

import hmac
from base64 import b32encode
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy.engine import Connection

from exchange import titles
from exchange.consignments import linked
from exchange.store.queries import Stored
from schemas.findings import Finding, finding
from schemas.registry import Document, profile_of, read_again
from tradebridge.ebl.titles import Held
from tradebridge.render import paper
from tradebridge.render.form import Line, Link, Standing, Verify
from tradebridge.render.paper import Paper, paper_of

if TYPE_CHECKING:
    from exchange.hub import Hub

_CROCKFORD = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789abcdefghjkmnpqrstvwxyz")
_READ_AS = str.maketrans({"i": "1", "l": "1", "o": "0", "-": "", " ": ""})
CODE_BYTES = 10


def code_of(hub: "Hub", document_id: str, content_digest: str) -> str:
    """Sixteen characters."""
    mac = hmac.digest(hub.keys.code_key, f"{document_id} {content_digest}".encode(), "sha256")
    return b32encode(mac[:CODE_BYTES]).translate(_CROCKFORD).decode()


def is_code(given: str, code: str) -> bool:
    """Whether somebody typed this code: in groups or not, in either case, with O for 0 and I or L for 1."""
    return hmac.compare_digest(given.strip().lower().translate(_READ_AS).encode(), code.encode())


def grouped(code: str) -> str:
    """As printed: four groups of four."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def verify_of(hub: "Hub", summary: dict[str, Any], base_url: str) -> Verify | None:
    """Where and by which code the document can be checked; None for one without a number."""
    if summary["number"] is None:
        return None
    code = code_of(hub, summary["id"], summary["contentDigest"])
    prefix = f"/s/{hub.space}" if hub.space else ""
    return Verify(f"{base_url}{prefix}/v/{quote(summary['number'], safe='')}#k={code}", grouped(code))


def has_paper(summary: dict[str, Any]) -> bool:
    """Whether this kind of document has a paper form."""
    return paper.has_paper(profile_of(summary["profile"]))


def paper_for(hub: "Hub", stored: Stored, base_url: str, member: str | None) -> Paper | Finding:
    """The document's paper view, as the hub would print it now for this member (None: the operator)."""
    document = document_of(stored)
    if document is None:
        return finding("render.no-form", found=stored.summary["profile"])
    with hub.database.reading.connect() as connection:
        held = titles.of_document(connection, stored.summary["id"])
        standing = Standing(
            _marks(hub, stored),
            signature_of(stored, held),
            verify_of(hub, stored.summary, base_url),
            tuple(_control(hub, held, member)),
            tuple(_beside(connection, hub, stored.summary["id"], member)),
        )
    return paper_of(document, standing)


def _control(hub: "Hub", held: Held | None, member: str | None) -> Iterator[Line]:
    """Of an electronic bill of lading whose title this platform has or had: who possesses it, for who may see that."""
    if held is None or not titles.sees(hub, held, member):
        return
    title = held.title
    yield Line(f"{title.possessor.party_name} on {title.possessor.ebl_platform}", "Possession, as known here")
    if title.in_trust:
        yield Line("in trust", "Held")
    if title.endorsee is not None and not title.ended:
        yield Line(f"{title.endorsee.party_name} on {title.endorsee.ebl_platform}", "Endorsee")
    status = title.status.replace("-", " ")
    at = held.updated_at.partition(".")[0].removesuffix("Z").replace("T", " ")
    yield Line(f"{status}, sequence {title.sequence}, {held.at} on {hub.platform.code} since {at} UTC", "Status")


def _beside(connection: Connection, hub: "Hub", document_id: str, member: str | None) -> Iterator[Link]:
    """The other documents of its consignment that this member sees."""
    for each in linked(connection, document_id, member):
        profile = profile_of(each["profile"])
        title = profile.title if profile is not None else each["profile"]
        yield Link(f"{title}, No. {each['number']}", hub.links(each["document"])["self"])


def document_of(stored: Stored) -> Document | None:
    """The document, read again from the bytes received."""
    return read_again(stored.summary["profile"], stored.data)


def _marks(hub: "Hub", stored: Stored) -> tuple[str, ...]:
    state = stored.summary["state"]
    return (*(("SPECIMEN",) if hub.simulated else ()), *((state.upper(),) if state != "live" else ()))


def signature_of(stored: Stored, held: Held | None = None) -> str:
    """Who signed it electronically, in words: the document itself, or the manifest that a title begins with."""
    if stored.signer is None and held is not None:
        return f"Issued by the carrier {held.carrier} with a signed issuance manifest, verified when the title came"
    if stored.signer is None:
        return "Not signed by its issuer; the hub attests what it received"
    at = str(stored.signer["signedAt"]).replace("T", " ").replace("Z", " UTC")
    return f"Signed electronically by {stored.signer['member']}, {at}"
