"""docs/access.md says which role each page of the console wants: as it is."""

import re

from exchange.console.may import RULES, Rule
from tests.docs.papers import rows_of, text_of

CALL = re.compile(r"`([A-Z]+ /[^`]*)`")


def told(heading: str) -> dict[str, str]:
    """Who may, by method and path, as the page has it below a heading."""
    section = text_of("access.md").split(f"## {heading}")[1].split("\n## ")[0]
    return {call: who for who, calls in rows_of(section) for call in CALL.findall(calls)}


def who(rule: Rule) -> str:
    """The words of the page for a rule."""
    if rule.public:
        return "everybody"
    these = ", ".join(sorted(rule.roles)) or "who is signed in"
    return f"{these}{' of the hub' if rule.hub else ''}{'; in a simulation everybody' if rule.open else ''}"


def test_the_consoles_table_is_that_of_the_code() -> None:
    assert told("Pages of the console, by role") == {
        f"{method} {path}": who(rule) for (method, path), rule in RULES.items()
    }
