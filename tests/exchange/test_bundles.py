"""Bundles of a hub whose own key changes. Keys are as a real hub makes them: a certificate begins when it is made."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.exchange.cast import NOW, SEED, Cast, certificate, description
from tests.exchange.running import hub_in_thread
from tests.exchange.test_log_and_evidence import settled
from tradebridge.client import Hub
from tradebridge.evidence.bundle import SIGNATURE, Bundle, open_bundle, verify_bundle
from tradebridge.evidence.simulation import test_api_key
from tradebridge.evidence.times import rfc3339
from tradebridge.evidence.trust import TrustList

DAY = timedelta(days=1)
LATER = NOW + DAY


@contextmanager
def real_hub(data: Path, at: datetime) -> Iterator[Cast]:
    """A hub with keys in files; its business clock stands at `at`."""
    with hub_in_thread(data, seed="", clock=at, operator_key=test_api_key(SEED, "OPERATOR")) as cast:
        yield cast


def submitted(cast: Cast, *numbers: str) -> list[str]:
    """Ids of documents, on the record."""
    keys = {
        member: cast.operator.add_member(description(member, apiKey=None)).api_key for member in ("SG-NSW", "TH-NSW")
    }
    with Hub(cast.url, keys["SG-NSW"]) as sender:
        accepted = [sender.submit(certificate(number), ["TH-NSW"]).id for number in numbers]
    settled(cast)
    return accepted


@dataclass(frozen=True)
class Rotated:
    """A hub that has rotated its key a day later, and has then found that the old one was in other hands."""

    old: str
    new: str
    rotated: TrustList
    distrusted: TrustList
    first: bytes
    """The bundle of a document, made before."""
    again: bytes
    """The same after the rotation."""
    older: bytes
    """Of another document of then, asked for after the rotation only."""
    anew: bytes
    """Of the first, when the old key was distrusted."""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Rotated:
    data = tmp_path_factory.mktemp("rotated")
    with real_hub(data, NOW) as cast:
        one, two = submitted(cast, "SG-2026-09911", "SG-2026-09912")
        first = cast.operator.bundle(one).data
    with real_hub(data, LATER) as cast:
        new = cast.operator.rotate_signing_key("HUB", overlap=0)["kid"]
        rotated = TrustList.from_json(cast.operator.trust())
        again, older = cast.operator.bundle(one).data, cast.operator.bundle(two).data
        (old,) = {key.kid for key in rotated.hub.keys} - {new}
        cast.operator.revoke_signing_key(old, since=rfc3339(LATER - timedelta(hours=1)), compromised=True)
        anew = cast.operator.bundle(one).data
        assert cast.operator.bundle(one).data == anew
        distrusted = TrustList.from_json(cast.operator.trust())
    return Rotated(old, new, rotated, distrusted, first, again, older, anew)


def opened(data: bytes, trust: TrustList) -> Bundle:
    found = open_bundle(data, trust, None)
    assert isinstance(found, Bundle), found
    return found


def test_what_was_signed_once_stays_as_it_was(hub: Rotated) -> None:
    assert hub.again == hub.first
    assert verify_bundle(hub.first, hub.rotated, LATER).exit_code == 0


def test_the_bundle_of_an_older_document_is_signed_when_it_is_made_by_the_key_of_then(hub: Rotated) -> None:
    for data, kid, at in ((hub.first, hub.old, NOW), (hub.older, hub.new, LATER)):
        signed = opened(data, hub.rotated).signed
        assert (signed.kid, signed.signed_at) == (kid, at)
    assert verify_bundle(hub.older, hub.rotated, LATER).exit_code == 0


def test_a_bundle_by_a_key_that_is_distrusted_since_is_still_read(hub: Rotated) -> None:
    report = verify_bundle(hub.first, hub.distrusted, LATER)
    assert {report.unchanged.verdict, report.issued.verdict, report.recorded.verdict} == {"yes"}, report
    assert (SIGNATURE, "signature.distrusted-key") in {(each.pointer, each.code) for each in report.remarks}


def test_and_is_made_anew_for_who_asks(hub: Rotated) -> None:
    assert opened(hub.anew, hub.distrusted).signed.kid == hub.new
    assert opened(hub.anew, hub.distrusted).trust == hub.distrusted
    report = verify_bundle(hub.anew, hub.distrusted, LATER)
    assert report.exit_code == 0, report
