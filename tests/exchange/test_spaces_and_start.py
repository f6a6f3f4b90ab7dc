"""Spaces, starting and stopping, health, and the documentation without internet."""

import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509

from exchange.app import make_app
from exchange.config import Settings, UnsafeSettings
from exchange.log import ForeignLog
from tests.exchange.cast import NOW, SEED, Cast, certificate, description, refused_by
from tests.exchange.running import HubProcess, hub_in_thread
from tradebridge.client import Hub
from tradebridge.ebl import files
from tradebridge.evidence.simulation import test_api_key

OPERATOR = {"Authorization": f"Bearer {test_api_key(SEED, 'OPERATOR')}"}


def test_spaces_are_worlds_of_their_own(tmp_path: Path, database_url: str) -> None:
    with hub_in_thread(tmp_path, database_url) as default:
        for name in ("one", "two"):
            made = httpx.post(f"{default.url}/v1/spaces", json={"name": name}, headers=OPERATOR)
            assert made.status_code == 201
        assert httpx.post(f"{default.url}/v1/spaces", json={"name": "one"}, headers=OPERATOR).status_code == 409
        casts = [Cast(f"{default.url}/s/one").join(), Cast(default.url, space="two").join()]
        data = certificate("SG-2026-06001")
        receipts = {each["SG-NSW"].submit(data, ["TH-NSW"]).receipt for each in casts}
        assert len(receipts) == 2  # the same content is no duplicate in another space, nor is it signed by the same key
        assert default.operator.members().items == ()
        trusts = [each.operator.trust() for each in casts]
        assert trusts[0]["log"]["origin"] != trusts[1]["log"]["origin"]
        assert trusts[0]["hub"]["keys"] != trusts[1]["hub"]["keys"]
        assert httpx.delete(f"{default.url}/v1/spaces/two", headers=OPERATOR).status_code == 204
        gone = refused_by(casts[1]["SG-NSW"].documents)
        assert gone.code == "request.unknown-space"
        assert len(casts[0]["TH-NSW"].inbox()) == 1


def test_a_space_is_there_again_after_a_restart(tmp_path: Path, database_url: str) -> None:
    with hub_in_thread(tmp_path, database_url) as default:
        httpx.post(f"{default.url}/v1/spaces", json={"name": "kept"}, headers=OPERATOR)
        Cast(f"{default.url}/s/kept").join()["SG-NSW"].submit(certificate("SG-2026-06002"), ["TH-NSW"])
    with hub_in_thread(tmp_path, database_url) as again:
        assert len(Cast(f"{again.url}/s/kept")["TH-NSW"].inbox()) == 1


def test_what_a_killed_hub_has_left_half_written_is_removed_at_the_next_start(
    tmp_path: Path, database_url: str
) -> None:
    """Where several processes may work over one store, what was written to a moment ago may be another one's."""
    several = not database_url.startswith("sqlite")
    passing = tmp_path / "ebl" / "default" / "passing"
    passing.mkdir(parents=True)
    for name, age in (("old", files.IDLE_SECONDS), ("fresh", 1)):
        (passing / name).write_bytes(b"half")
        os.utime(passing / name, times=(time.time() - age,) * 2)
    with hub_in_thread(tmp_path, database_url):
        assert [each.name for each in passing.iterdir()] == (["fresh"] if several else [])


def test_the_default_space_is_one_hub_under_both_of_its_names(tmp_path: Path, database_url: str) -> None:
    with hub_in_thread(tmp_path, database_url, space="home") as default:
        named = Cast(f"{default.url}/s/home").join()
        accepted = named["SG-NSW"].submit(certificate("SG-2026-06005"), ["TH-NSW"])
        assert accepted.raw["links"]["self"] == f"/s/home/v1/documents/{accepted.id}"
        assert len(default["TH-NSW"].inbox()) == 1
        listed = httpx.get(f"{default.url}/v1/spaces", headers=OPERATOR).json()["items"]
        assert listed == [{"name": "home"}]
        assert httpx.post(f"{default.url}/v1/spaces", json={"name": "home"}, headers=OPERATOR).status_code == 409
        assert httpx.delete(f"{default.url}/v1/spaces/home", headers=OPERATOR).status_code == 404
        assert default["TH-NSW"].documents().items
        named.close()


def test_a_name_that_is_no_space_opens_nothing_and_is_looked_for_once_in_a_while(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from exchange import spaces
    from exchange.store import database as store

    monkeypatch.setattr(spaces, "MISSING_KEPT", 5)
    looked: list[str] = []
    look = store.exists_beside

    def counted(opened: store.Database, url: str, name: str) -> bool:
        looked.append(name)
        return look(opened, url, name)

    monkeypatch.setattr(store, "exists_beside", counted)
    with hub_in_thread(tmp_path, database_url) as default, httpx.Client() as client:
        opened: list[str] = []
        monkeypatch.setattr(spaces, "open_hub", lambda settings, name: opened.append(name))
        for _ in range(20):
            assert client.get(f"{default.url}/s/nobody/livez").status_code == 404
        assert looked.count("nobody") < 5
        for number in range(20):
            assert client.get(f"{default.url}/s/n-{number}/livez").json()["code"] == "request.unknown-space"
        assert opened == []
        monkeypatch.undo()
        assert client.post(f"{default.url}/v1/spaces", json={"name": "nobody"}, headers=OPERATOR).status_code == 201
        assert client.get(f"{default.url}/s/nobody/livez").status_code == 200  # at once where it was made


def test_a_new_operator_key_ends_the_old_one(tmp_path: Path, database_url: str) -> None:
    first, second = "tb_live_" + "1" * 43, "tb_live_" + "2" * 43
    for key, other in ((first, second), (second, first), (first, second)):
        with hub_in_thread(tmp_path, database_url, operator_key=key) as running:
            assert Hub(running.url, key).members().items == ()
            assert refused_by(Hub(running.url, other).members).code == "access.key-unknown"


@pytest.mark.parametrize(
    ("seed", "host", "warned"),
    [("42", "0.0.0.0", True), ("42", "::", True), ("42", "127.0.0.2", False), ("42", "::1", False), ("", "::", False)],  # noqa: S104
)
def test_a_simulation_that_others_can_reach_is_warned_of(seed: str, host: str, warned: bool) -> None:
    assert Settings(seed=seed, host=host).open_simulation is warned


def test_the_start_of_a_simulation_that_others_can_reach_says_so_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from exchange import serve

    monkeypatch.setattr(serve, "_listen", lambda host, port: _Bound(host, port))
    monkeypatch.setattr(serve, "make_app", _refuse_to_start)
    monkeypatch.setattr(serve, "_configure_logs", lambda level: None)  # it holds for the whole process
    for name, value in {"SEED": SEED, "HOST": "0.0.0.0", "DATA": str(tmp_path)}.items():  # noqa: S104
        monkeypatch.setenv(f"TRADEBRIDGE_{name}", value)
    before = os.umask(0o022)
    assert serve.main() == 2
    os.umask(before)
    warning, _ = capsys.readouterr().err.splitlines()
    assert warning.startswith("tradebridge: warning: 0.0.0.0 is a simulation: its keys are public")


class _Bound:
    """A socket that is bound to nothing: a test opens no port to others."""

    def __init__(self, host: str, port: int) -> None:
        self._name = (host, port)

    def getsockname(self) -> tuple[str, int]:
        return self._name


def _refuse_to_start(settings: Settings) -> None:
    raise UnsafeSettings("enough seen")


def test_only_the_operator_makes_spaces(sqlite_cast: Cast) -> None:
    member = {"Authorization": f"Bearer {test_api_key(SEED, 'SG-NSW')}"}
    assert httpx.post(f"{sqlite_cast.url}/v1/spaces", json={"name": "mine"}, headers=member).status_code == 403
    bad = httpx.post(f"{sqlite_cast.url}/v1/spaces", json={"name": "../x"}, headers=OPERATOR)
    assert (bad.status_code, bad.json()["code"]) == (400, "request.malformed")


def test_pilot_mode_refuses_to_start(tmp_path: Path) -> None:
    with pytest.raises(UnsafeSettings, match="not built yet"):
        make_app(Settings(mode="pilot", data=tmp_path))
    with pytest.raises(UnsafeSettings, match="no seed"):
        make_app(Settings(mode="pilot", seed="42", data=tmp_path), in_tests=True)
    environment = {**os.environ, "TRADEBRIDGE_MODE": "pilot", "TRADEBRIDGE_DATA": str(tmp_path)}
    started = subprocess.run(
        [sys.executable, "-P", "-m", "exchange.serve"], env=environment, capture_output=True, text=True, timeout=60
    )
    assert started.returncode == 2
    assert "pilot mode is not built yet" in started.stderr


def test_pilot_mode_refuses_test_keys_of_members_and_has_no_test_route(tmp_path: Path) -> None:
    with_test_key = {name: value for name, value in description("SG-NSW").items() if name != "apiKey"}
    with hub_in_thread(tmp_path, seed="", clock=None) as running:
        operator = Hub(running.url, api_key=(tmp_path / "operator.key").read_text().strip())
        operator.add_member(with_test_key)
        operator.close()
    with pytest.raises(UnsafeSettings, match="test key"):
        make_app(Settings(mode="pilot", data=tmp_path), in_tests=True)


def test_a_hub_with_real_keys_makes_them_once_and_only_its_owner_can_read_them(tmp_path: Path) -> None:
    with hub_in_thread(tmp_path, seed="", clock=None) as running:
        key = (tmp_path / "operator.key").read_text().strip()
        headers = {"Authorization": f"Bearer {key}"}
        trust = httpx.get(f"{running.url}/v1/trust").json()
        assert trust["simulated"] is False
        assert httpx.get(f"{running.url}/v1/members", headers=headers).status_code == 200
        assert httpx.get(f"{running.url}/v1/members", headers=OPERATOR).status_code == 401
        for path in ("state", "clock", "faults", "conformance/suites", "conformance/runs"):  # no test-only route
            for method in ("GET", "POST", "DELETE"):
                assert httpx.request(method, f"{running.url}/_sim/v1/{path}", headers=headers).status_code == 404
        led = httpx.get(f"{running.url}/console/conformance")
        assert (led.status_code, led.headers["location"].partition("?")[0]) == (303, "/console/sign-in")
    secrets = [*tmp_path.rglob("*.pem"), tmp_path / "operator.key"]
    assert len(secrets) == 4
    assert {path.stat().st_mode & 0o777 for path in secrets} == {0o600}
    with hub_in_thread(tmp_path, seed="", clock=None) as again:
        assert httpx.get(f"{again.url}/v1/trust").json() == trust


def test_the_hubs_own_certificate_begins_by_the_clock_that_dates_its_receipts(tmp_path: Path) -> None:
    """A business clock that stands long before the day on which the keys are made."""
    long_ago = datetime(2019, 3, 1, 9, 0, tzinfo=UTC)
    with hub_in_thread(tmp_path, seed="", clock=long_ago):
        pass
    certificate = x509.load_pem_x509_certificate((tmp_path / "keys" / "default" / "hub.pem").read_bytes())
    begins = certificate.not_valid_before_utc
    assert timedelta(0) <= long_ago - begins <= timedelta(minutes=5)
    assert certificate.not_valid_after_utc > long_ago + timedelta(days=365)


def test_health_says_what_is_in_order(sqlite_cast: Cast) -> None:
    assert httpx.get(f"{sqlite_cast.url}/livez").json() == {"status": "ok"}
    ready = httpx.get(f"{sqlite_cast.url}/readyz").json()
    assert ready["status"] == "ready"
    assert set(ready["checks"]) == {"store", "log", "disk"}
    sqlite_cast["SG-NSW"].submit(certificate("SG-2026-06003"), ["TH-NSW"])
    metrics = httpx.get(f"{sqlite_cast.url}/metrics").text
    assert 'tradebridge_submissions_total{outcome="accepted",space="default"}' in metrics


def test_the_hub_ends_when_its_parent_does(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path).start()
    assert hub.process is not None
    os.close(hub._parent)
    assert hub.process.wait(10) == 0


def test_the_hub_ends_cleanly_when_asked(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path).start()
    assert hub.process is not None
    hub.process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    assert hub.stop() == 0
    assert time.monotonic() - began < 10


def test_a_store_of_an_older_version_stops_the_start_with_the_command_that_mends_it(tmp_path: Path) -> None:
    from sqlalchemy import create_engine, text

    with hub_in_thread(tmp_path):
        pass
    with create_engine(f"sqlite:///{tmp_path / 'hub.sqlite'}").begin() as connection:
        connection.execute(text("delete from alembic_version"))
    with pytest.raises(RuntimeError, match="tb db upgrade"):
        make_app(Settings(data=tmp_path, seed=SEED, clock=NOW))


def test_a_hub_whose_log_key_is_another_than_the_stores_refuses_to_start(tmp_path: Path, database_url: str) -> None:
    """Two hubs over one database without the same keys, or a backup without them: a log that two sign is no log."""
    with hub_in_thread(
        tmp_path / "one", database_url or f"sqlite:///{tmp_path}/hub.sqlite", seed="", clock=None
    ) as hub:
        while not httpx.get(f"{hub.url}/v1/log/checkpoint").text:
            time.sleep(0.02)
    settings = Settings(data=tmp_path / "other", database_url=database_url or f"sqlite:///{tmp_path}/hub.sqlite")
    with pytest.raises(ForeignLog, match=r"another key than that of tradebridge\.local/default"):
        make_app(settings)


def test_the_documentation_needs_no_internet(sqlite_cast: Cast) -> None:
    page = httpx.get(f"{sqlite_cast.url}/docs")
    assert page.status_code == 200
    assert "http" not in page.text.replace("<!doctype html>", "")
    assert "script-src" not in page.headers["content-security-policy"]
    assert "default-src 'self'" in page.headers["content-security-policy"]
    for name in ("docs.js", "docs.css", "swagger-ui-bundle.js", "swagger-ui.css", "favicon.png"):
        assert httpx.get(f"{sqlite_cast.url}/docs/assets/{name}").status_code == 200
    paths = httpx.get(f"{sqlite_cast.url}/openapi.json").json()["paths"]
    assert "security" in paths["/v1/refusals"]["get"]
    assert {"/v1/documents", "/v1/inbox", "/v1/inbox:ack", "/v1/feed", "/v1/log/checkpoint"} <= set(paths)


def test_the_description_says_which_calls_want_a_key(sqlite_cast: Cast) -> None:
    paths = httpx.get(f"{sqlite_cast.url}/openapi.json").json()["paths"]
    with httpx.Client(base_url=sqlite_cast.url) as client:
        for path, calls in paths.items():
            for method, call in calls.items():
                answer = client.request(method, re.sub(r"{[^}]*}", "x", path))
                assert (answer.status_code == 401) == ("security" in call), (method, path)
