"""The facts by country: complete, sourced, and honest about what is not known."""

import re
import tomllib
from importlib.resources import files

import pytest

from adapters.port import find_adapter
from adapters.single_windows.countries import CERTAINTIES, _fact, countries, limits_of

TABLE = tomllib.loads(files("adapters.single_windows").joinpath("countries.toml").read_text("utf-8"))
ASEAN = {"BN", "ID", "KH", "LA", "MM", "MY", "PH", "SG", "TH", "TL", "VN"}


def test_every_country_of_asean_and_japan_has_an_entry() -> None:
    assert set(countries()) == ASEAN | {"JP"}


def test_only_timor_leste_is_off_by_default() -> None:
    assert [code for code, country in countries().items() if not country.default] == ["TL"]


def test_every_fact_names_its_source_and_certainty() -> None:
    for code, entry in TABLE.items():
        facts = {name: fact for name, fact in entry.items() if name not in ("name", "default")}
        assert {"window", "issuer", "style", "channel", "hours", "pace"} <= set(facts), code
        for name, fact in facts.items():
            assert fact["source"], (code, name)
            assert fact["certainty"] in CERTAINTIES, (code, name)


def test_every_fact_says_how_true_it_is_and_when_that_was_found() -> None:
    for country in countries().values():
        for name, fact in country.facts():
            assert re.fullmatch(r"20\d\d-[01]\d", fact.read), (country.code, name)
            if fact.fidelity == "exact":
                assert fact.certainty in ("R", "S"), (country.code, name, "nothing is exact that nobody has read")


def test_windows_differ() -> None:
    """By what they speak, by their hours, by their pace: no two of them are the same in all three."""
    every = [(each.style.value, str(each.hours.value), each.pace.value) for each in countries().values()]
    assert len(set(every)) == len(every)
    assert len({style for style, _, _ in every}) == 7


@pytest.mark.parametrize(
    "changes", [{"source": None}, {"fidelity": "true"}, {"certainty": "sure"}, {"read": None}, {"more": "x"}]
)
def test_a_fact_that_is_not_whole_is_refused_by_its_name(changes: dict[str, str | None]) -> None:
    given = TABLE["SG"]["window"] | changes
    with pytest.raises(ValueError, match=r"SG\.window"):
        _fact("SG.window", {name: value for name, value in given.items() if value is not None}, str)


def test_every_style_that_is_named_exists() -> None:
    for country in countries().values():
        assert find_adapter(country.style.value, country.code).style == country.style.value


def test_the_limits_that_are_known_hold() -> None:
    assert limits_of("SG").max_items == 50
    assert limits_of("JP").max_bytes == 700_000
    assert limits_of("TH").max_items is None
    assert limits_of("ZZ").max_items is None
