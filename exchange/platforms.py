"""What members are to the world of electronic bills of lading: platforms, carriers, and parties on the hub's platform.

1. A foreign platform is a member with a platform code, the address of its PINT API and PINT certificates. The hub is a
   platform itself (setting `platform_code`); no member has its code, and no two have the same.
2. A carrier is a member with carrier codes and PINT certificates: they sign its issuance manifests.
3. A party has an account on the hub's platform by the member that acts for it. A party code leads to one account.
4. A PINT certificate serves PINT and nothing else (purpose `pint`), may be RSA (PS256) or P-256 (ES256), and several
   are valid during a rotation. The policy of the member says which algorithms count; a message never does.
5. The token that the hub shows to a platform is kept and never told. What a platform shows to the hub is its API key.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from schemas.findings import Finding, finding
from tradebridge.ebl.seal import ALGORITHMS, ES256, PS256, Trust, Trusted, thumbprint

PINT = "pint"
"""The purpose of a PINT certificate."""
PLATFORM_CODE = re.compile(r"[A-Z0-9]{2,4}")
RSA_BITS = (2048, 8192)

Wrong = Callable[[str, object, str], Finding]


@dataclass(frozen=True, slots=True)
class Peer:
    """How a member takes part in the exchange of bills of lading: as a platform, as a carrier, or as both."""

    member: str
    name: str
    platform: str | None
    """Its platform code; None for a carrier that is no platform."""
    carriers: tuple[str, ...]
    url: str
    """Base address: PINT is at `{url}/pint/v3`, the rest of DCSA at `{url}/ebl/v3`."""
    registry: str | None
    """Base URI of the control tracking registry that it runs, if any; its PINT certificates sign for it."""
    former: tuple[str, ...]
    """Base URIs that this registry had before: bills name them for ever."""
    algorithms: frozenset[str]
    token: str = field(repr=False)
    """What the hub shows to it as a bearer; empty: nothing."""
    active: bool = True
    """Not: its member is suspended."""


@dataclass(frozen=True, slots=True)
class Account:
    """A party on the hub's platform."""

    holder: str
    """The member that acts for it."""
    name: str
    codes: tuple[Mapping[str, str], ...]
    """Its identifying codes, as DCSA writes them."""

    def has(self, code: Mapping[str, Any]) -> bool:
        """Is this one of its codes? The name of the list counts where both state it."""
        return any(_same_code(code, own) for own in self.codes)

    def is_(self, code: Mapping[str, Any], own: str) -> bool:
        """Is this a party code of the hub's own users?"""
        mine = {each["partyCode"] for each in self.codes}
        return bool(own) and code.get("codeListProvider") == own and code.get("partyCode") in mine

    def to_json(self) -> dict[str, Any]:
        return {"partyName": self.name, "identifyingCodes": [dict(each) for each in self.codes]}


def _same_code(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    listed = one.get("codeListName"), other.get("codeListName")
    return (
        one.get("codeListProvider") == other.get("codeListProvider")
        and one.get("partyCode") == other.get("partyCode")
        and (None in listed or listed[0] == listed[1])
    )


# --- What the operator says of a member ------------------------------------------------------------------------------


def wrong_with(description: Mapping[str, Any], wrong: Wrong) -> Iterator[Finding]:
    """What is wrong with the members `ebl` and `accounts` of a description."""
    ebl = description.get("ebl")
    if ebl is not None:
        yield from _wrong_with_ebl(ebl, wrong)
    accounts = description.get("accounts", [])
    if not isinstance(accounts, list):
        yield wrong("/accounts", accounts, "a list of parties")
        return
    for index, each in enumerate(accounts):
        yield from _wrong_with_account(each, f"/accounts/{index}", wrong)


def _wrong_with_ebl(ebl: object, wrong: Wrong) -> Iterator[Finding]:
    if not isinstance(ebl, dict):
        yield wrong("/ebl", ebl, '{"platform", "url", "registry", "formerRegistries", "algorithms", "token"}')
        return
    for name in ebl.keys() - {"platform", "url", "registry", "formerRegistries", "algorithms", "token"}:
        yield wrong(f"/ebl/{name}", name, "no such member")
    platform = ebl.get("platform")
    if platform is not None and (not isinstance(platform, str) or not PLATFORM_CODE.fullmatch(platform)):
        yield wrong("/ebl/platform", platform, "a platform code of 2 to 4 capital letters or digits")
    algorithms = ebl.get("algorithms", sorted(ALGORITHMS))
    if not isinstance(algorithms, list) or not algorithms or any(each not in ALGORITHMS for each in algorithms):
        yield wrong("/ebl/algorithms", algorithms, " or ".join(sorted(ALGORITHMS)))
    token = ebl.get("token", "")
    if not isinstance(token, str) or not re.fullmatch(r"[\x21-\x7e]{0,4096}", token):
        yield wrong("/ebl/token", "a token", "visible characters of ASCII")


def _wrong_with_account(account: object, pointer: str, wrong: Wrong) -> Iterator[Finding]:
    if not isinstance(account, dict) or account.keys() - {"partyName", "identifyingCodes"}:
        yield wrong(pointer, account, '{"partyName", "identifyingCodes"}')
        return
    name = account.get("partyName")
    if not isinstance(name, str) or not 1 <= len(name) <= 70 or name != name.strip() or not name.isprintable():
        yield wrong(f"{pointer}/partyName", name, "1 to 70 characters of text")
    codes = account.get("identifyingCodes")
    if not isinstance(codes, list) or not codes or not all(_is_code(each) for each in codes):
        expected = "one or more of {codeListProvider, partyCode, codeListName}"
        yield wrong(f"{pointer}/identifyingCodes", codes, expected)


def _is_code(code: object) -> bool:
    if not isinstance(code, dict) or code.keys() - {"codeListProvider", "partyCode", "codeListName"}:
        return False
    texts = {"codeListProvider": 100, "partyCode": 150, **({"codeListName": 100} if "codeListName" in code else {})}
    return all(isinstance(code.get(name), str) and 1 <= len(code[name]) <= most for name, most in texts.items())


def stored(description: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What is kept of them. A change that says nothing of the token leaves it as it was."""
    ebl = description.get("ebl")
    kept: dict[str, Any] | None = None
    if ebl is not None:
        token = ebl.get("token", ((before or {}).get("ebl") or {}).get("token", ""))
        kept = {
            "platform": ebl.get("platform"),
            "url": ebl.get("url", "").rstrip("/"),
            "registry": ebl.get("registry"),
            "formerRegistries": list(ebl.get("formerRegistries", ())),
            "algorithms": sorted(ebl.get("algorithms", ALGORITHMS)),
            "token": token,
        }
    return {"ebl": kept, "accounts": list(description.get("accounts", ()))}


def public(data: Mapping[str, Any], *, whole: bool) -> dict[str, Any]:
    """The members `ebl` and `accounts` as the API shows them: the token never, addresses and accounts to few."""
    ebl = data.get("ebl")
    shown: dict[str, Any] = {}
    if ebl is not None:
        told = ("platform", "registry", "algorithms", *(("url",) if whole else ()))
        shown["ebl"] = {name: ebl[name] for name in told if ebl[name] is not None}
        if ebl.get("formerRegistries"):
            shown["ebl"]["formerRegistries"] = ebl["formerRegistries"]
    if whole and data.get("accounts"):
        shown["accounts"] = data["accounts"]
    return shown


def taken(own: str, others: Mapping[str, Mapping[str, Any]], data: Mapping[str, Any], code: str) -> Iterator[Finding]:
    """What of this member's eBL side is another's: the platform code, a party code. `code` is the hub's own."""
    platform = (data.get("ebl") or {}).get("platform")
    for name, other in others.items():
        if platform is not None and (other.get("ebl") or {}).get("platform") == platform:
            yield finding("member.platform-taken", "/ebl/platform", found=platform, expected=f"one other than {name}'s")
    if platform == code:
        yield finding("member.platform-taken", "/ebl/platform", found=platform, expected="one other than the hub's")
    held = [(own, index, each) for index, each in enumerate(data.get("accounts", ()))]
    foreign = [(name, 0, each) for name, other in others.items() for each in other.get("accounts", ())]
    for _, index, account in held:
        apart = [*foreign, *(each for each in held if each[1] < index)]
        for at, identifying in enumerate(account["identifyingCodes"]):
            if any(_same_code(identifying, known) for _, _, each in apart for known in each["identifyingCodes"]):
                pointer = f"/accounts/{index}/identifyingCodes/{at}"
                yield finding("member.account-taken", pointer, found=identifying["partyCode"])


# --- Certificates ----------------------------------------------------------------------------------------------------


def pint_certificate(pem: object, pointer: str) -> x509.Certificate | Finding:
    """The certificate of a PINT key: P-256, or RSA of 2048 to 8192 bits."""
    try:
        certificate = x509.load_pem_x509_certificate(str(pem).encode())
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        return finding("member.malformed", pointer, found=error, expected="a certificate in PEM")
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return certificate
    if isinstance(key, rsa.RSAPublicKey) and RSA_BITS[0] <= key.key_size <= RSA_BITS[1]:
        return certificate
    expected = f"P-256, or RSA of {RSA_BITS[0]} to {RSA_BITS[1]} bits"
    return finding("member.malformed", pointer, found=type(key).__name__, expected=expected, attack="KEY-4")


def kid_of(member: str, certificate: x509.Certificate) -> str:
    """`member#` and the SHA-256 of the certificate in base64url: the same key may have a renewed one."""
    digest = certificate.fingerprint(hashes.SHA256())
    return f"{member}#{urlsafe_b64encode(digest).rstrip(b'=').decode('ascii')}"


@dataclass(frozen=True, slots=True)
class PintKey:
    """A PINT certificate as it is registered."""

    kid: str
    certificate: x509.Certificate
    not_after: datetime | None
    withdrawn: datetime | None

    @property
    def ends(self) -> datetime | None:
        """Since when its signatures count no more, beside the certificate's own time."""
        return min((each for each in (self.not_after, self.withdrawn) if each is not None), default=None)

    def to_json(self) -> dict[str, Any]:
        algorithm = PS256 if isinstance(self.certificate.public_key(), rsa.RSAPublicKey) else ES256
        return {
            "kid": self.kid,
            "certificate": self.certificate.public_bytes(serialization.Encoding.PEM).decode("ascii"),
            "purposes": [PINT],
            "algorithm": algorithm,
            "notBefore": _written(self.certificate.not_valid_before_utc),
            "notAfter": _written(self.not_after or self.certificate.not_valid_after_utc),
            **({"withdrawn": _written(self.withdrawn)} if self.withdrawn else {}),
        }


def _written(moment: datetime) -> str:
    from tradebridge.evidence.times import rfc3339

    return rfc3339(moment)


# --- What the exchange asks ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Platforms:
    """All of it, as it stands in one registry of members."""

    peers: tuple[Peer, ...]
    accounts: tuple[Account, ...]
    trust: Trust
    """By platform and by carrier code; the hub's own platform among them."""
    registries: Mapping[str, Trusted]
    """Foreign control tracking registries, by base URI."""

    def platform(self, code: str) -> Peer | None:
        return next((each for each in self.peers if each.platform == code), None)

    def carrier(self, code: str) -> Peer | None:
        return next((each for each in self.peers if code in each.carriers), None)

    def of_member(self, member: str) -> Peer | None:
        return next((each for each in self.peers if each.member == member), None)

    def account_of(self, codes: Iterable[Mapping[str, Any]], own: str = "") -> Account | None:
        """The one account that these codes lead to; None where they lead to none, or to several. A code that the hub
        does not know may stand beside one that it does. `own`: the hub's platform code; under it any party code of an
        account counts."""
        found = [account for code in codes for account in self.accounts if account.has(code) or account.is_(code, own)]
        return found[0] if found and all(each is found[0] for each in found) else None


def platforms_of(
    members: Mapping[str, tuple[str, Mapping[str, Any]]], keys: Mapping[str, list[PintKey]], own: Trusted
) -> Platforms:
    """From what is stored of each member (status and data), and their PINT certificates. `own`: the hub's platform."""
    peers, accounts = [], []
    for member, (status, data) in members.items():
        ebl = data.get("ebl")
        if ebl is not None:
            peers.append(
                Peer(
                    member=member,
                    name=data["name"],
                    platform=ebl["platform"],
                    carriers=tuple(data["carriers"]),
                    url=ebl["url"],
                    registry=ebl["registry"],
                    former=tuple(ebl.get("formerRegistries", ())) if ebl["registry"] else (),
                    algorithms=frozenset(ebl["algorithms"]),
                    token=ebl["token"],
                    active=status == "active",
                )
            )
        if status == "active":
            accounts += [
                Account(member, each["partyName"], tuple(each["identifyingCodes"])) for each in data.get("accounts", ())
            ]
    platforms = {each.platform: _trusted(each.platform, each, keys) for each in peers if each.platform}
    carriers = {code: _trusted(code, each, keys) for each in peers for code in each.carriers}
    registries = {
        base: _trusted(base, each, keys) for each in peers if each.registry for base in (*each.former, each.registry)
    }
    return Platforms(tuple(peers), tuple(accounts), Trust({**platforms, own.code: own}, carriers), registries)


def _trusted(code: str, peer: Peer, keys: Mapping[str, list[PintKey]]) -> Trusted:
    known = keys.get(peer.member, [])
    revoked = {thumbprint(each.certificate): each.ends for each in known if each.ends is not None}
    return Trusted(code, tuple(each.certificate for each in known), peer.algorithms, revoked)
