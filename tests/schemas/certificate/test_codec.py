"""XML and JSON carry all that the model holds, in both directions; the schema file and the table agree."""

from datetime import UTC, datetime
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from schemas.certificate.examples import complete
from schemas.certificate.json import decode_json, encode_json
from schemas.certificate.layout import CERTIFICATE, NAMESPACE, Group, Measure
from schemas.certificate.model import Certificate
from schemas.certificate.structure import readable_part
from schemas.certificate.values import Part
from schemas.certificate.xml import decode_xml, encode_xml
from schemas.content import Content, Syntax, open_content
from schemas.registry import Context, profile_of, profiles, read
from tests.schemas.certificate.strategies import PROFILES, any_certificate

NOW = Context(now=datetime(2026, 1, 6, 12, tzinfo=UTC))
XSD = etree.fromstring(resources.files("schemas.certificate").joinpath("certificate.xsd").read_bytes())


def opened(data: bytes) -> Content:
    content = open_content(data)
    assert isinstance(content, Content), content
    return content


@pytest.mark.fuzz
@given(any_certificate)
def test_xml_gives_back_what_was_written(certificate: Certificate) -> None:
    decoded = decode_xml(opened(encode_xml(certificate)), complete(certificate.profile))
    assert decoded.findings == ()
    assert decoded.document == certificate


@pytest.mark.fuzz
@given(any_certificate)
def test_json_gives_back_what_was_written(certificate: Certificate) -> None:
    decoded = decode_json(opened(encode_json(certificate)), complete(certificate.profile))
    assert decoded.findings == ()
    assert decoded.document == certificate


@given(any_certificate)
def test_xml_and_json_say_the_same_to_the_letter(certificate: Certificate) -> None:
    by_xml = decode_xml(opened(encode_xml(certificate)), complete(certificate.profile)).document
    assert isinstance(by_xml, Certificate)
    assert encode_json(by_xml) == encode_json(certificate)


def test_the_digits_of_an_amount_stay_as_written() -> None:
    sample = complete(PROFILES[0])
    text = encode_json(sample).replace(b'"amount":"1"', b'"amount":"1250.50"')
    decoded = decode_json(opened(text), sample).document
    assert isinstance(decoded, Certificate)
    assert b'"amount":"1250.50"' in encode_json(decoded)
    assert b">1250.50</FOBValueAmount>" in encode_xml(decoded)


@pytest.mark.parametrize("profile_id", PROFILES)
@pytest.mark.parametrize("variant", range(0, 60, 3))
def test_every_example_is_valid_and_raises_no_warning(profile_id: str, variant: int) -> None:
    profile = profile_of(profile_id)
    assert profile is not None
    document = profile.example(variant=variant)
    for syntax, encode in profile.encode.items():
        reading = read(encode(document), NOW)
        assert reading.findings == (), syntax
        assert reading.document == document


def test_examples_of_a_scenario_differ() -> None:
    for profile_id in PROFILES:
        profile = profiles()[profile_id]
        written = {profile.encode[Syntax.JSON](profile.example(variant=variant)) for variant in range(30)}
        assert len(written) == 30


def test_an_example_takes_countries_number_and_date() -> None:
    profile = profiles()[PROFILES[0]]
    document = profile.example(exporter="LA", importer="PH", number="LA-7", at=datetime(2026, 5, 4, 23, tzinfo=UTC))
    assert isinstance(document, Certificate)
    assert (document.number, document.issued_by) == ("LA-7", "country:LA")
    assert document.declaration.importing_country == "PH"
    assert document.certification.date.isoformat() == "2026-05-04"


def _elements(type_name: str | None) -> list[str]:
    """Names of a complex type's elements, in the order of certificate.xsd; of the root's without a name."""
    schema = "{http://www.w3.org/2001/XMLSchema}"
    if type_name is None:
        declared = XSD.find(f"{schema}element/{schema}complexType/{schema}sequence")
    else:
        declared = XSD.find(f"{schema}complexType[@name='{type_name}']/{schema}sequence")
    assert declared is not None, type_name
    return [str(element.get("name")) for element in declared]


def _type_of(group_type: str | None, element: str) -> str:
    schema = "{http://www.w3.org/2001/XMLSchema}"
    within = f"{schema}element/" if group_type is None else f"{schema}complexType[@name='{group_type}']/"
    inner = f"{schema}complexType/{schema}sequence" if group_type is None else f"{schema}sequence"
    declared = XSD.find(f"{within}{inner}/{schema}element[@name='{element}']")
    assert declared is not None, (group_type, element)
    return str(declared.get("type"))


def test_table_and_schema_have_the_same_elements_in_the_same_order() -> None:
    def compare(group: Group, type_name: str | None) -> int:
        assert [child.tag for child in group.children] == _elements(type_name), group.tag
        inner = (child for child in group.children if isinstance(child, Group))
        return 1 + sum(compare(child, _type_of(type_name, child.tag)) for child in inner)

    assert compare(CERTIFICATE, None) > 20


def test_the_table_has_a_place_for_every_member_of_the_model() -> None:
    def members(group: Group) -> set[str]:
        found: set[str] = set()
        for child in group.children:
            if isinstance(child, Measure):
                found |= {child.member, child.value, child.unit}
            else:
                found |= {child.member} if child.member else set()
            if isinstance(child, Group):
                found |= members(child)
        return found

    parts = [part for part in Part.__subclasses__() if part.__module__ == Certificate.__module__]
    assert members(CERTIFICATE) == {name for part in parts for name in part.model_fields}


def test_the_schema_is_closed() -> None:
    assert not XSD.findall(".//{*}any") and not XSD.findall(".//{*}anyAttribute")
    assert XSD.get("targetNamespace") == NAMESPACE


@given(any_certificate, st.data())
def test_with_one_part_taken_out_the_rest_is_still_read(certificate: Certificate, data: st.DataObject) -> None:
    value = certificate.model_dump(mode="json", by_alias=True, exclude_none=True)
    name = data.draw(st.sampled_from(sorted(value)))
    del value[name]
    stand_in = complete(certificate.profile).model_dump(mode="json", by_alias=True, exclude_none=True)
    partly = readable_part(value, stand_in, Certificate)
    assert partly is not None
    kept = {"number", "items", "declaration"} - {name}
    assert all(getattr(partly, member) == getattr(certificate, member) for member in kept)
