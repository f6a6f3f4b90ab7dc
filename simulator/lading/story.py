"""A scenario of kind `lading`, as its file states it: the goods, and who does what with the bill of lading, in order.

1. A step is `by` a role (exporter, importer, carrier, bank), `does` one of `DOES` or an action of PINT, `to` a role
   where there is a recipient, and `tells` a person what it is.
2. A variant says otherwise in the certificate (JSON merge patch), names the findings that comparing it with the bill of
   lading must then give, what the importing window `says` of it, and what it `teaches`.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from schemas.bill_of_lading.pint import ActionCode
from simulator.lading.cast import TRADERS
from simulator.lading.goods import Goods
from simulator.scenario import LADING, BadScenario, text_of
from simulator.story import SAID

NAME = "lading-of-rubber"
DOES = frozenset({"agree", "instruct", "approve", "issue", "lodge", "certify", "pay", "accept"})
"""What a step may be beside PINT's actions: each is a method of the player."""
ACTIONS = frozenset(ActionCode) - {ActionCode.ISSUE, ActionCode.SACC, ActionCode.SREJ}
"""What users of a platform do."""


@dataclass(frozen=True, slots=True)
class LadingStep:
    """One thing that is done."""

    by: str
    does: str
    tells: str
    to: str = ""


@dataclass(frozen=True, slots=True)
class Variant:
    """What is otherwise on purpose."""

    name: str = ""
    teaches: str = ""
    certificate: Mapping[str, Any] = field(default_factory=dict)
    says: tuple[str, ...] = ("accepted",)
    findings: tuple[str, ...] = ()
    """Codes, each as often as it must be found."""


@dataclass(frozen=True, slots=True)
class LadingScenario:
    """The scenario, in one of its variants."""

    name: str
    title: str
    goods: Goods
    steps: tuple[LadingStep, ...]
    variant: Variant
    variants: tuple[str, ...]
    """Names of all that there are."""


def load(name: str, variant: str = "") -> LadingScenario:
    """A scenario of simulator/scenarios; `variant`: the name of one, empty for none. Raises `UnknownScenario`,
    `BadScenario`."""
    table = tomllib.loads(text_of(name))
    if table.get("kind") != LADING:
        raise BadScenario(f"{name} is no scenario of a bill of lading")
    variants = {each: _variant(f"{name}: variant {each}", each, value) for each, value in table["variants"].items()}
    if variant and variant not in variants:
        raise BadScenario(f"{name} has no variant {variant!r}; there are: {', '.join(variants) or 'none'}")
    steps = tuple(_step(f"{name}: step {place}", each) for place, each in enumerate(table["steps"], 1))
    chosen = variants.get(variant, Variant())
    return LadingScenario(name, str(table["title"]), _goods(table["goods"]), steps, chosen, tuple(variants))


def load_goods() -> Goods:
    """What the carrier of the world has a booking for."""
    return load(NAME).goods


def _goods(table: Mapping[str, Any]) -> Goods:
    return Goods(**{**table, "kilograms": Decimal(str(table["kilograms"]))})


def _step(where: str, table: Mapping[str, Any]) -> LadingStep:
    if unknown := set(table) - {"by", "does", "tells", "to"}:
        raise BadScenario(f"{where}: it has no {', '.join(sorted(unknown))}")
    step = LadingStep(**table)
    if step.by not in TRADERS or (step.to and step.to not in TRADERS):
        raise BadScenario(f"{where}: a role is one of {', '.join(TRADERS)}")
    if step.does not in DOES and step.does not in ACTIONS:
        raise BadScenario(f"{where}: nobody does {step.does}; it is one of {', '.join(sorted(DOES | ACTIONS))}")
    return step


def _variant(where: str, name: str, table: Mapping[str, Any]) -> Variant:
    says = tuple(table.get("says", ("accepted",)))
    if unknown := set(says) - SAID:
        raise BadScenario(f"{where}: nobody says {', '.join(sorted(unknown))}")
    return Variant(name, str(table["teaches"]), table.get("certificate", {}), says, tuple(table.get("findings", ())))
