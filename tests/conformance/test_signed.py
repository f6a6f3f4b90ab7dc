"""The reports of a run are signed as one: each can be checked, alone or together, and none can be changed unseen."""

import asyncio
import hashlib
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from schemas.findings import Finding
from simulator.conformance import report, signed
from simulator.conformance.runner import Run, run
from simulator.conformance.signed import SignedReport, kit_signer, signer_of, verify
from tests.cli.conftest import Tb, in_process
from tests.conformance.test_reports import EVIL, SUITE
from tradebridge.cli.exits import Exit
from tradebridge.evidence.archive import read_archive, write_archive

SIGNER = signer_of("a seed")
FILES = ("report.json", "junit.xml", "summary.md", "index.html", "report.pdf", "report.jws", "evidence.zip")


def now() -> datetime:
    """Not once for all: tests are collected minutes before they run."""
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def found() -> Run:
    return asyncio.run(run(SUITE, None, name=f"{EVIL} \u0e01\U0001f600", code="EVIL"))


@pytest.fixture(scope="module")
def written(found: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report.write(found, tmp_path_factory.mktemp("signed"), SIGNER).parent


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "copy"))


@pytest.mark.parametrize("name", [*FILES, ""], ids=[*FILES, "the folder"])
def test_a_report_as_it_was_written_is_the_kits(written: Path, name: str) -> None:
    checked = verify(written / name, SIGNER.certificate, now())
    assert isinstance(checked, SignedReport)
    assert checked.vouched and checked.simulated
    assert checked.said["notice"] == "test evidence, not certification"
    assert (checked.said["ok"], checked.said["failed"]) == (False, 1)
    assert signed.is_report(written / name)


@pytest.mark.parametrize("name", FILES)
def test_one_byte_that_differs_is_refused_wherever_it_is(folder: Path, name: str) -> None:
    whole = (folder / name).read_bytes()
    places = {0, len(whole) - 1, *(len(whole) * part // 61 for part in range(1, 61))}
    for place in places:
        (folder / name).write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        for path in (folder / name, folder):
            assert isinstance(verify(path, SIGNER.certificate, now()), Finding), (name, place)
            assert isinstance(verify(path, None, now()), Finding), (name, place)
    for other in (whole + b"\n", whole[:-1], b""):
        (folder / name).write_bytes(other)
        assert isinstance(verify(folder / name, SIGNER.certificate, now()), Finding)


def test_each_byte_of_the_archive_is_covered(folder: Path) -> None:
    """Also those that a ZIP tool overlooks: times, versions, attributes of an entry."""
    file = folder / signed.ARCHIVE
    whole = file.read_bytes()
    directory = whole.rindex(b"PK\x01\x02")
    for place in (*range(60), *range(directory, len(whole))):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        assert isinstance(verify(file, None, now()), Finding), place


def test_the_archive_has_each_message_as_it_was_on_the_wire(folder: Path, found: Run) -> None:
    entries = read_archive((folder / signed.ARCHIVE).read_bytes())
    assert not isinstance(entries, Finding)
    assert set(FILES) - {signed.ARCHIVE} <= set(entries)
    index = json.loads(entries["exchanges.json"])["scenarios"]
    sent = [each for result in found.results for each in result.exchanges]
    listed = [each for result in found.results for each in index[result.name]]
    assert len(sent) == len(listed) > 0
    for exchange, told in zip(sent, listed, strict=True):
        for body, side in ((exchange.request, told["request"]), (exchange.answer, told["answer"])):
            assert entries[side["file"]] == body
            assert side["sha256"] == hashlib.sha256(body).hexdigest()


def test_what_was_added_taken_away_or_exchanged_is_seen(folder: Path, found: Run, tmp_path: Path) -> None:
    (folder / "more.txt").write_text("signed by nobody")
    assert isinstance(verify(folder / "more.txt", None, now()), Finding)
    assert not signed.is_report(folder / "more.txt")
    entries = dict(read_archive((folder / signed.ARCHIVE).read_bytes()))  # type: ignore[arg-type]  # it is one
    entries.pop("mimetype")
    smaller = [(name, data) for name, data in entries.items() if not name.startswith("messages/")]
    for changed in (smaller, [*entries.items(), ("more.txt", b"x")], list(reversed(entries.items()))):
        (folder / signed.ARCHIVE).write_bytes(write_archive(changed, signed.ARCHIVE_TYPE))
        assert isinstance(verify(folder / signed.ARCHIVE, None, now()), Finding)
        assert isinstance(verify(folder, None, now()), Finding)
    other = report.write(found, tmp_path / "other", signer_of("another")).parent
    shutil.copy(other / signed.ARCHIVE, folder / signed.ARCHIVE)
    assert isinstance(verify(folder / signed.ARCHIVE, None, now()), SignedReport)
    assert isinstance(verify(folder, None, now()), Finding)
    shutil.copy(written_pdf := folder / "report.pdf", tmp_path)
    written_pdf.unlink()
    assert isinstance(verify(folder, None, now()), Finding)


def test_another_kits_key_is_not_the_one_that_was_given(written: Path) -> None:
    refused = verify(written, signer_of("another").certificate, now())
    assert isinstance(refused, Finding) and refused.code == "signature.unknown-key"
    alone = verify(written, None, now())
    assert isinstance(alone, SignedReport) and not alone.vouched


def test_the_same_run_gives_the_same_files(found: Run) -> None:
    at = datetime(2026, 1, 5, 9, tzinfo=UTC)
    assert report.written(found, SIGNER, at) == report.written(found, SIGNER, at)


def test_the_key_of_a_machine_is_made_once_and_for_its_owner(tmp_path: Path) -> None:
    first = kit_signer(tmp_path / "state")
    assert kit_signer(tmp_path / "state").kid == first.kid
    assert {each.name for each in (tmp_path / "state").iterdir()} == {signed.KEY_FILE}
    assert (tmp_path / "state" / signed.KEY_FILE).stat().st_mode & 0o077 == 0


def test_tb_verify_says_whose_report_it_is(folder: Path, tmp_path: Path) -> None:
    tb: Tb = in_process(tmp_path)
    stranger = tb("verify", str(folder / "report.pdf"), "--json")
    assert (stranger.code, stranger.json["trust"], stranger.json["ok"]) == (Exit.OK, "report", True)
    assert stranger.json["report"]["notice"] == "test evidence, not certification"
    (tmp_path / "kit.pem").write_bytes(SIGNER.certificate.public_bytes(Encoding.PEM))
    given = tb("verify", str(folder), "--trust", "kit.pem")
    assert given.code == Exit.OK and "not passed" in given.out
    (tmp_path / "own.pem").write_text(tb("report", "certificate").out)
    (tmp_path / "report.jws").write_text("e30.e30.e30")
    assert not signed.is_report(tmp_path / "report.jws") and not signed.is_report(tmp_path / "kit.pem")
    wrong = tb("verify", str(folder), "--trust", "own.pem", "--json")
    assert (wrong.code, wrong.json["code"]) == (Exit.SIGNATURE, "signature.unknown-key")
    page = folder / "index.html"
    page.write_text(page.read_text("utf-8").replace("fail", "pass", 1), "utf-8")
    changed = tb("verify", str(page), "--json")
    assert (changed.code, changed.json["code"]) == (Exit.SIGNATURE, "evidence.report-changed")
