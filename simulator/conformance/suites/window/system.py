"""A window as system under test: where the kit hands deliveries over, whose signatures it makes, how it is told to act.

It is described by a TOML file (`read_window`; `TEMPLATE` is one to fill in). What it has no address for, it is not
tried with: those scenarios are not applicable.
"""

import json
import secrets
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from simulator.conformance.described import BadSystem
from tradebridge.evidence.signer import LocalSigner
from tradebridge.evidence.simulation import test_signer
from tradebridge.evidence.times import from_rfc3339
from tradebridge.evidence.trust import TrustedKey, TrustedLog, TrustedMember, TrustList, hub_of

PROFILE = "atiga-form-d/2022"
ISSUER, ISSUER_COUNTRY = "SG-NSW", "SG"
OTHER = "VN-NSW"
"""A member that neither issues in Singapore nor is the system under test."""
PURPOSES = ("document", "event", "ack")
WITHDRAWN = "2026-01-01T00:00:00Z"

TEMPLATE = """\
# The system under test, for `tb conformance run --sut {file}`.
name = "My window"
code = "{code}"                      # its member id
country = "{country}"
api_key = "{key}"   # what it shows to the kit as bearer token
certificates = {{ document = "{certificate}", event = "{certificate}", ack = "{certificate}" }}
answers_within = 5.0               # seconds that the kit waits for what is due
quiet = 1.0                        # seconds that it waits for what should not come

# What it has no address for, it is not tried with; without `push` it asks GET /v1/inbox of the kit.
{push}push = "{url}/push"            # the kit posts deliveries here
verifier = "{url}/verify"    # gets a document by POST, answers {{"verdict": "yes" or "no"}}
sends = "{url}/send"         # gets {{"to": member}}: it sends one of its documents there
decides = "{url}/decide"     # gets {{"document", "number", "says"}}: accepted, queried, rejected
# person_waits = 900.0       # without `sends` or `decides`: you are asked to do it, and have so many seconds

[kit]                              # http://127.0.0.1:{port} is the hub; kit/trust.json its trust list
seed = "{seed}"
port = {port}
"""


@dataclass(frozen=True)
class Folk:
    """Whom the kit plays: the hub, an issuer, others. All keys are test keys, drawn from the seed."""

    seed: str = field(repr=False)

    @cached_property
    def hub(self) -> LocalSigner:
        return test_signer(self.seed, "HUB", "receipt")

    @cached_property
    def withdrawn_hub(self) -> LocalSigner:
        """A key of the hub that was withdrawn before this run."""
        return test_signer(self.seed, "HUB", "withdrawn")

    @cached_property
    def issuer(self) -> LocalSigner:
        return test_signer(self.seed, ISSUER)

    @cached_property
    def withdrawn_issuer(self) -> LocalSigner:
        return test_signer(self.seed, ISSUER, "withdrawn")

    @cached_property
    def issuer_events(self) -> LocalSigner:
        """The issuer's key for events: it signs no documents."""
        return test_signer(self.seed, ISSUER, "event")

    @cached_property
    def other(self) -> LocalSigner:
        return test_signer(self.seed, OTHER)

    @cached_property
    def stranger(self) -> LocalSigner:
        """On nobody's list; it says that it is the issuer."""
        return test_signer(f"{self.seed}-stranger", ISSUER)

    @cached_property
    def embedded(self) -> LocalSigner:
        """A key that comes along with what it signs."""
        return test_signer(f"{self.seed}-stranger", "EMBEDDED")

    @cached_property
    def strange_hub(self) -> LocalSigner:
        return test_signer(f"{self.seed}-stranger", "HUB", "receipt")

    def trust(self, *members: TrustedMember) -> TrustList:
        gone = from_rfc3339(WITHDRAWN)
        hub = [
            TrustedKey.of("HUB", self.hub.certificate, ("receipt", "note", "attestation")),
            TrustedKey.of("HUB", self.withdrawn_hub.certificate, ("receipt", "note"), withdrawn=gone),
        ]
        issuer = [
            TrustedKey.of(ISSUER, self.issuer.certificate, ["document"]),
            TrustedKey.of(ISSUER, self.issuer_events.certificate, ["event"]),
            TrustedKey.of(ISSUER, self.withdrawn_issuer.certificate, ["document"], withdrawn=gone),
        ]
        other = [TrustedKey.of(OTHER, self.other.certificate, ["document"])]
        return TrustList(
            hub_of(hub),
            TrustedLog("kit", ""),
            (window(ISSUER, ISSUER_COUNTRY, issuer), window(OTHER, "VN", other), *members),
            simulated=True,
        )


def window(member: str, country: str, keys: list[TrustedKey]) -> TrustedMember:
    roles = frozenset({"issuer", "sender", "recipient"})
    return TrustedMember(member, country, "single-window", roles, issues=frozenset({PROFILE}), keys=tuple(keys))


@dataclass(frozen=True)
class Controls:
    """A window is told by URL."""

    by_person: bool = False


@dataclass(frozen=True)
class WindowSystem:
    """A system under test."""

    name: str
    code: str
    """Its member id."""
    country: str
    api_key: str = field(repr=False)
    certificates: Mapping[str, x509.Certificate]
    """By purpose: document, event, ack."""
    kit: Folk
    push: str | None = None
    """None: it pulls."""
    verifier: str | None = None
    sends: str | None = None
    decides: str | None = None
    kit_port: int = 0
    answers_within: float = 5.0
    quiet: float = 1.0
    """Seconds in which something may still come: where nothing is due, and after an acknowledgement by pull."""
    at_once: int = 1
    """An inbox has one order: scenarios are played one after the other."""
    controls: Controls = Controls()
    person_waits: float = 900.0
    """Seconds that a person has, where one is asked."""
    asks: Callable[[str], None] | None = field(default=None, repr=False)
    """Shows a person what to do where it has no address for it; None: nobody is there."""
    transport: httpx.AsyncBaseTransport | None = field(default=None, repr=False)
    """To a system in this process."""

    @cached_property
    def trust(self) -> TrustList:
        by_der: dict[bytes, tuple[x509.Certificate, set[str]]] = {}
        for purpose, certificate in self.certificates.items():
            by_der.setdefault(certificate.public_bytes(Encoding.DER), (certificate, set()))[1].add(purpose)
        keys = [TrustedKey.of(self.code, certificate, purposes) for certificate, purposes in by_der.values()]
        return self.kit.trust(window(self.code, self.country, keys))


def prepare_window(
    folder: Path, code: str, country: str, url: str, certificate: str, port: int, *, pulls: bool = False
) -> Path:
    """Write the file of a window and, once its certificate is there, the kit's trust list. A file that is there stays.

    Raises BadSystem if the file, or the certificate, is there and cannot be used.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "window.toml"
    if not file.exists():
        facts = {"file": file, "code": code, "country": country, "url": url.rstrip("/"), "certificate": certificate}
        facts |= {"push": "# " if pulls else "", "seed": secrets.token_hex(16), "key": f"kit_{secrets.token_hex(16)}"}
        file.touch(mode=0o600)
        file.write_text(TEMPLATE.format(**facts, port=port), "utf-8")
    if (folder / certificate).exists():
        (folder / "kit").mkdir(exist_ok=True)
        told = json.dumps(read_window(file).trust.to_json(), indent=2)
        (folder / "kit" / "trust.json").write_text(told + "\n", "utf-8")
    return file


def read_window(path: Path, ask: Callable[[str], None] | None = None) -> WindowSystem:
    """The window of a file. `ask`: shows a person what to do, if the file says that there is one. Raises BadSystem and
    OSError."""
    try:
        told = tomllib.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise BadSystem(f"{path.name} is no TOML: {error}") from error
    try:
        certificates = {
            purpose: x509.load_pem_x509_certificate((path.parent / told["certificates"][purpose]).read_bytes())
            for purpose in PURPOSES
        }
        return WindowSystem(
            name=str(told.get("name", told["code"])),
            code=str(told["code"]),
            country=str(told["country"]),
            api_key=str(told["api_key"]),
            certificates=certificates,
            kit=Folk(str(told["kit"]["seed"])),
            push=told.get("push"),
            verifier=told.get("verifier"),
            sends=told.get("sends"),
            decides=told.get("decides"),
            kit_port=int(told["kit"]["port"]),
            answers_within=float(told.get("answers_within", 5.0)),
            quiet=float(told.get("quiet", 1.0)),
            person_waits=float(told.get("person_waits", 0.0)),
            asks=ask if "person_waits" in told else None,
        )
    except KeyError as error:
        raise BadSystem(f"{path.name} lacks {error}: `tb sut init` writes a file to fill in") from error
    except (TypeError, ValueError) as error:
        raise BadSystem(f"{path.name}: {error}") from error
