"""A document's own timestamp: asked for by who may see it, kept, in evidence and bundle from then on."""

from base64 import b64decode
from pathlib import Path

import pytest
from starlette.responses import Response

from simulator import tsa
from simulator.clock import FrozenClock
from tests.exchange.cast import NOW, SEED, certificate, refused_by
from tests.exchange.test_witnesses import ROOT, answering, watched
from tests.waiting import until
from tradebridge.cli.root import run
from tradebridge.evidence.bundle import verify_bundle
from tradebridge.evidence.simulation import test_api_key
from tradebridge.evidence.timestamps import Timestamp, read_timestamp
from tradebridge.evidence.trust import TrustList


def test_it_is_asked_for_once_and_kept(tmp_path: Path, database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    authority = tsa.app_of(tsa.Authority(SEED), FrozenClock(NOW))
    with watched(tmp_path, [], timestamps=authority, database_url=database_url) as cast:
        data = certificate("SG-2026-39000")
        accepted = cast["SG-NSW"].submit(data, ["TH-NSW"])
        assert cast["TH-NSW"].evidence(accepted.id)["document"]["timestamp"] is None
        told = cast["TH-NSW"].timestamp(accepted.id)
        assert (told["document"], told["authority"]) == (accepted.id, "TSA")
        read = read_timestamp(b64decode(told["token"]), data, [ROOT])
        assert isinstance(read, Timestamp) and read.at == NOW.replace(microsecond=0)
        assert cast["SG-NSW"].timestamp(accepted.id) == told
        assert refused_by(cast["JP-JCCI"].timestamp, accepted.id).code == "access.not-yours"
        assert (
            run(
                [
                    "evidence",
                    "timestamp",
                    "SG-2026-39000",
                    "--url",
                    cast.url,
                    "--api-key",
                    test_api_key(SEED, "OPERATOR"),
                ]
            )
            == 0
        )
        assert "TSA dates it" in capsys.readouterr().out

        def whole() -> bool:
            evidence = cast["SG-NSW"].evidence(accepted.id)
            return bool(evidence["document"]["timestamp"] == told["token"] and evidence["timestamp"])

        until(whole)
        trust = TrustList.from_json(cast["SG-NSW"].trust())
        bundle = cast["SG-NSW"].bundle(accepted.id).data
        assert bundle == cast["SG-NSW"].bundle(accepted.id).data
        report = verify_bundle(bundle, trust, NOW)
        assert report.exit_code == 0 and "TSA dates them" in report.unchanged.reason


def test_without_an_authority_that_answers_there_is_none(tmp_path: Path) -> None:
    with watched(tmp_path, []) as cast:
        accepted = cast["SG-NSW"].submit(certificate("SG-2026-39001"), ["TH-NSW"])
        refused = refused_by(cast["SG-NSW"].timestamp, accepted.id)
        assert (refused.code, refused.status) == ("timestamp.no-authority", 409)
    with watched(tmp_path, [], timestamps=answering(lambda body: Response(b"rubbish"))) as cast:
        refused = refused_by(cast["SG-NSW"].timestamp, accepted.id)
        assert (refused.code, refused.status) == ("timestamp.unavailable", 503)
