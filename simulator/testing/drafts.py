"""Documents for tests: a valid one by name, changed step by step, also into what no hub takes. Pure.

    draft("form-d").number("SG-2026-00007-R02").lines(50)
    draft("form-d").invalid("certificate.weights")
    draft("form-d", syntax="xml").defect("changed-on-the-way")

1. A draft is never changed: each step gives a new one. Same steps, same seed, same time: same bytes.
2. What is signed is what the issuer signs; a defect named in `simulator.defects` may come after that.
3. `invalid` takes the sample that the rule itself brings (`tb explain CODE --sample failing`): the number stays.
"""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from schemas.content import Content, Syntax, open_content
from schemas.findings import Finding, errors
from schemas.registry import Context, Document, Profile, profile_of, read
from schemas.samples import changes, rules_by_code, samples_of
from simulator.defects import AFTER_SIGNING, BEFORE_SIGNING, DEFECTS
from simulator.documents import merged, sign
from simulator.members import CARRIER_CODE, TRANSPORT_DOCUMENT
from tradebridge.cli.names import member_id
from tradebridge.cli.send import EXAMPLES
from tradebridge.convert.difference import compare
from tradebridge.evidence.simulation import test_signer

NAMES = tuple(EXAMPLES)
_NUMBERS = ("number", "transportDocumentReference")
_COUNTRIES = {"CARRIER-SIM": "SG", "TRADEWALTZ-SIM": "JP"}


class BadDraft(ValueError):
    """What was asked of a draft cannot be; the message says why, and what can."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A document as JSON, its route, and how it is written."""

    profile: str
    value: Mapping[str, Any]
    """Its JSON form. Do not change it: `set`, `merge` and their like give a new draft."""
    sender: str
    recipients: tuple[str, ...]
    syntax: Syntax
    seed: str
    at: datetime
    """When it is issued and signed."""
    defects: tuple[str, ...] = ()
    signed: bool = True
    _written: list[bytes] = field(default_factory=list, repr=False, compare=False)

    # --- steps ---

    def number(self, number: str) -> "Draft":
        """With this number; its end may force an outcome (`tb magic`)."""
        place = next((name for name in _NUMBERS if name in self.value), None)
        if place is None:
            raise BadDraft(f"a {self.profile} has no number that its sender gives")
        return self._with({**self.value, place: number})

    def ending(self, ending: str) -> "Draft":
        """With this at the end of its number: `-R02`."""
        return self.number(f"{self.own_number}{ending}")

    def lines(self, count: int) -> "Draft":
        """With so many items, which repeat those that are there."""
        items = self.value.get("items")
        if not items or count < 1:
            raise BadDraft(f"lines(): a certificate has items, at least one; this is a {self.profile}")
        return self._with({**self.value, "items": [{**items[n % len(items)], "number": n + 1} for n in range(count)]})

    def hs(self, code: str, item: int = 1) -> "Draft":
        """With this HS code (digits; points are left out) at one item, counted from 1."""
        return self.set(f"/items/{item - 1}/hsCode", code.replace(".", ""))

    def set(self, pointer: str, value: Any) -> "Draft":
        """With this value at a JSON Pointer (RFC 6901), whatever the profile says of it."""
        return self._changed({"op": "replace", "path": pointer, "value": value})

    def remove(self, pointer: str) -> "Draft":
        """Without what is at a JSON Pointer."""
        return self._changed({"op": "remove", "path": pointer})

    def merge(self, patch: Mapping[str, Any]) -> "Draft":
        """After a JSON merge patch (RFC 7396), without removal."""
        return self._with(merged(self.value, patch))

    def invalid(self, code: str) -> "Draft":
        """The nearest that breaks this rule (`tb rules`). Raises `BadDraft` for a rule of other profiles, and for one
        that looks at other documents or tables."""
        rule = next((each for each in rules_by_code().get(code, ()) if self.profile in each.profiles), None)
        if rule is None:
            raise BadDraft(f"no rule {code} of {self.profile}: `tb rules --profile {self.profile}` lists them")
        both = samples_of(rule, self.profile)
        if both.context.related or both.context.products is not None:
            raise BadDraft(f"{code} looks at other documents or tables: no document breaks it alone")
        profile = _profile(self.profile)
        failing = json.loads(profile.encode[Syntax.JSON](both.failing))
        passing = json.loads(profile.encode[Syntax.JSON](both.passing))
        kept = {name: self.value[name] for name in _NUMBERS if name in self.value and name in failing}
        if failing.get("number") != passing.get("number") or code not in _codes({**failing, **kept}, self.at):
            kept = {}  # its number is a part of what is wrong
        country = failing.get("issuingCountry")
        sender = member_id(country, "sender") if country else self.sender
        return replace(self._with({**failing, **kept}), sender=sender)

    def defect(self, name: str) -> "Draft":
        """With a defect of `simulator.defects`: made before signing or after it, as its name says."""
        if name not in DEFECTS:
            raise BadDraft(f"no defect {name}: there are {', '.join(sorted(DEFECTS))}")
        return replace(self, defects=(*self.defects, name), _written=[])

    def to(self, *names: str) -> "Draft":
        """To these members, by country or id. The document itself stays."""
        return replace(self, recipients=tuple(member_id(each, "recipient") for each in names))

    def xml(self) -> "Draft":
        return replace(self, syntax=Syntax.XML, _written=[])

    def json(self) -> "Draft":
        return replace(self, syntax=Syntax.JSON, _written=[])

    def unsigned(self) -> "Draft":
        return replace(self, signed=False, _written=[])

    def _with(self, value: Mapping[str, Any]) -> "Draft":
        return replace(self, value=value, _written=[])

    def _changed(self, change: Mapping[str, Any]) -> "Draft":
        return self._with(patched(self.value, [change]))

    # --- what it is ---

    @property
    def own_number(self) -> str:
        return next((str(self.value[name]) for name in _NUMBERS if name in self.value), "")

    @property
    def data(self) -> bytes:
        """The bytes to send. Raises `BadDraft` where the content cannot be written in the syntax."""
        if not self._written:
            self._written.append(self._write())
        return self._written[0]

    @property
    def document(self) -> Document | None:
        """The typed document; None where the content is none of its profile."""
        return document_of(json.dumps(self.value).encode())

    def findings(self) -> tuple[Finding, ...]:
        """What keeps it from being accepted, signatures apart: what the hub would say of the content."""
        return tuple(errors(read(self._plain(), Context(self.at)).findings))

    def diff(self, other: "Draft | Shown | bytes") -> list[str]:
        """What the two say differently, a line each."""
        return lines_of_difference(self.value, other)

    def __eq__(self, other: object) -> bool:
        """Whether they say the same, however written and whoever sends them."""
        return isinstance(other, Draft | Shown) and not self.diff(other)

    __hash__ = None  # type: ignore[assignment]  # equal ones may be written differently

    def _plain(self) -> bytes:
        if self.syntax is Syntax.JSON:
            data = json.dumps(self.value, ensure_ascii=False, separators=(",", ":")).encode()
        elif (document := self.document) is None:
            raise BadDraft("this content is no document of its profile, and can be written as JSON only: call json()")
        else:
            data = _profile(self.profile).encode[self.syntax](document)
        for name in self.defects:
            data = BEFORE_SIGNING[name](data) if name in BEFORE_SIGNING else data
        return data

    def _write(self) -> bytes:
        data = self._plain()
        if self.signed:
            data = sign(data, self.syntax, test_signer(self.seed, self.sender), self.at)
        for name in self.defects:
            data = AFTER_SIGNING[name](data) if name in AFTER_SIGNING else data
        return data


@dataclass(frozen=True, slots=True)
class Shown:
    """A document that somebody received, for comparison."""

    data: bytes = field(repr=False)
    value: Mapping[str, Any]

    @classmethod
    def of(cls, data: bytes) -> "Shown":
        return cls(data, value_of(data))

    def diff(self, other: "Draft | Shown | bytes") -> list[str]:
        return lines_of_difference(self.value, other)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Draft | Shown) and not self.diff(other)

    __hash__ = None  # type: ignore[assignment]


def draft(
    name: str = "form-d",
    *,
    seed: str,
    at: datetime,
    sender: str = "",
    to: str = "",
    number: str = "",
    variant: int = 0,
    syntax: str = "json",
) -> Draft:
    """A valid document. `name`: one of `NAMES`, or the id of a profile; `sender`, `to`: a country or an id; `variant`:
    other goods and parties. Raises `BadDraft`."""
    known = EXAMPLES.get(name)
    profile = profile_of(known.profile if known else name)
    if profile is None:
        raise BadDraft(f"no document {name!r}: {', '.join(NAMES)}, or the id of a profile (`tb rules`)")
    from_ = member_id(sender or (known.sender if known else "sg"), "sender")
    recipient = member_id(to or (known.recipient if known else "jp"), "recipient")
    given: dict[str, Any] = {"exporter": _country(from_), "importer": _country(recipient)}
    if profile.id.startswith("dcsa-"):
        given["carrier"] = CARRIER_CODE
    if number:
        given["number"] = number
    elif profile.id == TRANSPORT_DOCUMENT:
        given["number"] = f"{CARRIER_CODE}{at:%y}{900_000 + variant:07d}"
    try:
        made = profile.example(**given, at=at, variant=variant)
    except (LookupError, ValueError) as error:
        raise BadDraft(f"no {profile.id} from {from_} to {recipient}: {error}") from error
    value = json.loads(profile.encode[Syntax.JSON](made))
    return Draft(profile.id, value, from_, (recipient,), Syntax(syntax), seed, at)


def patched(value: Mapping[str, Any], operations: list[Mapping[str, Any]]) -> dict[str, Any]:
    """After operations of JSON Patch: add, replace (which also adds) and remove. Raises `BadDraft` for a place that is
    not there."""
    result = copy.deepcopy(dict(value))
    for each in operations:
        *way, last = [step.replace("~1", "/").replace("~0", "~") for step in each["path"].split("/")[1:]] or [""]
        place: Any = result
        try:
            for step in way:
                place = place[int(step)] if isinstance(place, list) else place[step]
            if isinstance(place, list) and each["op"] == "add":
                place.insert(int(last) if last != "-" else len(place), each["value"])
            elif each["op"] == "remove":
                del place[int(last) if isinstance(place, list) else last]
            else:
                place[int(last) if isinstance(place, list) else last] = each["value"]
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise BadDraft(f"there is no {each['path']} in this document") from error
    return result


def _codes(value: Mapping[str, Any], at: datetime) -> set[str]:
    return {each.code for each in read(json.dumps(value).encode(), Context(at)).findings}


def document_of(data: bytes) -> Document | None:
    """The typed document of received bytes, signed or not; None where there is none."""
    return read(data, Context(_NEVER)).document


def value_of(data: bytes) -> Mapping[str, Any]:
    """Its JSON form; of what is no document, the JSON that is there, else nothing."""
    document = document_of(data)
    if document is not None:
        value: dict[str, Any] = json.loads(_profile(document.profile).encode[Syntax.JSON](document))
        return value
    content = open_content(data)
    return content.value if isinstance(content, Content) and isinstance(content.value, dict) else {}


def lines_of_difference(value: Mapping[str, Any], other: "Draft | Shown | bytes") -> list[str]:
    """By box of the form where both are documents, else by pointer."""
    second = value_of(other) if isinstance(other, bytes) else other.value
    one, two = (document_of(json.dumps(each).encode()) for each in (value, second))
    if one is not None and two is not None and one.profile == two.profile:
        return [
            f"{each.pointer} ({f'box {each.box}, ' if each.box else ''}{each.label}): "
            f"{_shown(each.first)} != {_shown(each.second)}"
            for each in compare(one, two)
        ]
    return [
        f"{each['path']}: {_shown(_at(value, str(each['path'])))} != {_shown(each.get('value'))}"
        for each in changes(value, second)
    ]


def _at(value: Any, pointer: str) -> Any:
    """What is at a JSON Pointer; None where nothing is."""
    for step in pointer.split("/")[1:]:
        try:
            value = value[int(step)] if isinstance(value, list) else value[step.replace("~1", "/").replace("~0", "~")]
        except (KeyError, IndexError):
            return None
    return value


def _shown(value: object) -> str:
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:79]}…"


def _profile(profile_id: str) -> Profile:
    profile = profile_of(profile_id)
    if profile is None:
        raise BadDraft(f"no profile {profile_id}")
    return profile


def _country(member: str) -> str:
    return _COUNTRIES.get(member, member[:2])


_NEVER = datetime.fromisoformat("2026-01-05T09:00:00+00:00")
"""Reading what a document says needs no time; judging it would."""
