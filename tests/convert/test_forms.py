"""There and back is the identity on what is not named as a loss; no form drops anything in silence."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.certificate.examples import complete
from schemas.certificate.model import Certificate, ProducerWithheld
from schemas.content import Syntax
from schemas.registry import Context, profile_of
from tests.schemas.certificate.strategies import any_certificate
from tradebridge.cli.formats import IDS, formats
from tradebridge.convert.delimited import guarded, unguarded
from tradebridge.convert.fields import fields
from tradebridge.convert.format import Format, NoCertificate, json_value, read_with
from tradebridge.convert.forms import AGREEMENTS, agreement_of, boxes_of, template
from tradebridge.convert.pointers import value_at

NOW = Context(now=datetime(2026, 1, 6, 12, tzinfo=UTC))
FORMS = formats()
SLOW = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=12)


def without(value: Any, lost: set[str], pointer: str = "") -> Any:
    """The JSON value with the lost places taken out, and what is then empty."""
    if pointer in lost:
        return None
    if isinstance(value, dict):
        inner = {name: without(each, lost, f"{pointer}/{name}") for name, each in value.items()}
        return {name: each for name, each in inner.items() if each not in (None, {}, [], False)} or None
    if isinstance(value, list):
        return [without(each, lost, f"{pointer}/{at}") for at, each in enumerate(value)]
    return value


@pytest.mark.fuzz
@pytest.mark.parametrize(
    "form", [each for each in FORMS.values() if each.id not in ("asw", "naccs")], ids=lambda f: f.id
)
@SLOW
@given(certificate=any_certificate)
def test_there_and_back_is_the_identity_on_what_is_not_lost(form: Format, certificate: Certificate) -> None:
    written = form.write(certificate)
    assert form.recognises(written.data)
    opened = form.open(written.data)
    assert not isinstance(opened, tuple), opened
    lost = {loss.pointer for loss in written.losses}
    if form.id == "xml":
        read = read_with(form, written.data, NOW).document
        assert read == certificate
        return
    assert without(json.loads(opened.data), lost) == without(json_value(certificate), lost)


@pytest.mark.fuzz
@pytest.mark.parametrize("form_id", ["json", "csv", "xlsx"])
@SLOW
@given(certificate=any_certificate)
def test_what_has_a_cell_for_everything_gives_the_document_back_to_the_letter(
    form_id: str, certificate: Certificate
) -> None:
    form = FORMS[form_id]
    written = form.write(certificate)
    emptied = {"/transport/portOfLoading", "/transport/portOfDischarge"}  # a place without code and name
    assert {loss.pointer for loss in written.losses} <= emptied
    read = read_with(form, written.data, NOW)
    assert read.findings == ()
    if not written.losses:
        profile = profile_of(certificate.profile)
        assert profile is not None and read.document is not None
        assert profile.encode[Syntax.JSON](read.document) == profile.encode[Syntax.JSON](certificate)


@pytest.mark.parametrize("form_id", IDS)
@pytest.mark.parametrize("variant", range(4))
def test_examples_come_back_from_every_form(form_id: str, variant: int) -> None:
    profile = profile_of("atiga-form-d/2022")
    assert profile is not None
    document = profile.example(variant=variant)
    written = FORMS[form_id].write(document)
    assert next(each.id for each in FORMS.values() if each.recognises(written.data)) == form_id
    read = read_with(FORMS[form_id], written.data, NOW)
    ticked = {"/tickBoxes/thirdCountryInvoicing", "/tickBoxes/issuedRetroactively"}
    assert {loss.pointer for loss in written.losses} <= (ticked if form_id == "ubl" else set())
    if not written.losses:
        assert read.document == document


@pytest.mark.parametrize("form_id", ["ubl", "csv", "xlsx", "asw", "naccs"])
def test_a_bill_of_lading_has_no_such_form(form_id: str) -> None:
    profile = profile_of("dcsa-transport-document/3.0")
    assert profile is not None
    with pytest.raises(NoCertificate):
        FORMS[form_id].write(profile.example())


@pytest.mark.parametrize("form", FORMS.values(), ids=lambda form: form.id)
def test_a_place_that_a_form_names_is_a_field_and_what_it_does_not_name_is_lost(form: Format) -> None:
    """The tables of the docs are true: of a certificate with every part, exactly what has no place is a loss."""
    everything = complete("atiga-form-d/2022")
    ticks = everything.tick_boxes.model_copy(update=dict.fromkeys(type(everything.tick_boxes).model_fields, True))
    everything = everything.model_copy(update={"tick_boxes": ticks, "producer_withheld": ProducerWithheld.CONFIDENTIAL})
    known = {of.pointer for of in fields()}
    assert set(form.places()) <= known
    value = json_value(Certificate.model_validate(everything.model_dump()))
    filled = {of.pointer for of in fields() if value_at(_first_entries(value), of.pointer.split("/")[1:]) is not None}
    lost = {_bare(loss.pointer) for loss in form.write(Certificate.model_validate(everything.model_dump())).losses}
    unnamed = filled - set(form.places())
    assert {pointer for pointer in unnamed if not _covered(pointer, lost)} == set()
    assert {pointer for pointer in set(form.places()) & filled if _covered(pointer, lost)} == set()


def _first_entries(value: dict[str, Any]) -> dict[str, Any]:
    return {name: each[0] if isinstance(each, list) and each else each for name, each in value.items()}


def _bare(pointer: str) -> str:
    return "/".join(step for step in pointer.split("/") if not step.isdigit())


def _covered(pointer: str, lost: set[str]) -> bool:
    return any(pointer == each or pointer.startswith(f"{each}/") for each in lost)


@given(st.text("'=+-@\tab", max_size=6))
def test_no_text_is_a_formula_and_none_is_changed(text: str) -> None:
    assert guarded(text)[:1] not in set("=+-@\t")
    assert unguarded(guarded(text)) == text


@pytest.mark.parametrize("agreement", AGREEMENTS, ids=lambda each: each.id)
@pytest.mark.parametrize("form_id", ["csv", "xlsx"])
def test_an_empty_template_asks_for_what_the_form_has_and_says_all_that_is_missing(
    agreement: Any, form_id: str
) -> None:
    read = read_with(FORMS[form_id], template(agreement, form_id), NOW)
    assert read.document is None
    codes = {found.code for found in read.findings}
    assert codes == {"certificate.missing"}, read.findings
    assert all(found.pointer and "/" not in found.pointer for found in read.findings)
    assert boxes_of(agreement)["/exporter/name"] == "1"
    assert agreement_of(agreement.profile) is agreement


@pytest.mark.fuzz
@pytest.mark.parametrize("form_id", IDS)
@SLOW
@given(data=st.data())
def test_no_bytes_raise(form_id: str, data: st.DataObject) -> None:
    """A file with some bytes changed, cut or doubled is read or refused; it breaks nothing."""
    written = bytearray(WRITTEN[form_id])
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(written) - 1))
        end = min(len(written), start + data.draw(st.integers(1, 30)))
        written[start:end] = data.draw(
            st.sampled_from([b"", written[start:end] * 2, b"<", b'"', b"\xff", b"0", b"\n,"])
        )
        if not written:
            break
    read = read_with(FORMS[form_id], bytes(written), NOW, rules=True)
    assert read.document is not None or any(found.refuses for found in read.findings)


def _example() -> Certificate:
    found = profile_of("atiga-form-d/2022")
    assert found is not None
    document = found.example(variant=3)
    assert isinstance(document, Certificate)
    return document


WRITTEN = {form_id: form.write(_example()).data for form_id, form in FORMS.items()}
