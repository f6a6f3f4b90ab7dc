"""`tb event` and `tb apply` against a hub: what officers and applicants say, from the command line."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from schemas.content import Syntax
from schemas.registry import profile_of
from tests.cli.conftest import Ran, in_process
from tests.exchange.cast import Cast, encoded, signed
from tests.exchange.running import hub_in_thread
from tradebridge.cli.exits import Exit

NUMBERS = count(1)
DECLARED = ("--declaration", "TH-2026-778", "--use", "1=2.5 KGM", "--port", "THBKK")


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    """A hub whose clock goes, with an authority that takes applications and a platform that makes them."""
    with hub_in_thread(tmp_path_factory.mktemp("hub"), clock=None) as running:
        running.join(
            JP_JCCI={"roles": ["issuer", "sender", "recipient"], "accepts": ["co-application/1"]},
            OLD_EXPORT={"sends": ["co-application/1"]},
        )
        yield running


class Saying:
    """`tb event` about one certificate, at the hub of the cast."""

    def __init__(self, cast: Cast, home: Path, number: str) -> None:
        self._cast, self._tb, self.number = cast, in_process(home), number
        data = signed(a_certificate("atiga-form-d/2022", number), at=datetime.now(UTC).replace(microsecond=0))
        self.id = cast["SG-NSW"].submit(data, ["TH-NSW"]).id

    def tb(self, *arguments: str) -> Ran:
        return self._tb(*arguments, "--url", self._cast.url)

    def __call__(self, what: str, *arguments: str) -> Ran:
        return self.tb("event", self.number, what, *arguments, "--json")

    @property
    def state(self) -> tuple[str, int]:
        own = self._cast.operator.summary(self.id)["recipients"]["TH-NSW"]
        return (own["state"], own["sequence"])


def a_certificate(profile: str, number: str, **route: str) -> Any:
    found = profile_of(profile)
    assert found is not None
    return found.example(number=number, at=datetime.now(UTC), **route)


@pytest.fixture
def say(cast: Cast, tmp_path: Path) -> Saying:
    return Saying(cast, tmp_path, f"SG-2026-{next(NUMBERS):05d}")


def test_a_query_is_asked_answered_and_decided(say: Saying) -> None:
    ran = say("queried", "--ask", "8=Which materials count?", "--ask", "3=Which voyage?", "--person", "Officer 7")
    assert ran.code == Exit.OK, (ran.out, ran.err)
    assert (ran.json["type"], ran.json["state"], ran.json["recipient"]) == ("queried", "queried", "TH-NSW")
    half = say("answered", "--answer", "q1=The yarn.")
    assert (half.code, half.json["error"]["code"]) == (Exit.REFUSED, "event.question-open")
    assert say("answered", "--answer", "q1=The yarn.", "--correct", "q2=012W=Another ship.").code == Exit.OK
    assert say("accepted", "--minor", "vessel@3=Another voyage.").code == Exit.OK
    assert say.state == ("accepted", 3)


def test_a_use_is_drawn_and_given_up(say: Saying) -> None:
    assert say("accepted").code == Exit.OK
    drawn = say("utilised", *DECLARED, "--provisional")
    assert drawn.code == Exit.OK, (drawn.out, drawn.err)
    assert say.state == ("utilised", 2)
    assert say("released", "--draw", drawn.json["id"]).code == Exit.OK
    assert say.state == ("accepted", 3)


def test_a_verification_goes_to_and_fro(say: Saying) -> None:
    ran = say("verification-requested", "--box", "8", "--reason", "content@8=It seems too low.")
    assert (ran.code, ran.json["verification"]) == (Exit.OK, "requested")
    early = say("verification-concluded", "--outcome", "no-answer")
    assert (early.code, early.json["error"]["code"]) == (Exit.REFUSED, "event.not-now")
    assert say("verification-answered", "--result", "confirms", "--text", "The cost sheet was seen.").code == Exit.OK
    assert say("verification-concluded", "--outcome", "confirmed").json["verification"] == "confirmed"


def test_people_read_what_happened_in_words(say: Saying) -> None:
    ran = say.tb("event", say.id, "examined")
    assert ran.code == Exit.OK
    assert "[ok]   examined   said by TH-NSW, receipt signed by the hub" in ran.out
    assert "now examined at TH-NSW, sequence 1" in ran.out


def test_a_dry_run_says_nothing(say: Saying) -> None:
    ran = say("rejected", "--reason", "origin@8=It does not qualify.", "--dry-run")
    assert ran.code == Exit.OK
    assert ran.json["reasons"] == [{"code": "origin", "pointer": "", "box": "8", "text": "It does not qualify."}]
    assert ran.json["actor"]["member"] == "TH-NSW"
    assert say.state == ("issued", 0)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("rejected",), "event.reason-missing"),
        (("rejected", "--minor", "vessel@3"), "event.reason-minor-only"),
        (("accepted", "--by", "sg"), "event.wrong-party"),
        (("accepted", "--by", "vn"), "document.unknown"),
        (("accepted", "--sequence", "7"), "event.old-sequence"),
        (("utilised", *DECLARED), "event.not-now"),
        (("cancelled", "--by", "th"), "event.wrong-party"),
    ],
)
def test_what_may_not_be_said_is_refused_and_changes_nothing(
    say: Saying, arguments: tuple[str, ...], code: str
) -> None:
    ran = say(*arguments)
    assert ran.code == Exit.REFUSED, (ran.out, ran.err)
    assert ran.json["error"]["code"] in (code, "access.not-yours")
    assert say.state == ("issued", 0)


@pytest.mark.parametrize(
    "arguments",
    [
        ("queried", "--ask", "why?"),
        ("answered", "--answer", "because"),
        ("answered", "--correct", "q1=only"),
        ("utilised", "--declaration", "X", "--use", "all of it"),
        ("utilised", "--use", "1=2.5 KGM"),
        ("accepted", "--reason", "=nothing"),
        ("expired",),
    ],
)
def test_a_mistyped_option_is_an_error_of_usage(say: Saying, arguments: tuple[str, ...]) -> None:
    assert say(*arguments).code == Exit.USAGE


def test_an_exporter_applies_and_the_authority_issues(cast: Cast, tmp_path: Path) -> None:
    tb = in_process(tmp_path)
    wanted = a_certificate("ajcep-form-aj/2014", "DRAFT", exporter="JP", importer="VN")
    (tmp_path / "draft.json").write_bytes(encoded(wanted, Syntax.JSON))
    ran = tb(
        "apply", "draft.json", "--from", "OLD-EXPORT", "--to", "jcci", "--number", "APP-7", "--url", cast.url, "--json"
    )
    assert ran.code == Exit.OK, (ran.out, ran.err)
    assert (ran.json["profile"], ran.json["number"]) == ("co-application/1", "APP-7")
    issued = tb("event", "APP-7", "issued", "--certificate", "JP-2026-00041", "--url", cast.url, "--json")
    assert (issued.code, issued.json["state"]) == (Exit.OK, "issued"), (issued.out, issued.err)


def test_what_would_be_refused_is_not_applied_for(tmp_path: Path) -> None:
    tb = in_process(tmp_path)
    wanted = a_certificate("ajcep-form-aj/2014", "DRAFT", exporter="JP", importer="VN")
    wrong = json.loads(encoded(wanted, Syntax.JSON)) | {"invoices": []}
    (tmp_path / "draft.json").write_text(json.dumps(wrong))
    ran = tb("apply", "draft.json", "--output", "application.json", "--json")
    assert ran.code == Exit.INVALID
    assert "/certificate/invoices" in {each["pointer"] for each in ran.json["findings"]}
    assert not (tmp_path / "application.json").exists()
