"""Taking delivery: what is right must be acknowledged, rightly; what is wrong must not be.

The cases are data: a name, what the kit does to a right delivery, and the sentence by which that is not acknowledged.
Each wrong delivery comes with a right one beside it: a window that acknowledges nothing passes none.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from schemas.content import Syntax
from simulator.conformance.runner import NotApplicable, Play, Role, Scenario, Sentence
from simulator.conformance.suites.window import forged
from simulator.conformance.suites.window import sentences as says
from simulator.conformance.suites.window.stage import (
    AHEAD,
    Parcel,
    Stage,
    check_ack,
    check_taken,
    decoded,
    is_acknowledged,
    now,
)
from simulator.conformance.suites.window.system import OTHER
from tradebridge.evidence import jws
from tradebridge.evidence.refusals import Finding
from tradebridge.evidence.times import TOLERANCE, from_rfc3339

Playing = Callable[[Play[Stage]], Awaitable[None]]
RENDITION = b'{"kit":"a rendition"}'


# --- What is right ---------------------------------------------------------------------------------------------------


def judge(play: Play[Any], stage: Stage, parcel: Parcel, token: str) -> None:
    """What an acknowledgement owes."""
    system, note, told = stage.system, parcel.note, decoded(token)
    signed = jws.verify(token, jws.ACK, "ack", system.trust, now())
    by = f"{signed.message} {signed.found}" if isinstance(signed, Finding) else signed.member
    play.check(says.ACK_SIGNED, by == system.code, found=by, expected=f"{system.code}, its key for ack")
    digest = note.original.digest
    play.check(says.ACK_DIGEST, told.get("digest") == digest, found=told.get("digest"), expected=digest)
    play.check(
        says.ACK_DELIVERY, told.get("delivery") == note.delivery, found=told.get("delivery"), expected=note.delivery
    )
    play.check(
        says.ACK_MESSAGE,
        told.get("messageId") == note.message_id,
        found=told.get("messageId"),
        expected=note.message_id,
    )
    play.check(says.ACK_MEMBER, told.get("member") == system.code, found=told.get("member"), expected=system.code)
    at = _moment(told.get("time"))
    near = at is not None and abs((now() - at).total_seconds()) <= TOLERANCE.total_seconds()
    play.check(says.ACK_TIME, near, found=told.get("time"), expected="now, in UTC, as RFC 3339")


def _moment(value: object) -> Any:
    try:
        return from_rfc3339(value) if isinstance(value, str) else None
    except ValueError:
        return None


async def good_json(play: Play[Stage]) -> None:
    stage, parcel = play.kit, play.kit.parcel()
    with play.action("The kit delivers a Form D as a signed JWS."):
        tokens = await stage.give(play, [parcel], "a delivery")
        check_ack(play, stage, parcel, tokens, says.ACK_COMES, judge)
        _check_key(play)


def _check_key(play: Play[Stage]) -> None:
    stage = play.kit
    if stage.system.push is None and stage.asked is not None:
        shown = stage.asked.headers.get("authorization", "")
        play.check(says.PULL_KEY, shown == f"Bearer {stage.system.api_key}", found="another" if shown else "none")


async def good_xml(play: Play[Stage]) -> None:
    stage, parcel = play.kit, play.kit.parcel(Syntax.XML)
    with play.action("The kit delivers a Form D as XML with an enveloped XAdES."):
        tokens = await stage.give(play, [parcel], "a delivery in XML")
        check_taken(play, parcel, tokens, says.ACK_XML)


async def several(play: Play[Stage]) -> None:
    stage, parcels = play.kit, [play.kit.parcel() for _ in range(3)]
    with play.action("The kit delivers three at once."):
        tokens = await stage.give(play, parcels, "three deliveries")
        missing = [each.note.delivery for each in parcels if not is_acknowledged(each, tokens)]
        play.check(
            says.ACK_EACH,
            not missing,
            found=["none of", *missing] if missing else "one of each",
            expected="one of each",
        )


async def again(play: Play[Stage]) -> None:
    stage, parcel = play.kit, play.kit.parcel()
    with play.action("The kit delivers."):
        await stage.give(play, [parcel], "a delivery")
    with play.action("It delivers the same again, as after a lost acknowledgement."):
        tokens = await stage.give(play, [parcel], "the same again")
        check_taken(play, parcel, tokens, says.AGAIN)


async def again_changed(play: Play[Stage]) -> None:
    stage, parcel = play.kit, play.kit.parcel()
    with play.action("The kit delivers."):
        await stage.give(play, [parcel], "a delivery")
    with play.action("The same message comes with other bytes under its old note, beside a right one."):
        await _refuses(play, replace(parcel, original=stage.document()[1]), says.AGAIN_CHANGED)


async def _refuses(play: Play[Stage], wrong: Parcel, sentence: Sentence) -> None:
    stage, right = play.kit, play.kit.parcel()
    tokens = await stage.give(play, [wrong, right], "a wrong delivery and a right one")
    said = is_acknowledged(wrong, tokens)
    play.check(sentence, not said, found="an acknowledgement" if said else "none", expected="none")
    check_taken(play, right, tokens, says.BESIDE)


# --- What is wrong ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """One wrong delivery."""

    name: str
    title: str
    wrong: Callable[[Stage], Parcel]
    sentence: Sentence

    def play(self) -> Playing:
        async def playing(play: Play[Stage]) -> None:
            with play.action("The kit delivers what is wrong, beside what is right."):
                await _refuses(play, self.wrong(play.kit), self.sentence)

        return playing


def _flipped(stage: Stage) -> Parcel:
    return replace(stage.parcel(), original=stage.document()[1])


def _signed_by(signer: str) -> Callable[[Stage], Parcel]:
    def wrong(stage: Stage) -> Parcel:
        parcel = stage.parcel()
        return replace(parcel, token=parcel.note.sign(getattr(stage.system.kit, signer), parcel.note.time))

    return wrong


def _bad_signature(stage: Stage) -> Parcel:
    """The kid is the hub's, the signature a stranger's."""
    parcel, kit = stage.parcel(), stage.system.kit
    payload = parcel.note.payload()
    return replace(parcel, token=forged.with_other_signature(payload, jws.NOTE, kit.hub, kit.strange_hub, stage.at))


def _none(stage: Stage) -> Parcel:
    parcel = stage.parcel()
    return replace(parcel, token=forged.unsigned(parcel.note.payload(), jws.NOTE, stage.system.kit.hub, stage.at))


def _embedded(stage: Stage) -> Parcel:
    parcel = stage.parcel()
    payload = parcel.note.payload()
    return replace(parcel, token=forged.with_embedded_key(payload, jws.NOTE, "HUB", stage.system.kit, stage.at))


def _other_typ(stage: Stage) -> Parcel:
    parcel = stage.parcel()
    return replace(parcel, token=jws.sign(parcel.note.payload(), jws.RECEIPT, stage.system.kit.hub, parcel.note.time))


def _ahead(stage: Stage) -> Parcel:
    parcel = stage.parcel()
    at = stage.at + AHEAD
    note = replace(parcel.note, time=at)
    return replace(parcel, note=note, token=note.sign(stage.system.kit.hub, at))


def _twice(stage: Stage) -> Parcel:
    parcel = stage.parcel()
    payload = b'{"profile":"kit/1",' + parcel.note.payload()[1:]
    return replace(parcel, token=jws.sign(payload, jws.NOTE, stage.system.kit.hub, parcel.note.time))


_TAKING: Sequence[Case] = (
    Case("original-changed", "The original is another one than the note's.", _flipped, says.DIGEST),
    Case(
        "other-recipient",
        "The note, rightly signed, is for another member.",
        lambda stage: stage.noted(stage.parcel(), recipient=OTHER),
        says.RECIPIENT,
    ),
    Case(
        "other-delivery",
        "The note, rightly signed, is of another delivery.",
        lambda stage: stage.noted(stage.parcel(), delivery=stage.new_id("dlv")),
        says.DELIVERY,
    ),
    Case(
        "other-message",
        "The note, rightly signed, is of another message.",
        lambda stage: stage.noted(stage.parcel(), message_id=stage.new_id("msg")),
        says.MESSAGE,
    ),
    Case(
        "rendition-changed",
        "The rendition is another one than the note's.",
        lambda stage: replace(stage.parcel(rendition=RENDITION), rendition=b'{"kit":"another"}'),
        says.RENDITION,
    ),
    Case(
        "rendition-undeclared",
        "There is a rendition, and the note tells of none.",
        lambda stage: replace(stage.parcel(), rendition=RENDITION),
        says.UNDECLARED,
    ),
)
_ATTACKS: Sequence[Case] = (
    Case(
        "unknown-key",
        "A stranger signs as the hub, with a key of its own.",
        _signed_by("strange_hub"),
        says.UNKNOWN_KEY,
    ),
    Case("bad-signature", "The key's name is the hub's, the signature is not.", _bad_signature, says.SIGNATURE),
    Case("alg-none", "The note is unsigned and says so.", _none, says.ALG_NONE),
    Case("embedded-key", "The note brings the key along that it is signed with.", _embedded, says.EMBEDDED),
    Case("member-speaks", "A trusted member signs the note.", _signed_by("issuer"), says.HUB_SPEAKS),
    Case("other-typ", "The hub's signature, over something of another kind.", _other_typ, says.TYP),
    Case("withdrawn-key", "The hub's key was withdrawn before.", _signed_by("withdrawn_hub"), says.WITHDRAWN_KEY),
    Case("time-ahead", "The note was signed next year.", _ahead, says.AHEAD),
    Case("duplicate-member", "A member stands twice in the note.", _twice, says.DUPLICATE_MEMBER),
)


async def not_json(play: Play[Stage]) -> None:
    stage = play.kit
    if stage.system.push is None:
        raise NotApplicable("it pulls: nothing is pushed to it")
    with play.action("The kit posts what is no JSON."):
        status, _ = await stage.post(play, stage.system.push, b'{"deliveries": [', "no JSON")
        play.check(says.NOT_JSON, 400 <= status < 500, found=status, expected="400")
    with play.action("A right delivery comes after it."):
        right = stage.parcel()
        tokens = await stage.give(play, [right], "a right delivery")
        check_taken(play, right, tokens, says.BESIDE)


# --- Suites ----------------------------------------------------------------------------------------------------------


def _by(push: bool, playing: Playing) -> Playing:
    async def played(play: Play[Stage]) -> None:
        if (play.kit.system.push is not None) is not push:
            raise NotApplicable("it is pushed to" if not push else "it pulls: `push` is not in its file")
        await begun(playing)(play)

    return played


def begun(playing: Playing) -> Playing:
    """With nothing left of the scenario before."""

    async def played(play: Play[Stage]) -> None:
        play.kit.begin(play)
        await playing(play)

    return played


_RIGHT: Sequence[tuple[str, str, Playing]] = (
    ("good-json", "A Form D as JWS is delivered.", good_json),
    ("good-xml", "A Form D as XML is delivered.", good_xml),
    ("several", "Three come at once.", several),
    ("again", "The same delivery comes again.", again),
    ("again-changed", "A known message comes with other bytes.", again_changed),
)


def taking(push: bool) -> tuple[Scenario[Stage], ...]:
    """Those of the suites window-inbound and pull-only."""
    cases = [*_RIGHT, *((each.name, each.title, each.play()) for each in _TAKING)]
    return tuple(Scenario(name, Role.RECEIVER, title, _by(push, playing)) for name, title, playing in cases)


def attacks() -> tuple[Scenario[Stage], ...]:
    """Those of the suite security: over whichever way the window takes delivery."""
    cases = [*((each.name, each.title, each.play()) for each in _ATTACKS), ("not-json", "A push is no JSON.", not_json)]
    return tuple(Scenario(name, Role.RECEIVER, title, begun(playing)) for name, title, playing in cases)
