"""Bundles of a hub whose own key changes. Keys are as a real hub makes them: a certificate begins when it is made."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from tests.exchange.cast import NOW, SEED, Cast, certificate, description
from tests.exchange.running import hub_in_thread
from tests.exchange.test_log_and_evidence import settled
from tradebridge.client import Hub
from tradebridge.evidence.bundle import Bundle, open_bundle, verify_bundle
from tradebridge.evidence.simulation import test_api_key
from tradebridge.evidence.trust import TrustList

DAY = timedelta(days=1)


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


def test_the_bundle_of_an_older_document_verifies_after_the_hub_s_key_was_rotated(tmp_path: Path) -> None:
    with real_hub(tmp_path, NOW) as cast:
        first, second = submitted(cast, "SG-2026-09911", "SG-2026-09912")
        made = cast.operator.bundle(first).data
    with real_hub(tmp_path, NOW + DAY) as cast:
        new = cast.operator.rotate_signing_key("HUB", overlap=0)["kid"]
        trust = TrustList.from_json(cast.operator.trust())
        assert cast.operator.bundle(first, newest=False).data == made  # signed once, by the key of then
        later = cast.operator.bundle(second).data
    (old,) = {key.kid for key in trust.hub.keys} - {new}
    for bundle, kid, at in ((made, old, NOW), (later, new, NOW + DAY)):
        opened = open_bundle(bundle, trust, None)
        assert isinstance(opened, Bundle), opened
        assert (opened.signed.kid, opened.signed.signed_at) == (kid, at)
        assert verify_bundle(bundle, trust, NOW + DAY).exit_code == 0
