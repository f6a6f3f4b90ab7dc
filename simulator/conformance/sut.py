"""The system under test: where it is, whose signatures it makes, and how it is told to send.

1. It is described by a TOML file (`read_system`; `TEMPLATE` is one to fill in). Paths in it are relative to the file.
2. As receiver it needs nothing but its address: the kit calls it. As sender it must be told to transfer a title, which
   PINT says nothing of: by a URL, by a command, or by a person who is prompted (`Controls`).
3. Where it can say where a title is (here, sending, in-doubt, away) the suite checks that too; where not, those checks
   are not applicable.
"""

import asyncio
import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import httpx
from cryptography import x509

from simulator.conformance import kit
from simulator.conformance.bounded import ask
from simulator.conformance.described import BadSystem as BadSystem
from simulator.conformance.exchange import json_in
from simulator.conformance.kit import Identities, algorithm_of
from tradebridge.ebl.seal import ALGORITHMS, Trusted

Json = dict[str, Any]
SECONDS = 30.0
"""For an answer to what is not PINT's own."""
WHERE = frozenset({"here", "sending", "in-doubt", "away", "ended"})

TEMPLATE = """\
# The system under test, for `tb conformance run pint --sut {file}`.
name = "My platform"
code = "{code}"                        # its platform code
base = "{base}"       # PINT is under base + /pint/v3; or: pint = "https://.../v3"
certificates = ["{certificate}"]     # what its signatures are checked with
answers_within = 10.0                # seconds that the kit waits for an answer, and for a retry
at_once = 8                          # scenarios beside each other
# headers = {{ "X-Api-Key" = "..." }}    # further headers of the kit's calls, if a gateway wants some

[account]                            # a party that it knows: the kit hands titles to it
partyName = "Small Traders (simulated)"
identifyingCodes = [{{ codeListProvider = "ZZZ", partyCode = "SMALL-1" }}]

[kit]                                # what the kit is to it: kit/peers.json has the same for your configuration
folder = "kit"                       # keys and certificates of the kit
port = {port}                          # its platforms are http://127.0.0.1:{port}/KITA and .../KITB
A = {{ code = "KITA", token_out = "{a_out}", token_in = "{a_in}" }}
B = {{ code = "KITB", token_out = "{b_out}", token_in = "{b_in}" }}
carrier = "KITC"                     # carrierCode of the kit's transport documents

[sending]                            # how it is told to transfer; without this section a person is asked to
transfer = "{base}/transfers"         # gets {{"reference", "recipient", "documents"}} as JSON, by POST
# transfer = ["./transfer.sh"]                       # or a command, which gets the same on its standard input
act = "{base}/transfers"              # optional: the same with "action" and "reasonCode", for a surrender
where = "{base}/titles/{{reference}}"   # optional: JSON with "at": here, sending, in-doubt or away
"""


def prepare(folder: Path, code: str, base: str, certificate: str, port: int) -> Path:
    """Make the kit's keys and the file of a system, once; what is there is kept. The file's path.

    `kit/peers.json` says to the system who the kit is: addresses, tokens (`tokenOut` is what the system shows),
    certificates.
    """
    kit.prepare(folder / "kit")
    made, file = kit.load(folder / "kit"), folder / "sut.toml"
    if not file.exists():
        values = {"file": file, "code": code, "base": base.rstrip("/"), "certificate": certificate, "port": port}
        for name, each in (("a", made.a), ("b", made.b)):
            values |= {f"{name}_out": each.token_out, f"{name}_in": each.token_in}
        file.write_text(TEMPLATE.format(**values), "utf-8")
    peers = {
        each.code: {
            "base": f"http://127.0.0.1:{port}/{each.code}",
            "tokenOut": each.token_in,
            "tokenIn": each.token_out,
            "certificates": [each.pem],
        }
        for each in made.platforms
    }
    told = {"peers": peers, "carriers": {made.carrier_code: [made.carrier_pem]}}
    (folder / "kit" / "peers.json").write_text(json.dumps(told, indent=2) + "\n", "utf-8")
    return file


class CannotSend(RuntimeError):
    """The system was told to transfer and refused, or could not be told; the message has what it said."""


@dataclass(frozen=True)
class Act:
    """What the possessor does with a title, in PINT's words."""

    action: str
    reason: str = ""
    """PINT's reasonCode, of a surrender for amendment."""

    def to_json(self) -> Json:
        """What is added to what a transfer says; nothing for a transfer."""
        if self.action == "TRANSFER":
            return {}
        return {"action": self.action} | ({"reasonCode": self.reason} if self.reason else {})


TRANSFER = Act("TRANSFER")


class Controls(Protocol):
    """How a system under test is moved from outside PINT, over the kit's HTTP client where it is HTTP."""

    @property
    def by_person(self) -> bool:
        """Whether somebody has to do it: then the kit waits for longer."""

    async def transfer(
        self,
        http: httpx.AsyncClient,
        reference: str,
        recipient: Json,
        documents: Sequence[Json],
        act: Act = TRANSFER,
    ) -> None:
        """Let the possessor hand the title over. `documents`: name, mediaType, content in base64. `act`: a surrender,
        where it is one. Raises CannotSend."""

    async def where(self, http: httpx.AsyncClient, reference: str) -> str | None:
        """`here`, `sending`, `in-doubt`, `away`, `ended`; None if it does not say."""

    async def later(self, by: timedelta) -> bool:
        """Let its clock move on; whether it did."""


@dataclass(frozen=True)
class System:
    """A system under test."""

    name: str
    code: str
    pint: str
    """URL of PINT, `/v3` included."""
    trusted: Trusted
    account: Json
    """A Party of PINT that it knows, on its own platform."""
    kit: Identities
    controls: Controls = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Further headers of each call to it, such as the key of a gateway. No report shows them."""
    kit_port: int = 0
    answers_within: float = 10.0
    """Seconds: for an answer, and for a call that is waited for."""
    person_waits: float = 900.0
    """Seconds that a person has, where one must act."""
    at_once: int = 6


def read_system(path: Path, ask: Callable[[str], None]) -> System:
    """The system of a file. `ask` shows a person what to do, where neither URL nor command is given.

    Raises BadSystem and OSError.
    """
    try:
        told = tomllib.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise BadSystem(f"{path.name} is no TOML: {error}") from error
    folder = path.parent
    try:
        base = str(told.get("base", "")).rstrip("/")
        pint = str(told.get("pint") or f"{base}/pint/v3").rstrip("/")
        code = str(told["code"])
        kit_told = told["kit"]
        return System(
            name=str(told.get("name", code)),
            code=code,
            pint=pint,
            trusted=_trusted(code, [folder / each for each in told["certificates"]]),
            account={
                "partyName": told["account"]["partyName"],
                "eblPlatform": code,
                "identifyingCodes": told["account"]["identifyingCodes"],
            },
            kit=_identities(folder, kit_told),
            controls=_controls(told.get("sending", {}), folder, ask),
            headers={str(name): str(value) for name, value in told.get("headers", {}).items()},
            kit_port=int(kit_told["port"]),
            answers_within=float(told.get("answers_within", 10.0)),
            person_waits=float(told.get("person_waits", 900.0)),
            at_once=int(told.get("at_once", 4)),
        )
    except KeyError as error:
        raise BadSystem(f"{path.name} lacks {error}: `tb conformance prepare` writes a file to fill in") from error
    except (TypeError, ValueError) as error:
        raise BadSystem(f"{path.name}: {error}") from error


def _trusted(code: str, files: Sequence[Path]) -> Trusted:
    certificates = tuple(
        certificate for each in files for certificate in x509.load_pem_x509_certificates(each.read_bytes())
    )
    return Trusted(code, certificates, frozenset(algorithm_of(each) for each in certificates) & ALGORITHMS)


def _identities(folder: Path, told: Mapping[str, Any]) -> Identities:
    a, b = told["A"], told["B"]
    keys = kit.load(folder / told["folder"], a["code"], b["code"], told["carrier"])
    return Identities(
        kit.with_tokens(keys.a, a["token_out"], a["token_in"]),
        kit.with_tokens(keys.b, b["token_out"], b["token_in"]),
        keys.carrier_code,
        keys.carrier,
        keys.stranger,
    )


def _controls(told: Mapping[str, Any], folder: Path, ask: Callable[[str], None]) -> Controls:
    transfer, where, act = told.get("transfer"), told.get("where"), told.get("act")
    if isinstance(transfer, str):
        return ByUrl(transfer, where, None if act is None else str(act))
    if isinstance(transfer, list):
        acts = [str(each) for each in act] if isinstance(act, list) else None
        return ByCommand([str(each) for each in transfer], where, folder, acts)
    return ByPerson(where, ask)


NO_ACT = "it cannot be told to surrender: give `[sending] act` in the file"

# --- How it is told --------------------------------------------------------------------------------------------------


async def _asked(http: httpx.AsyncClient, url: str | None, reference: str) -> str | None:
    """What the system says of where a title is."""
    if url is None:
        return None
    got = await ask(http, "GET", url.replace("{reference}", reference), b"", {}, SECONDS)
    told = json_in(got.body)
    at = told.get("at") if isinstance(told, dict) else None
    return at if isinstance(at, str) and at in WHERE else None


@dataclass(frozen=True)
class ByUrl:
    """A URL takes `{"reference", "recipient", "documents"}`; another answers where a title is."""

    url: str
    asks: str | None
    acts: str | None = None
    """Where it is told to surrender; None: it cannot be told."""
    by_person: bool = False

    async def transfer(
        self,
        http: httpx.AsyncClient,
        reference: str,
        recipient: Json,
        documents: Sequence[Json],
        act: Act = TRANSFER,
    ) -> None:
        body = {"reference": reference, "recipient": recipient, "documents": list(documents)} | act.to_json()
        url = self.url if act is TRANSFER else self.acts
        if url is None:
            raise CannotSend(NO_ACT)
        got = await ask(http, "POST", url, json.dumps(body).encode(), {"Content-Type": "application/json"}, SECONDS)
        if got.status is None:
            raise CannotSend(f"{url} did not answer: {got.note}")
        if got.status >= 300:
            raise CannotSend(f"{url} answered {got.status}: {got.body[:300].decode('utf-8', 'replace')}")

    async def where(self, http: httpx.AsyncClient, reference: str) -> str | None:
        return await _asked(http, self.asks, reference)

    async def later(self, by: timedelta) -> bool:
        return False


@dataclass(frozen=True)
class ByCommand:
    """A command takes the same JSON on its standard input; its exit code says whether it could."""

    command: Sequence[str]
    asks: str | None
    folder: Path
    acts: Sequence[str] | None = None
    by_person: bool = False

    async def transfer(
        self,
        http: httpx.AsyncClient,
        reference: str,
        recipient: Json,
        documents: Sequence[Json],
        act: Act = TRANSFER,
    ) -> None:
        command = self.command if act is TRANSFER else self.acts
        if command is None:
            raise CannotSend(NO_ACT)
        body = {"reference": reference, "recipient": recipient, "documents": list(documents)} | act.to_json()
        told = json.dumps(body).encode()
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                *command, cwd=self.folder, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.STDOUT
            )
        except OSError as error:
            raise CannotSend(f"{command[0]} could not be started: {error}") from error
        said, _ = await process.communicate(told)
        if process.returncode:
            raise CannotSend(f"{command[0]} ended with {process.returncode}: {said[:300].decode(errors='replace')}")

    async def where(self, http: httpx.AsyncClient, reference: str) -> str | None:
        return await _asked(http, self.asks, reference)

    async def later(self, by: timedelta) -> bool:
        return False


@dataclass(frozen=True)
class ByPerson:
    """A person is shown what to do."""

    asks: str | None
    ask: Callable[[str], None]
    by_person: bool = True

    async def transfer(
        self,
        http: httpx.AsyncClient,
        reference: str,
        recipient: Json,
        documents: Sequence[Json],
        act: Act = TRANSFER,
    ) -> None:
        names = f", with {len(documents)} supporting documents of your choice" if documents else ""
        codes = ", ".join(f"{each['codeListProvider']} {each['partyCode']}" for each in recipient["identifyingCodes"])
        to = f"{recipient['partyName']} on {recipient['eblPlatform']} ({codes})"
        does = "transfer" if act is TRANSFER else " ".join(filter(None, (act.action, act.reason)))
        self.ask(f"Your turn: {does} {reference} to {to}{names}")

    async def where(self, http: httpx.AsyncClient, reference: str) -> str | None:
        return await _asked(http, self.asks, reference)

    async def later(self, by: timedelta) -> bool:
        return False
