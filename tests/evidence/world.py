"""A small world for these tests: a hub, three members, a log, and the trust list that knows them."""

from dataclasses import replace
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import CertificateBuilder, Name, NameAttribute
from cryptography.x509.oid import NameOID

from tradebridge.evidence import notes, simulation
from tradebridge.evidence.signer import LocalSigner
from tradebridge.evidence.trust import (
    HUB_PURPOSES,
    MEMBER_PURPOSES,
    TrustedKey,
    TrustedLog,
    TrustedMember,
    TrustList,
    hub_of,
)

SEED = "evidence"
AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
ORIGIN = "log.test/evidence"
LOG_KEY = simulation.test_log_key(SEED)
VERIFIER_KEY = notes.verifier_key_of(ORIGIN, LOG_KEY.public_key())
CERTIFICATES = frozenset({"atiga-form-d/2022", "rcep-co/2022"})


def signer_of(member: str, seed: str = SEED) -> LocalSigner:
    return simulation.test_signer(seed, member)


def ed25519_signer_of(member: str) -> LocalSigner:
    """A key for JWS only: members may register one; the simulation never makes one."""
    key = ed25519.Ed25519PrivateKey.from_private_bytes(simulation.hmac_value(SEED, "ed25519", member.encode()))
    root = simulation.test_authority(SEED)
    certificate = (
        CertificateBuilder()
        .subject_name(Name([NameAttribute(NameOID.COMMON_NAME, member)]))
        .issuer_name(root.certificate.subject)
        .public_key(key.public_key())
        .serial_number(77)
        .not_valid_before(simulation.VALID_FROM)
        .not_valid_after(simulation.VALID_UNTIL)
        .sign(root.private_key, SHA256(), ecdsa_deterministic=True)
    )
    return LocalSigner(member, key, certificate)


HUB, SG, TH, JP = signer_of("HUB"), signer_of("SG-NSW"), signer_of("TH-NSW"), ed25519_signer_of("JP-JCCI")
EXPIRED = simulation.test_signer(SEED, "MY-NSW", not_after=datetime(2025, 12, 31, tzinfo=UTC))
FUTURE = simulation.test_signer(SEED, "VN-NSW", not_before=datetime(2026, 2, 1, tzinfo=UTC))
STRANGER = signer_of("SG-NSW", seed="another seed")
"""Says that it is SG-NSW, and is on no list."""


def member_of(signer: LocalSigner, country: str, purposes: frozenset[str] = MEMBER_PURPOSES) -> TrustedMember:
    return TrustedMember(
        id=signer.member,
        country=country,
        kind="single-window",
        roles=frozenset({"issuer", "sender", "recipient"}),
        issues=CERTIFICATES,
        keys=(TrustedKey.of(signer.member, signer.certificate, purposes),),
    )


EVENTS_ONLY = signer_of("PH-NSW")

TRUST = TrustList(
    hub=hub_of([TrustedKey.of("HUB", HUB.certificate, HUB_PURPOSES)]),
    log=TrustedLog(ORIGIN, VERIFIER_KEY),
    members=(
        member_of(SG, "SG"),
        member_of(TH, "TH"),
        member_of(JP, "JP"),
        member_of(EXPIRED, "MY"),
        member_of(FUTURE, "VN"),
        member_of(EVENTS_ONLY, "PH", frozenset({"event"})),
    ),
    simulated=True,
)


def without_log_key() -> TrustList:
    """The same list, for a log whose key is another one."""
    other = notes.verifier_key_of(ORIGIN, simulation.test_log_key("another seed").public_key())
    return replace(TRUST, log=TrustedLog(ORIGIN, other))
