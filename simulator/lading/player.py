"""Plays a scenario of kind `lading`: each party acts over HTTP, where a real one would, and waits until it is done.

1. Carrier, platforms, trade platform and hub are called at their addresses; nothing is done behind their backs.
2. After each step the holders are counted over the platforms' stores (`holders.py`); where there is another number than
   one, that is a problem.
3. The certificate is compared with the bill of lading by `schemas.consignment`; another outcome than the scenario's
   variant names is a problem, and so is one that the hub does not show with both documents.
4. In the end the chain is verified offline, by the certificates alone, and so are the positions of the link, as each
   party is shown them.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
import orjson

from adapters.platforms.tradewaltz.links import Change, Position, Role, Section, Seen, committed, founded, verify
from schemas.bill_of_lading.dcsa import read_part
from schemas.bill_of_lading.model import TransportDocument
from schemas.bill_of_lading.pint import Transaction
from schemas.bill_of_lading.title import Status, Title, replay
from schemas.consignment import compare
from schemas.content import Content, Syntax, open_content
from schemas.registry import profile_of
from simulator.documents import sign
from simulator.journal import Entry, Kind
from simulator.lading.cast import (
    BANK,
    CARRIER,
    CARRIER_MEMBER,
    EXPORTER,
    IMPORTER,
    INSURER,
    TRADERS,
    Places,
    Trader,
    pem,
    platforms_list,
    trader_signer,
    trader_token,
    trust_of,
)
from simulator.lading.goods import certificate_of, instructions_of
from simulator.lading.holders import Holders, count_holders
from simulator.lading.played import Played
from simulator.lading.story import LadingScenario, LadingStep
from simulator.links import PREFIX as LINKS
from simulator.links import opening_of
from simulator.members import CARRIER_CODE, TRANSPORT_DOCUMENT
from simulator.partner import Distrusted, Partner
from simulator.progress import LadingSummary, Progress
from simulator.story import Story, steps_of
from simulator.world import World
from tradebridge.ebl.seal import seal
from tradebridge.ebl.verify import verify_title
from tradebridge.evidence.simulation import hmac_value, test_signer
from tradebridge.evidence.times import rfc3339
from tradebridge.outbound import tls_context

JSON = dict[str, Any]

POLL_SECONDS = 0.05
WINDOW, AUTHORITY, PLATFORM = "JP-NACCS", "TH-NSW", "TRADEWALTZ-SIM"
TERMS = {"incoterm": "CIF", "place": "Kobe", "price": {"amount": "68500.00", "currency": "USD"}}


class StepFailed(Exception):
    """A step did not do what it should; the message says what was answered."""


@dataclass
class Player:
    """One run."""

    world: World
    scenario: LadingScenario
    on_progress: Callable[[Progress], None]
    http: httpx.AsyncClient
    booking: str
    reference: str = ""
    """Of the bill of lading, once there is one."""
    instructions: str = ""
    certificate: str = ""
    """Number of the certificate."""
    lading: TransportDocument | None = None
    lodged: str = ""
    """Id of its copy at the hub."""
    counted: list[Holders] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    positions: int = 0
    acted: int = 0
    """Actions on the title, ISSUE among them."""
    done: int = 0

    @property
    def places(self) -> Places:
        return Places(self.world.settings.hub_url, self.world.settings.own_url)

    @property
    def link(self) -> str:
        return f"trade-{self.booking}"

    async def take(self, step: LadingStep) -> None:
        """One step to its end, and the count of holders after it."""
        does = getattr(self, f"_{step.does}", None)
        if does is None:
            await self._act(TRADERS[step.by], step.does, TRADERS[step.to] if step.to else None)
        else:
            await does()
        self.done += 1
        self._count(step)
        self.report("step", step.tells, step)

    # --- on the trade platform ----------------------------------------------------------------------------------------

    async def _agree(self) -> None:
        """The link is founded, with the contract of sale, the goods and their insurance."""
        parties = {
            trader.role.value: {
                "id": trader.id,
                "name": trader.name,
                "certificate": pem(trader_signer(self.world.settings.seed, trader)),
            }
            for trader in TRADERS.values()
        }
        await self._called("POST", f"{self.places.world}{LINKS}/links", EXPORTER, {"id": self.link, "parties": parties})
        goods = self.scenario.goods
        await self._note(EXPORTER, Section.ORDER, TERMS)
        await self._note(
            EXPORTER,
            Section.GOODS,
            {
                "description": goods.description,
                "hsCode": goods.hs_code,
                "packages": {"quantity": goods.packages * goods.containers, "kind": goods.package_code},
                "kilograms": float(goods.kilograms * goods.packages * goods.containers),
            },
        )
        await self._note(INSURER, Section.INSURANCE, {"policy": f"POL-{self.booking}", "covers": "all risks"})

    async def _pay(self) -> None:
        await self._note(IMPORTER, Section.PAYMENT, {"paid": TERMS["price"], "to": BANK.name})

    async def _note(self, trader: Trader, section: Section, data: Mapping[str, Any]) -> None:
        """One signed change of the link, and its position."""
        seed, version = self.world.settings.seed, self.positions + 1
        salt = hmac_value(seed, "link-salt", f"{self.link}:{version}".encode()).hex()
        change = Change(self.link, version, trader.role, section, committed(data, salt), self._now())
        body = {"event": seal(change.to_json(), trader_signer(seed, trader)), "data": dict(data), "salt": salt}
        await self._called("POST", f"{self.places.world}{LINKS}/links/{self.link}/changes", trader, body)
        self.positions = version

    async def _note_title(self, trader: Trader, what: str) -> None:
        """The title as this action left it. By the chain, and not by where the title stands now: the carrier may have
        answered a surrender already, so that the same run would be written in two ways."""
        self.acted += 1
        shown = await self._read(f"{self.places.of(await self._where())}/v1/titles/{self.reference}/chain")
        done = [Transaction.model_validate(each) for each in shown["transactions"][: self.acted]]
        title = replay(shown["transportDocument"], done)
        if not isinstance(title, Title) or (len(done), done[-1].action_code) != (self.acted, what):
            raise StepFailed(f"{what} is not action {self.acted} of the chain of {self.reference}")
        data = {
            "transportDocument": self.reference,
            "what": what,
            "possessor": title.possessor.party_name,
            "platform": title.possessor.ebl_platform,
            "inTrust": title.in_trust,
            "sequence": title.sequence,
        }
        await self._note(trader, Section.TITLE, data)

    # --- at the carrier -----------------------------------------------------------------------------------------------

    async def _instruct(self) -> None:
        body = instructions_of(self.scenario.goods, self.booking)
        answer = await self._carrier("POST", "/shipping-instructions", body)
        self.instructions = str(answer["shippingInstructionsReference"])

        async def drafted() -> bool:
            shown = await self._carrier("GET", f"/shipping-instructions/{self.instructions}", missing={})
            if shown.get("feedbacks"):
                raise StepFailed(f"the carrier asks for an update: {shown['feedbacks'][0]['message']}")
            self.reference = str(shown.get("transportDocumentReference", ""))
            return bool(self.reference)

        await _until(drafted)

    async def _approve(self) -> None:
        await self._carrier("PATCH", f"/transport-documents/{self.reference}", {"transportDocumentStatus": "APPROVED"})

    async def _issue(self) -> None:
        await self._until_document("ISSUED")
        await self._until_title(EXPORTER.platform, at="here", account=EXPORTER.id)
        lading = read_part(TransportDocument, await self._document())
        if not isinstance(lading, TransportDocument):
            raise StepFailed(f"the carrier's document cannot be read: {lading[0].pointer} {lading[0].message}")
        self.lading = lading
        transports = lading.transports
        await self._note(
            CARRIER,
            Section.CARRIAGE,
            {
                "vessel": transports.vessel_voyages[0].vessel_name,
                "voyage": transports.vessel_voyages[0].carrier_export_voyage_number,
                "from": transports.port_of_loading.un_location_code,
                "to": transports.port_of_discharge.un_location_code,
                "shippedOnBoard": str(lading.shipped_on_board_date),
                "containers": [each.reference for each in lading.utilized_transport_equipments],
            },
        )
        await self._note_title(CARRIER, "ISSUE")

    async def _accept(self) -> None:
        await self._until_document("SURRENDERED_FOR_DELIVERY")
        await self._until_title(EXPORTER.platform, status=Status.ACCOMPLISHED.value)
        await self._until_title(IMPORTER.platform, status=Status.ACCOMPLISHED.value)
        await self._note_title(CARRIER, "SACC")

    async def _document(self) -> JSON:
        return await self._carrier("GET", f"/transport-documents/{self.reference}", missing={})

    async def _until_document(self, status: str) -> None:
        async def there() -> bool:
            return (await self._document()).get("transportDocumentStatus") == status

        await _until(there)

    async def _carrier(self, method: str, path: str, body: JSON | None = None, *, missing: JSON | None = None) -> JSON:
        url = f"{self.places.of(CARRIER_CODE)}/ebl/v3{path}"
        return await self._called(method, url, EXPORTER, body, missing=missing)

    # --- at the hub ---------------------------------------------------------------------------------------------------

    async def _lodge(self) -> None:
        """A copy of the bill of lading for the trade platform and for whoever has the certificate."""
        document = orjson.dumps(await self._document())
        carrier = self.world.partners[CARRIER_MEMBER]
        self.lodged = await self._sent(carrier, document, (PLATFORM,), self.reference, TRANSPORT_DOCUMENT)

    async def _certify(self) -> None:
        if self.lading is None:
            raise StepFailed("there is no bill of lading yet: the scenario's steps are out of order")
        at = self.world.settings.clock.now().replace(microsecond=0)
        number = f"TH-{at.year}-{self.reference[4:]}"
        certificate = certificate_of(self.lading, number, at, self.scenario.variant.certificate)
        self.certificate = number
        self.findings = [each.code for each in compare(certificate, self.lading)]
        if sorted(self.findings) != sorted(self.scenario.variant.findings):
            expected = ", ".join(self.scenario.variant.findings) or "none"
            self.problems.append(f"certificate and bill of lading: {', '.join(self.findings)}, expected {expected}")
        profile = profile_of(certificate.profile)
        if profile is None:
            raise LookupError(f"no profile {certificate.profile}")
        data = profile.encode[Syntax.JSON](certificate)
        sent = await self._sent(self.world.partners[AUTHORITY], data, (WINDOW,), number, certificate.profile)
        for document, other in ((sent, self.reference), (self.lodged, number)):
            await self._linked(document, other)
        await self._note(
            EXPORTER,
            Section.ORIGIN,
            {"certificate": number, "transportDocument": self.reference, "findings": self.findings},
        )

    async def _linked(self, document: str, other: str) -> None:
        """The hub shows each of the two documents with the other, and with the same findings."""
        shown = (await self.world.operator.summary(document)).get("consignment", ())
        found = {each["number"]: sorted(every["code"] for every in each["findings"]) for each in shown}
        if found.get(other) != sorted(self.findings):
            self.problems.append(f"the hub shows {document} with {found or 'nothing'}, not with {other}")

    async def _sent(self, sender: Partner, data: bytes, to: tuple[str, ...], number: str, profile: str) -> str:
        """A document through the hub, signed by its issuer: its id, once each recipient has said all of its story."""
        settings = self.world.settings
        at = settings.clock.now().replace(microsecond=0)
        signed = sign(data, Syntax.JSON, test_signer(settings.seed, sender.member.id), at)
        content = open_content(signed)
        if not isinstance(content, Content):
            raise StepFailed(f"{number} cannot be read back: {content.message}")
        says = self.scenario.variant.says if WINDOW in to else ("accepted",)
        story = Story({each: steps_of(says) for each in to})
        run = self.world.stories.runs.get(self.scenario.name, 0)
        self.world.stories.begin(self.scenario.name, run, {content.content_digest: story})
        try:
            entry = await sender.submit(signed, to, number, profile)
        except Distrusted as reason:
            raise StepFailed(f"{number}: {reason}") from reason
        if entry.kind is Kind.REFUSED:
            raise StepFailed(f"the hub refused {number}: {', '.join(entry.codes)}")
        sender.speak_of(entry.document_id)
        for recipient in to:
            await _until(partial(self._said, recipient, entry, len(story.at(recipient))))
        return entry.document_id

    async def _said(self, recipient: str, sent: Entry, steps: int) -> bool:
        """Whether all steps were said: what the recipient says, and what the issuing side answers."""
        entries = self.world.partners[recipient].journal.of_document(sent.document_id)
        words = [each for each in entries if each.kind in (Kind.EVENT_SENT, Kind.EVENT_RECEIVED)]
        return len({each.event["id"] for each in words}) >= steps

    # --- on the platforms ---------------------------------------------------------------------------------------------

    async def _act(self, trader: Trader, action: str, recipient: Trader | None) -> None:
        """An action of PINT by a possessor, and all that follows from it by itself."""
        shown = await self._title(trader.platform)
        body: JSON = {"action": action, "expectedSequence": shown["sequence"], "actor": trader.party}
        if recipient is not None:
            body["recipient"] = recipient.party
        path = f"{self.places.of(trader.platform)}/v1/titles/{self.reference}/actions"
        acted = await self._called("POST", path, trader, body)
        transfer = acted.get("transfer")
        if transfer:
            await self._until_transfer(trader.platform, str(transfer))
        await self._note_title(trader, action)

    async def _until_transfer(self, platform: str, transfer: str) -> None:
        async def settled() -> bool:
            shown = await self._read(f"{self.places.of(platform)}/v1/transfers/{transfer}")
            if shown["state"] in ("refused", "cancelled", "in-doubt"):
                raise StepFailed(f"the transfer is {shown['state']}: {shown['lastError']}")
            return bool(shown["state"] == "accepted")

        await _until(settled)

    async def _title(self, platform: str) -> JSON:
        return await self._read(f"{self.places.of(platform)}/v1/titles/{self.reference}")

    async def _where(self) -> str:
        """The platform that has the title, or had it last: the one where it was issued."""
        holders = self._holders()
        return next(iter((*holders.here, *holders.sending)), EXPORTER.platform)

    async def _until_title(self, platform: str, **members: str) -> None:
        async def there() -> bool:
            url = f"{self.places.of(platform)}/v1/titles/{self.reference}"
            shown = await self._called("GET", url, None, missing={})
            return all(shown.get(name) == value for name, value in members.items())

        await _until(there)

    def _holders(self) -> Holders:
        return count_holders(self.world.mounted.stores, self.reference)

    def _count(self, step: LadingStep) -> None:
        """One holder, from the issue to the end."""
        if self.lading is None:
            return
        holders = self._holders()
        wanted = 0 if EXPORTER.platform in holders.ended else 1
        if holders.count != wanted:
            self.problems.append(f"after '{step.does}' {holders.count} platforms hold {self.reference}: {holders}")
        if wanted:
            self.counted.append(holders)

    # --- the end ------------------------------------------------------------------------------------------------------

    async def finish(self, began: float) -> Played:
        """What came of it, verified by whoever has the certificates alone."""
        ended, chain = await self._ended()
        report = verify_title(chain, trust_of(self.world.settings.seed))
        self.problems += [f"the chain: {each.code} {each.pointer} {each.found}" for each in report.findings]
        link = await self._verified_link()
        counts = {each.count for each in self.counted}
        summary = LadingSummary(
            scenario=self.scenario.name,
            variant=self.scenario.variant.name,
            seed=self.world.settings.seed,
            transport_document=self.reference,
            certificate=self.certificate,
            ended=ended,
            holders=1 if counts == {1} else max(counts - {1}, default=0),
            counted=len(self.counted),
            chain=report.entries,
            positions=self.positions,
            findings=tuple(self.findings),
            elapsed_s=round(time.monotonic() - began, 3),
            problems=tuple(self.problems),
        )
        return Played(summary, {"chain": chain, "platforms": platforms_list(self.world.settings.seed), "link": link})

    async def _ended(self) -> tuple[str, JSON]:
        """The status of the title, and its chain, as the platform has it where it was issued."""
        url = f"{self.places.of(EXPORTER.platform)}/v1/titles/{self.reference}/chain"
        chain = await self._called("GET", url, None, missing={}) if self.reference else {}
        return str(chain.get("state", {}).get("status", "never issued")), chain

    async def _verified_link(self) -> JSON:
        """The link as the importer sees it; every party verifies what it sees, and all compare their heads."""
        heads: set[str] = set()
        seen: JSON = {}
        for trader in TRADERS.values():
            url = f"{self.places.world}{LINKS}/links/{self.link}"
            shown = await self._called("GET", url, trader, missing={})
            if not shown:
                continue
            parties = {Role(role): party for role, party in shown["parties"].items()}
            positions = [
                Seen(Position.from_json(each), each.get("data"), each.get("salt", "")) for each in shown["positions"]
            ]
            found = verify(self.link, founded(self.link, parties), positions, opening_of(parties))
            self.problems += [f"the link, as the {trader.role} sees it: {each.code} {each.pointer}" for each in found]
            heads.add(positions[-1].position.transaction if positions else "")
            seen = shown if trader is IMPORTER else seen
        if len(heads) > 1:
            self.problems.append("the parties see different histories of the link")
        return seen

    # --- telling and asking -------------------------------------------------------------------------------------------

    def report(self, kind: str, text: str, step: LadingStep | None = None) -> None:
        self.on_progress(
            Progress(
                kind=kind,
                at=self._now(),
                number=self.reference,
                profile=TRANSPORT_DOCUMENT if self.reference else "",
                sender=TRADERS[step.by].id if step else "",
                recipient=TRADERS[step.to].id if step and step.to else "",
                text=text,
                counts={"accepted": self.done, "total": len(self.scenario.steps)},
            )
        )

    def _now(self) -> str:
        return rfc3339(self.world.settings.clock.now())

    async def _read(self, url: str) -> JSON:
        return await self._called("GET", url, None)

    async def _called(
        self, method: str, url: str, trader: Trader | None, body: JSON | None = None, *, missing: JSON | None = None
    ) -> JSON:
        """The JSON object of an answer. `missing`: what there is where there is no such thing yet (404, 202)."""
        headers = {"Authorization": f"Bearer {trader_token(self.world.settings.seed, trader)}"} if trader else {}
        answer = await self.http.request(method, url, json=body, headers=headers)
        if missing is not None and (answer.status_code == 404 or (method == "GET" and answer.status_code == 202)):
            return missing
        if not answer.is_success:
            raise StepFailed(f"{method} {url}: {answer.status_code} {answer.text[:400]}")
        return orjson.loads(answer.content) if answer.content else {}


async def _until(look: Callable[[], Awaitable[bool]]) -> None:
    while not await look():
        await asyncio.sleep(POLL_SECONDS)


async def play_lading(
    world: World, scenario: LadingScenario, on_progress: Callable[[Progress], None], *, deadline: float
) -> Played:
    """One run of the scenario. `deadline`: seconds until it is given up."""
    began = time.monotonic()
    run = world.stories.runs.get(scenario.name, 0)
    async with httpx.AsyncClient(verify=tls_context(), trust_env=False, timeout=10.0) as http:
        player = Player(world, scenario, on_progress, http, booking=f"BKG{run + 1:05}")
        try:
            async with asyncio.timeout(deadline):
                for step in scenario.steps:
                    await player.take(step)
        except TimeoutError:
            player.problems.append(f"step {player.done + 1} did not end in time: {scenario.steps[player.done].tells}")
        except (StepFailed, httpx.HTTPError) as error:
            player.problems.append(f"step {player.done + 1}, {scenario.steps[player.done].does}: {error}")
        if scenario.variant.teaches and player.findings:
            player.report("lesson", f"{scenario.variant.teaches} ({', '.join(player.findings)})")
        return await player.finish(began)
