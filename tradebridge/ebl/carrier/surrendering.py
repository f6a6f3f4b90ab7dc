"""The carrier's role of DCSA's surrender API: what is taken in, how it is judged, how it is answered.

1. Only the platform that issued the document surrenders it; paper and sea waybills are surrendered over the counter.
2. A reference is used once. The same request under the same reference is the same request: it was repeated because
   nobody heard our answer.
3. The platform guarantees that the sole, entitled possessor asks. We look all the same: the endorsement chain must
   begin with our issuance to the party that we named, and end with this surrender; the one that the platform serves
   must follow link by link.
4. An answer is given once. A rejection says why.
5. The amended version is for who surrendered. Where no chain was seen, nobody can know that by rule: a person says it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.engine import Connection

from schemas.bill_of_lading.carriage import DocumentStatus, Step
from schemas.bill_of_lading.pint import read, to_json
from schemas.bill_of_lading.surrender import SurrenderRequestDetails, judge_request
from schemas.findings import Finding, finding
from tradebridge.ebl.carrier import casefile
from tradebridge.ebl.carrier import store as t
from tradebridge.ebl.carrier.acting import act, process
from tradebridge.ebl.carrier.casefile import JSON, Case, written
from tradebridge.ebl.carrier.endorsing import Served, verified
from tradebridge.ebl.carrier.issuing import issue_to
from tradebridge.ebl.carrier.office import Office

ASKS = {
    "SREQ": Step.REQUEST_SURRENDER_FOR_DELIVERY,
    "AREQ": Step.REQUEST_SURRENDER_FOR_AMENDMENT,
}
ACTIONS = {"SREQ": "SURRENDER_FOR_DELIVERY", "AREQ": "SURRENDER_FOR_AMENDMENT"}
VERDICTS = {
    (DocumentStatus.PENDING_SURRENDER_FOR_DELIVERY, "SURR"): Step.ACCEPT_SURRENDER_FOR_DELIVERY,
    (DocumentStatus.PENDING_SURRENDER_FOR_DELIVERY, "SREJ"): Step.REJECT_SURRENDER_FOR_DELIVERY,
    (DocumentStatus.PENDING_SURRENDER_FOR_AMENDMENT, "SURR"): Step.ACCEPT_SURRENDER_FOR_AMENDMENT,
    (DocumentStatus.PENDING_SURRENDER_FOR_AMENDMENT, "SREJ"): Step.REJECT_SURRENDER_FOR_AMENDMENT,
}
SWITCH_TO_PAPER = "SWTP"


@dataclass(frozen=True, slots=True)
class Surrender:
    """A surrender request, and what was answered."""

    reference: str
    document: str
    platform: str
    request: JSON
    at: str
    who: JSON | None
    """The party that surrenders, as the chain says; None: no chain was seen."""
    action: str | None
    """`SURR` or `SREJ`; None until it is decided."""
    comments: str | None


def take_in(connection: Connection, office: Office, platform: str, request: JSON) -> tuple[Finding, ...]:
    """Store a surrender request that is of the right shape; what refuses it. Empty: it is stored, or was before."""
    reference = request["surrenderRequestReference"]
    known = find(connection, reference)
    if known is not None:
        same = (known.platform, known.request) == (platform, request)
        return () if same else (finding("surrender.reference-used", "/surrenderRequestReference", found=reference),)
    case = casefile.find(connection, request["transportDocumentReference"])
    refused = _misplaced(case, platform, request)
    if refused is not None or case is None:
        return (refused,) if refused else ()
    case, _ = process(connection, office, case)
    after = act(connection, office, case, ASKS[request["surrenderRequestCode"]], request)
    if isinstance(after, tuple):
        return after
    who = surrenderer(request.get("endorsementChain") or [])
    row = {"reference": reference, "document": request["transportDocumentReference"], "platform": platform}
    row["who"] = None if who is None else written(who)
    connection.execute(t.surrenders.insert().values(request=written(request), at=office.now().isoformat(), **row))
    return ()


def _misplaced(case: Case | None, platform: str, request: JSON) -> Finding | None:
    reference = request["transportDocumentReference"]
    if case is None or case.document is None:
        return finding("carrier.unknown-document", "/transportDocumentReference", found=reference)
    if case.document.reference != reference:
        reissued = f"{reference}, replaced by {case.document.reference}"
        return finding("carrier.not-now", "/transportDocumentReference", found=reissued, expected="ISSUED")
    version = request.get("transportDocumentSubReference")
    if version is not None and version != case.document.content.get("transportDocumentSubReference"):
        return finding("carrier.unknown-document", "/transportDocumentSubReference", found=version)
    if case.document.platform != platform:
        expected = case.document.platform or "the carrier's counter: it is no electronic bill of lading"
        found = platform or "the carrier's counter"
        return finding("carrier.not-the-issuing-platform", found=found, expected=expected)
    return None


def find(connection: Connection, reference: str) -> Surrender | None:
    rows = select(t.surrenders).where(t.surrenders.c.reference == reference)
    row = connection.execute(rows).one_or_none()
    return None if row is None else _surrender(row)


def open_surrender(connection: Connection, document: str) -> Surrender | None:
    """The one of a document that is not decided."""
    rows = select(t.surrenders).where(t.surrenders.c.document == document, t.surrenders.c.action.is_(None))
    row = connection.execute(rows).one_or_none()
    return None if row is None else _surrender(row)


def accepted(connection: Connection, document: str) -> Surrender | None:
    """The one that was accepted: it is the reason of a reissue."""
    rows = select(t.surrenders).where(t.surrenders.c.document == document, t.surrenders.c.action == "SURR")
    row = connection.execute(rows).one_or_none()
    return None if row is None else _surrender(row)


def all_surrenders(connection: Connection) -> list[Surrender]:
    return [_surrender(row) for row in connection.execute(select(t.surrenders).order_by(t.surrenders.c.at))]


def _surrender(row: Any) -> Surrender:
    who = None if row.who is None else orjson.loads(row.who)
    request = orjson.loads(row.request)
    return Surrender(row.reference, row.document, row.platform, request, row.at, who, row.action, row.comments)


def surrenderer(links: Sequence[Mapping[str, Any]]) -> JSON | None:
    """Who acts in the last link of a chain, if that is a surrender."""
    if not links or links[-1].get("actionCode") not in ACTIONS.values():
        return None
    return dict(links[-1]["actor"])


# --- Judging ---------------------------------------------------------------------------------------------------------


def read_request(body: object) -> SurrenderRequestDetails | tuple[Finding, ...]:
    """The request, or what is wrong with its shape and with what the text asks of it."""
    request = read(SurrenderRequestDetails, body)
    if isinstance(request, tuple):
        return request
    refused = tuple(found for found in judge_request(request) if found.refuses)
    return refused or request


def served_surrenderer(served: Served | None, surrender: Surrender) -> JSON | None:
    """Who surrenders, by the chain that the platform serves."""
    for each in served or ():
        if each.get("transportDocumentReference") == surrender.document:
            return surrenderer(each.get("endorsementChain") or [])
    return None


def judge(case: Case, surrender: Surrender, served: Served | None) -> tuple[Finding, ...]:
    """What speaks against a surrender (rule 3). `served`: the chains that the platform gives; None: not asked for."""
    found: list[Finding] = []
    own = surrender.request.get("endorsementChain")
    if own:
        found.extend(_judge_links(case, surrender, own))
    if served is not None and case.document is not None:
        chain = verified(served, case.document.content)
        links = () if isinstance(chain, tuple) else chain.endorsement_chain or ()
        found.extend(chain if isinstance(chain, tuple) else _judge_links(case, surrender, [*map(to_json, links)]))
    return tuple(found)


def _judge_links(case: Case, surrender: Surrender, links: list[JSON]) -> Iterable[Finding]:
    """The first link is our issuance, the last one is this surrender."""
    party = issue_to(case) or {}
    first = links[0] if links else {}
    recipient = first.get("recipient") or {}
    if first.get("actionCode") != "ISSUE" or not _codes(party) & _codes(recipient):
        found = f"{first.get('actionCode', 'nothing')} to {recipient.get('partyName', 'nobody')}"
        expected = f"ISSUE to {party.get('partyName', 'the party of the instructions')}"
        yield finding("carrier.chain-not-from-issuance", "/endorsementChain/0", found=found, expected=expected)
    wanted = ACTIONS[surrender.request["surrenderRequestCode"]]
    last = links[-1].get("actionCode") if links else "nothing"
    if last != wanted:
        place = f"/endorsementChain/{max(len(links) - 1, 0)}/actionCode"
        yield finding("carrier.chain-without-surrender", place, found=last, expected=wanted)


def _codes(party: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {(each["codeListProvider"], each["partyCode"]) for each in party.get("identifyingCodes") or ()}


# --- Answering -------------------------------------------------------------------------------------------------------


def answer_of(surrender: Surrender, action: str, comments: str = "", findings: Iterable[Finding] = ()) -> JSON:
    """The body of `POST /v3/ebl-surrender-responses`. A rejection has a comment, at most 255 characters."""
    answer: JSON = {"surrenderRequestReference": surrender.reference, "action": action}
    if action == "SURR":
        return answer
    told = [{"severity": "ERROR", "message": f"{each.message} {each.fix}"} for each in findings]
    reasons = comments or "; ".join(each.message for each in findings) or "The carrier rejects the surrender."
    return answer | {"comments": reasons[:255].strip()} | ({"feedbackElements": told} if told else {})


def decide(
    connection: Connection, office: Office, case: Case, surrender: Surrender, answer: JSON, who: JSON | None = None
) -> Case | tuple[Finding, ...]:
    """Take the carrier's verdict; once only (rule 4). `who`: the surrenderer, by the chain that the platform serves."""
    current = find(connection, surrender.reference)
    if current is None or current.action is not None:
        said = f"{surrender.reference}: {current.action if current else 'unknown'}"
        return (finding("surrender.answered-already", found=said),)
    status = case.carriage.document
    step = VERDICTS.get((status, answer["action"])) if status else None
    if step is None:
        return (finding("carrier.not-now", "/transportDocumentStatus", found=status or "none"),)
    if who is not None and current.who is None:
        mine = t.surrenders.c.reference == surrender.reference
        connection.execute(t.surrenders.update().where(mine).values(who=written(who)))
    return act(connection, office, case, step, {"answer": answer})


def reissue_body(surrender: Surrender | None) -> JSON:
    """What a surrender says about the version that replaces the document: to whom, and whether on paper."""
    if surrender is None:
        return {}
    body: JSON = {}
    who = surrender.who
    if who is not None:
        members = ("partyName", "identifyingCodes", "taxLegalReferences")
        party = {name: who[name] for name in members if who.get(name)}
        body["issueTo"] = party | {"sendToPlatform": who["eblPlatform"]}
    if surrender.request.get("reasonCode") == SWITCH_TO_PAPER:
        body["changes"] = {"isElectronic": False}
    return body
