"""A signature of our own form, known at one look, says what the walk through it would say; on mutants too."""

import random
from collections.abc import Callable

import pytest
from lxml import etree

from schemas.content import Content, XmlSeal, canonical_xml, open_content
from tests.evidence.sealing import Change, changed, find
from tests.evidence.test_against_signxml import mutant
from tests.evidence.test_xades import SIGNED
from tradebridge.evidence import xades, xades_form
from tradebridge.evidence.xades_form import read_form


def signature_of(data: bytes) -> etree._Element | None:
    content = open_content(data)
    return content.seal.signature if isinstance(content, Content) and isinstance(content.seal, XmlSeal) else None


def test_what_is_signed_here_is_known_again() -> None:
    signature = signature_of(SIGNED)
    assert signature is not None
    form = read_form(signature)
    assert form is not None
    assert form.signed_info == canonical_xml(find(signature, "ds:SignedInfo"))
    assert form.signed_properties == canonical_xml(find(signature, ".//xades:SignedProperties"))
    assert xades._walk(signature) == xades._read(signature)


@pytest.mark.long("against_signxml")
def test_what_is_known_at_one_look_is_what_the_walk_finds(scale: Callable[[int, int], int]) -> None:
    """A refusal of the walk would be raised here."""
    draw, known = random.Random(7), 0
    for _ in range(scale(20_000, 400)):
        signature = signature_of(mutant(draw))
        if signature is not None and read_form(signature) is not None:
            known += 1
            assert xades._read(signature) == xades._walk(signature)
    assert known > 20


CHANGES: dict[str, Change] = {
    "a comment": lambda root, signature: signature.insert(0, etree.Comment("x")),
    "a comment in a value": lambda root, signature: find(signature, "ds:SignatureValue").append(etree.Comment("x")),
    "white space": lambda root, signature: find(signature, "ds:SignedInfo").__setattr__("tail", "\n"),
    "another attribute": lambda root, signature: signature.set("id", "x"),
    "another target": lambda root, signature: find(signature, ".//xades:QualifyingProperties").set("Target", "#x"),
    "another type": lambda root, signature: signature[0][2].set("Type", "urn:x"),
    "an element more": lambda root, signature: etree.SubElement(signature, signature[0].tag),
    "an element less": lambda root, signature: signature.remove(find(signature, "ds:KeyInfo")),
    "the order of the references": lambda root, signature: signature[0].append(signature[0][2]),
    "a bit of base64 that says nothing": lambda root, signature: find(signature, "ds:SignatureValue").__setattr__(
        "text", f"{find(signature, 'ds:SignatureValue').text}"[:-3] + "B=="
    ),
    "an Id with a line break": lambda root, signature: signature.set("Id", f"{signature.get('Id')}\n"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_differs_in_one_thing_is_walked_through(name: str) -> None:
    root = etree.fromstring(changed(SIGNED, lambda root, signature: None))
    signature = find(root, ".//ds:Signature")
    assert read_form(signature) is not None
    CHANGES[name](root, signature)
    assert read_form(signature) is None


def test_the_form_has_one_blank_for_each_thing_that_it_says() -> None:
    assert set(xades_form._SIGNATURE_FORM.groupindex) == {
        "id",
        "signed_info",
        "document_digest",
        "properties_digest",
        "value",
        "certificate",
        "signed_properties",
        "time",
        "certificate_digest",
    }
