"""The contract of an adapter as checks: what `adapters.port` promises, tried on any adapter, ours or another's.

1. A check asks the adapter something and gives findings: what was found, what the contract expects, what to do.
2. Whatever the adapter raises is a finding with the line of its code. Only `CannotCarry` is an answer, and only of the
   two that encode.
3. The functions here check one document, one event, one message: tests give them what they draw. `CHECKS` tries them on
   all of `adapters.trial`; `examine` runs all of `CHECKS`.
4. A check that found nothing to try does not apply, and says so; an adapter that carries no document at all fails.
"""

import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from adapters import trial
from adapters.outside import Outside
from adapters.port import Adapter, CannotCarry, Codec, Limits, Rendition, Statement
from adapters.trial import ADDRESS, PROFILES, example, json_of, leaves
from adapters.watch import watched
from schemas.event import Event, EventType
from schemas.findings import Fidelity, Finding, Kind, finding, register
from schemas.losses import Loss
from schemas.registry import Document

register(
    [
        Kind(
            "adapter.malformed",
            "The adapter is not made as adapters are.",
            "Compare it with the classes of adapters/port.py.",
        ),
        Kind(
            "adapter.raised",
            "The adapter raises where it has to answer.",
            "Decoding gives findings for whatever comes; encoding may raise CannotCarry and nothing else.",
        ),
        Kind(
            "adapter.no-end",
            "The adapter does not come to an end, or ends the process that it runs in.",
            "Let every call return: the hub waits for each. The tests of the package show where it stays.",
        ),
        Kind(
            "adapter.unreadable-own",
            "The adapter cannot read what it wrote itself.",
            "Make decode the reverse of encode.",
        ),
        Kind(
            "adapter.lost-in-silence",
            "A value does not come back as it was, and no loss names it.",
            "Carry the value, or name its pointer in the losses of the rendition.",
        ),
        Kind(
            "adapter.added-in-silence",
            "A value comes back that was not there.",
            "Decode what the message says, without defaults of your own.",
        ),
        Kind(
            "adapter.loses-all",
            "The rendition loses the whole document.",
            "Raise CannotCarry for a profile that the form has no place for.",
        ),
        Kind(
            "adapter.carries-nothing",
            "The adapter carries no document of any profile.",
            "Carry the certificates of the agreements that the country is party to.",
        ),
        Kind(
            "adapter.refuses-otherwise",
            "A document is refused in another way than adapters do.",
            "Raise CannotCarry with partner.cannot-carry and the profile found, or TooLarge.",
        ),
        Kind(
            "adapter.no-word",
            "The form has no word for a decision that every window says.",
            "Give accepted, queried and rejected a message each, all different.",
        ),
        Kind(
            "adapter.takes-rubbish",
            "The adapter does not refuse what is no message of its form.",
            "Give at least one finding that refuses: partner.unreadable, with the place.",
        ),
        Kind(
            "adapter.bad-limits",
            "The limits of the adapter are not data that can be told before sending.",
            "Give Limits with whole numbers above zero, or None where no limit is known.",
        ),
        Kind(
            "adapter.not-same",
            "The same document gives other bytes the second time.",
            "Take time and identity from the address, and let no order depend on a set.",
        ),
        Kind(
            "adapter.not-pure",
            "The adapter uses more than what it is given.",
            "Take time and identity from the address; leave clocks, randomness, files and network alone.",
        ),
    ]
)

Findings = tuple[Finding, ...]
DECISIONS = (EventType.ACCEPTED, EventType.QUERIED, EventType.REJECTED)
"""What a partner must be able to say in its own form."""
DAMAGES = 30
"""Of each message that is damaged: so many bytes changed, and so many ends cut off."""


class _Wrong(Exception):
    """The question cannot be asked further."""

    def __init__(self, found: Finding) -> None:
        super().__init__(found.code)
        self.found = found


# --- One document, one event, one message ----------------------------------------------------------------------------


def document_comes_back(codec: Codec, document: Document) -> Findings:
    """Promises 1 and 2, of a document that the form has a place for: what is there again is what was there; what is not
    there any more is named."""
    try:
        rendition = _rendition(codec.encode, document)
        read = _asked(codec.decode, rendition.data)
        if isinstance(read, tuple):
            return (finding("adapter.unreadable-own", found=_told(read), expected=f"the document, {document.profile}"),)
        if getattr(read, "profile", None) != document.profile:
            found = getattr(read, "profile", type(read).__name__)
            return (finding("adapter.lost-in-silence", found=found, expected=document.profile),)
        given, there = dict(leaves(json_of(document))), dict(leaves(_asked(json_of, read)))
    except CannotCarry as error:
        return (finding("adapter.refuses-otherwise", found=error, expected=f"{document.profile}, as carried"),)
    except _Wrong as wrong:
        return (wrong.found,)
    kept = {pointer: value for pointer, value in given.items() if not is_lost(pointer, rendition.losses)}
    if not kept:
        return (finding("adapter.loses-all", found=f"{len(rendition.losses)} losses", expected="a part that stays"),)
    return (*_differences(kept, there), *_additions(there.keys() - given.keys(), there))


def event_comes_back(codec: Codec, event: Event) -> Findings:
    """The same of an event, read as a statement. None where the form has no word for its type: `CannotCarry`."""
    try:
        rendition = _rendition(codec.encode_event, event)
        said = _asked(codec.decode_event, rendition.data)
        if isinstance(said, tuple):
            return (finding("adapter.unreadable-own", found=_told(said), expected=f"a statement, {event.type}"),)
        if not _is_statement(said):
            expected = "a Statement of texts, or findings"
            return (_malformed("decode_event", said, expected),)
    except CannotCarry:
        return ()
    except _Wrong as wrong:
        return (wrong.found,)
    head = {"/type": event.type.value, "/messageId": ADDRESS.message_id, "/documentId": ADDRESS.document_id}
    heard = {"/type": said.type, "/messageId": said.message_id, "/documentId": said.document_id}
    found = [*_differences(head, heard)]
    reasons = [{"code": each.code, "pointer": each.pointer, "text": each.text} for each in event.reasons]
    told = [dict(zip(("code", "pointer", "text"), each, strict=True)) for each in said.reasons]
    given = dict(leaves(reasons, "/reasons")) if reasons else {}
    found += _differences(_kept(given, rendition.losses), dict(leaves(told, "/reasons")) if told else {})
    if len(told) > len(reasons):
        found.append(finding("adapter.added-in-silence", "/reasons", found=len(told), expected=len(reasons)))
    body = {f"/body/{_escaped(name)}": value for name, value in event.body.items()}
    back = {f"/body/{_escaped(name)}": value for name, value in said.body.items()}
    empty = {pointer: "" for pointer, value in body.items() if value == "" and pointer not in back}
    found += _differences(_kept(body, rendition.losses), back | empty)  # nothing said, and nothing, are the same
    found += _additions(back.keys() - body.keys(), back)
    return tuple(found)


def refusal_is_told(codec: Codec, document: Document) -> Findings:
    """A document that the form has no place for is refused by `CannotCarry`, with a finding for the user."""
    try:
        _rendition(codec.encode, document)
    except CannotCarry as error:
        return _refused_rightly(error, document)
    except _Wrong as wrong:
        return (wrong.found,)
    return ()


def rubbish_is_refused(codec: Codec, data: bytes) -> Findings:
    """What is no message of this form gives findings, and at least one refuses."""
    return (*_refuses(codec.decode, data), *_refuses(codec.decode_event, data))


def damage_does_no_harm(codec: Codec, data: bytes) -> Findings:
    """A message that was damaged may still be one: nothing but an answer is asked for."""
    found: list[Finding] = []
    for decode in (codec.decode, codec.decode_event):
        try:
            _asked(decode, data)
        except _Wrong as wrong:
            found.append(wrong.found)
    return tuple(found)


def kinds_are_told_apart(codec: Codec, document: Document, event: Event) -> Findings:
    """A document is no decision, and a decision no document."""
    try:
        written = _rendition(codec.encode, document).data
        said = _rendition(codec.encode_event, event).data
    except CannotCarry:
        return ()
    except _Wrong as wrong:
        return (wrong.found,)
    return (*_refuses(codec.decode_event, written), *_refuses(codec.decode, said))


def same_bytes(codec: Codec, document: Document) -> Findings:
    """Promise 4: the same document at the same address is the same message."""
    try:
        first, second = (_rendition(codec.encode, document) for _ in range(2))
    except CannotCarry:
        return ()
    except _Wrong as wrong:
        return (wrong.found,)
    if first == second:
        return ()
    place = next((at for at, (one, other) in enumerate(zip(first.data, second.data, strict=False)) if one != other), 0)
    around = slice(max(0, place - 20), place + 40)
    found, expected = (each.data[around].decode("utf-8", "replace") for each in (second, first))
    return (finding("adapter.not-same", found=found, expected=expected),)


def uses_nothing_else(codec: Codec, document: Document, event: Event) -> Findings:
    """Promise 4: no clock, no randomness, no file, no network, in any of the four."""
    try:
        _all_four(codec, document, event)  # what is needed once: imports, tables
        with watched() as used:
            _all_four(codec, document, event)
    except CannotCarry:
        return ()
    except _Wrong as wrong:
        return (wrong.found,)
    return tuple(finding("adapter.not-pure", found=each, expected="only what is given") for each in dict.fromkeys(used))


def limits_are_data(limits: Limits) -> Findings:
    """Promise 3: beyond a limit is a finding, at it is none."""
    found: list[Finding] = []
    for name, code in (("max_items", "partner.too-many-items"), ("max_bytes", "partner.too-large")):
        most = getattr(limits, name, None)
        if most is None:
            continue
        if not isinstance(most, int) or isinstance(most, bool) or most < 1:
            expected = "a whole number, or None"
            found.append(finding("adapter.bad-limits", f"/limits/{name}", found=most, expected=expected))
            continue
        items, size = (most, 1) if name == "max_items" else (1, most)
        at, beyond = limits.findings(items, size), limits.findings(items + (size == 1), size + (items == 1))
        if at or code not in [each.code for each in beyond]:
            told = f"{_told(at) or 'nothing'} at it, {_told(beyond) or 'nothing'} beyond"
            found.append(finding("adapter.bad-limits", f"/limits/{name}", found=told, expected=f"{code} beyond {most}"))
    return tuple(found)


def is_lost(pointer: str, losses: Iterable[Loss]) -> bool:
    """Does one of the losses name this place, or what it stands in?"""
    return any(pointer == loss.pointer or pointer.startswith(loss.pointer + "/") for loss in losses)


# --- All of it, on what adapters.trial has ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the contract."""

    name: str
    promise: str
    """The sentence that it verifies; with a number, of those of `adapters.port`."""
    attempts: Callable[[Adapter], Iterator[Findings]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a check."""

    check: Check
    tried: int
    failed: int
    """Of those tried."""
    findings: Findings
    """Each code at each place once."""

    @property
    def passed(self) -> bool:
        return not self.findings

    def to_json(self) -> dict[str, object]:
        return {
            "check": self.check.name,
            "promise": self.check.promise,
            "status": "fail" if self.findings else "pass" if self.tried else "not-applicable",
            "tried": self.tried,
            "failed": self.failed,
            "findings": [each.to_json() for each in self.findings],
        }


def did_not_end(found: str) -> Finding:
    """Of an adapter whose check was ended from outside: it took too long, or its process died."""
    return finding("adapter.no-end", found=found, expected="an end of every call")


def made(outside: Outside, country: str) -> Adapter | Finding:
    """Somebody else's adapter for this country, or why it is none."""
    try:
        adapter: object = outside.make(country)
    except Exception as error:  # the code of a stranger may raise anything
        return _raised(outside.make, error)
    if not isinstance(adapter, Adapter):
        return _malformed("adapter", type(adapter).__name__, "an Adapter")
    if adapter.style != outside.style:
        return _malformed("style", adapter.style, f"{outside.style}, as the entry point says")
    return adapter


def examine(adapter: Adapter) -> tuple[Verdict, ...]:
    """All checks on one adapter. One that is not made as adapters are is asked nothing further."""
    shape, *others = CHECKS
    first = verdict(shape, adapter)
    return (first, *(verdict(each, adapter) for each in others)) if first.passed else (first,)


def verdict(check: Check, adapter: Adapter) -> Verdict:
    attempts = list(check.attempts(adapter))
    every = {(each.code, each.pointer): each for found in reversed(attempts) for each in reversed(found)}
    return Verdict(check, len(attempts), sum(map(bool, attempts)), tuple(reversed(every.values())))


def carried(codec: Codec) -> tuple[str, ...]:
    """The profiles of which the adapter writes the example."""
    return tuple(profile for profile in PROFILES if _said_of(codec, profile) is None)


def _shape(adapter: Adapter) -> Iterator[Findings]:
    codec = adapter.codec
    yield tuple(
        _malformed(name, type(getattr(codec, name, None)).__name__, "a method of the codec")
        for name in ("encode", "decode", "encode_event", "decode_event")
        if not callable(getattr(codec, name, None))
    )
    limits = getattr(codec, "limits", None)
    yield () if isinstance(limits, Limits) else (_malformed("limits", limits, "Limits"),)
    known = tuple(each.value for each in Fidelity)
    yield () if adapter.fidelity in known else (_malformed("fidelity", adapter.fidelity, ", ".join(known)),)
    yield () if adapter.source else (_malformed("source", adapter.source, "where what you know of the form stands"),)


def _documents(adapter: Adapter) -> Iterator[Findings]:
    not_refused = [each for each in PROFILES if not isinstance(_said_of(adapter.codec, each), CannotCarry)]
    if not not_refused:
        yield (finding("adapter.carries-nothing", found="no profile", expected=f"one or more of {len(PROFILES)}"),)
    for profile in not_refused:
        yield from (
            document_comes_back(adapter.codec, each)
            for each in trial.documents(profile)
            if not _is_too_large(adapter.codec, each)
        )


def _refusals(adapter: Adapter) -> Iterator[Findings]:
    refused = [each for each in PROFILES if isinstance(_said_of(adapter.codec, each), CannotCarry)]
    yield from (refusal_is_told(adapter.codec, example(each)) for each in refused)


def _events(adapter: Adapter) -> Iterator[Findings]:
    yield from (event_comes_back(adapter.codec, each) for each in trial.events())


def _decisions(adapter: Adapter) -> Iterator[Findings]:
    for type_ in DECISIONS:
        try:
            _rendition(adapter.codec.encode_event, next(each for each in trial.events() if each.type is type_))
            yield ()
        except CannotCarry as error:
            yield (finding("adapter.no-word", f"/{type_}", found=error, expected="a message of its own"),)
        except _Wrong as wrong:
            yield (wrong.found,)


def _limits(adapter: Adapter) -> Iterator[Findings]:
    yield limits_are_data(adapter.codec.limits)


def _rubbish(adapter: Adapter) -> Iterator[Findings]:
    yield from (rubbish_is_refused(adapter.codec, each) for each in trial.RUBBISH)


def _damage(adapter: Adapter) -> Iterator[Findings]:
    for message in _messages(adapter.codec):
        yield from (damage_does_no_harm(adapter.codec, each) for each in trial.damaged(message, DAMAGES))


def _kinds(adapter: Adapter) -> Iterator[Findings]:
    for profile, event in zip(carried(adapter.codec), trial.events(), strict=False):
        yield kinds_are_told_apart(adapter.codec, example(profile), event)


def _same(adapter: Adapter) -> Iterator[Findings]:
    yield from (same_bytes(adapter.codec, example(profile)) for profile in carried(adapter.codec))


def _pure(adapter: Adapter) -> Iterator[Findings]:
    decision = next(each for each in trial.events() if each.reasons)
    yield from (uses_nothing_else(adapter.codec, example(each), decision) for each in carried(adapter.codec))


CHECKS = (
    Check("made-as-adapters-are", "An adapter says its style, fidelity and source, and has a codec.", _shape),
    Check("documents-come-back", "1 and 2: a document comes back, save what the losses name.", _documents),
    Check("profiles-are-refused", "A profile without a place in the form is refused with a finding.", _refusals),
    Check("events-come-back", "1 and 2: what is said of a document comes back, save what the losses name.", _events),
    Check("decisions-can-be-said", "Every partner can accept, query and reject in its own form.", _decisions),
    Check("limits-are-data", "3: beyond a limit is a finding before sending.", _limits),
    Check("rubbish-is-refused", "What is no message of the form gives findings.", _rubbish),
    Check("damage-does-no-harm", "No bytes raise.", _damage),
    Check("kinds-are-told-apart", "A document is no decision, and a decision no document.", _kinds),
    Check("same-bytes", "4: the same document gives the same bytes.", _same),
    Check("nothing-else-is-used", "4: bytes in, bytes out; time and identity come in by argument.", _pure),
)
"""All of them; the first says whether the others can be asked."""


# --- Asking ----------------------------------------------------------------------------------------------------------


def _asked(question: Callable[[Any], Any], given: Any) -> Any:
    """The answer of the adapter. Raises `_Wrong` for whatever it raises."""
    try:
        return question(given)
    except Exception as error:  # the code of a stranger may raise anything: that is what is looked for
        raise _Wrong(_raised(question, error)) from error


def _rendition(encode: Callable[[Any, Any], Any], said: Any) -> Rendition:
    """What encoding gave. Raises `CannotCarry`, and `_Wrong` for whatever else."""
    try:
        given = encode(said, ADDRESS)
    except CannotCarry:
        raise
    except Exception as error:  # as above
        raise _Wrong(_raised(encode, error)) from error
    if not isinstance(given, Rendition):
        raise _Wrong(_malformed(encode.__name__, given, "a Rendition"))
    data: Any = given.data
    losses: Any = given.losses
    if not isinstance(data, bytes):
        raise _Wrong(_malformed(f"{encode.__name__}/data", data, "bytes"))
    if not isinstance(losses, tuple) or not all(isinstance(each, Loss) for each in losses):
        raise _Wrong(_malformed(f"{encode.__name__}/losses", losses, "a tuple of Loss"))
    return given


def _is_statement(said: Any) -> TypeGuard[Statement]:
    """Annotations bind no stranger."""
    if not isinstance(said, Statement):
        return False
    reasons: Any = said.reasons
    body: Any = said.body
    return (
        isinstance(reasons, tuple)
        and all(isinstance(each, tuple) and list(map(type, each)) == [str, str, str] for each in reasons)
        and isinstance(body, dict)
        and all(isinstance(name, str) for name in body)
    )


def _raised(question: Callable[..., Any], error: Exception) -> Finding:
    """With the last line of the adapter's own code that it came through."""
    steps = traceback.extract_tb(error.__traceback__)
    module = sys.modules.get(getattr(question, "__module__", None) or "")
    own = [step for step in steps if module is not None and step.filename == module.__file__]
    last = (own or steps)[-1]
    found = f"{type(error).__name__}: {error} in {Path(last.filename).name}, line {last.lineno}"
    name = getattr(question, "__name__", "")
    return finding("adapter.raised", f"/{name}", found=found, expected="an answer")


def _refuses(decode: Callable[[bytes], Any], data: bytes) -> Findings:
    try:
        given = _asked(decode, data)
    except _Wrong as wrong:
        return (wrong.found,)
    refused = isinstance(given, tuple) and any(isinstance(each, Finding) and each.refuses for each in given)
    if refused and all(isinstance(each, Finding) for each in given):
        return ()
    told = "no finding that refuses" if isinstance(given, tuple) else type(given).__name__
    found = f"{told} for {data[:60]!r}"
    return (finding("adapter.takes-rubbish", f"/{decode.__name__}", found=found, expected="findings"),)


def _refused_rightly(error: CannotCarry, document: Document) -> Findings:
    found = getattr(error, "found", None)
    if isinstance(found, Finding) and (
        found.code == "partner.too-large" or (found.code, found.found) == ("partner.cannot-carry", document.profile)
    ):
        return ()
    told = f"{found.code}, found {found.found}" if isinstance(found, Finding) else type(found).__name__
    expected = f"partner.cannot-carry, found {document.profile}"
    return (finding("adapter.refuses-otherwise", found=told, expected=expected),)


def _said_of(codec: Codec, profile: str) -> CannotCarry | _Wrong | None:
    """What the adapter says instead of writing the profile's example."""
    try:
        _rendition(codec.encode, example(profile))
    except (CannotCarry, _Wrong) as error:
        return error
    return None


def _is_too_large(codec: Codec, document: Document) -> bool:
    try:
        _rendition(codec.encode, document)
    except CannotCarry as error:
        return _code_of(error) == "partner.too-large"
    except _Wrong:  # told by the check that asks for this document
        return False
    return False


def _code_of(error: CannotCarry) -> str:
    found = getattr(error, "found", None)
    return found.code if isinstance(found, Finding) else ""


def _messages(codec: Codec) -> Iterator[bytes]:
    """Of each kind that the adapter writes, one."""
    said = [*map(example, PROFILES), *{each.type: each for each in trial.events()}.values()]
    for each in said:
        try:
            yield _rendition(codec.encode_event if isinstance(each, Event) else codec.encode, each).data
        except (CannotCarry, _Wrong):  # told by the check that asks for it
            continue


def _all_four(codec: Codec, document: Document, event: Event) -> None:
    _asked(codec.decode, _rendition(codec.encode, document).data)
    _asked(codec.decode_event, _rendition(codec.encode_event, event).data)


def _differences(kept: Mapping[str, Any], there: Mapping[str, Any]) -> Iterator[Finding]:
    for pointer, value in kept.items():
        if pointer not in there or there[pointer] != value:
            found = repr(there[pointer]) if pointer in there else "nothing"
            yield finding("adapter.lost-in-silence", pointer, found=found, expected=f"{value!r}, or a loss")


def _additions(names: Iterable[str], there: Mapping[str, Any]) -> Iterator[Finding]:
    for pointer in sorted(names):
        yield finding("adapter.added-in-silence", pointer, found=repr(there[pointer]), expected="nothing")


def _kept(given: Mapping[str, Any], losses: Iterable[Loss]) -> dict[str, Any]:
    named = tuple(losses)
    return {pointer: value for pointer, value in given.items() if not is_lost(pointer, named)}


def _malformed(name: str, found: object, expected: str) -> Finding:
    return finding("adapter.malformed", f"/{name}", found=found, expected=expected)


def _told(findings: Iterable[Any]) -> str:
    told = (f"{each.code} {each.found}" if isinstance(each, Finding) else repr(each) for each in findings)
    return "; ".join(map(str.strip, told))


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
