"""A scenario: a plain file that lists documents, who sends them to whom, what is said of them, and what is wrong on
purpose.

1. One line a document: profile, countries (`from`, `to`), syntax, and where it applies what is said of it (`says`),
   further recipients (`also`), a cancellation, or a defect with what it teaches.
2. The members follow from the profile and the countries: certificates go from window to window, Japan's are issued by
   JP-JCCI and received by JP-NACCS; bills of lading go between the platforms, the countries being those of the ports;
   applications and cost statements go from the platform to the authority that issues.
3. `says` lists the types of events, in order; a table in their place gives `body` and `reasons` of the event, the name
   of the document that is sent `after` it was read, or the code by which it shall be `refused` with what that teaches.
4. A lesson is documents that belong together, in their order: one is sent when all is said of those before it. Each has
   a name there, and may rest on another (`back_to_back`, `replaces`, `applies_for`, `shows`: `simulator.resting`), on
   `part` of its goods. `goods` names a table of goods; `otherwise` is a JSON merge patch (RFC 7396) over the document.
5. The file decides everything but the time: with the same seed and the same clock the same bytes come out.
"""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from string import Formatter
from typing import Any

from adapters.reading import CERTIFICATES
from schemas.content import Syntax
from simulator.members import APPLYING, SHIPPING_INSTRUCTIONS, TRANSPORT_DOCUMENT
from simulator.story import SAID, Step, Story, steps_of

PLATFORM, CARRIER = "TRADEWALTZ-SIM", "CARRIER-SIM"
DOCUMENTS, LADING = "documents", "lading"
"""Kinds of scenarios: of documents, and what is said of them, where the file says none; of the life of a bill of
lading (simulator/lading/story.py)."""
RELATIONS = ("back_to_back", "replaces", "applies_for", "shows")
"""How a document of a lesson rests on another one of it."""


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
    """Names in it are those of the lesson: `simulator.documents` puts the numbers in their place."""
    defect: Defect | None = None
    name: str = ""
    """In its lesson."""
    rests: tuple[str, str] | None = None
    """Relation, and name of the document on which it rests."""
    part: tuple[int, int] | None = None
    """So many, of so many, of the goods on which it rests."""
    goods: Mapping[str, Any] | None = None
    """What the certificate's only item is, instead of the example's items."""
    otherwise: Mapping[str, Any] = field(default_factory=dict)
    """JSON merge patch over the document."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """Documents that belong together, and what they teach."""

    name: str
    teaches: str
    """One sentence for the person who watches."""
    tells: str
    """What has happened when it is over: a format string; `simulator.lessons` has its names."""
    documents: tuple[Planned, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario as its file states it."""

    name: str
    title: str
    documents: tuple[Planned, ...]
    """Those of no lesson."""
    lessons: tuple[Lesson, ...] = ()

    @property
    def every(self) -> tuple[Planned, ...]:
        """All documents, by place."""
        return (*self.documents, *(each for lesson in self.lessons for each in lesson.documents))


def scenario_names() -> tuple[str, ...]:
    folder = files("simulator.scenarios")
    return tuple(sorted(each.name.removesuffix(".toml") for each in folder.iterdir() if each.name.endswith(".toml")))


def text_of(name: str) -> str:
    """The file of a scenario. Raises `UnknownScenario`."""
    if name not in scenario_names():
        raise UnknownScenario(f"no scenario {name!r}; there are: {', '.join(scenario_names())}")
    return files("simulator.scenarios").joinpath(f"{name}.toml").read_text("utf-8")


def kind_of(name: str) -> str:
    """`DOCUMENTS`, or what the file says. Raises `UnknownScenario`."""
    return str(tomllib.loads(text_of(name)).get("kind", DOCUMENTS))


def load(name: str) -> Scenario:
    """A scenario of simulator/scenarios, of documents. Raises `UnknownScenario`, `BadScenario`."""
    if kind_of(name) != DOCUMENTS:
        raise BadScenario(f"{name} is of kind {kind_of(name)}, and lists no documents")
    return read(name, text_of(name))


def read(name: str, text: str) -> Scenario:
    """The text of a scenario's file. Raises `BadScenario`."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadScenario(f"{name}: {error}") from error
    documents = tuple(
        _planned(f"{name}: document {place}", place, each) for place, each in enumerate(table["documents"], 1)
    )
    goods: dict[str, Mapping[str, Any]] = table.get("goods", {})
    lessons: list[Lesson] = []
    place = len(documents)
    for each in table.get("lessons", []):
        lessons.append(_lesson(name, place, each, goods))
        place += len(lessons[-1].documents)
    return Scenario(name, str(table["title"]), documents, tuple(lessons))


_KNOWN = {"profile", "from", "to", "syntax", "says", "also", "cancelled", "defect", "teaches", "code"}
_KNOWN_IN_LESSON = (_KNOWN - {"defect", "teaches", "code"}) | {"name", "goods", "part", "otherwise", *RELATIONS}


def _lesson(scenario: str, after: int, table: Mapping[str, Any], goods: Mapping[str, Mapping[str, Any]]) -> Lesson:
    where = f"{scenario}: lesson {table.get('name')}"
    if absent := {"name", "teaches", "tells", "documents"} - set(table):
        raise BadScenario(f"{where}: it has no {', '.join(sorted(absent))}")
    names = [str(line.get("name", "")) for line in table["documents"]]
    if "" in names or len(set(names)) != len(names):
        raise BadScenario(f"{where}: each of its documents needs a name of its own")
    if unknown := {told.partition(".")[0] for _, told, _, _ in Formatter().parse(table["tells"]) if told} - {*names}:
        raise BadScenario(f"{where}: it tells of {', '.join(sorted(unknown))}, which is none of its documents")
    replaced = {line["replaces"] for line in table["documents"] if "replaces" in line}
    documents = tuple(
        _in_lesson(f"{where}, document {line['name']}", place, line, names, goods, replaced=line["name"] in replaced)
        for place, line in enumerate(table["documents"], after + 1)
    )
    return Lesson(str(table["name"]), str(table["teaches"]), str(table["tells"]), documents)


def _in_lesson(
    where: str,
    place: int,
    line: Mapping[str, Any],
    names: Collection[str],
    goods: Mapping[str, Mapping[str, Any]],
    *,
    replaced: bool,
) -> Planned:
    planned = _planned(where, place, line, _KNOWN_IN_LESSON)
    rests = [(relation, str(line[relation])) for relation in RELATIONS if relation in line]
    named = {name for _, name in rests} | {step.after for each in planned.story.steps.values() for step in each}
    if unknown := named - {"", *names}:
        raise BadScenario(f"{where}: no document of the lesson is named {', '.join(sorted(unknown))}")
    if len(rests) > 1:
        raise BadScenario(f"{where}: it rests on one document only")
    if (unknown_goods := line.get("goods")) is not None and unknown_goods not in goods:
        raise BadScenario(f"{where}: no goods {unknown_goods}; there are: {', '.join(goods)}")
    return replace(
        planned,
        name=str(line["name"]),
        rests=rests[0] if rests else None,
        part=_part(where, line["part"]) if "part" in line else None,
        goods=goods[line["goods"]] if "goods" in line else None,
        otherwise=line.get("otherwise", {}),
        story=replace(planned.story, replaced=replaced),
    )


def _part(where: str, part: Any) -> tuple[int, int]:
    match part:
        case [int(taken), int(whole)] if 0 < taken <= whole:
            return taken, whole
    raise BadScenario(f"{where}: a part is two numbers, as [40, 100]")


def _planned(where: str, place: int, line: Mapping[str, Any], known: Collection[str] = frozenset(_KNOWN)) -> Planned:
    if unknown := set(line) - set(known):
        raise BadScenario(f"{where}: unknown {', '.join(sorted(unknown))}; known are {', '.join(sorted(known))}")
    profile, exporter, importer = str(line["profile"]), str(line["from"]), str(line["to"])
    sender, recipient = _members(where, profile, exporter, importer)
    steps = steps_of(_step(where, each) for each in line.get("says", ("accepted",)))
    return Planned(
        place=place,
        profile=profile,
        exporter=exporter,
        importer=importer,
        syntax=Syntax(line.get("syntax", "json")),
        sender=sender,
        recipients=(recipient, *line.get("also", ())),
        story=Story({recipient: steps}, bool(line.get("cancelled", False))),
        defect=_defect(where, line),
    )


_OF_A_STEP = {"says", "body", "reasons", "after", "refused", "teaches"}


def _step(where: str, said: str | Mapping[str, Any]) -> Step:
    """One step; rule 3."""
    table = {"says": said} if isinstance(said, str) else said
    if table.get("says") not in SAID:
        raise BadScenario(f"{where}: nobody says {table.get('says')}; it is one of {', '.join(sorted(SAID))}")
    if unknown := set(table) - _OF_A_STEP:
        raise BadScenario(f"{where}: a step has no {', '.join(sorted(unknown))}")
    if ("refused" in table) != ("teaches" in table):
        raise BadScenario(f"{where}: what is refused on purpose needs its code (refused) and what it teaches")
    return Step(**{**table, "reasons": tuple(table.get("reasons", ()))})


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
    if profile in APPLYING:
        return PLATFORM, "JP-JCCI" if exporter == "JP" else f"{exporter}-NSW"
    raise BadScenario(f"{where}: no profile {profile}")


def _defect(where: str, line: Mapping[str, Any]) -> Defect | None:
    given = {"defect", "teaches", "code"} & set(line)
    if not given:
        return None
    if len(given) != 3:
        raise BadScenario(f"{where}: a defect needs its name (defect), what it teaches, and the code that refuses it")
    return Defect(str(line["defect"]), str(line["teaches"]), str(line["code"]))
