"""The title: one possessor at every moment, whatever is tried; and each sentence of PINT that says who may do what."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.bill_of_lading.parties import IdentifyingCode
from schemas.bill_of_lading.pint import ActionCode, Party, RepresentedParty, Transaction
from schemas.bill_of_lading.title import (
    ENDED,
    TRANSITIONS,
    Kind,
    Possession,
    Status,
    Title,
    allowed,
    apply,
    is_at,
    issue,
    kind_of,
    moves_possession,
    paper_statement,
    replay,
    same_party,
)
from tests.ebl.cast import (
    BANK,
    BUYER,
    BUYERS_BANK,
    CARRIER,
    EVERYBODY,
    EXPORTER,
    FORWARDER,
    ISSUE,
    act,
    document,
    party,
)


def issued(kind: str = "blank") -> Title:
    title = issue(document(kind), ISSUE)
    assert isinstance(title, Title)
    return title


def after(title: Title, *transactions: Transaction) -> Title:
    for each in transactions:
        moved = apply(title, each, title.sequence)
        assert isinstance(moved, Title), moved
        title = moved
    return title


def refused(title: Title, transaction: Transaction) -> set[str]:
    moved = apply(title, transaction)
    assert not isinstance(moved, Title), moved
    return {each.code for each in moved}


def surrendered(kind: str = "blank", action: str = "SURRENDER_FOR_DELIVERY", reason: str | None = None) -> Title:
    return after(issued(kind), act(action, EXPORTER, CARRIER, 1, reason_code=reason))


# --- Kinds -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(Kind))
def test_the_kind_is_read_from_the_document(kind: Kind) -> None:
    assert kind_of(document(kind.value)) is kind


def test_the_first_possessor_is_whom_the_carrier_issues_to() -> None:
    title = issued("to-order")
    assert (title.possessor, title.endorsee and title.endorsee.party_name) == (EXPORTER, EXPORTER.party_name)
    assert (title.carrier, title.sequence, title.status) == (CARRIER, 1, Status.HELD)


def test_a_sea_waybill_is_no_title() -> None:
    found = issue(document("sea-waybill"), ISSUE)
    assert not isinstance(found, Title) and [each.code for each in found] == ["title.sea-waybill"]


def test_an_endorsee_without_a_code_is_refused_and_never_taken_for_a_blank_title() -> None:
    value = document("blank")
    value["documentParties"] = value["documentParties"] | {"endorsee": {"partyName": "Somebody"}}
    found = issue(value, ISSUE)
    assert not isinstance(found, Title) and [each.code for each in found] == ["title.endorsee-without-code"]


def test_without_a_first_possessor_nothing_is_issued() -> None:
    found = issue(document(), act("ISSUE", CARRIER))
    assert not isinstance(found, Title) and [each.code for each in found] == ["title.recipient-missing"]


# --- Possession and right --------------------------------------------------------------------------------------------


def test_possession_goes_to_the_recipient_of_a_transfer() -> None:
    title = after(issued(), act("TRANSFER", EXPORTER, FORWARDER, 1))
    assert title.possessor == FORWARDER and not title.in_trust
    assert refused(title, act("TRANSFER", EXPORTER, BUYER, 2)) == {"title.not-the-possessor"}


def test_the_same_code_on_another_platform_is_not_in_possession() -> None:
    elsewhere = EXPORTER.model_copy(update={"ebl_platform": "FUJI"})
    assert refused(issued(), act("TRANSFER", elsewhere, BUYER, 1)) == {"title.not-the-possessor"}


def test_a_bank_as_pledgee_possesses_in_trust_and_neither_endorses_nor_surrenders() -> None:
    pledged = after(issued("to-order"), act("TRANSFER", EXPORTER, BANK, 1))
    assert pledged.possessor == BANK and pledged.in_trust
    assert refused(pledged, act("ENDORSE", BANK, BUYER, 2)) == {"title.not-the-endorsee"}
    assert refused(pledged, act("SURRENDER_FOR_DELIVERY", BANK, CARRIER, 2)) == {"title.not-entitled"}
    returned = after(pledged, act("TRANSFER", BANK, EXPORTER, 2))
    assert not returned.in_trust
    assert after(returned, act("ENDORSE_TO_ORDER", EXPORTER, BUYER, 3)).endorsee == BUYER


def test_who_possesses_on_behalf_of_another_holds_in_trust() -> None:
    for_exporter = BANK.model_copy(update={"represented_party": RepresentedParty(party_name=EXPORTER.party_name)})
    assert after(issued("blank"), act("TRANSFER", EXPORTER, for_exporter, 1)).in_trust


def test_the_endorsee_of_another_gets_no_possession_by_the_endorsement() -> None:
    title = after(issued("blank"), act("ENDORSE_TO_ORDER", EXPORTER, BUYER, 1))
    assert (title.possessor, title.endorsee) == (EXPORTER, BUYER)
    assert title.in_trust
    assert refused(title, act("TRANSFER", BUYER, BANK, 2)) == {"title.not-the-possessor"}


def test_only_endorse_to_order_lets_the_endorsee_endorse_further() -> None:
    for action, may in (("ENDORSE", False), ("ENDORSE_TO_ORDER", True)):
        title = after(issued("blank"), act(action, EXPORTER, BUYER, 1), act("TRANSFER", EXPORTER, BUYER, 2))
        assert title.may_endorse is may
        onward = act("ENDORSE", BUYER, BUYERS_BANK, 3)
        if may:
            assert after(title, onward).endorsee == BUYERS_BANK
        else:
            assert refused(title, onward) == {"title.may-not-endorse"}
            assert refused(title, act("BLANK_ENDORSE", BUYER, None, 3)) == {"title.may-not-endorse"}


def test_endorsed_in_blank_possession_is_enough() -> None:
    title = after(issued("to-order"), act("BLANK_ENDORSE", EXPORTER, None, 1), act("TRANSFER", EXPORTER, BUYER, 2))
    assert title.blank and title.kind is Kind.TO_ORDER and not title.in_trust
    assert after(title, act("SURRENDER_FOR_DELIVERY", BUYER, CARRIER, 3)).possessor == CARRIER


@pytest.mark.parametrize("action", ["ENDORSE", "ENDORSE_TO_ORDER", "BLANK_ENDORSE"])
def test_a_straight_bill_is_not_endorsed(action: str) -> None:
    recipient = None if action == "BLANK_ENDORSE" else BUYER
    assert refused(issued("straight"), act(action, EXPORTER, recipient, 1)) == {"title.not-negotiable"}


def test_who_signs_confirms_possession_and_changes_nothing_else() -> None:
    title = after(issued(), act("SIGN", EXPORTER, None, 1))
    assert (title.possessor, title.sequence) == (EXPORTER, 2)
    assert refused(title, act("SIGN", BANK, None, 2)) == {"title.not-the-possessor"}


@pytest.mark.parametrize("action", ["SIGN", "BLANK_ENDORSE"])
def test_what_has_no_recipient_names_none(action: str) -> None:
    assert refused(issued(), act(action, EXPORTER, BUYER, 1)) == {"title.recipient-not-allowed"}
    nobody = party("NONE", "NONE", "NONE")
    assert isinstance(apply(issued(), act(action, EXPORTER, nobody, 1)), Title)


@pytest.mark.parametrize("action", ["TRANSFER", "ENDORSE", "ENDORSE_TO_ORDER", "SURRENDER_FOR_DELIVERY"])
def test_what_has_a_recipient_names_it(action: str) -> None:
    assert refused(issued(), act(action, EXPORTER, None, 1)) == {"title.recipient-missing"}


# --- Surrender -------------------------------------------------------------------------------------------------------


def test_while_the_carrier_has_not_answered_it_has_possession() -> None:
    title = surrendered()
    assert (title.status, title.possessor, title.surrendered_by) == (
        Status.SURRENDERED_FOR_DELIVERY,
        CARRIER,
        EXPORTER,
    )
    assert refused(title, act("TRANSFER", EXPORTER, BUYER, 2)) == {"title.not-now"}
    assert refused(title, act("TRANSFER", CARRIER, BUYER, 2)) == {"title.not-now"}


def test_an_accepted_delivery_accomplishes_the_bill_and_nothing_follows() -> None:
    title = after(surrendered(), act("SACC", CARRIER, EXPORTER, 2))
    assert title.status is Status.ACCOMPLISHED and title.possessor == CARRIER
    for action in ActionCode:
        if action is not ActionCode.ISSUE:
            assert refused(title, act(action, CARRIER, BUYER, 3)) == {"title.ended"}


@pytest.mark.parametrize(
    ("reason", "status"), [(None, Status.VOID), ("COD", Status.VOID), ("SWI", Status.VOID), ("SWTP", Status.PAPER)]
)
def test_an_accepted_amendment_voids_it_and_a_switch_makes_it_paper(reason: str | None, status: Status) -> None:
    title = surrendered(action="SURRENDER_FOR_AMENDMENT", reason=reason)
    assert after(title, act("SACC", CARRIER, EXPORTER, 2)).status is status


@pytest.mark.parametrize("action", ["SURRENDER_FOR_DELIVERY", "SURRENDER_FOR_AMENDMENT"])
def test_a_rejected_surrender_gives_possession_back(action: str) -> None:
    before = issued()
    title = after(surrendered(action=action), act("SREJ", CARRIER, EXPORTER, 2))
    assert (title.status, title.possessor, title.surrendered_by) == (Status.HELD, EXPORTER, None)
    assert title.sequence == before.sequence + 2


@pytest.mark.parametrize("action", ["SACC", "SREJ"])
def test_only_the_carrier_answers_and_only_who_surrendered(action: str) -> None:
    assert refused(surrendered(), act(action, EXPORTER, EXPORTER, 2)) == {"title.not-the-carrier"}
    assert refused(surrendered(), act(action, CARRIER, BUYER, 2)) == {"title.wrong-recipient"}
    assert refused(issued(), act(action, CARRIER, EXPORTER, 2)) == {"title.not-now"}


@pytest.mark.parametrize("action", ["SURRENDER_FOR_DELIVERY", "SURRENDER_FOR_AMENDMENT"])
def test_a_surrender_goes_to_the_carrier_that_issued(action: str) -> None:
    for other in (BUYER, BANK, CARRIER.model_copy(update={"ebl_platform": "FUJI"})):
        assert refused(issued(), act(action, EXPORTER, other, 1)) == {"title.surrender-not-to-carrier"}


def test_a_legal_representative_of_the_carrier_takes_a_surrender() -> None:
    codes = CARRIER.identifying_codes
    behind = RepresentedParty(party_name=CARRIER.party_name, identifying_codes=codes)
    agent = party("Example Ship Agents", "SIM-SG-AGENT", "STRA", represented_party=behind)
    title = after(issued(), act("SURRENDER_FOR_DELIVERY", EXPORTER, agent, 1))
    assert title.possessor == agent
    assert after(title, act("SACC", agent, EXPORTER, 2)).status is Status.ACCOMPLISHED


def test_a_straight_bill_is_surrendered_by_shipper_or_consignee() -> None:
    assert isinstance(apply(issued("straight"), act("SURRENDER_FOR_DELIVERY", EXPORTER, CARRIER, 1)), Title)
    with_bank = after(issued("straight"), act("TRANSFER", EXPORTER, BANK, 1))
    assert with_bank.in_trust
    assert refused(with_bank, act("SURRENDER_FOR_DELIVERY", BANK, CARRIER, 2)) == {"title.not-entitled"}
    with_buyer = after(with_bank, act("TRANSFER", BANK, BUYER, 2))
    assert after(with_buyer, act("SURRENDER_FOR_DELIVERY", BUYER, CARRIER, 3)).possessor == CARRIER


def test_a_reason_code_stands_with_a_surrender_for_amendment_only() -> None:
    assert refused(issued(), act("TRANSFER", EXPORTER, BUYER, 1, reason_code="COD")) == {"title.reason-code"}
    wrong = act("SURRENDER_FOR_AMENDMENT", EXPORTER, CARRIER, 1, reason_code="XXX")
    assert refused(issued(), wrong) == {"title.reason-code"}


# --- In the place of another -----------------------------------------------------------------------------------------


def test_a_second_title_of_a_bill_is_not_issued() -> None:
    for earlier in (issued(), surrendered(), after(surrendered(), act("SACC", CARRIER, EXPORTER, 2))):
        found = issue(document(), ISSUE, earlier)
        assert not isinstance(found, Title) and [each.code for each in found] == ["title.issued-already"]


def void(reason: str | None = None) -> Title:
    asked = surrendered(action="SURRENDER_FOR_AMENDMENT", reason=reason)
    return after(asked, act("SACC", CARRIER, EXPORTER, 2))


def test_an_amended_bill_is_a_new_title_linked_to_the_void_one() -> None:
    old = void()
    new = issue(document(transportDocumentSubReference="Version_2"), ISSUE, old)
    assert isinstance(new, Title)
    assert (new.replaces, new.version, new.sequence) == (old.name, "Version_2", 1)
    assert old.status is Status.VOID


def test_another_carrier_issues_nothing_in_its_place() -> None:
    found = issue(document(), act("ISSUE", BANK, EXPORTER), void())
    assert not isinstance(found, Title) and [each.code for each in found] == ["title.not-the-carrier"]


def test_a_title_in_the_place_of_paper_names_the_paper() -> None:
    old = void("SWTP")
    found = issue(document(), ISSUE, old)
    assert not isinstance(found, Title) and [each.code for each in found] == ["title.paper-not-named"]
    new = issue(document(), act("ISSUE", CARRIER, EXPORTER, comments=paper_statement("P-77")), old)
    assert isinstance(new, Title) and new.replaces == "paper P-77"


# --- Compare and set, and chains -------------------------------------------------------------------------------------


def test_of_two_that_saw_the_same_sequence_one_is_too_late() -> None:
    title = issued()
    first, second = act("TRANSFER", EXPORTER, BUYER, 1), act("TRANSFER", EXPORTER, BANK, 1)
    moved = apply(title, first, title.sequence)
    assert isinstance(moved, Title)
    found = apply(moved, second, title.sequence)
    assert not isinstance(found, Title) and [each.code for each in found] == ["title.old-sequence"]


def test_in_a_chain_a_transfer_within_a_platform_may_be_unrecorded() -> None:
    later = act("TRANSFER", BANK, BUYER, 1)
    assert refused(issued(), later) == {"title.not-the-possessor"}
    title = replay(document(), [ISSUE, later])
    assert isinstance(title, Title) and title.possessor == BUYER
    found = replay(document(), [ISSUE, act("TRANSFER", FORWARDER, BUYER, 1)])
    assert not isinstance(found, Title) and [(each.code, each.pointer) for each in found] == [
        ("title.not-the-possessor", "/1/actor")
    ]


def test_an_endorsement_is_never_unrecorded() -> None:
    found = replay(document("to-order"), [ISSUE, act("ENDORSE", BANK, BUYER, 1)])
    assert not isinstance(found, Title) and [each.code for each in found] == ["title.not-the-endorsee"]


def test_issue_stands_once_and_first() -> None:
    for chain in ([], [act("TRANSFER", EXPORTER, BUYER)], [ISSUE, ISSUE]):
        found = replay(document(), chain)
        assert not isinstance(found, Title) and [each.code for each in found] == ["title.issue-not-first"]


# --- Parties ---------------------------------------------------------------------------------------------------------


def test_a_party_is_known_by_a_code_that_both_have() -> None:
    lei = IdentifyingCode(code_list_provider="GLEIF", party_code="529900T8BM49AURSDO55", code_list_name="LEI")
    with_both = EXPORTER.model_copy(update={"identifying_codes": (*EXPORTER.identifying_codes, lei)})
    with_lei = BANK.model_copy(update={"identifying_codes": (lei,)})
    assert same_party(with_both, EXPORTER) and same_party(with_both, with_lei)
    assert not same_party(EXPORTER, with_lei)
    elsewhere = with_lei.model_copy(update={"ebl_platform": "FUJI"})
    assert same_party(with_both, elsewhere) and not is_at(with_both, elsewhere)


def test_a_code_of_a_mutually_defined_list_counts_on_its_platform_only() -> None:
    elsewhere = EXPORTER.model_copy(update={"ebl_platform": "FUJI"})
    assert not same_party(EXPORTER, elsewhere)
    nowhere = EXPORTER.model_copy(update={"ebl_platform": "NONE"})
    assert not same_party(EXPORTER, nowhere)


@pytest.mark.parametrize(("stated", "entitled"), [("", "STRA"), ("FUJI", "FUJI"), ("MEKO", "MEKO")])
def test_a_private_code_of_the_document_counts_on_one_platform_only(stated: str, entitled: str) -> None:
    """Of the platform that the document says, else of the one that the bill was issued to. Whoever has the same code
    elsewhere holds in trust."""
    named: dict[str, Any] = {
        "partyName": "Somebody",
        "identifyingCodes": [{"codeListProvider": "ZZZ", "partyCode": "X"}],
    }
    named |= {"eblPlatform": stated} if stated else {}
    value = document("to-order")
    value["documentParties"] = value["documentParties"] | {"endorsee": named}
    title = issue(value, ISSUE)
    assert isinstance(title, Title)
    for platform in ("STRA", "FUJI", "MEKO"):
        same = party("Somebody", "X", platform)
        held = after(title, act("TRANSFER", EXPORTER, same, 1))
        surrender = act("SURRENDER_FOR_DELIVERY", same, CARRIER, 2)
        endorse = act("ENDORSE", same, BUYER, 2)
        assert held.in_trust == (platform != entitled)
        if platform == entitled:
            assert after(held, endorse).endorsee == BUYER and after(held, surrender).surrendered_by == same
        else:
            assert refused(held, surrender) == {"title.not-entitled"}
            assert refused(held, endorse) == {"title.not-the-endorsee"}


def test_a_code_that_counts_everywhere_needs_no_platform() -> None:
    lei = {"codeListProvider": "GLEIF", "partyCode": "529900T8BM49AURSDO55", "codeListName": "LEI"}
    value = document("to-order")
    endorsee = {"partyName": "Somebody", "identifyingCodes": [lei]}
    value["documentParties"] = value["documentParties"] | {"endorsee": endorsee}
    title = issue(value, ISSUE)
    assert isinstance(title, Title) and title.endorsee is not None and title.endorsee.ebl_platform == "NONE"
    known = BUYER.model_copy(update={"identifying_codes": title.endorsee.identifying_codes})
    assert not after(title, act("TRANSFER", EXPORTER, known, 1)).in_trust


def test_a_code_of_another_list_of_the_same_name_is_another() -> None:
    one, other = (
        party("A", "1", "STRA").model_copy(
            update={"identifying_codes": (IdentifyingCode(code_list_provider="W3C", party_code="1", code_list_name=n),)}
        )
        for n in ("DID", "LCCN")
    )
    assert not same_party(one, other)


# --- The table -------------------------------------------------------------------------------------------------------


def test_every_row_can_be_walked_and_says_where_it_is_read() -> None:
    for row in TRANSITIONS:
        assert row.sentence.endswith(".") and row.clause and row.source
        assert row.after not in row.before or row.after is Status.HELD
    assert {row.action for row in TRANSITIONS} == set(ActionCode)
    assert {status for row in TRANSITIONS for status in (*row.before, row.after)} == set(Status)


def test_nothing_leads_out_of_an_ended_title_but_a_new_one() -> None:
    assert {row.action for row in TRANSITIONS if row.before & ENDED} == {ActionCode.ISSUE}


def test_what_moves_possession_is_what_pint_says() -> None:
    moving = {ActionCode.ISSUE, ActionCode.TRANSFER, ActionCode.SREJ}
    moving |= {ActionCode.SURRENDER_FOR_DELIVERY, ActionCode.SURRENDER_FOR_AMENDMENT}
    assert {action for action in ActionCode if moves_possession(action)} == moving
    assert {row.action for row in TRANSITIONS if row.possession is not Possession.STAYS} == moving


def test_what_is_allowed_is_told() -> None:
    assert ActionCode.ENDORSE in allowed(issued("blank")) and ActionCode.ENDORSE not in allowed(issued("straight"))
    assert set(allowed(surrendered())) == {ActionCode.SACC, ActionCode.SREJ}


# --- Any course of actions -------------------------------------------------------------------------------------------


@dataclass
class Plain:
    """The same rules once more, in plain words, for who holds what."""

    holder: str
    endorsee: str | None
    negotiable: bool
    further: bool = True
    state: str = "held"
    back_to: str = ""
    reason: str = ""

    def may(self, name: str, action: str, to: str, straight: tuple[str, ...]) -> bool:
        if self.state == "held":
            if name != self.holder:
                return False
            bearer_or_endorsee = self.negotiable and self.endorsee in (None, name)
            if "ENDORSE" in action:
                return bearer_or_endorsee and self.further
            if action.startswith("SURRENDER"):
                return to == "carrier" and (bearer_or_endorsee or (not self.negotiable and name in straight))
            return action in ("TRANSFER", "SIGN")
        return self.state.startswith("asked") and action in ("SACC", "SREJ") and name == "carrier"

    def do(self, name: str, action: str, to: str, reason: str) -> None:
        if action == "TRANSFER":
            self.holder = to
        elif action in ("ENDORSE", "ENDORSE_TO_ORDER"):
            self.endorsee, self.further = to, action == "ENDORSE_TO_ORDER"
        elif action == "BLANK_ENDORSE":
            self.endorsee, self.further = None, True
        elif action.startswith("SURRENDER"):
            self.state = "asked delivery" if action.endswith("DELIVERY") else "asked amendment"
            self.holder, self.back_to, self.reason = "carrier", name, reason
        elif action == "SREJ":
            self.state, self.holder = "held", self.back_to
        elif action == "SACC":
            amended = "paper" if self.reason == "SWTP" else "void"
            self.state = "accomplished" if self.state == "asked delivery" else amended


NAMED: dict[str, Party] = {
    "carrier": CARRIER,
    "exporter": EXPORTER,
    "bank": BANK,
    "forwarder": FORWARDER,
    "buyer": BUYER,
    "bank in japan": BUYERS_BANK,
}
STEPS = st.tuples(
    st.sampled_from(sorted(NAMED)),
    st.sampled_from(sorted(set(ActionCode) - {ActionCode.ISSUE})),
    st.sampled_from(sorted(NAMED)),
    st.sampled_from(["", "SWTP", "COD"]),
    st.sampled_from(["holder", "anybody"]),
)
WITHOUT_RECIPIENT = (ActionCode.SIGN, ActionCode.BLANK_ENDORSE, ActionCode.SACC, ActionCode.SREJ)


@pytest.mark.fuzz
@given(st.sampled_from(["blank", "to-order", "straight"]), st.lists(STEPS, max_size=25))
def test_whatever_is_tried_there_is_exactly_one_possessor(kind: str, steps: list[tuple[str, ...]]) -> None:
    title = issued(kind)
    plain = Plain("exporter", "exporter" if kind == "to-order" else None, kind != "straight")
    for name, action, to, reason, who in steps:
        name = plain.holder if who == "holder" else name
        to = "carrier" if action.startswith("SURRENDER") and who == "holder" else to
        given_reason = reason if action == "SURRENDER_FOR_AMENDMENT" else ""
        recipient = None if action in WITHOUT_RECIPIENT else NAMED[to]
        before = title
        moved = apply(title, act(action, NAMED[name], recipient, reason_code=given_reason or None), title.sequence)
        expected = plain.may(name, action, to, ("exporter", "buyer"))
        assert isinstance(moved, Title) is expected, (before.status, name, action, to, moved)
        if isinstance(moved, Title):
            title = moved
            plain.do(name, action, to, given_reason)
            assert title.sequence == before.sequence + 1
        assert [name for name, each in NAMED.items() if is_at(each, title.possessor)] == [plain.holder]
        assert title.ended is (plain.state in ("accomplished", "void", "paper"))
        assert title.in_trust is (plain.state == "held" and not entitled(plain))
    assert len({each.party_name for each in EVERYBODY if is_at(each, title.possessor)}) == 1


def entitled(plain: Plain) -> bool:
    return plain.endorsee in (None, plain.holder) if plain.negotiable else plain.holder in ("exporter", "buyer")
