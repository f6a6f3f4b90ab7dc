"""The timestamp within a signature (XAdES B-T): since when it exists, and nothing else that no signature covers."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from schemas.content import Content, open_content
from simulator.tsa import Authority
from tests.evidence.case import Case, sealed
from tests.evidence.sealing import changed, find
from tests.evidence.test_against_signxml import _signxml_accepts
from tests.evidence.test_replaced import OTHER_AUTHORITY, STAMPED, after
from tests.evidence.test_trust_history import ending
from tests.evidence.world import AT, SG, TRUST
from tradebridge.evidence.lone import verify_document
from tradebridge.evidence.lost import LostKey, fingerprints
from tradebridge.evidence.refusals import Finding
from tradebridge.evidence.report import Verdict
from tradebridge.evidence.seal import verify_seal
from tradebridge.evidence.timestamps import query
from tradebridge.evidence.trust import TrustList, Verified
from tradebridge.evidence.verify import verify_evidence
from tradebridge.evidence.xades_time import response_of, stamped, token_of

DAY = timedelta(days=1)
SOON, LATER = AT + timedelta(minutes=1), AT + 40 * DAY


def by(seed: str = "42", at: object = SOON) -> Callable[[bytes], bytes]:
    return lambda data: Authority(seed).answer(query(data).der, at)  # type: ignore[arg-type]  # a moment


XML = sealed()
GOOD = stamped(XML, by())
OTHER = stamped(sealed(number="SG-2026-00099"), by())


def judged(data: bytes, trust: TrustList = STAMPED, at: object = LATER) -> Verified | Finding | None:
    content = open_content(data)
    assert isinstance(content, Content), content
    return verify_seal(content, trust, at)  # type: ignore[arg-type]  # a moment, or None


def test_it_says_since_when_the_signature_exists_and_changes_nothing_that_was_signed() -> None:
    found, plain = judged(GOOD), judged(XML)
    assert isinstance(found, Verified) and isinstance(plain, Verified)
    assert (found.dated, plain.dated) == (SOON, None)
    assert (found.payload, found.signed_at, found.kid) == (plain.payload, plain.signed_at, plain.kid)
    content, before = open_content(GOOD), open_content(XML)
    assert isinstance(content, Content) and isinstance(before, Content)
    assert content.content_digest == before.content_digest and content.bytes_digest != before.bytes_digest


def test_a_key_that_ended_since_was_good_when_it_signed() -> None:
    for ended in ({"withdrawn": AT + DAY}, {"distrusted": AT + DAY}):
        trust = ending(SG, STAMPED, **ended)
        assert isinstance(judged(GOOD, trust), Verified)
        assert isinstance(judged(XML, trust), Finding)
        assert isinstance(judged(stamped(XML, by(at=AT + 2 * DAY)), trust), Finding)
    report = verify_document(GOOD, ending(SG, STAMPED, distrusted=AT + DAY), LATER)
    assert (report.unchanged.verdict, report.issued.verdict) == (Verdict.YES, Verdict.YES)


def test_an_authority_that_was_replaced_since_has_dated_it_with_its_evidence_as_without() -> None:
    trust = after(STAMPED, OTHER_AUTHORITY)
    assert verify_document(GOOD, trust, LATER).issued.verdict is Verdict.YES
    assert verify_evidence(Case(data=GOOD, events=()).build(), trust, LATER).issued.verdict is Verdict.YES
    assert verify_document(GOOD, OTHER_AUTHORITY, LATER).issued.verdict is Verdict.COULD_NOT_CHECK


def test_a_signature_is_not_older_than_it_says() -> None:
    found = judged(stamped(XML, by(at=AT - DAY)))
    assert isinstance(found, Finding) and found.code == "signature.time-ahead"


def test_in_evidence_it_shows_that_a_stolen_key_had_signed_before(monkeypatch: pytest.MonkeyPatch) -> None:
    given = Case(data=GOOD, events=()).build()
    report = verify_evidence(given, ending(SG, STAMPED, distrusted=AT + DAY), LATER)
    assert report.exit_code == 0 and "is shown by who had seen it at 2026-01-05T09:01:00Z." in report.issued.reason


Change = Callable[[etree._Element, etree._Element], None]


def _token(signature: etree._Element) -> etree._Element:
    return find(signature, ".//xades:EncapsulatedTimeStamp")


def _other_token(root: etree._Element, signature: etree._Element) -> None:
    content = open_content(OTHER)
    assert isinstance(content, Content) and content.tree is not None
    _token(signature).text = next(etree.fromstring(OTHER).iter("{*}EncapsulatedTimeStamp")).text


def _flipped(root: etree._Element, signature: etree._Element) -> None:
    text = _token(signature).text or ""
    _token(signature).text = text[:-200] + ("A" if text[-200] != "A" else "B") + text[-199:]


def _twice(root: etree._Element, signature: etree._Element) -> None:
    stamp = find(signature, ".//xades:SignatureTimeStamp")
    parent = stamp.getparent()
    assert parent is not None
    parent.append(etree.fromstring(etree.tostring(stamp)))


def _another_property(root: etree._Element, signature: etree._Element) -> None:
    properties = find(signature, ".//xades:UnsignedSignatureProperties")
    etree.SubElement(properties, "{http://uri.etsi.org/01903/v1.3.2#}CounterSignature")


def _another_c14n(root: etree._Element, signature: etree._Element) -> None:
    method = find(signature, ".//xades:SignatureTimeStamp/ds:CanonicalizationMethod")
    method.set("Algorithm", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315")


def _an_attribute(root: etree._Element, signature: etree._Element) -> None:
    _token(signature).set("Encoding", "http://uri.etsi.org/01903/v1.2.2#BER")


REFUSED: dict[str, tuple[str, str, Change]] = {
    "the token of another signature": ("TSP-3", "signature.timestamp", _other_token),
    "a changed token": ("TSP-3", "signature.timestamp", _flipped),
    "two timestamps": ("KEY-12", "signature.shape", _twice),
    "a counter signature beside it": ("KEY-12", "signature.shape", _another_property),
    "another canonical form": ("XML-8", "signature.shape", _another_c14n),
    "another encoding": ("XSW-13", "signature.shape", _an_attribute),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_signature_covers_and_nobody_answers_for_is_refused(name: str) -> None:
    row, code, change = REFUSED[name]
    found = judged(changed(GOOD, change, None))
    assert isinstance(found, Finding) and (found.code, found.attack) == (code, row)


def test_one_by_an_authority_that_is_not_trusted_refuses_it_and_says_nothing_of_the_issuer() -> None:
    lost = replace(STAMPED, lost=tuple(LostKey(each, AT) for each in fingerprints(STAMPED.authorities[0])))
    for data, trust in ((stamped(XML, by("43")), STAMPED), (GOOD, TRUST), (GOOD, lost)):
        found = judged(data, trust)
        assert isinstance(found, Finding) and found.code == "signature.timestamp"
        assert verify_document(data, trust, LATER).issued.verdict is Verdict.COULD_NOT_CHECK


def test_an_answer_without_a_token_is_not_put_in() -> None:
    refusal = bytes.fromhex("30053003020102")
    for given in (refusal, b"x", b""):
        with pytest.raises(ValueError):
            stamped(XML, lambda _, given=given: given)  # type: ignore[misc]  # bytes
    with pytest.raises(ValueError):
        stamped(b"<a/>", by())


def test_a_token_and_the_answer_that_gave_it_are_read_alike() -> None:
    answer = Authority("42").answer(query(b"x").der, SOON)
    assert token_of(response_of(token_of(answer))) == token_of(answer)


def test_others_verify_it_as_well(tmp_path: Path) -> None:
    assert _signxml_accepts(GOOD)
    if shutil.which("xmlsec1") is None:
        pytest.skip("xmlsec1 is not installed")
    (tmp_path / "document.xml").write_bytes(GOOD)
    (tmp_path / "key.pem").write_bytes(SG.certificate.public_bytes(Encoding.PEM))
    command = ["xmlsec1", "--verify", "--pubkey-cert-pem", "key.pem", "--enabled-key-data", "key-name", "document.xml"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, timeout=20)
    assert ran.returncode == 0, ran.stderr
