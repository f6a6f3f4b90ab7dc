"""Keys in a PKCS#11 token (an HSM, a smart card, SoftHSM): they sign inside it and never leave it.

1. Private keys are found by their label: `hub` and `pint` (EC P-256), `log` (Ed25519); after a rotation `hub-2`,
   ... The certificate of an EC key is in the token under the same label; of `log` the public key.
2. The hub makes no key in a token: that is for its owner's tools (docs/trust.md).
3. One session, one signature at a time. A session that the token has ended is opened again, once.

Needs the extra `tradebridge[pkcs11]` (python-pkcs11), imported only here.
"""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from exchange.config import Settings
from exchange.keys import HUB, KeysUnreadable
from tradebridge.evidence.signer import ES256, Signer, UnsupportedKey, key_id, public_key_of

if TYPE_CHECKING:
    import pkcs11

T = TypeVar("T")


class Token:
    """One token, open."""

    def __init__(self, module: str, label: str, pin: str) -> None:
        try:
            import pkcs11
        except ImportError as error:
            raise KeysUnreadable("keys in a token need python-pkcs11: pip install 'tradebridge[pkcs11]'") from error
        self._pkcs11: Any = pkcs11
        self._module, self._label, self._pin = module, label, pin
        self._lock = threading.Lock()
        self._session: pkcs11.Session | None = None

    def __repr__(self) -> str:
        return f"Token({self._label!r})"

    def signer(self, label: str) -> Signer:
        """An EC key with its certificate. Raises `KeysUnreadable`."""
        kind = self._pkcs11.ObjectClass
        self.ask(lambda session: session.get_key(object_class=kind.PRIVATE_KEY, label=label), label)
        certificate = self.ask(lambda session: self._certificate(session, label), label)
        try:
            public = public_key_of(certificate)
        except UnsupportedKey as error:
            raise KeysUnreadable(f"token {self._label}, {label}: {error}") from error
        if not isinstance(public, ec.EllipticCurvePublicKey):
            raise KeysUnreadable(f"token {self._label}, {label}: not an EC key")
        signer = TokenSigner(self, label, HUB, certificate, key_id(HUB, public))
        probe = b"is this certificate of that key?"
        raw = signer.sign(probe)
        _check_pair(public, raw, probe, f"token {self._label}, {label}")
        return signer

    def further_signers(self, label: str) -> list[Signer]:
        """Those labelled `label-2`, `label-3`, ..."""
        kind, attribute = self._pkcs11.ObjectClass, self._pkcs11.Attribute
        labels = self.ask(
            lambda session: [key[attribute.LABEL] for key in session.get_objects({attribute.CLASS: kind.PRIVATE_KEY})],
            label,
        )
        numbered = sorted(int(each.rpartition("-")[2]) for each in labels if re.fullmatch(rf"{label}-[2-9]\d?", each))
        return [self.signer(f"{label}-{number}") for number in numbered]

    def log_key(self, label: str) -> "TokenLogKey":
        """An Ed25519 key. Raises `KeysUnreadable`."""
        kind, attribute = self._pkcs11.ObjectClass, self._pkcs11.Attribute

        def point(session: "pkcs11.Session") -> bytes:
            return bytes(session.get_key(object_class=kind.PUBLIC_KEY, label=label)[attribute.EC_POINT])

        found = self.ask(point, label)
        try:
            public = ed25519.Ed25519PublicKey.from_public_bytes(found.removeprefix(b"\x04\x20"))  # DER: OCTET STRING
        except ValueError as error:
            raise KeysUnreadable(f"token {self._label}, {label}: not an Ed25519 key") from error
        return TokenLogKey(self, label, public)

    def sign(self, label: str, data: bytes, mechanism: str) -> bytes:
        """`mechanism`: ECDSA over a digest, or EDDSA over the data."""
        kind, chosen = self._pkcs11.ObjectClass, getattr(self._pkcs11.Mechanism, mechanism)

        def signed(session: "pkcs11.Session") -> bytes:
            key: Any = session.get_key(object_class=kind.PRIVATE_KEY, label=label)
            return bytes(key.sign(data, mechanism=chosen))

        return self.ask(signed, label)

    def ask(self, question: "Callable[[pkcs11.Session], T]", label: str) -> T:
        """Ask the token, in its one session (rule 3). Raises `KeysUnreadable`."""
        errors = self._pkcs11.exceptions
        with self._lock:
            for last in (False, True):
                try:
                    if self._session is None:
                        self._session = self._open()
                    return question(self._session)
                except _ended(errors) as error:
                    self._session = None
                    if last:
                        raise KeysUnreadable(f"token {self._label}: {type(error).__name__}") from error
                except errors.PKCS11Error as error:
                    told = type(error).__name__
                    raise KeysUnreadable(f"token {self._label}, {label}: {told} {error}".rstrip()) from error
        raise AssertionError("unreachable")

    def _open(self) -> "pkcs11.Session":
        try:
            library = self._pkcs11.lib(self._module)
        except RuntimeError as error:
            raise KeysUnreadable(f"{self._module} is no PKCS#11 module: {error}") from error
        token: pkcs11.Token = library.get_token(token_label=self._label)
        return token.open(user_pin=self._pin)

    def _certificate(self, session: "pkcs11.Session", label: str) -> x509.Certificate:
        kind, attribute = self._pkcs11.ObjectClass, self._pkcs11.Attribute
        query = {attribute.CLASS: kind.CERTIFICATE, attribute.LABEL: label}
        found = [bytes(each[attribute.VALUE]) for each in session.get_objects(query)]
        if len(found) != 1:
            raise KeysUnreadable(f"token {self._label} has {len(found)} certificates labelled {label}, not one")
        return x509.load_der_x509_certificate(found[0])


@dataclass(frozen=True, slots=True)
class TokenSigner:
    """`tradebridge.evidence.signer.Signer` over an EC key in a token."""

    _token: Token
    _label: str
    member: str
    certificate: x509.Certificate = field(repr=False)
    kid: str
    algorithm: str = ES256

    def sign(self, data: bytes) -> bytes:
        """r and s, as the token gives them."""
        return self._token.sign(self._label, sha256(data).digest(), "ECDSA")


@dataclass(frozen=True, slots=True)
class TokenLogKey:
    """`tradebridge.evidence.notes.CheckpointKey` over an Ed25519 key in a token."""

    _token: Token
    _label: str
    _public: ed25519.Ed25519PublicKey

    def sign(self, data: bytes, /) -> bytes:
        return self._token.sign(self._label, data, "EDDSA")

    def public_key(self) -> ed25519.Ed25519PublicKey:
        return self._public


def _ended(errors: Any) -> tuple[type[Exception], ...]:
    """What a token says of a session that is no more."""
    return (errors.SessionHandleInvalid, errors.SessionClosed, errors.DeviceRemoved, errors.UserNotLoggedIn)


def open_token(settings: Settings) -> Token:
    """The token that the settings name, opened once a process. Raises `KeysUnreadable`."""
    if settings.token_module is None or not settings.token_label or not settings.token_pin.get_secret_value():
        names = "TRADEBRIDGE_TOKEN_MODULE, TRADEBRIDGE_TOKEN_LABEL and TRADEBRIDGE_TOKEN_PIN"
        raise KeysUnreadable(f"TRADEBRIDGE_KEYS=pkcs11 needs {names}")
    return _opened(str(settings.token_module), settings.token_label, settings.token_pin.get_secret_value())


@lru_cache(maxsize=8)
def _opened(module: str, label: str, pin: str) -> Token:
    return Token(module, label, pin)


def _check_pair(public: ec.EllipticCurvePublicKey, raw: bytes, data: bytes, name: str) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
    from cryptography.hazmat.primitives.hashes import SHA256

    encoded = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    try:
        public.verify(encoded, data, ec.ECDSA(SHA256()))
    except InvalidSignature as error:
        raise KeysUnreadable(f"{name}: the certificate is of another key") from error
