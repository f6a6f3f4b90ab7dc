"""A small cast for tests of titles and PINT: parties on three platforms, a carrier, their keys, documents and chains.

All keys are drawn from a seed, so that the same arguments give the same bytes. The RSA key of PS256 is a file
(`vectors/pint/simulation-rsa-2048.pem`); its signatures have a random salt, and are never compared.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import NameOID

from schemas.bill_of_lading.dcsa import encode
from schemas.bill_of_lading.examples import transport_document
from schemas.bill_of_lading.issuance import manifest_of
from schemas.bill_of_lading.parties import IdentifyingCode
from schemas.bill_of_lading.pint import ActionCode, DocumentMetadata, Party, Transaction, bytes_checksum
from schemas.findings import Finding, finding
from tradebridge.ebl.chain import first_entry, follow
from tradebridge.ebl.envelope import make_envelope
from tradebridge.ebl.seal import Key, RsaKey, Trust, Trusted, seal
from tradebridge.evidence.simulation import VALID_FROM, VALID_UNTIL, test_signer

SEED = "pint-vectors"
VECTORS = Path(__file__).parents[1] / "vectors" / "pint"
BEGIN = datetime(2026, 1, 20, 9, tzinfo=UTC)
NOW = BEGIN + timedelta(days=10)
CARRIER_CODE = "SIML"
PLATFORMS = ("STRA", "MEKO", "FUJI")

RENDERING = b"%PDF-1.7 simulated rendering of the bill by the carrier"
RENDERING_METADATA = DocumentMetadata(
    name="Bill.pdf", size=len(RENDERING), media_type="application/pdf", document_checksum=bytes_checksum(RENDERING)
)
PACKING_LIST = b"480 cartons of wooden dining chairs"
PACKING_LIST_METADATA = DocumentMetadata(
    name="Packing list.txt",
    size=len(PACKING_LIST),
    media_type="text/plain",
    document_checksum=bytes_checksum(PACKING_LIST),
)


def party(name: str, code: str, platform: str, **more: Any) -> Party:
    codes = (IdentifyingCode(code_list_provider="ZZZ", party_code=code),)
    return Party(party_name=name, ebl_platform=platform, identifying_codes=codes, **more)


CARRIER = party("Simulated carrier SIML", "SIML", "STRA")
EXPORTER = party("Example Singapore Exports", "SIM-SG-EXP", "STRA")
BANK = party("Example Bank of Singapore", "SIM-SG-BANK", "STRA")
FORWARDER = party("Example Mekong Forwarding", "SIM-VN-FWD", "MEKO")
BUYER = party("Example Japan Imports", "SIM-JP-IMP", "FUJI")
BUYERS_BANK = party("Example Bank of Japan", "SIM-JP-BANK", "FUJI")
EVERYBODY = (CARRIER, EXPORTER, BANK, FORWARDER, BUYER, BUYERS_BANK)

PARTIES_OF_DOCUMENT = {
    "blank": {},
    "to-order": {"endorsee": EXPORTER},
    "straight": {"consignee": BUYER},
    "sea-waybill": {"consignee": BUYER},
}


@cache
def _example() -> bytes:
    return encode(transport_document(number="SIML2600077"))


def document(kind: str = "blank", **changes: Any) -> dict[str, Any]:
    """A transport document, as JSON, of this kind (`title.Kind`)."""
    value: dict[str, Any] = orjson.loads(_example())
    parties = {name: each for name, each in value["documentParties"].items() if name not in ("consignee", "endorsee")}
    parties["shipper"] |= {"identifyingCodes": [_code(EXPORTER)]}
    named = PARTIES_OF_DOCUMENT[kind]
    parties |= {role: _named(each) for role, each in named.items()}
    value |= {"documentParties": parties, "isToOrder": kind in ("blank", "to-order")}
    value["transportDocumentTypeCode"] = "SWB" if kind == "sea-waybill" else "BOL"
    return value | changes


def _named(party: Party) -> dict[str, Any]:
    """A private code counts on the platform that the bill is issued to, STRA: of a party elsewhere that is said."""
    elsewhere = {} if party.ebl_platform == "STRA" else {"eblPlatform": party.ebl_platform}
    return {"partyName": party.party_name, "identifyingCodes": [_code(party)]} | elsewhere


def _code(party: Party) -> dict[str, str]:
    return {"codeListProvider": "ZZZ", "partyCode": party.identifying_codes[0].party_code}


def act(action: str, actor: Party, recipient: Party | None = None, hours: int = 0, **more: Any) -> Transaction:
    """One transaction, so many hours after the beginning."""
    at = BEGIN + timedelta(hours=hours)
    return Transaction(action_code=ActionCode(action), actor=actor, recipient=recipient, action_date_time=at, **more)


ISSUE = act("ISSUE", CARRIER, EXPORTER)


# --- Keys ------------------------------------------------------------------------------------------------------------


def key(code: str, purpose: str = "document") -> Key:
    """The ES256 key of a platform or a carrier."""
    return test_signer(SEED, code, purpose)


@cache
def rsa_key() -> RsaKey:
    """The PS256 key, with a certificate made now."""
    private = load_pem_private_key((VECTORS / "simulation-rsa-2048.pem").read_bytes(), None)
    assert isinstance(private, rsa.RSAPrivateKey)
    return RsaKey(private, certificate_of(private))


def certificate_of(
    private: rsa.RSAPrivateKey, begin: datetime = VALID_FROM, end: datetime = VALID_UNTIL
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "SIMULATION RSA")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
    return builder.serial_number(1).not_valid_before(begin).not_valid_after(end).sign(private, SHA256())


def trusted(code: str, *keys: Key, **more: Any) -> Trusted:
    return Trusted(code, tuple(each.certificate for each in keys or (key(code),)), **more)


def trust(**changed: Trusted) -> Trust:
    """All platforms and the carrier, each with its ES256 key; some of them otherwise."""
    platforms = {code: trusted(code) for code in PLATFORMS}
    carriers = {CARRIER_CODE: changed.pop(CARRIER_CODE, trusted(CARRIER_CODE))}
    return Trust(platforms | changed, carriers)


# --- Chains and envelopes --------------------------------------------------------------------------------------------


def issue_to(recipient: Party = EXPORTER) -> dict[str, Any]:
    return {
        "partyName": recipient.party_name,
        "sendToPlatform": recipient.ebl_platform,
        "identifyingCodes": [_code(recipient)],
    }


def issuance(value: Mapping[str, Any], rendering: bytes | None = None, by: Key | None = None) -> str:
    """The issuance manifest of a document, signed by the carrier."""
    return seal(manifest_of(value, issue_to(), rendering), by or key(CARRIER_CODE))


def begun(value: Mapping[str, Any], *transactions: Transaction, by: Key | None = None, **more: Any) -> list[str]:
    """A chain of one entry, on STRA: ISSUE and what follows there."""
    shown = more.get("visualisation")
    manifest = more.pop("manifest", None) or issuance(value, RENDERING if shown else None)
    return [first_entry(value, [ISSUE, *transactions], manifest, by or key("STRA"), "STRA", **more)]


def continued(
    value: Mapping[str, Any], signed: Sequence[str], platform: str, *transactions: Transaction, by: Key | None = None
) -> list[str]:
    """The chain with one more entry, by this platform."""
    checksum = manifest_of(value, issue_to())["documentChecksum"]
    return [*signed, follow(signed, transactions, by or key(platform), platform, checksum)]


def transferred(value: Mapping[str, Any]) -> list[str]:
    """STRA issues to the exporter and sends to the forwarder on MEKO, which sends to the buyer on FUJI."""
    signed = begun(value, act("TRANSFER", EXPORTER, FORWARDER, 1))
    return continued(value, signed, "MEKO", act("TRANSFER", FORWARDER, BUYER, 2))


def envelope(value: Mapping[str, Any], signed: Sequence[str], sender: str, **more: Any) -> dict[str, Any]:
    return make_envelope(value, signed, more.pop("by", None) or key(sender), **more)


def accounts(party: Party) -> tuple[Finding, ...]:
    """Everybody of the cast has an account, on the platform named."""
    if party.identifying_codes[0] in [each.identifying_codes[0] for each in EVERYBODY]:
        return ()
    return (finding("pint.unknown-recipient", found=party.party_name),)
