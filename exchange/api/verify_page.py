"""`/v/{number}`: the page behind the QR code of a printed certificate. No login, no script needed.

1. GET gives the same page whatever the number: it asks for the code. A small script takes it from the fragment.
2. POST with the code tells what the hub knows. A number that is not there and a code that is wrong get one answer.
3. Who has the code has held the paper, so the page tells what helps to compare: the goods in full, parties and persons
   masked, no values.
4. The answers are kept apart, since they fail apart, and 'could not check' is neither yes nor no.
"""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from exchange import titles
from exchange.api.access import hub_of
from exchange.api.bodies import body_of, json_response
from exchange.hub import Hub
from exchange.paper import code_of, document_of, has_paper, is_code
from exchange.store import queries
from exchange.store.queries import Stored
from schemas.certificate.model import Certificate, Party
from schemas.registry import profile_of
from tradebridge.render.form import Form, Line, Standing, form_of
from tradebridge.render.lading import Sheet, sheet_of
from tradebridge.render.paper import Paper

router = APIRouter(tags=["verify"])

SHOWN_ITEMS = 100
_MOST_OF_A_NUMBER = 50
"""Documents of one number: each issuer has numbers of its own."""
_FILES = resources.files("exchange.api").joinpath("static")
_CSS = _FILES.joinpath("verify.css").read_text("utf-8")
_JS = _FILES.joinpath("verify.js").read_text("utf-8")


def _allowed(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src {_allowed(_CSS)}; script-src {_allowed(_JS)}; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One question, answered yes, no, or could not check, and why."""

    question: str
    answer: str
    why: str

    @property
    def kind(self) -> str:
        """For the style sheet."""
        return self.answer.split(" ")[0]


@router.get("/v/{number:path}", summary="The page that checks a printed certificate: asks for the code")
def page(request: Request, number: str) -> Response:
    return _page(hub_of(request), number, asked=False)


@router.post("/v/{number:path}", summary="What the hub knows of it, for who has the code")
async def answer(request: Request, number: str) -> Response:
    hub = hub_of(request)
    given = parse_qs((await body_of(request, 2_000)).decode("ascii", "replace")).get("code", [""])[0]
    found = await run_in_threadpool(_found, hub, number, given)
    if "application/json" in request.headers.get("accept", ""):
        return json_response(_json(hub, found), 200 if found else 404, HEADERS)
    return _page(hub, number, asked=True, found=found)


def _found(hub: Hub, number: str, given: str) -> Stored | None:
    """The document of this number whose code it is."""
    with hub.database.reading.connect() as connection:
        known = queries.documents(connection, None, _MOST_OF_A_NUMBER, None, number=number).items
        for summary in known:
            if has_paper(summary) and is_code(given, code_of(hub, summary["id"], summary["contentDigest"])):
                return queries.document(connection, None, summary["id"])
    return None


def _answers(hub: Hub, stored: Stored) -> list[Answer]:
    summary = stored.summary
    state = summary["state"]
    signer = stored.signer
    with hub.database.reading.connect() as connection:
        held = titles.of_document(connection, summary["id"])
    question = f"Issued by its {'authority' if _is_certificate(summary['profile']) else 'carrier'}"
    issued = (
        Answer(question, "yes", f"signed by {signer['member']}, which the hub's trust list names")
        if signer
        else Answer(question, "could not check", "the hub received it without its issuer's signature")
    )
    if held is not None and signer is None:
        manifest = f"the carrier {held.carrier} signed its issuance manifest, verified when the title came"
        issued = Answer(question, "yes", manifest)
    if hub.simulated:
        issued = Answer(question, issued.answer, f"{issued.why}; test keys, no legal effect")
    return [
        Answer("Known to this hub", "yes", f"accepted on {summary['receivedAt'][:10]} from {summary['sender']}"),
        issued,
        Answer(
            "Still in force",
            "yes" if state == "live" else "no",
            "not cancelled, replaced or expired" if state == "live" else state,
        ),
        Answer("The paper says the same", "could not check", "compare it with what stands below"),
    ]


def _is_certificate(profile_id: str) -> bool:
    profile = profile_of(profile_id)
    return profile is not None and profile.family == "certificate"


def _page(hub: Hub, number: str, *, asked: bool, found: Stored | None = None) -> Response:
    form = _shown(found) if found is not None else None
    text = _template().render(
        number=number[:60],
        asked=asked,
        found=found.summary if found is not None else None,
        answers=_answers(hub, found) if found is not None else [],
        form=form,
        facts=_facts(form) if form is not None else (),
        goods=form.columns if isinstance(form, Form) else form.goods.columns if form is not None else (),
        shown=SHOWN_ITEMS,
        simulated=hub.simulated,
        css=Markup(_CSS),  # noqa: S704  # our own file
        js=Markup(_JS),  # noqa: S704  # our own file
    )
    return Response(text, 404 if asked and found is None else 200, HEADERS, media_type="text/html")


def _shown(stored: Stored) -> Paper | None:
    """The document as its paper has it, parties and persons masked and values left out."""
    document = document_of(stored)
    if isinstance(document, Certificate):
        return _form(document)
    sheet = sheet_of(document, Standing()) if document is not None else None
    return sheet if isinstance(sheet, Sheet) else None


def _facts(shown: Paper) -> Iterator[tuple[str, tuple[Line, ...]]]:
    """Titles and lines of the boxes that help to compare. Of a transport document: its parties, masked, and its way."""
    if isinstance(shown, Form):
        yield "Issued in", (Line(shown.issued_in),)
        yield from ((f"{box.number}. {box.title}", box.lines) for box in (*shown.left, *shown.foot))
        return
    yield "Carrier", (Line(shown.carrier),)
    yield "Kind", (Line(shown.kind),)
    for box in shown.left:
        yield box.title, tuple(replace(line, text=masked(line.text)) for line in box.lines)
    yield from ((box.title, box.lines) for box in shown.voyage)


def _form(document: Certificate) -> Form | None:
    hidden = document.model_copy(
        update={
            "exporter": _masked_party(document.exporter),
            "consignee": _masked_party(document.consignee),
            "producer": None if document.producer is None else _masked_party(document.producer),
            "declaration": document.declaration.model_copy(
                update={"signatory": masked(document.declaration.signatory)}
            ),
            "certification": document.certification.model_copy(
                update={"official": masked(document.certification.official)}
            ),
            "items": tuple(item.model_copy(update={"fob_value": None}) for item in document.items),
        }
    )
    form = form_of(hidden, Standing())
    return form if isinstance(form, Form) else None


def _masked_party(party: Party) -> Party:
    hidden = {"name": masked(party.name), "address": masked(party.address), "identifier": None}
    return party.model_copy(update=hidden)


def masked(text: str) -> str:
    """Two characters of each word, so that who holds the paper can compare and nobody else learns."""
    return "\n".join(
        " ".join(word if len(word) <= 2 else word[:2] + "•" * (len(word) - 2) for word in line.split(" "))
        for line in text.split("\n")
    )


def _json(hub: Hub, found: Stored | None) -> dict[str, Any]:
    if found is None:
        return {"found": False}
    return {
        "found": True,
        "number": found.summary["number"],
        "profile": found.summary["profile"],
        "state": found.summary["state"],
        "contentDigest": found.summary["contentDigest"],
        "answers": [
            {"question": each.question, "answer": each.answer, "why": each.why} for each in _answers(hub, found)
        ],
        "simulated": hub.simulated,
    }


@cache
def _template() -> Template:
    loader = PackageLoader("exchange.api", "static")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("verify.html")
