"""Two cassettes of the same calls, compared by what they mean. Pure.

1. What must differ from one run to another is aligned, not left out: ids are paired when they first meet and stay a
   pair, so a document that is named where another was is a difference. Addresses and the name of the space are paired.
   Times are compared as they are where both clocks stood; else a time has to stand where one stood.
2. A compact JWS is compared by what it says, not by its signature.
3. Of an answer counts the status, then what it says: of a refusal its code and findings (code, place, severity, what
   was found), in any order; not how a sentence is worded. What is read may be read earlier or later than before: of a
   `GET` the status counts, and the code of a refusal.
4. In the end journals and documents are compared: who wrote what of which document, and where it stands.
"""

import hashlib
import json
import re
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator.cassette import Cassette, Step

_ID = re.compile(r"\b(doc|msg|dlv|evt|ref|rec|whk)_[0-9a-z]{10,40}\b")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_JWS = re.compile(r"[\w-]{16,}\.[\w-]*\.[\w-]{16,}")
WORDING = frozenset({"title", "detail", "message", "fix", "expected", "instance", "clause", "source", "fidelity"})
"""How something is said: it may be said better."""
SECONDS = frozenset({"iat", "secondsLeft", "seconds"})
_FINDINGS = frozenset({"errors", "findings"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was."""

    where: str
    """`step 3, POST /v1/documents: /status`"""
    before: str
    after: str

    def to_json(self) -> dict[str, str]:
        return {"where": self.where, "before": self.before, "after": self.after}


@dataclass
class Pairs:
    """What was paired, of two cassettes that are walked through together."""

    before: Cassette
    after: Cassette
    ids: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    """Of what was sent with other ids than before."""
    _back: dict[str, str] = field(default_factory=dict)
    times: int = 0
    """Times that differ, of clocks that ran."""

    @property
    def moved(self) -> int:
        """Ids that are others than before."""
        return sum(one != other for one, other in self.ids.items())

    @property
    def stand(self) -> bool:
        return self.before.stands and self.after.stands

    def sent(self, one: Any, other: Any) -> None:
        """What was signed anew, because it names an id that is another now, has other digests."""
        if one == other or not isinstance(one, str) or not isinstance(other, str):
            return
        for part in (lambda text: text.encode(), _content):
            self.digests[_digest(part(one))] = _digest(part(other))

    def are_one(self, one: str, other: str) -> bool:
        """Is this id what that one was? Two that meet first are from then on."""
        return self.ids.setdefault(one, other) == other and self._back.setdefault(other, one) == one

    def same_text(self, one: str, other: str) -> bool:
        if _TIME.fullmatch(one) and _TIME.fullmatch(other) and not self.stand:
            self.times += one != other
            return True
        if one in self.digests:
            return self.digests[one] == other
        one, other = _without_place(one, self.before), _without_place(other, self.after)
        ids, others = [each[0] for each in _ID.finditer(one)], [each[0] for each in _ID.finditer(other)]
        if len(ids) != len(others) or _ID.sub(r"\1", one) != _ID.sub(r"\1", other):
            return False
        return all(self.are_one(*pair) for pair in zip(ids, others, strict=True))


def compare(before: Cassette, after: Cassette) -> tuple[tuple[Difference, ...], Pairs]:
    """All that differs, in the order of the steps; and what was aligned."""
    pairs = Pairs(before, after)
    found = [*_steps(before.steps, after.steps, pairs), *_journals(pairs), *_documents(pairs)]
    return tuple(found), pairs


# --- Steps -----------------------------------------------------------------------------------------------------------


def _steps(before: Sequence[Step], after: Sequence[Step], pairs: Pairs) -> Iterator[Difference]:
    for number, (one, other) in enumerate(zip(before, after, strict=False), 1):
        where = f"step {number}, {one.method} {one.path}{f' by {one.caller}' if one.caller else ''}"
        yield from (Difference(f"{where}: {each.where}", each.before, each.after) for each in _step(one, other, pairs))
    if len(before) != len(after):
        yield Difference("steps", str(len(before)), str(len(after)))


def _step(one: Step, other: Step, pairs: Pairs) -> Iterator[Difference]:
    pairs.sent(one.body, other.body)
    if one.status != other.status:
        yield Difference("status", _told(one), _told(other))
        yield from _findings(_errors(one), _errors(other), "/errors")
        return
    if one.control or one.reads:
        if _code(one) != _code(other):
            yield Difference("code", _code(one), _code(other))
        return
    if one.media_type != other.media_type:
        yield Difference("media type", one.media_type, other.media_type)
    elif not one.control:
        yield from differences(one.answer, other.answer, pairs)


def _errors(step: Step) -> Sequence[Any]:
    found = step.answer.get("errors") if isinstance(step.answer, dict) else None
    return found if isinstance(found, list) else ()


def _told(step: Step) -> str:
    code = _code(step)
    return f"{step.status}{f' {code}' if code else ''}"


def _code(step: Step) -> str:
    return str(step.answer.get("code", "")) if isinstance(step.answer, dict) and step.status >= 400 else ""


def differences(one: Any, other: Any, pairs: Pairs, pointer: str = "") -> Iterator[Difference]:
    """Where two JSON values do not say the same."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in [*one, *(each for each in other if each not in one)]:
            if name not in WORDING:
                yield from _members(one, other, name, pairs, f"{pointer}/{name}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for place, (each, counterpart) in enumerate(zip(one, other, strict=True)):
            yield from differences(each, counterpart, pairs, f"{pointer}/{place}")
    elif isinstance(one, str) and isinstance(other, str):
        yield from _texts(one, other, pairs, pointer)
    elif one != other or type(one) is not type(other):
        yield Difference(pointer or "/", _shown(one), _shown(other))


def _members(
    one: Mapping[str, Any], other: Mapping[str, Any], name: str, pairs: Pairs, pointer: str
) -> Iterator[Difference]:
    if name not in one or name not in other:
        yield Difference(pointer, _shown(one.get(name)), _shown(other.get(name)))
    elif name in _FINDINGS and isinstance(one[name], list) and isinstance(other[name], list):
        yield from _findings(one[name], other[name], pointer)
    elif name == "space" and (one[name], other[name]) == (pairs.before.space, pairs.after.space):
        return
    elif name in SECONDS and not pairs.stand and isinstance(one[name], int | float):
        pairs.times += one[name] != other[name]
    else:
        yield from differences(one[name], other[name], pairs, pointer)


def _texts(one: str, other: str, pairs: Pairs, pointer: str) -> Iterator[Difference]:
    said, says = _payload(one), _payload(other)
    if said is not None and says is not None:
        yield from differences(said, says, pairs, pointer)
    elif not pairs.same_text(one, other):
        yield Difference(pointer or "/", _shown(one), _shown(other))


def _payload(text: str) -> Any:
    """What a compact JWS says, with its type; None for what is none."""
    if not _JWS.fullmatch(text):
        return None
    try:
        header, payload = (json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in text.split(".")[:2])
    except ValueError:
        return None
    return {"typ": header.get("typ"), "payload": payload} if isinstance(header, dict) else None


def _content(token: str) -> bytes:
    """The payload of a compact JWS; of what is none, all of it."""
    part = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        return urlsafe_b64decode(part + "=" * (-len(part) % 4)) or token.encode()
    except ValueError:
        return token.encode()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _findings(before: Sequence[Any], after: Sequence[Any], pointer: str) -> Iterator[Difference]:
    one, other = Counter(map(_finding, before)), Counter(map(_finding, after))
    for gone in (one - other).elements():
        yield Difference(pointer, gone, "not found any more")
    for new in (other - one).elements():
        yield Difference(pointer, "not found", new)


def _finding(value: Any) -> str:
    names = ("severity", "code", "pointer", "box", "found")
    return " ".join(str(value[name]) for name in names if isinstance(value, dict) and value.get(name))


# --- What became of it -----------------------------------------------------------------------------------------------


def _journals(pairs: Pairs) -> Iterator[Difference]:
    """How often each member has written each thing. Documents go by their number, else by their pair."""
    one = Counter(_line(each, {}) for each in pairs.before.journal)
    back = {new: old for old, new in pairs.ids.items()}
    other = Counter(_line(each, back) for each in pairs.after.journal)
    for line in sorted(one.keys() | other.keys()):
        if one[line] != other[line]:
            yield Difference(f"journal: {line}", _times(one[line]), _times(other[line]))


def _line(entry: Mapping[str, Any], back: Mapping[str, str]) -> str:
    event = entry.get("event", {})
    document = entry.get("document_id", "")
    parts = [
        entry.get("member", ""),
        entry.get("kind", ""),
        event.get("type", ""),
        entry.get("number", "") or back.get(document, document),
        entry.get("profile", ""),
        *entry.get("peers", ()),
        *entry.get("codes", ()),
        *entry.get("faults", ()),
    ]
    return " ".join(str(part) for part in parts if part)


def _times(count: int) -> str:
    return "not there" if not count else "once" if count == 1 else f"{count} times"


def _documents(pairs: Pairs) -> Iterator[Difference]:
    one, other = ({_name(each): each for each in side.documents} for side in (pairs.before, pairs.after))
    for name in [*one, *(each for each in other if each not in one)]:
        where = f"document {name}"
        if name not in one or name not in other:
            yield Difference(where, *("there" if name in side else "not there" for side in (one, other)))
            continue
        for each in differences(one[name], other[name], pairs):
            yield Difference(f"{where}: {each.where}", each.before, each.after)


def _name(document: Mapping[str, Any]) -> str:
    return " ".join(str(document.get(name) or "-") for name in ("number", "profile", "sender"))


def _without_place(text: str, cassette: Cassette) -> str:
    text = text.replace(cassette.hub, "")
    return text.replace(f"/s/{cassette.space}/", "/") if cassette.space else text


def _shown(value: Any) -> str:
    text = "nothing" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else text[:199] + "…"
