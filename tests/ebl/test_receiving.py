"""What a receiving platform answers: every outcome code in every HTTP form, retries, and what is refused unsigned."""

import base64
from dataclasses import replace
from typing import Any

import orjson
import pytest
from httpx import Response

from schemas.bill_of_lading.issuance import manifest_of
from schemas.bill_of_lading.pint import DocumentMetadata, Party, bytes_checksum, checksum, signed_checksum
from tests.ebl import cast
from tests.ebl.cast import BANK, BUYER, CARRIER, EXPORTER, FORWARDER, PACKING_LIST, PACKING_LIST_METADATA, act
from tests.ebl.running import Platforms, key_of
from tradebridge.ebl.chain import first_entry, follow
from tradebridge.ebl.envelope import make_envelope
from tradebridge.ebl.seal import Key, Trusted, open_sealed, seal

JSON = dict[str, Any]
SECOND = b"a certificate of quality, simulated"
SECOND_METADATA = DocumentMetadata(
    name="Quality.txt", size=len(SECOND), media_type="text/plain", document_checksum=bytes_checksum(SECOND)
)


class Sender:
    """STRA as the test plays it: envelopes to MEKO that no engine made."""

    def __init__(self, three: Platforms) -> None:
        self.receiver = three["MEKO"]
        self.three = three
        three.documents += 1
        self.document = cast.document(transportDocumentReference=f"SIML28{three.documents:05}")

    def chain(self, recipient: Party = FORWARDER, *, by: Key | None = None, hours: int = 1) -> list[str]:
        manifest = seal(manifest_of(self.document, cast.issue_to()), key_of(cast.CARRIER_CODE))
        moved = act("TRANSFER", EXPORTER, recipient, hours)
        return [first_entry(self.document, [cast.ISSUE, moved], manifest, by or key_of("STRA"), "STRA")]

    def envelope(self, signed: list[str] | None = None, by: Key | None = None, **more: Any) -> JSON:
        return make_envelope(self.document, signed or self.chain(), by or key_of("STRA"), **more)

    def start(self, envelope: JSON) -> Response:
        return self.receiver.as_peer("STRA", "POST", "/pint/v3/envelopes", envelope)

    def put(self, reference: str, checksum_: str, data: bytes, **more: Any) -> Response:
        body = orjson.dumps(base64.b64encode(data).decode())
        path = f"/pint/v3/envelopes/{reference}/additional-documents/{checksum_}"
        return self.receiver.as_peer("STRA", "PUT", path, body, **more)

    def finish(self, reference: str) -> Response:
        return self.receiver.as_peer("STRA", "PUT", f"/pint/v3/envelopes/{reference}/finish-transfer")

    @property
    def holds(self) -> bool:
        return bool(self.receiver.title(self.document["transportDocumentReference"]).get("at") == "here")


@pytest.fixture
def sender(three: Platforms) -> Sender:
    return Sender(three)


def signed(answer: Response, status: int, code: str) -> JSON:
    """What the receiver signed, checked: status, code and key."""
    assert answer.status_code == status, answer.text
    assert answer.headers["API-Version"] == "3.0.0"
    compact = answer.json()
    assert isinstance(compact, str), compact
    key = key_of("MEKO")
    claims = open_sealed(compact, Trusted("MEKO", (key.certificate,)), cast.NOW)
    assert isinstance(claims, dict), claims
    assert claims["responseCode"] == code, claims
    return claims


def unsigned(answer: Response, status: int, code: str) -> JSON:
    assert answer.status_code == status, answer.text
    told: JSON = answer.json()
    assert {"httpMethod", "requestUri", "statusCode", "statusCodeText", "errorDateTime", "errors"} <= told.keys()
    assert told["statusCode"] == status
    assert told["errors"][0]["errorCodeText"] == code
    return told


def test_rece_at_once_without_documents(sender: Sender) -> None:
    envelope = sender.envelope()
    claims = signed(sender.start(envelope), 200, "RECE")
    assert claims["receivedAdditionalDocumentChecksums"] == []
    assert sender.holds


def test_dupe_for_a_retry_unchanged_and_signed_again(sender: Sender) -> None:
    chain = sender.chain()
    first = sender.envelope(chain)
    signed(sender.start(first), 200, "RECE")
    again = signed(sender.start(first), 200, "DUPE")
    assert again["duplicateOfAcceptedEnvelopeTransferChainEntrySignedContent"] == chain[-1]
    signed_again = sender.chain(by=replace(key_of("STRA"), deterministic=False))
    assert signed_again != chain
    claims = signed(sender.start(sender.envelope(signed_again)), 200, "DUPE")
    assert claims["duplicateOfAcceptedEnvelopeTransferChainEntrySignedContent"] == chain[-1]
    assert claims["lastEnvelopeTransferChainEntrySignedContentChecksum"] == signed_checksum(signed_again[-1])


def test_dise_for_the_same_title_with_other_content(sender: Sender) -> None:
    signed(sender.start(sender.envelope()), 200, "RECE")
    manipulated = sender.envelope(sender.chain(hours=2))
    signed(sender.start(manipulated), 409, "DISE")
    sender.document |= {"serviceContractReference": "ANOTHER"}
    signed(sender.start(sender.envelope()), 409, "DISE")


def test_bsig_then_good(sender: Sender) -> None:
    good = sender.envelope()
    forged = sender.envelope(sender.chain(by=key_of("FUJI")))
    signed(sender.start(forged), 422, "BSIG")
    signed(sender.start(good | {"transportDocument": sender.document | {"isToOrder": False}}), 422, "BSIG")
    assert not sender.holds
    signed(sender.start(good), 200, "RECE")


def test_benv_for_another_platform_kills_the_entry(sender: Sender) -> None:
    envelope = sender.envelope(sender.chain(BUYER))
    first = signed(sender.start(envelope), 422, "BENV")
    second = signed(sender.start(envelope), 422, "BENV")
    assert first["reason"] != ""
    assert (
        first["lastEnvelopeTransferChainEntrySignedContentChecksum"]
        == second["lastEnvelopeTransferChainEntrySignedContentChecksum"]
    )
    assert not sender.holds


def test_benv_for_an_unknown_recipient_holds_when_the_recipient_becomes_known(sender: Sender) -> None:
    stranger = cast.party("Example Stranger", "SIM-VN-NEW", "MEKO")
    envelope = sender.envelope(sender.chain(stranger))
    signed(sender.start(envelope), 422, "BENV")
    process = sender.receiver
    process.config["accounts"].append(
        {
            "id": "SIM-VN-NEW",
            "partyName": "Example Stranger",
            "identifyingCodes": [{"codeListProvider": "ZZZ", "partyCode": "SIM-VN-NEW"}],
        }
    )
    process.restart()
    signed(sender.start(envelope), 422, "BENV")
    signed(sender.start(sender.envelope(sender.chain(stranger, hours=3))), 200, "RECE")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "the other way round"])
def test_documents_in_any_order_and_again(sender: Sender, order: tuple[int, int]) -> None:
    documents = ((PACKING_LIST_METADATA, PACKING_LIST), (SECOND_METADATA, SECOND))
    envelope = sender.envelope(supporting=[PACKING_LIST_METADATA, SECOND_METADATA])
    started = sender.start(envelope)
    assert started.status_code == 201, started.text
    told = started.json()
    assert told["transportDocumentChecksum"] == checksum(sender.document)
    assert set(told["missingAdditionalDocumentChecksums"]) == {each.document_checksum for each, _ in documents}
    reference = told["envelopeReference"]
    metadata, data = documents[order[0]]
    for _ in range(2):
        sent = sender.put(reference, metadata.document_checksum, data)
        assert (sent.status_code, sent.content) == (204, b"")
    again = sender.start(envelope).json()
    assert again["envelopeReference"] == reference
    other, rest = documents[order[1]]
    assert again["missingAdditionalDocumentChecksums"] == [other.document_checksum]
    missing = signed(sender.finish(reference), 409, "MDOC")
    assert missing["missingAdditionalDocumentChecksums"] == [other.document_checksum]
    assert sender.put(reference, other.document_checksum, rest).status_code == 204
    claims = signed(sender.finish(reference), 200, "RECE")
    assert set(claims["receivedAdditionalDocumentChecksums"]) == {each.document_checksum for each, _ in documents}
    dupe = signed(sender.finish(reference), 200, "DUPE")
    assert dupe["receivedAdditionalDocumentChecksums"] == claims["receivedAdditionalDocumentChecksums"]
    assert sender.holds


def test_incd_for_a_corrupted_and_an_unrelated_document(sender: Sender) -> None:
    started = sender.start(sender.envelope(supporting=[PACKING_LIST_METADATA])).json()
    reference, name = started["envelopeReference"], PACKING_LIST_METADATA.document_checksum
    signed(sender.put(reference, name, PACKING_LIST[:-1] + b"?"), 409, "INCD")
    signed(sender.put(reference, name, PACKING_LIST + b"more"), 409, "INCD")
    signed(sender.put(reference, SECOND_METADATA.document_checksum, SECOND), 409, "INCD")
    signed(sender.finish(reference), 409, "MDOC")
    assert sender.put(reference, name, PACKING_LIST).status_code == 204
    signed(sender.finish(reference), 200, "RECE")


def test_rece_at_once_where_the_documents_are_here_already(sender: Sender) -> None:
    first = sender.envelope(supporting=[PACKING_LIST_METADATA])
    reference = sender.start(first).json()["envelopeReference"]
    sender.put(reference, PACKING_LIST_METADATA.document_checksum, PACKING_LIST)
    signed(sender.start(first), 200, "RECE")
    assert sender.holds


def test_two_envelopes_for_one_title_at_once(sender: Sender) -> None:
    one = sender.envelope(sender.chain(hours=1), supporting=[PACKING_LIST_METADATA])
    two = sender.envelope(sender.chain(hours=2), supporting=[PACKING_LIST_METADATA])
    first, second = (sender.start(each).json()["envelopeReference"] for each in (one, two))
    assert first != second
    assert sender.put(first, PACKING_LIST_METADATA.document_checksum, PACKING_LIST).status_code == 204
    signed(sender.finish(second), 200, "RECE")
    signed(sender.finish(first), 409, "DISE")
    signed(sender.start(one), 409, "DISE")


def test_a_chain_with_a_gap_and_a_chain_with_a_forged_entry(sender: Sender) -> None:
    begun = sender.chain(BUYER)
    onward = act("TRANSFER", BUYER, FORWARDER, 3)
    checksum_ = checksum(sender.document)
    whole = [*begun, follow(begun, [onward], key_of("FUJI"), "FUJI", checksum_)]
    forged = [begun[0].rsplit(".", 1)[0] + "." + whole[1].rsplit(".", 1)[1], whole[1]]
    gap = [*begun, follow(whole, [onward], key_of("FUJI"), "FUJI", checksum_)]
    for chain, status, code in ((forged, 422, "BSIG"), (gap, 422, "BENV"), (whole, 200, "RECE")):
        envelope = make_envelope(sender.document, chain, key_of("FUJI"))
        answer = sender.receiver.as_peer("FUJI", "POST", "/pint/v3/envelopes", envelope)
        signed(answer, status, code)


def test_an_endorsement_across_platforms_moves_nothing(three: Platforms) -> None:
    reference = three.issue("to-order")
    acted = three["STRA"].act(reference, "ENDORSE_TO_ORDER", EXPORTER, BUYER)
    assert three["STRA"].settled(acted["transfer"])["state"] == "accepted"
    assert three["STRA"].title(reference)["at"] == "here"
    noticed = three["FUJI"].title(reference)
    assert (noticed["at"], noticed["endorsee"]["partyName"]) == ("away", BUYER.party_name)
    assert three.holders(reference) == ["STRA"]
    moved = three["STRA"].act(reference, "TRANSFER", EXPORTER, BUYER)
    assert three["STRA"].settled(moved["transfer"])["state"] == "accepted"
    assert three.holders(reference) == ["FUJI"]


def test_a_title_goes_away_and_comes_back(three: Platforms) -> None:
    reference = three.issue()
    out = three["STRA"].act(reference, "TRANSFER", EXPORTER, FORWARDER)
    three["STRA"].settled(out["transfer"])
    back = three["MEKO"].act(reference, "TRANSFER", FORWARDER, BANK)
    assert three["MEKO"].settled(back["transfer"])["state"] == "accepted"
    assert three["STRA"].title(reference)["account"] == "SIM-SG-BANK"
    assert three.holders(reference) == ["STRA"]


def test_a_refused_title_is_here_again_and_can_go_elsewhere(three: Platforms) -> None:
    reference = three.issue()
    stranger = cast.party("Nobody at all", "SIM-XX", "MEKO")
    sent = three["STRA"].act(reference, "TRANSFER", EXPORTER, stranger)
    assert three["STRA"].settled(sent["transfer"])["state"] == "refused"
    title = three["STRA"].title(reference)
    assert (title["at"], title["possessor"]["partyName"]) == ("here", EXPORTER.party_name)
    sent = three["STRA"].act(reference, "TRANSFER", EXPORTER, FORWARDER)
    assert three["STRA"].settled(sent["transfer"])["state"] == "accepted"


def test_who_is_behind_a_party_code(three: Platforms) -> None:
    asked = {"codeListProvider": "ZZZ", "partyCode": "SIM-VN-FWD"}
    answer = three["MEKO"].as_peer("STRA", "POST", "/pint/v3/receiver-validation", asked)
    assert (answer.status_code, answer.json()) == (200, {"partyName": FORWARDER.party_name})
    assert answer.headers["API-Version"] == "3.0.0"
    asked["partyCode"] = "SIM-JP-IMP"
    answer = three["MEKO"].as_peer("STRA", "POST", "/pint/v3/receiver-validation", asked)
    unsigned(answer, 404, "pint.unknown-receiver")


def test_strangers_and_wrong_roles_are_refused_unsigned(sender: Sender) -> None:
    envelope = sender.envelope()
    path = "/pint/v3/envelopes"
    unsigned(sender.receiver.call("POST", path, envelope), 401, "pint.unknown-token")
    unsigned(sender.receiver.call("POST", path, envelope, "some-token"), 401, "pint.unknown-token")
    unsigned(sender.receiver.as_peer(cast.CARRIER_CODE, "POST", path, envelope), 403, "pint.wrong-role")
    unsigned(sender.receiver.as_peer("FUJI", "POST", path, envelope), 403, "pint.not-the-sender")
    signed(sender.start(envelope), 200, "RECE")


def test_bodies_that_are_none(sender: Sender) -> None:
    path = "/pint/v3/envelopes"
    for body, code in ((b"{", "syntax.not-json"), (b"[]", "syntax.not-an-object")):
        unsigned(sender.receiver.as_peer("STRA", "POST", path, body), 400, code)
    answer = sender.receiver.as_peer("STRA", "POST", path, {})
    assert answer.status_code == 400
    assert {each["jsonPath"] for each in answer.json()["errors"]} >= {"$.transportDocument"}
    large = b'{"transportDocument":"' + b"x" * 10_100_000 + b'"}'
    unsigned(sender.receiver.as_peer("STRA", "POST", path, large), 413, "syntax.too-large")


def test_a_transfer_of_another_sender_is_unknown(sender: Sender) -> None:
    reference = sender.start(sender.envelope(supporting=[PACKING_LIST_METADATA])).json()["envelopeReference"]
    path = f"/pint/v3/envelopes/{reference}/finish-transfer"
    unsigned(sender.receiver.as_peer("FUJI", "PUT", path), 404, "pint.unknown-envelope")
    unsigned(sender.receiver.as_peer("STRA", "PUT", path.replace("env_", "env_0")), 404, "pint.unknown-envelope")


@pytest.mark.parametrize(
    ("body", "why"),
    [(b"[]", "no string"), (b'"abc', "no end"), (b'"a b="', "no Base64"), (b'"YWJj" x', "more"), (b"", "nothing")],
)
def test_what_is_no_base64_string(sender: Sender, body: bytes, why: str) -> None:
    started = sender.start(sender.envelope(supporting=[PACKING_LIST_METADATA])).json()
    name = PACKING_LIST_METADATA.document_checksum
    path = f"/pint/v3/envelopes/{started['envelopeReference']}/additional-documents/{name}"
    unsigned(sender.receiver.as_peer("STRA", "PUT", path, body), 400, "pint.not-base64")


def test_a_carrier_gets_possession_by_surrender_only(sender: Sender) -> None:
    signed(
        sender.start(sender.envelope(sender.chain(CARRIER.model_copy(update={"ebl_platform": "MEKO"})))), 422, "BENV"
    )


def test_a_notice_that_comes_after_what_followed_it_is_known(three: Platforms) -> None:
    """STRA endorses to FUJI and then transfers to it: the notice of the endorsement may be the later one to arrive."""
    reference = three.issue("to-order")
    three["FUJI"].kill()
    noticed = three["STRA"].act(reference, "ENDORSE_TO_ORDER", EXPORTER, BUYER)
    moved = three["STRA"].act(reference, "TRANSFER", EXPORTER, BUYER)
    (notice,) = three["STRA"].rows("select envelope from ebl_transfers where id = ?", noticed["transfer"])
    (transfer,) = three["STRA"].rows("select envelope from ebl_transfers where id = ?", moved["transfer"])
    three["STRA"].kill()
    three["FUJI"].start()
    path = "/pint/v3/envelopes"
    assert three["FUJI"].as_peer("STRA", "POST", path, orjson.loads(transfer["envelope"])).status_code == 200
    late = three["FUJI"].as_peer("STRA", "POST", path, orjson.loads(notice["envelope"]))
    assert late.status_code == 200, "DUPE: its entry is in the chain that is here"
    assert three["FUJI"].title(reference)["at"] == "here"
    three["STRA"].start()
    assert three["STRA"].settled(noticed["transfer"])["state"] == "accepted"
    assert three["STRA"].settled(moved["transfer"])["state"] == "accepted"
    assert three.holders(reference) == ["FUJI"]


def test_whole_numbers_of_twenty_digits_go_through(sender: Sender) -> None:
    sender.document |= {"ourOwn": 99999999999999999999, "another": -0.5e-7}
    signed(sender.start(sender.envelope()), 200, "RECE")
    reference = sender.document["transportDocumentReference"]
    moved = sender.receiver.act(reference, "TRANSFER", FORWARDER, BUYER)
    assert sender.receiver.settled(moved["transfer"])["state"] == "accepted"
    assert sender.three.holders(reference) == ["FUJI"]


def test_an_empty_file_is_no_document(three: Platforms) -> None:
    reference = three.issue()
    answer = three["STRA"].call("PUT", f"/v1/titles/{reference}/files?name=Nothing", b"")
    assert (answer.status_code, answer.json()["code"]) == (422, "syntax.empty")


def test_paths_and_methods_that_there_are_none_of(three: Platforms) -> None:
    for method, path, status, code in (
        ("GET", "/pint/v3/nothing", 404, "request.not-found"),
        ("GET", "/pint/v3/envelopes", 405, "request.method"),
        ("POST", "/ebl/v3/ebl-issuance-requests", 405, "request.method"),
    ):
        unsigned(three["MEKO"].as_peer("STRA", method, path), status, code)
    answer = three["MEKO"].call("DELETE", "/v1/titles")
    assert (answer.status_code, answer.json()["code"]) == (405, "request.method")
