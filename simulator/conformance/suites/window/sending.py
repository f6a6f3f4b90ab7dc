"""What a window says of itself: documents that it sends, and what its officers decide.

It is told to by a URL of its own. What came is judged by the schema and the seal; how often and when, by the kit.
"""

from collections.abc import Callable, Mapping
from typing import Any

from schemas.content import Content, JwsSeal, Syntax, open_content
from schemas.event import Event, decode_event
from schemas.findings import Finding
from schemas.registry import recognise
from simulator.conformance.end import Asked
from simulator.conformance.runner import NoTraffic, Play, Role, Scenario, Stop
from simulator.conformance.suites.window import sentences as says
from simulator.conformance.suites.window.deliveries import Playing, begun
from simulator.conformance.suites.window.stage import Parcel, Stage, busy, decoded, lost, now, refusal
from simulator.conformance.suites.window.system import ISSUER
from tradebridge.evidence import jws
from tradebridge.evidence.seal import verify_seal

KEY = "idempotency-key"


async def sent(play: Play[Stage]) -> Asked:
    """Have it send, and take the first try."""
    stage = play.kit
    await stage.tell(play, stage.system.sends, "send a document", {"to": ISSUER})
    asked = await stage.next()
    if asked is None:
        raise NoTraffic("it was told to send, and no document came")
    return asked


async def sends(play: Play[Stage]) -> None:
    stage = play.kit
    with play.action("The window sends a document."):
        asked = await sent(play)
        _check_key(play, asked)
        to = asked.headers.get("tradebridge-to", "")
        play.check(
            says.SENDS_TO, ISSUER in [each.strip() for each in to.split(",")], found=to or "none", expected=ISSUER
        )
        content = open_content(asked.body)
        wrong = _wrong(content)
        play.check(says.SENDS_VALID, not wrong, found=wrong or "complete", expected="complete")
        seal = content if isinstance(content, Finding) else verify_seal(content, stage.system.trust, now())
        by = "nobody" if seal is None else f"{seal.message} {seal.found}" if isinstance(seal, Finding) else seal.member
        play.check(says.SENDS_SIGNED, by == stage.system.code, found=by, expected=stage.system.code)
        key = asked.headers.get(KEY)
        play.check(says.SENDS_IDEMPOTENT, bool(key), found=key or "none", expected="a key")


def _check_key(play: Play[Stage], asked: Asked) -> None:
    shown = asked.headers.get("authorization", "")
    right = shown == f"Bearer {play.kit.system.api_key}"
    play.check(
        says.SENDS_KEY, right, found="right" if right else "another" if shown else "none", expected="the API key"
    )


def _wrong(content: Content | Finding) -> str:
    """Why the document cannot be read; empty if it can."""
    if isinstance(content, Finding):
        return f"{content.message} {content.found}"
    profile = recognise(content)
    if isinstance(profile, Finding):
        return f"{profile.message} {profile.found}"
    return "; ".join(f"{each.pointer} {each.message}" for each in profile.decode(content).findings if each.refuses)


async def answer_lost(play: Play[Stage]) -> None:
    stage = play.kit
    stage.answers = [lost()]
    with play.action("The window sends; the kit takes it and closes the connection without an answer."):
        first = await sent(play)
    with play.action("The window sends it again."):
        second = await stage.next()
        found = "nothing" if second is None else "again"
        if not play.check(says.LOST_AGAIN, second is not None, found=found, expected="again"):
            raise Stop
        assert second is not None  # noqa: S101  # checked above
        same = second.body == first.body
        play.check(says.LOST_SAME, same, found="the same" if same else "other bytes", expected="the same")
        kept = first.headers.get(KEY) == second.headers.get(KEY)
        play.check(says.LOST_KEY, kept, found=second.headers.get(KEY), expected=first.headers.get(KEY))


async def hub_busy(play: Play[Stage]) -> None:
    stage = play.kit
    stage.answers = [busy()]
    with play.action("The window sends; the kit answers 503."):
        await sent(play)
    with play.action("The window sends it again."):
        again = await stage.next()
        play.check(says.BUSY_AGAIN, again is not None, found="nothing" if again is None else "again", expected="again")


async def refused(play: Play[Stage]) -> None:
    stage = play.kit
    stage.answers = [refusal()]
    with play.action("The window sends; the kit refuses it by 422."):
        first = await sent(play)
    with play.action("The kit waits whether it comes again."):
        again = await stage.next(stage.system.quiet)
        same = again is not None and again.body == first.body
        play.check(says.REFUSED_ENDS, not same, found="the same again" if same else "nothing", expected="nothing")


# --- Officers --------------------------------------------------------------------------------------------------------


async def officer_says(play: Play[Stage], parcel: Parcel, word: str) -> Asked:
    """Have an officer say it of a document: the event that comes. Raises `Stop` if none does."""
    stage = play.kit
    about = {"document": parcel.note.document_id, "number": parcel.note.number or "", "says": word}
    await stage.tell(play, stage.system.decides, f"say {word}", about)
    asked = await stage.next()
    there = asked is not None and asked.path.endswith("/events")
    if not play.check(says.EVENT_COMES, there, found=asked.path if asked else "nothing", expected="an event"):
        raise Stop
    assert asked is not None  # noqa: S101  # checked above
    return asked


async def _decided(play: Play[Stage], word: str) -> tuple[Asked, Parcel]:
    """Deliver a document, have an officer say this word, and take what comes."""
    stage, parcel = play.kit, play.kit.parcel(Syntax.JSON)
    with play.action("The kit delivers a Form D."):
        await stage.give(play, [parcel], "a delivery", checks=False)
    with play.action(f"An officer says: {word}."):
        asked = await officer_says(play, parcel, word)
    return asked, parcel


def decides(word: str) -> Playing:
    async def playing(play: Play[Stage]) -> None:
        asked, parcel = await _decided(play, word)
        with play.action("What came is judged."):
            _judge_event(play, asked, parcel, word)

    return playing


def _judge_event(play: Play[Stage], asked: Asked, parcel: Any, word: str) -> None:
    code, token = play.kit.system.code, asked.body.decode("ascii", "replace")
    signed = jws.verify(token, jws.EVENT, "event", play.kit.system.trust, now())
    by = f"{signed.message} {signed.found}" if isinstance(signed, Finding) else signed.member
    play.check(says.EVENT_SIGNED, by == code, found=by, expected=f"{code}, its key for events")
    content = open_content(asked.body)
    read = decode_event(content) if isinstance(content, Content) and isinstance(content.seal, JwsSeal) else None
    wrong = "no JWS" if read is None else "; ".join(f"{each.pointer} {each.expected}" for each in read.findings)
    play.check(says.EVENT_FORM, read is not None and isinstance(read.document, Event), found=wrong or "right")
    told = decoded(token)
    document, actor = _object(told, "document"), _object(told, "actor")
    for sentence, found, expected in (
        (says.EVENT_DOCUMENT, document.get("id"), parcel.note.document_id),
        (says.EVENT_CONTENT, document.get("contentDigest"), parcel.content_digest),
        (says.EVENT_TYPE, told.get("type"), word),
        (says.EVENT_SEQUENCE, told.get("expectedSequence"), 0),
        (says.EVENT_ACTOR, actor.get("member"), code),
        (says.EVENT_RECIPIENT, told.get("recipient"), code),
    ):
        play.check(sentence, found == expected, found=found, expected=expected)
    if word != "accepted":
        play.check(says.EVENT_REASONS, bool(told.get("reasons")), found=told.get("reasons"), expected="one at least")


def _object(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = told.get(name)
    return value if isinstance(value, dict) else {}


async def decision_busy(play: Play[Stage]) -> None:
    play.kit.answers = [busy()]
    asked, _ = await _decided(play, "accepted")
    with play.action("The kit answered 503; the event comes again."):
        again = await play.kit.next()
        found = "nothing" if again is None else "the same" if again.body == asked.body else "another"
        play.check(says.EVENT_SAME, found == "the same", found=found, expected="the same")


def _all(role: Role, *named: tuple[str, str, Callable[..., Any]]) -> tuple[Scenario[Stage], ...]:
    return tuple(Scenario(name, role, title, begun(playing)) for name, title, playing in named)


OUTBOUND = _all(
    Role.SENDER,
    ("plain", "It sends a document, signed.", sends),
    ("answer-lost", "The answer to its document is lost.", answer_lost),
    ("busy", "The hub is busy.", hub_busy),
    ("refused", "The hub refuses its document.", refused),
)
OFFICERS = _all(
    Role.SENDER,
    ("accepted", "An officer accepts.", decides("accepted")),
    ("queried", "An officer asks something.", decides("queried")),
    ("rejected", "An officer rejects.", decides("rejected")),
    ("busy", "The hub is busy when the decision comes.", decision_busy),
)
