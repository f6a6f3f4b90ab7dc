"""The catalogues as they should be: one entry for each text in the source, and what was translated so far kept.

Texts are taken from `_()`, `counted()` and `mark()` in Python and templates, and from what the pages borrow from the
evidence: what to do next, and the sentences of the codes that decide one of the four answers, refuse a check, or are
what the Desk refuses with.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

import exchange.hub  # noqa: F401  # loads every family of codes
from exchange.languages import CATALOGUES, ENGLISH, LANGUAGES
from schemas.findings import catalogue
from tradebridge.evidence import next_steps

METHODS = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")]
KEYWORDS = {"_": None, "mark": None, "counted": (1, 2)}
DECIDING = ("bundle", "evidence", "log", "receipt", "signature", "syntax", "timestamp")
"""Families whose sentences a page of Verify says."""
ALSO = ("trust.stale-status",)
REFUSING = (
    "document.deleted",
    "hub.busy",
    "person.not-signed-in",
    "request.malformed",
    "request.too-many",
    "request.too-often",
    "request.too-slow",
    "syntax.too-large",
)
"""Codes that Verify refuses with: it says what to do as well."""
OF_THE_DESK = ("desk", "console", "person.code", "person.password", "request.cursor")
"""Families and codes that the Desk refuses with, and its sign-in."""
ALWAYS = datetime(2026, 1, 1, tzinfo=UTC)
"""When all catalogues were made: a date in them would differ at each run."""
HEADER = """# Tradebridge: PROJECT.
# Drafted by a machine, not yet reviewed by a speaker (docs/languages.md)."""
PLURALS = {"fil": "nplurals=2; plural=(n > 1);", "pt": "nplurals=2; plural=(n != 1);"}


def texts() -> list[str | tuple[str, str]]:
    """All that a catalogue has, sorted; a pair is singular and plural."""
    found: set[str | tuple[str, str]] = set(borrowed())
    root = Path(__file__).parents[2] / "exchange"
    for _, _, message, _, _ in extract_from_dir(root, METHODS, keywords=KEYWORDS, options_map={}):
        found.add(message if isinstance(message, str) else (message[0], message[1]))
    return sorted(found, key=lambda each: each if isinstance(each, str) else each[0])


def borrowed() -> Iterator[str]:
    yield from next_steps.sentences()
    for code, kind in catalogue().items():
        if kind.family in DECIDING or code in ALSO or code in REFUSING:
            yield kind.sentence
        if code in REFUSING:
            yield kind.fix
        elif kind.family in OF_THE_DESK or code in OF_THE_DESK:
            yield kind.sentence
            yield kind.fix


def languages() -> list[str]:
    return [code for code in LANGUAGES if code != ENGLISH]


def path_of(language: str) -> Path:
    return CATALOGUES / f"{language}.po"


def read(language: str) -> Catalog:
    with path_of(language).open("rb") as file:
        return read_po(file)


def renewed(language: str) -> Catalog:
    """The catalogue with every text of today, and no other."""
    known = read(language) if path_of(language).is_file() else Catalog()
    made = Catalog(
        locale=language,
        project="Tradebridge",
        version="",
        header_comment=HEADER.replace("PROJECT", LANGUAGES[language].name),
        creation_date=ALWAYS,
        revision_date=ALWAYS,
        fuzzy=False,
        charset="utf-8",
    )
    if language in PLURALS:
        made.mime_headers = [("Plural-Forms", PLURALS[language])]
    for each in texts():
        before = known.get(each if isinstance(each, str) else each[0])
        kept = before.string if before is not None and isinstance(before.id, str) == isinstance(each, str) else ""
        made.add(each, kept)
    return made


def write(language: str, made: Catalog) -> None:
    with path_of(language).open("wb") as file:
        write_po(file, made, width=120, no_location=True, sort_output=True)


def translated(language: str) -> tuple[int, int]:
    """How many texts of how many."""
    messages = [each for each in read(language) if each.id]
    done = sum(bool(all(each.string) if isinstance(each.string, tuple) else each.string) for each in messages)
    return done, len(messages)


PAGE = Path(__file__).parents[2] / "docs" / "languages.md"
_TABLE = re.compile(r"^\| language \|.*?(?=\n\n)", re.MULTILINE | re.DOTALL)


def told(page: str) -> str:
    """The table of languages in the page."""
    (found,) = _TABLE.findall(page)
    return str(found)


def table() -> str:
    """How much of each language is there, as it should stand in the page."""
    rows = ["| language | code | texts translated |", "| --- | --- | --- |"]
    for code, language in LANGUAGES.items():
        done, of = (1, 1) if code == ENGLISH else translated(code)
        share = "the source" if code == ENGLISH else f"{100 * done // of} % ({done} of {of})"
        rows.append(f"| {language.name} | `{code}` | {share} |")
    return "\n".join(rows)
