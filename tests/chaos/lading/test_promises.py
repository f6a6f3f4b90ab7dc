"""What each side of a transfer promises, one fault at a time: the shortest story in which a broken promise makes two
holders, or none."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from simulator.platform import Settings, _account
from tests.chaos.lading.network import NOBODY, Fate, Network, party
from tradebridge.ebl import steps, titles


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    one = Network(tmp_path)
    yield one
    one.close()


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Network]:
    one = Network(tmp_path, registered=True)
    yield one
    one.close()


def begun(network: Network, name: str = "TRADER") -> str:
    """A title of the trader of STRA, on its way to MEKO."""
    reference = network.issue("STRA")
    network.run(network["STRA"].attempt())
    assert network.transfer("STRA", reference, party("MEKO", name)).status_code == 200
    return reference


def attempted(network: Network, *fates: Fate) -> None:
    network.fates.extend(fates)
    network.run(network["STRA"].attempt())
    network.fates.clear()


def sent(network: Network) -> int:
    """How often an envelope went out."""
    return sum("/envelopes:" in each for each in network.told)


def test_a_title_that_is_sent_is_locked(network: Network) -> None:
    reference = begun(network)
    assert network.transfer("STRA", reference, party("FUJI")).status_code == 409
    assert network.holders(reference) == ["STRA sending"]


def test_silence_unlocks_nothing(network: Network) -> None:
    reference = begun(network)
    for _ in range(4):
        attempted(network, Fate.ANSWER_LOST)
        assert network.holders(reference) == ["MEKO here"]
    assert network.stands("STRA", reference) == "in-doubt"


def test_the_receipt_is_said_again_for_a_retry(network: Network) -> None:
    reference = begun(network)
    attempted(network, Fate.ANSWER_LOST)
    attempted(network)
    assert network.stands("STRA", reference) == "away"


def test_no_receipt_before_the_title_is_in_the_store(network: Network) -> None:
    reference = begun(network)
    network["MEKO"].fails_in = 0
    attempted(network)
    assert network.holders(reference) == ["STRA sending"]
    attempted(network)
    assert network.holders(reference) == ["MEKO here"]


def test_what_the_store_could_not_keep_was_an_attempt_all_the_same(network: Network) -> None:
    """Accepted, and the receipt heard; the store fails. The next copy is spoilt on the way, and refused as such: that
    takes nothing back."""
    reference = begun(network)
    network["STRA"].fails_in = 0
    attempted(network)
    assert (network.stands("STRA", reference), network.stands("MEKO", reference)) == ("sending", "here")
    attempted(network, Fate.CORRUPTED)
    assert network.holders(reference) == ["MEKO here"], network.told
    attempted(network)
    assert network.stands("STRA", reference) == "away"


def test_what_a_killed_process_was_at_was_an_attempt_all_the_same(network: Network) -> None:
    reference = begun(network)
    network["STRA"].dies_at = steps.SEND_ANSWERED
    attempted(network)
    assert network["STRA"].down
    network["STRA"].dies_at = None
    network.run(network["STRA"].start())
    attempted(network, Fate.CORRUPTED)
    assert network.holders(reference) == ["MEKO here"], network.told


def test_a_refused_entry_is_dead_when_its_recipient_is_known_at_last(network: Network) -> None:
    """A copy that was given up comes after the refusal on which the sender took the title back."""
    reference = begun(network, NOBODY)
    attempted(network, Fate.LATE)
    attempted(network)
    assert network.stands("STRA", reference) == "here"
    opened(network, "MEKO", NOBODY)
    network.run(network.arrives(0))
    assert network.holders(reference) == ["STRA here"]


def opened(network: Network, code: str, name: str) -> None:
    """An account for somebody who had none."""
    one, node = party(code, name), network[code]
    codes = [{"codeListProvider": "ZZZ", "partyCode": one.identifying_codes[0].party_code}]
    account = _account({"id": name, "partyName": one.party_name, "identifyingCodes": codes}, code)
    settings: Settings = node.settings
    node.settings = replace(settings, accounts=(*settings.accounts, account))


def test_a_refused_entry_is_not_sent_again(network: Network) -> None:
    reference = begun(network, NOBODY)
    for _ in range(3):
        attempted(network)
    assert (sent(network), network.holders(reference)) == (1, ["STRA here"])


def test_of_two_that_saw_the_same_title_one_writes(network: Network) -> None:
    reference = network.issue("STRA")
    node = network["STRA"]
    held = network.run(node.ask(lambda connection: titles.find(connection, reference)))
    assert held is not None
    network.run(node.do(lambda connection: titles.write(connection, node, "title.acted", held, held)))
    with pytest.raises(titles.Moved):
        network.run(node.do(lambda connection: titles.write(connection, node, "title.acted", held, held)))


# --- With a registry -------------------------------------------------------------------------------------------------


def test_what_was_called_back_in_the_registry_is_never_accepted(guarded: Network) -> None:
    reference = begun(guarded)
    attempted(guarded, Fate.THROUGH, Fate.THROUGH, Fate.LATE)
    (row,) = guarded["STRA"].rows("select id from ebl_transfers")
    assert guarded.post("STRA", "POST", f"/v1/transfers/{row['id']}:cancel").status_code == 200
    guarded.run(guarded.arrives(0))
    assert guarded.holders(reference) == ["STRA here"]


def test_a_receipt_counts_when_the_registry_has_the_acceptance(guarded: Network) -> None:
    """The receiver signs that it has the title, and has not."""
    reference = begun(guarded)
    attempted(guarded, Fate.THROUGH, Fate.THROUGH, Fate.LIED_RECE)
    assert guarded.holders(reference) == ["STRA sending"]
    attempted(guarded)
    assert (guarded.holders(reference), guarded.stands("STRA", reference)) == (["MEKO here"], "away")


def test_a_refusal_counts_when_the_registry_has_the_cancellation(guarded: Network) -> None:
    """The receiver accepts, and signs that it refuses."""
    reference = begun(guarded)
    attempted(guarded, Fate.THROUGH, Fate.THROUGH, Fate.LIED_BENV)
    assert (guarded.holders(reference), guarded.stands("STRA", reference)) == (["MEKO here"], "away")
