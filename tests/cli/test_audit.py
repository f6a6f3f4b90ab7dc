"""`tb audit` and `tb retention` over a real hub: exported, checked alone, asked about; held and deleted."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from schemas.event import EventType
from tests.exchange.cast import NOW, SEED, Cast, certificate, event
from tests.exchange.running import hub_in_thread
from tests.exchange.test_log_and_evidence import settled
from tradebridge.cli.root import run
from tradebridge.evidence.simulation import test_api_key

AT = NOW.isoformat()


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    with hub_in_thread(tmp_path_factory.mktemp("hub")) as running:
        cast = running.join()
        accepted = cast["SG-NSW"].submit(certificate("SG-2026-50001"), ["TH-NSW"])
        cast["TH-NSW"].timeline(accepted.id)
        said = event(EventType.REJECTED, accepted.id, accepted.content_digest, "TH-NSW")
        cast["TH-NSW"].send_event(accepted.id, said)
        yield cast


@pytest.fixture
def export(cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The record of it in a folder of one's own, with the trust list."""
    monkeypatch.chdir(tmp_path)
    settled(cast)
    (tmp_path / "trust.json").write_text(json.dumps(cast.operator.trust()))
    with (tmp_path / "record.ndjson").open("wb") as file:
        file.writelines(cast.operator.audit_export())
    yield tmp_path / "record.ndjson"


def tb(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = run(arguments)
    shown = capsys.readouterr()
    return code, shown.out + shown.err


def test_an_export_is_written_and_checked_without_the_hub(
    cast: Cast, tmp_path: Path, export: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, shown = tb(capsys, "audit", "export", "-o", "own.ndjson", "--url", cast.url, "--json")
    assert (code, json.loads(shown)["file"]) == (0, "own.ndjson")
    nowhere = ("--url", "http://127.0.0.1:9", "--trust", "trust.json", "--at", AT)
    code, shown = tb(capsys, "audit", "verify", "own.ndjson", *nowhere)
    assert code == 0 and "all of it holds" in shown and " reading" in shown
    code, shown = tb(capsys, "audit", "verify", "own.ndjson", "--json", *nowhere)
    assert (code, json.loads(shown)["findings"], json.loads(shown)["trust"]) == (0, [], "given")


def test_a_list_with_its_status_is_judged_as_of_the_time_that_the_export_is(
    cast: Cast, export: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tb(capsys, "trust", "export", "--status", "-o", "history.json", "--url", cast.url)[0] == 0
    given = ("audit", "verify", "record.ndjson", "--trust", "history.json", "--json", "--at")
    assert tb(capsys, *given, AT)[0] == 0
    code, shown = tb(capsys, *given, (NOW + timedelta(days=30)).isoformat())
    assert (code, [each["code"] for each in json.loads(shown)["findings"]]) == (3, ["trust.stale-status"])


def test_a_changed_export_is_refused_and_one_that_is_cut_off_could_not_be_checked(
    export: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = export.read_bytes()
    given = ("--trust", "trust.json", "--at", AT)
    export.write_bytes(whole.replace(b"timeline", b"checked!"))
    code, shown = tb(capsys, "audit", "verify", "record.ndjson", *given)
    assert code == 5 and "audit.not-opened" in shown
    export.write_bytes(b"\n".join(whole.splitlines()[:-1]))
    code, shown = tb(capsys, "audit", "verify", "record.ndjson", *given)
    assert code == 3 and "audit.cut-off" in shown


def test_without_a_list_or_a_hub_the_keys_of_the_export_prove_nothing(
    export: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, shown = tb(capsys, "audit", "verify", "record.ndjson", "--url", "http://127.0.0.1:9", "--at", AT)
    assert code == 3 and "anybody could have written it" in shown


def test_the_report_asks_of_a_file_and_of_a_hub_alike(
    cast: Cast, export: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, shown = tb(capsys, "audit", "report", "record.ndjson")
    assert code == 0 and "questions to ask" in shown and "decided-fast: TH-NSW Officer 1" in shown
    of_file = json.loads(tb(capsys, "audit", "report", "record.ndjson", "--json")[1])
    of_hub = json.loads(tb(capsys, "audit", "report", "--url", cast.url, "--json")[1])
    assert of_file["questions"] and of_file["routes"] == of_hub["routes"]
    Path("own.toml").write_text("[decided-fast]\nother = 0\n")
    own = json.loads(tb(capsys, "audit", "report", "record.ndjson", "--json", "--thresholds", "own.toml")[1])
    assert "decided-fast" not in {each["question"] for each in own["questions"]}
    Path("own.toml").write_text("[decided-fast]\nother = true\n")
    assert tb(capsys, "audit", "report", "record.ndjson", "--thresholds", "own.toml")[0] == 2


def test_an_auditors_key_exports(cast: Cast, export: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = json.loads(tb(capsys, "audit", "key", "--days", "1", "--url", cast.url, "--json")[1])["apiKey"]
    assert tb(capsys, "audit", "export", "--url", cast.url, "--api-key", key)[0] == 0
    assert tb(capsys, "member", "list", "--url", cast.url, "--api-key", key)[0] == 6


def test_a_document_is_held_and_let_go(
    cast: Cast, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    where = ("--url", cast.url, "--api-key", test_api_key(SEED, "OPERATOR"))
    monkeypatch.setenv("TRADEBRIDGE_ACTOR", "Kim")
    assert tb(capsys, "retention", "hold", "SG-2026-50001", "--reason", "a court asks", *where)[0] == 0
    assert tb(capsys, "retention", "hold", "SG-2026-50001", "--reason", "again", *where)[0] == 6
    shown = tb(capsys, "retention", "show", *where)[1]
    assert "5 years   atiga-form-d/2022" in shown and "a court asks" in shown
    assert json.loads(tb(capsys, "retention", "run", "--pretend", "--json", *where)[1])["deleted"] == []
    assert tb(capsys, "retention", "release", "SG-2026-50001", "--reason", "closed", *where)[0] == 0
    assert tb(capsys, "retention", "release", "SG-2026-50001", "--reason", "closed", *where)[0] == 6
    settled(cast)
    assert b'\\"person\\":\\"Kim\\"' in b"".join(cast.operator.audit_export())
