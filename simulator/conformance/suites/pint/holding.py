"""The suite `title-holder`: a platform that holds titles for its users, over the life of a title.

PINT says how a title goes from platform to platform (the suite `pint`); this one asks whether there is one holder at
every moment, whether the record stays whole, and what a surrender does. The system is told what to do as in `pint`
(`Controls`), and the kit is the platforms around it and the carrier that issued.

1. That something is refused counts only after the same was done when it was due: a system that does nothing passes
   nothing.
2. What must not happen is waited for (`QUIET_SECONDS`), so a person cannot be asked for it: those scenarios are not
   applicable where a person moves the system.
"""

import asyncio
from dataclasses import replace

from schemas.bill_of_lading.pint import signed_checksum
from simulator.conformance.kit import KitPlatform, now
from simulator.conformance.runner import NotApplicable, Play, Role, Scenario, Sentence, Stop, Suite, every
from simulator.conformance.suites.pint import holder as says
from simulator.conformance.suites.pint.envelopes import (
    LAST,
    OF_DOCUMENT,
    PREVIOUS,
    Envelope,
    Json,
    build,
    transaction,
)
from simulator.conformance.suites.pint.receiving import Call, Receiving, unsigned
from simulator.conformance.suites.pint.sender import DOUBT, MANY, QUIET_SECONDS
from simulator.conformance.suites.pint.stage import SETTLES_SECONDS, Stage, on_stage, scenario_in
from simulator.conformance.sut import TRANSFER, Act
from tradebridge.ebl.seal import open_sealed, seal

SCENARIOS: list[Scenario[Stage]] = []
_scenario = scenario_in(SCENARIOS, Role.HOLDER)

FOR_DELIVERY = Act("SURRENDER_FOR_DELIVERY")
FOR_AMENDMENT = Act("SURRENDER_FOR_AMENDMENT", "SWTP")


# --- Steps -----------------------------------------------------------------------------------------------------------


async def _given(play: Play[Stage]) -> Envelope:
    """A title comes to the system."""
    given = build(play.kit.to_system())
    with play.action("The kit hands a title to the system's account."):
        await play.kit.caller(play).hand_over(given)
    return given


async def _moved(
    play: Play[Stage], given: Envelope, to: KitPlatform, act: Act = TRANSFER, recipient: Json | None = None
) -> Receiving:
    """The system does it, and the kit's platform accepts."""
    receiving = play.kit.receives(play, given.reference, to)
    with play.action(f"The system is told: {act.action} to {(recipient or to.user)['partyName']}. The kit accepts."):
        await play.kit.transfer(given.reference, recipient or to.user, act=act)
        await receiving.until_accepted()
        await _settled(play, given.reference)
    return receiving


async def _settled(play: Play[Stage], reference: str) -> None:
    """The system has read the acceptance: what it is asked now is asked of a title that is away."""
    async for _ in every(SETTLES_SECONDS, 0.02):
        at = await play.kit.where(reference)
        if at not in (None, *DOUBT):
            return
        if at is None:
            await asyncio.sleep(QUIET_SECONDS)
            return


async def _must_not(play: Play[Stage], reference: str, to: KitPlatform, sentence: Sentence) -> None:
    """The system is told to transfer what it may not: it refuses, and nothing comes."""
    if play.kit.system.controls.by_person:
        raise NotApplicable("nobody is asked to do what must not be possible: give `[sending] transfer` in the file")
    elsewhere = play.kit.receives(play, reference, to)
    with play.action(f"The system is told to transfer it to {to.user['partyName']}: it must not."):
        try:
            await play.kit.transfer(reference, to.user)
        except NotApplicable as refusal:
            play.check(sentence, not elsewhere.starts, found=str(refusal))
            return
        await asyncio.sleep(QUIET_SECONDS)
        found = f"taken, and {len(elsewhere.starts)} starts at {to.code}"
        play.check(sentence, False, found=found, expected="a refusal, and no start")


def _onward(receiving: Receiving, given: Envelope, last: Json) -> Envelope:
    """What the kit's platform received, with one entry more: its answer to the system. Raises Stop as `_last_of`."""
    _last_of(receiving.play, receiving)
    chain, platform = receiving.chain(), receiving.platform
    entry: Json = {
        "eblPlatform": platform.code,
        OF_DOCUMENT: given.document_checksum,
        PREVIOUS: signed_checksum(chain[-1]),
        "transactions": [last],
    }
    chain.append(seal(entry, platform.key))
    manifest = seal({OF_DOCUMENT: given.document_checksum, LAST: signed_checksum(chain[-1])}, platform.key)
    return replace(given, chain=tuple(chain), manifest=manifest, sender=platform)


async def _answers(play: Play[Stage], envelope: Envelope, sentence: Sentence) -> None:
    """An envelope goes to the system, which must accept it. Raises Stop if it does not."""
    caller = play.kit.caller(play)
    finished = caller.outcome(await caller.start(envelope), envelope, sentence, "RECE")
    if finished is None or finished.response_code != "RECE":
        raise Stop


def _last_of(play: Play[Stage], receiving: Receiving) -> Json:
    """The transaction that the system has signed last. Raises Stop where there is none of its own."""
    chain = receiving.chain()
    opened = open_sealed(chain[-1], play.kit.system.trusted, None) if chain else None
    transactions = opened.get("transactions") if isinstance(opened, dict) else None
    if not isinstance(transactions, list) or not transactions or not isinstance(transactions[-1], dict):
        play.check(says.CHAIN_WHOLE, False, found="no entry of its own", expected="one entry more, signed by it")
        raise Stop
    last: Json = transactions[-1]
    return last


def _whole(play: Play[Stage], receiving: Receiving, before: tuple[str, ...]) -> None:
    """The entries that it was given are there as they were, and one of its own after them."""
    chain = receiving.chain()
    kept = chain[: len(before)] == list(before) and len(chain) == len(before) + 1
    found = f"{len(chain)} entries{'' if kept else ', not those that it was given'}"
    play.check(says.CHAIN_WHOLE, kept, found=found, expected=f"the {len(before)} given and one new")


def _carrier(play: Play[Stage], given: Envelope) -> Json:
    """The carrier as ISSUE names it, on the platform of issue."""
    issue: Json = given.plan.entries[0].transactions[0]["actor"]
    return issue


async def _surrendered(play: Play[Stage], given: Envelope, act: Act) -> Receiving:
    """The system surrenders the title to its carrier, and the carrier's platform takes it."""
    carrier = _carrier(play, given)
    receiving = await _moved(play, given, play.kit.identities.a, act, carrier)
    with play.action("The kit looks at the surrender."):
        last = _last_of(play, receiving)
        recipient = last.get("recipient") or {}
        found = f"{last.get('actionCode')} to {recipient.get('partyName')} on {recipient.get('eblPlatform')}"
        wanted = f"{act.action} to {carrier['partyName']} on {carrier['eblPlatform']}"
        named = _codes(recipient) & _codes(carrier) and recipient.get("eblPlatform") == carrier["eblPlatform"]
        play.check(says.SURRENDER, last.get("actionCode") == act.action and bool(named), found=found, expected=wanted)
        if act.reason:
            reason = last.get("reasonCode", "none")
            play.check(says.REASON, reason == act.reason, found=reason, expected=act.reason)
        _whole(play, receiving, given.chain)
    return receiving


def _codes(party: Json) -> set[tuple[str, str]]:
    listed = party.get("identifyingCodes")
    return {
        (str(each.get("codeListProvider")), str(each.get("partyCode")))
        for each in (listed if isinstance(listed, list) else [])
        if isinstance(each, dict)
    }


# --- One holder ------------------------------------------------------------------------------------------------------


@_scenario("handed-over", "A title that was handed over cannot be handed over again.")
async def handed_over(play: Play[Stage]) -> None:
    given = await _given(play)
    _whole(play, await _moved(play, given, play.kit.identities.a), given.chain)
    await play.kit.expect_where(play, given.reference, says.HELD_ONCE, "away")
    await _must_not(play, given.reference, play.kit.identities.b, says.HELD_ONCE)


@_scenario("two-at-once", "Two transfers of one title are asked for while neither is settled: one is made.")
async def two_at_once(play: Play[Stage]) -> None:
    if play.kit.system.controls.by_person:
        raise NotApplicable("nobody can be asked twice at once: give `[sending] transfer` in the file")
    given, platforms = await _given(play), play.kit.identities.platforms
    busy = {each.code: {Call.START: [unsigned(503)] * MANY} for each in platforms}
    both = [play.kit.receives(play, given.reference, each, busy[each.code]) for each in platforms]
    with play.action("The system is told to transfer it to both of the kit's platforms at once; neither answers yet."):
        asked = [play.kit.transfer(given.reference, each.user) for each in platforms]
        refused = [each for each in await asyncio.gather(*asked, return_exceptions=True) if each is not None]
        for wrong in refused:
            if not isinstance(wrong, NotApplicable):
                raise wrong
        if len(refused) == len(platforms):
            raise refused[0]
        await asyncio.sleep(QUIET_SECONDS)
        came = [each.platform.code for each in both if each.starts]
        play.check(says.ONE_OF_TWO, len(came) == 1, found=came, expected="one of the two")
    for each in both:
        each.script.clear()
    with play.action("The kit accepts the one that came."):
        for each in both:
            if each.starts:
                await each.until_accepted()


@_scenario("unknown", "A title that it does not hold cannot be handed over, whatever its user says.")
async def unknown(play: Play[Stage]) -> None:
    given = await _given(play)
    other = build(play.kit.to_system())  # handed to nobody
    await _must_not(play, other.reference, play.kit.identities.b, says.ONLY_HELD)
    _whole(play, await _moved(play, given, play.kit.identities.b), given.chain)


@_scenario("comes-back", "A title goes out, comes back, and goes out again with all that was signed.")
async def comes_back(play: Play[Stage]) -> None:
    given, a, b = await _given(play), play.kit.identities.a, play.kit.identities.b
    first = await _moved(play, given, a)
    _whole(play, first, given.chain)
    back = _onward(first, given, transaction("TRANSFER", a.user, play.kit.account, now()))
    with play.action("The kit's platform hands it back."):
        await _answers(play, back, says.TAKES_BACK)
        await play.kit.expect_where(play, given.reference, says.TAKES_BACK, "here")
    _whole(play, await _moved(play, given, b), back.chain)


# --- Surrender -------------------------------------------------------------------------------------------------------


@_scenario("surrendered", "A title is surrendered for delivery, and the carrier accepts: it has ended.")
async def surrendered(play: Play[Stage]) -> None:
    given = await _given(play)
    receiving = await _surrendered(play, given, FOR_DELIVERY)
    await _must_not(play, given.reference, play.kit.identities.b, says.LOCKS)
    accepted = _onward(receiving, given, transaction("SACC", _carrier(play, given), play.kit.account, now()))
    with play.action("The carrier accepts: its platform sends the notice."):
        await _answers(play, accepted, says.TAKES_ANSWER)
    await _must_not(play, given.reference, play.kit.identities.b, says.ENDS)


@_scenario("surrender-rejected", "A title is surrendered, and the carrier rejects: the system holds it as before.")
async def surrender_rejected(play: Play[Stage]) -> None:
    given = await _given(play)
    receiving = await _surrendered(play, given, FOR_DELIVERY)
    why = {"comments": "The kit rejects in this scenario."}
    rejected = _onward(receiving, given, transaction("SREJ", _carrier(play, given), play.kit.account, now(), **why))
    with play.action("The carrier rejects: its platform hands the title back."):
        await _answers(play, rejected, says.TAKES_ANSWER)
        await play.kit.expect_where(play, given.reference, says.COMES_BACK, "here")
    onward = play.kit.receives(play, given.reference, play.kit.identities.b)
    with play.action("The system is told to transfer it: it holds it again, so it can."):
        try:
            await play.kit.transfer(given.reference, play.kit.identities.b.user)
        except NotApplicable as refusal:
            play.check(says.COMES_BACK, False, found=str(refusal), expected="a transfer")
            raise Stop from refusal
        await onward.until_accepted()
        play.check(says.COMES_BACK, True)
        _whole(play, onward, rejected.chain)


@_scenario("surrendered-for-amendment", "A title is surrendered to be switched to paper: the reason goes with it.")
async def surrendered_for_amendment(play: Play[Stage]) -> None:
    given = await _given(play)
    await _surrendered(play, given, FOR_AMENDMENT)
    await _must_not(play, given.reference, play.kit.identities.b, says.LOCKS)


SUITE: Suite[Stage] = Suite(
    name="title-holder",
    version="1",
    title="Holding titles: one holder, a whole record, surrender",
    standard="DCSA eBL Platform Interoperability (PINT) 3.0.0, DCSA eBL Surrender 3.0.4, UNCITRAL MLETR (2017)",
    scenarios=tuple(SCENARIOS),
    open=on_stage,
)
