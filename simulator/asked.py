"""What the calls of the control plane take, as JSON: docs/reference/simulation.md lists them. Closed: an unknown member
is an error."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, model_validator

from simulator.faults import MOST_SECONDS, MOST_TIMES
from simulator.magic import REASONS
from simulator.story import BY_RECIPIENT

_DURATION = TypeAdapter(timedelta)
LONGEST = timedelta(days=36_500)


def duration(value: Any) -> timedelta:
    """A duration: ISO 8601 (`P30D`, `PT2S`; a month is 30 days, a year 365), or a number of seconds; not negative."""
    if isinstance(value, str) and not value.startswith("P"):
        raise ValueError("a duration as P30D or PT2S, or a number of seconds")
    found: timedelta = _DURATION.validate_python(value)
    if not timedelta() <= found <= LONGEST:
        raise ValueError("a duration from 0 to P36500D")
    return found


Duration = Annotated[timedelta, BeforeValidator(duration)]
Name = Annotated[str, Field(min_length=1, max_length=100)]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SetClock(_Asked):
    """`frozen`: stand still, at the time given or now. `real`: run with the machine's time."""

    mode: Literal["frozen", "real"] = "frozen"
    at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _at_is_for_frozen(self) -> "SetClock":
        if self.mode == "real" and self.at is not None:
            raise ValueError("a clock that runs with the machine's time stands at none: leave `at` out")
        return self


class Advance(_Asked):
    by: Duration


Part = Literal["documents", "faults", "scripts", "officers", "clock"]
PARTS: tuple[Part, ...] = ("documents", "faults", "scripts", "officers", "clock")


class Reset(_Asked):
    what: tuple[Part, ...] = PARTS


class Seed(_Asked):
    count: int = Field(20, ge=1, le=500)
    deadline: float = Field(120.0, gt=0, le=3600)


class NewFault(_Asked):
    fault: Name
    on: Name = "*"
    times: int = Field(1, ge=1, le=MOST_TIMES)
    seconds: float = Field(600.0, gt=0, le=MOST_SECONDS)
    probability: float = Field(1.0, gt=0, le=1)
    options: dict[Name, float] = Field(default_factory=dict, max_length=10)


class NewRun(_Asked):
    """`suite`: of the conformance kit; `system`: `ours`, or the code of one that a terminal has tried."""

    suite: Name
    system: Name = "ours"


class Why(_Asked):
    code: str = Field(pattern=r"^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$", max_length=100)
    text: str = Field(max_length=500)


class Decision(_Asked):
    """`reason`: a slug of `tb magic` (`hs-mismatch`), or code and text."""

    decision: Name
    reason: Name | Why | None = None

    @model_validator(mode="after")
    def _known(self) -> "Decision":
        if self.decision not in BY_RECIPIENT:
            raise ValueError(f"a recipient decides one of: {', '.join(sorted(BY_RECIPIENT))}")
        if isinstance(self.reason, str) and self.reason not in REASONS:
            raise ValueError(f"a reason by its slug is one of: {', '.join(REASONS)}; or give code and text")
        return self

    def says(self) -> tuple[dict[str, Any], ...]:
        """As the steps of a story."""
        if self.reason is None:
            return ({"says": self.decision},)
        reason = REASONS[self.reason].to_json() if isinstance(self.reason, str) else self.reason.model_dump()
        return ({"says": self.decision, "reasons": [reason]},)


class NewScript(Decision):
    to: Name
    after: Duration = timedelta()
    times: int = Field(1, ge=1, le=1000)
    profile: str = Field("", max_length=60)
    number: str = Field("", max_length=100)


class Decide(Decision):
    document: Name


class SetWay(_Asked):
    mode: Literal["auto", "pace", "office", "manual"]
    pace: Duration = timedelta()

    @model_validator(mode="after")
    def _pace_is_given(self) -> "SetWay":
        if (self.mode == "pace") != bool(self.pace):
            raise ValueError("`pace`, and only it, needs a duration for each document")
        return self


class Named(_Asked):
    name: Name


class JournalQuery(_Asked):
    member: str = ""
    kind: str = ""
    document: str = ""
    number: str = ""
    message: str = ""
    since: int = Field(0, ge=0)
    limit: int = Field(100, ge=1, le=1000)
    wait: float = Field(0.0, ge=0, le=60)
