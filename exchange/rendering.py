"""How a template becomes a page: what is escaped, what is made visible, and what a template may call.

1. All that a template writes is escaped.
2. Marks that turn or hide text, and controls, are shown as their code points: whoever wrote a document, no page reads
   otherwise than its source.
3. A name that no page gave is a mistake; a member that something has not is empty.
"""

import re
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Undefined
from jinja2.utils import missing

from exchange import languages

# Not the zero-width space and joiners: Khmer, Lao, Burmese and Thai are written with them.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)


def visible(text: str) -> str:
    """Controls, and marks that turn or hide text, as their code points in angle brackets: ⟨U+202E⟩."""
    return _HIDDEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)


def _shown(value: Any) -> Any:
    """Rule 2."""
    return visible(value) if type(value) is str else value


class _Absent(Undefined):
    """Rule 3: findings and entries leave out what they have not."""

    def __new__(cls, hint: str | None = None, obj: Any = missing, name: str | None = None, *rest: Any) -> Any:
        return StrictUndefined(hint, obj, name, *rest) if obj is missing else super().__new__(cls)


def environment_of(package: str, folder: str = "templates") -> Environment:
    """The templates of a package. Each may say `_('...')`, `counted('...', '...', n)`, `spoken()`."""
    made = Environment(
        loader=PackageLoader(package, folder),
        autoescape=True,
        undefined=_Absent,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    made.globals.update(
        _=languages._,
        counted=languages.counted,
        spoken=languages.spoken,
        is_translated=languages.is_translated,
        languages=languages.LANGUAGES,
    )
    made.filters.update(day=languages.day, number=languages.number, here=languages.moment)
    return made
