"""Certificates of an authority: whose path holds signs for the member; another is refused for its own reason."""

import shutil
import subprocess
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

import orjson
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.serialization import Encoding
from signxml.algorithms import SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.xades.xades import XAdESVerifier

from schemas.content import open_content
from tests.evidence import issuing
from tests.evidence.issuing import (
    BELOW,
    DAY,
    GOOD,
    ISSUING,
    LEAF_KEY,
    LISTS,
    MEMBER,
    REVOKED,
    ROOT,
    ROOT_KEY,
    ROOT_NAME,
    SERVER,
    SHORT_BELOW_NAME,
    STALE,
    UNLISTED,
    authority,
    certify,
    key_of,
    leaf,
    name_of,
    revocation_list,
    revoked,
    signed,
    signed_as,
    signer_of,
    trusting,
)
from tests.evidence.test_xades import STRICT
from tests.evidence.world import AT, SG, TRUST, member_of
from tradebridge.evidence import jws, seal, simulation
from tradebridge.evidence.authorities import BadAuthority, TrustedAuthority
from tradebridge.evidence.refusals import Finding
from tradebridge.evidence.revocation import RevocationList, read_revocation_list
from tradebridge.evidence.signer import LocalSigner, UnsupportedKey, WeakKey, key_id, public_key_of
from tradebridge.evidence.trust import TrustedKey, TrustList, Verified
from tradebridge.evidence.xades_form import ECDSA_SHA256, RSA_SHA256


def judged(data: bytes, trust: TrustList = ISSUING, at: datetime | None = AT) -> Verified | Finding | None:
    content = open_content(data)
    assert not isinstance(content, Finding), content
    return seal.verify_seal(content, trust, at)


def refused(data: bytes, trust: TrustList = ISSUING, at: datetime | None = AT) -> tuple[str, str]:
    found = judged(data, trust, at)
    assert isinstance(found, Finding), found
    return found.code, found.attack


def token(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey = LEAF_KEY, **header: object) -> bytes:
    """The document's JSON, as a JWS that carries the certificate."""
    signer = signer_of(certificate, key)
    der = certificate.public_bytes(Encoding.DER)
    members = {"alg": "ES256", "typ": jws.DOCUMENT, "kid": signer.kid, "iat": int(AT.timestamp())}
    text = orjson.dumps({**members, "x5c": [b64encode(der).decode()], **header})
    signing_input = jws._encode(text) + b"." + jws._encode(b'{"a":1}')
    return signing_input + b"." + jws._encode(signer.sign(signing_input))


# --- what holds ------------------------------------------------------------------------------------------------------


def test_what_the_authority_issued_to_the_office_signs_for_the_member() -> None:
    verified = judged(signed(GOOD))
    assert isinstance(verified, Verified), verified
    assert (verified.member, verified.kid) == (MEMBER, key_id(MEMBER, public_key_of(GOOD)))


def test_the_same_in_json_where_the_certificate_travels_in_the_header() -> None:
    verified = judged(token(GOOD))
    assert isinstance(verified, Verified), verified
    assert verified.member == MEMBER


def test_a_list_without_authorities_knows_none_of_it() -> None:
    assert refused(signed(GOOD), TRUST) == ("signature.unknown-key", "KEY-1")
    assert refused(token(GOOD), TRUST) == ("signature.unknown-key", "KEY-1")


def test_it_travels_as_json() -> None:
    again = TrustList.from_json(orjson.loads(orjson.dumps(ISSUING.to_json())))
    assert again == ISSUING
    assert isinstance(judged(signed(GOOD), replace(again, revocations=LISTS)), Verified)


def test_an_authority_without_lists_is_believed_without() -> None:
    trust = trusting(authority(revocation=False), known=())
    assert isinstance(judged(signed(GOOD), trust), Verified)
    assert isinstance(judged(signed(REVOKED), trust), Verified)


def test_the_subject_of_two_members_is_nobodys() -> None:
    twin = replace(member_of(SG, "SG"), id="MY-MITI", keys=(), authorities=(authority(),))
    both = replace(ISSUING, members=(*ISSUING.members, twin))
    assert refused(signed(GOOD), both) == ("signature.unknown-key", "KEY-1")


# --- what does not ---------------------------------------------------------------------------------------------------

STRANGE_KEY = key_of("stranger")


@lru_cache
def rsa_key(bits: int = 3072) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def some_rsa(bits: int, exponent: int = 65537) -> rsa.RSAPublicKey:
    """A public key that is refused before anything is verified with it: any modulus will do, one from the seed."""
    wide = b"".join(simulation.hmac_value("rsa", "n", b"", each) for each in range(bits // 256))
    return rsa.RSAPublicNumbers(exponent, int.from_bytes(wide, "big") | 1 << (bits - 1) | 1).public_key()


def weak() -> bytes:
    return signed_as(leaf("Officer 2", some_rsa(2048)), RSA_SHA256, SG)


def other_curve() -> bytes:
    key = ec.derive_private_key(int.from_bytes(simulation.hmac_value("curve", "d", b""), "big"), ec.SECP384R1())
    return signed_as(leaf("Officer 2", key.public_key()), ECDSA_SHA256, SG)


ATTACKS: dict[str, tuple[str, str, Callable[[], bytes]]] = {
    "a certificate for servers": ("X5-4", "signature.usage", lambda: signed(leaf(extended=[SERVER]))),
    "a certificate without key usage": ("X5-4", "signature.usage", lambda: signed(leaf(usage=False))),
    "the certificate of an authority": (
        "X5-4",
        "signature.usage",
        lambda: signed(leaf("Officer CA", authority=True, path_length=0)),
    ),
    "any extended key usage": (
        "X5-4",
        "signature.usage",
        lambda: signed(leaf(extended=[x509.ObjectIdentifier("2.5.29.37.0")])),
    ),
    "a self-signed certificate of the office": (
        "KEY-1",
        "signature.unknown-key",
        lambda: signed(leaf(issuer=name_of("Officer 7"), issuer_key=LEAF_KEY)),
    ),
    "a self-signed certificate that names the authority": (
        "KEY-1",
        "signature.path",
        lambda: signed(leaf(issuer_key=LEAF_KEY)),
    ),
    "an authority of the same name and another key": (
        "KEY-1",
        "signature.path",
        lambda: signed(leaf(issuer_key=STRANGE_KEY)),
    ),
    "an authority below the ones that are registered": (
        "KEY-1",
        "signature.unknown-key",
        lambda: signed(leaf(issuer=name_of("Another CA", "Trust Indonesia"), issuer_key=STRANGE_KEY)),
    ),
    "a path that is longer than its root allows": (
        "X5-5",
        "signature.path",
        lambda: signed(leaf(issuer=SHORT_BELOW_NAME)),
    ),
    "a critical extension that nobody knows": (
        "X5-8",
        "signature.path",
        lambda: signed(leaf(critical=x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"))),
    ),
    "a certificate of the authority for another office": (
        "X5-1",
        "signature.subject",
        lambda: signed(leaf(subject=name_of("Officer 7", "Another Office"))),
    ),
    "a certificate for two offices": (
        "X5-1",
        "signature.subject",
        lambda: signed(
            leaf(
                subject=x509.Name(
                    [
                        *name_of("Officer 7"),
                        *name_of("x", "Another Office").get_attributes_for_oid(x509.oid.NameOID.ORGANIZATION_NAME),
                    ]
                )
            )
        ),
    ),
    "an expired certificate of the authority": (
        "X5-7",
        "signature.expired-certificate",
        lambda: signed(leaf(begins=AT - 900 * DAY, ends=AT - DAY)),
    ),
    "a certificate of the authority that is not valid yet": (
        "X5-7",
        "signature.not-yet-valid",
        lambda: signed(leaf(begins=AT + DAY)),
    ),
    "a revoked certificate": ("REV-3", "signature.revoked-certificate", lambda: signed(REVOKED)),
    "a weak RSA key of the authority's": ("KEY-4", "signature.weak-key", weak),
    "a key on another curve": ("KEY-4", "signature.algorithm", other_curve),
    "x5c of two certificates": (
        "JWS-12",
        "signature.header",
        lambda: token(GOOD, x5c=[b64encode(each.public_bytes(Encoding.DER)).decode() for each in (GOOD, BELOW)]),
    ),
    "x5c with the name of another key": (
        "JWS-12",
        "signature.unknown-key",
        lambda: token(GOOD, kid=f"{MEMBER}#{'A' * 43}"),
    ),
    "x5c beside a key of the list": ("JWS-12", "signature.header", lambda: token(GOOD, kid=SG.kid)),
    "x5c that is no canonical base64": ("JWS-12", "signature.header", lambda: token(GOOD, x5c=["AAA!"])),
    "x5c with a key of its own": ("", "signature.invalid", lambda: _with_other_key()),
}
"""Row, code, document: judged by `issuing.ISSUING`. Each differs from what holds in one thing."""


def _with_other_key() -> bytes:
    """The certificate and its name are right; the signature is by another key."""
    data = token(GOOD)
    return data.rpartition(b".")[0] + b"." + jws._encode(LocalSigner.sign(SG, data.rpartition(b".")[0]))


@pytest.mark.parametrize("name", ATTACKS)
def test_what_is_wrong_is_refused_for_its_reason(name: str) -> None:
    row, code, make = ATTACKS[name]
    assert refused(make()) == (code, row)


def test_the_refusals_come_from_the_certificate_alone() -> None:
    """Each maker of the table, told nothing, makes what holds."""
    assert isinstance(judged(signed(leaf())), Verified)
    assert leaf() == GOOD


def test_a_test_certificate_is_believed_in_a_simulation_only() -> None:
    marked = leaf(critical=x509.UnrecognizedExtension(simulation.TEST_MARKER, b"\x0c\x0aSIMULATION"))
    assert refused(signed(marked), replace(ISSUING, simulated=False))[0] == "signature.test-certificate"
    assert refused(signed(marked))[0] == "signature.path"  # the marker is critical here


@pytest.mark.parametrize(
    ("chain", "subject", "why"),
    [
        ([], "O=x", "0 certificates"),
        ([GOOD], "O=x", "no authority's"),
        ([BELOW, ROOT], "O=x", "anchor first"),
        ([ROOT] * 6, "O=x", "6 certificates"),
        ([ROOT], "", "name the subject"),
        ([certify(ROOT_NAME, some_rsa(2048), ROOT_NAME, ROOT_KEY, authority=True)], "O=x", "not taken"),
    ],
)
def test_what_is_no_authority_is_not_registered(chain: list[x509.Certificate], subject: str, why: str) -> None:
    """X5-6: the certificate of an end entity issues nothing."""
    with pytest.raises(BadAuthority, match=why):
        TrustedAuthority.of(chain, x509.Name.from_rfc4514_string(subject), {"document"})


def test_an_authority_that_was_broken_into_ends_with_all_that_it_issued() -> None:
    trust = trusting(authority(distrusted=AT - DAY))
    data = signed(GOOD, AT - 2 * DAY)
    assert isinstance(judged(data, trust, AT - 2 * DAY), Verified)
    assert refused(data, trust, AT) == ("signature.distrusted-key", "REV-3")
    assert refused(data, trust, None) == ("signature.distrusted-key", "REV-3")
    ended = trusting(authority(withdrawn=AT - DAY))
    assert isinstance(judged(data, ended, AT - 2 * DAY), Verified)
    assert refused(data, ended, AT)[0] == "signature.withdrawn-key"


# --- revocation ------------------------------------------------------------------------------------------------------


def test_without_a_list_it_cannot_be_told() -> None:
    assert refused(signed(GOOD), UNLISTED) == ("signature.revocation-unknown", "REV-2")


def test_a_stale_list_is_no_yes() -> None:
    assert refused(signed(GOOD), STALE) == ("signature.revocation-unknown", "REV-2")
    assert isinstance(judged(signed(GOOD, AT - 25 * DAY), _with(at=AT - 30 * DAY), AT - 25 * DAY), Verified)


def _with(*entries: x509.RevokedCertificate, **how: object) -> TrustList:
    own = revocation_list(revoked=list(entries), **how)  # type: ignore[arg-type]
    root = revocation_list(ROOT_NAME, ROOT_KEY, at=AT - 90 * DAY, lasts=timedelta(days=900))
    return trusting(known=issuing.lists(own, root))


def test_a_later_list_answers_for_what_was_signed_before_it() -> None:
    later = _with(at=AT + 200 * DAY)
    assert isinstance(judged(signed(GOOD), later), Verified)
    ended = leaf(ends=AT + 100 * DAY)
    assert refused(signed(ended), later) == (
        "signature.revocation-unknown",
        "REV-2",
    )


def test_a_revoked_intermediate_ends_what_is_below_it() -> None:
    root = revocation_list(ROOT_NAME, ROOT_KEY, revoked=[revoked(BELOW, AT - DAY)])
    assert refused(signed(GOOD), trusting(known=issuing.lists(revocation_list(), root)))[0] == (
        "signature.revoked-certificate"
    )


@pytest.mark.parametrize(
    ("reason", "invalid", "signed_at", "at", "holds"),
    [
        (None, None, -5, -5, True),
        (None, None, -1, -1, False),
        (None, None, -5, -1, False),  # it says that it was made before
        (None, None, -5, None, True),
        (x509.ReasonFlags.key_compromise, None, -5, -5, True),
        (x509.ReasonFlags.key_compromise, None, -5, None, False),  # anybody could have dated it back
        (x509.ReasonFlags.key_compromise, AT - 6 * DAY, -5, -5, False),
        (x509.ReasonFlags.superseded, None, -5, None, True),
    ],
)
def test_revocation_counts_from_its_moment(
    reason: x509.ReasonFlags | None, invalid: datetime | None, signed_at: int, at: int | None, holds: bool
) -> None:
    """REV-3."""
    trust = _with(revoked(GOOD, AT - 3 * DAY, reason, invalid), at=AT - DAY)
    moment = None if at is None else AT + at * DAY
    found = judged(signed(GOOD, AT + signed_at * DAY), trust, moment)
    assert isinstance(found, Verified) is holds
    assert holds or (isinstance(found, Finding) and found.code == "signature.revoked-certificate")


def point(**how: bool) -> x509.IssuingDistributionPoint:
    flags = {
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    } | how
    name = [x509.UniformResourceIdentifier("http://127.0.0.1/list.crl")]
    return x509.IssuingDistributionPoint(name, None, only_some_reasons=None, **flags)


BAD_LISTS: dict[str, Callable[[], bytes]] = {
    "no list at all": lambda: b"no list",
    "a list by an authority of the same name and another key": lambda: revocation_list(key=STRANGE_KEY),
    "a list by an authority that nobody knows": lambda: revocation_list(name_of("Nobody"), STRANGE_KEY),
    "a list by an end entity": lambda: revocation_list(name_of("Officer 7"), LEAF_KEY),
    "a delta list": lambda: revocation_list(extra=x509.DeltaCRLIndicator(3)),
    "a list of other certificates only": lambda: revocation_list(extra=point(only_contains_ca_certs=True)),
    "an indirect list": lambda: revocation_list(extra=point(indirect_crl=True)),
    "a list with a critical extension that nobody knows": lambda: revocation_list(
        extra=x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    ),
    "a list cut short": lambda: revocation_list()[:-20],
    "a list with a changed byte": lambda: revocation_list()[:-1] + bytes([revocation_list()[-1] ^ 1]),
}


@pytest.mark.parametrize("name", BAD_LISTS)
def test_a_list_that_cannot_count_is_refused_when_it_is_read(name: str) -> None:
    found = read_revocation_list(BAD_LISTS[name](), [ROOT, BELOW])
    assert isinstance(found, Finding)
    assert (found.code, found.attack) == ("trust.revocation-list", "REV-2")


def test_a_list_may_come_in_pem_and_name_where_it_lies() -> None:
    data = revocation_list(extra=point())
    read = read_revocation_list(x509.load_der_x509_crl(data).public_bytes(Encoding.PEM), [ROOT, BELOW])
    assert isinstance(read, RevocationList)
    assert (read.data, read.number) == (data, 7)


# --- RSA of members --------------------------------------------------------------------------------------------------


class RsaSigner:
    """RSA as another system signs with it: never made by us."""

    def __init__(self, key: rsa.RSAPrivateKey, *, pss: bool = False) -> None:
        self._key, self._pss = key, pss

    def sign(self, data: bytes) -> bytes:
        how = padding.PSS(padding.MGF1(SHA256()), padding.PSS.DIGEST_LENGTH) if self._pss else padding.PKCS1v15()
        return self._key.sign(data, how, SHA256())


@pytest.fixture(scope="module")
def rsa_certificate() -> x509.Certificate:
    return certify(name_of("RSA"), rsa_key().public_key(), name_of("RSA"), ROOT_KEY)


@pytest.fixture(scope="module")
def with_rsa(rsa_certificate: x509.Certificate) -> TrustList:
    pinned = TrustedKey.of("SG-NSW", rsa_certificate, {"document", "event"})
    sg = next(each for each in TRUST.members if each.id == "SG-NSW")
    return replace(
        TRUST, members=(*(each for each in TRUST.members if each is not sg), replace(sg, keys=(*sg.keys, pinned)))
    )


def test_rsa_of_a_member_is_verified_in_xml_and_two_other_judges_agree(
    with_rsa: TrustList, rsa_certificate: x509.Certificate, tmp_path: Path
) -> None:
    data = signed_as(rsa_certificate, RSA_SHA256, RsaSigner(rsa_key()))
    verified = judged(data, with_rsa)
    assert isinstance(verified, Verified), verified
    assert verified.key.algorithm == "PS256"
    strict = replace(STRICT, signature_methods=frozenset({SignatureMethod.RSA_SHA256}))
    assert len(XAdESVerifier().verify(data, x509_cert=rsa_certificate, expect_config=strict)) == 2
    for spoiled in (data.replace(b"100.50", b"999.50"),):
        assert refused(spoiled, with_rsa) == ("signature.wrong-content", "")
        with pytest.raises(SignXMLException):
            XAdESVerifier().verify(spoiled, x509_cert=rsa_certificate, expect_config=strict)
    if shutil.which("xmlsec1"):
        document, root = tmp_path / "document.xml", tmp_path / "certificate.pem"
        document.write_bytes(data)
        root.write_bytes(rsa_certificate.public_bytes(Encoding.PEM))
        command = ["xmlsec1", "--verify", "--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties"]
        done = subprocess.run(
            [*command, "--pubkey-cert-pem", str(root), "--enabled-key-data", "rsa", str(document)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def test_the_kind_of_key_decides_the_method_not_the_message(
    with_rsa: TrustList, rsa_certificate: x509.Certificate
) -> None:
    said = signed_as(rsa_certificate, ECDSA_SHA256, RsaSigner(rsa_key()))
    assert refused(said, with_rsa) == ("signature.algorithm", "KEY-4")
    assert refused(signed_as(SG.certificate, RSA_SHA256, SG), with_rsa) == ("signature.algorithm", "KEY-4")
    pss = signed_as(rsa_certificate, RSA_SHA256, RsaSigner(rsa_key(), pss=True))
    assert refused(pss, with_rsa)[0] == "signature.invalid"
    method = "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"
    assert refused(signed_as(rsa_certificate, method, RsaSigner(rsa_key(), pss=True)), with_rsa) == (
        "signature.algorithm",
        "KEY-4",
    )


@pytest.mark.parametrize(
    ("algorithm", "pss", "code"),
    [("PS256", True, None), ("PS256", False, "signature.invalid"), ("RS256", False, "signature.algorithm")],
)
def test_rsa_in_json_is_ps256(
    with_rsa: TrustList, rsa_certificate: x509.Certificate, algorithm: str, pss: bool, code: str | None
) -> None:
    kid = key_id("SG-NSW", public_key_of(rsa_certificate))
    header = {"alg": algorithm, "typ": jws.DOCUMENT, "kid": kid, "iat": int(AT.timestamp())}
    signing_input = jws._encode(orjson.dumps(header)) + b"." + jws._encode(b'{"a":1}')
    data = signing_input + b"." + jws._encode(RsaSigner(rsa_key(), pss=pss).sign(signing_input))
    found = judged(data, with_rsa)
    assert (found.code if isinstance(found, Finding) else None) == code


def test_rsa_travels_on_the_list(with_rsa: TrustList) -> None:
    assert TrustList.from_json(orjson.loads(orjson.dumps(with_rsa.to_json()))) == with_rsa


def test_weak_rsa_stands_on_no_list() -> None:
    for key in (some_rsa(2048), some_rsa(3072, 3), some_rsa(8448)):
        with pytest.raises(WeakKey):
            TrustedKey.of("SG-NSW", certify(name_of("x"), key, name_of("x"), ROOT_KEY), {"document"})


def test_we_never_sign_with_rsa(rsa_certificate: x509.Certificate) -> None:
    with pytest.raises(UnsupportedKey, match="never signed with"):
        LocalSigner("SG-NSW", rsa_key(), rsa_certificate)  # type: ignore[arg-type]  # the point


def test_the_thumbprint_of_rsa_is_that_of_rfc_7638(rsa_certificate: x509.Certificate) -> None:
    """Section 3.1 has an RSA key of 2048 bits; here the same made by hand."""
    numbers = rsa_key().public_key().public_numbers()
    text = f'{{"e":"AQAB","kty":"RSA","n":"{jws._encode(numbers.n.to_bytes(384, "big")).decode()}"}}'
    digest = Hash(SHA256())
    digest.update(text.encode())
    assert key_id("X", public_key_of(rsa_certificate)) == f"X#{jws._encode(digest.finalize()).decode()}"


def test_ed25519_of_a_member_signs_no_xml() -> None:
    """KEY-5: XML tools know no such method."""
    from tests.evidence.world import JP

    assert refused(signed_as(JP.certificate, ECDSA_SHA256, JP)) == ("signature.algorithm", "KEY-5")


def test_a_distrusted_key_needs_a_proven_time() -> None:
    key = replace(member_of(SG, "SG").keys[0], distrusted=AT)
    before, after = AT - timedelta(minutes=1), AT
    assert key.judge_time(before, before) is None
    for signed_at, at in ((before, None), (before, after), (after, after)):
        found = key.judge_time(signed_at, at)
        assert found is not None
        assert (found.code, found.attack) == ("signature.distrusted-key", "REV-3")
