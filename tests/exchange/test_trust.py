"""What the hub trusts, how it changes, and what intake makes of it."""

import json
import sqlite3
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from exchange import authorities
from schemas.content import sha256_hex
from tests.evidence import issuing
from tests.evidence.issuing import BELOW, GOOD, MEMBER, OFFICE, REVOKED, ROOT, ROOT_KEY, ROOT_NAME, certify, name_of
from tests.evidence.test_authorities import RsaSigner, rsa_key, some_rsa
from tests.exchange.cast import (
    NOW,
    SEED,
    Cast,
    certificate,
    description,
    document,
    encoded,
    refused_by,
    signer,
)
from tests.exchange.running import hub_in_thread
from tests.exchange.test_log_and_evidence import checkpoint, settled
from tests.waiting import until
from tradebridge.client import Hub
from tradebridge.evidence import simulation, xades
from tradebridge.evidence.bundle import Bundle, open_bundle
from tradebridge.evidence.cosignatures import Witness
from tradebridge.evidence.lost import LostKey, fingerprints
from tradebridge.evidence.receipts import Acknowledgement
from tradebridge.evidence.report import Report, Verdict
from tradebridge.evidence.simulation import test_authority, test_signer
from tradebridge.evidence.status import Status, read_status
from tradebridge.evidence.times import rfc3339
from tradebridge.evidence.timestamps import TimestampRoot
from tradebridge.evidence.trust import TrustList
from tradebridge.evidence.trust_history import TrustHistory, list_with_history
from tradebridge.evidence.verify import verify_evidence

DAY = timedelta(days=1)


def pem(*chain: x509.Certificate) -> str:
    return "".join(each.public_bytes(Encoding.PEM).decode() for each in chain)


def history(cast: Cast) -> TrustHistory:
    """All versions, each checked against the one before it."""
    found = list_with_history(cast.operator.trust_export(), NOW).history
    assert isinstance(found, TrustHistory)
    return found


def evidence(cast: Cast, document_id: str) -> dict[str, Any]:
    until(lambda: cast.operator.evidence(document_id)["messages"][0]["inclusion"])
    return cast.operator.evidence(document_id)


def report(cast: Cast, document_id: str, trust: TrustList | None = None) -> Report:
    return verify_evidence(
        evidence(cast, document_id), trust or list_with_history(cast.operator.trust_export(), NOW), NOW
    )


# --- versions --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def changing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    """One hub whose keys the tests below change, each those of another member."""
    with hub_in_thread(tmp_path_factory.mktemp("changing")) as running:
        yield running.join()


def test_each_change_of_what_is_trusted_makes_a_version_and_nothing_else_does(changing: Cast) -> None:
    cast = changing
    before = history(cast)
    assert [each.change.partition(":")[0] for each in before.versions[:2]] == ["start", "SG-NSW"]
    assert before.newest.trust == TrustList.from_json(cast.operator.trust())
    cast.operator.rotate_key("VN-NSW", overlap=60)
    cast.operator.suspend("VN-NSW", reason="a test")
    assert history(cast).newest == before.newest
    cast.operator.add_key("VN-NSW", pem(signer("VN-NSW", "further").certificate), ["document"])
    after = history(cast)
    assert after.newest.number == before.newest.number + 1
    assert after.newest.previous == before.newest.digest
    assert after.newest.change == "VN-NSW: signing key added"
    assert [(each["kind"], each["code"]) for each in after.newest.platforms] == [("platform", "TBHB")]
    token = cast.operator.trust_version(after.newest.number)
    assert token in cast.operator.trust_export()["versions"]
    assert [each["digest"] for each in cast.operator.trust_versions()] == [each.digest for each in after.versions]
    assert refused_by(cast.operator.trust_version, 999).code == "trust.unknown-version"


def test_a_version_is_a_leaf_of_the_log(tmp_path: Path) -> None:
    with hub_in_thread(tmp_path) as running:
        running.operator.add_member(description("TH-NSW"))
        size = settled(running).size
        running.operator.add_key("TH-NSW", pem(signer("TH-NSW", "leaf").certificate), ["document"])
        until(lambda: checkpoint(running).size == size + 2)  # the command, and the version that it made
        newest = history(running).newest
    with sqlite3.connect(tmp_path / "hub.sqlite") as store:
        query = "select details, leaf_hash from records join leaves on record_id = records.id where kind = 'trust'"
        told = [json.loads(details) for details, _ in store.execute(query)]
    assert told[-1]["digest"] == newest.digest
    assert [each["number"] for each in told] == list(range(1, newest.number + 1))


def test_the_status_is_signed_and_goes_with_the_newest_version(sqlite_cast: Cast) -> None:
    trust = TrustList.from_json(sqlite_cast.operator.trust())
    told = read_status(sqlite_cast.operator.trust_status(), trust)
    newest = history(sqlite_cast).newest
    assert isinstance(told, Status), told
    assert (told.version, told.digest, told.next_update) == (newest.number, newest.digest, NOW + DAY)


# --- keys ------------------------------------------------------------------------------------------------------------


def test_a_key_that_was_in_other_hands_ends_what_came_later_and_nothing_before(changing: Cast) -> None:
    cast = changing
    before = cast["SG-NSW"].submit(certificate("SG-2026-07001"), ["TH-NSW"])
    assert report(cast, before.id).exit_code == 0
    kid = signer("SG-NSW").kid
    since = rfc3339(NOW + timedelta(hours=1))
    told = cast.operator.revoke_signing_key(kid, since=since, compromised=True, reason="a stolen laptop")
    assert told == {"key": kid, "member": "SG-NSW", "distrusted": since}
    assert cast["SG-NSW"].submit(certificate("SG-2026-07002"), ["TH-NSW"]).id  # that moment has not come
    assert report(cast, before.id).exit_code == 0
    cast.operator.revoke_signing_key(kid, since=rfc3339(NOW), compromised=True)
    refused = refused_by(cast["SG-NSW"].submit, certificate("SG-2026-07003"), ["TH-NSW"])
    assert [each.code for each in refused.findings] == ["signature.distrusted-key"]
    found = report(cast, before.id)  # accepted at that moment: not before it
    assert ([each.code for each in found.issued.findings], found.exit_code) == (["signature.distrusted-key"], 5)
    later = refused_by(cast.operator.revoke_signing_key, kid, since=since, compromised=True)
    assert later.code == "member.key-withdrawn"
    assert history(cast).newest.change.endswith(f"distrusted since {rfc3339(NOW)}")


def test_a_key_of_an_observer_that_was_in_other_hands_stands_on_the_list_also_when_it_is_named_no_more(
    changing: Cast,
) -> None:
    operator, since = changing.operator, NOW - DAY
    witness = Witness("witness.test/lost", simulation.test_log_key("lost").public_key())
    operator.add_observer({"kind": "witness", "key": witness.verifier_key, "url": "http://127.0.0.1:1"})
    root = TimestampRoot("TSA", (test_authority("lost").certificate,))
    given = {"kind": "timestamp", "name": "TSA", "url": "http://127.0.0.1:1", "roots": pem(*root.roots)}
    operator.add_observer(given)
    operator.remove_observer(witness.name)
    unknown = refused_by(operator.revoke_signing_key, "witness.test/lost", since=rfc3339(since), compromised=True)
    assert unknown.code == "trust.unknown-key"
    operator.revoke_signing_key(witness.verifier_key, since=rfc3339(NOW), compromised=True)
    operator.revoke_signing_key(witness.verifier_key, since=rfc3339(since), compromised=True)
    operator.revoke_signing_key("TSA", since=rfc3339(since), compromised=True, reason="broken into")
    operator.remove_observer("TSA")
    for key in (witness.verifier_key, fingerprints(root)[0]):
        later = refused_by(operator.revoke_signing_key, key, since=rfc3339(NOW), compromised=True)
        assert later.code == "member.key-withdrawn"
        ended = refused_by(operator.revoke_signing_key, key, since=rfc3339(since))  # they have no other end
        assert ended.code == "trust.unknown-key"
    expected = {LostKey(each, since) for each in (witness.verifier_key, fingerprints(root)[0])}
    assert set(history(changing).newest.trust.lost) == expected


def test_a_members_key_is_rotated_with_an_overlap(changing: Cast) -> None:
    cast, new = changing, signer("TH-NSW", "second")
    told = cast.operator.rotate_signing_key("TH-NSW", pem(new.certificate), ["document"], overlap=3600)
    assert told == {"member": "TH-NSW", "kid": new.kid, "othersEnd": rfc3339(NOW + timedelta(hours=1))}
    for number, key in (("TH-2026-07011", signer("TH-NSW")), ("TH-2026-07012", new)):
        assert cast["TH-NSW"].submit(of_thailand(number, key), ["SG-NSW"]).id
    keys = {each["kid"]: each.get("withdrawn") for each in cast.operator.member("TH-NSW")["keys"]}
    assert keys[signer("TH-NSW").kid] == told["othersEnd"]
    assert keys[signer("TH-NSW", "event").kid] is None  # serves something else
    third = pem(signer("TH-NSW", "third").certificate)
    cast.operator.rotate_signing_key("TH-NSW", third, ["document"], overlap=0)
    refused = refused_by(cast["TH-NSW"].submit, of_thailand("TH-2026-07013", new), ["SG-NSW"])
    assert refused.code == "signature.withdrawn-key"


def of_thailand(number: str, key: Any) -> bytes:
    return xades.sign(encoded(document(number, exporter="TH", importer="SG")), key, NOW)


def test_the_hub_rotates_its_own_key_and_stays_with_it(tmp_path: Path, database_url: str) -> None:
    with hub_in_thread(tmp_path, database_url) as running:
        cast = running.join()
        first = cast["SG-NSW"].submit(certificate("SG-2026-07021"), ["TH-NSW"])
        (old,) = TrustList.from_json(cast.operator.trust()).hub.keys
        assert refused_by(cast.operator.revoke_signing_key, old.kid).code == "trust.key-in-use"
        told = cast.operator.rotate_signing_key("HUB", overlap=3600)
        second = cast["SG-NSW"].submit(certificate("SG-2026-07022"), ["TH-NSW"])
        headers = [json.loads(b64decode(each.receipt.partition(".")[0] + "==")) for each in (first, second)]
        assert [each["kid"] for each in headers] == [old.kid, told["kid"]]
        assert history(cast).newest.change == "HUB: own key rotated"
        cast.operator.add_key("TH-NSW", pem(signer("TH-NSW", "more").certificate), ["document"])
        assert history(cast).newest.number == 1 + len(cast.operator.members().items) + 2  # signed by the new one
    with hub_in_thread(tmp_path, database_url) as again:
        third = again["SG-NSW"].submit(certificate("SG-2026-07023"), ["TH-NSW"])
        assert json.loads(b64decode(third.receipt.partition(".")[0] + "=="))["kid"] == told["kid"]
        assert history(again).newest.number == 1 + len(again.operator.members().items) + 2
        for each in (first, second, third):
            assert report(again, each.id).exit_code == 0


def test_what_is_no_key_is_not_revoked_and_nobody_else_may(sqlite_cast: Cast) -> None:
    assert refused_by(sqlite_cast.operator.revoke_signing_key, "SG-NSW#nothing").code == "trust.unknown-key"
    assert refused_by(sqlite_cast["SG-NSW"].revoke_signing_key, signer("SG-NSW").kid).code == "access.scope"
    assert refused_by(sqlite_cast["SG-NSW"].rotate_signing_key, "SG-NSW").code == "access.scope"
    assert refused_by(sqlite_cast.operator.rotate_signing_key, "NOBODY").code == "member.unknown"


# --- RSA -------------------------------------------------------------------------------------------------------------


def test_a_member_signs_with_rsa_of_enough_bits(sqlite_cast: Cast) -> None:
    operator = sqlite_cast.operator
    weak = pem(certify(name_of("weak"), some_rsa(2048), name_of("weak"), ROOT_KEY))
    refused = refused_by(operator.add_key, "VN-NSW", weak, ["document"])
    assert [(each.code, each.attack) for each in refused.findings] == [("signature.weak-key", "KEY-4")]
    strong = certify(name_of("strong"), rsa_key().public_key(), name_of("strong"), ROOT_KEY)
    operator.add_key("VN-NSW", pem(strong), ["document"])
    data = rsa_signed(encoded(document("VN-2026-07031", exporter="VN")), strong)
    assert sqlite_cast["VN-NSW"].submit(data, ["TH-NSW"]).id


def rsa_signed(data: bytes, own: x509.Certificate) -> bytes:
    """As another system would: our signature with method, certificate and value of RSA in its place."""
    from hashlib import sha256

    from lxml import etree

    from tests.evidence.sealing import changed, find
    from tradebridge.evidence.xades_form import RSA_SHA256

    der = own.public_bytes(Encoding.DER)

    def change(root: etree._Element, signature: etree._Element) -> None:
        from base64 import b64encode

        find(signature, "ds:KeyInfo/ds:X509Data/ds:X509Certificate").text = b64encode(der).decode()
        find(signature, "ds:SignedInfo/ds:SignatureMethod").set("Algorithm", RSA_SHA256)
        bound = next(signature.iter("{*}CertDigest"))
        find(bound, "ds:DigestValue").text = b64encode(sha256(der).digest()).decode()

    return changed(xades.sign(data, signer("SG-NSW"), NOW), change, RsaSigner(rsa_key()))  # type: ignore[arg-type]


# --- authorities -----------------------------------------------------------------------------------------------------


def office(**changes: Any) -> dict[str, Any]:
    """A member that has no pinned certificate, but an authority."""
    given = {"chain": pem(ROOT, BELOW), "subject": f"O={OFFICE},C=ID"} | changes
    return description(MEMBER, keys=[], authorities=[given])


def issued(number: str, own: x509.Certificate = GOOD) -> bytes:
    return xades.sign(encoded(document(number, exporter="ID")), issuing.signer_of(own), NOW)


@pytest.fixture(scope="module")
def with_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    with hub_in_thread(tmp_path_factory.mktemp("office")) as running:
        cast = running.join()
        cast.operator.add_member(office())
        yield cast


def test_what_an_authority_issued_is_taken_once_a_list_says_that_it_is_good(with_office: Cast) -> None:
    cast, operator = with_office, with_office.operator
    unknown = refused_by(cast[MEMBER].submit, issued("ID-2026-07041"), ["TH-NSW"])
    assert (unknown.code, unknown.status) == ("signature.revocation-unknown", 503)
    entry = issuing.revoked(REVOKED, NOW - DAY)
    operator.load_revocation_list(issuing.revocation_list(ROOT_NAME, ROOT_KEY))
    told = operator.load_revocation_list(issuing.revocation_list(revoked=[entry]))
    assert (told["number"], told["nextUpdate"]) == ("7", rfc3339(NOW + 6 * DAY))
    accepted = cast[MEMBER].submit(issued("ID-2026-07042"), ["TH-NSW"])
    assert report(cast, accepted.id).exit_code == 0
    taken = acknowledged(cast, "SG-2026-07045")
    assert refused_by(cast[MEMBER].submit, issued("ID-2026-07043", REVOKED), ["TH-NSW"]).code == (
        "signature.revoked-certificate"
    )
    falling = refused_by(operator.load_revocation_list, issuing.revocation_list(number=6))
    assert (falling.code, falling.findings[0].attack) == ("trust.revocation-list", "REV-2")
    assert refused_by(operator.load_revocation_list, b"x").code == "trust.revocation-list"
    assert refused_by(cast[MEMBER].load_revocation_list, b"x").code == "access.scope"
    listed = httpx.get(f"{cast.url}/v1/trust/revocation-lists").json()["items"]
    assert sorted(each["number"] for each in listed) == ["7", "7"]
    after_it_has_ended = issuing.revocation_list(at=GOOD.not_valid_after_utc + DAY, number=9)
    operator.load_revocation_list(after_it_has_ended)  # it need not tell of the certificate any more
    kept = cast.operator.evidence(accepted.id)
    assert b64decode(kept["revocations"][0]) != after_it_has_ended and len(kept["revocations"]) == 2
    only_the_newest = issuing.lists(
        after_it_has_ended, issuing.revocation_list(ROOT_NAME, ROOT_KEY, at=NOW + 900 * DAY)
    )
    trust = replace(TrustList.from_json(operator.trust()), revocations=only_the_newest)
    assert verify_evidence(kept, trust, NOW + 900 * DAY).issued.verdict is Verdict.YES
    without = verify_evidence({**kept, "revocations": []}, trust, NOW + 900 * DAY).issued
    assert [each.code for each in without.findings] == ["signature.revocation-unknown"]
    for given in (evidence(cast, taken), read_bundle(cast, taken, trust).evidence):  # of a recipient's word too
        found = verify_evidence(given, trust, NOW + 900 * DAY)
        assert (found.unchanged.verdict, found.remarks) == (Verdict.YES, ()), found
    assert {"revocations/000.crl", "revocations/001.crl"} < read_bundle(cast, accepted.id, trust).files.keys()
    head = json.loads(b"".join(operator.audit_export(0)).splitlines()[0])
    assert {*kept["revocations"]} < {*head["revocations"]} and len(head["revocations"]) == 3
    (own,) = operator.member(MEMBER)["authorities"]
    operator.revoke_signing_key(own["id"], since=rfc3339(NOW), compromised=True, reason="broken into")
    assert refused_by(cast[MEMBER].submit, issued("ID-2026-07044"), ["TH-NSW"]).code == "signature.distrusted-key"


def acknowledged(cast: Cast, number: str) -> str:
    """The id of a document that the office had, and said so by a certificate of its authority."""
    sent = cast["SG-NSW"].submit(certificate(number), [MEMBER])
    (delivery,) = until(lambda: cast[MEMBER].inbox())
    digest = sha256_hex(delivery.original)
    taken = Acknowledgement(delivery.id, delivery.message_id, digest, MEMBER, NOW).sign(issuing.signer_of(GOOD), NOW)
    cast[MEMBER].acknowledge([issuing.with_certificate(taken, GOOD)])
    return sent.id


def read_bundle(cast: Cast, document_id: str, trust: TrustList) -> Bundle:
    opened = open_bundle(cast.operator.bundle(document_id).data, trust, None)
    assert isinstance(opened, Bundle), opened
    return opened


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"chain": "none"}, "chain"),
        ({"chain": pem(BELOW, ROOT)}, "chain"),
        ({"chain": pem(ROOT, GOOD)}, "chain"),
        ({"chain": pem(ROOT, certify(issuing.BELOW_NAME, issuing.LEAF_KEY.public_key(), ROOT_NAME, issuing.LEAF_KEY,
                                     authority=True))}, "chain"),
        ({"subject": ""}, "subject"),
        ({"subject": "nothing"}, "chain"),
        ({"purposes": ["pint"]}, "purposes"),
        ({"usages": ["serverAuth"]}, "chain"),
        ({"revocation": 1}, "revocation"),
        ({"crlUrl": "ftp://127.0.0.1/x"}, "crlUrl"),
        ({"more": 1}, "more"),
    ],
)  # fmt: skip
def test_an_authority_that_cannot_be_one_is_refused(with_office: Cast, changes: dict[str, Any], pointer: str) -> None:
    given = {"chain": pem(ROOT), "subject": "C=VN"} | changes
    refused = refused_by(with_office.operator.add_authority, "VN-NSW", given)
    assert [(each.code, each.pointer) for each in refused.findings] == [("member.malformed", f"/{pointer}")]


def test_an_authority_is_added_once(with_office: Cast) -> None:
    given = {"chain": pem(ROOT), "subject": "C=TH"}
    shown = with_office.operator.add_authority("TH-NSW", given)
    assert [each["subject"] for each in shown["authorities"]] == ["C=TH"]
    assert refused_by(with_office.operator.add_authority, "TH-NSW", given).code == "authority.exists"


def test_a_list_is_fetched_from_the_address_of_the_operator_and_no_redirect_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authorities, "FETCH_SECONDS", 0.05)
    asked: list[str] = []

    class Lists(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            data = issuing.revocation_list()
            self.send_response(302 if self.path == "/moved" else 200)
            self.send_header("Location", "/list")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Nothing: the test asks what was asked."""

    with HTTPServer(("127.0.0.1", 0), Lists) as server, hub_in_thread(tmp_path) as running:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            place = f"http://127.0.0.1:{server.server_port}"
            cast = running.join()
            known = f"{cast.url}/v1/trust/revocation-lists"
            cast.operator.add_member(office(chain=pem(BELOW), crlUrl=f"{place}/moved"))
            until(lambda: len(asked) >= 2)
            assert httpx.get(known).json()["items"] == []
            other = {"chain": pem(BELOW), "subject": "C=TH", "crlUrl": f"{place}/list"}
            cast.operator.add_authority("TH-NSW", other)
            until(lambda: httpx.get(known).json()["items"])
            assert cast[MEMBER].submit(issued("ID-2026-07051"), ["TH-NSW"]).id
            assert set(asked) == {"/moved", "/list"}
        finally:
            server.shutdown()


# --- test keys -------------------------------------------------------------------------------------------------------


def test_pilot_mode_takes_no_test_key_whoever_brings_it(tmp_path: Path) -> None:
    """Invariant 8, while the hub runs: every way in which a certificate comes in."""
    marked, root = pem(test_signer(SEED, "SG-NSW").certificate), pem(test_authority(SEED).certificate)
    plain = {name: value for name, value in description("SG-NSW").items() if name not in ("apiKey", "keys")}
    as_platform = {"carriers": ["SIML"], "ebl": {"platform": "XPLT", "url": "http://127.0.0.1:9"}}
    tsa = {"kind": "timestamp", "name": "TSA", "url": "http://127.0.0.1:9/tsa", "roots": root}
    with hub_in_thread(tmp_path, seed="", clock=None, mode="pilot") as running:
        operator = Hub(running.url, api_key=(tmp_path / "operator.key").read_text().strip())
        with_key = plain | {"keys": [{"certificate": marked}]}
        assert refused_by(operator.add_member, with_key).code == "member.test-key"
        operator.add_member(plain | as_platform)
        attempts: list[Callable[[], object]] = [
            lambda: operator.add_key("SG-NSW", marked, ["document"]),
            lambda: operator.add_key("SG-NSW", marked, ["pint"]),
            lambda: operator.rotate_signing_key("SG-NSW", marked, ["document"]),
            lambda: operator.add_authority("SG-NSW", {"chain": root, "subject": "C=SG"}),
            lambda: operator.add_observer(tsa),
        ]
        for attempt in attempts:
            refused = refused_by(attempt)
            assert (refused.code, refused.status) == ("member.test-key", 403)
        assert operator.member("SG-NSW")["keys"] == []
        assert operator.observers() == ()
        assert [each["change"] for each in operator.trust_versions()] == ["start", "SG-NSW: added"]
        operator.close()
