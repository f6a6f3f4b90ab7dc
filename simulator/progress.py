"""What a person sees of a scenario: each step as it happens, and the summary at the end. Both travel as JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Progress:
    """One step."""

    kind: str
    """submitted, accepted, refused, delivered, event, event-refused, lesson or audit."""
    at: str
    """Business time, RFC 3339."""
    number: str
    profile: str
    sender: str
    recipient: str
    """Empty where the step is not about one."""
    text: str
    """One sentence; of a defect, an event refused on purpose and a lesson also what it teaches."""
    codes: tuple[str, ...] = ()
    """Finding codes of a refusal."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """submitted, accepted, refused, delivered, decided, total (documents), expected (deliveries)."""

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "codes": list(self.codes)}

    @classmethod
    def from_json(cls, members: Mapping[str, Any]) -> Self:
        return cls(**{**members, "codes": tuple(members["codes"])})


@dataclass(frozen=True, slots=True)
class Summary:
    """How a scenario ended."""

    scenario: str
    seed: str
    members: int
    submitted: int
    """Documents handed in, the defective ones too."""
    accepted: int
    refused: int
    delivered: int
    """(document, recipient) pairs whose acknowledgement is in the recipient's journal."""
    decided: int
    """(document, recipient) pairs on which the recipient has spoken."""
    dead: int
    """Deliveries that the hub has given up."""
    lost: int
    """Counted from the members' journals against the log's proofs: see simulator/audit.py."""
    elapsed_s: float
    problems: tuple[str, ...] = ()
    """What did not come to its end, or ended otherwise than planned."""

    @property
    def complete(self) -> bool:
        """Everything reached its end, nothing is dead, nothing lost."""
        return not (self.problems or self.dead or self.lost)

    def to_json(self) -> dict[str, Any]:
        """The demo's last line."""
        return {name: value for name, value in asdict(self).items() if name != "problems"}

    def whole(self) -> dict[str, Any]:
        """With the problems: as it travels from the world to who asked for it."""
        return {**self.to_json(), "problems": list(self.problems)}

    @classmethod
    def from_json(cls, members: Mapping[str, Any]) -> Self:
        return cls(**{**members, "problems": tuple(members.get("problems", ()))})


@dataclass(frozen=True, slots=True)
class LadingSummary:
    """How a scenario of a bill of lading ended."""

    scenario: str
    variant: str
    """Empty: none."""
    seed: str
    transport_document: str
    """Reference of the bill of lading."""
    certificate: str
    """Number of its certificate of origin."""
    ended: str
    """Status of the title, as `accomplished`."""
    holders: int
    """1 if every count over the platforms' own stores, one after each step while the title was in force, gave one; else
    the number that another count gave."""
    counted: int
    """So many counts."""
    chain: int
    """Entries of the chain that was verified offline."""
    positions: int
    """Of the trade platform's link, verified as each party sees it."""
    findings: tuple[str, ...]
    """Codes of what differs between certificate and bill of lading."""
    elapsed_s: float
    problems: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Accomplished, with one holder all the way, and nothing otherwise than planned."""
        return not self.problems and self.ended == "accomplished" and self.holders == 1

    def to_json(self) -> dict[str, Any]:
        """The last line of `tb scenario run --json`."""
        members = {name: value for name, value in asdict(self).items() if name not in ("problems", "variant")}
        return members | ({"variant": self.variant} if self.variant else {}) | {"findings": list(self.findings)}

    def whole(self) -> dict[str, Any]:
        return {**self.to_json(), "problems": list(self.problems)}

    @classmethod
    def from_json(cls, members: Mapping[str, Any]) -> Self:
        lists = {name: tuple(members.get(name, ())) for name in ("problems", "findings")}
        return cls(**{**members, "variant": members.get("variant", ""), **lists})


Outcome = Summary | LadingSummary
"""How a scenario ended, whichever its kind."""


def outcome_from_json(members: Mapping[str, Any]) -> Outcome:
    return (LadingSummary if "ended" in members else Summary).from_json(members)
