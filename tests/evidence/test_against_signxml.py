"""What our small verifier accepts, signxml, set as strictly as it can be, accepts too: on thousands of mutants.

Half of the mutants are signed again after the change, so that what differs is a rule and not a digest. The other half
keep the old signature. One oracle for both: whoever is accepted by us and refused by signxml is a hole in our rules.
"""

import contextlib
import random
from collections.abc import Callable
from copy import deepcopy

import pytest
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.xades.xades import XAdESSignatureConfiguration, XAdESVerifier

from schemas.content import Content, open_content
from tests.evidence.sealing import reseal
from tests.evidence.test_xades import SIGNED
from tests.evidence.world import AT, SG, TRUST
from tradebridge.evidence import seal
from tradebridge.evidence.trust import Verified

STRICT = XAdESSignatureConfiguration(
    location="./",
    expect_references=2,
    signature_methods=frozenset({SignatureMethod.ECDSA_SHA256}),
    digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
    verification_time=AT,
)

Mutation = Callable[[random.Random, list[etree._Element]], None]


def _duplicate(draw: random.Random, elements: list[etree._Element]) -> None:
    element = draw.choice(elements[1:])
    twin = deepcopy(element)
    twin.tail = None
    element.addnext(twin)


def _delete(draw: random.Random, elements: list[etree._Element]) -> None:
    element = draw.choice(elements[1:])
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def _move(draw: random.Random, elements: list[etree._Element]) -> None:
    element, target = draw.choice(elements[1:]), draw.choice(elements)
    if target is not element and element not in target.iterancestors():
        target.insert(draw.randint(0, len(target)), element)


def _swap(draw: random.Random, elements: list[etree._Element]) -> None:
    parent = draw.choice([each for each in elements if len(each) > 1])
    parent.append(parent[draw.randrange(len(parent) - 1)])


def _rename(draw: random.Random, elements: list[etree._Element]) -> None:
    draw.choice(elements[1:]).tag = draw.choice(elements).tag


def _set_attribute(draw: random.Random, elements: list[etree._Element]) -> None:
    names = ["Id", "ID", "URI", "Type", "Target", "Algorithm", "{http://www.w3.org/XML/1998/namespace}id", "x"]
    values = [value for each in elements for value in each.attrib.values()] + ["", "x", "#x"]
    draw.choice(elements).set(draw.choice(names), str(draw.choice(values)))


def _drop_attribute(draw: random.Random, elements: list[etree._Element]) -> None:
    element = draw.choice([each for each in elements if each.attrib])
    del element.attrib[draw.choice(list(element.attrib))]


def _text(draw: random.Random, elements: list[etree._Element]) -> None:
    element = draw.choice(elements)
    element.text = draw.choice(["", " ", "\n  ", "x", (element.text or "") + " ", " " + (element.text or ""), "AAAA"])


def _tail(draw: random.Random, elements: list[etree._Element]) -> None:
    # White space only: signxml writes the signature out with the text behind it, and cannot read that back.
    draw.choice(elements[1:]).tail = draw.choice(["", " ", "\n  "])


def _comment(draw: random.Random, elements: list[etree._Element]) -> None:
    draw.choice(elements).insert(0, etree.Comment("x"))


MUTATIONS: list[Mutation] = [
    _duplicate, _delete, _move, _swap, _rename, _set_attribute, _drop_attribute, _text, _tail, _comment
]  # fmt: skip


def mutant(draw: random.Random, *, again: bool = True) -> bytes:
    """`again`: more than half of them are signed anew."""
    if draw.random() < 0.2:
        data = bytearray(SIGNED)
        for _ in range(draw.randint(1, 3)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        return bytes(data)
    root = etree.fromstring(SIGNED)
    for _ in range(draw.choice([1, 1, 1, 2, 3])):
        with contextlib.suppress(IndexError):  # it finds nothing that it could change
            draw.choice(MUTATIONS)(draw, list(root.iter(etree.Element)))
    signature = root.find(".//{*}Signature")
    if signature is not None and again and draw.random() < 0.6:
        with contextlib.suppress(AssertionError):  # a part that a signature needs is gone: it stays unsigned
            reseal(root, signature, SG)
    return etree.tostring(root)


def _we_accept(data: bytes) -> bool:
    content = open_content(data)
    return isinstance(content, Content) and isinstance(seal.verify_seal(content, TRUST, AT), Verified)


def _signxml_accepts(data: bytes) -> bool:
    try:
        return len(XAdESVerifier().verify(data, x509_cert=SG.certificate, expect_config=STRICT)) == 2
    except (SignXMLException, etree.LxmlError, ValueError, AttributeError):
        return False


@pytest.mark.long
def test_we_never_accept_what_signxml_refuses(scale: Callable[[int, int], int]) -> None:
    draw = random.Random(6)
    accepted = 0
    for number in range(scale(100_000, 2_000)):
        data = mutant(draw)
        if _we_accept(data):
            accepted += 1
            assert _signxml_accepts(data), f"mutant {number}: {data!r}"
    assert accepted > 50  # else the mutants would be too wild to tell anything
