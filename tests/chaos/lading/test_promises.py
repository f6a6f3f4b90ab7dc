"""What each side of a transfer promises, one fault at a time: the shortest story in which a broken promise makes two
holders, or none."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from cryptography import x509

from schemas.bill_of_lading.control import Control, Offer, OfferState
from schemas.content import sha256_hex
from simulator.platform import Settings, _account
from simulator.platforms import token_of
from tests.chaos.lading.network import NOBODY, Fate, Network, Node, party
from tests.ebl import cast
from tests.ebl.registry import CODE
from tests.ebl.running import SEED, issuance_request, key_of
from tradebridge.ebl import registry, steps, titles, transfers
from tradebridge.ebl.chain import first_entry, follow
from tradebridge.ebl.envelope import make_envelope
from tradebridge.ebl.seal import open_sealed, seal, thumbprint
from tradebridge.evidence.simulation import test_signer as signer_of


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    one = Network(tmp_path)
    yield one
    one.close()


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Network]:
    one = Network(tmp_path, registered=True)
    yield one
    one.close()


def begun(network: Network, name: str = "TRADER") -> str:
    """A title of the trader of STRA, on its way to MEKO."""
    reference = network.issue("STRA")
    network.run(network["STRA"].attempt())
    assert network.transfer("STRA", reference, party("MEKO", name)).status_code == 200
    return reference


def attempted(network: Network, *fates: Fate) -> None:
    network.fates.extend(fates)
    network.run(network["STRA"].attempt())
    network.fates.clear()


def sent(network: Network) -> int:
    """How often an envelope went out."""
    return sum("/envelopes:" in each for each in network.told)


def test_a_title_that_is_sent_is_locked(network: Network) -> None:
    reference = begun(network)
    assert network.transfer("STRA", reference, party("FUJI")).status_code == 409
    assert network.holders(reference) == ["STRA sending"]


def test_silence_unlocks_nothing(network: Network) -> None:
    reference = begun(network)
    for _ in range(4):
        attempted(network, Fate.ANSWER_LOST)
        assert network.holders(reference) == ["MEKO here"]
    assert network.stands("STRA", reference) == "in-doubt"


def test_the_receipt_is_said_again_for_a_retry(network: Network) -> None:
    reference = begun(network)
    attempted(network, Fate.ANSWER_LOST)
    attempted(network)
    assert network.stands("STRA", reference) == "away"


def test_no_receipt_before_the_title_is_in_the_store(network: Network) -> None:
    reference = begun(network)
    network["MEKO"].fails_in = 0
    attempted(network)
    assert network.holders(reference) == ["STRA sending"]
    attempted(network)
    assert network.holders(reference) == ["MEKO here"]


def test_what_the_store_could_not_keep_was_an_attempt_all_the_same(network: Network) -> None:
    """Accepted, and the receipt heard; the store fails. The next copy is spoilt on the way, and refused as such: that
    takes nothing back."""
    reference = begun(network)
    network["STRA"].fails_in = 0
    attempted(network)
    assert (network.stands("STRA", reference), network.stands("MEKO", reference)) == ("sending", "here")
    attempted(network, Fate.CORRUPTED)
    assert network.holders(reference) == ["MEKO here"], network.told
    attempted(network)
    assert network.stands("STRA", reference) == "away"


def test_a_spoilt_copy_gives_nothing_back_since_the_whole_one_may_come_later(network: Network) -> None:
    """The very first attempt: somebody on the way spoils it, and hands in the whole one when it suits."""
    reference = begun(network)
    attempted(network, Fate.SPOILT)
    network.run(network.arrives(0))
    assert network.holders(reference) == ["MEKO here"], network.told
    attempted(network)
    assert network.stands("STRA", reference) == "away"


def called_back(network: Network) -> int:
    (row,) = network["STRA"].rows("select id from ebl_transfers order by created_at desc limit 1")
    return network.post("STRA", "POST", f"/v1/transfers/{row['id']}:cancel").status_code


def test_what_the_receiver_commits_to_refuse_is_called_back_without_a_registry(network: Network) -> None:
    """Its signature is refused, whoever is at fault; the title is in doubt until the receiver signs the entry's end."""
    reference = begun(network)
    attempted(network, Fate.SPOILT)
    assert called_back(network) == 200
    network.run(network.arrives(0))
    assert network.holders(reference) == ["STRA here"], network.told
    assert network.transfer("STRA", reference, party("MEKO")).status_code == 200
    attempted(network)
    assert network.holders(reference) == ["MEKO here"]


def test_what_the_receiver_has_accepted_is_not_called_back(network: Network) -> None:
    reference = begun(network)
    attempted(network, Fate.ANSWER_LOST)
    assert called_back(network) == 409
    assert (network.stands("STRA", reference), network.holders(reference)) == ("away", ["MEKO here"])


@pytest.mark.parametrize(
    "fate", [Fate.REQUEST_LOST, Fate.ANSWER_LOST, Fate.ERROR, Fate.RUBBISH], ids=lambda fate: fate.name
)
def test_no_word_of_the_receiver_calls_nothing_back(network: Network, fate: Fate) -> None:
    reference = begun(network)
    attempted(network, Fate.REQUEST_LOST)
    network.fates.append(fate)
    assert called_back(network) == 409
    assert network.holders(reference) == ["STRA sending"]
    assert called_back(network) == 200, "asked again"
    assert network.holders(reference) == ["STRA here"]


@pytest.mark.parametrize("heard", [False, True], ids=["never accepted", "accepted before"])
def test_what_was_signed_by_a_key_that_has_ended_is_signed_anew_and_stays_the_same_transfer(
    network: Network, heard: bool
) -> None:
    reference = begun(network)
    if heard:
        attempted(network, Fate.ANSWER_LOST)
    new, sender = signer_of(SEED, "STRA", "another key"), network["STRA"]
    for node in network.nodes.values():
        revoked(node, "STRA", new.certificate, since=network.now())
    sender.key = new
    for _ in range(2):
        attempted(network)
    assert (network.stands("STRA", reference), network.holders(reference)) == ("away", ["MEKO here"])
    moved(network, reference, "MEKO", "STRA")
    assert network.holders(reference) == ["STRA here"], "the chain is one chain, whichever copy each has"


def test_a_spoilt_copy_ends_a_transfer_where_the_registry_takes_the_cancellation(guarded: Network) -> None:
    reference = begun(guarded)
    attempted(guarded, Fate.THROUGH, Fate.SPOILT)
    assert guarded.stands("STRA", reference) == "here"
    guarded.run(guarded.arrives(0))
    assert guarded.holders(reference) == ["STRA here"], guarded.told


def test_what_a_killed_process_was_at_was_an_attempt_all_the_same(network: Network) -> None:
    reference = begun(network)
    network["STRA"].dies_at = steps.SEND_ANSWERED
    attempted(network)
    assert network["STRA"].down
    network["STRA"].dies_at = None
    network.run(network["STRA"].start())
    attempted(network, Fate.CORRUPTED)
    assert network.holders(reference) == ["MEKO here"], network.told


def test_a_refused_entry_is_dead_when_its_recipient_is_known_at_last(network: Network) -> None:
    """A copy that was given up comes after the refusal on which the sender took the title back."""
    reference = begun(network, NOBODY)
    attempted(network, Fate.LATE)
    attempted(network)
    assert network.stands("STRA", reference) == "here"
    opened(network, "MEKO", NOBODY)
    network.run(network.arrives(0))
    assert network.holders(reference) == ["STRA here"]


def revoked(node: Node, code: str, *others: x509.Certificate, since: datetime = cast.BEGIN) -> None:
    """Since then this platform believes nothing that the key of another signs; it believes what `others` sign."""
    peers = node.settings.peers
    peer = peers.platforms[code]
    certificates = (*peer.trusted.certificates, *others)
    known = replace(peer.trusted, certificates=certificates)
    trusted = replace(known, revoked={thumbprint(key_of(code).certificate): since})
    platforms = {**peers.platforms, code: replace(peer, trusted=trusted)}
    node.settings = replace(node.settings, peers=replace(peers, platforms=platforms))


def closed(node: Node) -> None:
    """Nobody has an account here any more."""
    node.settings = replace(node.settings, accounts=())


def opened(network: Network, code: str, name: str) -> None:
    """An account for somebody who had none."""
    one, node = party(code, name), network[code]
    codes = [{"codeListProvider": "ZZZ", "partyCode": one.identifying_codes[0].party_code}]
    account = _account({"id": name, "partyName": one.party_name, "identifyingCodes": codes}, code)
    settings: Settings = node.settings
    node.settings = replace(settings, accounts=(*settings.accounts, account))


def test_a_refused_entry_is_not_sent_again(network: Network) -> None:
    reference = begun(network, NOBODY)
    for _ in range(3):
        attempted(network)
    assert (sent(network), network.holders(reference)) == (1, ["STRA here"])


def forked_notice(network: Network, reference: str, by: str, to: str, hours: int = 400) -> int:
    """A former holder signs of the time before that it has endorsed the bill to somebody, and tells of it. The status
    of the answer."""
    (row,) = network[by].rows("select * from ebl_titles where reference = ?", reference)
    *before, own = orjson.loads(row["signed"])
    endorsed = cast.act("ENDORSE", party(by), party(to), hours)
    document, key = orjson.loads(row["document"]), key_of(by)
    if before:
        fork = follow(before, [endorsed], key, by, row["id"])
    else:
        issue = titles.read_entry(own).transactions[0]
        fork = first_entry(document, [issue, endorsed], row["issuance_manifest"], key, by)
    path, token = "/pint/v3/envelopes", token_of(SEED, by, to)
    return network.post(to, "POST", path, make_envelope(document, [*before, fork], key), token).status_code


def test_a_former_holder_blocks_nobody_by_a_notice_of_another_course(network: Network) -> None:
    reference = begun(network)
    attempted(network)
    assert forked_notice(network, reference, "STRA", "FUJI") == 200
    moved(network, reference, "MEKO", "FUJI")
    assert network.holders(reference) == ["FUJI here"], network.told
    moved(network, reference, "FUJI", "MEKO")
    moved(network, reference, "MEKO", "KAPU")
    assert forked_notice(network, reference, "MEKO", "FUJI") == 200
    moved(network, reference, "KAPU", "FUJI")
    assert network.holders(reference) == ["FUJI here"], "also where it was before"


def moved(network: Network, reference: str, giver: str, taker: str) -> None:
    assert network.transfer(giver, reference, party(taker)).status_code == 200
    network.run(network[giver].attempt())


def test_what_was_held_here_stands_in_every_chain_that_comes(network: Network) -> None:
    """STRA hands it to MEKO, and MEKO back; then MEKO sends it once more, as if it had not handed it back."""
    reference = begun(network)
    attempted(network)
    moved(network, reference, "MEKO", "STRA")
    moved(network, reference, "STRA", "KAPU")
    (row,) = network["MEKO"].rows("select * from ebl_titles where reference = ?", reference)
    document, key, signed = orjson.loads(row["document"]), key_of("MEKO"), orjson.loads(row["signed"])[:1]
    again = cast.act("TRANSFER", party("MEKO"), party("STRA"), 500)
    fork = follow(signed, [again], key, "MEKO", row["id"])
    envelope = make_envelope(document, [*signed, fork], key)
    answer = network.post("STRA", "POST", "/pint/v3/envelopes", envelope, token_of(SEED, "MEKO", "STRA"))
    assert answer.status_code == 409, "DISE"
    assert network.holders(reference) == ["KAPU here"], network.told


def test_of_two_that_saw_the_same_title_one_writes(network: Network) -> None:
    reference = network.issue("STRA")
    node = network["STRA"]
    held = network.run(node.ask(lambda connection: titles.find(connection, reference, carrier=cast.CARRIER_CODE)))
    assert held is not None
    network.run(node.do(lambda connection: titles.write(connection, node, "title.acted", held, held)))
    with pytest.raises(titles.Moved):
        network.run(node.do(lambda connection: titles.write(connection, node, "title.acted", held, held)))


# --- With a registry -------------------------------------------------------------------------------------------------


def test_what_was_called_back_in_the_registry_is_never_accepted(guarded: Network) -> None:
    reference = begun(guarded)
    attempted(guarded, Fate.THROUGH, Fate.LATE)
    (row,) = guarded["STRA"].rows("select id from ebl_transfers where action = 'TRANSFER'")
    assert guarded.post("STRA", "POST", f"/v1/transfers/{row['id']}:cancel").status_code == 200
    guarded.run(guarded.arrives(0))
    assert guarded.holders(reference) == ["STRA here"]


@pytest.mark.parametrize("since", ["revoked", "closed", "disputed"])
def test_what_the_registry_has_given_comes_here_whatever_has_become_of_who_sent_it(
    guarded: Network, since: str
) -> None:
    """The receiver is killed between the registry's word and its own store. Before it starts again the certificate of
    the sender is revoked, its own account is closed, or another bill of the same number comes."""
    reference = begun(guarded)
    receiver = guarded["MEKO"]
    receiver.dies_at = steps.RECEIVE_REGISTERED
    attempted(guarded)
    assert receiver.down
    receiver.dies_at = None
    settings = receiver.settings
    if since == "revoked":
        revoked(receiver, "STRA")
    elif since == "closed":
        closed(receiver)
    guarded.run(receiver.start())
    if since == "disputed":
        other = guarded.issue("FUJI", reference, transportDocumentSubReference="2")
        guarded.run(guarded["FUJI"].attempt())
        assert guarded.transfer("FUJI", other, party("MEKO")).status_code == 200
        guarded.run(guarded["FUJI"].attempt())
        assert guarded.stands("FUJI", other) == "sending", "it waits"
    attempted(guarded)
    guarded.run(receiver.attempt())
    assert guarded.stands("MEKO", reference) == "here", guarded.told
    attempted(guarded)
    assert guarded.stands("STRA", reference) == "away"
    receiver.settings = settings
    assert guarded.transfer("MEKO", reference, party("KAPU")).status_code == 200, "whose it is"


def test_a_first_entry_that_leaves_the_registry_out_moves_nothing_that_is_in_it(guarded: Network) -> None:
    """STRA has handed the bill to MEKO in the registry; then it signs a first entry that names none."""
    reference = begun(guarded)
    attempted(guarded)
    (row,) = guarded["STRA"].rows("select * from ebl_titles where reference = ?", reference)
    issue = titles.read_entry(orjson.loads(row["signed"])[0]).transactions[0]
    document, key = orjson.loads(row["document"]), key_of("STRA")
    again = cast.act("TRANSFER", party("STRA"), party("FUJI"), 500)
    fork = first_entry(document, [issue, again], row["issuance_manifest"], key, "STRA")
    token = token_of(SEED, "STRA", "FUJI")
    answer = guarded.post("FUJI", "POST", "/pint/v3/envelopes", make_envelope(document, [fork], key), token)
    assert answer.status_code == 409, answer.text
    assert guarded.holders(reference) == ["MEKO here"]


def test_a_consulted_registry_that_is_silent_holds_up_a_bill_that_it_has_no_part_in(guarded: Network) -> None:
    """It may have the bill, and only it can say so. What is said of it stands in docs/bills-of-lading.md."""
    guarded["STRA"].registry = None
    reference = begun(guarded)
    for _ in range(guarded["MEKO"].patience.attempts):
        attempted(guarded, Fate.THROUGH, Fate.REQUEST_LOST)
    (row,) = guarded["STRA"].rows("select * from ebl_transfers")
    assert (row["state"], row["registry"], row["answer"]) == ("in-doubt", None, None)
    assert "HTTP 503" in row["last_error"] and "pint.registry-silent" in row["last_error"]
    assert "`pint.registry-silent` (503)" in (Path(__file__).parents[3] / "docs/bills-of-lading.md").read_text("utf-8")
    attempted(guarded)
    assert (guarded.holders(reference), guarded.stands("STRA", reference)) == (["MEKO here"], "away")


def test_another_registry_of_the_same_key_decides_nothing(guarded: Network) -> None:
    reference = begun(guarded)
    own, guarded.registry.url = guarded.registry.url, "http://another.test"
    attempted(guarded)
    assert (sent(guarded), guarded.stands("STRA", reference)) == (0, "sending")
    guarded.registry.url = own
    attempted(guarded)
    assert guarded.holders(reference) == ["MEKO here"]


def test_a_receipt_counts_when_the_registry_has_the_acceptance(guarded: Network) -> None:
    """The receiver signs that it has the title, and has not."""
    reference = begun(guarded)
    attempted(guarded, Fate.THROUGH, Fate.LIED_RECE)
    assert guarded.holders(reference) == ["STRA sending"]
    attempted(guarded)
    assert (guarded.holders(reference), guarded.stands("STRA", reference)) == (["MEKO here"], "away")


def test_a_refusal_counts_when_the_registry_has_the_cancellation(guarded: Network) -> None:
    """The receiver accepts, and signs that it refuses."""
    reference = begun(guarded)
    attempted(guarded, Fate.THROUGH, Fate.LIED_BENV)
    assert (guarded.holders(reference), guarded.stands("STRA", reference)) == (["MEKO here"], "away")


def test_what_the_registry_has_given_to_another_platform_is_refused_here(guarded: Network) -> None:
    """STRA offers the entry to FUJI, which accepts it; the envelope goes to MEKO, whom it names."""
    reference = begun(guarded)
    row, content = last_sent(guarded)
    guarded.run(registry.registered(guarded["STRA"], guarded.registry.base, row["title"], issued_as(guarded, row)))
    said = [
        guarded.run(registry.offered(guarded["STRA"], guarded.registry.base, row["title"], content, "FUJI")),
        guarded.run(registry.accepted(guarded["FUJI"], guarded.registry.base, row["title"], content)),
    ]
    assert [each.stand for each in said] == [registry.Stand.OPEN, registry.Stand.ACCEPTED]
    token = token_of(SEED, "STRA", "MEKO")
    answer = guarded.post("MEKO", "POST", "/pint/v3/envelopes", orjson.loads(row["envelope"]), token)
    assert (answer.status_code, guarded.stands("MEKO", reference)) == (422, ""), "BENV"
    assert guarded.registry.control(row["title"]) == "FUJI"


# --- What the registry does not have ----------------------------------------------------------------------------------


def issued_twice(guarded: Network) -> str:
    """The carrier issues one document on FUJI and on STRA. FUJI registers its own, and hands it to KAPU; STRA asks for
    the other one."""
    reference = guarded.issue("FUJI")
    guarded.run(guarded["FUJI"].attempt())
    moved(guarded, reference, "FUJI", "KAPU")
    assert guarded.holders(reference) == ["KAPU here"]
    guarded.issue("STRA", reference)
    assert guarded.transfer("STRA", reference, party("MEKO")).status_code == 409, "it is not issued yet"
    return reference


def set_back(guarded: Network) -> str:
    """STRA sends to MEKO what it has given to FUJI in the registry, and knows no more of it: its store was set back."""
    reference = begun(guarded)
    row, _ = last_sent(guarded)
    base = guarded.registry.base
    guarded.run(registry.registered(guarded["STRA"], base, row["title"], issued_as(guarded, row)))
    guarded.run(registry.offered(guarded["STRA"], base, row["title"], ENTRY, "FUJI"))
    guarded.run(registry.accepted(guarded["FUJI"], base, row["title"], ENTRY))
    return reference


@pytest.mark.parametrize(
    ("story", "control", "reason"),
    [(issued_twice, "KAPU", "control.registered"), (set_back, "FUJI", "control.not-in-control")],
    ids=["issued twice", "set back"],
)
def test_what_another_platform_controls_is_asked_for_so_often_and_then_it_is_away(
    guarded: Network, story: Callable[[Network], str], control: str, reason: str
) -> None:
    reference, sender = story(guarded), guarded["STRA"]
    for _ in range(sender.patience.attempts - 1):
        attempted(guarded)
    assert guarded.stands("STRA", reference) == "sending"
    attempted(guarded)
    *_, row = sender.rows("select * from ebl_transfers order by created_at")
    assert (row["state"], guarded.stands("STRA", reference)) == ("refused", "away")
    assert reason in row["last_error"] and control in row["last_error"]
    said = open_sealed(row["answer"], sender.peers().registries[guarded.registry.base].trusted, guarded.now())
    assert isinstance(said, dict) and said["control"] == control
    assert sent(guarded) == (1 if story is issued_twice else 0), "MEKO never heard of it"
    told = guarded.transfer("STRA", reference, party("MEKO"))
    assert (told.status_code, told.json()["code"]) == (409, "title.elsewhere")
    if story is issued_twice:
        moved(guarded, reference, "KAPU", "STRA")
        assert guarded.holders(reference) == ["STRA here"], "when it comes, it is welcome"


def test_a_title_that_was_only_to_be_issued_elsewhere_is_away_as_well_and_its_carrier_hears_of_it(
    guarded: Network,
) -> None:
    reference = guarded.issue("FUJI")
    guarded.run(guarded["FUJI"].attempt())
    moved(guarded, reference, "FUJI", "KAPU")
    value = cast.document("blank", transportDocumentReference=reference)
    request = issuance_request(value, party("MEKO"))
    shown = token_of(SEED, cast.CARRIER_CODE, "STRA")
    assert guarded.post("STRA", "PUT", "/ebl/v3/ebl-issuance-requests", request, shown).status_code == 204
    for _ in range(guarded["STRA"].patience.attempts):
        attempted(guarded)
    (told,) = guarded["STRA"].rows("select body from ebl_calls")
    assert guarded.stands("STRA", reference) == "away"
    assert orjson.loads(told["body"])["errors"][0]["errorCode"] == "control.registered"


@pytest.mark.parametrize("history", ["of another day", "without a time", "of itself"])
def test_what_the_registry_said_before_the_transfer_began_takes_no_title_away(guarded: Network, history: str) -> None:
    reference, sender = set_back(guarded), guarded["STRA"]
    if history == "of another day":
        guarded.registry.now = lambda: cast.NOW - timedelta(days=1)
    elif history == "of itself":
        (title,) = guarded.registry.controls
        guarded.registry.controls[title] = replace(guarded.registry.controls[title], platform="STRA", offers=())
        offer = Offer("c" * 64, "STRA", "MEKO", OfferState.OPEN)
        guarded.registry.controls[title] = replace(guarded.registry.controls[title], offers=(offer,))
    with pytest.MonkeyPatch.context() as patch:
        if history == "without a time":
            patch.setattr(Control, "to_json", lambda *given, **more: _TO_JSON(*given, **more) | {"at": "then"})
        for _ in range(sender.patience.attempts + 2):
            attempted(guarded)
    assert guarded.stands("STRA", reference) == "in-doubt"


_TO_JSON = Control.to_json


def last_sent(network: Network) -> tuple[Any, str]:
    (row,) = network["STRA"].rows("select * from ebl_transfers where action = 'TRANSFER'")
    return row, row["content"]


def issued_as(network: Network, row: Any) -> registry.Issued:
    issued = transfers.outgoing(row_of(network, row["id"])).registers("STRA")
    assert issued is not None
    return issued


def row_of(network: Network, transfer: str) -> Any:
    return network.run(network["STRA"].ask(lambda connection: transfers.by_id(connection, transfer)))


TITLE, ENTRY = "a" * 64, "b" * 64


@pytest.mark.parametrize(
    ("asks", "status", "offer", "stand"),
    [
        ("accepted", 200, {}, "accepted"),
        ("accepted", 200, {"to": "FUJI"}, "unknown"),
        ("accepted", 409, {"to": "FUJI"}, "unknown"),
        ("accepted", 409, {}, "silent"),
        ("accepted", 409, {"state": "cancelled"}, "cancelled"),
        ("offered", 200, {"from": "MEKO", "to": "FUJI", "state": "open"}, "open"),
        ("offered", 200, {"from": "MEKO", "to": "FUJI"}, "accepted"),
        ("offered", 200, {"from": "MEKO", "to": "KAPU", "state": "open"}, "unknown"),
        ("offered", 200, {"from": "STRA", "to": "FUJI", "state": "open"}, "unknown"),
        ("offered", 409, {"from": "MEKO", "to": "FUJI", "state": "open"}, "silent"),
        ("cancelled", 409, {"from": "MEKO", "to": "FUJI"}, "accepted"),
        ("cancelled", 200, {"from": "STRA", "state": "cancelled"}, "unknown"),
        ("cancelled", 403, {"from": "MEKO", "state": "cancelled"}, "silent"),
    ],
)
def test_the_registrys_word_counts_of_ones_own_part_only(
    guarded: Network, asks: str, status: int, offer: dict[str, str], stand: str
) -> None:
    """MEKO asks. What the registry answers is signed by it, and of this entry."""
    told = {"entry": ENTRY, "from": "STRA", "to": "MEKO", "state": "accepted"} | offer
    state = {"registry": guarded.registry.base, "transportDocumentChecksum": TITLE, "offer": told}
    to = ("FUJI",) if asks == "offered" else ()

    def answer(compact: str) -> tuple[int, dict[str, Any]]:
        signed = seal(state | {"asked": sha256_hex(compact.encode())}, key_of(CODE))
        return status, {"code": "x", "statement": signed}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guarded.registry, "take", answer)
        word = guarded.run(getattr(registry, asks)(guarded["MEKO"], guarded.registry.base, TITLE, ENTRY, *to))
    assert word.stand == stand, word
