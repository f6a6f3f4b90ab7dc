"""The documents of a scenario: made from its lines, signed by their issuers. Pure.

1. A number names country, year and place: `SG-2026-00041`; a bill of lading's is the carrier's: `SIML2600052`.
2. Goods, parties and quantities vary with the place. The issuer signs: XML with an enveloped XAdES, JSON as a compact
   JWS. Same seed, same time, same line: same bytes.
3. What a lesson's line says otherwise is put in, in order: its goods, what it takes from the document on which it
   rests, the merge patch.
4. A defect is made before signing or after it, as its name in `simulator.defects` says.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import Any

from schemas.content import Content, Syntax, open_content
from schemas.registry import Document, Profile, profile_of
from simulator.defects import AFTER_SIGNING, BEFORE_SIGNING, DEFECTS
from simulator.members import APPLYING, CARRIER_CODE, SHIPPING_INSTRUCTIONS, TRANSPORT_DOCUMENT
from simulator.resting import RESTING, Other
from simulator.scenario import BadScenario, Planned, Scenario
from simulator.story import Story
from tradebridge.evidence import jws, xades
from tradebridge.evidence.signer import Signer
from tradebridge.evidence.simulation import test_signer

_APPLICATION = APPLYING[0]
_PLAIN_VARIANT = 7
"""Variants of this number and its multiples tick no box: see `schemas.certificate.examples`."""
RUN_SIZE = 1000
"""Places in the numbers of one run: a second run on the same store takes numbers of its own."""


@dataclass(frozen=True, slots=True)
class Made:
    """One document, ready to be sent."""

    planned: Planned
    number: str
    """For people: of instructions, which have no number yet, the place in the scenario."""
    data: bytes
    content_digest: str
    """Empty where a defect makes the content unreadable."""
    story: Story
    """With numbers, where the plan has the names of its lesson."""


def make_every(scenario: Scenario, *, seed: str, at: datetime, run: int = 0) -> tuple[Made, ...]:
    """All documents of a scenario, by place. `at`: time of issue and of signing; `run`: how often the scenario was
    played before."""
    lessons = [{planned.name: planned for planned in lesson.documents} for lesson in scenario.lessons]
    alone = [_make(planned, {}, seed, at, run) for planned in scenario.documents]
    return (*alone, *(_make(planned, named, seed, at, run) for named in lessons for planned in named.values()))


def _make(planned: Planned, named: Mapping[str, Planned], seed: str, at: datetime, run: int) -> Made:
    """The document of one line; `named`: the lines of its lesson."""
    profile, document = _document(planned, named, at, run)
    data = profile.encode[planned.syntax](document)
    defect = planned.defect.name if planned.defect else ""
    if defect and defect not in DEFECTS:
        raise LookupError(f"no defect {defect}: simulator/defects.py has {', '.join(sorted(DEFECTS))}")
    if defect in BEFORE_SIGNING:
        data = BEFORE_SIGNING[defect](data)
    data = sign(data, planned.syntax, test_signer(seed, planned.sender), at)
    if defect in AFTER_SIGNING:
        data = AFTER_SIGNING[defect](data)
    content = open_content(data)
    digest = content.content_digest if isinstance(content, Content) else ""
    numbers = {name: _number(each, at, run) for name, each in named.items()}
    return Made(planned, _number(planned, at, run), data, digest, _with_numbers(planned.story, numbers))


def _with_numbers(story: Story, numbers: Mapping[str, str]) -> Story:
    steps = {
        who: tuple(replace(step, after=numbers.get(step.after, "")) for step in steps)
        for who, steps in story.steps.items()
    }
    return replace(story, steps=steps)


def _document(planned: Planned, named: Mapping[str, Planned], at: datetime, run: int) -> tuple[Profile, Document]:
    profile = profile_of(planned.profile)
    if profile is None:
        raise LookupError(f"no profile {planned.profile}: the scenario's file names one that the registry lacks")
    document = profile.example(
        **({} if planned.profile == _APPLICATION else {"exporter": planned.exporter, "importer": planned.importer}),
        number=_number(planned, at, run),
        at=at,
        variant=planned.place * (_PLAIN_VARIANT if planned.name else 1),
        **({"carrier": CARRIER_CODE} if planned.profile in (TRANSPORT_DOCUMENT, SHIPPING_INSTRUCTIONS) else {}),
    )
    if planned.goods is not None:
        document = patched(profile, document, {"items": [planned.goods]})
    if planned.rests is not None:
        relation, name = planned.rests
        _, other = _document(named[name], named, at, run)
        shown_by = next(
            (_number(each, at, run) for each in named.values() if each.rests == ("shows", planned.name)), None
        )
        document = RESTING[relation](document, Other(other, Fraction(*(planned.part or (1, 1))), shown_by))
    return profile, patched(profile, document, planned.otherwise) if planned.otherwise else document


def patched(profile: Profile, document: Document, patch: Mapping[str, Any]) -> Document:
    """The document after a JSON merge patch; entries of `items` are merged into those that are there."""
    value = json.loads(profile.encode[Syntax.JSON](document))
    items = [merged(item, change) for item, change in zip(value.get("items", ()), patch.get("items", ()), strict=False)]
    content = open_content(json.dumps(merged(value, {**patch, "items": items} if items else patch)).encode())
    if not isinstance(content, Content):
        raise BadScenario(f"{document.number} cannot be read after its patch: {content.message}")
    decoded = profile.decode(content)
    if decoded.document is None:
        wrong = "; ".join(f"{each.pointer} {each.message} {each.found}" for each in decoded.findings)
        raise BadScenario(f"{document.number} is no {profile.id} after its patch: {wrong}")
    return decoded.document


def merged(value: Any, patch: Any) -> Any:
    """JSON merge patch (RFC 7396), without removal: TOML has no null."""
    if not isinstance(patch, Mapping):
        return patch
    before = value if isinstance(value, Mapping) else {}
    return {**before, **{name: merged(before.get(name), change) for name, change in patch.items()}}


def sign(data: bytes, syntax: Syntax, signer: Signer, at: datetime) -> bytes:
    """The document with its issuer's signature, in the way of its syntax."""
    if syntax is Syntax.XML:
        return xades.sign(data, signer, at)
    return jws.sign(data, "tradebridge-document+jws", signer, at).encode("ascii")


def _number(planned: Planned, at: datetime, run: int) -> str:
    place = run * RUN_SIZE + planned.place
    if planned.profile == TRANSPORT_DOCUMENT:
        return f"{CARRIER_CODE}{at.year % 100:02d}{place:07d}"
    return f"{_PREFIXES.get(planned.profile, planned.exporter)}-{at.year}-{place:05d}"


_PREFIXES = {SHIPPING_INSTRUCTIONS: "SI", **dict(zip(APPLYING, ("APP", "CS"), strict=True))}
"""Of numbers that are the sender's own."""
