"""Thailand's style: the header that ebXML has, and a signature that is really made and really checked."""

import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from adapters.port import Statement, find_adapter
from adapters.single_windows.ebxml.codec import EBXML, SOAP
from schemas.content import canonical_xml
from schemas.event import Actor, Event, EventType, Reason, Subject
from schemas.findings import Finding
from tests.adapters.speakers import ADDRESS, AT, example
from tests.simulator.hubs import HUB, SEED, TRUST
from tradebridge.evidence.simulation import test_authority as authority_of
from tradebridge.evidence.simulation import test_signer as signer_of

THAILAND = find_adapter("ebxml", "TH")
CODEC, SEAL = THAILAND.codec, THAILAND.seal
CERTIFICATE = CODEC.encode(example("atiga-form-d/2022"), ADDRESS).data
EVENT = Event(
    id="evt_01kx0000000123456789abcdef",
    type=EventType.REJECTED,
    document=Subject(id=ADDRESS.document_id, content_digest="0" * 64),
    expected_sequence=0,
    actor=Actor(member="TH-NSW"),
    at=AT,
    reasons=(Reason(code="hs.other", pointer="/items/0/hsCode", text="Another code."),),
)


def sealed(data: bytes, member: str = "") -> bytes:
    assert SEAL is not None
    return SEAL.sign(data, signer_of(SEED, member, "event") if member else HUB, AT)


def checked(data: bytes, member: str = "HUB") -> Finding | None:
    assert SEAL is not None
    return SEAL.check(data, TRUST, member, AT + timedelta(seconds=1))


def test_the_header_has_the_parts_of_ebxml_messaging_in_their_order() -> None:
    header = etree.fromstring(CERTIFICATE).find(f"{{{SOAP}}}Header/{{{EBXML}}}MessageHeader")
    assert header is not None
    assert [etree.QName(each).localname for each in header] == [
        *("From", "To", "CPAId", "ConversationId", "Service", "Action", "MessageData"),
    ]
    assert (header.get(f"{{{EBXML}}}version"), header.get(f"{{{SOAP}}}mustUnderstand")) == ("2.0", "1")


def test_an_answer_refers_to_the_message_that_it_answers() -> None:
    data = CODEC.encode_event(EVENT, ADDRESS).data
    assert f"<eb:RefToMessageId>{ADDRESS.message_id}</eb:RefToMessageId>".encode() in data
    assert b"RefToMessageId" not in CERTIFICATE


def test_what_is_read_is_the_same_before_and_after_signing() -> None:
    assert CODEC.decode(sealed(CERTIFICATE)) == CODEC.decode(CERTIFICATE) == example("atiga-form-d/2022")
    answer = CODEC.encode_event(EVENT, ADDRESS).data
    assert CODEC.decode_event(sealed(answer, "TH-NSW")) == CODEC.decode_event(answer)


def test_a_signature_of_the_hub_or_of_the_window_holds_for_the_one_that_made_it() -> None:
    answer = CODEC.encode_event(EVENT, ADDRESS).data
    assert checked(sealed(CERTIFICATE)) is None
    assert checked(sealed(answer, "TH-NSW"), "TH-NSW") is None


SIGNED = sealed(CERTIFICATE)


@pytest.mark.parametrize(
    ("data", "member", "code"),
    [
        pytest.param(CERTIFICATE, "HUB", "signature.missing", id="none"),
        pytest.param(SIGNED.replace(b"-00041", b"-00042"), "HUB", "signature.wrong-content", id="changed"),
        pytest.param(SIGNED.replace(b">Submit<", b">Accepted<"), "HUB", "signature.wrong-content", id="another action"),
        pytest.param(sealed(CERTIFICATE, "TH-NSW"), "HUB", "signature.wrong-purpose", id="a window's as the hub's"),
        pytest.param(sealed(CERTIFICATE, "SG-NSW"), "TH-NSW", "signature.missing", id="another window's"),
        pytest.param(sealed(CERTIFICATE, "NOBODY"), "HUB", "signature.unknown-key", id="nobody's"),
        pytest.param(b"<a", "HUB", "syntax.not-xml", id="no XML"),
    ],
)
def test_what_is_not_signed_by_who_sends_it_is_told(data: bytes, member: str, code: str) -> None:
    found = checked(data, member)
    assert found is not None
    assert found.code == code


def test_a_document_key_does_not_sign_an_envelope() -> None:
    assert SEAL is not None
    found = checked(SEAL.sign(CERTIFICATE, signer_of(SEED, "TH-NSW", "document"), AT), "TH-NSW")
    assert found is not None
    assert found.code == "signature.wrong-purpose"


XMLSEC = shutil.which("xmlsec1")


@pytest.mark.skipif(XMLSEC is None, reason="xmlsec1 is not installed (Debian: apt install xmlsec1)")
@pytest.mark.parametrize("good", [True, False], ids=["as signed", "changed"])
def test_xmlsec1_verifies_an_envelope_and_no_changed_one(good: bool, tmp_path: Path) -> None:
    message, root = tmp_path / "message.xml", tmp_path / "root.pem"
    data = sealed(CERTIFICATE)
    message.write_bytes(data if good else data.replace(b"SG-2026-00041", b"SG-2026-00042"))
    root.write_bytes(authority_of(SEED).certificate.public_bytes(Encoding.PEM))
    identifier = "http://uri.etsi.org/01903/v1.3.2#:SignedProperties"
    command = [str(XMLSEC), "--verify", "--id-attr:Id", identifier, "--trusted-pem", str(root)]
    done = subprocess.run(
        [*command, "--enabled-key-data", "x509", str(message)], capture_output=True, text=True, check=False
    )
    assert (done.returncode == 0) is good, done.stderr


def test_an_action_that_nobody_knows_is_no_decision() -> None:
    data = CODEC.encode_event(EVENT, ADDRESS).data
    assert isinstance(CODEC.decode_event(data), Statement)
    found = CODEC.decode_event(data.replace(b">Rejected<", b">Perhaps<"))
    assert isinstance(found, tuple)
    assert found[0].code == "partner.unreadable"


def test_the_payload_is_the_certificates_own_xml() -> None:
    payload = etree.fromstring(CERTIFICATE).find(".//{urn:tradebridge:simulation:th:1}Payload")
    assert payload is not None
    assert payload.get("Profile") == "atiga-form-d/2022"
    assert b"CertificateOfOrigin" in canonical_xml(payload[0])[:60]
