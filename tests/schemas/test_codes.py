"""The code lists know what is in use, and say no to what is not."""

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codes import commodities, containers, countries, currencies, incoterms, packages, ports, units


def test_the_parties_of_the_agreements_are_countries() -> None:
    for code in ["BN", "ID", "KH", "LA", "MM", "MY", "PH", "SG", "TH", "VN", "TL", "JP", "CN", "KR", "AU", "NZ"]:
        assert countries.is_country(code)
    assert len(countries.COUNTRIES) == 249
    assert not any(countries.is_country(code) for code in ("XX", "QX", "UK", "EU", "sg", "", "SGP"))


def test_currencies_have_their_minor_units() -> None:
    assert [currencies.minor_digits(code) for code in ("USD", "JPY", "VND", "KWD", "ZZZ")] == [2, 0, 0, 3, None]
    assert not any(currencies.is_currency(code) for code in ("XXX", "XTS", "usd", ""))


def test_hs_knows_subheadings_of_2022_only() -> None:
    assert commodities.is_subheading("090111") and commodities.is_subheading("8708291000")
    assert (commodities.description_of("090111") or "").startswith("Coffee")
    assert not any(commodities.is_subheading(code) for code in ("0901", "090199", "999999", "99999900", "TOTAL", ""))
    assert commodities.chapter_of("090111") == 9


def test_ports_are_found_with_their_country() -> None:
    port = ports.find_port("THLCH")
    assert port is not None and port.is_port
    assert (port.country, port.name) == ("TH", "Laem Chabang")
    assert ports.find_port("THZZ9") is None
    assert ports.find_port("") is None
    assert ports.find_port("TH' OR 1=1") is None


def test_a_port_asked_again_costs_microseconds() -> None:
    ports.find_port("SGSIN")
    began = time.perf_counter()
    for _ in range(1_000):
        ports.find_port("SGSIN")
    assert time.perf_counter() - began < 0.05


def test_ports_can_be_asked_from_many_threads() -> None:
    answers: list[object] = []
    ports.find_port.cache_clear()

    def ask(code: str) -> None:
        answers.append(ports.find_port(code))

    threads = [threading.Thread(target=ask, args=(code,)) for code in ("SGSIN", "JPTYO", "VNSGN", "IDJKT") * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 16 and None not in answers


def test_units_and_packages_in_trade_use_are_known() -> None:
    assert len(units.UNITS) >= 60 and len(packages.PACKAGES) >= 60
    assert {"KGM", "TNE", "GRM", "LBR", "MTR", "MTK", "MTQ", "LTR", "C62", "H87", "NIU", "PR", "SET", "DZN"} <= set(
        units.UNITS
    )
    assert units.is_mass("TNE") and not units.is_mass("LTR") and not units.is_mass("???")
    assert {"CT", "PX", "BG", "DR", "CS", "BX", "PK", "CR", "RO", "CL", "VR", "VL", "NE", "4G", "5M"} <= set(
        packages.PACKAGES
    )
    assert all(len(code) == 2 for code in packages.PACKAGES)
    assert all(2 <= len(code) <= 3 for code in units.UNITS)


def test_incoterms_2020_are_eleven_of_which_four_are_for_ships() -> None:
    assert len(incoterms.TERMS) == 11 and set(incoterms.TERMS) >= incoterms.WATERWAY_ONLY
    assert "DAT" not in incoterms.TERMS


@pytest.mark.parametrize("number", ["CSQU3054383", "TEMU9614290", "MSKU0000008", "HLXU1234563"])
def test_a_right_container_number_is_right(number: str) -> None:
    right = number[:10] + containers.check_digit(number)
    assert containers.has_right_check_digit(right)


def test_the_worked_example_of_iso_6346() -> None:
    assert containers.check_digit("CSQU305438") == "3"
    assert not containers.has_right_check_digit("CSQU3054384")
    assert not containers.is_container_number("CSQX3054383")


OWNER = st.from_regex(r"[A-Z]{3}[UJZ][0-9]{6}", fullmatch=True)


@given(OWNER, st.integers(0, 9), st.integers(1, 9))
def test_one_wrong_digit_is_noticed_unless_it_makes_ten(ten: str, place: int, by: int) -> None:
    if place < 4:
        return
    wrong = ten[:place] + str((int(ten[place]) + by) % 10) + ten[place + 1 :]
    both = {containers.check_digit(ten), containers.check_digit(wrong)}
    assert len(both) == 2 or both == {"0"}
