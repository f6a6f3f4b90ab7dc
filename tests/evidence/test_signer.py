"""A signer's name and the form of its signatures."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import CertificateBuilder, Name, NameAttribute
from cryptography.x509.oid import NameOID

from tests.evidence.world import JP, SG, TH
from tradebridge.evidence import simulation
from tradebridge.evidence.signer import LocalSigner, UnsupportedKey, key_id, public_key_of, thumbprint


def test_the_thumbprint_is_the_one_of_rfc_8037() -> None:
    """RFC 8037, appendices A.1 and A.3."""
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    key = ed25519.Ed25519PrivateKey.from_private_bytes(seed).public_key()
    assert thumbprint(key) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_a_key_goes_by_member_and_thumbprint() -> None:
    key = public_key_of(SG.certificate)
    assert SG.kid == key_id("SG-NSW", key) == f"SG-NSW#{thumbprint(key)}"
    assert SG.algorithm == "ES256"
    assert JP.algorithm == "EdDSA"


def test_es256_signs_with_r_and_s_of_32_bytes_each() -> None:
    signature = SG.sign(b"data")
    assert len(signature) == 64
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    key = public_key_of(SG.certificate)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(encode_dss_signature(r, s), b"data", ec.ECDSA(SHA256()))


def test_deterministic_signing_gives_the_same_bytes_and_the_other_does_not() -> None:
    other = LocalSigner(SG.member, SG.private_key, SG.certificate)
    assert SG.sign(b"data") == SG.sign(b"data")
    assert other.sign(b"data") != other.sign(b"data")


def test_a_certificate_of_another_key_is_refused() -> None:
    with pytest.raises(ValueError, match="of another key"):
        LocalSigner("SG-NSW", SG.private_key, TH.certificate)


@pytest.mark.parametrize(
    "key", [rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())], ids=["RSA", "P-384"]
)
def test_other_kinds_of_keys_are_refused(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> None:
    """KEY-4."""
    name = Name([NameAttribute(NameOID.COMMON_NAME, "X")])
    certificate = (
        CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(simulation.VALID_FROM)
        .not_valid_after(simulation.VALID_UNTIL)
        .sign(key, SHA256())
    )
    with pytest.raises(UnsupportedKey):
        public_key_of(certificate)


def test_a_private_key_never_shows_in_text() -> None:
    assert "private_key" not in repr(SG)
