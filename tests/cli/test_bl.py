"""`tb scenario` and `tb bl` as a user runs them: a bill of lading's life in one world, and a chain verified without."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.lading.cast import TRADERS
from tests.cli.conftest import Tb, in_a_process, in_process
from tests.cli.test_with_world import World, start
from tradebridge.cli.exits import Exit


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = tmp_path_factory.mktemp("home")
    process, told = start(home)
    try:
        yield World(home, told, in_process(home), process)
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="module")
def issued(world: World) -> str:
    """The reference of a bill of lading at its shipper's platform."""
    ran = world.tb("bl", "issue")
    assert ran.code == Exit.OK, ran.err
    return ran.out.strip()


def _json(world: World, *arguments: str) -> dict[str, Any]:
    ran = world.tb(*arguments, "--json")
    assert ran.code == Exit.OK, (ran.out, ran.err)
    return dict(ran.json)


def test_scenarios_are_listed_and_shown(tb: Tb) -> None:
    names = [each["name"] for each in tb("scenario", "list", "--json").json["items"]]
    assert names == ["asean-japan", "lading-of-rubber"]
    told = tb("scenario", "show", "lading-of-rubber", "--json").json
    assert told["kind"] == "lading" and [each["name"] for each in told["variants"]] == ["disagreement"]
    assert "the shipper approves the draft" in tb("scenario", "show", "lading-of-rubber").out
    assert tb("scenario", "show", "asean-japan").code == Exit.OK


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["scenario", "run", "lading-of-gold"], "There is no scenario"),
        (["scenario", "run", "lading-of-ruber"], "Did you mean lading-of-rubber?"),
        (["scenario", "run", "lading-of-rubber", "--variant", "x"], "There are: disagreement."),
        (["bl", "endorse", "R"], "--blank"),
        (["bl", "endorse", "R", "--to", "X", "--blank"], "--blank"),
        (["bl", "surrender", "R", "--reason", "COD"], "amendment"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_what_is_typed_wrong_is_told_before_anything_starts(tb: Tb, arguments: list[str], told: str) -> None:
    ran = tb(*arguments)
    assert ran.code == Exit.USAGE and told in ran.err


def test_a_scenario_is_played_in_the_running_world_and_its_chain_verified_without_it(world: World) -> None:
    ran = world.tb("scenario", "run", "lading-of-rubber", "--json", "--out", "rubber")
    assert ran.code == Exit.OK, (ran.out, ran.err)
    last = json.loads(ran.out.splitlines()[-1])
    expected = {"scenario": "lading-of-rubber", "ended": "accomplished", "holders": 1, "chain": 6, "findings": []}
    assert expected.items() <= last.items()
    offline = ("bl", "verify", "rubber/chain.json", "--trust", "rubber/platforms.json", "--url", "http://127.0.0.1:1")
    report = _json(world, *offline)
    assert report["holds"] and report["status"] == "accomplished" and report["trust"] == "given"
    shown = world.tb(*offline).out
    assert "nobody holds it any more" in shown and "SURRENDER_FOR_DELIVERY by Fuji Tyre" in shown


def test_a_disagreement_is_told_to_a_person(world: World) -> None:
    ran = world.tb("scenario", "run", "lading-of-rubber", "--variant", "disagreement")
    assert ran.code == Exit.OK, ran.err
    assert "[warn]" in ran.err and "consignment.other-vessel" in ran.err and "accomplished" in ran.err


def test_a_scenario_of_documents_is_played_too(world: World) -> None:
    ran = world.tb("scenario", "run", "asean-japan", "--json")
    assert ran.code == Exit.OK, (ran.out, ran.err)
    last = json.loads(ran.out.splitlines()[-1])
    assert (last["scenario"], last["dead"], last["lost"]) == ("asean-japan", 0, 0)


def test_a_bill_of_lading_lives_its_whole_life_by_commands(world: World, issued: str) -> None:
    assert _json(world, "bl", "show", issued)["platform"] == "MEKO"
    done = _json(world, "bl", "endorse", issued, "--to", "STRAITS-BANK@STRA", "--to-order")
    assert done["endorsee"]["eblPlatform"] == "STRA" and done["transferState"] == "accepted"
    gone = _json(world, "bl", "transfer", issued, "--to", "STRAITS-BANK@STRA")
    assert (gone["at"], gone["possessor"]["eblPlatform"]) == ("away", "STRA")
    assert _json(world, "bl", "show", issued)["platform"] == "STRA"
    _json(world, "bl", "endorse", issued, "--to", "FUJI-TYRE@FUJI")
    assert _json(world, "bl", "show", issued)["inTrust"] is True
    old = world.tb("bl", "transfer", issued, "--to", "FUJI-TYRE@FUJI", "--sequence", "1", "--json")
    assert (old.code, old.json["error"]["code"]) == (Exit.REFUSED, "title.old-sequence")
    _json(world, "bl", "transfer", issued, "--to", "FUJI-TYRE@FUJI")
    stranger = world.tb("bl", "surrender", issued, "--by", "NOBODY", "--json")
    assert (stranger.code, stranger.json["error"]["code"]) == (Exit.REFUSED, "title.unknown-party")
    _json(world, "bl", "surrender", issued)
    reference, platforms = [issued], {each["platform"] for each in _json(world, "bl", "show")["items"]}
    assert platforms >= {"MEKO", "STRA", "FUJI"}
    assert world.tb("bl", "transfer", *reference, "--to", "FUJI-TYRE@FUJI").code == Exit.REFUSED


def test_the_hub_is_a_platform_among_them(world: World) -> None:
    """To a party of the hub's own, on whose behalf a member acts by signed events, and on to Japan."""
    reference = world.tb("bl", "issue").out.strip()
    _json(world, "bl", "endorse", reference, "--to", "KANSAI-RUBBER@hub", "--to-order")
    _json(world, "bl", "transfer", reference, "--to", "KANSAI-RUBBER@hub")
    held = _json(world, "bl", "show", reference)
    assert (held["platform"], held["at"], held["possessor"]["eblPlatform"]) == ("hub", "here", "TBHB")
    other = world.tb("bl", "endorse", reference, "--blank", "--member", "SG-NSW", "--json")
    assert other.code == Exit.REFUSED
    assert _json(world, "bl", "endorse", reference, "--to", "FUJI-TYRE@FUJI")["endorsee"]["eblPlatform"] == "FUJI"
    assert _json(world, "bl", "transfer", reference, "--to", "FUJI-TYRE@FUJI")["transferState"] == "accepted"
    assert world.tb("bl", "chain", reference, "-o", "hub-chain.json").code == Exit.OK
    report = _json(world, "bl", "verify", "hub-chain.json")
    assert (report["possessor"]["eblPlatform"], report["entries"]) == ("FUJI", 4)


def test_a_party_that_no_platform_knows_is_told_with_those_that_are_there(world: World, issued: str) -> None:
    for name, known in (("X@STRA", "STRAITS-BANK"), ("X@hub", "KANSAI-RUBBER")):
        reference = world.tb("bl", "issue").out.strip()
        ran = world.tb("bl", "transfer", reference, "--to", name)
        assert ran.code == Exit.USAGE and known in ran.err


@pytest.fixture
def moved(world: World) -> str:
    """The reference of a bill of lading that went to another platform: its chain is signed."""
    reference = world.tb("bl", "issue").out.strip()
    _json(world, "bl", "transfer", reference, "--to", "STRAITS-BANK@STRA")
    assert world.tb("bl", "chain", reference, "-o", "chain.json").code == Exit.OK
    return reference


def test_what_nobody_has_signed_yet_is_told_apart(world: World, moved: str) -> None:
    """A platform's word for what was done since its last entry proves nothing, whoever writes it into the file."""
    assert world.tb("bl", "verify", "chain.json").code == Exit.OK
    chain = json.loads((world.home / "chain.json").read_text())
    bank = TRADERS["bank"].party
    mallory = {**bank, "partyName": "Mallory", "identifyingCodes": [{"codeListProvider": "STRA", "partyCode": "M"}]}
    at = chain["transactions"][-1]["actionDateTime"]
    chain["unsigned"] = [{"actionCode": "TRANSFER", "actor": bank, "recipient": mallory, "actionDateTime": at}]
    (world.home / "claimed.json").write_text(json.dumps(chain))
    ran = world.tb("bl", "verify", "claimed.json", "--json")
    assert ran.code == Exit.UNREACHABLE and ran.json["unsigned"] == 1
    assert ran.json["signed"]["possessor"]["partyName"] == bank["partyName"]
    shown = world.tb("bl", "verify", "claimed.json").out
    assert "[warn]" in shown and "signed: held by Straits Trade Bank" in shown


def test_the_reason_is_read_from_what_is_signed(world: World, moved: str) -> None:
    chain = json.loads((world.home / "chain.json").read_text())
    chain["entries"] = []
    (world.home / "bare.json").write_text(json.dumps(chain))
    assert "why: TRANSFER by Lanna Rubber" in world.tb("bl", "verify", "bare.json").out


def test_a_chain_that_was_changed_is_exit_code_five(world: World, moved: str) -> None:
    assert world.tb("bl", "verify", "chain.json").code == Exit.OK
    chain = json.loads((world.home / "chain.json").read_text())
    chain["envelopeTransferChain"] = chain["envelopeTransferChain"][1:]
    (world.home / "gap.json").write_text(json.dumps(chain))
    ran = world.tb("bl", "verify", "gap.json", "--json")
    assert ran.code == Exit.SIGNATURE and not ran.json["holds"] and ran.json["findings"]
    assert "nobody can be said to hold it" in world.tb("bl", "verify", "gap.json").out


def test_a_list_that_does_not_know_the_platforms_believes_nothing(world: World, moved: str) -> None:
    (world.home / "nobody.json").write_text(json.dumps({"format": "tradebridge-platforms/1", "platforms": []}))
    assert world.tb("bl", "verify", "chain.json", "--trust", "nobody.json").code == Exit.SIGNATURE
    (world.home / "other.json").write_text("{}")
    assert world.tb("bl", "verify", "chain.json", "--trust", "other.json").code in (Exit.SIGNATURE, Exit.INVALID)
    (world.home / "nothing.json").write_text("{}")
    assert world.tb("bl", "verify", "nothing.json").code == Exit.SIGNATURE


def test_a_chain_is_drawn_and_told_in_words(world: World, issued: str) -> None:
    assert world.tb("bl", "chain", issued, "--as", "svg").out.startswith("<svg")
    assert "issued by Simulated carrier SIML" in world.tb("bl", "chain", issued, "--as", "text").out


def test_a_title_that_is_nowhere_is_refused(world: World) -> None:
    ran = world.tb("bl", "show", "SIML99999999", "--json")
    assert (ran.code, ran.json["error"]["code"]) == (Exit.REFUSED, "title.unknown")
    assert world.tb("bl", "show", "SIML99999999", "--on", "GOLD").code == Exit.USAGE


def test_without_a_world_a_platform_needs_its_address(tb: Tb) -> None:
    ran = tb("bl", "issue", "--url", "http://127.0.0.1:1")
    assert ran.code == Exit.USAGE and "tb up" in ran.err
    assert tb("bl", "show", "R", "--on", "http://127.0.0.1:1/ebl/STRA").code == Exit.UNREACHABLE


def test_a_scenario_starts_a_world_of_its_own_and_ends_it(tmp_path: Path) -> None:
    tb = in_a_process(tmp_path)
    ran = tb("scenario", "run", "lading-of-rubber", "--json", "--data", "data", "--clock", "2026-01-05T09:00:00Z")
    assert ran.code == Exit.OK, (ran.out, ran.err)
    assert json.loads(ran.out.splitlines()[-1])["ended"] == "accomplished"
    assert not (tmp_path / "state" / "tradebridge" / "running.json").exists()


def test_a_world_that_goes_away_in_the_middle_is_exit_code_three(tmp_path: Path) -> None:
    process, told = start(tmp_path)
    process.send_signal(signal.SIGSTOP)  # else `tb up` may clear up first, and the command then starts a world
    try:
        os.kill(told["world"]["pid"], signal.SIGKILL)
        ran = in_process(tmp_path)("scenario", "run", "lading-of-rubber", "--json")
        assert ran.code == Exit.UNREACHABLE
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(timeout=20)
