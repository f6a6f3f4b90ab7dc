"""*Desk*: the queue of a member's officers, and the page of one case with its decision.

| address | page |
| --- | --- |
| /console/desk?view= | the queue: mine, unassigned, waiting, to-confirm, all, decided |
| /console/desk/find?q= | a case of this desk by its number or id, or by the number of its bill of lading |
| /console/desk/c/ID | one case; POST .../decide, .../confirm, .../decline, .../take, .../give, .../note |
| /console/desk/c/ID/pdf, /bundle, /bytes | the document on paper, its evidence, as received |

1. Who is not signed in sees nothing; who is sees the documents of its member alone.
2. What is said of a case goes through `exchange.desk.deciding`, one case at a time.
3. Each form carries the sequence, or the assignee, that its page showed: who comes second is told what happened, with
   what was typed still there.
"""

from typing import Any

from fastapi import APIRouter
from sqlalchemy.engine import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from exchange import compare, public
from exchange.api.access import base_url_of, hub_of
from exchange.api.bodies import number_in
from exchange.api.problems import Problem
from exchange.api.verify_page import plain
from exchange.bundles import bundle_of, until_on_record
from exchange.console.checking import drawn_of
from exchange.console.deskwords import MOST_QUESTIONS, Form, word_of
from exchange.console.document import file_of
from exchange.console.frame import SpokenRoute, page
from exchange.desk import certifying, deciding, queue
from exchange.desk.case import Case, case_of, stored_at
from exchange.desk.people import Person, officers_of, person_of
from exchange.desk.policy import Desk
from exchange.desk.queue import View
from exchange.desk.reasons import boxes_for, choice_for
from exchange.hub import Hub
from exchange.languages import _, mark
from exchange.members import Member
from exchange.messages import Accepted
from exchange.paper import paper_for
from exchange.records import Actor
from exchange.store import queries
from schemas.certificate.application import Application
from schemas.event import EventType
from schemas.findings import Finding, finding
from schemas.registry import profile_of
from tradebridge.evidence.bundle import EXTENSION, MEDIA_TYPE
from tradebridge.evidence.report import Verdict
from tradebridge.render.pdf import pdf_of

router = APIRouter(include_in_schema=False, route_class=SpokenRoute)

VIEWS = {
    View.MINE: mark("My queue"),
    View.UNASSIGNED: mark("Unassigned"),
    View.WAITING: mark("Waiting for an answer"),
    View.TO_CONFIRM: mark("To confirm"),
    View.ALL: mark("All open"),
    View.DECIDED: mark("Decided"),
}
DECIDING = frozenset({"officer", "supervisor"})
MOST_OF_A_FORM = 8000
MOST_OF_A_QUERY = 100
NEXT_STEP = {
    "accepted": mark("Accepted: signed and sent."),
    "queried": mark("Asked: signed and sent. The case waits for the answer."),
    "rejected": mark("Rejected: signed and sent."),
    "issued": mark("Issued: the certificate is signed and sent."),
    "proposed": mark("Proposed. It waits for a colleague to confirm it."),
    "declined": mark("The proposal is taken away. Nothing was sent."),
    "taken": mark("It is yours now."),
    "given": mark("Given away."),
    "noted": mark("Noted."),
}


def desk_of(request: Request, *, deciding: bool = False) -> tuple[Hub, Person, Member, Desk]:
    """Who works here, at which desk. Raises `Problem`: nobody is signed in, or the member has no desk."""
    hub, person = hub_of(request), person_of(request)
    if person is None:
        raise Problem(finding("desk.nobody", found="nobody is signed in"))
    member = hub.registry.members.get(person.member)
    if member is None or member.desk is None:
        raise Problem(finding("desk.nobody", found=person.member))
    if deciding and not DECIDING & set(person.roles):
        raise Problem(finding("desk.role", found=", ".join(person.roles), expected=" or ".join(sorted(DECIDING))))
    return hub, person, member, member.desk


def frame_of(hub: Hub, person: Person) -> dict[str, Any]:
    """What the frame shows around every page of the Desk."""
    with hub.database.reading.connect() as connection:
        counted = queue.counts(connection, person.member, person.id)
    pages = [
        (view.value, f"{_(words)} {counted[view]}" if counted.get(view) else _(words), f"/desk?view={view.value}")
        for view, words in VIEWS.items()
    ]
    pages += [("overview", _("Overview"), "/desk/overview"), ("practice", _("Practice"), "/desk/practice")]
    if {"auditor", "supervisor"} & set(person.roles):
        pages.append(("audit", _("Audit"), "/desk/audit"))
    search_at = f"{hub.prefix}/console/desk/find"
    return {"part": "desk", "pages": pages, "person": person, "search_at": search_at}


# --- the queue -------------------------------------------------------------------------------------------------------


@router.get("/console/desk")
async def show_queue(request: Request) -> Response:
    hub, person, member, desk = desk_of(request)
    given = request.query_params.get("view", View.MINE.value)
    if given not in set(View):
        raise Problem(finding("request.malformed", found=f"view={given[:40]}", expected=", ".join(View)))
    view, cursor = View(given), request.query_params.get("cursor")

    def asked(connection: Connection) -> queue.Page:
        return queue.listed(connection, member.id, desk, person.id, view, hub.clock.now(), cursor)

    found = await run_in_threadpool(_ask, hub, asked)
    frame = await run_in_threadpool(frame_of, hub, person)
    return await page(
        request,
        "queue.html",
        title=_(VIEWS[view]),
        here=view.value,
        view=view.value,
        found=found,
        titles={each.profile: _title(each.profile) for each in found.entries},
        desk=desk,
        may_decide=bool(DECIDING & set(person.roles)),
        **frame,
    )


@router.get("/console/desk/find")
async def find(request: Request) -> Response:
    hub, person, member, _desk = desk_of(request)
    sought = request.query_params.get("q", "").strip()[:MOST_OF_A_QUERY]
    found = await run_in_threadpool(_ask, hub, lambda connection: queue.found(connection, member.id, sought))
    if len(found) == 1:
        return RedirectResponse(f"{hub.prefix}/console/desk/c/{found[0].id}", 303)
    frame = await run_in_threadpool(frame_of, hub, person)
    titles = {each.profile: _title(each.profile) for each in found}
    return await page(
        request, "desk_found.html", title=_("Search"), here="", sought=sought, found=found, titles=titles, **frame
    )


def _ask(hub: Hub, question: Any) -> Any:
    with hub.database.reading.connect() as connection:
        return question(connection)


def _title(profile: str) -> str:
    known = profile_of(profile)
    return known.title if known else profile


# --- a case ----------------------------------------------------------------------------------------------------------


@router.get("/console/desk/c/{document_id}")
async def show_case(request: Request, document_id: str) -> Response:
    done = request.query_params.get("done", "")
    return await _case_page(request, document_id, done=_(NEXT_STEP.get(done, "")))


async def _case_page(
    request: Request,
    document_id: str,
    *,
    status: int = 200,
    done: str = "",
    wrong: tuple[Finding, ...] = (),
    form: Form | None = None,
) -> Response:
    hub, person, member, desk = desk_of(request)
    number = number_in("page", request.query_params.get("page", "1"), 1, 99_999)
    values = await run_in_threadpool(_case, hub, person, member, desk, document_id, number, base_url_of(request))
    frame = await run_in_threadpool(frame_of, hub, person)
    case: Case = values["case"]
    return await page(
        request,
        "case.html",
        status,
        title=_("Case %(number)s", number=case.stored.summary["number"] or document_id),
        here="",
        done=done,
        wrong=wrong,
        faster=deciding.moved_on(wrong) or any(each.code == "desk.assigned-already" for each in wrong),
        form=form or Form({}),
        may_decide=bool(DECIDING & set(person.roles)),
        supervisor="supervisor" in person.roles,
        four_eyes=desk.four_eyes,
        question_rows=range(1, MOST_QUESTIONS + 1),
        officers=[each for each in officers_of(hub, member.id) if DECIDING & set(each.roles)],
        **values,
        **frame,
    )


def _case(
    hub: Hub, person: Person, member: Member, desk: Desk, document_id: str, number: int, base_url: str
) -> dict[str, Any]:
    case = _found(hub, member, desk, document_id)
    with hub.database.reading.connect() as connection:
        place, of, following = queue.neighbours(connection, member.id, person.id, document_id)
    hub.readings.record(Actor(member.id, person=person.name), document_id, "case")
    profile = str(case.stored.summary["profile"])
    print_of = paper_for(hub, case.stored, base_url, member.id)
    marked = [
        {"severity": "error" if each.tone == "bad" else "warning", "box": each.box, "pointer": each.pointer}
        for each in case.risks
    ]
    document = case.document
    if isinstance(document, Application):
        as_it_would_be = certifying.certificate_of(document, "not yet issued", member.name, "–", hub.clock.now())
        drawn = drawn_of(compare.shown(as_it_would_be, masked=False), marked, number)
    else:
        drawn = None if isinstance(print_of, Finding) else drawn_of(print_of, marked, number)
    return {
        "case": case,
        "document": case.stored.summary,
        "profile_title": _title(profile),
        "drawn": drawn,
        "marks": drawn.paper.standing.marks if drawn is not None else (),
        "four": answers_of(hub, case),
        "choice": choice_for(profile, case.risks),
        "boxes": boxes_for(profile, document),
        "place": place,
        "of": of,
        "following": following,
        "last": _last_word(case),
        "takers": certifying.takers(hub, document),
    }


def answers_of(hub: Hub, case: Case) -> list[dict[str, Any]]:
    """Unchanged, issued, valid; and instead of the log, whether it is this shipment. What the log says is added where
    it is not yes."""
    told = public.check_known(hub, case.stored).report.answers
    shown = [plain(each, own=True) for each in told if each.question != "recorded"]
    recorded = [plain(each, own=True) for each in told if each.question == "recorded" and each.verdict is Verdict.NO]
    if case.application:  # its applicant need not sign it: what counts is what the authority issues on it
        return [each for each in (*shown, *recorded) if each["verdict"] != "could-not-check"]
    shipment = {
        "question": _("Is it this shipment?"),
        "verdict": case.shipment.verdict,
        "plain": case.shipment.plain,
        "next": _("Compare them below.")
        if case.shipment.verdict == "no"
        else _("Look at the papers of the declaration."),
    }
    return [*shown, *recorded, shipment]


def _last_word(case: Case) -> dict[str, Any] | None:
    said = [each for each in case.thread if each["kind"] == "event"]
    return dict(said[-1]) if said else None


# --- what is done ----------------------------------------------------------------------------------------------------


@router.post("/console/desk/c/{document_id}/decide")
async def decide(request: Request, document_id: str) -> Response:
    hub, person, member, desk = desk_of(request, deciding=True)
    form = await _form(request)
    case = await run_in_threadpool(_found, hub, member, desk, document_id)
    profile = str(case.stored.summary["profile"])
    boxes = boxes_for(profile, case.document)
    word = word_of(form, choice_for(profile, case.risks), boxes)
    if isinstance(word, tuple):
        return await _refused(request, document_id, word, form)
    digest = str(case.stored.summary["contentDigest"])
    if word.type is EventType.ISSUED:
        if word.to not in certifying.takers(hub, case.document):
            missing = finding("desk.incomplete", "/to", found=word.to[:60], expected=mark("who takes it"))
            return await _refused(request, document_id, (missing,), form)
        issued = await deciding.issue(hub, person, member, document_id, digest, word)
        if issued and not isinstance(issued, Accepted):
            return await _refused(request, document_id, issued, form)
        return _done(hub, document_id, "issued" if issued else "proposed")
    if word.type.value in desk.four_eyes:
        found = await deciding.propose(hub, person, member, document_id, digest, word)
        return await _refused(request, document_id, found, form) if found else _done(hub, document_id, "proposed")
    outcome = await deciding.decide(hub, person, member, document_id, digest, word)
    if isinstance(outcome, Accepted):
        return _done(hub, document_id, word.type.value)
    now = await run_in_threadpool(_found, hub, member, desk, document_id)
    if deciding.moved_on(outcome) and _said_before(now, person, word):
        return _done(hub, document_id, word.type.value)  # a second click: it was said once, and that is the answer
    return await _refused(request, document_id, outcome, form)


def _said_before(case: Case, person: Person, word: deciding.Word) -> bool:
    """Is the last word on the case just this one, of just this officer?"""
    last = _last_word(case)
    return bool(
        last
        and (last["type"], last["sequence"], last["said"]["actor"].get("person"))
        == (word.type.value, word.sequence + 1, person.name)
    )


@router.post("/console/desk/c/{document_id}/confirm")
async def confirm(request: Request, document_id: str) -> Response:
    hub, person, member, desk = desk_of(request, deciding=True)
    form = await _form(request)
    case = await run_in_threadpool(_found, hub, member, desk, document_id)
    digest, sequence = str(case.stored.summary["contentDigest"]), _sequence(form)
    kind = str(case.proposal.said["type"]) if case.proposal else ""
    outcome = await deciding.confirm(hub, person, member, document_id, digest, sequence)
    if isinstance(outcome, Accepted):
        return _done(hub, document_id, kind)
    return await _refused(request, document_id, outcome, form)


@router.post("/console/desk/c/{document_id}/decline")
async def decline(request: Request, document_id: str) -> Response:
    hub, person, member, _desk = desk_of(request, deciding=True)
    form = await _form(request)
    found = await deciding.decline(hub, person, member, document_id, _sequence(form))
    return await _refused(request, document_id, found, form) if found else _done(hub, document_id, "declined")


@router.post("/console/desk/c/{document_id}/take")
async def take(request: Request, document_id: str) -> Response:
    """`seen`: whose it was on the page. `back`: the queue that the page was."""
    hub, person, member, _desk = desk_of(request, deciding=True)
    form = await _form(request)
    await run_in_threadpool(_stored, hub, member, document_id)
    found = await deciding.assign(hub, person, member, document_id, person, form.one("seen"))
    return await _refused(request, document_id, found, form) if found else _done(hub, document_id, "taken")


@router.post("/console/desk/c/{document_id}/give")
async def give(request: Request, document_id: str) -> Response:
    """To the officer named in `to`; to nobody where it is empty."""
    hub, person, member, _desk = desk_of(request, deciding=True)
    form = await _form(request)
    await run_in_threadpool(_stored, hub, member, document_id)
    wanted = form.one("to")
    known = {each.id: each for each in officers_of(hub, member.id) if DECIDING & set(each.roles)}
    if wanted and wanted not in known:
        raise Problem(finding("request.malformed", "/to", found=wanted[:60], expected="an officer of this desk"))
    found = await deciding.assign(hub, person, member, document_id, known.get(wanted), form.one("seen"))
    return await _refused(request, document_id, found, form) if found else _done(hub, document_id, "given")


@router.post("/console/desk/c/{document_id}/note")
async def note(request: Request, document_id: str) -> Response:
    hub, person, member, _desk = desk_of(request, deciding=True)
    form = await _form(request)
    await run_in_threadpool(_stored, hub, member, document_id)
    found = await deciding.note(hub, person, member, document_id, form.one("note"))
    return await _refused(request, document_id, found, form) if found else _done(hub, document_id, "noted")


async def _form(request: Request) -> Form:
    async with request.form(max_fields=60, max_files=0, max_part_size=MOST_OF_A_FORM) as given:
        fields: dict[str, list[str]] = {}
        for name, value in given.multi_items():
            if isinstance(value, str):
                fields.setdefault(name, []).append(value)
    return Form(fields)


def _sequence(form: Form) -> int:
    return number_in("sequence", form.one("sequence"), 0, 1_000_000)


def _found(hub: Hub, member: Member, desk: Desk, document_id: str) -> Case:
    with hub.database.reading.connect() as connection:
        case = case_of(connection, member.id, desk, document_id, hub.clock.now())
    if case is None:
        raise Problem(finding("desk.no-case", found=document_id[:60]))
    return case


def _stored(hub: Hub, member: Member, document_id: str) -> queries.Stored:
    """The document of a case, where nothing else of the case is needed."""
    with hub.database.reading.connect() as connection:
        stored = stored_at(connection, member.id, document_id)
    if stored is None:
        raise Problem(finding("desk.no-case", found=document_id[:60]))
    return stored


async def _refused(request: Request, document_id: str, found: tuple[Finding, ...], form: Form) -> Response:
    """The case as it is now, with what stands against what was wanted, and what was typed."""
    return await _case_page(request, document_id, status=found[0].status, wrong=found, form=form)


def _done(hub: Hub, document_id: str, what: str) -> Response:
    return RedirectResponse(f"{hub.prefix}/console/desk/c/{document_id}?done={what}", 303)


# --- files -----------------------------------------------------------------------------------------------------------


def _for_reading(request: Request, document_id: str, what: str) -> tuple[Hub, Member, queries.Stored]:
    hub, person, member, _desk = desk_of(request)
    stored = _stored(hub, member, document_id)
    hub.readings.record(Actor(member.id, person=person.name), document_id, what)
    return hub, member, stored


@router.get("/console/desk/c/{document_id}/pdf")
def pdf(request: Request, document_id: str) -> Response:
    hub, member, stored = _for_reading(request, document_id, "document, pdf")
    drawn = paper_for(hub, stored, base_url_of(request), member.id)
    data = drawn if isinstance(drawn, Finding) else pdf_of(drawn, stored.data)
    if isinstance(data, Finding):
        raise Problem(data)
    return file_of(data, f"{stored.summary['number'] or document_id}.pdf", "application/pdf")


@router.get("/console/desk/c/{document_id}/bundle")
async def bundle(request: Request, document_id: str) -> Response:
    hub, member, stored = await run_in_threadpool(_for_reading, request, document_id, "evidence")
    await until_on_record(hub, stored, member.id, 5.0)
    data = await bundle_of(hub, stored, member.id)
    return file_of(data, f"{stored.summary['number'] or document_id}{EXTENSION}", MEDIA_TYPE)


@router.get("/console/desk/c/{document_id}/bytes")
def received(request: Request, document_id: str) -> Response:
    _, _, stored = _for_reading(request, document_id, "bytes")
    kind = {"application/xml": "xml", "application/json": "json"}.get(stored.media_type, "jws")
    return file_of(stored.data, f"{stored.summary['number'] or document_id}.{kind}", stored.media_type)
