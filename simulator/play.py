"""Plays a scenario: each sender hands its documents in, one after the other, all senders at once, and beside them each
lesson; then everybody waits until all that was to be delivered is delivered and all that was to be said is said.

1. The end is read from the members' own journals: nothing of the hub's is asked for it.
2. A document of a lesson is sent when those before it are at their end, but for what waits for it.
3. A defect must be refused, with the code that the scenario names, and so must an event that shall be; anything else is
   a problem. An event refused on purpose was never taken: it is neither lost nor dead.
4. After the end the audit counts what is lost, against the log's proofs.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from simulator.audit import audit
from simulator.documents import Made, make_every
from simulator.journal import Entry, Kind
from simulator.lessons import sentence_of
from simulator.partner import Distrusted
from simulator.progress import Progress, Summary
from simulator.scenario import Lesson, Planned, Scenario
from simulator.story import Line, Step, lines
from simulator.world import World
from tradebridge import calls
from tradebridge.calls import HubError, Unreachable
from tradebridge.evidence.times import rfc3339

SETTLE_SECONDS = 10.0
"""How long the audit waits for the log to take the last leaves in."""
POLL_SECONDS = 0.02
ASK_AGAIN_SECONDS = 0.2

DECISIONS = ("accepted", "queried", "rejected", "issued")


@dataclass
class _Run:
    """What has happened so far in one run of a scenario."""

    world: World
    scenario: Scenario
    made: tuple[Made, ...]
    on_progress: Callable[[Progress], None]
    submitted: int = 0
    refused: int = 0
    sent: dict[str, Made] = field(default_factory=dict)
    """Accepted documents by id: the sender has the receipt."""
    delivered: set[tuple[str, str]] = field(default_factory=set)
    """(document, recipient) pairs whose acknowledgement is in the recipient's journal."""
    decided: set[tuple[str, str]] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    by_digest: Mapping[str, Made] = field(default_factory=dict)
    _by_id: dict[str, Made] = field(default_factory=dict)

    def made_of(self, entry: Entry) -> Made | None:
        """The document that an entry is about: the recipient may have it before the sender has the receipt."""
        made = self._by_id.get(entry.document_id)
        if made is None and entry.kind in (Kind.SENT, Kind.RECEIVED):
            made = self.by_digest.get(entry.content_digest)
            if made is not None:
                self._by_id[entry.document_id] = made
        return made

    def note(self, entry: Entry, made: Made) -> None:
        """Count what an entry of a recipient's journal says."""
        if entry.member not in made.planned.recipients:
            return
        if entry.kind is Kind.ACKNOWLEDGED:
            self.delivered.add((entry.document_id, entry.member))
        elif entry.kind is Kind.EVENT_SENT and entry.event["type"] in DECISIONS:
            self.decided.add((entry.document_id, entry.member))

    def counts(self) -> dict[str, int]:
        return {
            "submitted": self.submitted,
            "accepted": len(self.sent),
            "refused": self.refused,
            "delivered": len(self.delivered),
            "decided": len(self.decided),
            "total": len(self.made),
            "expected": sum(len(made.planned.recipients) for made in self.made if made.planned.defect is None),
        }

    def open_ends(self) -> list[str]:
        """What is still to happen, one sentence each."""
        return [end for document_id, made in self.sent.items() for end in _open_ends(self.world, document_id, made)]


async def play(
    world: World, scenario: Scenario, on_progress: Callable[[Progress], None], *, deadline: float
) -> Summary:
    """One run of the scenario. `deadline`: seconds until it is given up."""
    began = time.monotonic()
    run = _begin(world, scenario, on_progress)
    with world.listening() as heard:
        watching = asyncio.create_task(_watch(run, heard))
        try:
            async with asyncio.timeout(deadline):
                await asyncio.gather(_submit_all(run), *(_teach(run, lesson) for lesson in scenario.lessons))
                while run.open_ends():
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            run.problems += run.open_ends() or ["not every document was sent in time"]
        finally:
            watching.cancel()
        while not heard.empty():
            _hear(run, heard.get_nowait())
    dead = await _count_dead(world)
    audited = await audit(world.journals(), world.operator, world.trust, patience=SETTLE_SECONDS)
    run.problems += audited.problems
    _report(run, "audit", audited.sentence())
    counts = run.counts()
    return Summary(
        scenario=scenario.name,
        seed=world.settings.seed,
        members=len(world.members),
        submitted=counts["submitted"],
        accepted=counts["accepted"],
        refused=counts["refused"],
        delivered=counts["delivered"],
        decided=counts["decided"],
        dead=dead,
        lost=audited.lost,
        elapsed_s=round(time.monotonic() - began, 3),
        problems=tuple(run.problems),
    )


def _begin(world: World, scenario: Scenario, on_progress: Callable[[Progress], None]) -> _Run:
    """Make the documents. Where the clock stands still a second run is the first one again; else numbers are new."""
    clock = world.settings.clock
    at = clock.now().replace(microsecond=0)
    run = world.stories.run_of(scenario.name, rfc3339(at) if clock.stands else "")
    made = make_every(scenario, seed=world.settings.seed, at=at, run=run)
    stories = {each.content_digest: each.story for each in made if each.planned.defect is None}
    world.stories.begin(scenario.name, run, stories, rfc3339(at) if clock.stands else "")
    return _Run(world, scenario, made, on_progress, by_digest={each.content_digest: each for each in made})


async def _submit_all(run: _Run) -> None:
    """The documents of no lesson: each sender's in the order of the file."""
    by_sender: dict[str, list[Made]] = {}
    for made in _made_of(run, run.scenario.documents):
        by_sender.setdefault(made.planned.sender, []).append(made)
    await asyncio.gather(*(_submit_in_turn(run, made) for made in by_sender.values()))


def _made_of(run: _Run, every: Iterable[Planned]) -> list[Made]:
    places = {planned.place for planned in every}
    return [made for made in run.made if made.planned.place in places]


async def _submit_in_turn(run: _Run, documents: Iterable[Made]) -> None:
    for made in documents:
        await _submit(run, made)


async def _teach(run: _Run, lesson: Lesson) -> None:
    """A lesson's documents, each when it is its turn; and at the end what has happened."""
    documents = _made_of(run, lesson.documents)
    places = {made.planned.place for made in documents}
    sent: dict[str, tuple[str, str]] = {}
    for made in documents:
        await _until_at_rest(run, places, later_too=False)
        document_id = await _submit(run, made)
        if document_id is None:
            return
        sent[made.planned.name] = made.number, document_id
    await _until_at_rest(run, places, later_too=True)
    await _tell(run, lesson, sent, documents[-1])


async def _tell(run: _Run, lesson: Lesson, sent: Mapping[str, tuple[str, str]], last: Made) -> None:
    """What a lesson tells, with the ledger's figures: a hub that is away is asked again."""
    while True:
        try:
            _report(run, "lesson", await sentence_of(lesson, sent, run.world.operator), last)
            return
        except Unreachable:
            await asyncio.sleep(ASK_AGAIN_SECONDS)
        except HubError as error:
            run.problems.append(f"lesson {lesson.name}: the hub does not tell what was drawn: {error}")
            return


async def _until_at_rest(run: _Run, places: Collection[int], *, later_too: bool) -> None:
    """Until nothing is open of those that were sent; `later_too`: nor what waits for a later one of the lesson."""
    while any(
        any(_open_ends(run.world, document_id, made, later_too=later_too))
        for document_id, made in run.sent.items()
        if made.planned.place in places
    ):
        await asyncio.sleep(POLL_SECONDS)


async def _submit(run: _Run, made: Made) -> str | None:
    """Hand one document in; gives its id if it is accepted."""
    planned = made.planned
    sender = run.world.partners[planned.sender]
    run.submitted += 1
    _report(run, "submitted", f"{planned.sender} sends {made.number} to {', '.join(planned.recipients)}", made)
    try:
        entry = await sender.submit(made.data, planned.recipients, made.number, planned.profile)
    except Distrusted as reason:
        run.problems.append(f"{made.number}: {reason}")
        return None
    if entry.kind is Kind.REFUSED:
        _take_refusal(run, made, entry)
        return None
    _take_receipt(run, made, entry)
    return entry.document_id


def _take_receipt(run: _Run, made: Made, entry: Entry) -> None:
    run.sent[entry.document_id] = made
    run.made_of(entry)
    for recipient in made.planned.recipients:  # of an earlier run of the same documents
        for known in run.world.partners[recipient].journal.of_document(entry.document_id):
            run.note(known, made)
    _report(run, "accepted", f"{made.number} is accepted, receipt in hand", made)
    if made.planned.defect is not None:
        run.problems.append(f"{made.number} was accepted, but is defective: {made.planned.defect.name}")
    run.world.partners[made.planned.sender].speak_of(entry.document_id)


def _take_refusal(run: _Run, made: Made, entry: Entry) -> None:
    run.refused += 1
    defect = made.planned.defect
    teaches = f": {defect.teaches}" if defect else ""
    _report(run, "refused", f"{made.number} is refused ({', '.join(entry.codes)}){teaches}", made, codes=entry.codes)
    if defect is None:
        run.problems.append(f"{made.number} was refused: {', '.join(entry.codes)}")
    elif defect.code not in entry.codes:
        run.problems.append(f"{made.number} was refused for {', '.join(entry.codes)}, not for {defect.code}")


async def _watch(run: _Run, heard: "asyncio.Queue[Entry]") -> None:
    while True:
        _hear(run, await heard.get())


def _hear(run: _Run, entry: Entry) -> None:
    """Turn what a partner writes into progress."""
    made = run.made_of(entry)
    if made is None:
        return
    run.note(entry, made)
    if entry.kind is Kind.RECEIVED:
        _report(run, "delivered", f"{entry.member} has {made.number}", made, recipient=entry.member)
    elif entry.kind is Kind.EVENT_SENT:
        said = f"{entry.member} {_VERBS[entry.event['type']]} {made.number}"
        _report(run, "event", said, made, recipient=str(entry.event.get("recipient", "")))
        if (step := _step(made, entry)) is not None and step.refused:
            run.problems.append(f"{made.number} is {entry.event['type']}, which should be refused: {step.refused}")
    elif entry.kind is Kind.REFUSED and entry.event and not entry.faults:  # a fault wants its word refused
        _hear_refusal(run, made, entry)


def _step(made: Made, entry: Entry) -> Step | None:
    """The step of the story that an event of a member was."""
    steps = made.story.at(entry.event["recipient"]) if "recipient" in entry.event else ()
    return steps[entry.event["place"]] if entry.event["place"] < len(steps) else None


def _hear_refusal(run: _Run, made: Made, entry: Entry) -> None:
    """An event that the hub has refused, as the story wants it."""
    step, codes = _step(made, entry), ", ".join(entry.codes)
    teaches = f": {step.teaches}" if step else ""
    said = f"{entry.member} {_VERBS[entry.event['type']]} {made.number}, and is refused ({codes}){teaches}"
    _report(run, "event-refused", said, made, recipient=entry.member, codes=entry.codes)
    if step is None or step.refused not in entry.codes:
        run.problems.append(f"{made.number}: {entry.event['type']} was refused for {codes}, not as it should be")


_VERBS: Mapping[str, str] = {
    "accepted": "accepts",
    "queried": "queries",
    "answered": "answers on",
    "rejected": "rejects",
    "utilised": "reports the use of",
    "cancelled": "cancels",
    "examined": "examines",
    "committed": "makes a use final of",
    "released": "gives a use up of",
    "reversed": "reverses a use of",
    "verification-requested": "asks to verify",
    "verification-answered": "answers the verification of",
    "verification-concluded": "concludes the verification of",
    "issued": "issues on",
}


def _report(
    run: _Run, kind: str, text: str, made: Made | None = None, *, recipient: str = "", codes: tuple[str, ...] = ()
) -> None:
    run.on_progress(
        Progress(
            kind=kind,
            at=rfc3339(run.world.settings.clock.now()),
            number=made.number if made else "",
            profile=made.planned.profile if made else "",
            sender=made.planned.sender if made else "",
            recipient=recipient,
            text=text,
            codes=codes,
            counts=run.counts(),
        )
    )


def _open_ends(world: World, document_id: str, made: Made, *, later_too: bool = True) -> Iterable[str]:
    """Of one document: who has not got it, what was not said, who has not heard of it. `later_too`: also what waits for
    another document of its lesson."""
    planned = made.planned
    said: dict[Line, Entry] = {}
    heard_of_end: set[str] = set()
    for member_id in (planned.sender, *planned.recipients):
        entries = world.partners[member_id].journal.of_document(document_id)
        said |= {_about(entry): entry for entry in entries if _is_word(entry)}
        if member_id != planned.sender and not any(entry.kind is Kind.RECEIVED for entry in entries):
            yield f"{member_id} has not got {made.number}"
        if any(entry.kind is Kind.EVENT_RECEIVED and entry.event["type"] == "replaced" for entry in entries):
            heard_of_end.add(member_id)
    for about in lines(made.story, planned.recipients):
        if about not in said and (later_too or not about.step.after):
            yield f"nobody has said {about.type} of {made.number}"
    if made.story.replaced and later_too:
        for member_id in {planned.sender, *planned.recipients} - heard_of_end:
            yield f"{member_id} has not heard that {made.number} is replaced"
    for about, entry in said.items():
        for listener in entry.peers if entry.kind is Kind.EVENT_SENT else ():
            partner = world.partners.get(listener)
            if partner is not None and not partner.journal.acknowledgement(entry.message_id):
                yield f"{listener} has not heard that {made.number} is {about.type}"


def _is_word(entry: Entry) -> bool:
    return entry.kind is Kind.EVENT_SENT or (entry.kind is Kind.REFUSED and bool(entry.event) and not entry.faults)


def _about(entry: Entry) -> Line:
    return Line(entry.event["type"], entry.event.get("recipient"), 0, entry.event["place"])


async def _count_dead(world: World) -> int:
    return len([each async for each in world.operator.each(calls.deliveries(state="dead"))])
