"""A finding: one thing wrong, or noteworthy, in a document; and the one catalogue of all that can be found.

Rules of this part:

1. A refusal is a value. What a user can send wrong is a `Finding`; only a programmer's error raises.
2. Every code stands in the catalogue once, with its sentence, clause, source, fidelity and fix. The API, the command
   line, the docs and the tests read this one table.
3. A code is a readable slug in a family (`syntax.not-xml`, `atiga.rvc-below-threshold`) and never changes its meaning.
4. A finding points: a JSON Pointer (RFC 6901), or an XPath with line and column for XML, and the box on the form.
5. An error refuses. A warning travels with the document to the officer.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    ERROR = "error"
    """Refuses the document."""
    WARNING = "warning"
    """Is reported to the sender and travels with the document."""


class Fidelity(StrEnum):
    EXACT = "exact"
    """Taken from the text that `source` names."""
    MODELLED = "modelled"
    """The real thing is known in outline only."""
    INVENTED = "invented"
    """Ours: made for the hub or the simulator; no law says so."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One entry of the catalogue: a kind of finding, before it is found anywhere."""

    code: str
    sentence: str
    """What a person reads: one sentence, present tense, no code words."""
    fix: str
    """What to do next, in the imperative."""
    severity: Severity = Severity.ERROR
    clause: str = ""
    """Article, rule, box or RFC section; empty where no text says so."""
    source: str = "Tradebridge"
    """The text that the clause stands in."""
    fidelity: Fidelity = Fidelity.INVENTED
    status: int = 422
    """The HTTP status when this finding alone refuses a request."""
    issuing_side: bool = False
    """It tells of what only the issuing side may see (a cost statement): it does not travel to recipients."""

    @property
    def family(self) -> str:
        return self.code.split(".", 1)[0]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in one document."""

    code: str
    severity: Severity
    message: str
    pointer: str = ""
    """JSON Pointer, or XPath for XML; empty for the whole document."""
    line: int | None = None
    """1-based line in the bytes received, where known."""
    column: int | None = None
    box: str = ""
    """Box of the paper form, as printed there ("8"); empty where there is none."""
    found: str = ""
    expected: str = ""
    clause: str = ""
    source: str = ""
    fidelity: Fidelity = Fidelity.INVENTED
    fix: str = ""
    attack: str = ""
    """Id in the attack catalogue ("XSW-3"), when what was found is a known attack."""
    status: int = 422

    @property
    def refuses(self) -> bool:
        return self.severity is Severity.ERROR

    def to_json(self) -> dict[str, object]:
        """The public form: camelCase names, empty members left out."""
        members: dict[str, object] = {
            "code": self.code,
            "severity": self.severity.value,
            "message": self.message,
            "pointer": self.pointer,
            "line": self.line,
            "column": self.column,
            "box": self.box,
            "found": self.found,
            "expected": self.expected,
            "clause": self.clause,
            "source": self.source,
            "fidelity": self.fidelity.value,
            "fix": self.fix,
            "attack": self.attack,
        }
        return {name: value for name, value in members.items() if value not in ("", None) or name == "pointer"}


class UnknownCode(LookupError):
    """A programmer asked for a code that the catalogue lacks: add it to the table of its family."""


_CATALOGUE: dict[str, Kind] = {}


def register(kinds: Iterable[Kind]) -> tuple[Kind, ...]:
    """Put kinds into the catalogue. Each family's module calls this once, at import; a code twice is an error."""
    added = tuple(kinds)
    for kind in added:
        known = _CATALOGUE.setdefault(kind.code, kind)
        if known is not kind:
            raise ValueError(f"the code {kind.code} is in the catalogue already: choose another slug")
    return added


def catalogue() -> dict[str, Kind]:
    """All kinds by code, sorted. Import `schemas.registry` first: it loads every family."""
    return dict(sorted(_CATALOGUE.items()))


def kind_of(code: str) -> Kind:
    try:
        return _CATALOGUE[code]
    except KeyError:
        raise UnknownCode(code) from None


def finding(
    code: str,
    pointer: str = "",
    *,
    found: object = "",
    expected: object = "",
    message: str = "",
    box: str = "",
    line: int | None = None,
    column: int | None = None,
    fix: str = "",
    attack: str = "",
    severity: Severity | None = None,
) -> Finding:
    """A finding of a catalogued kind. `found` is cut at 200 characters: a finding never carries a whole document."""
    kind = kind_of(code)
    return Finding(
        code=code,
        severity=severity or kind.severity,
        message=message or kind.sentence,
        pointer=pointer,
        line=line,
        column=column,
        box=box,
        found=_shown(found),
        expected=_shown(expected),
        clause=kind.clause,
        source=kind.source,
        fidelity=kind.fidelity,
        fix=fix or kind.fix,
        attack=attack,
        status=kind.status,
    )


def _shown(value: object) -> str:
    text = str(value)
    text = text.encode("utf-8", "replace").decode()  # lone surrogates must not break the answer
    return text if len(text) <= 200 else text[:199] + "…"


def errors(findings: Iterable[Finding]) -> Iterator[Finding]:
    return (each for each in findings if each.refuses)


MOST_TOLD = 500
"""Findings in one answer; how many there are in all is said beside them."""


def for_recipients(findings: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of the findings of a document, as JSON, those that may travel with it: without what is the issuing side's."""
    return [each for each in findings if not (each["code"] in _CATALOGUE and _CATALOGUE[each["code"]].issuing_side)]


def told(findings: Sequence[Finding], most: int = MOST_TOLD) -> list[dict[str, object]]:
    """Their public forms, at most so many, in their order: of each code the first, then what there is room for."""
    if len(findings) <= most:
        return [each.to_json() for each in findings]
    first = list({each.code: place for place, each in reversed(list(enumerate(findings)))}.values())
    chosen = dict.fromkeys([*sorted(first), *range(most)])
    return [findings[place].to_json() for place in sorted(list(chosen)[:most])]


def downgraded(found: Finding) -> Finding:
    """The same finding as a warning: what an open profile (DCSA) does with what a closed one refuses."""
    return replace(found, severity=Severity.WARNING)
