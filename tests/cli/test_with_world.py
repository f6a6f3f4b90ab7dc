"""The command line against a running world, as in the first ten minutes: one `tb up` for all tests of this file."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.conftest import Ran, Tb, environment, in_a_process, in_process, program
from tests.docs.blocks import blocks_of
from tradebridge.cli.exits import Exit
from tradebridge.cli.send import EXAMPLES
from tradebridge.evidence.archive import read_archive, write_archive
from tradebridge.evidence.bundle import MEDIA_TYPE

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class World:
    """A running `tb up`, and `tb` beside it, in the same home."""

    home: Path
    told: dict[str, Any]
    """What `tb up --json` printed."""
    tb: Tb
    process: subprocess.Popen[str]

    def send(self, *arguments: str) -> Ran:
        return self.tb("send", "--json", *arguments)

    def sent(self, *arguments: str) -> dict[str, Any]:
        """An example that was sent and accepted by its recipient."""
        ran = self.send("--wait", "accepted", *(arguments or ("--example", "form-d")))
        assert ran.code == Exit.OK, (ran.out, ran.err)
        return dict(ran.json)


def start(home: Path, *arguments: str) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    """`tb up --json` on free ports, ready."""
    process = subprocess.Popen(
        program("up", "--json", "--port", "0", *arguments),
        stdout=subprocess.PIPE,
        text=True,
        env=environment(home),
        cwd=home,
    )
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = tmp_path_factory.mktemp("home")
    process, told = start(home)
    try:
        yield World(home, told, in_process(home), process)
    finally:
        process.terminate()
        process.wait(timeout=20)


# --- up --------------------------------------------------------------------------------------------------------------


def test_up_tells_ports_and_keys_and_leaves_a_private_note(world: World) -> None:
    assert {"hub", "world", "seed", "operatorKey", "members"} <= world.told.keys()
    assert len(world.told["members"]) == 14
    note = world.home / "state" / "tradebridge" / "running.json"
    assert note.stat().st_mode & 0o777 == 0o600


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_up_ends_its_children_and_with_a_folder_begins_where_it_ended(tmp_path: Path) -> None:
    tb, options = in_process(tmp_path), ("--data", "kept", "--clock", "2026-01-05T09:00:00Z")
    process, told = start(tmp_path, *options)
    sent = tb("send", "--example", "form-d", "--json")
    received = tb("get", sent.json["id"])
    process.terminate()
    assert process.wait(timeout=20) == Exit.OK
    assert not alive(told["hub"]["pid"])
    assert not alive(told["world"]["pid"])
    assert not (tmp_path / "state" / "tradebridge" / "running.json").exists()
    assert sent.json["receivedAt"].startswith("2026-01-05T09:00:00")
    process, _ = start(tmp_path, *options)
    try:
        assert tb("get", sent.json["number"]).raw == received.raw
    finally:
        process.terminate()
        process.wait(timeout=20)


def test_up_that_is_killed_leaves_nothing_running(tmp_path: Path) -> None:
    process, told = start(tmp_path)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=20)
    until = time.monotonic() + 10
    while (alive(told["hub"]["pid"]) or alive(told["world"]["pid"])) and time.monotonic() < until:
        time.sleep(0.1)
    assert not alive(told["hub"]["pid"])
    assert not alive(told["world"]["pid"])
    # The note stays, and is as if it were not there: its process has gone.
    assert in_process(tmp_path)("doctor", "--json").json["checks"][4]["name"] == "hub"


def test_a_hub_that_ends_by_itself_ends_up_with_the_reason(tmp_path: Path) -> None:
    process, told = start(tmp_path)
    os.kill(told["hub"]["pid"], signal.SIGKILL)
    assert process.wait(timeout=20) == Exit.UNREACHABLE


def test_a_scenario_that_does_not_exist_gets_the_nearest(tb: Tb) -> None:
    ran = tb("up", "--scenario", "asean-jpan")
    assert ran.code == Exit.USAGE
    assert "asean-japan" in ran.err


@pytest.mark.parametrize("command", ["up", "demo", "serve"])
def test_a_file_in_the_place_of_the_data_folder_is_an_error_of_usage(tmp_path: Path, command: str) -> None:
    (tmp_path / "file").write_text("kept")
    ran = in_a_process(tmp_path)(command, "--data", "file")
    assert (ran.code, (tmp_path / "file").read_text()) == (Exit.USAGE, "kept")


def test_a_folder_of_another_seed_is_told_with_what_to_do(tmp_path: Path) -> None:
    process, _ = start(tmp_path, "--data", "kept", "--seed", "7")
    process.terminate()
    assert process.wait(timeout=20) == Exit.OK
    ran = in_process(tmp_path)("up", "--port", "0", "--data", "kept", "--seed", "8")
    assert ran.code == Exit.UNREACHABLE
    assert "Give the --seed with which this folder was made" in ran.err


def test_a_taken_port_is_told(world: World, tb: Tb) -> None:
    port = world.told["hub"]["url"].rpartition(":")[2]
    ran = tb("up", "--port", port)
    assert ran.code == Exit.UNREACHABLE
    assert "another program: end it, or take free ports: --port 0" in ran.err
    assert "the world of process" in world.tb("up", "--port", port).err


def test_demo_plays_to_the_end_and_its_last_line_is_the_summary(tmp_path: Path) -> None:
    ran = in_a_process(tmp_path)("demo", "--once", "--json", "--port", "0")
    summary = json.loads(ran.out.splitlines()[-1])
    assert list(summary) == [
        *("scenario", "seed", "members", "submitted", "accepted", "refused", "delivered", "decided"),
        *("dead", "lost", "elapsed_s", "verify"),
    ]
    assert (summary["scenario"], summary["dead"], summary["lost"]) == ("asean-japan", 0, 0)
    assert summary["submitted"] >= 60
    assert ran.code == Exit.OK, ran.err
    # The command works when the world is gone, and needs nothing that went with it.
    command = shlex.split(summary["verify"])
    done = subprocess.run(command, capture_output=True, text=True, env=environment(tmp_path), cwd="/", check=False)
    assert (done.returncode, done.stdout.count("[ok]")) == (Exit.OK, 4), done
    assert "--offline" in command


# --- send ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_is_accepted_by_its_recipient(world: World, name: str) -> None:
    sent = world.sent("--example", name)
    assert [each["delivery"] for each in sent["recipients"].values()] == ["delivered"]
    assert sent["receipt"].count(".") == 2


def test_the_first_exchange_is_told_in_words(world: World) -> None:
    tb = in_a_process(world.home)
    ran = tb("send", "--example", "form-d", "--from", "sg", "--to", "th")
    assert ran.code == Exit.OK
    words = [line.split()[1] for line in ran.out.splitlines() if line.startswith("[ok]")]
    assert words == ["valid", "signed", "accepted", "delivered", "accepted"]
    assert "--as timeline" in ran.out


def test_several_recipients_each_decide(world: World) -> None:
    assert set(world.sent("--example", "rcep", "--from", "vn", "--to", "jp,sg")["recipients"]) == {"JP-NACCS", "SG-NSW"}


def test_an_unsigned_document_comes_with_the_command_that_signs_it(world: World) -> None:
    ran = world.tb("send", "--example", "form-d", "--unsigned")
    assert ran.code == Exit.OK
    assert "tb sign" in ran.out


def own_file(world: World) -> str:
    """A Form D of one's own with a mistake in it: JSON, unsigned."""
    document = json.loads(world.tb("get", world.sent()["id"], "--as", "json").out)
    items = document.get("goods") or document["items"]
    name = next(key for key in items[0] if "hs" in key.lower())
    items[0][name] = "ABCDEF"
    (world.home / "own.json").write_text(json.dumps(document))
    return "own.json"


def test_a_mistake_in_ones_own_file_is_told_by_the_hub(world: World) -> None:
    ran = world.tb("send", own_file(world), "--from", "sg", "--to", "th")
    assert ran.code == Exit.INVALID
    assert "found 'ABCDEF'" in ran.err
    assert "fix: " in ran.err


def test_a_refusal_in_json_has_every_finding(world: World) -> None:
    ran = world.send(own_file(world), "--from", "sg", "--to", "th")
    assert (ran.code, ran.json["error"]["exit"]) == (Exit.INVALID, Exit.INVALID)
    assert any(each.get("found") == "ABCDEF" for each in ran.json["findings"])


def test_a_rejection_can_be_waited_for(world: World) -> None:
    ran = world.send("--example", "form-d", "--number", "SG-2026-90001-R01", "--wait", "rejected")
    assert ran.code == Exit.OK, ran.out


def test_waiting_for_what_will_not_come_is_told_at_once(world: World) -> None:
    ran = world.send("--example", "form-d", "--number", "SG-2026-90002-R01", "--wait", "accepted")
    assert ran.code == Exit.CHECKS_FAILED


def test_waiting_too_long_is_exit_code_seven(world: World) -> None:
    assert world.send("--example", "form-d", "--wait", "queried", "--timeout", "0.3").code == Exit.TIMEOUT


def test_an_unknown_recipient_is_refused(world: World) -> None:
    ran = world.tb("send", "--example", "form-d", "--to", "NO-SUCH")
    assert ran.code == Exit.REFUSED
    assert "route.unknown-recipient" in ran.err


def test_a_duplicate_is_told_with_the_document_that_was_first(world: World) -> None:
    first = world.sent()["id"]
    (world.home / "again").write_bytes(world.tb("get", first).raw)
    ran = world.tb("send", "again", "--from", "sg", "--to", "th")
    assert ran.code == Exit.REFUSED
    assert f"fix: Use the first document: tb get {first} --as summary" in ran.err


def test_the_command_to_copy_holds_a_number_with_spaces_together(world: World) -> None:
    assert "tb get 'A B' --as timeline" in world.tb("send", "--example", "form-d", "--number", "A B").out


def test_the_same_key_and_bytes_give_the_first_answer_again(world: World) -> None:
    first = world.sent()
    (world.home / "again.xml").write_bytes(world.tb("get", first["id"]).raw)
    arguments = ("again.xml", "--from", "sg", "--to", "th", "--idempotency-key")
    refused = world.send(*arguments, "k-other")
    assert (refused.code, refused.json["error"]["code"]) == (Exit.REFUSED, "document.duplicate")


def test_a_replay_is_marked(world: World) -> None:
    made = world.tb("send", "--example", "form-d", "--dry-run", "--json")
    assert made.code == Exit.OK
    number = "SG-2026-77001"
    arguments = ("--example", "form-d", "--number", number, "--unsigned", "--idempotency-key", "k-1")
    first = world.send(*arguments)
    (world.home / "replay.xml").write_bytes(world.tb("get", first.json["id"]).raw)
    again = world.send("replay.xml", "--from", "sg", "--to", "th", "--idempotency-key", "k-1")
    assert (again.code, again.json["replayed"]) == (Exit.OK, True)
    assert again.json["receipt"] == first.json["receipt"]


MESSAGE = ROOT.parent / "shared" / "data" / "dcsa" / "messages" / "ebl-api-3.0.0-request.json"


@pytest.mark.skipif(not MESSAGE.exists(), reason="DCSA's messages are in ../shared, which is not beside this checkout")
def test_a_real_dcsa_message_is_sent_as_it_is_with_warnings_that_name_what_is_odd(world: World) -> None:
    text = re.sub(r'"([A-Z_]+)_PLACEHOLDER"', r'"TEST1"', MESSAGE.read_text())
    (world.home / "dcsa.json").write_text(text)
    ran = world.send("dcsa.json", "--from", "tradewaltz", "--to", "carrier", "--wait", "accepted")
    assert ran.code == Exit.OK, ran.out
    assert all(each["severity"] == "warning" for each in ran.json["findings"])
    assert any("issueTo" in each["pointer"] for each in ran.json["findings"])


def test_a_wrong_api_key_is_refused(world: World) -> None:
    ran = world.send("--example", "form-d", "--api-key", "tb_wrong")
    assert (ran.code, ran.json["error"]["code"]) == (Exit.REFUSED, "access.key-unknown")


# --- get, tail -------------------------------------------------------------------------------------------------------


def test_a_document_comes_back_byte_for_byte_by_id_and_by_number(world: World) -> None:
    sent = world.sent()
    by_id, by_number = world.tb("get", sent["id"]), world.tb("get", sent["number"])
    assert by_id.raw == by_number.raw
    assert by_id.raw.startswith(b"<")
    as_json = world.tb("get", sent["id"], "--json").json
    assert b64decode(as_json["bytes"]) == by_id.raw


def test_timeline_checks_and_summary_are_drawn_and_given(world: World) -> None:
    sent = world.sent()
    for form, word in (("timeline", "accepted"), ("checks", "signer"), ("summary", "TH-NSW")):
        assert word in world.tb("get", sent["id"], "--as", form).out
        assert world.tb("get", sent["id"], "--as", form, "--json").json


def test_a_member_sees_its_own_only(world: World) -> None:
    sent = world.sent()
    assert world.tb("get", sent["id"], "--member", "sg").code == Exit.OK
    ran = world.tb("get", sent["id"], "--member", "vn", "--json")
    assert (ran.code, ran.json["error"]["code"]) == (Exit.REFUSED, "access.not-yours")


def test_a_document_that_is_not_there_is_told(world: World) -> None:
    assert world.tb("get", "SG-1999-00000").code == Exit.REFUSED
    assert world.tb("get", "doc_0000000000nothing000000").code == Exit.REFUSED


def test_tail_shows_what_happened_since_the_beginning(world: World) -> None:
    number = world.sent()["number"]
    ran = world.tb(
        "tail", "--since", "-1", "--filter", f"type=document.accepted,number={number}", "--count", "1", "--json"
    )
    assert ran.code == Exit.OK
    assert ran.json["number"] == number


def test_tail_refuses_a_filter_that_is_none(world: World) -> None:
    assert world.tb("tail", "--filter", "document").code == Exit.USAGE


# --- verify ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def evidence(world: World) -> dict[str, Any]:
    """The evidence of a decided document, with its trust list kept beside it."""
    sent = world.sent()
    until = time.monotonic() + 10
    while time.monotonic() < until:  # the log takes the leaf in within a second, and its witnesses have seen it
        world.tb("get", sent["id"], "--as", "evidence", "-o", "evidence.json")
        found = json.loads((world.home / "evidence.json").read_text())
        if found["timestamp"]:
            break
        time.sleep(0.2)
    (world.home / "trust.json").write_text(json.dumps(found["trust"]))
    return dict(found)


def verify(world: World, evidence: dict[str, Any], *arguments: str) -> Ran:
    return world.tb("verify", "-", *arguments, stdin=json.dumps(evidence).encode())


def test_good_evidence_is_four_times_yes(world: World, evidence: dict[str, Any]) -> None:
    ran = verify(world, evidence, "--trust", "trust.json", "--json")
    assert [each["answer"] for each in ran.json["answers"]] == ["yes"] * 4, ran.out
    assert ran.code == Exit.OK


def test_the_four_answers_are_in_plain_words(world: World, evidence: dict[str, Any]) -> None:
    ran = verify(world, evidence, "--trust", "trust.json")
    assert sum(line.startswith("[ok]") for line in ran.out.splitlines()) == 4
    assert "SIMULATION" in ran.err


def test_evidence_of_a_document_is_fetched_by_its_id(world: World, evidence: dict[str, Any]) -> None:
    ran = world.tb("verify", evidence["document"]["id"], "--json")
    assert (ran.code, ran.json["trust"]) == (Exit.OK, "hub")


def test_evidence_of_a_document_is_fetched_by_its_number(world: World, evidence: dict[str, Any]) -> None:
    ran = world.tb("verify", evidence["document"]["number"], "--json")
    assert (ran.code, ran.json["document"]) == (Exit.OK, evidence["document"]["id"])


def test_a_changed_document_is_exit_code_five(world: World, evidence: dict[str, Any]) -> None:
    data = b64decode(evidence["document"]["bytes"])
    digit = data.index(b"2026")
    changed = {**evidence["document"], "bytes": b64encode(data[:digit] + b"2027" + data[digit + 4 :]).decode()}
    ran = verify(world, {**evidence, "document": changed}, "--trust", "trust.json", "--json")
    assert ran.code == Exit.SIGNATURE
    assert ran.json["answers"][0]["answer"] == "no"


def test_the_document_in_hand_is_compared(world: World, evidence: dict[str, Any]) -> None:
    (world.home / "hand.xml").write_bytes(b64decode(evidence["document"]["bytes"]))
    assert verify(world, evidence, "--trust", "trust.json", "--document", "hand.xml").code == Exit.OK
    (world.home / "hand.xml").write_bytes(world.tb("get", world.sent()["id"]).raw)
    assert verify(world, evidence, "--trust", "trust.json", "--document", "hand.xml").code == Exit.SIGNATURE


def test_keys_that_come_with_the_evidence_alone_never_make_a_yes(
    world: World, evidence: dict[str, Any], tb: Tb
) -> None:
    ran = tb("verify", "-", "--json", "--url", "http://127.0.0.1:1", stdin=json.dumps(evidence).encode())
    assert (ran.code, ran.json["trust"]) == (Exit.UNREACHABLE, "evidence")


def test_keys_of_another_world_trust_nobody_here(world: World, evidence: dict[str, Any]) -> None:
    stranger = {**evidence["trust"], "members": []}
    (world.home / "stranger.json").write_text(json.dumps(stranger))
    ran = verify(world, evidence, "--trust", "stranger.json")
    assert ran.code == Exit.SIGNATURE


@pytest.mark.usefixtures("evidence")  # writes trust.json
def test_a_file_that_is_none_of_those_that_are_checked_could_not_be_checked(world: World) -> None:
    for data in (b"no json", b"", b"\x89PNG"):
        ran = world.tb("verify", "-", "--trust", "trust.json", stdin=data)
        assert (ran.code, ran.out.count("could not check")) == (Exit.UNREACHABLE, 4)
        assert "do: Give the bundle (.asice)" in ran.out
    (world.home / "broken.json").write_text('{"format": ')
    ran = world.tb("verify", "broken.json", "--trust", "trust.json")
    assert (ran.code, "The document is not JSON." in ran.out) == (Exit.SIGNATURE, True)


def test_a_document_alone_is_asked_for_by_its_digests_and_offline_by_nothing(
    world: World, evidence: dict[str, Any], tb: Tb
) -> None:
    (world.home / "alone.xml").write_bytes(b64decode(evidence["document"]["bytes"]))
    asked = world.tb("verify", "alone.xml", "--trust", "trust.json")
    assert asked.code == Exit.OK, asked.out
    assert "yes: The hub says: " in asked.out
    assert "cosigned by" in asked.out
    alone = world.tb("verify", "alone.xml", "--trust", "trust.json", "--offline", "--json")
    assert [each["answer"] for each in alone.json["answers"]] == ["yes", "yes", "could-not-check", "could-not-check"]
    assert alone.code == Exit.UNREACHABLE
    away = world.tb("verify", "alone.xml", "--trust", "trust.json", "--url", "http://127.0.0.1:1", "--json")
    assert [each["findings"][0]["code"] for each in away.json["answers"][2:]] == ["evidence.hub-silent"] * 2
    changed = (world.home / "alone.xml").read_bytes().replace(b"Example", b"Exemple")
    ran = world.tb("verify", "-", "--trust", "trust.json", stdin=changed)
    assert (ran.code, "no: The hub has no such document on its record." in ran.out) == (Exit.SIGNATURE, True)


def test_a_pdf_of_the_hub_has_the_document_inside(world: World, evidence: dict[str, Any]) -> None:
    pytest.importorskip("typst", reason="the extra [pdf] is not installed")
    drawn = world.tb("render", evidence["document"]["id"], "-o", "form.pdf")
    assert drawn.code == Exit.OK, drawn.err
    ran = world.tb("verify", "form.pdf", "--trust", "trust.json")
    assert (ran.code, ran.out.count("[ok]")) == (Exit.UNREACHABLE, 3)
    assert "the page around it is signed by nobody" in ran.out
    assert verify(world, evidence, "--trust", "trust.json", "--document", "form.pdf").code == Exit.UNREACHABLE


def test_a_print_is_checked_by_number_and_code(world: World, evidence: dict[str, Any]) -> None:
    summary = json.loads(world.tb("get", evidence["document"]["id"], "--as", "summary", "--json").out)
    ran = world.tb("verify", summary["number"], "--code", summary["verify"]["code"])
    assert (ran.code, ran.out.count("[ok]")) == (Exit.UNREACHABLE, 3)
    assert "hub's word" in ran.err
    wrong = world.tb("verify", summary["number"], "--code", "0000-0000-0000-0000")
    assert (wrong.code, "do not belong together" in wrong.err) == (Exit.INVALID, True)


@pytest.mark.usefixtures("evidence")
def test_offline_asks_nobody(world: World) -> None:
    for arguments in (("SG-2026-00001", "--offline"), ("SG-2026-00001", "--code", "x", "--offline")):
        assert world.tb("verify", *arguments).code == Exit.USAGE
    of_a_print = world.tb(
        "verify", "SG-2026-00001", "--code", "x", "--at", "2026-01-06T00:00:00Z", "--trust", "trust.json"
    )
    assert (of_a_print.code, "--at and --trust: of a print" in of_a_print.err) == (Exit.USAGE, True)
    assert world.tb("verify", "trust.json", "--document", "trust.json", "--trust", "trust.json").code == Exit.USAGE


@pytest.mark.usefixtures("evidence")
def test_a_member_that_lacks_is_named_and_its_neighbours_are_not_shown(world: World) -> None:
    ran = verify(world, {"format": "tradebridge-evidence/1", "secret": "shown to nobody"}, "--trust", "trust.json")
    assert "Found: nothing." in ran.out
    assert "shown to nobody" not in ran.out


# --- verify, and the commands of docs/verify.md ----------------------------------------------------------------------

WITHOUT_US = "## With unzip, openssl, xmlsec1 and sha256sum"


def shell_of_the_page() -> str:
    """All that docs/verify.md has a person type without us, from the unzipping to the events."""
    page = ROOT / "docs" / "verify.md"
    text = page.read_text()
    first = text[: text.index(WITHOUT_US)].count("\n") + 1
    last = text[: text.index("## Who watches the log")].count("\n") + 1
    blocks = [each.text for each in blocks_of(page) if each.language == "bash" and first < each.line < last]
    assert len(blocks) >= 6
    return "set -e\n" + "\n".join(blocks)


def _files(data: bytes) -> dict[str, bytes]:
    found = read_archive(data)
    assert isinstance(found, Mapping)
    return {name: content for name, content in found.items() if name != "mimetype"}


def _one(ending: str, files: dict[str, bytes]) -> str:
    return next(name for name in files if name.endswith(ending))


def _summed(files: dict[str, bytes]) -> dict[str, bytes]:
    """With a list of sums that fits again, as who changes a file would write it."""
    names = [line.split("  ")[1] for line in files["SHA256SUMS"].decode().splitlines()]
    sums = "".join(f"{sha256(files[name]).hexdigest()}  {name}\n" for name in names)
    return {**files, "SHA256SUMS": sums.encode()}


def _flipped(ending: str, at: int = 10) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    def change(files: dict[str, bytes]) -> dict[str, bytes]:
        name = _one(ending, files)
        data = files[name]
        return {**files, name: data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]}

    return change


CHANGES: dict[str, Callable[[dict[str, bytes]], dict[str, bytes]]] = {
    "nothing": lambda files: files,
    "the document": _flipped("document.xml", 300),
    "the document, and the sums with it": lambda files: _summed(_flipped("document.xml", 300)(files)),
    "a record": _flipped("record.json", 30),
    "the checkpoint's root": lambda files: _summed(_flipped("root.bin")(files)),
    "a file of the proof": _flipped("salt.bin"),
    "the hub's signature": _flipped("signature.p7s", -20),
    "the manifest": _flipped("ASiCManifest.xml", -40),
    "an event": lambda files: _summed(_flipped("event.json", 40)(files)),
}


@pytest.mark.skipif(not all(map(shutil.which, ("openssl", "unzip", "xmlsec1"))), reason="a program is not installed")
@pytest.mark.parametrize("name", CHANGES)
def test_tb_verify_and_the_shell_commands_of_the_page_agree(
    world: World, evidence: dict[str, Any], tmp_path: Path, name: str
) -> None:
    """On a good bundle and on changed ones; neither asks a hub: the shell cannot, and `tb` is told not to."""
    if not (world.home / "good.asice").exists():
        assert world.tb("evidence", "get", evidence["document"]["id"], "-o", "good.asice").code == Exit.OK
    changed = CHANGES[name](_files((world.home / "good.asice").read_bytes()))
    (tmp_path / "case.asice").write_bytes(write_archive(list(changed.items()), MEDIA_TYPE))
    trust = str(world.home / "trust.json")
    ours = in_process(tmp_path)("verify", "case.asice", "--trust", trust, "--offline").code == Exit.OK
    theirs = subprocess.run(["bash", "-c", shell_of_the_page()], cwd=tmp_path, capture_output=True, check=False)
    assert ours == (theirs.returncode == 0) == (name == "nothing"), theirs


# --- member, doctor --------------------------------------------------------------------------------------------------


def test_members_are_listed_and_shown(world: World) -> None:
    listed = world.tb("member", "list", "--json").json["items"]
    assert {each["id"] for each in world.told["members"]} <= {each["id"] for each in listed}
    assert "TH-NSW" in world.tb("member", "list").out
    assert "atiga-form-d/2022" in world.tb("member", "show", "th").out


def test_a_member_is_added_suspended_resumed_and_gets_a_new_key(world: World) -> None:
    facts = ("--country", "SG", "--kind", "platform", "--role", "recipient", "--accepts", "atiga-form-d/2022")
    dry = world.tb("member", "add", "MINE-TEST", *facts, "--dry-run", "--json")
    assert dry.json["member"]["accepts"] == ["atiga-form-d/2022"]
    added = world.tb("member", "add", "MINE-TEST", *facts, "--json")
    assert added.code == Exit.OK, added.out
    assert added.json["apiKey"].startswith("tb_")
    again = world.tb("member", "add", "MINE-TEST", *facts, "--json")
    assert (again.code, again.json["error"]["code"]) == (Exit.REFUSED, "member.exists")
    suspended = world.tb("member", "suspend", "MINE-TEST", "--reason", "holiday", "--json")
    assert suspended.json["status"] == "suspended"
    assert world.tb("member", "resume", "MINE-TEST", "--json").json["status"] == "active"
    rotated = world.tb("member", "rotate-key", "MINE-TEST", "--overlap", "0", "--json").json["apiKey"]
    assert rotated != added.json["apiKey"]
    listed = ("member", "list", "--json", "--api-key")
    assert world.tb(*listed, rotated).code == Exit.OK
    assert world.tb(*listed, added.json["apiKey"]).code == Exit.REFUSED


def test_a_member_cannot_administer(world: World) -> None:
    key = next(each["apiKey"] for each in world.told["members"] if each["id"] == "SG-NSW")
    ran = world.tb("member", "suspend", "TH-NSW", "--api-key", key, "--json")
    assert (ran.code, ran.json["error"]["code"]) == (Exit.REFUSED, "access.scope")


def test_a_member_without_its_facts_is_refused_with_every_one_missing(world: World) -> None:
    ran = world.tb("member", "add", "EMPTY-TEST", "--json")
    assert ran.code == Exit.REFUSED
    assert len(ran.json["findings"]) >= 2


def test_doctor_finds_the_running_world_well(world: World) -> None:
    ran = world.tb("doctor", "--json")
    assert (ran.code, ran.json["healthy"]) == (Exit.OK, True), ran.out
    assert {"hub alive", "hub ready", "clock", "world"} <= {each["name"] for each in ran.json["checks"]}


# --- render ----------------------------------------------------------------------------------------------------------


def test_a_document_of_the_hub_is_drawn_with_the_code_that_checks_it(world: World) -> None:
    sent = world.sent("--example", "form-d", "--number", "SG-2026-77009")
    for name in (sent["id"], "SG-2026-77009"):
        ran = world.tb("render", name, "-o", "drawn.html", "--json")
        assert (ran.code, ran.json["as"]) == (Exit.OK, "html"), ran.err
    page = (world.home / "drawn.html").read_text(encoding="utf-8")
    assert "SPECIMEN" in page
    address, _, code = re.findall(r'href="([^"]*/v/SG-2026-77009#k=[0-9a-z]{16})"', page)[0].partition("#k=")
    assert address.startswith(world.told["hub"]["url"])
    checked = httpx.post(address, data={"code": code}, headers={"Accept": "application/json"})
    assert checked.json()["found"] is True
    assert world.tb("render", "SG-2026-00000-NONE", "-o", "x.html").code == Exit.REFUSED


# --- the simulation --------------------------------------------------------------------------------------------------


def test_the_simulation_is_moved_by_commands_each_with_json(world: World) -> None:
    assert world.tb("clock", "advance", "P1D", "--json").json["mode"] == "real"
    script = world.tb("script", "next", "VN", "rejected", "--reason", "hs-mismatch", "--json").json
    fault = world.tb("fault", "add", "lost-acknowledgement", "--on", "VN", "--set", "x=1", "--json")
    assert (fault.code, fault.json["error"]["code"]) == (Exit.REFUSED, "simulation.malformed")
    assert world.tb("fault", "add", "latency", "--on", "VN", "--set", "delay=0.1", "--json").json["on"] == "VN-NSW"
    sent = world.send("--example", "form-d", "--from", "sg", "--to", "vn", "--wait", "rejected")
    assert sent.code == Exit.OK, sent.err
    (used,) = world.tb("script", "list", "--json").json["items"]
    assert (used["id"], used["left"]) == (script["id"], 0)
    (struck,) = world.tb("fault", "list", "--json").json["items"]
    assert struck["struck"] == 1
    assert world.tb("journal", "show", "--kind", "fault", "--member", "VN", "--json").json["items"]
    for arguments in (["fault", "clear"], ["script", "clear"], ["clock", "real"], ["officer", "set", "VN", "auto"]):
        assert world.tb(*arguments).code == Exit.OK
    listed = ("fault list", "script list", "officer list", "space list", "snapshot list", "clock show", "journal near")
    assert all(world.tb(*command.split()).code == Exit.OK for command in listed)


def test_a_session_is_recorded_and_replayed_and_what_differs_is_exit_code_one(world: World) -> None:
    assert world.tb("space", "add", "session").code == Exit.OK
    url = world.tb("record", "start", "--space", "session", "--json").json["url"]
    mistakes = str(ROOT / "tests/vectors/certificates/wrong/five-mistakes.json")
    assert world.tb("send", mistakes, "--from", "sg", "--to", "th", "--url", url).code == Exit.INVALID
    assert "calls" in world.tb("record", "show", "--space", "session").out
    stopped = world.tb("record", "stop", "--space", "session", "--quiet", "0", "-o", "session.json", "--json")
    assert (stopped.code, stopped.json["full"], stopped.json["before"]) == (Exit.OK, False, 0)
    assert world.tb("record", "show", "--space", "session").code == Exit.REFUSED
    same = world.tb("replay", "session.json", "--json")
    assert (same.code, same.json["differences"]) == (Exit.OK, []), same.out
    cassette = json.loads((world.home / "session.json").read_text())
    errors = next(each["answer"]["json"]["errors"] for each in cassette["steps"] if "errors" in each["answer"]["json"])
    gone = errors.pop()
    (world.home / "session.json").write_text(json.dumps(cassette))
    differs = world.tb("replay", "session.json", "-o", "again.json")
    assert differs.code == Exit.CHECKS_FAILED
    assert "before: not found" in differs.out
    assert gone["code"] in differs.out
    (world.home / "other.json").write_text(json.dumps(cassette | {"seed": "43"}))
    assert world.tb("replay", "other.json").code == Exit.UNREACHABLE
    assert world.tb("replay", str(ROOT / "README.md")).code == Exit.INVALID


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["record", "show"], Exit.REFUSED),
        (["clock", "advance", "soon"], Exit.REFUSED),
        (["clock", "show", "--space", "nobody"], Exit.REFUSED),
        (["clock", "show", "--world", "http://127.0.0.1:1"], Exit.UNREACHABLE),
        (["fault", "add", "gremlins"], Exit.REFUSED),
        (["fault", "add", "latency", "--set", "delay"], Exit.USAGE),
        (["officer", "decide", "TH", "nothing", "accepted"], Exit.REFUSED),
        (["snapshot", "load", "nothing"], Exit.REFUSED),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_what_the_simulation_refuses_has_an_exit_code(world: World, arguments: list[str], code: Exit) -> None:
    assert world.tb(*arguments).code == code


def test_tables_of_the_simulation_need_no_world(tb: Tb) -> None:
    assert any(each["ending"] == "-R02" for each in tb("magic", "--json").json["items"])
    assert any(each["name"] == "maintenance" for each in tb("fault", "recipes", "--json").json["items"])
    assert "-T30" in tb("magic").out
    assert "you should see" in tb("fault", "recipes").out
    assert tb("clock", "show").code == Exit.UNREACHABLE
