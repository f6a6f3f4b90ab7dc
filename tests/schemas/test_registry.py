"""Reading: from bytes to profile, document and findings, in one walk that keeps nothing and gives all."""

import threading
from datetime import UTC, datetime

import pytest

from schemas.certificate.agreements import AGREEMENTS
from schemas.certificate.xml import encode_xml
from schemas.content import Syntax, open_content
from schemas.findings import Finding
from schemas.registry import (
    Context,
    Reading,
    Related,
    Relation,
    Stated,
    judge,
    parse,
    profile_of,
    profiles,
    read,
    recognise,
)

NOW = Context(now=datetime(2026, 1, 6, 12, tzinfo=UTC))
FORM_D = "atiga-form-d/2022"


def form_d(syntax: Syntax = Syntax.XML) -> bytes:
    profile = profiles()[FORM_D]
    return profile.encode[syntax](profile.example())


def codes(reading: Reading) -> list[str]:
    return [finding.code for finding in reading.findings]


def test_the_profiles_of_this_hub_are_registered() -> None:
    assert set(profiles()) == {
        *(agreement.profile for agreement in AGREEMENTS),
        "dcsa-transport-document/3.0",
        "dcsa-shipping-instructions/3.0",
        "tradebridge-event/1",
        "co-application/1",
        "cost-statement/1",
    }
    assert profile_of("atiga-form-d/1999") is None


@pytest.mark.parametrize("profile_id", sorted(profiles()))
def test_every_profile_reads_its_own_example_by_itself(profile_id: str) -> None:
    profile = profiles()[profile_id]
    for encode in profile.encode.values():
        for declared in (None, profile_id):
            reading = read(encode(profile.example()), NOW, declared)
            assert reading.profile is profile
            assert reading.document == profile.example()
            assert not reading.refused


def test_bytes_that_cannot_be_opened_give_one_finding() -> None:
    reading = read(b"<a", NOW)
    assert (reading.content, reading.profile, reading.document) == (None, None, None)
    assert codes(reading) == ["syntax.not-xml"] and reading.refused


@pytest.mark.parametrize(
    ("data", "declared", "code"),
    [
        (b"<a/>", None, "profile.not-recognised"),
        (b"{}", None, "profile.not-recognised"),
        (b'{"profile": 7}', None, "profile.not-recognised"),
        (form_d(), "atiga-form-d/2030", "profile.unknown"),
        (form_d(), "rcep-co/2022", "profile.mismatch"),
        (form_d().replace(b"form-d/2022", b"form-d/2030"), None, "profile.unknown"),
        (b"<a/>", "dcsa-transport-document/3.0", "profile.syntax"),
    ],
)
def test_a_profile_that_is_not_ours_or_not_this_one_is_named(data: bytes, declared: str | None, code: str) -> None:
    reading = read(data, NOW, declared)
    assert codes(reading) == [code]
    assert reading.document is None and reading.content is not None


def test_another_profile_within_the_document_than_the_declared_one_is_an_error() -> None:
    data = form_d(Syntax.JSON).replace(b'"atiga-form-d/2022"', b'"atiga-form-d/2030"')
    reading = read(data, NOW, FORM_D)
    assert [(found.code, found.pointer, found.expected) for found in reading.findings] == [
        ("certificate.not-in-list", "/profile", FORM_D)
    ]
    assert reading.document is None


def test_the_root_in_another_namespace_is_no_certificate() -> None:
    found = recognise_finding(form_d().replace(b"urn:tradebridge:certificate:1", b"urn:example:other"))
    assert found.code == "profile.not-recognised" and "urn:example:other" in found.found


def recognise_finding(data: bytes) -> Finding:
    content = open_content(data)
    assert not isinstance(content, Finding)
    found = recognise(content)
    assert isinstance(found, Finding)
    return found


def test_what_cannot_be_read_hides_no_other_mistake_and_is_handed_to_nobody() -> None:
    data = form_d().replace(b"<ModeCode>sea", b"<ModeCode>camel").replace(b">SG</CountryCode>", b">MY</CountryCode>", 1)
    reading = read(data, NOW)
    assert codes(reading) == ["certificate.not-in-list", "certificate.exporter-elsewhere"]
    assert reading.document is None
    assert reading.stated == Stated(FORM_D, profiles()[FORM_D].example().number, "country:SG")


def test_reading_in_many_threads_at_once_gives_each_its_own_findings() -> None:
    profile = profiles()[FORM_D]
    documents = [profile.example(variant=variant) for variant in range(8)]
    data = [encode_xml(document) for document in documents]  # type: ignore[arg-type]  # the profile's examples are certificates
    wrong = [text.replace(b"<ModeCode>sea", b"<ModeCode>camel") for text in data]
    failures: list[str] = []

    def work(index: int) -> None:
        for _ in range(25):
            if read(data[index], NOW).document != documents[index]:
                failures.append("a valid document was not read")
            if codes(read(wrong[index], NOW)) != ["certificate.not-in-list"]:
                failures.append("a wrong document was not named")

    threads = [threading.Thread(target=work, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


@pytest.mark.parametrize("data", [form_d(), form_d().replace(b"<ID>", b"<ID> "), b"<a", b"{}"])
def test_reading_is_parsing_and_then_judging(data: bytes) -> None:
    judged, at_once = judge(parse(data), NOW), read(data, NOW)
    assert (judged.document, judged.profile, judged.findings) == (at_once.document, at_once.profile, at_once.findings)


def test_a_document_that_names_no_other_is_only_looked_for_by_those_that_name_it() -> None:
    (statement,) = parse(form_d()).references
    assert (statement.relation, statement.number, statement.backwards) == (Relation.STATEMENT, "SG-D-2026-00041", True)
    assert parse(b"<a").references == ()


def test_a_context_has_nothing_beside_the_document_unless_told_so() -> None:
    assert not NOW.related and NOW.products is None
    document = profiles()[FORM_D].example()
    known = Context(NOW.now, {Relation.ORIGINAL: Related(document, "live")})
    assert known.related[Relation.ORIGINAL].left is None
