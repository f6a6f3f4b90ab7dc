"""A cassette: what was sent to a hub in one session, what came back, and what became of it. Pure.

1. A step is one call of the hub, by whom (never with which key), with its answer; or one call that moved the simulation
   (clock, faults, scripts, officers). Steps stand in the order in which they began.
2. The outcome is what the simulated members wrote into their journals, and where each document stands in the end.
3. No secret is in it: API keys and secrets of webhooks are left out wherever they stand; `Authorization` is not kept.
4. It is bounded: `MOST_STEPS`, `MOST_BYTES`. A session that goes on is told so by `full`.
5. Of one seed, space and clock that stands, the same calls give the same cassette, byte for byte, but for `entries` of
   a step: how far the others had come when it was sent, which the machine's pace decides.
"""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

FORMAT = "tradebridge-cassette/1"
MOST_STEPS = 2000
MOST_BYTES = 64 * 1024 * 1024
"""Of all bodies together."""
MOST_ANSWER = 1024 * 1024
"""Of one answer that is kept; of a larger one its length is."""
LEFT_OUT = "(left out)"

KEPT_HEADERS = (
    "accept",
    "content-type",
    "idempotency-key",
    "tradebridge-actor",
    "tradebridge-profile",
    "tradebridge-to",
)
_SECRET_NAMES = frozenset({"apiKey", "secret", "operatorKey", "password", "passphrase", "privateKey"})
_SECRETS = re.compile(r"\b(?:tb_(?:live|test)_[\w-]{8,}|whsec_[\w+/=-]{8,})")


class BadCassette(ValueError):
    """The file is no cassette that can be replayed: the message says where, and what is expected."""


@dataclass(frozen=True, slots=True)
class Step:
    """One call and its answer. Bodies are JSON values, texts, or bytes."""

    at: str
    """Business time when it came, RFC 3339."""
    entries: int
    """So many entries had been written into the journals since the recording began."""
    method: str
    path: str
    """With its query; of the hub without the prefix of a space, of the simulation below `/_sim/v1`."""
    status: int
    control: bool = False
    """A call of the simulation, not of the hub."""
    caller: str = ""
    """The member, `OPERATOR`, empty for nobody; `?`: a key that is nobody's here."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    media_type: str = ""
    """Of the answer."""
    answer: Any = None

    @property
    def reads(self) -> bool:
        return self.method in ("GET", "HEAD")

    def to_json(self) -> dict[str, Any]:
        members: dict[str, Any] = {
            "at": self.at,
            "entries": self.entries,
            "of": "simulation" if self.control else "hub",
            "caller": self.caller,
            "method": self.method,
            "path": self.path,
            "headers": dict(self.headers),
            "body": _packed(self.body),
            "status": self.status,
            "mediaType": self.media_type,
            "answer": _packed(self.answer),
        }
        return {name: value for name, value in members.items() if value not in ("", None, {})}


@dataclass(frozen=True, slots=True)
class Cassette:
    """All of one session."""

    seed: str
    version: str
    """Of the Tradebridge that it was recorded with."""
    hub: str
    """Its base address, which answers name."""
    space: str
    clock: str
    """Where the business clock stood at the beginning, RFC 3339."""
    stands: bool
    """Did it stand? Then times are to the second what they were, else they are aligned."""
    members: tuple[str, ...]
    """The simulated ones: what others do is theirs."""
    before: int
    """Entries of the journals from before the recording: a replay begins with none."""
    steps: tuple[Step, ...] = ()
    entries: int = 0
    """Written since the recording began."""
    journal: tuple[Mapping[str, Any], ...] = ()
    documents: tuple[Mapping[str, Any], ...] = ()
    full: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "seed": self.seed,
            "version": self.version,
            "hub": self.hub,
            "space": self.space,
            "clock": {"at": self.clock, "mode": "frozen" if self.stands else "real"},
            "members": list(self.members),
            "before": self.before,
            "full": self.full,
            "steps": [each.to_json() for each in self.steps],
            "outcome": {"entries": self.entries, "journal": list(self.journal), "documents": list(self.documents)},
        }

    def data(self) -> bytes:
        """The file: JSON, for people who compare two of them line by line."""
        return json.dumps(self.to_json(), ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"


def read_cassette(data: bytes) -> Cassette:
    """Raises `BadCassette`."""
    if len(data) > 2 * MOST_BYTES:
        raise BadCassette(f"a file of {len(data)} bytes: at most {2 * MOST_BYTES}")
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadCassette(f"no JSON: {error}") from error
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise BadCassette(f"no cassette: `format` is to be {FORMAT}")
    if len(_of(value, "steps", list)) > MOST_STEPS:
        raise BadCassette(f"/steps: at most {MOST_STEPS}")
    clock, outcome = _of(value, "clock", dict), _of(value, "outcome", dict)
    return Cassette(
        seed=_of(value, "seed", str),
        version=_of(value, "version", str),
        hub=_of(value, "hub", str),
        space=_of(value, "space", str),
        clock=_of(clock, "at", str, "/clock"),
        stands=_of(clock, "mode", str, "/clock") == "frozen",
        members=tuple(map(str, _of(value, "members", list))),
        before=_of(value, "before", int),
        full=bool(value.get("full")),
        steps=tuple(_step(each, f"/steps/{place}") for place, each in enumerate(value["steps"])),
        entries=_of(outcome, "entries", int, "/outcome"),
        journal=tuple(_objects(_of(outcome, "journal", list, "/outcome"), "/outcome/journal")),
        documents=tuple(_objects(_of(outcome, "documents", list, "/outcome"), "/outcome/documents")),
    )


def _step(value: Any, where: str) -> Step:
    if not isinstance(value, dict):
        raise BadCassette(f"{where}: an object is expected")
    path = _of(value, "path", str, where)
    if not path.startswith("/") or "//" in path or ".." in path.partition("?")[0]:
        raise BadCassette(f"{where}/path: a path that begins with / and leads nowhere else")
    headers = value.get("headers", {})
    if not isinstance(headers, dict) or not set(headers) <= set(KEPT_HEADERS):
        raise BadCassette(f"{where}/headers: of these: {', '.join(KEPT_HEADERS)}")
    return Step(
        at=_of(value, "at", str, where),
        entries=_of(value, "entries", int, where),
        method=_of(value, "method", str, where),
        path=path,
        status=_of(value, "status", int, where),
        control=value.get("of") == "simulation",
        caller=str(value.get("caller", "")),
        headers={name: str(text) for name, text in headers.items()},
        body=_unpacked(value.get("body"), f"{where}/body"),
        media_type=str(value.get("mediaType", "")),
        answer=_unpacked(value.get("answer"), f"{where}/answer"),
    )


def _of(value: Mapping[str, Any], name: str, kind: type, where: str = "") -> Any:
    found = value.get(name)
    if not isinstance(found, kind) or isinstance(found, bool):
        raise BadCassette(f"{where}/{name}: {kind.__name__} is expected")
    return found


def _objects(values: Sequence[Any], where: str) -> Sequence[Mapping[str, Any]]:
    if not all(isinstance(each, dict) for each in values):
        raise BadCassette(f"{where}: objects are expected")
    return values


# --- Bodies ----------------------------------------------------------------------------------------------------------


def kept_request(data: bytes) -> Any:
    """What is kept of what was sent: its text or its bytes as they were, so that they can be sent again; of a JSON
    value with secrets in it the rest. None where there is nothing."""
    if not data:
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return data
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return _SECRETS.sub(LEFT_OUT, text)
    kept = without_secrets(value)
    return text if kept == value else kept


def kept_answer(data: bytes, media_type: str) -> Any:
    """What is kept of an answer: a JSON value (of NDJSON a list) without its secrets, a text, or the bytes."""
    if len(data) > MOST_ANSWER:
        return f"({len(data)} bytes)"
    try:
        if media_type.endswith("ndjson"):
            return [without_secrets(json.loads(line)) for line in data.splitlines() if line]
        if media_type == "application/json" or media_type.endswith("+json"):
            return without_secrets(json.loads(data))
    except (ValueError, RecursionError):  # not what it says that it is: kept as it came
        pass
    try:
        return _SECRETS.sub(LEFT_OUT, data.decode("utf-8")) or None
    except UnicodeDecodeError:
        return data


def without_secrets(value: Any) -> Any:
    """The same JSON value, with what is secret left out: by name, and by how keys of ours look."""
    if isinstance(value, dict):
        return {
            name: LEFT_OUT if name in _SECRET_NAMES and isinstance(each, str) else without_secrets(each)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [without_secrets(each) for each in value]
    return _SECRETS.sub(LEFT_OUT, value) if isinstance(value, str) else value


def sent_body(body: Any) -> bytes:
    """The bytes of a kept body, as they are sent again."""
    if body is None:
        return b""
    if isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else json.dumps(body, ensure_ascii=False).encode()


def _packed(body: Any) -> Any:
    """In a file a value is `{"json": ...}`, and bytes are `{"base64": ...}`."""
    if body is None or isinstance(body, str):
        return body
    return {"base64": b64encode(body).decode("ascii")} if isinstance(body, bytes) else {"json": body}


def _unpacked(value: Any, where: str) -> Any:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dict) and set(value) == {"json"}:
        return value["json"]
    if isinstance(value, dict) and set(value) == {"base64"}:
        try:
            return b64decode(str(value["base64"]), validate=True)
        except ValueError as error:
            raise BadCassette(f"{where}: {error}") from error
    raise BadCassette(f'{where}: a text, {{"json": ...}} or {{"base64": ...}} is expected')
