"""Cosignatures of witnesses: what counts, what is refused. Attacks by their row of the catalogue."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tradebridge.evidence import notes
from tradebridge.evidence.cosignatures import Witness, add_lines, check_quorum, cosign, cosigned_by
from tradebridge.evidence.refusals import Finding

ORIGIN = "tradebridge.simulation/default"
NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
LOG = Ed25519PrivateKey.from_private_bytes(b"\1" * 32)
KEYS = {f"witness.simulation/{country}": Ed25519PrivateKey.from_private_bytes(bytes([index]) * 32)
        for index, country in enumerate(("jp", "sg", "th"), 2)}  # fmt: skip
WITNESSES = [Witness(name, key.public_key()) for name, key in KEYS.items()]
NOTE = notes.sign_checkpoint(ORIGIN, 7, b"\7" * 32, LOG)


def cosigned(note: str = NOTE, at: datetime = NOW, only: int = 3) -> str:
    return add_lines(note, [cosign(note, name, key, at) for name, key in list(KEYS.items())[:only]])


def test_a_note_with_cosignatures_is_still_the_logs() -> None:
    key = notes.verifier_key_of(ORIGIN, LOG.public_key())
    assert notes.verify_checkpoint(cosigned(), key, ORIGIN) == notes.Checkpoint(ORIGIN, 7, b"\7" * 32)
    assert cosigned_by(cosigned(), WITNESSES, NOW) == dict.fromkeys(KEYS, NOW)


def test_what_is_signed_is_as_c2sp_writes_it() -> None:
    """cosignature/v1, the time, and the text of the note with its last newline."""
    name, key = next(iter(KEYS.items()))
    body = NOTE[: NOTE.rindex("\n\n") + 1]
    seconds = int(NOW.timestamp())
    signature = key.sign(f"cosignature/v1\ntime {seconds}\n{body}".encode())
    line = b64encode(WITNESSES[0].key_id + seconds.to_bytes(8, "big") + signature).decode()
    assert cosign(NOTE, name, key, NOW) == f"— {name} {line}\n"


def test_a_public_key_is_written_and_read() -> None:
    for witness in WITNESSES:
        assert Witness.of(witness.verifier_key) == witness


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a+b",
        notes.verifier_key_of(ORIGIN, LOG.public_key()),
        WITNESSES[0].verifier_key.replace("+", "+0", 1),
        WITNESSES[0].verifier_key + "=",
        WITNESSES[0].verifier_key.replace("witness.", "witless."),
    ],
)
def test_what_is_no_witness_key_is_no_configuration(text: str) -> None:
    with pytest.raises(notes.BadVerifierKey):
        Witness.of(text)


def test_an_unknown_witness_is_left_alone() -> None:
    assert cosigned_by(cosigned(), WITNESSES[:1], NOW) == {WITNESSES[0].name: NOW}


def test_too_few_are_named() -> None:
    found = check_quorum(cosigned(only=1), WITNESSES, 2, NOW, LOG.public_key())
    assert isinstance(found, Finding) and found.code == "log.too-few-witnesses" and found.attack == "LOG-1"
    assert not isinstance(check_quorum(cosigned(only=2), WITNESSES, 2, NOW, LOG.public_key()), Finding)


def test_lines_are_added_once() -> None:
    assert add_lines(cosigned(), [cosign(NOTE, *next(iter(KEYS.items())), NOW)]) == cosigned()


def test_log_10_one_witness_twice_counts_once() -> None:
    name, key = next(iter(KEYS.items()))
    later = NOW + timedelta(seconds=60)
    note = add_lines(NOTE, [cosign(NOTE, name, key, NOW), cosign(NOTE, name, key, later)])
    assert cosigned_by(note, WITNESSES, later) == {name: later}


def test_log_10_one_key_under_two_names_is_one_witness_and_the_logs_own_is_none() -> None:
    own = LOG.public_key()
    one, other = (Ed25519PrivateKey.from_private_bytes(bytes([each]) * 32) for each in (7, 8))

    def counted(needed: int, *signing: tuple[str, Ed25519PrivateKey]) -> object:
        known = [Witness(name, key.public_key()) for name, key in (("a", one), ("b", one), ("c", other), ("log", LOG))]
        note = add_lines(NOTE, [cosign(NOTE, name, key, NOW) for name, key in signing])
        found = check_quorum(note, known, needed, NOW, own)
        return found.found if isinstance(found, Finding) else sorted(found)

    assert counted(2, ("a", one), ("b", one)) == "1 of 2: b"
    assert counted(2, ("a", one), ("b", one), ("log", LOG)) == "1 of 2: b"
    assert counted(1, ("log", LOG)) == "0 of 2: nobody"
    assert counted(2, ("a", one), ("c", other)) == ["a", "c"]
    same = [Witness("a", each.public_key()) for each in (one, other)]
    note = add_lines(NOTE, [cosign(NOTE, "a", each, NOW) for each in (one, other)])
    assert isinstance(check_quorum(note, same, 2, NOW, own), Finding)
    assert check_quorum(note, same, 1, NOW, own) == {"a": NOW}


def test_log_12_a_checkpoint_signature_is_no_cosignature() -> None:
    """The log's own key, also as a witness's: another type, another key id."""
    both = Witness(ORIGIN, LOG.public_key())
    assert cosigned_by(NOTE, [both], NOW) == {}
    relabelled = b64encode(both.key_id + LOG.sign(NOTE[: NOTE.rindex("\n\n") + 1].encode())).decode()
    found = cosigned_by(f"{NOTE}— {ORIGIN} {relabelled}\n", [both], NOW)
    assert isinstance(found, Finding) and found.attack == "LOG-12"


def test_log_8_a_wrong_line_in_the_name_of_a_witness() -> None:
    other = notes.sign_checkpoint(ORIGIN, 8, b"\7" * 32, LOG)
    name, key = next(iter(KEYS.items()))
    found = cosigned_by(add_lines(NOTE, [cosign(other, name, key, NOW)]), WITNESSES, NOW)
    assert isinstance(found, Finding) and (found.code, found.attack) == ("log.invalid", "LOG-8")


def test_log_14_a_time_that_lies_ahead() -> None:
    found = cosigned_by(cosigned(at=NOW + timedelta(minutes=6)), WITNESSES, NOW)
    assert isinstance(found, Finding) and (found.code, found.attack) == ("log.future", "LOG-14")


def test_a_time_beyond_all_years_is_refused_and_raises_nothing() -> None:
    witness, key = WITNESSES[0], KEYS[WITNESSES[0].name]
    body = NOTE[: NOTE.rindex("\n\n") + 1]
    seconds = 2**64 - 1
    signature = key.sign(f"cosignature/v1\ntime {seconds}\n{body}".encode())
    line = b64encode(witness.key_id + seconds.to_bytes(8, "big") + signature).decode()
    found = cosigned_by(f"{NOTE}— {witness.name} {line}\n", WITNESSES, NOW)
    assert isinstance(found, Finding) and found.attack == "LOG-14"
