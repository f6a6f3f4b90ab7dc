"""A scenario: a plain file that lists documents, who sends them to whom, what is decided, and what is wrong on purpose.

1. One line a document: profile, countries (`from`, `to`), syntax, and where it applies the decisions of the recipient
   (`decides`), further recipients (`also`), a cancellation, or a defect with what it teaches.
2. The members follow from the profile and the countries: certificates go from window to window, Japan's are issued by
   JP-JCCI and received by JP-NACCS; bills of lading go between the platforms, the countries being those of the ports.
3. The file decides everything but the time: with the same seed and the same clock the same bytes come out.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from adapters.reading import CERTIFICATES
from schemas.content import Syntax
from simulator.members import SHIPPING_INSTRUCTIONS, TRANSPORT_DOCUMENT
from simulator.story import OTHERWISE, Story

PLATFORM, CARRIER = "TRADEWALTZ-SIM", "CARRIER-SIM"
DECISIONS = ("accepted", "queried", "rejected", "utilised")


class BadScenario(ValueError):
    """The scenario's file cannot be played; the message names the document and what to mend."""


class UnknownScenario(LookupError):
    """No file of this name is in simulator/scenarios: see `scenario_names`."""


@dataclass(frozen=True, slots=True)
class Defect:
    """What is wrong with a document on purpose."""

    name: str
    """A function of `simulator.defects`."""
    teaches: str
    """One sentence for the person who watches."""
    code: str
    """Code of the finding that refuses it."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One document of a scenario."""

    place: int
    """Its place in the file, from 1."""
    profile: str
    exporter: str
    importer: str
    """ISO 3166-1 alpha-2; of a bill of lading the countries of the ports."""
    syntax: Syntax
    sender: str
    recipients: tuple[str, ...]
    story: Story
    defect: Defect | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario as its file states it."""

    name: str
    title: str
    documents: tuple[Planned, ...]


def scenario_names() -> tuple[str, ...]:
    folder = files("simulator.scenarios")
    return tuple(sorted(each.name.removesuffix(".toml") for each in folder.iterdir() if each.name.endswith(".toml")))


def load(name: str) -> Scenario:
    """A scenario of simulator/scenarios. Raises `UnknownScenario`, `BadScenario`."""
    if name not in scenario_names():
        raise UnknownScenario(f"no scenario {name!r}; there are: {', '.join(scenario_names())}")
    return read(name, files("simulator.scenarios").joinpath(f"{name}.toml").read_text("utf-8"))


def read(name: str, text: str) -> Scenario:
    """The text of a scenario's file. Raises `BadScenario`."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadScenario(f"{name}: {error}") from error
    documents = tuple(_planned(name, place, each) for place, each in enumerate(table["documents"], 1))
    return Scenario(name, str(table["title"]), documents)


_KNOWN = {"profile", "from", "to", "syntax", "decides", "also", "cancelled", "defect", "teaches", "code"}


def _planned(scenario: str, place: int, line: Mapping[str, Any]) -> Planned:
    where = f"{scenario}: document {place}"
    if unknown := set(line) - _KNOWN:
        raise BadScenario(f"{where}: unknown {', '.join(sorted(unknown))}; known are {', '.join(sorted(_KNOWN))}")
    profile, exporter, importer = str(line["profile"]), str(line["from"]), str(line["to"])
    sender, recipient = _members(where, profile, exporter, importer)
    decides = tuple(line.get("decides", OTHERWISE))
    if unsaid := set(decides) - set(DECISIONS):
        raise BadScenario(f"{where}: a recipient cannot decide {', '.join(sorted(unsaid))}")
    return Planned(
        place=place,
        profile=profile,
        exporter=exporter,
        importer=importer,
        syntax=Syntax(line.get("syntax", "json")),
        sender=sender,
        recipients=(recipient, *line.get("also", ())),
        story=Story({recipient: decides}, bool(line.get("cancelled", False))),
        defect=_defect(where, line),
    )


def _members(where: str, profile: str, exporter: str, importer: str) -> tuple[str, str]:
    """Sender and recipient (rule 2)."""
    if profile in CERTIFICATES:
        return (
            "JP-JCCI" if exporter == "JP" else f"{exporter}-NSW",
            "JP-NACCS" if importer == "JP" else f"{importer}-NSW",
        )
    if profile == TRANSPORT_DOCUMENT:
        return CARRIER, PLATFORM
    if profile == SHIPPING_INSTRUCTIONS:
        return PLATFORM, CARRIER
    raise BadScenario(f"{where}: no profile {profile}")


def _defect(where: str, line: Mapping[str, Any]) -> Defect | None:
    given = {"defect", "teaches", "code"} & set(line)
    if not given:
        return None
    if len(given) != 3:
        raise BadScenario(f"{where}: a defect needs its name (defect), what it teaches, and the code that refuses it")
    return Defect(str(line["defect"]), str(line["teaches"]), str(line["code"]))
