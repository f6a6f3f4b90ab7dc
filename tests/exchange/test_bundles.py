"""Bundles of a hub whose own key changes. Keys are as a real hub makes them: a certificate begins when it is made."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from exchange import bundles
from exchange.bundles import _holds_no_more, _is_believed_no_more
from simulator import tsa
from simulator.clock import FrozenClock
from tests.exchange.cast import NOW, SEED, Cast, certificate, description
from tests.exchange.running import hub_in_thread
from tests.exchange.test_witnesses import PEM
from tests.serving import served
from tests.waiting import until
from tradebridge.client import Hub
from tradebridge.evidence.archive import MIMETYPE, read_archive, write_archive
from tradebridge.evidence.bundle import MANIFEST, MEDIA_TYPE, SIGNATURE, STAMP, Bundle, open_bundle, verify_bundle
from tradebridge.evidence.lost import LostKey, fingerprints
from tradebridge.evidence.refusals import Finding
from tradebridge.evidence.report import Verdict
from tradebridge.evidence.simulation import test_api_key
from tradebridge.evidence.times import rfc3339
from tradebridge.evidence.timestamps import Timestamp
from tradebridge.evidence.trust import TrustList, hub_of

DAY = timedelta(days=1)
LATER = NOW + DAY
DISTRUSTED = "signature.distrusted-key"


@contextmanager
def real_hub(data: Path, at: datetime) -> Iterator[Cast]:
    """A hub with keys in files; its business clock stands at `at`."""
    operator = test_api_key(SEED, "OPERATOR")
    with hub_in_thread(data, seed="", clock=at, operator_key=operator, witness_seconds=0.05) as cast:
        yield cast


def submitted(cast: Cast, *numbers: str) -> list[str]:
    """Ids of documents, on a record that an authority has dated, and fetched by their recipient."""
    keys = {
        member: cast.operator.add_member(description(member, apiKey=None)).api_key for member in ("SG-NSW", "TH-NSW")
    }
    with Hub(cast.url, keys["SG-NSW"]) as sender:
        accepted = [sender.submit(certificate(number), ["TH-NSW"]).id for number in numbers]
    taken: list[str] = []
    with Hub(cast.url, keys["TH-NSW"]) as recipient:

        def all_taken() -> bool:
            taken.extend(each.id for each in recipient.inbox())
            return len(taken) >= len(accepted)

        until(all_taken)
    until(lambda: all(cast.operator.evidence(each)["timestamp"] for each in accepted))
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
    away: tuple[bytes, bytes]
    """Of a third, made while the authority was away: before the rotation, and after it."""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Rotated:
    data, clock = tmp_path_factory.mktemp("rotated"), FrozenClock(NOW)
    with ExitStack() as stack:
        url = stack.enter_context(served(tsa.app_of(tsa.Authority(SEED), clock)))
        with real_hub(data, NOW) as cast:
            observer = {"kind": "timestamp", "name": "TSA", "url": f"{url}/timestamp", "roots": PEM}
            cast.operator.add_observer(observer)
            one, two, three = submitted(cast, "SG-2026-09911", "SG-2026-09912", "SG-2026-09913")
            first = cast.operator.bundle(one).data
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(bundles, "STAMP_SECONDS", 0.0)
                away = cast.operator.bundle(three).data
        clock.setting = clock.setting.frozen_at(LATER)
        with real_hub(data, LATER) as cast:
            new = cast.operator.rotate_signing_key("HUB", overlap=0)["kid"]
            rotated = TrustList.from_json(cast.operator.trust())
            again, older = cast.operator.bundle(one).data, cast.operator.bundle(two).data
            away_again = cast.operator.bundle(three).data
            assert cast.operator.bundle(three).data == away_again
            (old,) = {key.kid for key in rotated.hub.keys} - {new}
            cast.operator.revoke_signing_key(old, since=rfc3339(LATER - timedelta(hours=1)), compromised=True)
            anew = cast.operator.bundle(one).data
            assert cast.operator.bundle(one).data == anew
            distrusted = TrustList.from_json(cast.operator.trust())
    return Rotated(old, new, rotated, distrusted, first, again, older, anew, (away, away_again))


def opened(data: bytes, trust: TrustList) -> Bundle:
    found = open_bundle(data, trust, None)
    assert isinstance(found, Bundle), found
    return found


def test_what_was_signed_once_stays_as_it_was(hub: Rotated) -> None:
    assert hub.again == hub.first
    assert verify_bundle(hub.first, hub.rotated, LATER).exit_code == 0


def test_the_bundle_of_an_older_document_is_signed_when_it_is_made_by_the_key_of_then(hub: Rotated) -> None:
    for data, kid, at in ((hub.first, hub.old, NOW), (hub.older, hub.new, LATER)):
        bundle = opened(data, hub.rotated)
        assert (bundle.signed.kid, bundle.signed.signed_at) == (kid, at)
        assert isinstance(bundle.stamp, Timestamp) and bundle.stamp.at == at
    assert verify_bundle(hub.older, hub.rotated, LATER).exit_code == 0


def test_a_bundle_that_is_dated_before_its_key_was_distrusted_holds(hub: Rotated) -> None:
    report = verify_bundle(hub.first, hub.distrusted, LATER)
    assert report.exit_code == 0, report
    assert {each.code for each in report.remarks} == {DISTRUSTED}  # of the delivery note, which nothing dates


def test_one_that_nothing_dates_is_still_read(hub: Rotated) -> None:
    files = read_archive(hub.first)
    assert not isinstance(files, Finding)
    undated = write_archive([each for each in files.items() if each[0] not in (MIMETYPE, STAMP)], MEDIA_TYPE)
    report = verify_bundle(undated, hub.distrusted, LATER)
    assert {report.issued.verdict, report.recorded.verdict} == {Verdict.YES}, report
    assert [each.code for each in report.unchanged.findings] == ["bundle.unvouched"]
    assert [each.code for each in report.valid.findings] == ["evidence.not-listed"]
    assert (SIGNATURE, DISTRUSTED) in {(each.pointer, each.code) for each in report.remarks}


def test_and_is_made_anew_for_who_asks(hub: Rotated) -> None:
    bundle = opened(hub.anew, hub.distrusted)
    assert (bundle.signed.kid, bundle.trust) == (hub.new, hub.distrusted)
    report = verify_bundle(hub.anew, hub.distrusted, LATER)
    assert report.exit_code == 0, report


def test_one_that_nobody_dated_is_made_anew_once_its_key_was_withdrawn(hub: Rotated) -> None:
    then = replace(hub.rotated, hub=hub_of(replace(key, withdrawn=None) for key in hub.rotated.hub.keys))
    undated = replace(then, authorities=())
    assert not _is_believed_no_more(then, hub.rotated)
    assert _is_believed_no_more(undated, hub.rotated)
    assert not _is_believed_no_more(replace(hub.rotated, authorities=()), hub.rotated)  # as it was made then


def test_one_that_was_made_while_the_authority_was_away_too(hub: Rotated) -> None:
    before, after = (opened(each, hub.rotated) for each in hub.away)
    assert (before.signed.kid, before.stamp, after.signed.kid) == (hub.old, None, hub.new)
    assert verify_bundle(hub.away[0], hub.rotated, LATER).exit_code == 3
    assert verify_bundle(hub.away[1], hub.rotated, LATER).exit_code == 0


def test_one_whose_authority_is_believed_no_more_does_not_hold(hub: Rotated) -> None:
    files = read_archive(hub.first)
    assert not isinstance(files, Finding)
    signature, stamp, manifest = files[SIGNATURE], files[STAMP], files[MANIFEST]
    lost = tuple(LostKey(each, LATER) for root in hub.rotated.authorities for each in fingerprints(root))
    assert not _holds_no_more(signature, stamp, manifest, hub.rotated)
    assert _holds_no_more(signature, None, manifest, hub.rotated)
    assert _holds_no_more(signature, stamp, manifest, replace(hub.rotated, lost=lost))
    assert _holds_no_more(signature, stamp, manifest, replace(hub.rotated, authorities=()))
    assert verify_bundle(hub.first, replace(hub.rotated, lost=lost), LATER).exit_code == 3
    signing = replace(hub.rotated, hub=hub_of(replace(key, withdrawn=None) for key in hub.rotated.hub.keys))
    assert not _holds_no_more(signature, None, manifest, signing)
