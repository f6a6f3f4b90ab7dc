"""Issuance, in the platform's role (DCSA eBL Issuance 3.0.4).

1. What is no request at all is refused at once (400), and so is a reference that was used before and is pending or done
   (409). All else is taken (204), and answered by an issuance response: the title, or the refusal, is stored in the
   same transaction as the response, which the courier sends until the carrier takes it.
2. `BREQ`: the request has an error (signature, checksums, the document itself). `REFU`: it is in order, and the party
   or its platform is not one that this platform can deliver to. After either the carrier may ask again.
3. Who gets possession may be on another platform: then the title is under way there at once (PINT, ISSUE), and the
   response waits for the outcome: `ISSU` when it is accepted, `REFU` when it is refused for good.
   With a control tracking registry it waits for that in any case: a title is registered before anybody hears that it
   is issued, so that nobody has the carrier's word who could register it first, and none is issued on two platforms.
4. A title in the place of another one needs that one to have ended, by amendment or by a switch to paper, and is of
   another document: a document has one title, and what has ended does not begin again. One that
   names a document which was never a title here comes in the place of a paper bill, and says so.
   In the place of one there comes one: what was replaced here is not replaced again, as long as that stands.
5. The registries that the platform consults are asked first: what one of them has is issued already, and refused
   (`REFU`). Where one is silent nothing is decided (503), and the carrier asks again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from schemas.bill_of_lading import issuance, pint
from schemas.bill_of_lading.issuance import IssuanceCode, IssuanceRequest
from schemas.bill_of_lading.pint import ActionCode, DocumentMetadata, IssuanceManifest, Party, Transaction
from schemas.bill_of_lading.title import Status, Title, issue, paper_statement
from schemas.content import json_or_finding
from schemas.findings import Finding, errors, finding
from tradebridge.ebl import files, refusals, registry, seal, steps, tables, titles, transfers
from tradebridge.ebl.host import Caller, Host, carrier_party, user_account
from tradebridge.ebl.titles import Held

__all__ = ["concluded", "refusals", "request"]

RESPONSES = "/ebl/v3/ebl-issuance-responses"
PENDING = "pending"
_REFU = frozenset({"control.registered", "issuance.unknown-party", "title.unknown-platform", "title.sea-waybill"})
"""What the request itself cannot mend."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request of the right shape."""

    raw: dict[str, Any]
    request: IssuanceRequest
    carrier: str
    checksum: str
    visualisation: DocumentMetadata | None
    arrived: tuple[files.Arrived, ...] = ()
    """Of the visualisation."""

    @property
    def key(self) -> tuple[str, str, str]:
        return titles.identity(self.raw["document"])


async def request(host: Host, caller: Caller, data: bytes) -> tuple[Finding, ...]:
    """An issuance request: nothing to refuse, and it is durable (204); or why it is refused."""
    raw = json_or_finding(data)
    if isinstance(raw, Finding):
        return (raw,)
    read = pint.read(IssuanceRequest, raw)
    if isinstance(read, tuple):
        return read
    carrier = titles.identity(raw["document"])[0]
    if carrier not in caller.carriers:
        expected = " or ".join(sorted(caller.carriers))
        return (finding("issuance.other-carrier", "/document/carrierCode", found=carrier, expected=expected),)
    visualisation = _visualisation(read)
    asked = _Asked(raw, read, carrier, pint.checksum(raw["document"]), visualisation)
    found = _judge(host, asked)
    elsewhere = None if found else await registry.left_out(host, host.registry, asked.checksum)
    if elsewhere is not None:
        base, stand = elsewhere
        if stand is registry.Stand.SILENT:
            return (finding("pint.registry-silent", found=base),)
        found = (finding("control.registered", "/document", found=base),)
    async with files.passing(host.files, [] if found else _contents(asked), host.limits.file) as arrived:
        await host.step(steps.ISSUE_ARRIVED)
        refused = await host.do(lambda connection: _settle(connection, host, replace(asked, arrived=arrived), found))
    if not refused:
        host.wake()
        await host.step(steps.ISSUE_STORED)
    return refused


def _contents(asked: _Asked) -> list[bytes]:
    if asked.visualisation is None:
        return []
    return [issuance.decoded(asked.raw["eBLVisualisationByCarrier"]["content"]) or b""]


def _visualisation(read: IssuanceRequest) -> DocumentMetadata | None:
    sent = read.ebl_visualisation_by_carrier
    data = None if sent is None else issuance.decoded(sent.content)
    if sent is None or not data:
        return None
    return DocumentMetadata(
        name=" ".join(sent.name.split()) or "eBL",
        size=len(data),
        media_type=sent.content_type,
        document_checksum=pint.bytes_checksum(data),
    )


def _judge(host: Host, asked: _Asked) -> tuple[Finding, ...]:
    """What is wrong with the request, as far as the store need not be asked."""
    trusted = host.peers().carriers[asked.carrier].trusted
    opened = seal.open_sealed(asked.request.issuance_manifest_signed_content, trusted, host.now())
    if isinstance(opened, Finding):
        return (opened,)
    manifest = pint.read(IssuanceManifest, opened)
    if isinstance(manifest, tuple):
        return manifest
    found = [*issuance.judge_manifest(asked.raw, manifest)]
    found += issuance.judge_replacements(asked.request.transport_document_replacements)
    found += _judge_recipient(host, asked.request.issue_to.party)
    return tuple(errors(found))


def _judge_recipient(host: Host, party: Party) -> tuple[Finding, ...]:
    if party.ebl_platform == host.code:
        if user_account(host, party) is None:
            return (finding("issuance.unknown-party", "/issueTo/identifyingCodes", found=party.party_name),)
    elif not host.peers().connected(party.ebl_platform):
        return (finding("title.unknown-platform", "/issueTo/sendToPlatform", found=party.ebl_platform),)
    return ()


def _settle(connection: Connection, host: Host, asked: _Asked, found: tuple[Finding, ...]) -> tuple[Finding, ...]:
    carrier, reference, version = asked.key
    same = tables.issuances.c
    rows = connection.execute(
        select(tables.issuances).where((same.carrier == carrier) & (same.reference == reference))
    ).all()
    used = any(row.version == version and row.state in (PENDING, IssuanceCode.ISSU) for row in rows)
    earlier = titles.find(connection, reference, carrier=carrier, lock=True)
    if used or (earlier is not None and _is_in_force(earlier)):
        return (finding("issuance.reference-used", "/document/transportDocumentReference", found=reference),)
    request_id = transfers.derived("iss", asked.checksum, len(rows))
    if not found:
        found = _issue(connection, host, asked, request_id, _replaced(connection, asked, earlier))
    _store(connection, host, asked, request_id, found)
    return ()


def _is_in_force(held: Held) -> bool:
    """Here, on its way, or on another platform: a bill of lading has one title, wherever that is."""
    return held.at in titles.OPERATIVE or (held.at == titles.AWAY and not held.title.ended)


@dataclass(frozen=True, slots=True)
class _Replaced:
    """In the place of what a title comes."""

    title: Title | None = None
    paper: str = ""
    """Number of the paper bill."""
    key: str = ""
    """What `Held.replaces` says of it."""


def _replaced(connection: Connection, asked: _Asked, earlier: Held | None) -> _Replaced:
    """The title in whose place this one comes, and the paper bill, if any (rule 4)."""
    if earlier is not None and earlier.title.ended:
        return _in_the_place_of(earlier)
    refused = (
        titles.by_id(connection, earlier.replaces, lock=True) if earlier is not None and earlier.replaces else None
    )
    if refused is not None:  # what was to come in its place was refused elsewhere: this one is to
        return _in_the_place_of(refused)
    replacements = asked.request.transport_document_replacements
    old = (replacements.old_transport_document_references or ()) if replacements else ()
    if not old:
        return _Replaced()
    number = old[0].transport_document_reference
    named = titles.find(connection, number, carrier=asked.carrier, lock=True)
    if named is None:
        return _Replaced(paper=number, key=f"paper {asked.carrier} {number}"[:100])
    return _in_the_place_of(named)


def _in_the_place_of(held: Held) -> _Replaced:
    title = held.title
    return _Replaced(title, title.name if title.status is Status.PAPER else "", held.id)


def _issue(
    connection: Connection, host: Host, asked: _Asked, request_id: str, replaced: _Replaced
) -> tuple[Finding, ...]:
    """Make the title; or all that forbids it."""
    earlier, paper = replaced.title, replaced.paper
    document = asked.raw["document"]
    stands = titles.in_the_place_of(connection, replaced.key) if replaced.key else None
    if stands is not None and stands.id != asked.checksum:
        pointer = "/transportDocumentReplacements/oldTransportDocumentReferences"
        return (finding("title.replaced-already", pointer, found=stands.title.name),)
    before = titles.by_id(connection, asked.checksum, lock=True)  # one that another platform has refused to take
    if before is not None and before.title.ended:
        found = f"{before.title.name}, {before.title.status}"
        return (finding("title.same-document", "/document/transportDocumentSubReference", found=found),)
    peer = host.peers().carriers[asked.carrier]
    recipient = _recipient(asked)
    transaction = Transaction(
        action_code=ActionCode.ISSUE,
        actor=carrier_party(host, peer, str(document.get("carrierCodeListProvider") or "ZZZ")),
        recipient=recipient,
        action_date_time=host.now(),
        comments=paper_statement(paper) if paper else None,
        audit_reference=request_id,
    )
    title = issue(document, transaction, earlier)
    if not isinstance(title, Title):
        return title
    held = replace(_held(host, asked, transaction), replaces=replaced.key)
    if recipient.ebl_platform == host.code and held.registry is None:
        titles.write(connection, host, "title.issued", held, before)
    else:
        transfers.hand_over(connection, host, held, (), recipient.ebl_platform, issuance=request_id, before=before)
    if asked.visualisation is not None:
        titles.add_files(connection, held.id, (asked.visualisation,), asked.carrier)
        files.name(host.files, held.id, asked.arrived)
    return ()


def _recipient(asked: _Asked) -> Party:
    """`issueTo` as a party, with every member that the carrier wrote: its checksum must come out again."""
    given = dict(asked.raw["issueTo"])
    return Party.model_validate({"eblPlatform": given.pop("sendToPlatform"), **given})


def _held(host: Host, asked: _Asked, transaction: Transaction) -> Held:
    carrier, reference, version = asked.key
    recipient = asked.request.issue_to.party
    here = recipient.ebl_platform == host.code
    return Held(
        id=asked.checksum,
        carrier=carrier,
        reference=reference,
        version=version,
        at=titles.HERE,
        account=user_account(host, recipient) if here else None,
        sequence=1,
        document=asked.raw["document"],
        issuance_manifest=asked.request.issuance_manifest_signed_content,
        visualisation=asked.visualisation,
        registry=host.registry,
        signed=(),
        pending=(transaction,),
        transfer=None,
        ordinal=0,
        updated_at="",
    )


def _store(connection: Connection, host: Host, asked: _Asked, request_id: str, found: Sequence[Finding]) -> None:
    """The request with its verdict; and the response, unless it waits for another platform (rule 3)."""
    carrier, reference, version = asked.key
    waits = host.registry is not None or asked.request.issue_to.send_to_platform != host.code
    state = _verdict(found) if found or not waits else PENDING
    connection.execute(
        insert(tables.issuances).values(
            id=request_id,
            carrier=carrier,
            reference=reference,
            version=version,
            title=asked.checksum,
            state=state,
            findings=titles.text_of([each.to_json() for each in found]),
            received_at=pint.written(host.now()),
        )
    )
    if state != PENDING:
        _respond(connection, host, carrier, reference, version, IssuanceCode(state), found)


def _verdict(found: Sequence[Finding]) -> str:
    if not found:
        return IssuanceCode.ISSU.value
    return (IssuanceCode.REFU if all(each.code in _REFU for each in found) else IssuanceCode.BREQ).value


def _respond(
    connection: Connection,
    host: Host,
    carrier: str,
    reference: str,
    version: str,
    code: IssuanceCode,
    found: Sequence[Finding],
) -> None:
    body: dict[str, Any] = {"transportDocumentReference": reference}
    if version:
        body["transportDocumentSubReference"] = version
    body["issuanceResponseCode"] = code.value
    if found:
        body["reason"] = _reason(found[0])
        body["errors"] = [{"reason": _reason(each), "errorCode": each.code[:50]} for each in found[:255]]
    transfers.called(connection, host, "issuance-response", carrier, RESPONSES, body)


def _reason(found: Finding) -> str:
    said = f"{found.message} Found: {found.found}" if found.found else found.message
    return said[:255].strip()


def concluded(connection: Connection, host: Host, request_id: str, refused: Finding | None) -> None:
    """The title was issued to another platform, and that has its outcome: the carrier hears of it (rule 3). `refused`:
    why it cannot be had there for good; None: it was accepted."""
    where = (tables.issuances.c.id == request_id) & (tables.issuances.c.state == PENDING)
    row = connection.execute(select(tables.issuances).where(where)).one_or_none()
    if row is None:
        return
    code = IssuanceCode.REFU if refused else IssuanceCode.ISSU
    found = (refused,) if refused else ()
    connection.execute(update(tables.issuances).where(where).values(state=code.value))
    _respond(connection, host, row.carrier, row.reference, row.version, code, found)
