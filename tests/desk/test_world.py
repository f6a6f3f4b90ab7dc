"""A world in which some members have a desk instead of a system: `tb up --desk`."""

import pytest

from simulator.members import TRANSPORT_DOCUMENT, description, keys_of, members
from tradebridge.cli import root


def test_a_member_with_a_desk_pulls_nothing_reads_originals_and_takes_bills_of_lading_too() -> None:
    plain = {each.id: each for each in members()}
    chosen = {each.id: each for each in members(desks=["TH-NSW", "JP-JCCI"])}
    assert {name for name, each in chosen.items() if each.desk} == {"TH-NSW", "JP-JCCI"}
    assert {name for name in plain if plain[name] != chosen[name]} == {"TH-NSW", "JP-JCCI"}
    thailand = chosen["TH-NSW"]
    said = description(thailand, keys_of("42", thailand.id), "http://127.0.0.1:1/push")
    assert (said["desk"], said["delivery"], said["style"]) == ({}, {"mode": "pull"}, None)
    assert TRANSPORT_DOCUMENT in thailand.accepts and thailand.to_json()["mode"] == "desk"
    assert "desk" not in description(plain["TH-NSW"], keys_of("42", "TH-NSW"), "http://127.0.0.1:1/push")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--desk", "atlantis"], "no member ATLANTIS takes part"),
        (["--desk", "th", "--scenario", "asean-japan"], "a scenario plays every member by itself"),
    ],
)
def test_what_can_have_no_desk_is_an_error_of_usage(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert root.run(["up", *arguments]) == 2
    assert said in capsys.readouterr().err
