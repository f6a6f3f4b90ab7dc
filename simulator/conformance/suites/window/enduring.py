"""Resilience: what goes wrong between a window and its hub on a bad day, without anybody's fault."""

from collections.abc import Callable

from schemas.event import EventType
from simulator.conformance.end import Fault, Reply
from simulator.conformance.runner import Play, Role, Scenario, Sentence, Stop
from simulator.conformance.suites.window import sentences as says
from simulator.conformance.suites.window.deliveries import Playing, begun
from simulator.conformance.suites.window.living import event_on
from simulator.conformance.suites.window.sending import sent
from simulator.conformance.suites.window.stage import Stage, busy, is_acknowledged, too_many

PAGE = 50


def _fails_once(reply: Callable[[], Reply], what: str, sentence: Sentence) -> Playing:
    async def playing(play: Play[Stage]) -> None:
        stage = play.kit
        stage.answers = [reply()]
        with play.action(f"The window sends; {what}."):
            await sent(play)
        with play.action("The window sends it again."):
            came = await stage.next() is not None
            play.check(sentence, came, found="again" if came else "nothing", expected="again")

    return playing


async def goes_on(play: Play[Stage]) -> None:
    stage = play.kit
    stage.answers = [busy() for _ in range(3)]
    with play.action("The window sends; the kit answers 503, three times."):
        await sent(play)
        again = await stage.next() is not None
        if not play.check(says.BUSY_AGAIN, again, found="again" if again else "nothing", expected="again"):
            raise Stop
    with play.action("It goes on."):
        came = 2 + sum([await stage.next() is not None for _ in range(2)])
        play.check(says.GOES_ON, came == 4, found=f"{came} tries", expected="4 tries")


async def event_first(play: Play[Stage]) -> None:
    stage, parcel = play.kit, play.kit.parcel()
    event = event_on(stage, parcel, EventType.CANCELLED, 0, {})
    with play.action("An event comes before its document."):
        tokens = await stage.give(play, [event], "an event on what is not there yet")
    with play.action("The document comes, and the event again if it was not taken."):
        rest = [parcel] if is_acknowledged(event, tokens) else [parcel, event]
        tokens += await stage.give(play, rest, "the document, and the event again if need be")
        missing = [name for name, each in (("document", parcel), ("event", event)) if not is_acknowledged(each, tokens)]
        play.check(
            says.OUT_OF_ORDER,
            not missing,
            found=["not acknowledged:", *missing] if missing else "both",
            expected="both",
        )


async def page(play: Play[Stage]) -> None:
    stage, parcels = play.kit, [play.kit.parcel() for _ in range(PAGE)]
    with play.action(f"The kit delivers {PAGE} at once."):
        tokens = await stage.give(play, parcels, f"{PAGE} deliveries")
        count = sum(is_acknowledged(each, tokens) for each in parcels)
        play.check(says.PAGE, count == PAGE, found=f"{count} of them", expected=f"all {PAGE}")


SCENARIOS: tuple[Scenario[Stage], ...] = (
    Scenario("page", Role.RECEIVER, "Fifty deliveries come at once.", begun(page)),
    Scenario("event-first", Role.RECEIVER, "An event comes before its document.", begun(event_first)),
    Scenario(
        "answer-cut",
        Role.SENDER,
        "The answer to its document is cut in the middle.",
        begun(_fails_once(lambda: Reply(202, b'{"id": "cut"}', fault=Fault.CUT), "the answer is cut", says.LOST_AGAIN)),
    ),
    Scenario(
        "no-http",
        Role.SENDER,
        "What comes back is no HTTP.",
        begun(_fails_once(lambda: Reply(202, fault=Fault.NO_HTTP), "what comes back is no HTTP", says.LOST_AGAIN)),
    ),
    Scenario(
        "too-many",
        Role.SENDER,
        "The hub says 429.",
        begun(_fails_once(too_many, "the kit answers 429", says.TOO_MANY_AGAIN)),
    ),
    Scenario("goes-on", Role.SENDER, "The hub is busy three times.", begun(goes_on)),
)
