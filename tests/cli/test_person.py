"""`tb person` over a real hub: added, listed, given roles, reset, suspended; each on the record with who did it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.exchange.cast import NOW, Cast
from tests.exchange.running import hub_in_thread
from tests.exchange.test_log_and_evidence import settled
from tradebridge.cli.root import run


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    with hub_in_thread(tmp_path_factory.mktemp("hub"), password_memory=64) as running:
        cast = running.join()
        cast.operator.change_member("TH-NSW", {"desk": {}})
        yield cast


def tb(capsys: pytest.CaptureFixture[str], cast: Cast, *arguments: str) -> tuple[int, str]:
    code = run([*arguments, "--url", cast.url])
    shown = capsys.readouterr()
    return code, shown.out + shown.err


def test_a_person_is_added_changed_reset_and_suspended(cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    given = ("--name", "Anan T.", "--member", "th", "--role", "officer", "--role", "supervisor")
    code, shown = tb(capsys, cast, "person", "add", "anan.t", *given)
    assert code == 0 and "anan.t may sign in" in shown
    first = shown.splitlines()[0]
    code, shown = tb(capsys, cast, "person", "reset", "anan.t", "--json")
    again = json.loads(shown)
    assert (code, again["person"]["member"], again["person"]["roles"]) == (0, "TH-NSW", ["officer", "supervisor"])
    assert len(first) == len(again["password"]) == 19 and first != again["password"]
    assert tb(capsys, cast, "person", "role", "anan.t", "auditor")[1].strip().endswith("anan.t is active: auditor")
    assert "suspended" in tb(capsys, cast, "person", "suspend", "anan.t")[1]
    listed = json.loads(tb(capsys, cast, "person", "list", "--json")[1])["items"]
    own = next(each for each in listed if each["id"] == "anan.t")
    assert own == {
        "id": "anan.t",
        "name": "Anan T.",
        "member": "TH-NSW",
        "roles": ["auditor"],
        "status": "suspended",
    }
    assert {"officer.th-nsw", "operator"} <= {each["id"] for each in listed}
    shown = tb(capsys, cast, "person", "list")[1]
    assert any(line.split()[:3] == ["anan.t", "TH-NSW", "auditor"] for line in shown.splitlines())
    assert "active" in tb(capsys, cast, "person", "resume", "anan.t")[1]


def test_what_is_wrong_is_told_with_its_code(cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    code, shown = tb(capsys, cast, "person", "add", "Big", "--role", "operator", "--member", "th")
    assert code != 0 and "person.malformed" in shown and "/id" in shown and "/member" in shown
    code, shown = tb(capsys, cast, "person", "suspend", "nobody.here")
    assert code != 0 and "person.unknown" in shown
    assert tb(capsys, cast, "person", "add", "operator", "--role", "operator")[0] == 6


def test_the_record_of_people_tells_of_it_and_holds(
    cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = httpx.get(f"{cast.url}/console/sign-in")
    token = re.findall(r'name="csrf" value="(\w+)"', page.text)[0]
    form = {"csrf": token, "name": "nobody", "password": "x", "code": ""}
    assert httpx.post(f"{cast.url}/console/sign-in", data=form, cookies=dict(page.cookies)).status_code == 403
    settled(cast)
    file = tmp_path / "record.ndjson"
    assert tb(capsys, cast, "audit", "export", "-o", str(file))[0] == 0
    code, shown = tb(capsys, cast, "audit", "verify", str(file), "--at", NOW.isoformat())
    assert code == 0 and re.search(r"\b\d+ person\b", shown), shown
