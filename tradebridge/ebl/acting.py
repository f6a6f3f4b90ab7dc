"""What a user of the platform does with a title: the one place where possession and rights change by somebody's will.

1. Who acts is checked by the state machine of the title (`schemas.bill_of_lading.title`); that the actor is who it
   says is the host's affair.
2. Parties on this platform need an active account, and are taken as the platform knows them: a code that somebody adds
   to its own, as that of the endorsee, makes it nobody else. Parties elsewhere need a platform that this one is
   connected with.
3. What moves possession to another platform locks the title and stores an envelope; an endorsement to a party elsewhere
   stores a notice; all else is done here. Each is one transaction, compare-and-set on the title's sequence.
4. A surrender to the carrier asks the carrier (`surrendering.py`) in the same transaction.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy.engine import Connection

from schemas.bill_of_lading import pint
from schemas.bill_of_lading.issuance import decoded
from schemas.bill_of_lading.parties import IdentifyingCode
from schemas.bill_of_lading.pint import ActionCode, DocumentMetadata, Party, Transaction
from schemas.bill_of_lading.title import Title, apply
from schemas.bill_of_lading.values import Many, Part, Whole, at_most, trimmed
from schemas.findings import Finding, finding
from tradebridge.ebl import files, refusals, surrendering, titles, transfers
from tradebridge.ebl.host import Host, account_or_carrier, user_account
from tradebridge.ebl.titles import Held

__all__ = ["Acted", "Action", "act", "refusals"]

_OF_CARRIERS = frozenset({ActionCode.ISSUE, ActionCode.SACC, ActionCode.SREJ})
_SURRENDERS = frozenset({ActionCode.SURRENDER_FOR_DELIVERY, ActionCode.SURRENDER_FOR_AMENDMENT})


class InlineFile(Part):
    """A small supporting document within the action itself."""

    name: Annotated[str, trimmed(255)]
    media_type: Annotated[str, at_most(100)] = "application/octet-stream"
    content: str
    """Base64."""


class Action(Part):
    """The body of `POST /v1/titles/{reference}/actions`."""

    action: ActionCode
    expected_sequence: Whole | None = None
    """The title's sequence that the actor has seen; left out, whatever it is."""
    actor: Party | str
    """A party, or a party code of this platform."""
    recipient: Party | str | None = None
    reason_code: Annotated[str, at_most(4)] | None = None
    comments: Annotated[str, trimmed(255)] | None = None
    documents: Annotated[Many[InlineFile | str], Field(max_length=100)] | None = None
    """Supporting documents of a transfer to another platform: checksums of files that were uploaded, or small files."""


@dataclass(frozen=True, slots=True)
class Acted:
    """What came of an action."""

    held: Held
    transfer: str | None
    """The transfer or notice to another platform that it began."""

    def to_json(self) -> dict[str, Any]:
        return {**titles.summary(self.held), "transfer": self.transfer}


def act(
    connection: Connection,
    host: Host,
    reference: str,
    action: Action,
    supporting: Sequence[DocumentMetadata] = (),
    *,
    carrier: str,
) -> Acted | tuple[Finding, ...]:
    """Do it, within the caller's transaction; or all that refuses it. `supporting`: the documents of the action, which
    are on the disk already, or come there by `Supporting.keep`. `carrier`: whose bill it is; two carriers may give one
    number. Afterwards `host.wake()`. Raises `titles.Moved` where somebody else was faster."""
    held = titles.find(connection, reference, carrier=carrier, lock=True)
    if held is None:
        return (finding("title.unknown", found=reference),)
    refused = _refused_here(held, action)
    if refused:
        return refused
    title = held.title
    transaction = _transaction(host, held, title, action)
    if isinstance(transaction, tuple):
        return transaction
    after = apply(title, transaction)
    found = (*(after if isinstance(after, tuple) else ()), *_strangers(host, transaction))
    if found or isinstance(after, tuple):
        return found
    # What a registry has given to a party whose account was closed is its own when the account is open again.
    owner = held.account or account_or_carrier(host, title.possessor)
    if account_or_carrier(host, transaction.actor) != owner:
        # By one code in common the actor may pass for the possessor; whose account it is decides.
        possessor = title.possessor.party_name
        return (finding("title.not-the-possessor", "/actor", found=transaction.actor.party_name, expected=possessor),)
    titles.add_files(connection, held.id, supporting, host.code)
    return _done(connection, host, held, after, transaction, supporting)


def _refused_here(held: Held, action: Action) -> tuple[Finding, ...]:
    if action.action in _OF_CARRIERS:
        return (finding("title.not-by-users", "/action", found=action.action),)
    if held.at in (titles.SENDING, titles.IN_DOUBT):
        return (finding("title.under-way", found=held.at, expected=titles.HERE),)
    if held.at == titles.AWAY:
        possessor = held.title.possessor
        return (finding("title.elsewhere", found=f"{held.at}: {possessor.party_name}, {possessor.ebl_platform}"),)
    if action.expected_sequence is not None and action.expected_sequence != held.sequence:
        stated = action.expected_sequence
        return (finding("title.old-sequence", "/expectedSequence", found=stated, expected=held.sequence),)
    return ()


def _transaction(host: Host, held: Held, title: Title, action: Action) -> Transaction | tuple[Finding, ...]:
    actor = _named(host, action.actor, "/actor")
    recipient = _named(host, action.recipient, "/recipient")
    if action.recipient is None and action.action in _SURRENDERS:
        recipient = title.carrier
    if isinstance(actor, Finding) or isinstance(recipient, Finding):
        return tuple(each for each in (actor, recipient) if isinstance(each, Finding))
    if actor is None:
        return (finding("title.unknown-party", "/actor", found="nobody"),)
    return Transaction(
        action_code=action.action,
        actor=actor,
        recipient=recipient,
        action_date_time=host.now(),
        reason_code=action.reason_code,
        comments=action.comments,
        # Tells an entry from every other, also from one that was refused before: a refused entry is dead for ever.
        audit_reference=f"{host.code}-{held.id[:16]}-{held.sequence}",
    )


def _named(host: Host, given: Party | str | None, pointer: str) -> Party | Finding | None:
    """The party, also where only its code on this platform was given."""
    if given is None:
        return None
    if isinstance(given, Party):
        return _as_known(host, given)
    account = host.account_of((IdentifyingCode(code_list_provider=host.code, party_code=given),))
    return finding("title.unknown-party", pointer, found=given) if account is None else account.party


def _as_known(host: Host, given: Party) -> Party:
    """Rule 2: of a party that has an account here the account's name and codes, and of the codes given those that alone
    lead to it. On whose behalf it acts is its own to say."""
    account = host.account_of(given.identifying_codes) if given.ebl_platform == host.code else None
    if account is None:
        return given
    own = account.party.identifying_codes
    same = (each for each in given.identifying_codes if each not in own and host.account_of((each,)) is not None)
    return account.party.model_copy(
        update={"identifying_codes": (*own, *same), "represented_party": given.represented_party}
    )


def _strangers(host: Host, transaction: Transaction) -> tuple[Finding, ...]:
    """Parties without an account here, and platforms that are not connected (rule 2)."""
    found = []
    for pointer, party in (("/actor", transaction.actor), ("/recipient", transaction.recipient)):
        if party is None:
            continue
        if party.ebl_platform == host.code:
            surrendered = pointer == "/recipient" and transaction.action_code in _SURRENDERS
            if (account_or_carrier if surrendered else user_account)(host, party) is None:
                found.append(finding("title.unknown-party", pointer, found=party.party_name))
        elif not host.peers().connected(party.ebl_platform) or pointer == "/actor":
            found.append(finding("title.unknown-platform", f"{pointer}/eblPlatform", found=party.ebl_platform))
    return tuple(found)


def _done(
    connection: Connection,
    host: Host,
    held: Held,
    after: Title,
    transaction: Transaction,
    supporting: Sequence[DocumentMetadata],
) -> Acted:
    if after.possessor.ebl_platform != host.code:
        receiver = after.possessor.ebl_platform
        locked, transfer = transfers.hand_over(
            connection, host, held, (transaction,), receiver, supporting, before=held
        )
        return Acted(locked, transfer)
    changed, notice = replace(held, pending=(*held.pending, transaction)), None
    recipient = transaction.recipient
    if recipient is not None and recipient.ebl_platform != host.code:
        changed, notice = transfers.notify(connection, host, held, (transaction,), recipient.ebl_platform)
    changed = replace(changed, account=account_or_carrier(host, after.possessor))
    written = titles.write(connection, host, "title.acted", changed, held)
    if transaction.action_code in _SURRENDERS:
        surrendering.ask(connection, host, written)
    return Acted(written, notice)


@dataclass(frozen=True, slots=True)
class Supporting:
    """The supporting documents of an action."""

    documents: tuple[DocumentMetadata, ...] = ()
    arrived: tuple[files.Arrived, ...] = ()
    """Those that came within the action: `keep` gives them their names."""

    def keep(self, host: Host, acted: Acted) -> None:
        """They belong to the title that was acted on. The last step of the transaction: what is refused keeps none."""
        files.name(host.files, acted.held.id, self.arrived)


@asynccontextmanager
async def uploaded(host: Host, title_id: str, action: Action) -> AsyncIterator[Supporting | Finding]:
    """The supporting documents of an action: small ones put on the disk for as long as this lasts, the others found
    there."""
    documents = _supporting(action, await host.ask(lambda connection: titles.files_of(connection, title_id)))
    if isinstance(documents, Finding):
        yield documents
        return
    contents = [data for _, data in documents if data]
    async with files.passing(host.files, contents, host.limits.file) as arrived:
        yield Supporting(tuple(document for document, _ in documents), arrived)


def _supporting(
    action: Action, uploaded_before: Sequence[DocumentMetadata]
) -> list[tuple[DocumentMetadata, bytes]] | Finding:
    """Each with its bytes, if they came with the action."""
    known = {each.document_checksum: each for each in uploaded_before}
    found: list[tuple[DocumentMetadata, bytes]] = []
    for place, each in enumerate(action.documents or ()):
        pointer = f"/documents/{place}"
        if isinstance(each, str):
            if each not in known:
                return finding("title.no-such-file", pointer, found=each)
            found.append((known[each], b""))
            continue
        data = decoded(each.content)
        if not data:
            return finding("pint.not-base64", f"{pointer}/content")
        checksum = pint.bytes_checksum(data)
        named = {"name": each.name, "media_type": each.media_type, "document_checksum": checksum}
        found.append((DocumentMetadata(size=len(data), **named), data))
    return found


async def take_file(
    host: Host, title_id: str, chunks: AsyncIterator[bytes], name: str, media_type: str
) -> DocumentMetadata | Finding:
    """A supporting document, streamed to the disk; an action then names its checksum. Empty `name` and `media_type` are
    those of a file that nothing is known of."""
    try:
        arrived = await files.arrive(host.files, chunks, host.limits.file)
    except files.TooLarge as error:
        return finding("title.file-too-large", expected=f"at most {error.limit} bytes")
    if not arrived.size:
        arrived.passing.unlink()
        return finding("syntax.empty", expected="a file")
    await files.keep(host.files, title_id, arrived)
    document = DocumentMetadata(
        name=" ".join(name.split()) or arrived.checksum,
        size=arrived.size,
        media_type=media_type[:100] or "application/octet-stream",
        document_checksum=arrived.checksum,
    )
    await host.do(lambda connection: titles.add_files(connection, title_id, (document,), host.code))
    return document
