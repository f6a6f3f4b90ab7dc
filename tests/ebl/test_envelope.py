"""An envelope and its documents, and the answer. What is judged of single faults is in the vectors."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.bill_of_lading.pint import HTTP_STATUS, EnvelopeManifest, Outcome, checksum, read, signed_checksum
from schemas.bill_of_lading.title import Status, paper_statement
from tests.ebl.cast import (
    BEGIN,
    BUYER,
    CARRIER,
    EXPORTER,
    FORWARDER,
    NOW,
    PACKING_LIST,
    PACKING_LIST_METADATA,
    RENDERING,
    RENDERING_METADATA,
    accounts,
    act,
    continued,
    document,
    envelope,
    issuance,
    key,
    transferred,
    trust,
)
from tradebridge.ebl.chain import content_checksum, first_entry
from tradebridge.ebl.envelope import (
    Judgement,
    Known,
    Settled,
    Stand,
    Transfer,
    answer,
    judge,
    judge_answer,
    judge_document,
    still_missing,
)
from tradebridge.ebl.seal import open_sealed

DOCUMENT = document()
CHAIN = transferred(DOCUMENT)
PACKING, SHOWN = PACKING_LIST_METADATA.document_checksum, RENDERING_METADATA.document_checksum
TWO = (RENDERING_METADATA, PACKING_LIST_METADATA)
MANIFEST = EnvelopeManifest(
    transport_document_checksum=checksum(DOCUMENT),
    last_envelope_transfer_chain_entry_signed_content_checksum=signed_checksum(CHAIN[-1]),
    ebl_visualisation_by_carrier=RENDERING_METADATA,
    supporting_documents=(PACKING_LIST_METADATA,),
)


def judged(body: Any, known: Known | None = None, senders: Collection[str] = ("MEKO",)) -> Judgement:
    return judge(
        body,
        me="FUJI",
        sender_allowed=senders,
        trust=trust(),
        known=known or Known(),
        accounts=accounts,
        at=NOW,
    )


def test_a_judgement_names_what_an_answer_must_name() -> None:
    judgement = judged(envelope(DOCUMENT, CHAIN, "MEKO"))
    assert judgement.last_checksum == signed_checksum(CHAIN[-1])
    assert judgement.last_content == content_checksum(CHAIN[-1])
    assert judgement.possession and judgement.recipient and judgement.recipient.ebl_platform == "FUJI"
    assert judgement.chain and judgement.chain.title.possessor == judgement.recipient


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "x",
        {},
        {"envelopeTransferChain": []},
        {"envelopeTransferChain": [5]},
        {"envelopeTransferChain": "a.b.c"},
        {"envelopeTransferChain": ["é.é.é"]},
        {"envelopeTransferChain": [""]},
    ],
)
def test_without_a_last_entry_there_is_nothing_to_sign_about(body: Any) -> None:
    judgement = judged(body)
    assert judgement.unreadable and judgement.outcome is None and judgement.findings and not judgement.kills


@pytest.mark.parametrize("member", ["transportDocument", "envelopeManifestSignedContent"])
@pytest.mark.parametrize("value", [None, 5, "x", [], {}, {"a": {"b": [1.5, None]}}])
def test_a_misshapen_envelope_is_a_bad_signature_and_kills_nothing(member: str, value: Any) -> None:
    judgement = judged(envelope(DOCUMENT, CHAIN, "MEKO") | {member: value})
    assert judgement.outcome is Outcome.BSIG and not judgement.kills and not judgement.unreadable


def test_every_refusal_for_good_is_of_an_entry_whose_signature_holds() -> None:
    """BENV is what the sender takes the title back on: a copy that was spoilt on the way must never cause it."""
    body = envelope(DOCUMENT, CHAIN, "MEKO")
    for name, spoilt in (
        ("envelopeManifestSignedContent", body["envelopeManifestSignedContent"][:-3] + "AAA"),
        ("envelopeTransferChain", [CHAIN[0], CHAIN[1][:-3] + "AAA"]),
        ("envelopeTransferChain", [CHAIN[0][:-3] + "AAA", CHAIN[1]]),
        ("transportDocument", DOCUMENT | {"carrierCode": "XXXX"}),
        ("transportDocument", DOCUMENT | {"isToOrder": False}),
    ):
        assert judged(body | {name: spoilt}).outcome is Outcome.BSIG


def test_the_last_word_on_an_entry_is_kept() -> None:
    body = envelope(DOCUMENT, CHAIN, "MEKO")
    for outcome, again in ((Outcome.RECE, Outcome.DUPE), (Outcome.BENV, Outcome.BENV)):
        settled = Settled(outcome, CHAIN[-1], (PACKING,))
        judgement = judged(body, Known(settled={content_checksum(CHAIN[-1]): settled}))
        assert (judgement.outcome, judgement.settled) == (again, settled)


def test_the_word_on_one_entry_is_not_that_on_another() -> None:
    settled = Settled(Outcome.BENV, CHAIN[0])
    assert judged(envelope(DOCUMENT, CHAIN, "MEKO"), Known(settled={"0" * 64: settled})).outcome is Outcome.RECE


# --- Documents -------------------------------------------------------------------------------------------------------


def test_a_document_is_taken_under_its_checksum_and_size() -> None:
    for metadata, data in zip(TWO, (RENDERING, PACKING_LIST), strict=True):
        assert judge_document(MANIFEST, metadata.document_checksum, metadata.document_checksum, len(data)) == ()


@pytest.mark.parametrize(
    ("named", "found", "size", "codes"),
    [
        ("0" * 64, "0" * 64, 5, ["pint.undeclared-document"]),
        (PACKING, "0" * 64, len(PACKING_LIST), ["pint.file-checksum"]),
        (PACKING, PACKING, 5, ["pint.file-size"]),
        (PACKING, SHOWN, len(RENDERING), ["pint.file-checksum", "pint.file-size"]),
    ],
)
def test_another_document_is_inconclusive(named: str, found: str, size: int, codes: list[str]) -> None:
    assert [each.code for each in judge_document(MANIFEST, named, found, size)] == codes


@pytest.mark.fuzz
@given(st.sets(st.sampled_from([PACKING, SHOWN, "0" * 64])))
def test_what_is_missing_is_what_was_declared_and_has_not_come(received: set[str]) -> None:
    missing = still_missing(MANIFEST, received)
    assert list(missing) == [each for each in (SHOWN, PACKING) if each not in received]


def test_a_document_that_is_listed_twice_is_sent_once() -> None:
    twice = MANIFEST.model_copy(update={"supporting_documents": (PACKING_LIST_METADATA, PACKING_LIST_METADATA)})
    assert still_missing(twice, ()) == (SHOWN, PACKING)


# --- Answers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", list(Outcome))
def test_an_answer_is_what_the_schema_says(outcome: Outcome) -> None:
    signed = answer(
        outcome, signed_checksum(CHAIN[-1]), key("FUJI"), reason="x" * 300, missing=[PACKING], received=None
    )
    payload = open_sealed(signed, trust().platforms["FUJI"], NOW)
    assert isinstance(payload, dict)
    assert payload["responseCode"] == outcome and HTTP_STATUS[outcome] in (200, 409, 422)
    assert ("missingAdditionalDocumentChecksums" in payload) is (outcome is Outcome.MDOC)
    assert ("reason" in payload) is (outcome is not Outcome.RECE)
    assert len(payload.get("reason", "")) <= 255
    assert "receivedAdditionalDocumentChecksums" not in payload


def test_receipts_list_their_documents_and_a_duplicate_shows_what_was_accepted() -> None:
    payload = open_sealed(
        answer(Outcome.DUPE, "0" * 64, key("FUJI"), received=[], duplicate_of=CHAIN[-1]),
        trust().platforms["FUJI"],
        NOW,
    )
    assert isinstance(payload, dict)
    assert payload["receivedAdditionalDocumentChecksums"] == []
    assert payload["duplicateOfAcceptedEnvelopeTransferChainEntrySignedContent"] == CHAIN[-1]


def transfer(*, bsig_ends: bool = False) -> Transfer:
    return Transfer(
        receiver="FUJI",
        last_checksum=signed_checksum(CHAIN[-1]),
        last_entry=CHAIN[-1],
        document_checksum=checksum(DOCUMENT),
        declared=(PACKING,),
        bsig_ends=bsig_ends,
    )


@pytest.mark.fuzz
@given(
    st.sampled_from(list(Outcome)),
    st.booleans(),
    st.sampled_from(["FUJI", "STRA", "MEKO"]),
    st.booleans(),
)
def test_the_title_leaves_or_returns_on_the_receivers_signed_word_about_this_entry_only(
    outcome: Outcome, about_this: bool, signer: str, bsig_ends: bool
) -> None:
    named = signed_checksum(CHAIN[-1] if about_this else CHAIN[0])
    verdict = judge_answer(answer(outcome, named, key(signer)), transfer(bsig_ends=bsig_ends), trust(), NOW)
    believed = about_this and signer == "FUJI"
    assert (verdict.stand is Stand.ACCEPTED) is (believed and outcome in (Outcome.RECE, Outcome.DUPE))
    refused = outcome is Outcome.BENV or (outcome is Outcome.BSIG and bsig_ends)
    assert (verdict.stand is Stand.REFUSED) is (believed and refused)


@pytest.mark.fuzz
@given(st.recursive(st.none() | st.booleans() | st.text() | st.integers(), lambda inner: st.lists(inner, max_size=3)))
def test_whatever_else_comes_decides_nothing(body: Any) -> None:
    for value in (body, {"responseCode": body}, {"a": body}):
        assert judge_answer(value, transfer(), trust(), NOW).stand is Stand.IN_DOUBT


def test_an_unknown_receiver_decides_nothing() -> None:
    unknown = Transfer("NOBO", signed_checksum(CHAIN[-1]), CHAIN[-1], checksum(DOCUMENT), (), False)
    verdict = judge_answer(answer(Outcome.RECE, unknown.last_checksum, key("FUJI")), unknown, trust(), NOW)
    assert verdict.stand is Stand.IN_DOUBT


def test_the_manifest_of_an_envelope_is_read_as_it_was_made() -> None:
    body = envelope(DOCUMENT, CHAIN, "MEKO", visualisation=RENDERING_METADATA, supporting=[PACKING_LIST_METADATA])
    payload = open_sealed(body["envelopeManifestSignedContent"], trust().platforms["MEKO"], NOW)
    assert read(EnvelopeManifest, payload) == MANIFEST


# --- A title that has ended here -------------------------------------------------------------------------------------


def in_its_place(comments: str | None = None, hours: int = 100, **changes: Any) -> dict[str, Any]:
    """Another bill of the same number, issued on STRA and sent to FUJI by MEKO."""
    value = document("blank", transportDocumentSubReference="2", **changes)
    issue = act("ISSUE", CARRIER, EXPORTER, hours, comments=comments)
    steps = [issue, act("TRANSFER", EXPORTER, FORWARDER, hours + 1)]
    signed = [first_entry(value, steps, issuance(value), key("STRA"), "STRA")]
    return envelope(value, continued(value, signed, "MEKO", act("TRANSFER", FORWARDER, BUYER, hours + 2)), "MEKO")


def known_as(status: Status, **more: Any) -> Known:
    """The title of `DOCUMENT` came here and ended: by the carrier's answer, far away."""
    sent = continued(DOCUMENT, CHAIN, "FUJI", act("SURRENDER_FOR_AMENDMENT", BUYER, CARRIER, 3))
    chain = tuple(continued(DOCUMENT, sent, "STRA", act("SACC", CARRIER, BUYER, 4)))
    made = Known(chain=chain, document_checksum=checksum(DOCUMENT), status=status, at="ended", issued_at=BEGIN)
    return replace(made, **more)


@pytest.mark.parametrize("status", [Status.VOID, Status.PAPER, Status.ACCOMPLISHED])
def test_what_is_known_of_a_title_that_has_ended_stands_in_every_chain_that_comes(status: Status) -> None:
    judgement = judged(envelope(DOCUMENT, CHAIN, "MEKO"), known_as(status))
    assert (judgement.outcome, judgement.findings[0].code) == (Outcome.DISE, "pint.disputed-chain")


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (Status.VOID, in_its_place(), ""),
        (Status.VOID, in_its_place(hours=-1), "pint.disputed-document"),
        (Status.PAPER, in_its_place(), "title.paper-not-named"),
        (Status.PAPER, in_its_place(paper_statement("X-1")), "title.paper-not-named"),
        (Status.PAPER, in_its_place(paper_statement("SIML2600077")), ""),
        (Status.ACCOMPLISHED, in_its_place(), "pint.disputed-document"),
    ],
    ids=["void", "an older one", "paper unnamed", "another paper", "paper", "accomplished"],
)
def test_in_the_place_of_a_title_comes_one_that_was_issued_for_it(status: Status, body: Any, code: str) -> None:
    judgement = judged(body, known_as(status))
    assert judgement.outcome is (Outcome.DISE if code else Outcome.RECE), judgement.findings
    assert not code or judgement.findings[0].code == code
