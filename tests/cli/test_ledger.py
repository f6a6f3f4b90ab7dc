"""`tb utilisation` and `tb stats` against a hub: what is left, who drew, what fails, how long it takes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from schemas.event import EventType
from tests.cli.conftest import Ran, in_process
from tests.exchange.cast import Cast, certificate, event, refused_by, use
from tests.exchange.running import hub_in_thread
from tradebridge.cli.exits import Exit
from tradebridge.cli.stats import duration

NUMBER = "SG-2026-07001"


@dataclass(frozen=True)
class Seen:
    """A hub with one certificate that was accepted, and drawn on twice, once provisionally; and one refused."""

    cast: Cast
    home: Path

    def tb(self, *arguments: str) -> Ran:
        return in_process(self.home)(*arguments, "--url", self.cast.url)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    with hub_in_thread(tmp_path_factory.mktemp("hub")) as cast:
        cast.join()
        one = cast["SG-NSW"].submit(certificate(NUMBER), ["TH-NSW"])
        told = [
            (EventType.ACCEPTED, {}),
            (EventType.UTILISED, use(1, (1, "100", "KGM"), (2, "0.02", "TNE"))),
            (EventType.UTILISED, use(2, (1, "50.5", "KGM"), draw="provisional")),
        ]
        for sequence, (kind, body) in enumerate(told):
            token = event(kind, one.id, one.content_digest, "TH-NSW", sequence=sequence, body=body)
            cast["TH-NSW"].send_event(one.id, token)
        refused_by(cast["SG-NSW"].submit, b"<what/>", ["TH-NSW"])
        yield Seen(cast, tmp_path_factory.mktemp("home"))


def test_utilisation_shows_what_is_left_and_who_drew(seen: Seen) -> None:
    ran = seen.tb("utilisation", NUMBER)
    assert ran.code == Exit.OK, ran.err
    lines = [line.split() for line in ran.out.splitlines()]
    assert lines[0][0] == NUMBER and lines[0][-1] == "partly"
    assert ["1", "600", "100", "50.5", "449.5", "KGM"] in lines
    assert ["2", "5520", "20", "0", "5500", "KGM"] in lines
    assert "100 KGM of item 1, 0.02 TNE of item 2" in ran.out
    assert ran.out.index("TH-2026-00002") < ran.out.index("TH-2026-00001")  # the newest first
    same = seen.tb("utilisation", NUMBER, "--member", "th", "--json").json
    assert [each["state"] for each in same["draws"]] == ["provisional", "final"]


def test_utilisation_of_somebody_elses_certificate_is_refused(seen: Seen) -> None:
    document = seen.cast.operator.documents(number=NUMBER).items[0]["id"]
    ran = seen.tb("utilisation", document, "--member", "vn")
    assert ran.code == Exit.REFUSED
    assert "access.not-yours" in ran.err


def test_stats_show_what_fails_and_how_long_decisions_take(seen: Seen) -> None:
    ran = seen.tb("stats")
    assert ran.code == Exit.OK, ran.err
    lines = [line.split() for line in ran.out.splitlines()]
    assert ["1", "profile.not-recognised", "error", "SG-NSW", ">", "TH-NSW", "not", "recognised"] in lines
    assert ["1", "1", "0", "0", "s", "0", "s", "SG-NSW", ">", "TH-NSW", "atiga-form-d/2022"] in lines
    own = seen.tb("stats", "--member", "vn", "--json").json
    assert (own["rules"], own["decisions"]) == ([], [])
    assert "nothing yet" in seen.tb("stats", "--to", "vn").out
    assert seen.tb("stats", "--from", "sg", "--to", "th", "--json").json["decisions"][0]["decided"] == 1


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0 s"), (59.94, "59.9 s"), (60, "1 min"), (5400, "1.5 h"), (86_400, "1 days"), (300_000, "3.5 days")],
)
def test_a_duration_is_told_as_people_say_it(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown
