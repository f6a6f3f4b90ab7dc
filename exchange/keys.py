"""Custody of the hub's own keys: test keys from a seed, files, secrets of the environment, or a PKCS#11 token.

The hub has four: an ES256 key for receipts, delivery notes and attestations, one by which it speaks PINT as a platform,
an Ed25519 key that signs the log's checkpoints, and a secret from which the codes on printed certificates are derived.

| custody (`TRADEBRIDGE_KEYS`) | where they lie |
| --- | --- |
| `files` | PEM in `data/keys/SPACE`, mode 0600, made at the first start; encrypted where there is a passphrase |
| `environment` | PEM in TRADEBRIDGE_HUB_KEY, _PINT_KEY, _LOG_KEY, and _CODES_KEY: nothing of them on the disk |
| `pkcs11` | in a token (`exchange.tokens`), which they never leave; the codes' secret in a file |

Where a seed is given the hub is a simulation, whatever the custody: keys come from the seed and carry a marker that
pilot mode refuses. A certificate that the hub makes begins by the business clock, which dates what it signs. `hub-2`,
`hub-3`, ... stand beside `hub` where the key was rotated.
"""

import contextlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from exchange.config import Settings
from schemas.event import HUB as HUB
from tradebridge.evidence.notes import CheckpointKey
from tradebridge.evidence.signer import LocalSigner, Signer
from tradebridge.evidence.simulation import hmac_value, log_origin, test_log_key, test_partner_key, test_signer

TEST_KEYS = 9
"""Keys of a simulated hub that rotation finds: enough for any test."""


class KeysUnreadable(RuntimeError):
    """A key is there but cannot be read, or is missing where none is made: check its rights, its format and the
    passphrase. The hub never replaces one."""


@dataclass(frozen=True, slots=True)
class HubKeys:
    signer: Signer
    pint: Signer
    """What the hub signs as a platform of electronic bills of lading, and as their control tracking registry."""
    log_key: CheckpointKey = field(repr=False)
    origin: str
    """The log's name in its checkpoints (C2SP tlog-checkpoint)."""
    code_key: bytes = field(repr=False)
    """32 bytes: `exchange.paper` derives from it the codes by which printed certificates are checked."""


def load_keys(settings: Settings, space: str, now: datetime) -> HubKeys:
    """The keys of one space. Where there are none yet, makes them, valid from `now` (business time); in the environment
    and in a token none is made. Raises `KeysUnreadable`."""
    name = space or "default"
    if settings.seed:
        seed = _seed(settings, space)
        return HubKeys(
            signer=test_signer(seed, HUB, "receipt"),
            pint=test_signer(seed, HUB, "pint"),
            log_key=test_log_key(seed),
            origin=log_origin(space),
            code_key=hmac_value(seed, "code key", b""),
        )
    origin, folder = f"tradebridge.local/{name}", _folder(settings, space)
    if settings.keys == "environment":
        _only_default(space)
        return HubKeys(
            signer=_signer_in(settings.hub_key, "TRADEBRIDGE_HUB_KEY"),
            pint=_signer_in(settings.pint_key, "TRADEBRIDGE_PINT_KEY"),
            log_key=_log_key_in(settings.log_key, "TRADEBRIDGE_LOG_KEY"),
            origin=origin,
            code_key=_code_key_in(settings.codes_key),
        )
    if settings.keys == "pkcs11":
        from exchange.tokens import open_token

        _only_default(space)
        token = open_token(settings)
        return HubKeys(
            signer=token.signer("hub"),
            pint=token.signer("pint"),
            log_key=token.log_key("log"),
            origin=origin,
            code_key=_file_code_key(folder),
        )
    passphrase = _passphrase(settings)
    return HubKeys(
        signer=_file_signer(folder / "hub.pem", now, passphrase),
        pint=_file_signer(folder / "pint.pem", now, passphrase),
        log_key=_file_log_key(folder, passphrase),
        origin=origin,
        code_key=_file_code_key(folder),
    )


def partner_key(settings: Settings, member: str) -> str:
    """The key that a partner has given the hub, to be shown at each call; empty where none is configured."""
    if settings.seed:
        return test_partner_key(settings.seed, member)
    given = settings.partner_keys.get(member)
    return given.get_secret_value() if given else ""


def further_signers(settings: Settings, space: str) -> Sequence[Signer]:
    """Keys for receipts that the custody holds beside the one of `load_keys`: former ones, and the next."""
    if settings.seed:
        seed = _seed(settings, space)
        return [test_signer(seed, HUB, f"receipt {number}") for number in range(2, TEST_KEYS + 1)]
    if settings.keys == "environment":
        given = settings.hub_key_next
        return [_signer_in(given, "TRADEBRIDGE_HUB_KEY_NEXT")] if given.get_secret_value() else []
    if settings.keys == "pkcs11":
        from exchange.tokens import open_token

        return open_token(settings).further_signers("hub")
    files = sorted(_folder(settings, space).glob("hub-*.pem"), key=lambda path: (len(path.name), path.name))
    return [_load_signer(path, _passphrase(settings)) for path in files]


def make_next(settings: Settings, space: str, now: datetime) -> Signer | None:
    """A new key for receipts beside those that are there, valid from `now`. None where the custody makes none."""
    if settings.seed or settings.keys != "files":
        return None
    folder = _folder(settings, space)
    number = 2
    while (folder / f"hub-{number}.pem").exists():
        number += 1
    return _file_signer(folder / f"hub-{number}.pem", now, _passphrase(settings))


def member_signer(settings: Settings, space: str, member: str, purpose: str, now: datetime) -> Signer | None:
    """The key by which the hub signs for a member that has a desk: in a simulation the member's own test key, of
    custody `files` one key for all purposes, made where there is none. None: this custody holds none of members."""
    if settings.seed:  # a space copies who takes part, keys and all: they come from the world's seed
        return test_signer(settings.seed, member, purpose)
    if settings.keys != "files":
        return None
    path = _folder(settings, space) / "desks" / f"{member}.pem"
    return _file_signer(path, now, _passphrase(settings), member)


def signer_named(settings: Settings, space: str, kid: str) -> Signer | None:
    """One of `further_signers`, by its name."""
    return next((each for each in further_signers(settings, space) if each.kid == kid), None)


def _seed(settings: Settings, space: str) -> str:
    return f"{settings.seed}/{space}" if space else settings.seed


def _folder(settings: Settings, space: str) -> Path:
    return settings.data / "keys" / (space or "default")


def _passphrase(settings: Settings) -> bytes | None:
    return settings.keys_passphrase.get_secret_value().encode() or None


def _only_default(space: str) -> None:
    if space:
        raise KeysUnreadable(f"space {space}: keys of the environment or a token serve the default space alone")


# --- files -----------------------------------------------------------------------------------------------------------


def _file_signer(path: Path, now: datetime, passphrase: bytes | None, member: str = HUB) -> Signer:
    """One file with the key and its certificate: there is no moment at which only one of them exists."""
    if not path.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = own_certificate(key, now, member).public_bytes(serialization.Encoding.PEM)
        make_secret(path, _pem(key, passphrase) + certificate)
    return _load_signer(path, passphrase, member)


def _load_signer(path: Path, passphrase: bytes | None, member: str = HUB) -> Signer:
    return _signer_of(_read(path), path.name, passphrase, member)


def _file_log_key(folder: Path, passphrase: bytes | None) -> ed25519.Ed25519PrivateKey:
    path = folder / "log.pem"
    if not path.exists():
        make_secret(path, _pem(ed25519.Ed25519PrivateKey.generate(), passphrase))
    return _log_key_of(_read(path), path.name, passphrase)


def _file_code_key(folder: Path) -> bytes:
    path = folder / "codes.key"
    if not path.exists():
        make_secret(path, os.urandom(32))
    key = _read(path)
    if len(key) != 32:
        raise KeysUnreadable(f"{path.name} has {len(key)} bytes, not 32")
    return key


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise KeysUnreadable(f"{path.name}: {error}") from error


# --- the environment -------------------------------------------------------------------------------------------------


def _signer_in(secret: SecretStr, name: str) -> Signer:
    return _signer_of(_pem_in(secret, name), name, None)


def _log_key_in(secret: SecretStr, name: str) -> ed25519.Ed25519PrivateKey:
    return _log_key_of(_pem_in(secret, name), name, None)


def _pem_in(secret: SecretStr, name: str) -> bytes:
    """PEM as it is, or in one line with `\\n` for each end of a line: some files of an environment hold no others."""
    text = secret.get_secret_value().replace("\\n", "\n")
    if not text:
        raise KeysUnreadable(f"{name} is not set: with TRADEBRIDGE_KEYS=environment it holds the key in PEM")
    return text.encode()


def _code_key_in(secret: SecretStr) -> bytes:
    try:
        key = bytes.fromhex(secret.get_secret_value())
    except ValueError:
        key = b""
    if len(key) != 32:
        raise KeysUnreadable("TRADEBRIDGE_CODES_KEY is not 32 bytes in hexadecimal: openssl rand -hex 32")
    return key


# --- PEM -------------------------------------------------------------------------------------------------------------


def _signer_of(pem: bytes, name: str, passphrase: bytes | None, member: str = HUB) -> Signer:
    loaded = _private_key(pem, name, passphrase)
    if not isinstance(loaded, ec.EllipticCurvePrivateKey):
        raise KeysUnreadable(f"{name} is not an EC key")
    try:
        return LocalSigner(member, loaded, x509.load_pem_x509_certificate(pem))
    except ValueError as error:
        raise KeysUnreadable(f"{name}: {error}") from error


def _log_key_of(pem: bytes, name: str, passphrase: bytes | None) -> ed25519.Ed25519PrivateKey:
    loaded = _private_key(pem, name, passphrase)
    if not isinstance(loaded, ed25519.Ed25519PrivateKey):
        raise KeysUnreadable(f"{name} is not an Ed25519 key")
    return loaded


def _private_key(pem: bytes, name: str, passphrase: bytes | None) -> object:
    """A key that is encrypted exactly where there is a passphrase: one left open by mistake is told."""
    try:
        return serialization.load_pem_private_key(pem, password=passphrase)
    except TypeError as error:
        fix = (
            "is not encrypted, and TRADEBRIDGE_KEYS_PASSPHRASE is set: encrypt it (docs/trust.md) or unset it"
            if passphrase
            else "is encrypted: set TRADEBRIDGE_KEYS_PASSPHRASE"
        )
        raise KeysUnreadable(f"{name} {fix}") from error
    except ValueError as error:
        raise KeysUnreadable(f"{name}: {error}") from error


def own_certificate(key: ec.EllipticCurvePrivateKey, now: datetime, member: str = HUB) -> x509.Certificate:
    """Self-signed, for three years."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, member)])
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


def _pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, passphrase: bytes | None) -> bytes:
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        encryption = serialization.BestAvailableEncryption(passphrase)
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


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
