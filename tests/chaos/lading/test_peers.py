"""Who a peer is, and what it can do to others: several codes under one token, carriers that give the same number, a
surrender that nobody takes back, envelopes without end."""

from base64 import b64encode
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.bill_of_lading import pint
from schemas.bill_of_lading.parties import IdentifyingCode
from schemas.bill_of_lading.pint import DocumentMetadata, Party
from simulator.platforms import token_of
from tests.chaos.lading.network import KAPUS_CODE, NOBODY, SECOND_CODE, Network, Node, party
from tests.chaos.lading.test_promises import closed, forked_notice, moved, opened
from tests.ebl import cast
from tests.ebl.running import SEED, issuance_request, key_of
from tradebridge.ebl import files, receiving
from tradebridge.ebl.chain import follow
from tradebridge.ebl.envelope import make_envelope
from tradebridge.ebl.host import Caller

SURRENDER_ANSWERS = "/ebl/v3/ebl-surrender-responses"


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    one = Network(tmp_path_factory.mktemp("peers"))
    yield one
    one.close()


# --- Whose number ----------------------------------------------------------------------------------------------------


def test_two_carriers_that_give_one_number_freeze_nothing(network: Network) -> None:
    """The title of the one stands beside the title of the other, here and on its way."""
    reference = network.issue("STRA")
    assert network.issue("STRA", reference, carrierCode=SECOND_CODE) == reference
    asked = network.transfer("STRA", reference, party("MEKO"))
    assert (asked.status_code, asked.json()["code"]) == (409, "title.several-carriers")
    for carrier in (cast.CARRIER_CODE, SECOND_CODE):
        assert network.transfer("STRA", reference, party("MEKO"), carrier).status_code == 200
        network.run(network["STRA"].attempt())
    assert network.holders(reference) == ["MEKO here", "MEKO here"]
    shown = network.post("MEKO", "GET", f"/v1/titles/{reference}?carrierCode={SECOND_CODE}").json()
    assert shown["carrierCode"] == SECOND_CODE
    assert network.post("MEKO", "GET", f"/v1/titles/{reference}?carrierCode=NONE").status_code == 404


def test_of_two_versions_at_one_platform_the_second_waits_and_comes_when_the_first_is_gone(network: Network) -> None:
    """The carrier has issued both. The old one was here before; now that the new one is here it is disputed, not
    dropped, and not tried for ever with an error of our own."""
    reference = network.issue("STRA")
    moved(network, reference, "STRA", "MEKO")
    moved(network, reference, "MEKO", "FUJI")
    network.issue("KAPU", reference, transportDocumentSubReference="2")
    moved(network, reference, "KAPU", "MEKO")
    moved(network, reference, "FUJI", "MEKO")
    (sent,) = network["FUJI"].rows("select state, last_error from ebl_transfers where reference = ?", reference)
    assert (sent["state"], sent["last_error"][:4]) == ("sending", "DISE")
    moved(network, reference, "MEKO", "KAPU")
    network.run(network["FUJI"].attempt())
    assert sorted(network.holders(reference)) == ["KAPU here", "MEKO here"]


# --- Who asks --------------------------------------------------------------------------------------------------------


def test_a_carrier_with_two_codes_issues_and_answers_under_both(network: Network) -> None:
    reference = network.issue("STRA", carrierCode=SECOND_CODE)
    assert surrendered(network, "STRA", reference) == 200
    assert carrier_says(network, reference, "SURR", cast.CARRIER_CODE) == 204
    assert state(network, "STRA", reference) == "accomplished"
    refused = issuance(network, "STRA", carrierCode=KAPUS_CODE, shown_by=cast.CARRIER_CODE)
    assert (refused["statusCode"], refused["errors"][0]["errorCodeText"]) == (403, "issuance.other-carrier")


def test_a_platform_that_is_a_carrier_too_transfers_and_issues(network: Network) -> None:
    reference = network.issue("STRA", carrierCode=KAPUS_CODE)
    moved(network, reference, "STRA", "KAPU")
    moved(network, reference, "KAPU", "STRA")
    assert network.holders(reference) == ["STRA here"]


def issuance(network: Network, on: str, shown_by: str, **changes: Any) -> dict[str, Any]:
    value = cast.document("blank", transportDocumentReference="SIML29999", **changes)
    request = issuance_request(value, party(on), carrier=value["carrierCode"])
    token = token_of(SEED, shown_by, on)
    answer: dict[str, Any] = network.post(on, "PUT", "/ebl/v3/ebl-issuance-requests", request, token).json()
    return answer


def surrendered(network: Network, on: str, reference: str) -> int:
    body = {"action": "SURRENDER_FOR_DELIVERY", "actor": party(on).model_dump(by_alias=True, exclude_none=True)}
    answer = network.post(on, "POST", f"/v1/titles/{reference}/actions", body)
    network.run(network[on].attempt())
    return answer.status_code


def carrier_says(network: Network, reference: str, action: str, shown_by: str) -> int:
    """The carrier's answer to the last request about this bill, on STRA."""
    query = "select s.reference from ebl_surrenders s join ebl_titles t on t.id = s.title where t.reference = ?"
    asked = network["STRA"].rows(f"{query} and s.state = 'open'", reference)
    assert len(asked) == 1
    body = {"surrenderRequestReference": asked[0]["reference"], "action": action}
    body |= {"comments": "The freight is not paid."} if action == "SREJ" else {}
    answer = network.post("STRA", "POST", SURRENDER_ANSWERS, body, token_of(SEED, shown_by, "STRA"))
    network.run(network["STRA"].attempt())
    return answer.status_code


def state(network: Network, on: str, reference: str) -> str:
    return str(network.post(on, "GET", f"/v1/titles/{reference}").json()["status"])


# --- A surrender that nobody takes back ------------------------------------------------------------------------------


def test_a_rejection_that_the_other_side_refuses_leaves_the_carrier_to_answer_again(network: Network) -> None:
    """Whoever surrendered from MEKO has no account there any more: MEKO refuses the title for good."""
    reference = network.issue("STRA")
    moved(network, reference, "STRA", "MEKO")
    assert surrendered(network, "MEKO", reference) == 200
    settings = network["MEKO"].settings
    closed(network["MEKO"])
    assert carrier_says(network, reference, "SREJ", cast.CARRIER_CODE) == 204
    assert (network.holders(reference), state(network, "STRA", reference)) == (
        ["STRA here"],
        "surrendered-for-delivery",
    )
    network["MEKO"].settings = settings
    assert carrier_says(network, reference, "SREJ", cast.CARRIER_CODE) == 204, "asked anew"
    assert network.holders(reference) == ["MEKO here"]


# --- Whose right it is -----------------------------------------------------------------------------------------------


def acted(network: Network, on: str, reference: str, action: str, actor: Party, **more: Any) -> tuple[int, str]:
    body = {"action": action, "actor": pint.to_json(actor), **more}
    answer = network.post(on, "POST", f"/v1/titles/{reference}/actions", body)
    return answer.status_code, answer.json().get("code", "")


@pytest.mark.parametrize("on", ["STRA", "MEKO"], ids=["where it was issued", "elsewhere"])
@pytest.mark.parametrize("provider", ["ZZZ", "GLEIF"])
def test_who_holds_in_trust_gets_no_right_by_the_code_of_the_endorsee(network: Network, on: str, provider: str) -> None:
    code = IdentifyingCode(code_list_provider=provider, party_code="529900T8BM49AURSDO55")
    parties = cast.document("to-order")["documentParties"]
    parties["endorsee"] = {"partyName": "The buyer", "identifyingCodes": [pint.to_json(code)]}
    reference = network.issue("STRA", documentParties=parties, isToOrder=True)
    if on != "STRA":
        moved(network, reference, "STRA", on)
    me = party(on)
    disguised = me.model_copy(update={"identifying_codes": (code, *me.identifying_codes)})
    to = pint.to_json(party("KAPU"))
    for actor in (me, disguised):
        assert acted(network, on, reference, "SURRENDER_FOR_DELIVERY", actor) == (422, "title.not-entitled")
        told = acted(network, on, reference, "ENDORSE_TO_ORDER", actor, recipient=to)
        assert told == (422, "title.not-the-endorsee")
    assert acted(network, on, reference, "SIGN", disguised) == (200, "")
    (row,) = network[on].rows("select pending from ebl_titles where reference = ?", reference)
    assert "AURSDO55" not in row["pending"], "nor is it written down"
    assert network.post(on, "GET", f"/v1/titles/{reference}").json()["inTrust"] is True


def test_a_recipient_here_is_who_has_the_account_and_no_more(network: Network) -> None:
    """The code of another platform's user, beside one's own, is not written into the title."""
    reference = network.issue("STRA")
    code = IdentifyingCode(code_list_provider="GLEIF", party_code="529900T8BM49AURSDO55")
    me = party("STRA")
    disguised = me.model_copy(update={"identifying_codes": (code, *me.identifying_codes), "party_name": "The buyer"})
    told = acted(network, "STRA", reference, "ENDORSE", me, recipient=pint.to_json(disguised))
    assert told == (200, "")
    assert network.post("STRA", "GET", f"/v1/titles/{reference}").json()["endorsee"] == pint.to_json(me)


# --- What others learn -----------------------------------------------------------------------------------------------


def test_an_endorsement_chain_is_told_to_its_carrier_and_to_platforms_in_it(network: Network) -> None:
    reference = network.issue("STRA")
    moved(network, reference, "STRA", "MEKO")
    path = f"/ebl/v3/endorsement-chains/{reference}"

    def asked_by(who: str) -> int:
        return network.post("MEKO", "GET", path, token=token_of(SEED, who, "MEKO")).status_code

    assert {who: asked_by(who) for who in (cast.CARRIER_CODE, "STRA", "FUJI", "KAPU")} == {
        cast.CARRIER_CODE: 200,
        "STRA": 200,
        "FUJI": 404,
        "KAPU": 404,
    }


# --- What one peer can make another keep -----------------------------------------------------------------------------

FILE = cast.PACKING_LIST_METADATA
BOTH = (FILE, cast.RENDERING_METADATA)


def envelopes(
    network: Network, count: int, to: str, name: str = "TRADER", documents: Sequence[DocumentMetadata] = BOTH
) -> list[dict[str, Any]]:
    """So many envelopes of STRA about one title, each with an entry of its own and a document that does not come."""
    reference = network.issue("STRA")
    assert network.transfer("STRA", reference, party("MEKO")).status_code == 200
    network.run(network["STRA"].attempt())
    moved(network, reference, "MEKO", "STRA")
    (row,) = network["STRA"].rows("select * from ebl_titles where reference = ?", reference)
    document, key, signed = orjson.loads(row["document"]), key_of("STRA"), orjson.loads(row["signed"])
    made = []
    for number in range(count):
        step = cast.act("TRANSFER", party("STRA"), party(to, name), 500 + number)
        chain = [*signed, follow(signed, [step], key, "STRA", row["id"])]
        made.append(make_envelope(document, chain, key, supporting=() if name == NOBODY else documents))
    return made


def posted(network: Network, envelope: dict[str, Any], to: str) -> tuple[int, Any]:
    answer = network.post(to, "POST", "/pint/v3/envelopes", envelope, token_of(SEED, "STRA", to))
    return answer.status_code, answer.json()


def document_sent(network: Network, reference: str, to: str) -> int:
    path = f"/pint/v3/envelopes/{reference}/additional-documents/{FILE.document_checksum}"
    content = b64encode(cast.PACKING_LIST).decode()
    return network.post(to, "PUT", path, content, token_of(SEED, "STRA", to)).status_code


def coming(title: str, reference: str) -> str:
    return f"coming/{title}/{reference}/{FILE.document_checksum}"


def kept(node: Node) -> set[str]:
    """Every file of a platform."""
    return {str(each.relative_to(node.files)) for each in node.files.rglob("*") if each.is_file()}


def test_of_envelopes_that_are_begun_and_never_finished_the_oldest_go_with_their_files(network: Network) -> None:
    node, token = network["KAPU"], token_of(SEED, "STRA", "KAPU")
    limits, node.limits = node.limits, replace(node.limits, unfinished=2)
    made = [envelopes(network, 1, "KAPU")[0] for _ in range(3)]
    begun: list[str] = []
    for envelope in made:
        status, started = posted(network, envelope, "KAPU")
        assert status == 201
        begun.append(started["envelopeReference"])
        assert document_sent(network, begun[-1], "KAPU") == 204
    rows = node.rows("select id, title from ebl_incoming where state = 'active'")
    assert {row["id"] for row in rows} == set(begun[1:])
    assert kept(node) == {coming(row["title"], row["id"]) for row in rows}
    assert {each.name for each in (node.files / "coming").iterdir()} == {row["title"] for row in rows}
    finish = f"/pint/v3/envelopes/{begun[0]}/finish-transfer"
    assert network.post("KAPU", "PUT", finish, token=token).status_code == 404
    assert posted(network, made[0], "KAPU")[0] == 201, "the sender starts again"
    node.limits = limits


def test_nothing_stays_of_the_documents_of_an_action_that_is_refused(network: Network) -> None:
    node, reference = network["STRA"], network.issue("STRA")
    before = kept(node)
    file = {"name": "List", "mediaType": "text/plain", "content": b64encode(b"of an action").decode()}
    refused = network.transfer("STRA", reference, party("MEKO"), documents=[file], expectedSequence=7)
    assert (refused.status_code, kept(node)) == (409, before)
    taken = network.transfer("STRA", reference, party("MEKO"), documents=[file])
    title = taken.json()["transportDocumentChecksum"]
    assert kept(node) - before == {f"{title}/{pint.bytes_checksum(b'of an action')}"}
    network.run(node.attempt())
    assert network.holders(reference) == ["MEKO here"]


@pytest.fixture
def small(network: Network) -> Iterator[Node]:
    """MEKO, which takes one unfinished envelope of each peer."""
    node = network["MEKO"]
    limits, node.limits = node.limits, replace(node.limits, unfinished=1)
    yield node
    node.limits = limits


def begun_with_a_file(network: Network, envelope: dict[str, Any], to: str = "MEKO") -> str:
    reference: str = posted(network, envelope, to)[1]["envelopeReference"]
    assert document_sent(network, reference, to) == 204
    return reference


def test_nothing_stays_of_what_came_with_envelopes_that_went(network: Network, small: Node) -> None:
    """All about one title, which has been here: pushed out by the next one, withdrawn, refused at the end."""
    before = kept(small)
    made = envelopes(network, 4, "MEKO")
    references = [begun_with_a_file(network, each) for each in made]
    assert kept(small) - before == {coming(pint.checksum(made[0]["transportDocument"]), references[-1])}
    body = {"entry": made[-1]["envelopeTransferChain"][-1]}
    path = "/tradebridge/v1/withdrawals"
    assert network.post("MEKO", "POST", path, body, token_of(SEED, "STRA", "MEKO")).status_code == 422
    assert kept(small) == before
    reference = begun_with_a_file(network, made[0])
    closed(small)
    finish = f"/pint/v3/envelopes/{reference}/finish-transfer"
    assert network.post("MEKO", "PUT", finish, token=token_of(SEED, "STRA", "MEKO")).status_code == 422
    opened(network, "MEKO", "TRADER")
    assert kept(small) == before


def test_a_document_that_comes_for_an_envelope_which_went_meanwhile_does_not_stay(
    network: Network, small: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = kept(small)
    first, second = envelopes(network, 2, "MEKO")
    reference, keep = posted(network, first, "MEKO")[1]["envelopeReference"], files.keep_coming

    async def slowly(folder: Path, title: str, reference: str, arrived: files.Arrived) -> None:
        await receiving.start(small, Caller("STRA"), orjson.dumps(second))
        await keep(folder, title, reference, arrived)

    monkeypatch.setattr(files, "keep_coming", slowly)
    assert document_sent(network, reference, "MEKO") == 404
    assert kept(small) == before


def test_what_a_killed_process_left_of_an_envelope_that_went_is_removed_at_the_start(
    network: Network, small: Node
) -> None:
    before = kept(small)
    (envelope,) = envelopes(network, 1, "MEKO")
    reference = begun_with_a_file(network, envelope)
    title = pint.checksum(envelope["transportDocument"])
    for of in (title, "0" * 64):
        left = small.files / coming(of, f"env_{'0' * 32}")
        left.parent.mkdir(parents=True)
        left.write_bytes(cast.PACKING_LIST)
    small.stop()
    network.run(small.start())
    assert kept(small) - before == {coming(title, reference)}


def test_a_file_that_goes_with_one_envelope_stays_where_another_was_accepted_with_it(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one title, with the same document. The second is accepted when another title's envelope has pushed the first
    out, and its files are about to go."""
    node = network["KAPU"]
    limits, node.limits = node.limits, replace(node.limits, unfinished=1)
    first, second = envelopes(network, 2, "KAPU", documents=[FILE])
    (other,) = envelopes(network, 1, "KAPU")
    begun_with_a_file(network, first, "KAPU")
    drop = files.drop

    async def meanwhile(folder: Path, gone: Iterable[tuple[str, str]]) -> None:
        monkeypatch.setattr(files, "drop", drop)
        told = await receiving.start(node, Caller("STRA"), orjson.dumps(second))
        if told.status == 201:
            reference = told.body["envelopeReference"]
            await receiving.take_document(node, Caller("STRA"), reference, FILE.document_checksum, pieces())
            told = await receiving.finish(node, Caller("STRA"), reference)
        assert told.status == 200
        await drop(folder, gone)

    async def pieces() -> AsyncIterator[bytes]:
        yield cast.PACKING_LIST

    monkeypatch.setattr(files, "drop", meanwhile)
    assert posted(network, other, "KAPU")[0] == 201
    title = pint.checksum(second["transportDocument"])
    assert files.place(node.files, title, FILE.document_checksum).read_bytes() == cast.PACKING_LIST
    assert network.stands("KAPU", second["transportDocument"]["transportDocumentReference"]) == "here"
    node.limits = limits


def test_beyond_so_many_refusals_one_is_unsigned_and_what_is_in_order_is_taken_as_before(network: Network) -> None:
    node = network["FUJI"]
    limits, node.limits = node.limits, replace(node.limits, refused=2)
    (one, two, three) = envelopes(network, 3, "FUJI", NOBODY)
    assert [posted(network, each, "FUJI")[0] for each in (one, two)] == [422, 422]
    status, refused = posted(network, three, "FUJI")
    assert (status, refused["errors"][0]["errorCodeText"]) == (429, "pint.too-many-refused")
    assert posted(network, one, "FUJI")[0] == 422, "said again, signed"
    kept = node.rows("select entry, envelope from ebl_incoming where state = 'refused'")
    assert [(each["entry"], each["envelope"]) for each in kept] == [("", "")] * 2
    reference = network.issue("STRA")
    moved(network, reference, "STRA", "FUJI")
    assert network.holders(reference) == ["FUJI here"]
    node.limits = limits


def test_notices_of_one_peer_about_one_title_are_not_taken_without_end(network: Network) -> None:
    node = network["FUJI"]
    limits, node.limits = node.limits, replace(node.limits, notices=2)
    reference = network.issue("STRA")
    moved(network, reference, "STRA", "MEKO")
    told = [forked_notice(network, reference, "STRA", "FUJI", hours) for hours in (400, 401, 402, 401)]
    assert told == [200, 200, 429, 200], "what was taken before is said again"
    moved(network, reference, "MEKO", "FUJI")
    assert network.holders(reference) == ["FUJI here"]
    node.limits = limits
