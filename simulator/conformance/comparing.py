"""Two reports of one suite beside each other: what holds no longer, and what holds now."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.conformance.runner import Word

NOT_THERE = "not there"
_GOOD = (Word.PASS, Word.NOT_APPLICABLE, Word.SKIPPED)


@dataclass(frozen=True, slots=True)
class Change:
    """A scenario, or a check in it, of which another word is said."""

    scenario: str
    check: str
    """Empty: the scenario itself."""
    before: str
    after: str

    @property
    def is_worse(self) -> bool:
        """It was good and is not, or what passed is not there any more."""
        if self.after == NOT_THERE:
            return self.before == Word.PASS and not self.check
        return self.after not in _GOOD and self.before in (*_GOOD, NOT_THERE)


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Of two `report.json`: what is worse first."""
    words_before, words_after = dict(_words(before)), dict(_words(after))
    found = [
        Change(*key, words_before.get(key, NOT_THERE), words_after.get(key, NOT_THERE))
        for key in dict.fromkeys([*words_before, *words_after])
    ]
    return sorted((each for each in found if each.before != each.after), key=lambda each: not each.is_worse)


_ORDER = (Word.FAIL, Word.WARNING, Word.PASS, Word.NOT_APPLICABLE)


def _words(report: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], str]]:
    """The word of each scenario; of each check in it the worst."""
    for scenario in report["scenarios"]:
        yield (scenario["name"], ""), scenario["result"]
        said: dict[str, list[str]] = {}
        for check in scenario["checks"]:
            said.setdefault(check["check"], []).append(check["result"])
        for key, words in said.items():
            yield (scenario["name"], key), min(words, key=lambda word: _ORDER.index(Word(word)))
