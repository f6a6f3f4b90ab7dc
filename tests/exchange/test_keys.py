"""Custody of the hub's keys: in files, in the environment, in a token. Whatever it is, the hub signs the same way."""

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from pydantic import SecretStr

from exchange import starts
from exchange.config import Settings
from exchange.keys import HubKeys, KeysUnreadable, further_signers, load_keys, make_next, own_certificate, partner_key
from tests.exchange.running import hub_in_thread
from tradebridge.client import Hub
from tradebridge.evidence import jws, notes
from tradebridge.evidence.refusals import Finding
from tradebridge.evidence.simulation import is_test_certificate
from tradebridge.evidence.trust import HUB_PURPOSES, TrustedKey, TrustedLog, TrustList, hub_of

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
PEM, PKCS8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8


def signs(known: HubKeys) -> None:
    """All that is asked of the keys works, and by nobody else's key."""
    verifier = notes.verifier_key_of(known.origin, known.log_key.public_key())
    for signer in (known.signer, known.pint):
        trust = TrustList(
            hub_of([TrustedKey.of("HUB", signer.certificate, HUB_PURPOSES)]), TrustedLog(known.origin, verifier), ()
        )
        token = jws.sign(b'{"a":1}', jws.RECEIPT, signer, NOW)
        found = jws.verify(token, jws.RECEIPT, "receipt", trust, NOW)
        assert not isinstance(found, Finding), found
        assert signer.kid == found.kid
        assert not is_test_certificate(signer.certificate)
    note = notes.sign_checkpoint(known.origin, 1, bytes(32), known.log_key)
    assert not isinstance(notes.verify_checkpoint(note, verifier, known.origin), Finding)
    assert len(known.code_key) == 32


def test_files_are_encrypted_where_there_is_a_passphrase(tmp_path: Path) -> None:
    secret = Settings(data=tmp_path, keys_passphrase=SecretStr("correct horse"))
    known = load_keys(secret, "", NOW)
    signs(known)
    for name in ("hub", "pint", "log"):
        path = tmp_path / "keys" / "default" / f"{name}.pem"
        assert b"ENCRYPTED" in path.read_bytes()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_keys(secret, "", NOW).signer.kid == known.signer.kid
    for passphrase, why in (("", "set TRADEBRIDGE_KEYS_PASSPHRASE"), ("wrong", "hub.pem")):
        with pytest.raises(KeysUnreadable, match=why):
            load_keys(Settings(data=tmp_path, keys_passphrase=SecretStr(passphrase)), "", NOW)


def test_a_key_that_was_left_open_is_told_where_there_is_a_passphrase(tmp_path: Path) -> None:
    load_keys(Settings(data=tmp_path), "", NOW)
    with pytest.raises(KeysUnreadable, match="is not encrypted"):
        load_keys(Settings(data=tmp_path, keys_passphrase=SecretStr("x")), "", NOW)


def test_the_next_key_stands_beside_the_first(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, keys_passphrase=SecretStr("x"))
    first = load_keys(settings, "", NOW).signer
    made = [make_next(settings, "", NOW), make_next(settings, "", NOW)]
    found = [each.kid for each in further_signers(settings, "")]
    assert [each.kid for each in made if each] == found
    assert first.kid not in found
    assert b"ENCRYPTED" in (tmp_path / "keys" / "default" / "hub-3.pem").read_bytes()


def secrets() -> dict[str, Any]:
    """PEM of each key, with its certificate where it has one."""
    given = {}
    for name in ("hub_key", "pint_key"):
        key = ec.generate_private_key(ec.SECP256R1())
        text = key.private_bytes(PEM, PKCS8, serialization.NoEncryption())
        given[name] = (text + own_certificate(key, NOW).public_bytes(PEM)).decode()
    log = ed25519.Ed25519PrivateKey.generate().private_bytes(PEM, PKCS8, serialization.NoEncryption())
    return given | {"log_key": log.decode(), "codes_key": "ab" * 32}


def test_keys_of_the_environment_leave_nothing_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = secrets()
    given["log_key"] = given["log_key"].replace("\n", "\\n")  # in one line, as some files of an environment want it
    for name, text in given.items():
        monkeypatch.setenv(f"TRADEBRIDGE_{name.upper()}", text)
    monkeypatch.setenv("TRADEBRIDGE_KEYS", "environment")
    settings = Settings(data=tmp_path)
    signs(load_keys(settings, "", NOW))
    assert list(tmp_path.iterdir()) == []
    assert make_next(settings, "", NOW) is None
    assert further_signers(settings, "") == []
    monkeypatch.setenv("TRADEBRIDGE_HUB_KEY_NEXT", secrets()["hub_key"])
    assert len(further_signers(Settings(data=tmp_path), "")) == 1
    with pytest.raises(KeysUnreadable, match="default space"):
        load_keys(settings, "other", NOW)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"hub_key": ""}, "TRADEBRIDGE_HUB_KEY is not set"),
        ({"pint_key": "x"}, "TRADEBRIDGE_PINT_KEY"),
        ({"hub_key": "LOG"}, "not an EC key"),
        ({"log_key": "HUB"}, "not an Ed25519 key"),
        ({"codes_key": "ab"}, "32 bytes"),
    ],
)
def test_a_secret_that_is_no_key_is_told_without_showing_it(changes: dict[str, str], why: str) -> None:
    given = secrets()
    names = {"LOG": given["log_key"], "HUB": given["hub_key"]}
    settings = Settings(keys="environment", **given | {name: names.get(text, text) for name, text in changes.items()})
    with pytest.raises(KeysUnreadable, match=why) as caught:
        load_keys(settings, "", NOW)
    assert "PRIVATE" not in str(caught.value)


def test_no_secret_is_in_what_is_shown_or_put_on_the_record(tmp_path: Path) -> None:
    given = secrets() | {"keys_passphrase": "correct horse", "token_pin": "123456", "hub_key_next": "next"}
    settings = Settings(keys="environment", data=tmp_path, **given)
    shown = f"{settings!r} {settings} {starts.told(settings)}"
    for text in ("PRIVATE", "correct horse", "123456", "ab" * 32):
        assert text not in shown
    known = load_keys(settings, "", NOW)
    assert "ab" * 8 not in repr(known).replace("\\x", "")
    assert "171, 171" not in repr(known)
    assert {"keys_passphrase", "token_pin", "hub_key", "log_key", "operator_key", "seed"} <= starts.SECRET


# --- a token ---------------------------------------------------------------------------------------------------------

MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")
MODULE = next((each for each in MODULES if Path(each).exists()), None)


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """SoftHSM with the hub's keys made in it: settings that name it."""
    if MODULE is None or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM is not installed (Debian: apt install softhsm2)")
    pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed: pip install 'tradebridge[pkcs11]'")
    folder = tmp_path_factory.mktemp("token")
    (folder / "tokens").mkdir()
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SOFTHSM2_CONF", str(configuration))
        command = ["softhsm2-util", "--init-token", "--free", "--label", "hub", "--pin", "2468", "--so-pin", "1357"]
        subprocess.run(command, check=True, capture_output=True, env=os.environ)
        fill(folder)
        yield {"keys": "pkcs11", "token_module": MODULE, "token_label": "hub", "token_pin": "2468"}


def fill(folder: Path) -> None:
    """Import keys with their certificates, as the owner's tools do. The tests keep no copy."""
    import pkcs11
    from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
    from pkcs11.util.ec import decode_ec_private_key, decode_ec_public_key

    session = pkcs11.lib(str(MODULE)).get_token(token_label="hub").open(rw=True, user_pin="2468")
    for label in ("hub", "hub-2", "pint", "torn"):
        key = ec.generate_private_key(ec.SECP256R1())
        private = key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        public = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        session.create_object(decode_ec_private_key(private) | {Attribute.TOKEN: True, Attribute.LABEL: label})
        session.create_object(decode_ec_public_key(public) | {Attribute.TOKEN: True, Attribute.LABEL: label})
        shown = own_certificate(ec.generate_private_key(ec.SECP256R1()) if label == "torn" else key, NOW)
        session.create_object(
            {
                Attribute.CLASS: ObjectClass.CERTIFICATE,
                Attribute.CERTIFICATE_TYPE: pkcs11.constants.CertificateType.X_509,
                Attribute.TOKEN: True,
                Attribute.LABEL: label,
                Attribute.SUBJECT: shown.subject.public_bytes(),
                Attribute.VALUE: shown.public_bytes(serialization.Encoding.DER),
            }
        )
    curve = {Attribute.EC_PARAMS: b"\x13\x0cedwards25519"}
    parameters: Any = session.create_domain_parameters(KeyType.EC_EDWARDS, curve, local=True)
    parameters.generate_keypair(store=True, label="log", mechanism=Mechanism.EC_EDWARDS_KEY_PAIR_GEN)
    session.close()


def test_keys_in_a_token_sign_as_any_other(token: dict[str, Any], tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, **token)
    known = load_keys(settings, "", NOW)
    signs(known)
    assert "2468" not in repr(known)
    assert [each.kid for each in further_signers(settings, "")] != [known.signer.kid]
    assert make_next(settings, "", NOW) is None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of the search that it cut off
def test_a_token_that_ended_its_session_is_asked_again(token: dict[str, Any], tmp_path: Path) -> None:
    from exchange.tokens import open_token

    settings = Settings(data=tmp_path, **token)
    known = load_keys(settings, "", NOW)
    session = open_token(settings)._session
    assert session is not None
    session.close()
    signs(known)


def test_what_is_wrong_with_a_token_is_told(token: dict[str, Any], tmp_path: Path) -> None:
    from exchange.tokens import open_token

    with pytest.raises(KeysUnreadable, match="another key"):
        open_token(Settings(**token)).signer("torn")
    with pytest.raises(KeysUnreadable, match="nothing"):
        open_token(Settings(**token)).signer("nothing")
    for changes in ({"token_pin": "0"}, {"token_label": "other"}, {"token_module": "/dev/null"}, {"token_label": ""}):
        with pytest.raises(KeysUnreadable) as caught:
            load_keys(Settings(data=tmp_path, **token | changes), "", NOW)
        assert "2468" not in str(caught.value)


def test_a_hub_runs_on_a_token_and_rotates_to_its_next_key(token: dict[str, Any], tmp_path: Path) -> None:
    with hub_in_thread(tmp_path, seed="", clock=None, **token) as running:
        operator = Hub(running.url, api_key=(tmp_path / "operator.key").read_text().strip())
        before = operator.trust()["hub"]["keys"]
        told = operator.rotate_signing_key("HUB")
        assert [each["kid"] for each in before] != [told["kid"]]
        assert len(operator.trust()["hub"]["keys"]) == 2
        with pytest.raises(Exception, match="no next key"):
            operator.rotate_signing_key("HUB")
        operator.close()
    assert not list((tmp_path / "keys").rglob("*.pem"))


def test_a_key_that_a_partner_gave_comes_from_the_environment_and_in_a_simulation_from_the_seed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TRADEBRIDGE_PARTNER_KEYS", '{"ID-NSW": "given by Indonesia"}')
    real, simulated = Settings(), Settings(seed="42")
    assert (partner_key(real, "ID-NSW"), partner_key(real, "TH-NSW")) == ("given by Indonesia", "")
    assert "given by Indonesia" not in repr(real), "a secret"
    assert partner_key(simulated, "ID-NSW") != partner_key(simulated, "TH-NSW")
    assert partner_key(simulated, "ID-NSW").startswith("tb_test_")
