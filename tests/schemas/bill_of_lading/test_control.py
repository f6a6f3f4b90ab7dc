"""The control tracking registry, pure: who controls an eBL after any row of statements."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from schemas.bill_of_lading.control import Control, OfferState, Said, Statement, apply
from schemas.findings import Finding

DOCUMENT = "d" * 64
AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
PLATFORMS = ["STRA", "MEKO", "FUJI"]


def entry(number: int) -> str:
    return f"{number:064x}"


def said(kind: Said, platform: str, number: int, to: str | None = None) -> Statement:
    return Statement(
        registry="http://registry/ctr/v1",
        type=kind,
        transport_document_checksum=DOCUMENT,
        entry=entry(number),
        platform=platform,
        to=to,
        at=AT,
    )


def after(*statements: Statement) -> Control:
    control: Control | None = None
    for each in statements:
        found = apply(control, each)
        assert isinstance(found, Control), found
        control = found
    assert control is not None
    return control


REGISTERED = said(Said.REGISTER, "STRA", 0)
OFFERED = said(Said.OFFER, "STRA", 1, "MEKO")
ACCEPTED = said(Said.ACCEPT, "MEKO", 1)
CANCELLED = said(Said.CANCEL, "STRA", 1)


def refused(control: Control | None, statement: Statement) -> str:
    found = apply(control, statement)
    assert isinstance(found, Finding)
    return found.code


def test_control_begins_with_who_registers_and_moves_when_the_receiver_accepts() -> None:
    assert after(REGISTERED).platform == "STRA"
    assert after(REGISTERED, OFFERED).platform == "STRA"
    assert after(REGISTERED, OFFERED, ACCEPTED).platform == "MEKO"
    assert after(REGISTERED, OFFERED, CANCELLED).platform == "STRA"


def test_of_accept_and_cancel_the_first_wins() -> None:
    assert refused(after(REGISTERED, OFFERED, ACCEPTED), CANCELLED) == "control.accepted"
    assert refused(after(REGISTERED, OFFERED, CANCELLED), ACCEPTED) == "control.cancelled"


def test_a_cancelled_entry_is_dead_for_ever_and_a_new_one_is_not() -> None:
    control = after(REGISTERED, OFFERED, CANCELLED)
    assert refused(control, OFFERED) == "control.dead-entry"
    assert after(REGISTERED, OFFERED, CANCELLED, said(Said.OFFER, "STRA", 2, "FUJI")).open is not None


def test_one_transfer_at_a_time_and_only_by_who_is_in_control() -> None:
    control = after(REGISTERED, OFFERED)
    assert refused(control, said(Said.OFFER, "STRA", 2, "FUJI")) == "control.offer-open"
    assert refused(control, said(Said.OFFER, "MEKO", 2, "FUJI")) == "control.not-in-control"
    assert refused(control, said(Said.ACCEPT, "FUJI", 1)) == "control.wrong-platform"
    assert refused(control, said(Said.CANCEL, "MEKO", 1)) == "control.wrong-platform"
    assert refused(control, said(Said.ACCEPT, "MEKO", 7)) == "control.no-offer"
    assert refused(control, said(Said.OFFER, "STRA", 1, "FUJI")) == "control.dead-entry"
    assert refused(after(REGISTERED), said(Said.OFFER, "STRA", 1, "STRA")) == "control.wrong-platform"
    assert refused(None, OFFERED) == "control.unknown-title"


def test_there_is_one_record_of_a_transport_document() -> None:
    control = after(REGISTERED, OFFERED, ACCEPTED)
    assert refused(control, said(Said.REGISTER, "STRA", 9)) == "control.registered"
    assert refused(control, said(Said.REGISTER, "MEKO", 0)) == "control.registered"


def test_a_bill_that_nobody_took_is_registered_anew_by_its_first_platform_alone() -> None:
    """Issued to a party elsewhere, whose platform refused it; then issued to another one."""
    control, anew = after(REGISTERED, OFFERED, CANCELLED), said(Said.REGISTER, "STRA", 9)
    assert refused(control, said(Said.REGISTER, "MEKO", 9)) == "control.registered"
    assert refused(after(REGISTERED, OFFERED), anew) == "control.registered"
    again = apply(control, anew)
    assert isinstance(again, Control)
    assert (again.issuance, again.entry, again.platform) == (entry(9), entry(9), "STRA")
    assert refused(again, OFFERED) == "control.dead-entry"


def test_the_same_again_changes_nothing() -> None:
    control = after(REGISTERED)
    for statement in (OFFERED, ACCEPTED):
        control = after(REGISTERED, OFFERED) if statement is OFFERED else after(REGISTERED, OFFERED, ACCEPTED)
        assert apply(control, statement) is control
    assert apply(control, OFFERED) is control
    assert apply(control, REGISTERED) is control
    cancelled = after(REGISTERED, OFFERED, CANCELLED)
    assert apply(cancelled, CANCELLED) is cancelled


STATEMENTS = st.lists(
    st.builds(
        said,
        st.sampled_from(Said),
        st.sampled_from(PLATFORMS),
        st.integers(0, 5),
        st.sampled_from(PLATFORMS),
    ),
    max_size=40,
)


@given(STATEMENTS)
def test_whatever_is_said_control_moves_by_accepted_offers_only_and_nothing_ended_changes(
    statements: list[Statement],
) -> None:
    control: Control | None = None
    for statement in statements:
        found = apply(control, statement)
        if isinstance(found, Finding):
            continue
        if control is not None and found is not control:
            assert found.sequence == control.sequence + 1
            assert len([each for each in found.offers if each.state is OfferState.OPEN]) <= 1
            for before, now in zip(control.offers, found.offers, strict=False):
                assert now == before or (before.state is OfferState.OPEN and replace(now, state=before.state) == before)
            moved = found.platform != control.platform
            assert moved == (statement.type is Said.ACCEPT)
        control = found
    if control is not None:
        taken = [each.taker for each in control.offers if each.state is OfferState.ACCEPTED]
        assert control.platform == (
            taken[-1] if taken else next(s for s in statements if s.type is Said.REGISTER).platform
        )
