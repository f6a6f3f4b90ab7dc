"""Documents for tests: valid by name, changed step by step, wrong on purpose, compared. Pure."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import pytest
from hypothesis import given

from schemas.content import Content, open_content
from simulator.testing.drafts import NAMES, BadDraft, Draft, Shown, draft
from simulator.testing.strategies import broken_alone
from tradebridge.pytest_plugin import strategy

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
made = partial(draft, seed="42", at=AT)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_gives_a_valid_signed_document(name: str) -> None:
    one = made(name)
    assert one.findings() == ()
    assert one.data == made(name).data
    content = open_content(one.data)
    assert isinstance(content, Content) and content.seal is not None


@given(strategy("form-d"))
def test_drawn_documents_are_valid(drawn: Draft) -> None:
    assert drawn.findings() == ()
    assert Shown.of(drawn.data) == drawn


def test_documents_with_a_rule_broken_break_that_rule_and_keep_their_number() -> None:
    codes = broken_alone("atiga-form-d/2022")
    assert len(codes) > 40
    kept = 0
    for code in codes:
        broken = made().number("SG-D-2026-00007").invalid(code)
        assert code in {each.code for each in broken.findings()}, code
        kept += broken.own_number == "SG-D-2026-00007"
    assert kept > len(codes) - 8  # the others are wrong in their number


def test_steps_give_new_documents_and_leave_the_old_one() -> None:
    first = made()
    after = first.lines(50).hs("8708.29", 50).ending("-R02").to("vn", "jp").xml()
    assert after.findings() == ()
    assert (len(after.value["items"]), after.value["items"][49]["hsCode"]) == (50, "870829")
    assert (after.own_number, after.recipients) == ("SG-D-2026-00041-R02", ("VN-NSW", "JP-NACCS"))
    assert after.data.startswith(b"<")
    assert first == made() and len(first.value["items"]) == 2


def test_what_differs_is_said_field_by_field() -> None:
    first = made()
    assert first == first.xml() == Shown.of(first.xml().data)
    assert first.diff(first.hs("870829")) == ['/items/0/hsCode (box 7, HS code): "090111" != "870829"']
    other = first.set("/remark", "x")  # no member of a certificate: compared as it stands
    assert (first.diff(other), other.diff(first)) == (['/remark: nothing != "x"'], ['/remark: "x" != nothing'])
    assert first != other


def test_a_change_on_the_way_leaves_the_signature_behind() -> None:
    whole, changed = made(syntax="xml"), made(syntax="xml").defect("changed-on-the-way")
    assert changed.data.replace(b"Finest ", b"") == whole.data
    assert json.loads(made().defect("unknown-member").unsigned().data)["exporterTaxNumber"]


WRONG: list[tuple[Callable[[], object], str]] = [
    (lambda: made("form-z"), "form-d"),
    (lambda: made("shipping-instructions").number("1"), "no number"),
    (lambda: made("transport-document").lines(3), "a certificate has items"),
    (lambda: made().invalid("certificate.gremlins"), "tb rules"),
    (lambda: made().invalid("certificate.original-not-live"), "other documents"),
    (lambda: made().defect("gremlins"), "changed-on-the-way"),
    (lambda: made().remove("/nothing/here"), "/nothing/here"),
    (lambda: made(syntax="xml").remove("/exporter").data, "json()"),
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_what_cannot_be_is_said_with_what_can(number: int) -> None:
    ask, says = WRONG[number]
    with pytest.raises(BadDraft, match=says.replace("(", r"\(").replace(")", r"\)")):
        ask()
