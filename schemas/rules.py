"""The rule engine of all families: a rule is data, a pure function, a sample that passes and one that fails.

1. A rule's `Kind` holds its code, sentence, clause, source, fidelity, severity and fix, and goes into the catalogue.
2. Its function gets the document and the context and yields a `Violation` for each place that breaks it; it looks
   nothing up outside and remembers nothing.
3. Its passing sample is the profile's valid example, or what `start` makes of it where the rule needs something to
   stand on (a back-to-back certificate, say); its failing sample is what `sample` makes of that. `setting` says what
   stands beside both: other documents, a table of products, another day. A test runs every sample both ways, so that
   no rule is dead and none cries wolf.
4. `rule_book` sorts the rules of a profile once, by layer: codes first. All of them run; none stops another.
5. Where a document could be read in part only, the unreadable places hold `UNREADABLE`. A rule that touches one is
   given up; in `each` only the entry that holds it. So a broken document gets all findings that can be trusted.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, Generic, NoReturn, TypeVar

from schemas.findings import Finding, Kind, finding, register
from schemas.registry import Context

D = TypeVar("D")
E = TypeVar("E")


class Layer(IntEnum):
    """What a rule looks at, in the order in which findings are given."""

    CODES = 1
    """A code, against the list that knows it."""
    BOX = 2
    """One box, or one member."""
    ENTRY = 3
    """The boxes of one item together."""
    WHOLE = 4
    """The document as a whole: items beside each other, items and head."""
    TIME = 5
    """Dates beside each other and beside the clock."""
    OTHERS = 6
    """Other documents: the original, the one replaced, the transport document; a table of products."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One place of one document that breaks a rule. Texts that are empty come from the rule's kind."""

    pointer: str
    """JSON Pointer."""
    found: object = ""
    expected: object = ""
    box: str = ""
    """Box of the paper form; empty where the profile knows it from the pointer."""
    message: str = ""
    fix: str = ""


Check = Callable[[D, Context], Iterator[Violation]]


def as_it_is(document: D) -> D:
    """The start of most samples: the valid example itself."""
    return document


def nothing_beside(document: object, context: Context) -> Context:
    """The setting of most samples: the document alone."""
    return context


@dataclass(frozen=True, slots=True)
class Rule(Generic[D]):
    """One rule."""

    kind: Kind
    profiles: frozenset[str]
    """Ids of the profiles that it holds for."""
    check: Check[D]
    sample: Callable[[D], D]
    """The failing sample, made of the passing one."""
    layer: Layer = Layer.WHOLE
    start: Callable[[D], D] = as_it_is
    """The passing sample, made of the valid example of the profile."""
    setting: Callable[[D, Context], Context] = nothing_beside
    """What stands beside both samples: made of the passing one, and of a context with nothing but a clock."""

    @property
    def code(self) -> str:
        return self.kind.code


@dataclass(frozen=True, slots=True)
class Samples(Generic[D]):
    """Both samples of a rule, and what stands beside them."""

    passing: D
    failing: D
    context: Context


def samples(rule: Rule[D], example: D, context: Context) -> Samples[D]:
    """The samples of a rule, from a valid example of one of its profiles and a context with nothing but a clock."""
    passing = rule.start(example)
    return Samples(passing, rule.sample(passing), rule.setting(passing, context))


def register_rules(rules: Iterable[Rule[D]]) -> tuple[Rule[D], ...]:
    """Put the kinds of these rules into the catalogue; a code that two rules share must be the very same kind."""
    added = tuple(rules)
    register(dict.fromkeys(rule.kind for rule in added))
    return added


def rule_book(rules: Iterable[Rule[D]], profile: str) -> tuple[Rule[D], ...]:
    """The rules of one profile in the order in which they run."""
    return tuple(sorted((rule for rule in rules if profile in rule.profiles), key=lambda rule: rule.layer))


def check_rules(rules: Sequence[Rule[D]], document: D, context: Context) -> tuple[Finding, ...]:
    """All that these rules find in the document, in the order of the book."""
    found: list[Finding] = []
    for rule in rules:
        try:
            for violation in rule.check(document, context):
                found.append(_found(rule.kind, violation))
        except Unreadable:
            continue
    return tuple(found)


def _found(kind: Kind, violation: Violation) -> Finding:
    return finding(
        kind.code,
        violation.pointer,
        found=violation.found,
        expected=violation.expected,
        message=violation.message,
        box=violation.box,
        fix=violation.fix,
    )


def each(
    entries: Callable[[D], Iterable[E]], pointer: str, check: Callable[[E, D, Context], Iterator[Violation]]
) -> Check[D]:
    """A check of each entry of a list by itself: violations point from the entry, whose place is put before them."""

    def check_each(document: D, context: Context) -> Iterator[Violation]:
        for index, entry in enumerate(entries(document)):
            try:
                for violation in check(entry, document, context):
                    yield replace(violation, pointer=f"{pointer}/{index}{violation.pointer}")
            except Unreadable:
                continue

    return check_each


# --- Places that could not be read -----------------------------------------------------------------------------------


class Unreadable(Exception):
    """A rule touched a place that could not be read. Never leaves the engine."""


def _touched(*_: Any, **__: Any) -> NoReturn:
    raise Unreadable


class _Unreadable:
    """Stands where a value should be. Comparing, hashing, iterating, showing or asking it anything ends the rule."""

    __slots__ = ()
    __getattr__ = __eq__ = __hash__ = __bool__ = __iter__ = __len__ = __contains__ = __getitem__ = _touched
    __lt__ = __le__ = __gt__ = __ge__ = __add__ = __radd__ = __sub__ = __rsub__ = __str__ = __format__ = _touched
    __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __mod__ = __round__ = __abs__ = __neg__ = __int__ = _touched
    __float__ = __index__ = _touched

    def __repr__(self) -> str:
        return "UNREADABLE"


UNREADABLE: Any = _Unreadable()
