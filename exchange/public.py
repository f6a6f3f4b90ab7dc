"""What the hub tells anybody who asks about a document: the four answers of `tradebridge.evidence`, as of now.

1. Who asks has the document, its digests, or number and code of its print. Nothing else leads to a document, and what
   leads nowhere looks the same whether it nearly did or not.
2. The hub judges by its evidence as anybody could, with its own trust list. Two things it adds on its own word: that a
   carrier's issuance manifest was verified when a title came, and that nothing has ended the document up to now.
3. What is told of a document is what its holder may know: the answers, and the proof that it stands on the record. Who
   received it, and what recipients decided, is not told.
4. Of a document whose content retention has deleted, that is the answer, with the day. Who gives the document itself
   gets it judged by the record and receipt, which stay; whether something had ended it, the hub tells on its own word.
"""

from base64 import b64encode
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.engine import Connection

from exchange import retention, titles
from exchange.bundles import evidence_of
from exchange.paper import code_of, has_paper, is_code
from exchange.store import queries
from exchange.store import tables as t
from exchange.store.queries import Stored
from schemas.content import Content, open_content
from tradebridge.evidence import given as given_files
from tradebridge.evidence.refusals import finding
from tradebridge.evidence.report import Report, Verdict, answer
from tradebridge.evidence.times import rfc3339
from tradebridge.evidence.told import NUMBER, Told, proof_of, with_hub
from tradebridge.evidence.verify import verify_evidence

if TYPE_CHECKING:
    from exchange.hub import Hub

_MOST_OF_A_NUMBER = 50
"""Documents of one number: each issuer has numbers of its own."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found out about a document that somebody asked for."""

    report: Report
    stored: Stored | None = None
    """The document as this hub has it; None: it has it not, or it cannot be told."""
    proof: dict[str, Any] | None = None
    """That it stands on the record: `tradebridge.evidence.told`."""
    document: bytes | None = None
    """The document that was given."""


def by_code(hub: "Hub", number: str, code: str) -> Stored | None:
    """The document of this number whose code it is."""
    with hub.database.reading.connect() as connection:
        known = queries.documents(connection, None, _MOST_OF_A_NUMBER, None, number=number).items
        for summary in known:
            if has_paper(summary) and is_code(code, code_of(hub, summary["id"], summary["contentDigest"])):
                return queries.document(connection, None, summary["id"])
    return None


def by_digests(hub: "Hub", content_digest: str, bytes_digest: str) -> Stored | None:
    """The document with both digests. The one of the bytes is over a signature: nobody guesses it."""
    with hub.database.reading.connect() as connection:
        return _by_digests(connection, content_digest, bytes_digest)


def _by_digests(connection: Connection, content_digest: str, bytes_digest: str) -> Stored | None:
    query = (
        select(t.documents.c.id)
        .join(t.messages, t.messages.c.id == t.documents.c.message_id)
        .where(t.documents.c.content_digest == content_digest, t.messages.c.bytes_digest == bytes_digest)
    )
    known = connection.execute(query).scalar()
    return queries.document(connection, None, known) if known is not None else None


def check_known(hub: "Hub", stored: Stored, judged: str = "document", document: bytes | None = None) -> Checked:
    """A document of this hub, for who has it or its digests. `document`: its bytes, as they were given."""
    if stored.deleted:
        return _check_deleted(hub, stored, judged, document)
    now = hub.clock.now()
    evidence = evidence_of(hub, stored, None)
    report = replace(verify_evidence(evidence, hub.trust_to_judge(), now), judged=judged)
    with hub.database.reading.connect() as connection:
        held = titles.of_document(connection, stored.summary["id"])
    if held is not None and stored.signer is None and report.issued.verdict is Verdict.COULD_NOT_CHECK:
        manifest = f"The carrier {held.carrier} signed its issuance manifest, verified when the title came."
        report = replace(report, issued=answer("issued", [], manifest, who=held.carrier))
    if report.valid.verdict is Verdict.YES:  # without what its recipients decided
        report = replace(report, valid=answer("valid", [], f"Nothing on the record has ended it up to {rfc3339(now)}."))
    return Checked(report, stored, proof_of(evidence))


def _check_deleted(hub: "Hub", stored: Stored, judged: str, document: bytes | None) -> Checked:
    """Rule 4."""
    evidence = evidence_of(hub, stored, None)
    if document is not None:
        evidence["document"]["bytes"] = b64encode(document).decode()
    report = replace(verify_evidence(evidence, hub.trust_to_judge(), hub.clock.now()), judged=judged)
    with hub.database.reading.connect() as connection:
        deleted = [retention.gone(connection, stored.summary["id"])]
    if document is None:
        report = replace(
            report,
            number=stored.summary["number"],
            unchanged=answer("unchanged", deleted, ""),
            issued=answer("issued", deleted, ""),
        )
    state = stored.summary["state"]
    ended = [] if state == "live" else [finding(f"evidence.{state}")]
    return Checked(replace(report, valid=answer("valid", [*ended, *deleted], "")), stored, proof_of(evidence))


def check_print(hub: "Hub", stored: Stored) -> Checked:
    """A document of this hub, for who has number and code of its print."""
    checked = check_known(hub, stored, NUMBER)
    if checked.report.unchanged.verdict is not Verdict.YES:
        return checked
    return replace(
        checked, report=replace(checked.report, unchanged=answer("unchanged", [finding("evidence.paper")], ""))
    )


def check_file(hub: "Hub", data: bytes) -> Checked:
    """A file that somebody has given, whatever it is; with what this hub knows of the document in it."""
    trust, now = hub.trust_to_judge(), hub.clock.now()
    given = given_files.recognise(data, trust)
    report = given_files.verify_given(given, trust, now)
    document = given_files.document_in(given)
    content = None if document is None else open_content(document)
    if not isinstance(content, Content):
        return Checked(report, document=document)
    stored = by_digests(hub, content.content_digest, content.bytes_digest)
    if stored is not None:
        return replace(_with_own(report, check_known(hub, stored, document=document)), document=document)
    if given_files.is_alone(given):
        report = with_hub(report, Told(found=False), content.received, trust, now)
    return Checked(report, document=document)


def _with_own(report: Report, own: Checked) -> Checked:
    """Of just the bytes that were accepted. What stands in the file beside them is judged by the file; what became of
    the document, by what the hub knows now."""
    told = own.report
    if report.judged == given_files.DOCUMENT:
        return own
    if report.judged == given_files.PDF:
        unchanged = told.unchanged if told.unchanged.verdict is Verdict.NO else report.unchanged
        return replace(own, report=replace(told, unchanged=unchanged, judged=given_files.PDF))
    return replace(own, report=replace(report, valid=told.valid, recorded=told.recorded))
