"""Handing a document in: what is acknowledged, what is the same again, what is refused, over both databases."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from schemas.content import Syntax, sha256_hex
from tests.exchange.cast import (
    FORM_AJ,
    NOW,
    RCEP,
    TRANSPORT_DOCUMENT,
    Cast,
    certificate,
    document,
    encoded,
    refused_by,
    signed,
)
from tradebridge.client import Accepted, Refused
from tradebridge.evidence.receipts import Receipt, read_receipt
from tradebridge.evidence.trust import TrustList


def refusal(cast: Cast, member: str, data: bytes, to: list[str], **options: str) -> Refused:
    with pytest.raises(Refused) as refused:
        cast[member].submit(data, to, **options)
    return refused.value


def codes(refused: Refused) -> set[str]:
    return {found.code for found in refused.findings if found.severity == "error"}


@pytest.mark.parametrize("syntax", list(Syntax))
def test_an_accepted_document_has_a_receipt_over_its_bytes(cast: Cast, syntax: Syntax) -> None:
    data = certificate("SG-2026-00001", syntax=syntax)
    accepted = cast["SG-NSW"].submit(data, ["TH-NSW"])
    receipt = read_receipt(accepted.receipt, TrustList.from_json(cast["TH-NSW"].trust()), NOW)
    assert isinstance(receipt, Receipt)
    assert receipt.bytes_digest == sha256_hex(data) == accepted.bytes_digest
    assert receipt.member == "SG-NSW"
    assert receipt.recipients == ("TH-NSW",)
    assert receipt.document_id == accepted.id
    assert cast["SG-NSW"].get(accepted.id).data == data


def test_every_profile_has_its_way(cast: Cast) -> None:
    for number, (profile, by, importer) in enumerate(
        [(FORM_AJ, "JP-JCCI", "TH"), (RCEP, "JP-JCCI", "VN"), (RCEP, "SG-NSW", "TH")]
    ):
        data = certificate(f"X-{number}", by, profile=profile, exporter=by[:2], importer=importer)
        assert cast[by].submit(data, [f"{importer}-NSW"]).profile == profile
    lading = document("SIML0001", TRANSPORT_DOCUMENT)
    assert codes(refusal(cast, "CARRIER-SIM", signed(lading, "CARRIER-SIM", Syntax.JSON), ["TH-NSW"])) == {
        "route.profile-not-accepted"
    }


def test_the_same_key_and_bytes_give_the_first_answer_again(cast: Cast) -> None:
    data = certificate("SG-2026-00002")
    first = cast["SG-NSW"].submit(data, ["TH-NSW"], idempotency_key="order-1")
    again = cast["SG-NSW"].submit(data, ["TH-NSW"], idempotency_key="order-1")
    assert (first.replayed, again.replayed) == (False, True)
    assert first.raw == again.raw
    other = refusal(cast, "SG-NSW", certificate("SG-2026-00003"), ["TH-NSW"], idempotency_key="order-1")
    assert other.status == 422
    assert codes(other) == {"request.idempotency-mismatch"}


def test_a_key_belongs_to_its_member(cast: Cast) -> None:
    cast["SG-NSW"].submit(certificate("SG-2026-00004"), ["TH-NSW"], idempotency_key="1")
    other = certificate("TH-2026-00004", "TH-NSW", exporter="TH", importer="SG")
    assert not cast["TH-NSW"].submit(other, ["SG-NSW"], idempotency_key="1").replayed


def test_the_same_content_under_a_new_signature_is_a_duplicate_with_its_first_receipt(cast: Cast) -> None:
    value = document("SG-2026-00005")
    first = cast["SG-NSW"].submit(signed(value), ["TH-NSW"])
    later = signed(value, at=NOW.replace(minute=2))
    again = refusal(cast, "SG-NSW", later, ["TH-NSW"])
    assert (again.status, codes(again)) == (409, {"document.duplicate"})
    assert again.problem["document"] == first.id
    assert again.problem["receipt"] == first.receipt


def test_a_duplicate_tells_nothing_to_a_member_that_did_not_send_it(cast: Cast) -> None:
    value = document("SG-2026-00006")
    cast["SG-NSW"].submit(signed(value), ["TH-NSW"])
    foreign = refusal(cast, "OLD-EXPORT", encoded(value), ["VN-NSW"])
    assert "document.duplicate" in codes(foreign)
    assert "receipt" not in foreign.problem
    assert "document" not in foreign.problem


def test_the_same_number_with_other_content_is_refused(cast: Cast) -> None:
    cast["SG-NSW"].submit(certificate("SG-2026-00007"), ["TH-NSW"])
    other = refusal(cast, "SG-NSW", certificate("SG-2026-00007", variant=3), ["TH-NSW"])
    assert (other.status, codes(other)) == (409, {"document.number-taken"})


def test_all_that_is_wrong_comes_in_one_answer(cast: Cast) -> None:
    cast["SG-NSW"].submit(certificate("SG-2026-00008"), ["TH-NSW"])
    # The same number, signed by another country's window, to a stranger and to nobody's liking.
    data = certificate("SG-2026-00008", "TH-NSW", variant=4)
    found = codes(refusal(cast, "SG-NSW", data, ["TH-NSW", "XX-NSW", "JP-JCCI"]))
    assert {
        "document.number-taken",
        "signature.unknown-issuer",
        "route.unknown-recipient",
        "route.not-a-recipient",
    } <= found


def test_one_unwilling_recipient_refuses_all(cast: Cast) -> None:
    assert codes(refusal(cast, "SG-NSW", certificate("SG-2026-00009"), ["TH-NSW", "CARRIER-SIM"])) == {
        "route.profile-not-accepted"
    }
    assert cast["TH-NSW"].inbox() == ()
    assert cast["TH-NSW"].documents().items == ()


def test_an_unsigned_document_needs_the_members_policy_and_is_attested(cast: Cast) -> None:
    data = encoded(document("SG-2026-00010"))
    assert codes(refusal(cast, "SG-NSW", data, ["TH-NSW"])) == {"signature.missing"}
    accepted = cast["OLD-EXPORT"].submit(data, ["TH-NSW"])
    assert [found.code for found in accepted.findings] == ["signature.unsigned"]
    assert "tb sign" in accepted.findings[0].fix
    checks = cast["OLD-EXPORT"].checks(accepted.id)
    assert checks["signer"] is None
    assert checks["attestation"]


def test_an_unsigned_document_is_taken_only_from_who_may_issue_it(cast: Cast) -> None:
    """Else a member of that policy could take the number of any authority's certificate."""
    squatting = encoded(document("TH-2026-00012", exporter="TH", importer="VN"))
    refused = refusal(cast, "OLD-EXPORT", squatting, ["VN-NSW"])
    assert codes(refused) == {"signature.missing"}
    assert "OLD-EXPORT may not issue it" in refused.findings[0].found
    assert refused.findings[0].expected == "the signature of an issuer of country TH"
    genuine = certificate("TH-2026-00012", "TH-NSW", exporter="TH", importer="VN")
    assert cast["TH-NSW"].submit(genuine, ["VN-NSW"]).id


def test_concurrent_submissions_of_one_document_have_one_winner(cast: Cast) -> None:
    value = document("SG-2026-00011")
    versions = [signed(value, at=NOW.replace(second=second)) for second in range(16)]

    def submit(data: bytes) -> Accepted | Refused:
        try:
            return cast["SG-NSW"].submit(data, ["TH-NSW"])
        except Refused as refused:
            return refused

    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(submit, versions))
    winners = [each for each in outcomes if isinstance(each, Accepted)]
    losers = [each for each in outcomes if isinstance(each, Refused)]
    assert len(winners) == 1
    assert {each.code for each in losers} == {"document.duplicate"}
    assert {each.problem["receipt"] for each in losers} == {winners[0].receipt}
    assert len(cast["TH-NSW"].inbox()) == 1


def test_concurrent_retries_with_one_key_get_one_answer(cast: Cast) -> None:
    data = certificate("SG-2026-00012")
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: cast["SG-NSW"].submit(data, ["TH-NSW"], idempotency_key="again"), range(12)))
    assert len({answer.receipt for answer in answers}) == 1
    assert sum(not answer.replayed for answer in answers) == 1
    assert len(cast["TH-NSW"].inbox()) == 1


def test_concurrent_numbers_collide_one_by_one(cast: Cast) -> None:
    """Many documents at once, some with a number that is taken meanwhile: the others do not feel it."""
    batch = [certificate(f"SG-2026-1{number % 12:04}", variant=number) for number in range(24)]

    def submit(data: bytes) -> str:
        try:
            cast["SG-NSW"].submit(data, ["TH-NSW"])
        except Refused as refused:
            return refused.code
        return "accepted"

    with ThreadPoolExecutor(24) as pool:
        outcomes = list(pool.map(submit, batch))
    assert outcomes.count("accepted") == 12
    assert outcomes.count("document.number-taken") + outcomes.count("document.duplicate") == 12


def test_forwarding_adds_recipients_and_keeps_the_bytes(cast: Cast) -> None:
    data = certificate("SG-2026-00013", profile=RCEP)
    accepted = cast["SG-NSW"].submit(data, ["TH-NSW"])
    forwarded = cast["SG-NSW"].forward(accepted.id, ["VN-NSW"])
    assert forwarded["recipients"] == ["VN-NSW"]
    delivery = cast["VN-NSW"].inbox()[0]
    assert delivery.original == data
    assert delivery.message_id == forwarded["messageId"] != accepted.message_id
    again = refused_by(cast["SG-NSW"].forward, accepted.id, ["VN-NSW"])
    assert again.code == "route.already-there"
    stranger = refused_by(cast["JP-JCCI"].forward, accepted.id, ["VN-NSW"])
    assert (stranger.status, stranger.code) == (404, "document.unknown")


def test_validate_judges_and_keeps_nothing(cast: Cast) -> None:
    good = cast["SG-NSW"].validate(certificate("SG-2026-00014"))
    assert good.valid
    assert good.signer is not None
    bad = cast["SG-NSW"].validate(b"<a/>")
    assert not bad.valid
    assert cast["SG-NSW"].documents().items == ()
    assert cast["SG-NSW"].refusals().items == ()


def test_the_document_in_other_forms(cast: Cast) -> None:
    data = certificate("SG-2026-00015")
    accepted = cast["SG-NSW"].submit(data, ["TH-NSW"])
    as_json = cast["TH-NSW"].get(accepted.id, accept="application/json")
    assert as_json.media_type == "application/json"
    assert b"SG-2026-00015" in as_json.data
    jws_given = certificate("SG-2026-00016", syntax=Syntax.JSON)
    other = cast["SG-NSW"].submit(jws_given, ["TH-NSW"])
    assert cast["TH-NSW"].get(other.id).data == jws_given
    assert cast["TH-NSW"].get(other.id, accept="application/xml").data == encoded(document("SG-2026-00016"))
    with pytest.raises(Refused) as refused:
        cast["TH-NSW"].get(accepted.id, accept="image/png")
    assert refused.value.code == "request.not-acceptable"


def test_lists_are_paged_by_cursor(cast: Cast) -> None:
    sent = [cast["SG-NSW"].submit(certificate(f"SG-2026-002{n:02}"), ["TH-NSW"]).id for n in range(7)]
    seen, cursor = [], None
    while True:
        page = cast["TH-NSW"].documents(limit=3, cursor=cursor)
        seen += [item["id"] for item in page.items]
        if not page.next:
            break
        cursor = page.next
    assert seen == sent[::-1]
    with pytest.raises(Refused) as refused:
        cast["TH-NSW"].documents(cursor="rubbish!")
    assert refused.value.code == "request.cursor"
