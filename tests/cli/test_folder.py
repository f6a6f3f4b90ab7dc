"""`tb send DIR`: a result for each document, on from where it stopped, nothing twice; whoever is killed."""

import json
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Tb, environment, program
from tests.exchange.cast import Cast, certificate, document, encoded
from tests.exchange.running import HubProcess, hub_in_thread
from tradebridge import calls
from tradebridge.cli.exits import Exit
from tradebridge.cli.folder import STATE_FILE


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    with hub_in_thread(tmp_path_factory.mktemp("hub")) as running:
        yield running.join()


def fill(folder: Path, prefix: str, count: int) -> Path:
    folder.mkdir()
    for at in range(count):
        (folder / f"{at:04d}.xml").write_bytes(certificate(f"SG-{prefix}-{at:05d}"))
    return folder


def to(url: str, *arguments: str) -> tuple[str, ...]:
    return ("send", "documents", "--from", "sg", "--to", "th", "--url", url, *arguments)


def numbers(cast: Cast, prefix: str) -> list[str]:
    listed = (each["number"] for each in cast["SG-NSW"].each(calls.documents(limit=500)))
    return sorted(number for number in listed if number.startswith(f"SG-{prefix}-"))


def test_each_document_of_a_folder_has_its_result(tb: Tb, tmp_path: Path, cast: Cast) -> None:
    folder = fill(tmp_path / "documents", "F1", 60)
    (folder / "broken.json").write_bytes(b"{")
    (folder / "notes.txt").write_bytes(b"not a document")
    (folder / ".hidden.xml").write_bytes(b"not a document")
    (folder / "within").mkdir()
    (folder / "within" / "one.XML").write_bytes(certificate("SG-F1-99999"))
    ran = tb(*to(cast.url, "--json"))
    assert ran.code == Exit.INVALID
    assert ran.json["counts"] == {"accepted": 61, "refused": 1}
    results = {each["file"]: each for each in ran.json["results"]}
    assert list(results)[:2] == ["0000.xml", "0001.xml"] and len(results) == 62
    assert results["broken.json"]["code"] == "syntax.not-json"
    assert cast["SG-NSW"].summary(results["within/one.XML"]["document"])["number"] == "SG-F1-99999"


def test_given_again_it_sends_what_is_new_and_what_was_refused(tb: Tb, tmp_path: Path, cast: Cast) -> None:
    folder = fill(tmp_path / "documents", "F2", 3)
    (folder / "0001.xml").write_bytes(certificate("SG-F2-00001").replace(b"Singapore", b"Singapure", 1))
    assert tb(*to(cast.url)).code == Exit.SIGNATURE
    (folder / "0001.xml").write_bytes(certificate("SG-F2-00001"))
    (folder / "0003.xml").write_bytes(certificate("SG-F2-00003"))
    ran = tb(*to(cast.url))
    assert ran.code == Exit.OK
    assert "4 documents, accepted now: 2, accepted before: 2" in ran.err
    assert [line.split()[:2] for line in ran.out.splitlines()] == [["[ok]", f"000{at}.xml"] for at in range(4)]
    assert len(numbers(cast, "F2")) == 4


def test_without_its_state_nothing_is_taken_twice(tb: Tb, tmp_path: Path, cast: Cast) -> None:
    folder = fill(tmp_path / "documents", "F3", 3)
    (folder / "same.xml").write_bytes((folder / "0000.xml").read_bytes())
    assert tb(*to(cast.url, "--json", "--state", "noted")).json["counts"] == {"accepted": 3, "before": 1}
    assert not (folder / STATE_FILE).exists()
    (tmp_path / "noted").write_text('{"sent": "a", "docu')  # as if it had been cut off
    again = tb(*to(cast.url, "--json", "--state", "noted"))
    assert again.json.get("counts") == {"before": 4}, again
    again = tb(*to(cast.url, "--json", "--state", "noted"))
    assert again.json.get("counts") == {"before": 4}, again
    assert len(numbers(cast, "F3")) == 3


def test_what_is_signed_here_is_known_again_by_its_content(tb: Tb, tmp_path: Path) -> None:
    with hub_in_thread(tmp_path / "hub", clock=None) as running:  # what is signed here, is signed now
        signed_here(tb, tmp_path, running.join())


def signed_here(tb: Tb, tmp_path: Path, cast: Cast) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    for at in range(3):
        (folder / f"{at}.xml").write_bytes(encoded(document(f"SG-F4-{at:05d}")))
    (folder / "signed.xml").write_bytes(certificate("SG-F4-00009"))
    first = tb(*to(cast.url, "--json", "--sign", "--state", "one"))
    assert first.json["counts"] == {"accepted": 3, "refused": 1}
    assert "signature already" in first.json["results"][3]["detail"]
    time.sleep(1.1)  # the time of signing is in seconds: these signatures are others
    assert tb(*to(cast.url, "--json", "--sign", "--state", "two")).json["counts"] == {"before": 3, "refused": 1}


def test_a_dry_run_judges_every_file_and_sends_none(tb: Tb, tmp_path: Path) -> None:
    folder = fill(tmp_path / "documents", "F5", 2)
    (folder / "broken.json").write_bytes(b"{")
    ran = tb(*to("http://127.0.0.1:9", "--dry-run", "--json"))
    assert (ran.code, ran.json["counts"]) == (Exit.INVALID, {"valid": 2, "invalid": 1})


def test_a_folder_without_documents_and_options_of_one_document_are_errors_of_usage(tb: Tb, tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    assert tb(*to("http://127.0.0.1:9")).code == Exit.USAGE
    (tmp_path / "documents" / "1.xml").write_bytes(b"x")
    for option in (("--wait", "accepted"), ("--idempotency-key", "k")):
        assert tb(*to("http://127.0.0.1:9", *option)).code == Exit.USAGE


def test_no_hub_in_time_says_so(tb: Tb, tmp_path: Path) -> None:
    fill(tmp_path / "documents", "F6", 2)
    assert tb(*to("http://127.0.0.1:9", "--timeout", "0.5")).code == Exit.UNREACHABLE


def test_a_client_that_is_killed_in_the_middle_goes_on_where_it_stopped(tb: Tb, tmp_path: Path, cast: Cast) -> None:
    folder = fill(tmp_path / "documents", "F7", 400)
    state = folder / STATE_FILE
    process = subprocess.Popen(
        program(*to(cast.url)), env=environment(tmp_path), cwd=tmp_path, stdout=subprocess.DEVNULL
    )
    until = time.monotonic() + 60
    while time.monotonic() < until and (not state.exists() or state.read_text().count("\n") < 50):
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    noted = state.read_text().count("\n")  # a line that the kill cut off is none
    assert 50 <= noted < 400
    ran = tb(*to(cast.url, "--json"))
    counts = ran.json["counts"]
    assert ran.code == Exit.OK and sum(counts.values()) == 400 and counts["before"] >= noted
    assert numbers(cast, "F7") == [f"SG-F7-{at:05d}" for at in range(400)]


def test_a_hub_that_is_killed_in_the_middle_is_waited_for(tb: Tb, tmp_path: Path) -> None:
    hub = HubProcess(tmp_path / "hub").start()
    Cast(hub.url).join().close()
    folder = fill(tmp_path / "documents", "F8", 300)

    def kill_and_start() -> None:
        until = time.monotonic() + 60
        while not (folder / STATE_FILE).exists() and time.monotonic() < until:
            time.sleep(0.005)
        hub.kill()
        time.sleep(0.5)
        hub.start()

    meanwhile = threading.Thread(target=kill_and_start)
    meanwhile.start()
    ran = tb(*to(hub.url, "--json", "--timeout", "60"))
    meanwhile.join()
    counts = ran.json["counts"]
    assert ran.code == Exit.OK and sum(counts.values()) == 300, ran.out
    again = Cast(hub.url)
    assert numbers(again, "F8") == [f"SG-F8-{at:05d}" for at in range(300)]
    noted = [json.loads(line) for line in (folder / STATE_FILE).read_text().splitlines() if line]
    assert {again["SG-NSW"].summary(each["document"])["number"] for each in noted} == set(numbers(again, "F8"))
    again.close()
    hub.stop()
