"""A simulated partner: one class, whatever language its adapter speaks.

A delivery walks through it in this order:

    verify the hub's note: signature, and the digests of what came with it
    was it taken before? then acknowledge again, and nothing more; was it refused, refuse again
    its own system reads the rendition in its own language, and refuses what it does not take (`simulator.intake`)
    append to the journal
    sign the acknowledgement, append it, hand it back

Then, apart from that, the partner says what its story lets it say: a decision in its own language, which its connector
decodes and signs as an event, with the native bytes in `body.native`.

1. Nothing is acknowledged before it is in the journal; nothing is said that the journal does not hold.
2. What cannot be verified is not acknowledged: the hub tries again, and in the end an operator sees it. What the
   partner's own system refuses is not acknowledged either, and the refusal is the answer, in the partner's language.
3. What is signed depends on the seed, the business clock and the document's own story only.
"""

import asyncio
import hashlib
import hmac
import logging
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from adapters.port import Adapter, Address, Answer, Refusal, Statement
from schemas.content import Content, open_content
from schemas.event import PROFILE as EVENT_PROFILE
from schemas.event import Actor, Event, EventType, Reason, Subject, decode_event, encode_event
from schemas.findings import Finding
from simulator import intake, misbehaving
from simulator.clock import Clock
from simulator.drop import Drop
from simulator.faults import Fault, Point
from simulator.journal import Entry, Journal, Kind
from simulator.magic import told_by
from simulator.members import APPLYING, HUB, Keys, Member
from simulator.misbehaving import items_in
from simulator.officers import Mode, Way
from simulator.story import SAID, Line, Said, Step, Story, recipient_says, sender_says, steps_of
from simulator.switches import Switches
from tradebridge.calls import Accepted, Delivery, HubError, Refused, Unreachable
from tradebridge.client import AsyncHub
from tradebridge.evidence import jws
from tradebridge.evidence.receipts import Acknowledgement, DeliveryNote, Receipt, read_note, read_receipt
from tradebridge.evidence.signer import LocalSigner
from tradebridge.evidence.simulation import derived_id, hmac_value, test_partner_key
from tradebridge.evidence.status import MAX_AGE, with_status
from tradebridge.evidence.times import rfc3339
from tradebridge.evidence.trust import TrustList

log = logging.getLogger("simulator.partner")

T = TypeVar("T")

TOO_MANY = 429
SLOW = "late-decision"
STALE_AFTER = MAX_AGE + timedelta(hours=1)
RETRY_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
"""Waits between attempts to reach the hub; the last one repeats."""


class Distrusted(Exception):
    """What the hub handed over does not hold: see the message. It is not acknowledged, and stays in the hub's hand."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a delivery turned out to be."""

    note: DeliveryNote
    content_digest: str
    event: Event | None
    wrong: tuple[intake.Wrong, ...] = ()
    """Why its own system does not take it."""


class Partner:
    """One simulated member at work. `stories` are by content digest; `told` hears of every entry of the journal."""

    def __init__(
        self,
        member: Member,
        *,
        seed: str,
        keys: Keys,
        adapter: Adapter | None,
        hub: AsyncHub,
        trust: TrustList,
        clock: Clock,
        journal: Journal,
        stories: Mapping[str, Story],
        told: Callable[[Entry], None],
        switches: Switches | None = None,
        tell_key: Callable[[LocalSigner], Awaitable[None]] | None = None,
        drop: Drop | None = None,
    ) -> None:
        self.member = member
        self.journal = journal
        self.seed = seed
        self.keys = keys
        self.clock = clock
        self.switches = switches or Switches.off(seed)
        self._tell_key = tell_key
        """By which a fault has the hub know a further key of this member."""
        self._drop = drop if adapter is not None and adapter.drops else None
        """Where its system drops its decisions, if they come as files."""
        self._adapter = adapter
        self._hub = hub
        self._trust = trust
        self._stories = stories
        self._told = told
        self._speaking: dict[str, asyncio.Lock] = {}
        self._silent: set[tuple[str, Line]] = set()
        self._waiting: dict[str, set[str]] = {}
        """Documents of which nothing is said before another one was sent, by that one's number."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._turns: dict[str, datetime] = {}
        """When the officers get to a document, once that is known."""
        self._slow: dict[str, Fault] = {}
        """Documents on which a fault has the officers take long."""
        self._turned_away = {each.message_id: each for each in journal.entries if each.kind is Kind.TURNED_AWAY}

    # --- taking delivery ---------------------------------------------------------------------------------------------

    async def take(self, deliveries: Sequence[Delivery]) -> tuple[list[str], str]:
        """The acknowledgements, as a fault that is on may have them, with its label; without one they are right."""

        def concerned(fault: Fault) -> bool:
            return "items" not in fault.options or max(map(items_in, deliveries)) >= fault.options["items"]

        fault = self.switches.faults.find(Point.DELIVERY, self.member.id, concerned) if deliveries else None
        if fault is None:
            return self.taken(deliveries), ""
        tokens = await misbehaving.take(self, deliveries, fault)
        self.struck_by(fault, [each.message_id for each in deliveries])
        return tokens, fault.label

    def taken(self, deliveries: Sequence[Delivery], trust: TrustList | None = None) -> list[str]:
        """The acknowledgements of those deliveries that hold; of the others none. `trust`: another than its own."""
        tokens = []
        for delivery in deliveries:
            try:
                token = self._take(delivery, trust or self._trust)
            except Distrusted as reason:
                log.warning("%s does not take %s: %s", self.member.id, delivery.id, reason)
                continue
            tokens += [] if token is None else [token]
        return tokens

    def refusals(self, deliveries: Sequence[Delivery]) -> list[dict[str, str]]:
        """What its own system has said of those that it does not take, in its own language."""
        turned_away = [(each.id, self._turned_away.get(each.message_id)) for each in deliveries]
        return [{"delivery": delivery, **entry.told} for delivery, entry in turned_away if entry is not None]

    def knows(self, headers: Mapping[str, str]) -> bool:
        """Whether a caller shows the key that this partner's system asks for, if it asks for one."""
        name = "" if self._adapter is None else self._adapter.key_header
        wanted = test_partner_key(self.seed, self.member.id)
        return not name or hmac.compare_digest(headers.get(name, "").encode(), wanted.encode())

    def answer_to_stranger(self) -> Answer:
        """What its system says to a caller that it does not know, in its own language where that has words for it."""
        text = "The key that this window gave its caller is not in the header that it asks for."
        refusals = None if self._adapter is None else self._adapter.refusals
        if refusals is None:
            return Answer(text.encode(), "text/plain")
        refusal = Refusal("", ((refusals.codes["signature"], "", text),))
        return refusals.encode_refusal(refusal, Address("", "", self.member.id, HUB, self.clock.now()))

    async def trust_with_a_stale_status(self) -> TrustList:
        """The hub's own status of keys, as a member has it that did not ask again while it could be believed."""
        token = await self._heard(self._hub.trust_status)
        found = with_status(self._trust, token, self.clock.now() + STALE_AFTER)
        if isinstance(found, Finding):
            raise TypeError(f"the hub's status of keys is none: {found.code} {found.found}")
        return found

    def _take(self, delivery: Delivery, trust: TrustList) -> str | None:
        """The acknowledgement; None: its own system does not take it, and has said so."""
        if delivery.message_id in self._turned_away:
            return None
        taken = self._verified(delivery, trust)
        note = taken.note
        if taken.wrong and self._turn_away(taken):
            return None
        if not self.journal.has_received(note.message_id):
            received = self._keep(_received(self.member.id, self._now(), taken, delivery))
            if taken.event is None:
                self._look_into_scripts(received)
            self._soon(note.document_id)
        token = self.journal.acknowledgement(note.message_id)
        if token is None:
            token = self._acknowledgement(delivery, note)
            self._keep(
                Entry(
                    at=self._now(),
                    member=self.member.id,
                    kind=Kind.ACKNOWLEDGED,
                    message_id=note.message_id,
                    document_id=note.document_id,
                    number=note.number or "",
                    bytes_digest=note.original.digest,
                    token=token,
                )
            )
        return token

    def _verified(self, delivery: Delivery, trust: TrustList) -> Taken:
        if trust.stale is not None:
            raise Distrusted(f"{trust.stale.message} {trust.stale.found}")
        note = read_note(delivery.note, trust, self.clock.now())
        if isinstance(note, Finding):
            raise Distrusted(f"the note: {note.message} {note.found}")
        if (note.recipient, note.delivery, note.message_id) != (self.member.id, delivery.id, delivery.message_id):
            raise Distrusted("the note is of another delivery")
        if note.original.digest != _sha256(delivery.original):
            raise Distrusted("the original is not the one that the note names")
        if (note.rendition is None) != (delivery.rendition is None):
            raise Distrusted("the note tells of another rendition")
        if note.rendition is not None and note.rendition.digest != _sha256(delivery.rendition or b""):
            raise Distrusted("the rendition is not the one that the note names")
        content = open_content(delivery.original)
        if isinstance(content, Finding):
            raise Distrusted(f"the original: {content.message}")
        wrong = self._wrong_with(note, content.content_digest, delivery.rendition)
        event = _event_of(content) if note.profile == EVENT_PROFILE else None
        return Taken(note, content.content_digest, event, wrong)

    def _wrong_with(self, note: DeliveryNote, digest: str, rendition: bytes | None) -> tuple[intake.Wrong, ...]:
        """What the partner's own system finds in its own language; a member without an adapter reads the original."""
        if self._adapter is None or rendition is None:
            return ()
        seal, codec = self._adapter.seal, self._adapter.codec
        problem = None if seal is None else seal.check(rendition, self._trust, HUB, self.clock.now())
        if problem is not None:
            return (("signature", problem.pointer, f"{problem.message} {problem.found}".strip()),)
        decoded = codec.decode_event(rendition) if note.profile == EVENT_PROFILE else codec.decode(rendition)
        if isinstance(decoded, tuple):
            return tuple(intake.unreadable(decoded))
        if isinstance(decoded, Statement) or self.member.kind != "single-window":
            return ()
        wrong = tuple(intake.wrong_with(decoded, len(rendition), self.member.country))
        return wrong or (() if digest in self._stories else tuple(intake.by_number(note.number)))

    def _turn_away(self, taken: Taken) -> bool:
        """Its own system refuses, in its own language; False: that has no word for it, and an officer has to do."""
        note = taken.note
        assert self._adapter is not None  # noqa: S101  # who has none finds nothing wrong
        refusal = intake.refusal(self._adapter, note.message_id, taken.wrong)
        if refusal is None or self._adapter.refusals is None:
            if taken.wrong[0][0] in ("unreadable", "signature"):
                raise Distrusted(f"the rendition: {'; '.join(text for _, _, text in taken.wrong)}")
            return False
        at = self.clock.now()
        address = Address(note.message_id, note.document_id, self.member.id, HUB, at)
        answer = self._sealed(self._adapter.refusals.encode_refusal(refusal, address), at)
        self._turned_away[note.message_id] = self._keep(
            Entry(
                at=rfc3339(at),
                member=self.member.id,
                kind=Kind.TURNED_AWAY,
                message_id=note.message_id,
                document_id=note.document_id,
                number=note.number or "",
                profile=note.profile,
                bytes_digest=note.original.digest,
                peers=(note.sender,),
                codes=tuple(code for code, _, _ in refusal.reasons),
                told={"native": b64encode(answer.data).decode("ascii"), "nativeMediaType": answer.media_type},
            )
        )
        return True

    def _dropped(self, event: Event, answer: Answer) -> Answer:
        """As the connector finds it in the folder, where answers come as files."""
        if self._drop is None:
            return answer
        self._drop.put(event.id, answer.data)
        return replace(answer, data=self._drop.read(event.id))

    def _sealed(self, answer: Answer, at: datetime) -> Answer:
        """Under this member's signature, where its form has one around the message."""
        seal = None if self._adapter is None else self._adapter.seal
        return answer if seal is None else replace(answer, data=seal.sign(answer.data, self.keys.event, at))

    def _acknowledgement(self, delivery: Delivery, note: DeliveryNote) -> str:
        at = self.clock.now()
        acknowledgement = Acknowledgement(
            delivery=delivery.id,
            message_id=note.message_id,
            digest=note.original.digest,
            member=self.member.id,
            time=at,
        )
        return acknowledgement.sign(self.keys.ack, at)

    # --- sending -----------------------------------------------------------------------------------------------------

    async def submit(self, data: bytes, to: Sequence[str], number: str, profile: str) -> Entry:
        """Hand a document in until the hub has answered: the entry of its receipt, or of its refusal."""
        fault = self.switches.faults.find(Point.DOCUMENT, self.member.id)
        if fault is not None:
            await self._submit_wrongly(fault, data, to, number, profile)
        return await self._submit(data, to, number, profile)

    async def _submit_wrongly(self, fault: Fault, data: bytes, to: Sequence[str], number: str, profile: str) -> None:
        """What a fault has this member hand in before the right document."""
        if fault.recipe.name == "document-expired-issuer" and self._tell_key is not None:
            await self._tell_key(misbehaving.expired_signer(self.seed, self.member.id))
        wrong = misbehaving.document_before(self, data, profile, fault)
        labels = (fault.label,) if wrong else ()
        bytes_, declared = wrong or (data, profile)
        first = await self._submit(bytes_, to, number, declared, labels)
        self.struck_by(fault, [first.message_id], first.document_id, number)

    async def _submit(
        self, data: bytes, to: Sequence[str], number: str, profile: str, faults: tuple[str, ...] = ()
    ) -> Entry:
        digest = _sha256(data)
        try:
            accepted: Accepted = await self._heard(
                lambda: self._hub.submit(data, to, profile=profile, idempotency_key=digest)
            )
        except Refused as refused:
            if refused.code == "document.duplicate" and "receipt" in refused.problem:
                return self._sent(str(refused.problem["receipt"]), number, profile, digest)
            return self._refused(refused, number, profile, digest, to, faults)
        return self._sent(accepted.receipt, number, profile, digest)

    def _sent(self, token: str, number: str, profile: str, digest: str) -> Entry:
        receipt = self._receipt(token, digest)
        known = [entry for entry in self.journal.of_document(receipt.document_id) if entry.kind is Kind.SENT]
        if known:
            return known[0]
        sent = self._keep(
            Entry(
                at=self._now(),
                member=self.member.id,
                kind=Kind.SENT,
                message_id=receipt.message_id,
                document_id=receipt.document_id,
                number=number,
                profile=profile,
                bytes_digest=digest,
                content_digest=receipt.content_digest,
                peers=tuple(receipt.recipients),
                token=token,
            )
        )
        for waiting in sorted(self._waiting.pop(number, ())):
            self._soon(waiting)
        return sent

    def _refused(
        self, refused: Refused, number: str, profile: str, digest: str, to: Sequence[str], faults: tuple[str, ...]
    ) -> Entry:
        return self._keep(
            Entry(
                at=self._now(),
                member=self.member.id,
                kind=Kind.REFUSED,
                number=number,
                profile=profile,
                bytes_digest=digest,
                peers=tuple(to),
                codes=_codes(refused),
                faults=faults,
            )
        )

    def _receipt(self, token: str, digest: str) -> Receipt:
        receipt = read_receipt(token, self._trust, self.clock.now())
        if isinstance(receipt, Finding):
            raise Distrusted(f"the receipt: {receipt.message} {receipt.found}")
        if receipt.bytes_digest != digest or receipt.member != self.member.id:
            raise Distrusted("the receipt is of other bytes")
        return receipt

    # --- speaking ----------------------------------------------------------------------------------------------------

    def resume(self) -> None:
        """After a start: take up every document where the journal left it."""
        for document_id in self.journal.documents():
            self._soon(document_id)

    def speak_of(self, document_id: str) -> None:
        """Say what is to be said of this document, as soon as it is this partner's turn."""
        self._soon(document_id)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.journal.close()

    def _soon(self, document_id: str) -> None:
        task = asyncio.get_running_loop().create_task(self._speak(document_id))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("%s fell silent", self.member.id, exc_info=task.exception())

    async def _speak(self, document_id: str) -> None:
        """Say all that it is this partner's turn to say, one event after the other."""
        lock = self._speaking.setdefault(document_id, asyncio.Lock())
        async with lock:
            for entry in self._unsent(document_id):
                await self._send(entry)
            while (line := self._line(document_id)) is not None and self._is_their_turn(document_id):
                await self._say(document_id, line)

    async def _say(self, document_id: str, line: Line) -> None:
        """One event; with what a fault has this member say beside it."""
        signed = self._signed(document_id, line)
        fault = self.switches.faults.find(Point.EVENT, self.member.id, lambda fault: _concerns(fault, line))
        wrong = None if fault is None else misbehaving.event_beside(self, _read_event(signed.token), fault)
        if fault is not None and fault.recipe.name == "out-of-order-event" and wrong is not None:
            await self._say_wrongly(fault, signed, wrong)
        for _ in range(self._times(signed)):
            await self._send(signed)
        if fault is not None and fault.recipe.name == "duplicate-event":
            await self._send(signed)
            self.struck_by(fault, [signed.event["id"]], document_id, signed.number)
        elif fault is not None and fault.recipe.name == "contradictory-decision" and wrong is not None:
            await self._say_wrongly(fault, signed, wrong)

    async def _say_wrongly(self, fault: Fault, signed: Entry, wrong: Event) -> None:
        """An event that the hub refuses, or else the fault is one of the hub's: the journal says which."""
        token = jws.sign(encode_event(wrong), "tradebridge-event+jws", self.keys.event, wrong.at)
        facts = {**_facts(wrong), "place": -1}
        digest = _sha256(token.encode())
        entry = replace(signed, token=token, bytes_digest=digest, event=facts, faults=(fault.label,))
        try:
            await self._heard(lambda: self._hub.send_event(signed.document_id, token))
        except Refused as refused:
            self._keep(replace(entry, at=self._now(), kind=Kind.REFUSED, token="", codes=_codes(refused)))
        self.struck_by(fault, [wrong.id], signed.document_id, signed.number)

    def _times(self, signed: Entry) -> int:
        """How often a thing is said: once, unless the document's number wants more."""
        first, _ = self._known(signed.document_id)
        if first is None or first.kind is Kind.SENT or first.content_digest in self._stories:
            return 1
        return told_by(signed.number).times

    def _line(self, document_id: str) -> Line | None:
        first, said = self._known(document_id)
        if first is None:
            return None
        story = self._stories.get(first.content_digest)
        if first.kind is Kind.RECEIVED:
            story = self._instructed(document_id) or story
            if story is None and (first.profile in APPLYING or self._way.mode is Mode.MANUAL):
                return None
        if first.kind is Kind.SENT:
            line = sender_says(story, first.peers, said)
        else:
            line = recipient_says(story, first.number, self.member.id, said, self._refused_places(document_id))
        if line is None or (document_id, line) in self._silent:
            return None
        if line.step.after and self._sent_under(line.step.after) is None:
            self._waiting.setdefault(line.step.after, set()).add(document_id)
            return None
        return line

    # --- the officers ------------------------------------------------------------------------------------------------

    @property
    def _way(self) -> Way:
        return self.switches.officers.way(self.member.id)

    def decide(self, document: str, says: Sequence[Mapping[str, Any]]) -> Entry | None:
        """A person has this member say these steps of a document, by id or number; None: it has no such document."""
        found = [each for each in self.journal.entries if each.kind is Kind.RECEIVED]
        first = next((each for each in reversed(found) if document in (each.document_id, each.number)), None)
        if first is None:
            return None
        _, said = self._known(first.document_id)
        mine = sorted((each for each in said if each.recipient == self.member.id), key=lambda each: each.sequence)
        before = [{"says": each.type} for each in mine if each.type in SAID]
        entry = self._keep(_instructed_by(first, self._now(), [*before, *says], 0.0, "person"))
        self._soon(first.document_id)
        return entry

    def _look_into_scripts(self, received: Entry) -> None:
        """A script for this document is kept in the journal, so that it is played also after a restart."""
        script = self.switches.officers.next_for(self.member.id, received.profile, received.number)
        if script is not None:
            self._keep(_instructed_by(received, self._now(), script.says, script.after, script.id))

    def _last_told(self, document_id: str) -> Mapping[str, Any] | None:
        entries = self.journal.of_document(document_id)
        return next((entry.told for entry in reversed(entries) if entry.kind is Kind.INSTRUCTED), None)

    def _instructed(self, document_id: str) -> Story | None:
        told = self._last_told(document_id)
        return None if told is None else Story({self.member.id: steps_of(Step(**each) for each in told["says"])})

    def _is_their_turn(self, document_id: str) -> bool:
        """Whether the officers have got to this document; if not, it is looked at again when they will have."""
        first, _ = self._known(document_id)
        if first is None or first.kind is not Kind.RECEIVED:
            return True
        turn = self._turns.get(document_id) or self._turns.setdefault(document_id, self._turn(first))
        told = self._last_told(document_id)
        if told is not None:
            turn = datetime.fromisoformat(first.at) + timedelta(seconds=told["after"])
        slow = self._slow.get(document_id) or self._slowed(first)
        if slow is not None:
            turn += timedelta(hours=slow.options["hours"])
        if self.clock.now() >= turn:
            return True
        self._later(document_id, turn)
        return False

    def _turn(self, first: Entry) -> datetime:
        """When the officers get to a document: at their pace, and as its number wants."""
        came = datetime.fromisoformat(first.at)
        if first.content_digest in self._stories:
            return self.switches.officers.turn(self.member.id, came)
        return self.switches.officers.turn(self.member.id, came) + timedelta(seconds=told_by(first.number).seconds)

    def _slowed(self, first: Entry) -> Fault | None:
        fault = self.switches.faults.find(Point.EVENT, self.member.id, lambda fault: fault.recipe.name == SLOW)
        if fault is not None:
            self._slow[first.document_id] = fault
            self.struck_by(fault, [first.message_id], first.document_id, first.number)
        return fault

    def _later(self, document_id: str, at: datetime) -> None:
        async def wait() -> None:
            await self.clock.until(at)
            self._soon(document_id)

        task = asyncio.get_running_loop().create_task(wait())
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    # --- faults ------------------------------------------------------------------------------------------------------

    def struck_by(self, fault: Fault, messages: Sequence[str], document_id: str = "", number: str = "") -> None:
        """A fault has struck these messages: each is labelled in the journal. An empty id: a call that broke."""
        at = self._now()
        known = {
            entry.message_id: entry
            for entry in self.journal.entries
            if entry.message_id and entry.message_id in messages
        }
        numbers = [number]
        for message_id in messages:
            entry = known.get(message_id)
            document, numbered = (entry.document_id, entry.number) if entry else (document_id, number)
            numbers.append(numbered)
            self._keep(
                Entry(
                    at=at,
                    member=self.member.id,
                    kind=Kind.FAULT,
                    message_id=message_id,
                    document_id=document,
                    number=numbered,
                    faults=(fault.label,),
                )
            )
        self.switches.faults.note(fault, at, self.member.id, messages, sorted({*numbers}))

    def _known(self, document_id: str) -> tuple[Entry | None, list[Said]]:
        """The entry by which this partner has the document, and all events on it that it knows of."""
        entries = self.journal.of_document(document_id)
        first = next((entry for entry in entries if entry.kind in (Kind.SENT, Kind.RECEIVED)), None)
        said = {
            entry.event["id"]: Said(entry.event["type"], entry.event.get("recipient"), entry.event["sequence"])
            for entry in entries
            if entry.kind in (Kind.EVENT_SENT, Kind.EVENT_RECEIVED)
        }
        return first, list(said.values())

    def _refused_places(self, document_id: str) -> frozenset[int]:
        entries = self.journal.of_document(document_id)
        return frozenset(entry.event["place"] for entry in entries if entry.kind is Kind.REFUSED)

    def _sent_under(self, number: str) -> Entry | None:
        """The document that this partner has sent under a number."""
        return next((each for each in self.journal.entries if each.kind is Kind.SENT and each.number == number), None)

    def _unsent(self, document_id: str) -> list[Entry]:
        entries = self.journal.of_document(document_id)
        heard = {entry.event["id"] for entry in entries if entry.kind in (Kind.EVENT_SENT, Kind.REFUSED)}
        signed = [entry for entry in entries if entry.kind is Kind.EVENT_SIGNED and entry.event["id"] not in heard]
        return [entry for entry in signed if (document_id, _line_of(entry)) not in self._silent]

    def _signed(self, document_id: str, line: Line) -> Entry:
        first, _ = self._known(document_id)
        assert first is not None  # noqa: S101  # _line found it
        event = self._in_own_language(first, self._event(first, line))
        token = jws.sign(encode_event(event), "tradebridge-event+jws", self.keys.event, event.at)
        signed = self._keep(
            Entry(
                at=rfc3339(event.at),
                member=self.member.id,
                kind=Kind.EVENT_SIGNED,
                document_id=document_id,
                number=first.number,
                profile=EVENT_PROFILE,
                bytes_digest=_sha256(token.encode()),
                token=token,
                event={**_facts(event), "place": line.place},
            )
        )
        if self._drop is not None:
            self._drop.remove(event.id)
        return signed

    async def _send(self, signed: Entry) -> None:
        try:
            accepted = await self._heard(lambda: self._hub.send_event(signed.document_id, signed.token))
        except Refused as refused:
            if self._is_refused_on_purpose(signed):
                self._keep(replace(signed, at=self._now(), kind=Kind.REFUSED, token="", codes=_codes(refused)))
                return
            # Somebody else spoke in between, or the document's life has ended: the story is over, and says so.
            self._silent.add((signed.document_id, _line_of(signed)))
            log.warning("%s was not heard on %s: %s", self.member.id, signed.number, refused)
            return
        receipt = self._receipt(accepted.receipt, signed.bytes_digest)
        self._keep(
            Entry(
                at=self._now(),
                member=self.member.id,
                kind=Kind.EVENT_SENT,
                message_id=receipt.message_id,
                document_id=signed.document_id,
                number=signed.number,
                profile=EVENT_PROFILE,
                bytes_digest=signed.bytes_digest,
                content_digest=receipt.content_digest,
                peers=tuple(receipt.recipients),
                token=accepted.receipt,
                event=signed.event,
            )
        )

    def _is_refused_on_purpose(self, signed: Entry) -> bool:
        first, _ = self._known(signed.document_id)
        story = self._stories.get(first.content_digest) if first else None
        place, recipient = signed.event["place"], signed.event.get("recipient")
        steps = story.at(recipient) if story and recipient else ()
        return place < len(steps) and bool(steps[place].refused)

    def _event(self, first: Entry, line: Line) -> Event:
        at = self.clock.now()
        about = f"{first.content_digest} {self.member.id} {line.type} {line.recipient} {line.expected_sequence}"
        return Event(
            id=derived_id("evt", at, hmac_value(self.seed, "event", f"{about} {line.place}".encode())),
            type=EventType(line.type),
            document=Subject(id=first.document_id, content_digest=first.content_digest),
            recipient=line.recipient,
            expected_sequence=line.expected_sequence,
            actor=Actor(member=self.member.id, person="Officer 1 (simulated)", role="officer"),
            at=at,
            reasons=self.reasons_of(line.type, line.step.reasons),
            body=self._body(line, at),
        )

    @staticmethod
    def reasons_of(type_: str, given: Sequence[Mapping[str, str]] = ()) -> tuple[Reason, ...]:
        """Those given; else the usual ones of the type."""
        return tuple(Reason.model_validate(reason) for reason in given or _REASONS.get(type_, ()))

    def _body(self, line: Line, at: datetime) -> dict[str, Any]:
        """What an event says: its step's body, else the usual one. A use is for an import declaration of its own, of
        all that is left where it names no items; `issued` names the certificate sent before."""
        body = dict(line.step.body or _BODIES.get(line.type, {}))
        if line.type == "utilised":
            reference = f"SIMULATED-DECLARATION-{line.place}"
            declared = {"reference": reference, "date": at.date().isoformat(), "country": self.member.country}
            return {"declaration": declared, **body}
        if line.type == "issued" and (certificate := self._sent_under(line.step.after)) is not None:
            return {"certificate": {"number": certificate.number, "document": certificate.document_id}, **body}
        return body

    def _in_own_language(self, first: Entry, event: Event) -> Event:
        """The same decision as the partner's own system writes it, and as its connector reads it from there."""
        if self._adapter is None:
            return event
        codec = self._adapter.codec
        address = Address(first.message_id, first.document_id, self.member.id, HUB, event.at)
        made = codec.encode_event(event, address)
        answer = self._dropped(event, self._sealed(Answer(made.data, made.media_type), event.at))
        statement = codec.decode_event(answer.data)
        if not isinstance(statement, Statement):
            raise TypeError(f"the adapter {self._adapter.style} cannot read what it wrote itself: {statement}")
        native = {"native": b64encode(answer.data).decode("ascii"), "nativeMediaType": answer.media_type}
        return event.model_copy(
            update={
                "type": EventType(statement.type),
                "reasons": tuple(
                    Reason(code=code, pointer=pointer, text=text) for code, pointer, text in statement.reasons
                ),
                "body": {**statement.body, **native},
            }
        )

    # --- the hub and the journal -------------------------------------------------------------------------------------

    async def pull(self) -> None:
        """Ask the hub for deliveries, for ever; a hub that is away or says no is asked again, less and less often."""
        attempt = 0
        while True:
            try:
                deliveries = await self._hub.inbox(limit=100, wait=20)
                tokens, _ = await self.take(deliveries)
                refusals = self.refusals(deliveries)
                if tokens or refusals:
                    await self._hub.acknowledge(tokens, refusals)
                attempt = 0
                if deliveries and not tokens and not refusals:
                    await asyncio.sleep(RETRY_SECONDS[-1])  # nothing of it holds: leave it its lease
            except HubError as error:
                if not isinstance(error, Unreachable):
                    log.warning("%s got nothing from its inbox: %s", self.member.id, error)
                await asyncio.sleep(_wait(attempt))
                attempt += 1

    async def _heard(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask until the hub answers. What it has taken already it answers as before."""
        attempt = 0
        while True:
            try:
                return await ask()
            except Unreachable:
                await asyncio.sleep(_wait(attempt))
            except Refused as refused:
                if not (refused.status >= 500 or refused.status == TOO_MANY):
                    raise
                await asyncio.sleep(_wait(attempt))
            attempt += 1

    def _keep(self, entry: Entry) -> Entry:
        self.journal.append(entry)
        self._told(entry)
        return entry

    def _now(self) -> str:
        return rfc3339(self.clock.now())


_REASONS: Mapping[str, Sequence[Mapping[str, str]]] = {
    "queried": ({"code": "simulation.please-confirm", "text": "Please confirm the number of packages."},),
    "rejected": ({"code": "simulation.not-our-consignment", "text": "No consignment of this document has arrived."},),
    "cancelled": ({"code": "simulation.issued-in-error", "text": "The document was issued in error."},),
}
_BODIES: Mapping[str, Mapping[str, Any]] = {
    "answered": {"text": "The number of packages is confirmed."},
    "verification-requested": {"random": True, "text": "A random check."},
}


def _received(member: str, at: str, taken: Taken, delivery: Delivery) -> Entry:
    note = taken.note
    return Entry(
        at=at,
        member=member,
        kind=Kind.RECEIVED if taken.event is None else Kind.EVENT_RECEIVED,
        message_id=note.message_id,
        document_id=note.document_id,
        number=note.number or "",
        profile=note.profile,
        bytes_digest=note.original.digest,
        content_digest=taken.content_digest,
        peers=(note.sender,),
        token=delivery.note,
        event={} if taken.event is None else _facts(taken.event),
    )


def _instructed_by(first: Entry, at: str, says: Sequence[Mapping[str, Any]], after: float, by: str) -> Entry:
    return Entry(
        at=at,
        member=first.member,
        kind=Kind.INSTRUCTED,
        document_id=first.document_id,
        number=first.number,
        told={"says": [dict(each) for each in says], "after": after, "by": by},
    )


def _concerns(fault: Fault, line: Line) -> bool:
    """A decision is needed for a contrary one; who takes long was asked before."""
    if fault.recipe.name == "contradictory-decision":
        return line.type in ("accepted", "rejected")
    return fault.recipe.name != SLOW


def _read_event(token: str) -> Event:
    content = open_content(token.encode())
    if isinstance(content, Finding):
        raise TypeError(f"an event of our own cannot be read: {content.message}")
    return _event_of(content)


def _event_of(content: Content) -> Event:
    decoded = decode_event(content)
    if not isinstance(decoded.document, Event):
        raise Distrusted(f"the event: {'; '.join(each.message for each in decoded.findings)}")
    return decoded.document


def _facts(event: Event) -> dict[str, Any]:
    facts: dict[str, Any] = {"id": event.id, "type": event.type.value, "sequence": event.expected_sequence + 1}
    return facts if event.recipient is None else {**facts, "recipient": event.recipient}


def _line_of(entry: Entry) -> Line:
    event = entry.event
    return Line(event["type"], event.get("recipient"), event["sequence"] - 1, event["place"])


def _codes(refused: Refused) -> tuple[str, ...]:
    return tuple(each.code for each in refused.findings if each.refuses) or (refused.code,)


def _wait(attempt: int) -> float:
    return RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)]


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
