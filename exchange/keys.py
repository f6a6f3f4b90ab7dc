"""Custody of the hub's own keys: test keys from a seed, or files that only the owner can read.

The hub has four: an ES256 key for receipts, delivery notes and attestations, one by which it speaks PINT as a platform,
an Ed25519 key that signs the log's checkpoints, and a secret from which the codes on printed certificates are derived.
Files are made at the first start (mode 0600); their certificate begins by the business clock, which dates what they
sign. Test keys carry a marker that pilot mode refuses.
"""

import contextlib
import os
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

from exchange.config import Settings
from schemas.event import HUB as HUB
from tradebridge.evidence.signer import LocalSigner, Signer
from tradebridge.evidence.simulation import hmac_value, log_origin, test_log_key, test_signer


class KeysUnreadable(RuntimeError):
    """A key file is there but cannot be read: check its rights and its format; the hub never replaces one."""


@dataclass(frozen=True, slots=True)
class HubKeys:
    signer: Signer
    pint: Signer
    """What the hub signs as a platform of electronic bills of lading, and as their control tracking registry."""
    log_key: ed25519.Ed25519PrivateKey
    origin: str
    """The log's name in its checkpoints (C2SP tlog-checkpoint)."""
    code_key: bytes
    """32 bytes: `exchange.paper` derives from it the codes by which printed certificates are checked."""


def load_keys(settings: Settings, space: str, now: datetime) -> HubKeys:
    """The keys of one space. Where there are none yet, makes them, valid from `now` (business time)."""
    name = space or "default"
    if settings.seed:
        seed = f"{settings.seed}/{space}" if space else settings.seed
        return HubKeys(
            signer=test_signer(seed, HUB, "receipt"),
            pint=test_signer(seed, HUB, "pint"),
            log_key=test_log_key(seed),
            origin=log_origin(space),
            code_key=hmac_value(seed, "code key", b""),
        )
    folder = settings.data / "keys" / name
    return HubKeys(
        signer=_file_signer(folder / "hub.pem", now),
        pint=_file_signer(folder / "pint.pem", now),
        log_key=_file_log_key(folder),
        origin=f"tradebridge.local/{name}",
        code_key=_file_code_key(folder),
    )


def _file_signer(path: Path, now: datetime) -> Signer:
    """One file with the key and its certificate: there is no moment at which only one of them exists."""
    if not path.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        make_secret(path, _pem(key) + _own_certificate(key, now).public_bytes(serialization.Encoding.PEM))
    loaded = _load(path)
    if not isinstance(loaded, ec.EllipticCurvePrivateKey):
        raise KeysUnreadable(f"{path.name} is not an EC key")
    try:
        return LocalSigner(HUB, loaded, x509.load_pem_x509_certificate(path.read_bytes()))
    except ValueError as error:
        raise KeysUnreadable(f"{path.name}: {error}") from error


def _file_log_key(folder: Path) -> ed25519.Ed25519PrivateKey:
    path = folder / "log.pem"
    if not path.exists():
        make_secret(path, _pem(ed25519.Ed25519PrivateKey.generate()))
    loaded = _load(path)
    if not isinstance(loaded, ed25519.Ed25519PrivateKey):
        raise KeysUnreadable(f"{path.name} is not an Ed25519 key")
    return loaded


def _file_code_key(folder: Path) -> bytes:
    path = folder / "codes.key"
    if not path.exists():
        make_secret(path, os.urandom(32))
    try:
        key = path.read_bytes()
    except OSError as error:
        raise KeysUnreadable(f"{path.name}: {error}") from error
    if len(key) != 32:
        raise KeysUnreadable(f"{path.name} has {len(key)} bytes, not 32")
    return key


def _own_certificate(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HUB)])
    start = now.replace(microsecond=0) - timedelta(minutes=5)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=365 * 3))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )


def _pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _load(path: Path) -> object:
    try:
        return serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise KeysUnreadable(f"{path.name}: {error}") from error


def make_secret(path: Path, data: bytes) -> None:
    """A new file, whole or not at all, readable by its owner only. Who comes second keeps what the first one made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent)  # mode 0600
    written = Path(name)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(written)
    written.unlink()
