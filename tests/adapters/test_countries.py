"""The facts by country: complete, sourced, and honest about what is not known."""

import tomllib
from importlib.resources import files

from adapters.port import find_adapter
from adapters.single_windows.countries import CERTAINTIES, countries, limits_of

TABLE = tomllib.loads(files("adapters.single_windows").joinpath("countries.toml").read_text("utf-8"))
ASEAN = {"BN", "ID", "KH", "LA", "MM", "MY", "PH", "SG", "TH", "TL", "VN"}


def test_every_country_of_asean_and_japan_has_an_entry() -> None:
    assert set(countries()) == ASEAN | {"JP"}


def test_only_timor_leste_is_off_by_default() -> None:
    assert [code for code, country in countries().items() if not country.default] == ["TL"]


def test_every_fact_names_its_source_and_certainty() -> None:
    for code, entry in TABLE.items():
        facts = {name: fact for name, fact in entry.items() if name not in ("name", "default")}
        assert {"window", "issuer", "style", "channel"} <= set(facts), code
        for name, fact in facts.items():
            assert fact["source"], (code, name)
            assert fact["certainty"] in CERTAINTIES, (code, name)


def test_every_style_that_is_named_exists() -> None:
    for country in countries().values():
        assert find_adapter(country.style.value, country.code).style == country.style.value


def test_the_limits_that_are_known_hold() -> None:
    assert limits_of("SG").max_items == 50
    assert limits_of("JP").max_bytes == 700_000
    assert limits_of("TH").max_items is None
    assert limits_of("ZZ").max_items is None
