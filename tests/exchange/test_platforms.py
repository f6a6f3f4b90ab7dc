"""Members in the world of electronic bills of lading: their platforms, accounts and PINT certificates."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.exchange.cast import SEED, Cast, description, refused_by, signer
from tradebridge.evidence.simulation import test_api_key

STRAITS: dict[str, Any] = {"platform": "STRA", "url": "http://127.0.0.1:9/base/", "token": "what-they-gave-us"}
RUBBER = {
    "partyName": "Bangkok Rubber",
    "identifyingCodes": [{"codeListProvider": "ZZZ", "partyCode": "RUBBER", "codeListName": "Parties"}],
}


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def rsa_certificate(bits: int = 2048) -> x509.Certificate:
    key = rsa.generate_private_key(65537, bits)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a foreign platform")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    times = datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)
    return builder.not_valid_before(times[0]).not_valid_after(times[1]).sign(key, hashes.SHA256())


def platform(name: str = "STRAITS", **changes: Any) -> dict[str, Any]:
    key = {"certificate": pem(signer(name, "pint").certificate), "purposes": ["pint"]}
    described = description(name, country="SG", kind="platform", sends=[], accepts=[], ebl=STRAITS)
    return described | {"keys": [*described["keys"], key]} | changes


def test_a_platform_is_a_member_with_a_code_an_address_and_pint_certificates(cast: Cast) -> None:
    cast.operator.add_member(platform())
    told = cast.operator.member("STRAITS")
    assert told["ebl"] == {"platform": "STRA", "url": "http://127.0.0.1:9/base", "algorithms": ["ES256", "PS256"]}
    assert [key["algorithm"] for key in told["keys"] if key["purposes"] == ["pint"]] == ["ES256"]
    assert cast["TH-NSW"].member("STRAITS")["ebl"] == {"platform": "STRA", "algorithms": ["ES256", "PS256"]}


def test_a_pint_certificate_may_be_rsa_and_signs_nothing_else(cast: Cast) -> None:
    cast.operator.add_member(platform())
    cast.operator.add_key("STRAITS", pem(rsa_certificate()), ["pint"])
    keys = cast.operator.member("STRAITS")["keys"]
    assert sorted(key["algorithm"] for key in keys if key["purposes"] == ["pint"]) == ["ES256", "PS256"]
    trusted = next(each for each in httpx.get(f"{cast.url}/v1/trust").json()["members"] if each["id"] == "STRAITS")
    assert all("pint" not in key["purposes"] for key in trusted["keys"])
    assert len(trusted["keys"]) == 3
    short = refused_by(cast.operator.add_key, "STRAITS", pem(rsa_certificate(1024)), ["pint"])
    assert (short.status, short.code) == (422, "member.malformed")
    mixed = refused_by(cast.operator.add_key, "STRAITS", pem(rsa_certificate()), ["pint", "event"])
    assert (mixed.status, mixed.findings[0].pointer) == (422, "/purposes")
    again = refused_by(cast.operator.add_key, "STRAITS", pem(signer("STRAITS", "pint").certificate), ["pint"])
    assert (again.status, again.code) == (409, "member.key-taken")


def test_two_platforms_never_have_one_code_nor_does_any_have_the_hubs(cast: Cast) -> None:
    cast.operator.add_member(platform())
    refused = refused_by(cast.operator.add_member, platform("OTHER"))
    assert (refused.status, refused.code) == (409, "member.platform-taken")
    hubs = refused_by(cast.operator.add_member, platform("OTHER", ebl=STRAITS | {"platform": "TBHB"}))
    assert (hubs.status, hubs.code) == (409, "member.platform-taken")


@pytest.mark.parametrize("listed", [{}, {"codeListName": "Parties"}])
def test_a_party_code_leads_to_one_account(cast: Cast, listed: dict[str, str]) -> None:
    cast.operator.add_member(platform("BANK", ebl=None, accounts=[RUBBER]))
    same = {"partyName": "Another", "identifyingCodes": [{"codeListProvider": "ZZZ", "partyCode": "RUBBER"} | listed]}
    refused = refused_by(cast.operator.add_member, platform("OTHER", ebl=None, accounts=[same]))
    assert (refused.status, refused.code) == (409, "member.account-taken")
    twice = refused_by(cast.operator.add_member, platform("OTHER", ebl=None, accounts=[same, same]))
    assert {found.code for found in twice.findings} == {"member.account-taken"}
    elsewhere = {"partyName": "Another", "identifyingCodes": [{"codeListProvider": "DNB", "partyCode": "RUBBER"}]}
    cast.operator.add_member(platform("OTHER", ebl=None, accounts=[elsewhere]))


def test_a_change_leaves_the_token_as_it_was_and_nobody_is_told_it(cast: Cast) -> None:
    cast.operator.add_member(platform())
    operator = {"Authorization": f"Bearer {test_api_key(SEED, 'OPERATOR')}"}
    body = {"ebl": {"platform": "STRA", "url": "http://127.0.0.1:10"}, "accounts": [RUBBER]}
    changed = httpx.patch(f"{cast.url}/v1/members/STRAITS", headers=operator, json=body)
    assert changed.json()["ebl"]["url"] == "http://127.0.0.1:10"
    assert changed.json()["accounts"] == [RUBBER]
    assert "what-they-gave-us" not in changed.text
    assert "accounts" not in cast["TH-NSW"].member("STRAITS")
