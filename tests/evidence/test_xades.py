"""XAdES in one strict profile: made and checked by us, by signxml and by xmlsec1; and what each attack gets.

The vectors of sections 1 to 3 of the attack catalogue are signed anew over what they changed, so that it is our rule
that refuses them and not a digest that no longer fits (where the attacker has a member's key, or the T! row says that
a library accepts it). Those that an attacker without a key can make keep the old signature.
"""

import copy
import shutil
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.xades.xades import XAdESSignatureConfiguration, XAdESSigner, XAdESVerifier

from schemas.content import Content, open_content
from schemas.findings import Finding
from tests.evidence.sealing import DS, XADES, Change, changed, find
from tests.evidence.world import AT, EVENTS_ONLY, EXPIRED, FUTURE, JP, SEED, SG, STRANGER, TH, TRUST
from tradebridge.evidence import seal, simulation, xades, xades_form
from tradebridge.evidence.signer import LocalSigner
from tradebridge.evidence.trust import Verified

DOCUMENT = b"""<?xml version="1.0" encoding="UTF-8"?>
<Certificate xmlns="urn:test:certificate" xmlns:code="urn:test:code">
  <Number>SG-2026-00041</Number>
  <Goods code:scheme="HS"><Description>Tea &amp; coffee \xe2\x80\x93 dried</Description><Amount>100.50</Amount></Goods>
  <Extensions/>
</Certificate>
"""
SIGNED = xades.sign(DOCUMENT, SG, AT)


def _opened(data: bytes) -> Content:
    content = open_content(data)
    assert isinstance(content, Content), content
    return content


def _verify(data: bytes) -> Verified | Finding | None:
    """As intake does it: opening refuses some, the verifier the rest."""
    content = open_content(data)
    return content if isinstance(content, Finding) else seal.verify_seal(content, TRUST, AT)


# --- Signing and verifying -------------------------------------------------------------------------------------------


def test_what_is_signed_is_verified() -> None:
    verified = _verify(SIGNED)
    assert isinstance(verified, Verified)
    assert (verified.member, verified.kid, verified.signed_at) == ("SG-NSW", SG.kid, AT)
    assert verified.payload == _opened(DOCUMENT).canonical
    assert verified.key is TRUST.key(SG.kid)


def test_what_is_read_afterwards_is_what_was_verified() -> None:
    """XSW-15: one parse. The tree that the profile reads has the bytes that were digested."""
    content = _opened(SIGNED)
    verified = seal.verify_seal(content, TRUST, AT)
    assert isinstance(verified, Verified)
    assert content.tree is not None
    assert etree.tostring(content.tree, method="c14n", exclusive=True) == verified.payload


def test_signing_leaves_all_other_bytes_as_they_were() -> None:
    start = SIGNED.index(b"<ds:Signature")
    end = SIGNED.index(b"</ds:Signature>") + len(b"</ds:Signature>")
    assert SIGNED[:start] + SIGNED[end:] == DOCUMENT
    assert _opened(SIGNED).content_digest == _opened(DOCUMENT).content_digest


def test_the_same_key_and_time_give_the_same_bytes() -> None:
    assert xades.sign(DOCUMENT, SG, AT) == SIGNED
    assert xades.sign(DOCUMENT, SG, AT + timedelta(seconds=1)) != SIGNED


@pytest.mark.parametrize(
    "document",
    [
        b"<a/>",
        b"<a></a>",
        b"<a b='/>'/>",
        b"<p:a xmlns:p='urn:x' p:b='1'/>",
        b"<a xmlns='http://www.w3.org/2000/09/xmldsig#'><b/></a>",
        b"<ds:a xmlns:ds='urn:other' xmlns:xades='urn:another'><ds:b/></ds:a>",
        b"<a> text <b/> tail </a>\n\n",
        b"<a xml:lang='en' xml:space='preserve'>\r\n&#13;</a>",
        "<a>\U0001f600é</a>".encode(),
    ],
)
def test_any_document_can_be_signed(document: bytes) -> None:
    signed = xades.sign(document, SG, AT)
    assert isinstance(_verify(signed), Verified)
    _signxml_accepts(signed)


Names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,8}", fullmatch=True)
Texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)


@st.composite
def _elements(draw: st.DrawFn, depth: int = 3) -> etree._Element:
    element = etree.Element(etree.QName(draw(st.sampled_from(["", "urn:a", "urn:b"])) or None, draw(Names)))
    for name in draw(st.lists(Names, max_size=2, unique=True)):
        element.set(name, draw(Texts))
    element.text = draw(Texts)
    for child in draw(st.lists(_elements(depth - 1), max_size=2)) if depth else []:
        child.tail = draw(Texts)
        element.append(child)
    return element


@pytest.mark.fuzz
@given(_elements())
def test_any_generated_document_verifies_and_no_changed_one_does(element: etree._Element) -> None:
    document = etree.tostring(element, encoding="UTF-8")
    signed = xades.sign(document, SG, AT)
    assert isinstance(_verify(signed), Verified)
    root = etree.fromstring(signed)
    root.set("added", "1")
    found = _verify(etree.tostring(root))
    assert isinstance(found, Finding)
    assert found.code == "signature.wrong-content"


@pytest.mark.fuzz
@given(st.data())
def test_no_document_with_a_changed_byte_verifies(data: st.DataObject) -> None:
    """Unless the change is none to XML: then the content is the same, byte for byte in its canonical form."""
    at = data.draw(st.integers(0, len(SIGNED) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != SIGNED[at]))
    verified = _verify(SIGNED[:at] + bytes([byte]) + SIGNED[at + 1 :])
    if isinstance(verified, Verified):
        assert verified.payload == _opened(DOCUMENT).canonical


def test_a_document_that_cannot_be_signed_says_why() -> None:
    for document, code in (
        (b"", "syntax.empty"),
        (b"<a>", "syntax.not-xml"),
        (b"{}", "signature.shape"),
        (SIGNED, "signature.shape"),
    ):
        with pytest.raises(xades.CannotSign) as caught:
            xades.sign(document, SG, AT)
        assert caught.value.found.code == code


def test_ed25519_does_not_sign_xml() -> None:
    """KEY-5: the tools for XML lack it."""
    with pytest.raises(xades.CannotSign) as caught:
        xades.sign(DOCUMENT, JP, AT)
    assert caught.value.found.attack == "KEY-5"


def test_content_without_an_xml_seal_is_a_mistake() -> None:
    with pytest.raises(TypeError):
        xades.verify_content(_opened(DOCUMENT), TRUST, AT)


# --- Other judges ----------------------------------------------------------------------------------------------------

STRICT = XAdESSignatureConfiguration(
    location="./",
    expect_references=2,
    signature_methods=frozenset({SignatureMethod.ECDSA_SHA256}),
    digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
    verification_time=AT,
)


def _signxml_accepts(document: bytes, signer: LocalSigner = SG) -> None:
    """Raises what signxml raises if it refuses."""
    results = XAdESVerifier().verify(document, x509_cert=signer.certificate, expect_config=STRICT)
    assert len(results) == 2


def test_signxml_verifies_what_we_sign() -> None:
    _signxml_accepts(SIGNED)


def test_signxml_refuses_what_was_changed() -> None:
    """The judge can tell."""
    with pytest.raises(SignXMLException):
        _signxml_accepts(SIGNED.replace(b"100.50", b"999.50"))


class _PlainSigner(XAdESSigner):
    """signxml's own signer, without the parts that our profile does not have and with the transform it leaves out."""

    def __init__(self) -> None:
        super().__init__(
            signature_algorithm=SignatureMethod.ECDSA_SHA256,
            digest_algorithm=DigestAlgorithm.SHA256,
            c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        )
        self.signed_data_object_properties_annotators = []

    def _add_reference_to_signed_info(self, sig_root: Any, node_to_reference: Any, **attributes: Any) -> None:
        if node_to_reference.tag == f"{DS}KeyInfo":
            return
        for empty in node_to_reference.findall(f"{XADES}SignedDataObjectProperties"):
            node_to_reference.remove(empty)
        super()._add_reference_to_signed_info(sig_root, node_to_reference, **attributes)  # type: ignore[no-untyped-call]
        reference = sig_root.findall(f"{DS}SignedInfo/{DS}Reference")[-1]
        transforms = etree.Element(f"{DS}Transforms")
        etree.SubElement(transforms, f"{DS}Transform", Algorithm=self.c14n_alg.value)
        reference.insert(0, transforms)


def _signxml_signs(signer: XAdESSigner) -> bytes:
    certificate = SG.certificate.public_bytes(Encoding.PEM).decode()
    assert isinstance(SG.private_key, ec.EllipticCurvePrivateKey)
    signed = signer.sign(etree.fromstring(DOCUMENT), key=SG.private_key, cert=[certificate], always_add_key_value=False)
    return etree.tostring(signed)


def test_we_verify_what_signxml_signs_in_our_profile() -> None:
    now = datetime.fromisoformat("2030-01-01T00:00:00+00:00")  # signxml takes the time from its own clock
    verified = seal.verify_seal(_opened(_signxml_signs(_PlainSigner())), TRUST, now)
    assert isinstance(verified, Verified), verified
    assert verified.member == "SG-NSW"


def test_what_signxml_signs_by_itself_is_refused_with_the_difference() -> None:
    """It makes a third reference, to KeyInfo."""
    usual = XAdESSigner(
        signature_algorithm=SignatureMethod.ECDSA_SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    found = _verify(_signxml_signs(usual))
    assert isinstance(found, Finding)
    assert found.code == "signature.shape"
    assert found.pointer.startswith("/*/ds:Signature/ds:")
    assert found.line
    assert found.found
    assert found.expected


XMLSEC = shutil.which("xmlsec1")


@pytest.mark.skipif(XMLSEC is None, reason="xmlsec1 is not installed (Debian: apt install xmlsec1)")
@pytest.mark.parametrize("good", [True, False], ids=["as signed", "changed"])
def test_xmlsec1_verifies_what_we_sign_and_nothing_else(good: bool, tmp_path: Path) -> None:
    document, root = tmp_path / "document.xml", tmp_path / "root.pem"
    document.write_bytes(SIGNED if good else SIGNED.replace(b"100.50", b"999.50"))
    root.write_bytes(simulation.test_authority(SEED).certificate.public_bytes(Encoding.PEM))
    identifier = "http://uri.etsi.org/01903/v1.3.2#:SignedProperties"
    command = [str(XMLSEC), "--verify", "--id-attr:Id", identifier, "--trusted-pem", str(root)]
    done = subprocess.run(
        [*command, "--enabled-key-data", "x509", str(document)], capture_output=True, text=True, check=False
    )
    assert (done.returncode == 0) is good, done.stderr


def test_base64_may_be_broken_into_lines_where_xml_allows_it() -> None:
    """xmlsec1, and signxml for certificates, break lines."""

    def wrap(root: etree._Element, signature: etree._Element) -> None:
        for path in ("ds:SignatureValue", "ds:KeyInfo/ds:X509Data/ds:X509Certificate"):
            element = find(signature, path)
            text = element.text or ""
            element.text = "\n" + "\n".join(text[at : at + 64] for at in range(0, len(text), 64)) + "\n"

    assert isinstance(_verify(changed(SIGNED, wrap, signer=None)), Verified)


def test_a_signature_may_be_indented_and_have_other_prefixes() -> None:
    """What is signed is the canonical form, white space and prefixes included."""

    def rename(root: etree._Element, signature: etree._Element) -> None:
        etree.indent(signature)

    assert isinstance(_verify(changed(SIGNED, rename)), Verified)
    other = changed(
        SIGNED.replace(b"<ds:", b"<").replace(b"</ds:", b"</").replace(b"xmlns:ds=", b"xmlns="), lambda *_: 0
    )
    assert isinstance(_verify(other), Verified)
    assert isinstance(
        _verify(changed(SIGNED.replace(b"xades:", b"e:").replace(b":xades", b":e"), lambda *_: 0)), Verified
    )


def test_issuer_and_serial_may_stand_there_and_are_checked() -> None:
    def state(certificate: bytes) -> Change:
        def change(root: etree._Element, signature: etree._Element) -> None:
            cert = find(signature, ".//xades:Cert")
            etree.SubElement(cert, f"{XADES}IssuerSerialV2").text = b64encode(certificate).decode()

        return change

    right = xades._issuer_serial(TRUST.members[0].keys[0])
    assert right.endswith(SG.certificate.serial_number.to_bytes(19, "big"))
    assert isinstance(_verify(changed(SIGNED, state(right))), Verified)
    wrong = _verify(changed(SIGNED, state(xades._issuer_serial(TRUST.members[1].keys[0]))))
    assert isinstance(wrong, Finding)
    assert (wrong.code, wrong.attack) == ("signature.certificate", "KEY-8")


# --- What is refused -------------------------------------------------------------------------------------------------

Vector = Callable[[], bytes]
VECTORS: dict[str, tuple[str, str, Vector]] = {}
"""Name of the vector -> attack, code of the finding, document."""


def vector(attack: str, code: str = "signature.shape") -> Callable[[Vector], Vector]:
    def add(make: Vector) -> Vector:
        VECTORS[make.__name__] = (attack, code, make)
        return make

    return add


def signed_again(attack: str, code: str = "signature.shape") -> Callable[[Change], Change]:
    """A change of the signed document, after which a member signs everything again."""

    def add(change: Change) -> Change:
        VECTORS[change.__name__] = (attack, code, lambda: changed(SIGNED, change))
        return change

    return add


def not_signed_again(attack: str, code: str) -> Callable[[Change], Change]:
    """A change of the signed document by somebody without a key."""

    def add(change: Change) -> Change:
        VECTORS[change.__name__] = (attack, code, lambda: changed(SIGNED, change, signer=None))
        return change

    return add


def _evil() -> tuple[etree._Element, etree._Element, etree._Element]:
    """Evil root with another number; the original without its signature; the signature."""
    original = etree.fromstring(SIGNED)
    signature = find(original, "ds:Signature")
    original.remove(signature)
    evil = copy.deepcopy(original)
    find(evil, "{*}Number").text = "SG-2026-99999"
    return evil, original, signature


@vector("XSW-1")
def the_original_inside_the_signature() -> bytes:
    evil, original, signature = _evil()
    signature.append(original)
    evil.append(signature)
    return etree.tostring(evil)


@vector("XSW-2", "signature.wrong-content")
def the_original_as_a_sibling_before_the_signature() -> bytes:
    evil, original, signature = _evil()
    evil.append(original)
    original.tail = "\n"
    evil.append(signature)
    evil.append(etree.Element("{urn:test:certificate}Last"))
    return etree.tostring(evil)


@vector("XSW-9", "signature.misplaced")
def an_evil_element_before_the_signed_one() -> bytes:
    """XSW-3."""
    evil, original, signature = _evil()
    original.append(signature)
    root = etree.Element("root")
    root.extend([evil, original])
    return etree.tostring(root)


@vector("XSW-9", "signature.misplaced")
def an_evil_element_around_the_signed_one() -> bytes:
    """XSW-4, XSW-9."""
    evil, original, signature = _evil()
    original.append(signature)
    evil.append(original)
    return etree.tostring(evil)


@vector("XSW-5", "signature.wrong-content")
def the_original_at_the_end_of_the_root() -> bytes:
    evil, original, signature = _evil()
    evil.append(signature)
    evil.append(original)
    return etree.tostring(evil)


@vector("XSW-1")
def the_original_inside_the_signature_inside_the_evil_element() -> bytes:
    """XSW-6."""
    evil, original, signature = _evil()
    find(signature, "ds:SignedInfo").addprevious(original)
    evil.append(signature)
    return etree.tostring(evil)


@vector("XSW-2", "signature.wrong-content")
def the_original_in_a_lax_extension() -> bytes:
    """XSW-7."""
    evil, original, signature = _evil()
    find(evil, "{*}Extensions").append(original)
    original.addnext(etree.Element("{urn:test:certificate}Last"))
    evil.append(signature)
    return etree.tostring(evil)


@vector("XSW-10")
def the_original_in_an_object_of_the_signature() -> bytes:
    """XSW-8."""
    evil, original, signature = _evil()
    find(signature, "ds:Object").append(original)
    evil.append(signature)
    return etree.tostring(evil)


@signed_again("XSW-10")
def a_second_object(root: etree._Element, signature: etree._Element) -> None:
    """signxml accepts it; nothing covers it."""
    etree.SubElement(signature, f"{DS}Object").text = "uncovered"


@signed_again("XSW-10")
def a_foreign_element_in_the_object(root: etree._Element, signature: etree._Element) -> None:
    etree.SubElement(find(signature, "ds:Object"), "{urn:x}Evil")


@signed_again("XSW-11", "signature.misplaced")
def a_second_signature(root: etree._Element, signature: etree._Element) -> None:
    root.append(copy.deepcopy(signature))


@signed_again("XSW-12")
def a_third_reference(root: etree._Element, signature: etree._Element) -> None:
    info = find(signature, "ds:SignedInfo")
    info.append(copy.deepcopy(info[-1]))


@signed_again("XSW-12")
def only_one_reference(root: etree._Element, signature: etree._Element) -> None:
    info = find(signature, "ds:SignedInfo")
    info.remove(info[-1])


@signed_again("XSW-12")
def no_reference_to_the_document(root: etree._Element, signature: etree._Element) -> None:
    """Two references to the signed properties."""
    info = find(signature, "ds:SignedInfo")
    info.remove(info[2])
    info.append(copy.deepcopy(info[-1]))


@signed_again("XSW-12")
def a_reference_to_another_element(root: etree._Element, signature: etree._Element) -> None:
    key_info = find(signature, "ds:KeyInfo")
    key_info.set("Id", "key-info")
    find(signature, "ds:SignedInfo")[3].set("URI", "#key-info")


@signed_again("XSW-13")
def the_same_id_in_the_document(root: etree._Element, signature: etree._Element) -> None:
    """signxml looks for the same attribute name only."""
    root[0].set("ID", find(signature, ".//xades:SignedProperties").get("Id", ""))


@signed_again("XSW-13")
def the_same_xml_id_in_the_document(root: etree._Element, signature: etree._Element) -> None:
    root[0].set("{http://www.w3.org/XML/1998/namespace}id", signature.get("Id", ""))


@signed_again("XSW-13")
def the_same_id_twice_in_the_signature(root: etree._Element, signature: etree._Element) -> None:
    find(signature, "ds:Object").set("Id", find(signature, ".//xades:SignedProperties").get("Id", ""))


@signed_again("XSW-13")
def the_id_of_the_signature_on_its_key_info(root: etree._Element, signature: etree._Element) -> None:
    find(signature, "ds:KeyInfo").set("Id", signature.get("Id", ""))


@signed_again("XSW-13")
def the_id_of_the_key_info_in_the_document(root: etree._Element, signature: etree._Element) -> None:
    find(signature, "ds:KeyInfo").set("Id", "key-info")
    root[0].set("ID", "key-info")


@signed_again("XSW-13")
def an_id_that_is_no_name(root: etree._Element, signature: etree._Element) -> None:
    properties = find(signature, ".//xades:SignedProperties")
    properties.set("Id", "a b'c")
    find(signature, "ds:SignedInfo")[3].set("URI", "#a b'c")


@signed_again("XSW-14")
def two_signed_infos(root: etree._Element, signature: etree._Element) -> None:
    signature.insert(1, copy.deepcopy(signature[0]))


@vector("XML-4", "syntax.xml-extras")
def a_comment_in_a_digest() -> bytes:
    """XSW-14, CVE-2025-29775."""
    return SIGNED.replace(b"<ds:DigestValue>", b"<ds:DigestValue><!--AAAA-->", 1)


@signed_again("XSW-14")
def an_element_in_a_digest(root: etree._Element, signature: etree._Element) -> None:
    etree.SubElement(find(signature, "ds:SignedInfo")[2][2], "{urn:x}Evil")


@signed_again("XSW-14")
def text_between_the_parts(root: etree._Element, signature: etree._Element) -> None:
    find(signature, "ds:SignedInfo").text = "evil"


@vector("XSW-16", "syntax.not-xml")
def a_relative_namespace() -> bytes:
    return SIGNED.replace(b"<Extensions/>", b"<Extensions xmlns:evil='evil' evil:a='1'/>")


@vector("XSW-17", "signature.missing")
def no_signature_at_all() -> bytes:
    return DOCUMENT


@vector("XSW-17", "signature.missing")
def a_signature_in_another_namespace() -> bytes:
    return SIGNED.replace(b"http://www.w3.org/2000/09/xmldsig#", b"http://www.w3.org/2000/09/xmldsig")


@vector("XML-1", "syntax.doctype")
def a_doctype() -> bytes:
    return SIGNED.replace(b"<Certificate ", b"<!DOCTYPE Certificate [<!ENTITY a 'b'>]><Certificate ", 1)


@vector("XML-1", "syntax.doctype")
def an_external_entity() -> bytes:
    """XML-2."""
    doctype = b"<!DOCTYPE Certificate [<!ENTITY a SYSTEM 'file:///etc/hostname'>]><Certificate "
    return SIGNED.replace(b"<Certificate ", doctype, 1).replace(b"100.50", b"&a;")


@vector("XML-3", "syntax.too-deep")
def two_hundred_levels() -> bytes:
    return SIGNED.replace(b"<Extensions/>", b"<a>" * 200 + b"</a>" * 200)


@signed_again("XSW-1")
def a_twin_in_another_namespace(root: etree._Element, signature: etree._Element) -> None:
    """XML-12: only the namespace and the local name together say what an element is."""
    twin = copy.deepcopy(find(signature, "ds:SignedInfo"))
    twin.tag = "{http://www.w3.org/2000/09/xmldsig}SignedInfo"
    signature.insert(0, twin)


@signed_again("KEY-8")
def a_prefix_that_is_bound_to_another_namespace(root: etree._Element, signature: etree._Element) -> None:
    """XML-12."""
    time = find(signature, ".//xades:SigningTime")
    time.tag = "{urn:other}SigningTime"


@vector("XML-4", "syntax.xml-extras")
def a_comment_in_a_value() -> bytes:
    """The canonical form leaves it out, so the signature stays valid, and `.text` ends before it."""
    return SIGNED.replace(b"100.50", b"100<!--x-->.50")


@vector("XML-5", "syntax.xml-extras")
def a_processing_instruction_in_a_value() -> bytes:
    return SIGNED.replace(b"100.50", b"100<?x y?>.50")


def _transforms(*algorithms: str, reference: int = 2) -> Change:
    def change(root: etree._Element, signature: etree._Element) -> None:
        transforms = find(signature, "ds:SignedInfo")[reference][0]
        for child in list(transforms):
            transforms.remove(child)
        for algorithm in algorithms:
            etree.SubElement(transforms, f"{DS}Transform", Algorithm=algorithm)

    return change


C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"
BASE64 = "http://www.w3.org/2000/09/xmldsig#base64"
TRANSFORMS = {
    "xslt": ("XML-6", (xades_form.ENVELOPED, XSLT, xades_form.EXCLUSIVE_C14N)),
    "xpath": ("XML-6", (xades_form.ENVELOPED, XPATH, xades_form.EXCLUSIVE_C14N)),
    "unknown": ("XML-6", (xades_form.ENVELOPED, "urn:unknown", xades_form.EXCLUSIVE_C14N)),
    "reordered": ("XML-6", (xades_form.EXCLUSIVE_C14N, xades_form.ENVELOPED)),
    "twice": ("XML-6", (xades_form.ENVELOPED, xades_form.EXCLUSIVE_C14N, xades_form.EXCLUSIVE_C14N)),
    "without enveloped": ("XML-6", (xades_form.EXCLUSIVE_C14N,)),
    "base64": ("XML-7", (xades_form.ENVELOPED, BASE64, xades_form.EXCLUSIVE_C14N)),
    "with comments": ("XML-8", (xades_form.ENVELOPED, xades_form.EXCLUSIVE_C14N + "WithComments")),
    "inclusive": ("XML-8", (xades_form.ENVELOPED, C14N)),
    "no canonicalization": ("XML-9", (xades_form.ENVELOPED,)),
    "none": ("XML-9", ()),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_only_the_two_transforms_are_taken(name: str) -> None:
    """signxml ignores what it does not know, and the order."""
    attack, algorithms = TRANSFORMS[name]
    found = _verify(changed(SIGNED, _transforms(*algorithms)))
    assert isinstance(found, Finding)
    assert (found.code, found.attack) == ("signature.shape", attack)


@pytest.mark.parametrize("algorithms", [(), (xades_form.ENVELOPED, xades_form.EXCLUSIVE_C14N), (C14N,)])
def test_the_properties_have_one_transform(algorithms: tuple[str, ...]) -> None:
    found = _verify(changed(SIGNED, _transforms(*algorithms, reference=3)))
    assert isinstance(found, Finding)
    assert found.attack in ("XML-6", "XML-8", "XML-9")


@signed_again("XML-9")
def no_transforms_element(root: etree._Element, signature: etree._Element) -> None:
    reference = find(signature, "ds:SignedInfo")[3]
    reference.remove(reference[0])


@signed_again("XML-8")
def a_prefix_list(root: etree._Element, signature: etree._Element) -> None:
    transform = find(signature, "ds:SignedInfo")[2][0][1]
    etree.SubElement(transform, f"{{{xades_form.EXCLUSIVE_C14N}}}InclusiveNamespaces", PrefixList="code")


@signed_again("XML-8")
def an_inclusive_canonicalization_of_signed_info(root: etree._Element, signature: etree._Element) -> None:
    find(signature, "ds:SignedInfo")[0].set("Algorithm", C14N)


@signed_again("XML-8")
def a_prefix_list_on_signed_info(root: etree._Element, signature: etree._Element) -> None:
    method = find(signature, "ds:SignedInfo")[0]
    etree.SubElement(method, f"{{{xades_form.EXCLUSIVE_C14N}}}InclusiveNamespaces", PrefixList="code")


@signed_again("XML-10")
def a_reference_to_a_file(root: etree._Element, signature: etree._Element) -> None:
    find(signature, "ds:SignedInfo")[2].set("URI", "file:///etc/hostname")


@signed_again("XML-10")
def a_reference_to_an_address(root: etree._Element, signature: etree._Element) -> None:
    find(signature, "ds:SignedInfo")[3].set("URI", "http://127.0.0.1/")


@signed_again("XML-10")
def a_reference_by_xpointer(root: etree._Element, signature: etree._Element) -> None:
    find(signature, "ds:SignedInfo")[3].set("URI", "#xpointer(/)")


@vector("XML-11", "syntax.encoding")
def another_encoding() -> bytes:
    return SIGNED.decode().replace("UTF-8", "UTF-16").encode("utf-16")


@signed_again("XML-13")
def an_xml_base(root: etree._Element, signature: etree._Element) -> None:
    find(signature, "ds:SignedInfo").set("{http://www.w3.org/XML/1998/namespace}base", "http://127.0.0.1/")


@signed_again("XSW-13")
def an_attribute_of_no_use(root: etree._Element, signature: etree._Element) -> None:
    find(signature, "ds:SignedInfo")[2].set("id", "x")


@vector("XML-14", "signature.encoding")
def junk_in_the_signature_value() -> bytes:
    """`!` passes the schema and the decoder of signxml."""
    return SIGNED.replace(b"<ds:SignatureValue>", b"<ds:SignatureValue>!")


@signed_again("XML-14", "signature.encoding")
def white_space_in_a_digest(root: etree._Element, signature: etree._Element) -> None:
    element = find(signature, ".//xades:CertDigest/ds:DigestValue")
    element.text = " " + (element.text or "")


@vector("XML-14", "signature.encoding")
def loose_bits_in_the_signature_value() -> bytes:
    value = find(etree.fromstring(SIGNED), ".//ds:SignatureValue").text or ""
    loose = value[:-3] + chr(ord(value[-3]) + 1) + "=="
    assert b64decode(loose) == b64decode(value)
    return SIGNED.replace(value.encode(), loose.encode())


@vector("KEY-1", "signature.unknown-key")
def signed_with_a_key_of_ones_own() -> bytes:
    return xades.sign(DOCUMENT, STRANGER, AT)


@signed_again("KEY-6")
def a_key_value(root: etree._Element, signature: etree._Element) -> None:
    key_info = find(signature, "ds:KeyInfo")
    etree.SubElement(etree.SubElement(key_info, f"{DS}KeyValue"), f"{DS}RSAKeyValue")


@signed_again("KEY-6")
def only_a_key_name(root: etree._Element, signature: etree._Element) -> None:
    key_info = find(signature, "ds:KeyInfo")
    key_info.remove(key_info[0])
    etree.SubElement(key_info, f"{DS}KeyName").text = SG.kid


@signed_again("KEY-2", "signature.algorithm")
def hmac_with_the_public_key(root: etree._Element, signature: etree._Element) -> None:
    method = find(signature, "ds:SignedInfo")[1]
    method.set("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")


@signed_again("KEY-3", "signature.algorithm")
def hmac_of_one_bit(root: etree._Element, signature: etree._Element) -> None:
    hmac_with_the_public_key(root, signature)
    etree.SubElement(find(signature, "ds:SignedInfo")[1], f"{DS}HMACOutputLength").text = "1"


@signed_again("KEY-3")
def an_output_length_beside_ecdsa(root: etree._Element, signature: etree._Element) -> None:
    etree.SubElement(find(signature, "ds:SignedInfo")[1], f"{DS}HMACOutputLength").text = "1"


@signed_again("KEY-4", "signature.algorithm")
def ecdsa_with_sha1(root: etree._Element, signature: etree._Element) -> None:
    find(signature, "ds:SignedInfo")[1].set("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1")


@signed_again("KEY-4", "signature.algorithm")
def a_digest_by_sha1(root: etree._Element, signature: etree._Element) -> None:
    find(signature, "ds:SignedInfo")[2][1].set("Algorithm", "http://www.w3.org/2000/09/xmldsig#sha1")


@signed_again("KEY-5", "signature.algorithm")
def eddsa(root: etree._Element, signature: etree._Element) -> None:
    find(signature, "ds:SignedInfo")[1].set("Algorithm", "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519")


def _certificate_text(signer: LocalSigner) -> str:
    return b64encode(signer.certificate.public_bytes(Encoding.DER)).decode()


@vector("KEY-5", "signature.algorithm")
def a_certificate_of_an_ed25519_key() -> bytes:
    return SIGNED.replace(_certificate_text(SG).encode(), _certificate_text(JP).encode())


@signed_again("KEY-7")
def a_self_made_certificate_before_the_real_one(root: etree._Element, signature: etree._Element) -> None:
    """signxml tries the chain reversed, and takes it."""
    data = find(signature, "ds:KeyInfo/ds:X509Data")
    first = etree.Element(f"{DS}X509Certificate")
    first.text = _certificate_text(STRANGER)
    data.insert(0, first)


@signed_again("KEY-8")
def no_signing_certificate(root: etree._Element, signature: etree._Element) -> None:
    properties = find(signature, ".//xades:SignedSignatureProperties")
    properties.remove(properties[1])


@signed_again("KEY-8")
def an_empty_signing_certificate(root: etree._Element, signature: etree._Element) -> None:
    certificate = find(signature, ".//xades:SigningCertificateV2")
    certificate.remove(certificate[0])


@signed_again("KEY-8")
def two_certs(root: etree._Element, signature: etree._Element) -> None:
    certificate = find(signature, ".//xades:SigningCertificateV2")
    certificate.append(copy.deepcopy(certificate[0]))


@signed_again("KEY-8")
def two_signing_certificates(root: etree._Element, signature: etree._Element) -> None:
    properties = find(signature, ".//xades:SignedSignatureProperties")
    properties.append(copy.deepcopy(properties[1]))


@signed_again("KEY-4", "signature.algorithm")
def a_weak_digest_of_the_certificate(root: etree._Element, signature: etree._Element) -> None:
    method = find(signature, ".//xades:CertDigest/ds:DigestMethod")
    method.set("Algorithm", "http://www.w3.org/2000/09/xmldsig#sha1")


@signed_again("KEY-8", "signature.certificate")
def the_digest_of_another_certificate(root: etree._Element, signature: etree._Element) -> None:
    value = find(signature, ".//xades:CertDigest/ds:DigestValue")
    value.text = b64encode(bytes.fromhex(TRUST.members[1].keys[0].fingerprint)).decode()


@signed_again("KEY-9")
def properties_of_another_signature(root: etree._Element, signature: etree._Element) -> None:
    find(signature, ".//xades:QualifyingProperties").set("Target", "#another")


@signed_again("KEY-9")
def a_reference_of_another_type(root: etree._Element, signature: etree._Element) -> None:
    find(signature, "ds:SignedInfo")[3].set("Type", "http://www.w3.org/2000/09/xmldsig#Object")


@signed_again("KEY-9")
def a_reference_without_a_type(root: etree._Element, signature: etree._Element) -> None:
    del find(signature, "ds:SignedInfo")[3].attrib["Type"]


@signed_again("KEY-9")
def two_signed_properties(root: etree._Element, signature: etree._Element) -> None:
    qualifying = find(signature, ".//xades:QualifyingProperties")
    qualifying.append(copy.deepcopy(qualifying[0]))


@not_signed_again("KEY-10", "signature.wrong-content")
def another_signing_time(root: etree._Element, signature: etree._Element) -> None:
    find(signature, ".//xades:SigningTime").text = "2026-01-04T09:00:00Z"


@signed_again("KEY-10")
def a_signing_time_without_zone(root: etree._Element, signature: etree._Element) -> None:
    find(signature, ".//xades:SigningTime").text = "2026-01-05T09:00:00"


@vector("KEY-10", "signature.time-ahead")
def signed_six_minutes_ahead() -> bytes:
    return xades.sign(DOCUMENT, SG, AT + timedelta(minutes=6))


@signed_again("KEY-11")
def further_signed_properties(root: etree._Element, signature: etree._Element) -> None:
    properties = find(signature, ".//xades:SignedProperties")
    etree.SubElement(properties, f"{XADES}SignedDataObjectProperties")


@signed_again("KEY-12")
def unsigned_properties(root: etree._Element, signature: etree._Element) -> None:
    etree.SubElement(find(signature, ".//xades:QualifyingProperties"), f"{XADES}UnsignedProperties")


@vector("X5-4", "signature.wrong-purpose")
def a_key_for_other_purposes() -> bytes:
    return xades.sign(DOCUMENT, EVENTS_ONLY, AT)


@vector("X5-7", "signature.expired-certificate")
def an_expired_certificate() -> bytes:
    return xades.sign(DOCUMENT, EXPIRED, AT)


@vector("X5-7", "signature.expired-certificate")
def a_backdated_signature_by_an_expired_certificate() -> bytes:
    return xades.sign(DOCUMENT, EXPIRED, AT - timedelta(days=365))


@vector("X5-7", "signature.not-yet-valid")
def a_certificate_of_next_month() -> bytes:
    return xades.sign(DOCUMENT, FUTURE, AT)


@not_signed_again("JWS-18", "signature.invalid")
def r_and_s_zero(root: etree._Element, signature: etree._Element) -> None:
    find(signature, "ds:SignatureValue").text = b64encode(bytes(64)).decode()


@not_signed_again("JWS-18", "signature.invalid")
def a_signature_in_der(root: etree._Element, signature: etree._Element) -> None:
    der = SG.private_key.sign(b"x", SG._ecdsa)  # type: ignore[call-arg]  # it is an EC key
    find(signature, "ds:SignatureValue").text = b64encode(der).decode()


@not_signed_again("", "signature.wrong-content")
def a_changed_amount(root: etree._Element, signature: etree._Element) -> None:
    find(root, ".//{*}Amount").text = "999.50"


@vector("", "signature.wrong-content")
def the_signature_of_another_document() -> bytes:
    other = etree.fromstring(xades.sign(DOCUMENT.replace(b"00041", b"00042"), SG, AT))
    root = etree.fromstring(DOCUMENT)
    root.append(find(other, "ds:Signature"))
    return etree.tostring(root)


@vector("", "signature.invalid")
def the_certificate_of_another_member() -> bytes:
    """SG's signature under TH's certificate, with the digest of TH's certificate in the signed properties."""

    def change(root: etree._Element, signature: etree._Element) -> None:
        find(signature, ".//ds:X509Certificate").text = _certificate_text(TH)
        fingerprint = bytes.fromhex(TRUST.members[1].keys[0].fingerprint)
        find(signature, ".//xades:CertDigest/ds:DigestValue").text = b64encode(fingerprint).decode()

    return changed(SIGNED, change, signer=SG)


@pytest.mark.parametrize("name", VECTORS)
def test_each_attack_is_refused_with_its_id(name: str) -> None:
    attack, code, make = VECTORS[name]
    content = open_content(make())
    found = content if isinstance(content, Finding) else seal.verify_seal(content, TRUST, AT)
    if code == "signature.missing":
        assert found is None  # who asks for the seal is told that there is none; intake refuses by the member's policy
        return
    assert isinstance(found, Finding)
    assert (found.code, found.attack) == (code, attack)
    assert found.fix


def test_resealing_by_itself_gives_a_good_signature() -> None:
    """Else the vectors above would be refused for what the tests did, not for what they changed."""
    assert isinstance(_verify(changed(SIGNED, lambda root, signature: None)), Verified)


def test_a_malleable_signature_changes_no_identity() -> None:
    """JWS-19 holds in XML too: n - s verifies, so documents go by their content."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

    def mirror(root: etree._Element, signature: etree._Element) -> None:
        element = find(signature, "ds:SignatureValue")
        raw = b64decode(element.text or "")
        twin = raw[:32] + (order - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
        element.text = b64encode(twin).decode()

    other = changed(SIGNED, mirror, signer=None)
    assert isinstance(_verify(other), Verified)
    assert _opened(other).content_digest == _opened(SIGNED).content_digest
