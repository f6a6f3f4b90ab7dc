"""The languages of Desk and Verify: which one a reader gets, what the catalogues hold, and text that none can reach."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request

from exchange.languages import COOKIE, LANGUAGES, PSEUDO, _, accepted, chosen, counted, moment, number, speaking
from tests.exchange.cast import Cast, certificate
from tests.exchange.running import hub_in_thread
from tests.languages import catalogues
from tests.languages.hard_coded import left_in

# --- which language --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("ja-JP,ja;q=0.9,en;q=0.8", "ja"),
        ("de, th;q=0.5, vi;q=0.7", "vi"),
        ("th;q=0, ms", "ms"),
        ("tl-PH", "fil"),
        ("zh, *", "en"),
        ("vi;q=much, id", "id"),
        (",;q=,", "en"),
    ],
)
def test_what_the_browser_asks_for_is_read_by_its_weights(header: str, language: str) -> None:
    assert accepted(header) == language


def request_with(query: str, cookie: str = "", header: str = "") -> Request:
    headers = [(b"cookie", f"{COOKIE}={cookie}".encode())] if cookie else []
    headers += [(b"accept-language", header.encode())]
    return Request({"type": "http", "query_string": query.encode(), "headers": headers})


def test_the_address_goes_before_the_cookie_and_that_before_the_browser() -> None:
    assert chosen(request_with("lang=th", "vi", "ja")) == "th"
    assert chosen(request_with("", "vi", "ja")) == "vi"
    assert chosen(request_with("lang=xx", "../../etc", "ja")) == "ja"
    assert chosen(request_with("lang=xx")) == "en"


def test_what_a_catalogue_lacks_is_read_in_english_and_values_are_filled_in() -> None:
    with speaking("vi"):
        assert _("nobody says %(this)s", this="that") == "nobody says that"
        assert number(1234567) == "1.234.567"
        assert (_(""), number(Decimal("0.12345"))) == ("", "0,12345")
    with speaking(PSEUDO):
        assert _("Check") == "⟦Çĥéçķ⟧"
        assert left_in(f"<p>{counted('%(count)s item', '%(count)s items', 3)}</p>") == []
    assert (counted("%(count)s item", "%(count)s items", 1), _("100 %")) == ("1 item", "100 %")


@pytest.mark.parametrize("language", LANGUAGES)
def test_times_are_as_the_language_writes_them_and_in_utc(language: str) -> None:
    with speaking(language):
        said = moment(datetime(2026, 1, 5, 9, 30, tzinfo=UTC))
    assert said.endswith(" UTC") and "2026" in said and "30" in said


# --- catalogues ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def texts() -> set[str]:
    return {each if isinstance(each, str) else each[0] for each in catalogues.texts()}


@pytest.mark.parametrize("language", catalogues.languages())
def test_a_catalogue_has_every_text_of_today_and_keeps_what_is_filled_in(language: str, texts: set[str]) -> None:
    """After a change: `make languages`."""
    entries = {entry.id if isinstance(entry.id, str) else entry.id[0]: entry for entry in catalogues.read(language)}
    entries.pop("")
    assert set(entries) == texts
    for text, entry in entries.items():
        english = {text} if isinstance(entry.id, str) else set(entry.id)
        holes = {hole for each in english for hole in re.findall(r"%\(\w+\)s", each)}
        for said in [entry.string] if isinstance(entry.string, str) else entry.string or ():
            if said:
                assert set(re.findall(r"%\(\w+\)s", said)) == holes, (text, said)
                assert said == said.strip() and "\n" not in said
                assert not holes or said % dict.fromkeys((each[2:-2] for each in holes), "x")


@pytest.mark.parametrize("language", [code for code in catalogues.languages() if LANGUAGES[code].complete])
def test_desk_and_verify_are_whole_in_the_languages_that_are_complete(language: str, texts: set[str]) -> None:
    entries = {entry.id if isinstance(entry.id, str) else entry.id[0]: entry for entry in catalogues.read(language)}
    assert len(texts) > 450
    assert [text for text in sorted(texts) if not entries[text].string] == []


def test_docs_tell_how_much_of_each_is_there() -> None:
    """After a change: `make languages`."""
    assert catalogues.told(catalogues.PAGE.read_text(encoding="utf-8")) == catalogues.table()


# --- pages -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    with hub_in_thread(tmp_path_factory.mktemp("hub"), checks_per_minute=60_000) as running:
        yield running.join()


def test_no_text_of_verify_is_hard_coded(cast: Cast) -> None:
    number, given = "SG-D-WORDS-1", {"lang": PSEUDO}
    accepted_as = cast["SG-NSW"].submit(certificate(number), ["TH-NSW"])
    data = cast["SG-NSW"].get(accepted_as.id).data
    code = cast["SG-NSW"].summary(accepted_as.id)["verify"]["code"]
    with httpx.Client(base_url=cast.url, params=given, timeout=30) as pages:
        shown = [
            pages.get("/verify"),
            pages.get(f"/v/{number}"),
            pages.post("/verify", data={"number": number, "code": code}),
            pages.post("/verify", data={"number": number, "code": "wrong"}),
            pages.post(f"/v/{number}", content=b"x" * 3000),
            *(pages.post("/verify", files={"file": ("x", each)}) for each in (data, data[:-99], data[:-9] + b"x")),
            pages.post("/verify", files={"file": ("x", data.replace(b"Example", b"Exemple"))}),
            pages.post("/verify", files={"file": ("x", certificate("SG-D-WORDS-2"))}),
        ]
    for page in shown:
        assert f'<html lang="{PSEUDO}">' in page.text and "⟦" in page.text
        assert left_in(page.text) == []


def test_what_is_hard_coded_is_found() -> None:
    page = '<p title="Hard">⟦x⟧ <b translate="no">SG</b> <i lang="en">as it is</i> coded<br> too</p><input alt="Yes">'
    assert left_in(page) == ["Hard", "coded", "too", "Yes"]


def test_a_choice_is_kept_in_a_cookie_and_what_is_asked_next_is_in_it(cast: Cast) -> None:
    with httpx.Client(base_url=cast.url) as reader:
        first = reader.get("/verify", headers={"Accept-Language": "th"})
        assert '<html lang="th">' in first.text and "set-cookie" not in first.headers
        chosen_one = reader.get("/verify?lang=vi")
        assert '<html lang="vi">' in chosen_one.text
        kept = chosen_one.headers["set-cookie"]
        assert kept.startswith(f"{COOKIE}=vi;") and "HttpOnly" in kept and "SameSite=lax" in kept
        assert '<html lang="vi">' in reader.get("/v/N", headers={"Accept-Language": "th"}).text
        for code in LANGUAGES:
            assert f'href="?lang={code}" lang="{code}"' in first.text
    assert '<html lang="en">' in httpx.get(f"{cast.url}/console", headers={"Accept-Language": "th"}).text


def test_the_catalogues_are_in_the_package() -> None:
    for language in catalogues.languages():
        assert Path(catalogues.path_of(language)).is_file()
