"""Sending again from the page of an exchange: at once what waits for its next attempt, and again what is dead."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.exchange.cast import SEED, certificate
from tests.exchange.running import hub_in_thread
from tests.exchange.test_delivery import Window, _error, state
from tests.waiting import until
from tradebridge.cli import root
from tradebridge.cli.exits import Exit
from tradebridge.evidence.simulation import test_api_key


def tb(url: str, capsys: pytest.CaptureFixture[str], *arguments: str, code: int = Exit.OK) -> Any:
    """What `tb delivery` answers, as JSON."""
    key = test_api_key(SEED, "OPERATOR")
    assert root.run(["delivery", *arguments, "--url", url, "--api-key", key]) == code
    return json.loads(capsys.readouterr().out)


def test_what_waits_and_what_is_dead_is_sent_again_from_its_exchange(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    window = Window("TH-NSW")
    window.answer = _error
    slow: dict[str, Any] = {"retry_base_seconds": 200.0, "retry_max_seconds": 300.0, "retry_attempts": 2}
    with hub_in_thread(tmp_path, **slow) as running, httpx.Client(base_url=running.url, timeout=20) as pages:
        cast = running.join(TH_NSW={"delivery": {"mode": "push", "url": window.url}})
        try:
            document = cast["SG-NSW"].submit(certificate("SG-AGAIN-1"), ["TH-NSW"]).id
            where = f"/console/d/{document}"

            def again(words: str) -> httpx.Response:
                page = pages.get(where).text
                found = re.search(rf'action="({where}/deliveries/[^"]+/resend)"><button class="quiet">{words}<', page)
                assert found is not None and "HTTP 500" in page
                delivery = found[1].split("/")[-2]
                assert f"tb delivery resend {delivery}" in page and f"/v1/deliveries/{delivery}:resend" in page
                assert words in pages.get("/console/deliveries").text
                return pages.post(found[1])

            until(lambda: state(cast) == "retrying")
            sent = again("Try now")
            assert (sent.status_code, sent.headers["location"]) == (303, where)
            until(lambda: state(cast) == "dead")  # the second attempt was the last
            listed = tb(running.url, capsys, "list", "--state", "dead", "--json")["items"]
            assert [(each["recipient"], each["attempts"]) for each in listed] == [("TH-NSW", 2)]
            assert tb(running.url, capsys, "resend", listed[0]["id"], "--json") == {"delivery": listed[0]["id"]}
            until(lambda: state(cast) == "retrying")  # as often as before
            again("Try now")
            until(lambda: state(cast) == "dead")
            window.answer = Window.acknowledge
            again("Send again")
            until(lambda: state(cast) == "delivered")
            page = pages.get(where).text
            assert "Not delivered to" not in page
            (done,) = cast.operator.deliveries().items
            assert tb(running.url, capsys, "resend", done["id"], "--json", code=Exit.REFUSED)["ok"] is False
            late = pages.post(f"{where}/deliveries/{done['id']}/resend")
            assert (late.status_code, "delivery.not-dead" in late.text) == (409, True)
            other = pages.post(f"/console/d/doc_other/deliveries/{done['id']}/resend")
            assert (other.status_code, "delivery.unknown" in other.text) == (404, True)
        finally:
            window.close()
