"""`tb trust` over a real hub: every version is checked before it is shown, and what is told is what the hub did."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.evidence import issuing
from tests.evidence.issuing import OFFICE, ROOT
from tests.exchange.cast import NOW, Cast, certificate, description, signer
from tests.exchange.running import hub_in_thread
from tests.waiting import until
from tradebridge.cli.root import run
from tradebridge.evidence import jws
from tradebridge.evidence.times import rfc3339
from tradebridge.evidence.trust_history import TrustVersion, stated_version


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    with hub_in_thread(tmp_path_factory.mktemp("hub")) as running:
        for member in ("SG-NSW", "TH-NSW"):
            running.operator.add_member(description(member))
        yield running


@pytest.fixture
def tb(cast: Cast, capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*arguments: str) -> tuple[int, str]:
        code = run([*arguments, "--url", cast.url])
        shown = capsys.readouterr()
        return code, shown.out + shown.err

    return call


def pem(path: Path, found: x509.Certificate) -> str:
    path.write_bytes(found.public_bytes(Encoding.PEM))
    return str(path)


def test_it_shows_the_newest_version_and_lists_them_all(tb: Any, cast: Cast) -> None:
    code, shown = tb("trust", "show")
    assert code == 0
    for text in (signer("SG-NSW").kid, "each following", "SIMULATION"):
        assert text in shown
    code, shown = tb("trust", "show", "--json")
    told = json.loads(shown)
    assert told["trust"] == cast.operator.trust()
    code, shown = tb("trust", "show", "--versions", "--json")
    assert [each["number"] for each in json.loads(shown)["items"]] == list(range(1, told["number"] + 1))
    assert tb("trust", "show", "--version", "1")[1].startswith("version 1")
    assert tb("trust", "show", "--version", "999")[0] == 6
    assert tb("trust", "show", "--version", "1", "--at", "2026-01-05")[0] == 2


def test_a_key_comes_and_goes_and_the_difference_is_told(tb: Any, tmp_path: Path) -> None:
    new = signer("TH-NSW", "next")
    code, shown = tb("trust", "rotate", "th", "--cert", pem(tmp_path / "next.pem", new.certificate),
                     "--purpose", "document", "--overlap", "1")  # fmt: skip
    assert (code, new.kid in shown, "2026-01-06T09:00:00Z" in shown) == (0, True, True)
    code, shown = tb("trust", "diff")
    assert code == 1
    assert f"+ {new.kid}" in shown
    assert "withdrawn from 2026-01-06T09:00:00Z" in shown
    code, shown = tb("trust", "revoke", new.kid, "--compromised", "--since", rfc3339(NOW), "--reason", "lost")
    assert (code, f"distrusted since {rfc3339(NOW)}" in shown) == (0, True)
    found = json.loads(tb("trust", "diff", "--json")[1])
    assert [(each["what"], each["about"]) for each in found["changes"]] == [("changed", new.kid)]
    assert tb("trust", "diff", "1", "1")[0] == 0
    assert tb("trust", "revoke", "TH-NSW#none")[0] == 6
    assert tb("trust", "rotate", "th")[0] == 2
    assert tb("trust", "rotate", "HUB", "--cert", str(tmp_path / "next.pem"))[0] == 2
    code, shown = tb("trust", "rotate", "HUB", "--json")
    assert (code, json.loads(shown)["member"]) == (0, "HUB")
    assert tb("trust", "show")[0] == 0  # signed by the old key, then by the new one


def test_a_document_is_verified_with_the_exported_history(tb: Any, cast: Cast, tmp_path: Path) -> None:
    accepted = cast["SG-NSW"].submit(certificate("SG-2026-08001"), ["TH-NSW"])
    until(lambda: cast.operator.evidence(accepted.id)["messages"][0]["inclusion"])
    (tmp_path / "evidence.json").write_text(json.dumps(cast.operator.evidence(accepted.id)))
    plain, kept, fresh = (str(tmp_path / f"{name}.json") for name in ("plain", "kept", "fresh"))
    Path(plain).write_text(json.dumps(cast.operator.trust()))
    assert tb("trust", "export", "-o", kept)[0] == 0
    newest = cast.operator.trust_versions()[-1]["number"]
    until(lambda: cast.operator.trust_export(record=True)["record"]["details"].find(f'"number":{newest},') > 0)
    code, shown = tb("trust", "export", "--status", "-o", fresh, "--json")
    assert (code, json.loads(shown)["onRecord"]) == (0, newest)
    assert f"on the public record up to version {newest}" in tb("trust", "show")[1]

    def verified(trust: str, *more: str) -> tuple[int, str]:
        return tb("verify", str(tmp_path / "evidence.json"), "--trust", trust, "--offline", *more)  # type: ignore[no-any-return]

    at = ("--at", rfc3339(NOW))
    for trust in (plain, kept, fresh):
        assert verified(trust, *at)[0] == 0, verified(trust, *at)
    code, shown = verified(fresh, "--at", "2026-02-01")
    assert (code, "too old" in shown) == (3, True)
    assert tb("trust", "show", "--trust", kept)[0] == 0
    assert tb("trust", "show", "--trust", plain)[0] == 2
    assert tb("trust", "diff", plain, kept)[0] == 0
    assert tb("trust", "export", "--json")[0] == 2


def test_a_history_that_was_bent_is_not_shown(tb: Any, cast: Cast, tmp_path: Path) -> None:
    value = cast.operator.trust_export()
    first = stated_version(value["versions"][0])
    assert isinstance(first, TrustVersion)
    forged = jws.sign(first.payload(), jws.TRUST, signer("SG-NSW"), NOW)
    for index, versions in enumerate(
        (value["versions"][1:2] + value["versions"][:1], [forged, *value["versions"][1:]])
    ):
        path = tmp_path / f"{index}.json"
        path.write_text(json.dumps({**value, "versions": versions}))
        assert tb("trust", "show", "--trust", str(path))[0] == 5


def test_an_authority_and_its_list(tb: Any, tmp_path: Path) -> None:
    chain, crl = pem(tmp_path / "root.pem", ROOT), tmp_path / "list.crl"
    subject = ("--subject", f"O={OFFICE},C=ID")
    code, shown = tb("trust", "authority", "th", "--chain", chain, *subject)
    assert code == 0, shown
    crl.write_bytes(issuing.revocation_list(issuing.ROOT_NAME, issuing.ROOT_KEY))
    code, shown = tb("trust", "crl", str(crl))
    assert (code, "list 7 of" in shown) == (0, True)
    assert "with revocation lists" in tb("trust", "show")[1]
    assert tb("trust", "authority", "th", "--chain", chain, *subject)[0] == 6
    crl.write_bytes(b"nothing")
    assert tb("trust", "crl", str(crl))[0] == 5
