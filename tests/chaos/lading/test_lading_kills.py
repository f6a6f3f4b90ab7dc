"""`kill -9` of sender, receiver, both, or of all with the registry, at every step of a transfer: one holder, always.

Each case holds one process at a step (`tradebridge.ebl.steps`), kills it there with whoever else dies, counts the
holders over the stores of the dead, starts all again, and waits until it has settled. Then the title goes on.
"""

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass

import httpx
import pytest

from schemas.bill_of_lading.pint import Party
from tests.chaos.lading.guarded import configuration_of, registry_hub
from tests.ebl.cast import BANK, BUYER, CARRIER_CODE, EXPORTER, FORWARDER, RENDERING, document, party
from tests.ebl.running import Platforms, Process, eventually, issuance_request, platforms
from tests.exchange.running import HubProcess
from tradebridge.ebl import steps

PACKING_LIST = {"name": "List.txt", "mediaType": "text/plain", "content": "NDgwIGNhcnRvbnM="}
STRANGER = party("Nobody at all", "SIM-XX", "MEKO")
PASSES = {steps.SEND_DOCUMENT_SENT: 2, steps.RECEIVE_DOCUMENT_WRITTEN: 2, steps.RECEIVE_DOCUMENT_KEPT: 2}
"""How often a transfer with two additional documents comes to these; to the others once."""
GUARDED = {steps.SEND_OFFERED, steps.RECEIVE_REGISTERED}
ITSELF, BOTH, ALL = "itself", "both", "all"


@dataclass(frozen=True)
class Case:
    hold: str
    dies: str
    registry: bool

    @property
    def step(self) -> str:
        return self.hold.partition(":")[0]

    @property
    def held(self) -> str:
        return "STRA" if self.step in steps.SENDER else "MEKO"

    def __str__(self) -> str:
        return f"{self.hold}, {self.dies}{', with a registry' if self.registry else ''}"


def _cases() -> Iterator[Case]:
    for registry in (False, True):
        for step in (*steps.SENDER, *steps.RECEIVER):
            if step in GUARDED and not registry:
                continue
            for number in range(1, PASSES.get(step, 1) + 1):
                for dies in (ITSELF, BOTH, *((ALL,) if registry else ())):
                    yield Case(f"{step}:{number}", dies, registry)


SAMPLE = {
    (f"{steps.SEND_LOCKED}:1", BOTH, False),
    (f"{steps.SEND_ANSWERED}:1", ITSELF, False),
    (f"{steps.RECEIVE_ACCEPTED}:1", BOTH, False),
    (f"{steps.SEND_OFFERED}:1", ITSELF, True),
    (f"{steps.RECEIVE_REGISTERED}:1", ALL, True),
}
CASES = [
    pytest.param(
        each, id=str(each), marks=pytest.mark.long("lading", sample=(each.hold, each.dies, each.registry) in SAMPLE)
    )
    for each in _cases()
]


@dataclass
class World:
    """Three platforms, and the registry that they ask, if any."""

    three: Platforms
    hub: HubProcess | None

    def kill(self, *codes: str, registry: bool = False) -> None:
        for code in codes:
            self.three[code].kill()
        if registry and self.hub is not None:
            self.hub.kill()
            self.hub.process = None

    def start(self, *codes: str) -> None:
        """The registry last: until then it is silence."""
        for code in codes:
            if not self.three[code].running or self.three[code].held():
                self.three[code].restart()
        if self.hub is not None and self.hub.process is None:
            self.hub.start()


@pytest.fixture(scope="module")
def unguarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with platforms(tmp_path_factory.mktemp("unguarded")) as three:
        yield World(three, None)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("guarded")
    with ExitStack() as stack:
        hub = stack.enter_context(registry_hub(folder / "hub"))
        three = stack.enter_context(platforms(folder, start=False))
        for code, process in three.processes.items():
            process.config |= configuration_of(hub, code)
            process.start()
        yield World(three, hub)


def begin(sender: Process, reference: str, recipient: Party) -> str:
    """A transfer with two documents. Its id is read from the store: the sender may be dead before it answers."""
    with suppress(httpx.HTTPError):
        sender.try_act(reference, "TRANSFER", EXPORTER, recipient, documents=[PACKING_LIST])
    query = "select id from ebl_transfers where reference = ? and action = 'TRANSFER'"
    return str(eventually(lambda: sender.rows(query, reference), "a transfer")[0]["id"])


@pytest.mark.timeout(180)
@pytest.mark.parametrize("case", CASES)
def test_one_holder_whoever_is_killed_wherever(request: pytest.FixtureRequest, case: Case) -> None:
    world: World = request.getfixturevalue("guarded" if case.registry else "unguarded")
    three, refused = world.three, case.step == steps.RECEIVE_REFUSED
    world.start("STRA", "MEKO", "FUJI")
    reference = three.issue(rendering=RENDERING)
    three[case.held].restart(case.hold)
    transfer = begin(three["STRA"], reference, STRANGER if refused else FORWARDER)
    three[case.held].wait_held(case.step)
    assert len(three.holders(reference)) == 1
    world.kill(*(("STRA", "MEKO") if case.dies != ITSELF else (case.held,)), registry=case.dies == ALL)
    holding = three.holders(reference)
    assert len(holding) == 1, holding
    world.start(case.held, "STRA", "MEKO")
    assert three["STRA"].settled(transfer)["state"] == ("refused" if refused else "accepted")
    if refused:
        goes_on(three, reference, "STRA", EXPORTER, FORWARDER)
    else:
        three["MEKO"].stands(reference, "here")
        three["STRA"].stands(reference, "away")
        files = {each["name"] for each in three["MEKO"].title(reference)["documents"]}
        assert files == {"Bill.pdf", "List.txt"}
        goes_on(three, reference, "MEKO", FORWARDER, BUYER)


def goes_on(three: Platforms, reference: str, code: str, holder: Party, taker: Party) -> None:
    assert three.holders(reference) == [code]
    on = three[code].act(reference, "TRANSFER", holder, taker)
    assert three[code].settled(on["transfer"])["state"] == "accepted"
    assert three.holders(reference) == [taker.ebl_platform]


def test_every_step_of_a_transfer_is_enumerated() -> None:
    covered = {each.step for each in _cases()}
    assert covered == {*steps.SENDER, *steps.RECEIVER}
    assert {(each.hold, each.dies, each.registry) for each in _cases()} >= SAMPLE


# --- Issuance and surrender ------------------------------------------------------------------------------------------

OUTSIDE = [
    pytest.param(step, marks=pytest.mark.long("lading", sample=step in (steps.ISSUE_STORED, steps.SURRENDER_STORED)))
    for step in (steps.ISSUE_ARRIVED, steps.ISSUE_STORED, steps.SURRENDER_ARRIVED, steps.SURRENDER_STORED)
]
CALLS = [
    pytest.param(step, action, marks=pytest.mark.long("lading", sample=False))
    for step in (steps.CALL_SENDING, steps.CALL_ANSWERED)
    for action in ("ISSUE", "SURRENDER_FOR_DELIVERY")
]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("step", OUTSIDE)
def test_a_platform_killed_while_the_carrier_speaks_to_it(unguarded: World, step: str) -> None:
    """The carrier asks again until it is answered; the bill is issued once, and delivered once."""
    three, straits = unguarded.three, unguarded.three["STRA"]
    unguarded.start("STRA", "MEKO", "FUJI")
    three.documents += 1
    reference = f"SIML27{three.documents:05}"
    asked = issuance_request(document("blank", transportDocumentReference=reference), EXPORTER, RENDERING)
    if step in steps.ISSUER:
        straits.restart(step)
    says(straits, "PUT", "/ebl/v3/ebl-issuance-requests", asked, step)
    straits.stands(reference, "here")
    assert three.carrier.response_to(reference)["issuanceResponseCode"] == "ISSU"
    assert three.holders(reference) == ["STRA"]
    straits.act(reference, "SURRENDER_FOR_DELIVERY", EXPORTER)
    surrendered = three.carrier.surrender_of(reference)
    verdict = {"surrenderRequestReference": surrendered["surrenderRequestReference"], "action": "SURR"}
    if step not in steps.ISSUER:
        straits.restart(step)
    says(straits, "POST", "/ebl/v3/ebl-surrender-responses", verdict, step)
    assert straits.stands(reference, "ended")["status"] == "accomplished"
    assert three.holders(reference) == []
    assert straits.try_act(reference, "TRANSFER", EXPORTER, FORWARDER).status_code >= 400


def says(process: Process, method: str, path: str, body: object, step: str) -> None:
    """As the carrier does: until it is answered. Whoever is held is killed and started again."""

    def once() -> bool:
        try:
            answer = process.as_peer(CARRIER_CODE, method, path, body, timeout=1.5)
        except httpx.HTTPError:
            if process.held():
                assert (process.folder / "held").read_text() == step
                process.restart()
            return False
        assert answer.status_code in (204, 409), answer.text
        return True

    eventually(once, f"{method} {path} is answered", 60)


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("step", "action"), CALLS)
def test_a_platform_killed_while_it_speaks_to_the_carrier(unguarded: World, step: str, action: str) -> None:
    three, straits = unguarded.three, unguarded.three["STRA"]
    unguarded.start("STRA", "MEKO", "FUJI")
    three.documents += 1
    reference = f"SIML27{three.documents:05}"
    asked = issuance_request(document("blank", transportDocumentReference=reference), EXPORTER)
    if action == "ISSUE":
        straits.restart(step)
    says(straits, "PUT", "/ebl/v3/ebl-issuance-requests", asked, step)
    if action == "ISSUE":
        straits.wait_held(step)
        straits.restart()
    assert three.carrier.response_to(reference)["issuanceResponseCode"] == "ISSU"
    straits.act(reference, "TRANSFER", EXPORTER, BANK)
    if action == "ISSUE":
        return
    straits.restart(step)
    with suppress(httpx.HTTPError):
        straits.try_act(reference, action, BANK)
    straits.wait_held(step)
    straits.restart()
    request = three.carrier.surrender_of(reference)
    asked_again = [each for each in three.carrier.surrenders if each["transportDocumentReference"] == reference]
    assert all(each == request for each in asked_again)
    assert straits.title(reference)["status"] == "surrendered-for-delivery"
