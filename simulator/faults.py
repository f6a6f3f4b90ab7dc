"""What can go wrong on purpose: recipes as data, and the faults that are on in one world.

1. A fault is on until it has struck so often (`times`), or until its time is over (`seconds`, of the machine's clock),
   or until it is cleared; a reset clears all. There is none that has no bounds.
2. What a fault strikes, it labels: an entry of kind `fault` in the member's journal for each message, with the fault's
   id; where there is an answer, its header `Tradebridge-Fault`, which a simulated hub puts into the delivery's error
   and so into its feed.
3. Whether a fault of a probability strikes comes from the seed, and from how often it was asked.
4. A transport fault sits at the socket: what a member answers to the hub (`simulator.broken_answers`), or how it calls
   it (`simulator.broken_calls`). A business fault is something that a member does wrong (`simulator.misbehaving`).
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from simulator.refusals import refuse
from tradebridge.evidence.simulation import hmac_value

HEADER = "Tradebridge-Fault"
ANYBODY = "*"

MOST_FAULTS = 100
MOST_TIMES = 10_000
MOST_SECONDS = 3600.0
MOST_HITS_KEPT = 200


class Layer(StrEnum):
    TRANSPORT = "transport"
    BUSINESS = "business"


class Point(StrEnum):
    """Where a fault strikes."""

    ANSWER = "answer"
    """What a member answers to a push of the hub's."""
    CALL = "call"
    """A member's call of the hub."""
    DELIVERY = "delivery"
    """How a member takes and acknowledges what was pushed to it, or what it has pulled."""
    DOCUMENT = "document"
    """How a member hands a document in."""
    EVENT = "event"
    """How a member says something of a document."""


@dataclass(frozen=True, slots=True)
class Option:
    """A number that a fault can be given."""

    default: float
    least: float
    most: float
    says: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """A kind of fault."""

    name: str
    layer: Layer
    point: Point
    does: str
    see: str
    """What whoever watches should see; a test of each recipe checks it."""
    options: Mapping[str, Option] = field(default_factory=dict)
    source: str = ""
    """The incident that it is modelled on, where it is one."""

    def to_json(self) -> dict[str, Any]:
        options = {
            name: {"default": each.default, "least": each.least, "most": each.most, "says": each.says}
            for name, each in self.options.items()
        }
        return {
            "name": self.name,
            "layer": self.layer.value,
            "strikes": self.point.value,
            "does": self.does,
            "see": self.see,
            "options": options,
            **({"source": self.source} if self.source else {}),
        }


def _seconds(default: float, says: str) -> Mapping[str, Option]:
    return {"delay": Option(default, 0.0, 60.0, says)}


_RETRIED = "The delivery is tried again and then delivered; the document is taken once."
_ASKED_AGAIN = "The member asks again and is answered; the hub has taken its message once."
_REFUSED_FIRST = "The first attempt is refused with {code}; the right one after it is accepted."

_T, _B = Layer.TRANSPORT, Layer.BUSINESS
RECIPES: Mapping[str, Recipe] = {
    each.name: each
    for each in (
        Recipe(
            "latency",
            _T,
            Point.ANSWER,
            "The answer comes late.",
            "The delivery takes longer, and is delivered at its first attempt.",
            {
                **_seconds(1.0, "seconds before the answer"),
                "jitter": Option(0.0, 0.0, 60.0, "up to so many seconds more, from the seed"),
            },
        ),
        Recipe("timeout", _T, Point.ANSWER, "No answer comes, and the connection stays open.", _RETRIED),
        Recipe("reset", _T, Point.ANSWER, "The delivery is taken, then the connection is reset.", _RETRIED),
        Recipe("refused-connection", _T, Point.ANSWER, "The connection is reset before anything is taken.", _RETRIED),
        Recipe("half-response", _T, Point.ANSWER, "The answer breaks off in its middle.", _RETRIED),
        Recipe(
            "slow-drip",
            _T,
            Point.ANSWER,
            "The answer comes byte by byte.",
            "If it is whole within the hub's patience: delivered at the first attempt; else tried again.",
            {"delay": Option(0.01, 0.001, 5.0, "seconds between two bytes")},
        ),
        Recipe("wrong-length", _T, Point.ANSWER, "The answer is shorter than its Content-Length says.", _RETRIED),
        Recipe("garbage", _T, Point.ANSWER, "The answer is no HTTP.", _RETRIED),
        Recipe(
            "tls-refused",
            _T,
            Point.ANSWER,
            "The door refuses the connection with a TLS alert (handshake_failure, RFC 8446), and takes nothing.",
            _RETRIED + " Its error says that no HTTP came.",
        ),
        Recipe(
            "too-many-requests",
            _T,
            Point.ANSWER,
            "429 with Retry-After.",
            _RETRIED + " Its error says HTTP 429.",
            {"retry_after": Option(1, 0, 600, "seconds, in the header Retry-After")},
        ),
        Recipe(
            "unavailable",
            _T,
            Point.ANSWER,
            "503 with Retry-After.",
            _RETRIED + " Its error says HTTP 503.",
            {"retry_after": Option(1, 0, 600, "seconds, in the header Retry-After")},
        ),
        Recipe(
            "maintenance",
            _T,
            Point.ANSWER,
            "The window is closed for maintenance: 503 with Retry-After until the fault's time is over.",
            "Nothing is delivered meanwhile, other members are not held up, and nothing is lost.",
            {"retry_after": Option(60, 0, 3600, "seconds, in the header Retry-After")},
        ),
        Recipe("call-refused", _T, Point.CALL, "The member cannot connect to the hub.", _ASKED_AGAIN),
        Recipe("call-dns", _T, Point.CALL, "The hub's name is not found.", _ASKED_AGAIN),
        Recipe(
            "call-tls",
            _T,
            Point.CALL,
            "The hub's door shows a certificate that nobody vouches for, and the member refuses to speak to it.",
            _ASKED_AGAIN,
        ),
        Recipe(
            "call-lost-answer",
            _T,
            Point.CALL,
            "The hub has taken what the member sent, and its answer is lost.",
            _ASKED_AGAIN + " Its receipt is that of the first time.",
        ),
        Recipe(
            "call-latency",
            _T,
            Point.CALL,
            "The member's call is slow.",
            "It is answered, late.",
            _seconds(0.5, "seconds before the call"),
        ),
        Recipe(
            "lost-acknowledgement",
            _B,
            Point.DELIVERY,
            "The delivery is taken, and not acknowledged.",
            _RETRIED + " The acknowledgement is that of the first time.",
        ),
        Recipe(
            "partial-batch",
            _B,
            Point.DELIVERY,
            "Every second delivery of a push is acknowledged; of one alone, none.",
            "What was acknowledged is delivered, the rest is tried again and then delivered.",
        ),
        Recipe(
            "out-of-order",
            _B,
            Point.DELIVERY,
            "What was pushed is taken and acknowledged in reverse order.",
            "All of it is delivered at the first attempt: acknowledgements are matched by id, not by place.",
        ),
        Recipe(
            "late",
            _B,
            Point.DELIVERY,
            "The member takes the delivery, and acknowledges it late.",
            "The delivery takes longer; beyond the hub's patience it is tried again, and the document is taken once.",
            _seconds(1.0, "seconds before the acknowledgement"),
        ),
        Recipe(
            "many-items-slow",
            _B,
            Point.DELIVERY,
            "Documents of many items are acknowledged late, by so much for each item.",
            "A large document takes longer, and small ones to other members do not wait for it.",
            {
                "per_item": Option(0.01, 0.0, 1.0, "seconds for each item"),
                "items": Option(50, 1, 5000, "of so many items and more"),
            },
            source="JETRO, June 2023: slow receipt of e-COs with many products between Japan and Indonesia",
        ),
        Recipe(
            "wrong-recipient",
            _B,
            Point.DELIVERY,
            "The acknowledgement names another member.",
            _RETRIED + " Its error says receipt.wrong-speaker.",
        ),
        Recipe(
            "flipped-byte",
            _B,
            Point.DELIVERY,
            "One byte of the acknowledgement's signature is another one.",
            _RETRIED + " Its error names the signature.",
        ),
        Recipe(
            "unknown-key",
            _B,
            Point.DELIVERY,
            "The acknowledgement is signed with a key that nobody knows.",
            _RETRIED + " Its error says signature.unknown-key.",
        ),
        Recipe(
            "stale-status",
            _B,
            Point.DELIVERY,
            "The member's status of keys is older than it may be: it believes nobody, and takes nothing.",
            _RETRIED + " The member takes it with a fresh status (trust.stale-status).",
        ),
        Recipe(
            "clock-skew",
            _B,
            Point.DELIVERY,
            "The member's clock goes wrong when it acknowledges.",
            "More than five minutes ahead: "
            + _RETRIED
            + " Its error says signature.time-ahead. Less, or behind: it counts at the first attempt.",
            {"minutes": Option(10, -1440, 1440, "minutes by which the clock is ahead")},
        ),
        Recipe(
            "duplicate-document",
            _B,
            Point.DOCUMENT,
            "The document is handed in twice.",
            "The second is answered with the receipt of the first; recipients get it once.",
        ),
        Recipe(
            "document-flipped-byte",
            _B,
            Point.DOCUMENT,
            "One byte of the signed document is another one, then the right one is sent.",
            "The first attempt is refused, with whatever the byte has broken; the right one after it is accepted.",
        ),
        Recipe(
            "document-unknown-issuer",
            _B,
            Point.DOCUMENT,
            "The document is signed with a key that nobody knows, then with the right one.",
            _REFUSED_FIRST.format(code="signature.unknown-key"),
        ),
        Recipe(
            "document-expired-issuer",
            _B,
            Point.DOCUMENT,
            "The document is signed with a key of its issuer whose certificate has expired, then with the right one.",
            _REFUSED_FIRST.format(code="signature.expired-certificate"),
        ),
        Recipe(
            "old-schema",
            _B,
            Point.DOCUMENT,
            "The document is declared as of an older version of its form, then rightly.",
            _REFUSED_FIRST.format(code="profile.unknown"),
        ),
        Recipe(
            "duplicate-event",
            _B,
            Point.EVENT,
            "What the member says is sent twice.",
            "The second is answered as the first; it is said once.",
        ),
        Recipe(
            "out-of-order-event",
            _B,
            Point.EVENT,
            "The member says it as if something had been said before that was not.",
            _REFUSED_FIRST.format(code="event.old-sequence"),
        ),
        Recipe(
            "contradictory-decision",
            _B,
            Point.EVENT,
            "After its decision the member decides the contrary.",
            "The first decision stands; the second is refused with event.not-now.",
        ),
        Recipe(
            "late-decision",
            _B,
            Point.EVENT,
            "The officers take long.",
            "The document is delivered and not decided; once the clock has gone so far, it is.",
            {"hours": Option(48, 0.001, 8760, "of the business clock")},
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Hit:
    """One time that a fault struck."""

    at: str
    """Business time."""
    member: str
    messages: tuple[str, ...]
    numbers: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "at": self.at, "member": self.member, "messages": list(self.messages), "numbers": list(self.numbers),
        }  # fmt: skip


@dataclass(slots=True)
class Fault:
    """One that is on, or was."""

    id: str
    recipe: Recipe
    on: str
    """A member's id, or `*`."""
    times: int
    probability: float
    options: Mapping[str, float]
    until: float
    """Of the machine's monotonic clock."""
    asked: int = 0
    struck: int = 0
    hits: list[Hit] = field(default_factory=list)
    cleared: bool = False

    @property
    def label(self) -> str:
        """`flt_1:lost-acknowledgement`"""
        return f"{self.id}:{self.recipe.name}"

    def is_on(self, now: float) -> bool:
        return not self.cleared and self.struck < self.times and now < self.until

    def to_json(self, now: float) -> dict[str, Any]:
        return {
            "id": self.id,
            "fault": self.recipe.name,
            "layer": self.recipe.layer.value,
            "on": self.on,
            "active": self.is_on(now),
            "times": self.times,
            "struck": self.struck,
            "secondsLeft": round(max(0.0, self.until - now), 1) if not self.cleared else 0.0,
            "probability": self.probability,
            "options": dict(self.options),
            "see": self.recipe.see,
            "hits": [each.to_json() for each in self.hits],
        }


class Faults:
    """Those of one world."""

    def __init__(self, seed: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._seed = seed
        self._clock = clock
        self._faults: list[Fault] = []
        self._made = 0

    def add(
        self,
        name: str,
        on: str = ANYBODY,
        *,
        times: int = 1,
        seconds: float = 600.0,
        probability: float = 1.0,
        options: Mapping[str, float] | None = None,
    ) -> Fault:
        """Turn a fault on. Raises `Refusal` for a recipe or an option that there is not, and beyond the bounds."""
        recipe = RECIPES.get(name)
        if recipe is None:
            raise refuse("simulation.unknown-fault", "/fault", found=name, expected=", ".join(RECIPES))
        if len(self.active()) >= MOST_FAULTS:
            raise refuse("simulation.too-many", "/fault", found=MOST_FAULTS)
        chosen = {option: each.default for option, each in recipe.options.items()}
        for option, value in (options or {}).items():
            known = recipe.options.get(option)
            if known is None:
                expected = ", ".join(recipe.options) or "no option: this fault takes none"
                raise refuse("simulation.malformed", f"/options/{option}", found=option, expected=expected)
            if not known.least <= value <= known.most:
                bounds = f"{known.least:g} to {known.most:g}"
                raise refuse("simulation.malformed", f"/options/{option}", found=value, expected=bounds)
            chosen[option] = value
        self._made += 1
        fault = Fault(f"flt_{self._made}", recipe, on, times, probability, chosen, self._clock() + seconds)
        self._faults = [*self._faults[-MOST_FAULTS * 2 :], fault]
        return fault

    def every(self) -> list[dict[str, Any]]:
        return [each.to_json(self._clock()) for each in self._faults]

    def active(self) -> list[Fault]:
        now = self._clock()
        return [each for each in self._faults if each.is_on(now)]

    def remove(self, fault_id: str) -> None:
        found = next((each for each in self._faults if each.id == fault_id), None)
        if found is None:
            raise refuse("simulation.unknown-fault", found=fault_id)
        found.cleared = True

    def clear(self) -> None:
        """All off, and forgotten; no id is given twice."""
        self._faults = []

    def reset(self) -> None:
        """As at the start."""
        self._faults, self._made = [], 0

    def find(self, point: Point, member: str, wanted: Callable[[Fault], bool] = lambda fault: True) -> Fault | None:
        """The fault that strikes here now, counted: the oldest that is on for this member and is `wanted`."""
        if not self._faults:
            return None
        now = self._clock()
        for fault in self._faults:
            if fault.recipe.point is not point or fault.on not in (ANYBODY, member):
                continue
            if fault.is_on(now) and wanted(fault) and self._strikes(fault):
                fault.struck += 1
                return fault
        return None

    def _strikes(self, fault: Fault) -> bool:
        fault.asked += 1
        return self.chance(fault) < fault.probability

    def chance(self, fault: Fault) -> float:
        """From 0 to 1, from the seed (rule 3)."""
        value = hmac_value(self._seed, "fault", fault.label.encode(), fault.asked)
        return int.from_bytes(value[:4], "big") / 2**32

    @staticmethod
    def note(fault: Fault, at: str, member: str, messages: Sequence[str], numbers: Sequence[str]) -> None:
        """Keep what it struck, for who lists the faults."""
        if len(fault.hits) < MOST_HITS_KEPT:
            fault.hits.append(Hit(at, member, tuple(messages), tuple(each for each in numbers if each)))
