"""What shipping instructions and the transport document made from them go through, at the carrier. Pure.

Source: DCSA EBL 3.0.4, preconditions and postconditions of every endpoint, and EBL_ISS and EBL_SUR 3.0.4. The rules:

1. One *carriage* has five tracks: the shipping instructions, their latest update, the transport document, its latest
   direct amendment, and (not in EBL, but in EBL_ISS) the issuance asked of an eBL platform. A track that has not begun
   is None.
2. A transition is a row: which step of which use case, by whom, where each track must stand, where it stands after.
   What is in no row is refused.
3. An update and what it updates co-exist. A new update replaces the old one; a request of the carrier (use case 2)
   makes the old one inaccessible. Amendments likewise, but for the second.
4. Of an electronic bill of lading the carrier asks a platform to issue it; it is issued when the platform has said so
   (ISSU). Paper and sea waybills are issued, and surrendered, over the counter.
5. A voided document is replaced by a new version in its place: the carriage goes on with that.
6. Where DCSA's text leaves a case open, the row says `modelled`, and its sentence says why.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

from schemas.findings import Fidelity, Finding, Kind, finding, register

EBL, ISS, SUR = "DCSA EBL 3.0.4", "DCSA EBL_ISS 3.0.4", "DCSA EBL_SUR 3.0.4"
SUITE = "DCSA conformance suite, eBL 3.0"
"""Where the OpenAPI is silent about a use case of the carrier: what DCSA's own simulated carrier does."""

register(
    [
        Kind(
            "carrier.not-now",
            "The state of the shipping instructions or of the transport document does not allow this.",
            "Get the document, and do what its status allows: the statuses that do are named.",
            clause="Precondition",
            source=EBL,
            fidelity=Fidelity.EXACT,
            status=409,
        ),
        Kind(
            "carrier.nothing-to-cancel",
            "There is nothing under way that could be cancelled.",
            "Get the document: its status says whether an update or an amendment waits to be processed.",
            clause="Precondition",
            source=EBL,
            fidelity=Fidelity.EXACT,
            status=404,
        ),
    ]
)


class InstructionsStatus(StrEnum):
    """`shippingInstructionsStatus`."""

    RECEIVED = "RECEIVED"
    PENDING_UPDATE = "PENDING_UPDATE"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    DECLINED = "DECLINED"


class UpdateStatus(StrEnum):
    """`updatedShippingInstructionsStatus`."""

    UPDATE_RECEIVED = "UPDATE_RECEIVED"
    UPDATE_CONFIRMED = "UPDATE_CONFIRMED"
    UPDATE_CANCELLED = "UPDATE_CANCELLED"
    UPDATE_DECLINED = "UPDATE_DECLINED"


class DocumentStatus(StrEnum):
    """`transportDocumentStatus`, in the words of the schema TransportDocument. (The text of the notifications writes
    SURRENDER_FOR_... and VOID for three of them; DCSA's own conformance suite sends these words there too.)"""

    DRAFT = "DRAFT"
    APPROVED = "APPROVED"
    ISSUED = "ISSUED"
    PENDING_SURRENDER_FOR_AMENDMENT = "PENDING_SURRENDER_FOR_AMENDMENT"
    SURRENDERED_FOR_AMENDMENT = "SURRENDERED_FOR_AMENDMENT"
    PENDING_SURRENDER_FOR_DELIVERY = "PENDING_SURRENDER_FOR_DELIVERY"
    SURRENDERED_FOR_DELIVERY = "SURRENDERED_FOR_DELIVERY"
    VOIDED = "VOIDED"


class AmendmentStatus(StrEnum):
    """`amendedTransportDocumentStatus`."""

    AMENDMENT_RECEIVED = "AMENDMENT_RECEIVED"
    AMENDMENT_CONFIRMED = "AMENDMENT_CONFIRMED"
    AMENDMENT_CANCELLED = "AMENDMENT_CANCELLED"
    AMENDMENT_DECLINED = "AMENDMENT_DECLINED"


class IssuanceStatus(StrEnum):
    """Where the issuance stands that was asked of a platform. Ours: DCSA gives it no status."""

    REQUESTED = "REQUESTED"
    ISSUED = "ISSUED"
    REFUSED = "REFUSED"


Track = InstructionsStatus | UpdateStatus | DocumentStatus | AmendmentStatus | IssuanceStatus


@dataclass(frozen=True, slots=True)
class Carriage:
    """Where each track stands."""

    instructions: InstructionsStatus | None = None
    update: UpdateStatus | None = None
    document: DocumentStatus | None = None
    amendment: AmendmentStatus | None = None
    issuance: IssuanceStatus | None = None


TRACKS = tuple(each.name for each in fields(Carriage))
NEW = Carriage()


class By(StrEnum):
    """Who takes a step."""

    SHIPPER = "shipper"
    """The consumer of the API."""
    CARRIER = "carrier"
    PLATFORM = "platform"
    """The eBL platform that the document was issued through; over the counter, whoever presents the paper."""


class Step(StrEnum):
    """What is done, by DCSA's use cases."""

    SUBMIT_INSTRUCTIONS = "submit-instructions"
    REQUEST_UPDATE = "request-update"
    SUBMIT_UPDATE = "submit-update"
    CONFIRM_UPDATE = "confirm-update"
    DECLINE_UPDATE = "decline-update"
    CANCEL_UPDATE = "cancel-update"
    PUBLISH_DRAFT = "publish-draft"
    APPROVE_DRAFT = "approve-draft"
    REQUEST_ISSUANCE = "request-issuance"
    REFUSE_ISSUANCE = "refuse-issuance"
    ISSUE = "issue"
    REQUEST_SURRENDER_FOR_AMENDMENT = "request-surrender-for-amendment"
    ACCEPT_SURRENDER_FOR_AMENDMENT = "accept-surrender-for-amendment"
    REJECT_SURRENDER_FOR_AMENDMENT = "reject-surrender-for-amendment"
    VOID = "void"
    REISSUE = "reissue"
    REQUEST_SURRENDER_FOR_DELIVERY = "request-surrender-for-delivery"
    ACCEPT_SURRENDER_FOR_DELIVERY = "accept-surrender-for-delivery"
    REJECT_SURRENDER_FOR_DELIVERY = "reject-surrender-for-delivery"
    COMPLETE = "complete"
    CANCEL_INSTRUCTIONS = "cancel-instructions"
    DECLINE_INSTRUCTIONS = "decline-instructions"
    REQUEST_AMENDMENT = "request-amendment"
    CANCEL_AMENDMENT = "cancel-amendment"
    CONFIRM_AMENDMENT = "confirm-amendment"
    DECLINE_AMENDMENT = "decline-amendment"


@dataclass(frozen=True, slots=True)
class Transition:
    """One row. `before` and `after` by the names of tracks; a track that is not named may stand anywhere, and stays."""

    step: Step
    use_case: int
    """DCSA's number, 1 to 19."""
    by: By
    before: Mapping[str, frozenset[Track | None]]
    after: Mapping[str, Any]
    """A status of the track, or None."""
    sentence: str
    source: str = EBL
    fidelity: Fidelity = Fidelity.EXACT

    def allows(self, carriage: Carriage) -> bool:
        return all(getattr(carriage, track) in allowed for track, allowed in self.before.items())


I, U, D, A, S = InstructionsStatus, UpdateStatus, DocumentStatus, AmendmentStatus, IssuanceStatus  # noqa: E741
OPEN = frozenset({I.RECEIVED, I.PENDING_UPDATE})
WAITING = frozenset({U.UPDATE_RECEIVED})
NOT_WAITING = frozenset({None, U.UPDATE_CONFIRMED, U.UPDATE_CANCELLED, U.UPDATE_DECLINED})
UNAPPROVED = frozenset({None, D.DRAFT})
NOT_ASKED = frozenset({None, S.REFUSED})
"""No issuance is under way at a platform."""
MODELLED = Fidelity.MODELLED


def _row(
    step: Step,
    use_case: int,
    by: By,
    before: Mapping[str, Iterable[Track | None]],
    after: Mapping[str, Track | None],
    sentence: str,
    source: str = EBL,
    fidelity: Fidelity = Fidelity.EXACT,
) -> Transition:
    sets = {track: frozenset(allowed) for track, allowed in before.items()}
    return Transition(step, use_case, by, sets, after, sentence, source, fidelity)


INSTRUCTIONS_ROWS = (
    _row(
        Step.SUBMIT_INSTRUCTIONS,
        1,
        By.SHIPPER,
        {"instructions": {None}},
        {"instructions": I.RECEIVED},
        "The shipper submits shipping instructions; processed, they are received.",
    ),
    _row(
        Step.REQUEST_UPDATE,
        2,
        By.CARRIER,
        {"instructions": {I.RECEIVED}},
        {"instructions": I.PENDING_UPDATE, "update": None},
        "The carrier asks for an update; one that was sent before is no longer accessible.",
    ),
    _row(
        Step.REQUEST_UPDATE,
        2,
        By.CARRIER,
        {"instructions": {I.PENDING_UPDATE}, "update": WAITING},
        {"update": None},
        "The update does not satisfy: the carrier asks for another one.",
        fidelity=MODELLED,
    ),
    _row(
        Step.SUBMIT_UPDATE,
        3,
        By.SHIPPER,
        {"instructions": OPEN},
        {"update": U.UPDATE_RECEIVED},
        "The shipper submits updated instructions, asked or unasked; they replace an earlier update.",
    ),
    _row(
        Step.CONFIRM_UPDATE,
        4,
        By.CARRIER,
        {"instructions": OPEN, "update": WAITING},
        {"instructions": I.RECEIVED, "update": U.UPDATE_CONFIRMED},
        "The carrier confirms the update: it takes the place of the instructions.",
        SUITE,
    ),
    _row(
        Step.DECLINE_UPDATE,
        4,
        By.CARRIER,
        {"instructions": OPEN, "update": WAITING},
        {"update": U.UPDATE_DECLINED},
        "The carrier declines the update; the instructions stay as they were.",
    ),
    _row(
        Step.CANCEL_UPDATE,
        5,
        By.SHIPPER,
        {"instructions": OPEN, "update": WAITING},
        {"update": U.UPDATE_CANCELLED},
        "The shipper cancels the update; the instructions stay as they were.",
    ),
    _row(
        Step.COMPLETE,
        14,
        By.CARRIER,
        {"instructions": {I.RECEIVED}, "document": {D.SURRENDERED_FOR_DELIVERY}},
        {"instructions": I.COMPLETED, "update": None},
        "The document has been surrendered for delivery: the instructions can no longer be modified.",
    ),
    _row(
        Step.CANCEL_INSTRUCTIONS,
        15,
        By.SHIPPER,
        {"instructions": OPEN, "update": NOT_WAITING, "document": UNAPPROVED, "issuance": NOT_ASKED},
        {"instructions": I.CANCELLED},
        "The shipper cancels the instructions. (Not once the draft is approved: ours; an issued one is surrendered.)",
        fidelity=MODELLED,
    ),
    _row(
        Step.CANCEL_INSTRUCTIONS,
        15,
        By.SHIPPER,
        {"instructions": OPEN, "update": WAITING, "document": UNAPPROVED, "issuance": NOT_ASKED},
        {"instructions": I.CANCELLED, "update": U.UPDATE_CANCELLED},
        "The shipper cancels the instructions, and with them the update that waits.",
        fidelity=MODELLED,
    ),
    _row(
        Step.DECLINE_INSTRUCTIONS,
        16,
        By.CARRIER,
        {"instructions": OPEN, "update": NOT_WAITING, "document": UNAPPROVED, "issuance": NOT_ASKED},
        {"instructions": I.DECLINED},
        "The carrier declines the instructions. (Not once the document is approved: ours.)",
        fidelity=MODELLED,
    ),
    _row(
        Step.DECLINE_INSTRUCTIONS,
        16,
        By.CARRIER,
        {"instructions": OPEN, "update": WAITING, "document": UNAPPROVED, "issuance": NOT_ASKED},
        {"instructions": I.DECLINED, "update": U.UPDATE_DECLINED},
        "The carrier declines the instructions, and with them the update that waits.",
        fidelity=MODELLED,
    ),
)

DOCUMENT_ROWS = (
    _row(
        Step.PUBLISH_DRAFT,
        6,
        By.CARRIER,
        {
            "instructions": {I.RECEIVED},
            "update": NOT_WAITING,
            "document": {None, D.DRAFT},
            "issuance": NOT_ASKED,
        },
        {"document": D.DRAFT},
        "The carrier publishes a draft, or a new one in its place; no update waits to be processed.",
        SUITE,
    ),
    _row(
        Step.APPROVE_DRAFT,
        7,
        By.SHIPPER,
        {"instructions": {I.RECEIVED}, "document": {D.DRAFT}, "issuance": NOT_ASKED},
        {"document": D.APPROVED},
        "The shipper approves the draft. (Not while the carrier waits for an update: so DCSA's conformance suite.)",
        fidelity=MODELLED,
    ),
    _row(
        Step.REQUEST_ISSUANCE,
        8,
        By.CARRIER,
        {"instructions": {I.RECEIVED}, "document": {D.DRAFT, D.APPROVED}, "issuance": NOT_ASKED},
        {"issuance": S.REQUESTED},
        "The carrier asks an eBL platform to issue the document, approved or not.",
        ISS,
        MODELLED,
    ),
    _row(
        Step.REFUSE_ISSUANCE,
        8,
        By.PLATFORM,
        {"issuance": {S.REQUESTED}},
        {"issuance": S.REFUSED},
        "The platform cannot issue the document (BREQ, REFU): it is up to the carrier to resolve that.",
        ISS,
    ),
    _row(
        Step.ISSUE,
        8,
        By.PLATFORM,
        {"document": {D.DRAFT, D.APPROVED}, "issuance": {S.REQUESTED}},
        {"document": D.ISSUED, "issuance": S.ISSUED},
        "The platform has issued the document and delivered it to its first possessor (ISSU).",
        ISS,
    ),
    _row(
        Step.ISSUE,
        8,
        By.CARRIER,
        {"instructions": {I.RECEIVED}, "document": {D.DRAFT, D.APPROVED}, "issuance": NOT_ASKED},
        {"document": D.ISSUED, "issuance": None},
        "The carrier issues paper or a sea waybill itself, approved or not.",
        SUITE,
    ),
    _row(
        Step.REQUEST_SURRENDER_FOR_AMENDMENT,
        9,
        By.PLATFORM,
        {"document": {D.ISSUED}},
        {"document": D.PENDING_SURRENDER_FOR_AMENDMENT},
        "The sole possessor surrenders the document, so that the carrier amends it or switches it to paper.",
        SUR,
    ),
    _row(
        Step.ACCEPT_SURRENDER_FOR_AMENDMENT,
        10,
        By.CARRIER,
        {"document": {D.PENDING_SURRENDER_FOR_AMENDMENT}},
        {"document": D.SURRENDERED_FOR_AMENDMENT},
        "The carrier accepts: it is now the possessor.",
        SUR,
    ),
    _row(
        Step.REJECT_SURRENDER_FOR_AMENDMENT,
        10,
        By.CARRIER,
        {"document": {D.PENDING_SURRENDER_FOR_AMENDMENT}},
        {"document": D.ISSUED},
        "The carrier rejects: the document goes back to who surrendered it.",
        SUR,
    ),
    _row(
        Step.VOID,
        11,
        By.CARRIER,
        {"document": {D.SURRENDERED_FOR_AMENDMENT}},
        {"document": D.VOIDED},
        "The carrier voids the document that it possesses.",
        SUITE,
    ),
    _row(
        Step.REISSUE,
        11,
        By.CARRIER,
        {
            "document": {D.VOIDED},
            "amendment": {None, A.AMENDMENT_CONFIRMED, A.AMENDMENT_CANCELLED, A.AMENDMENT_DECLINED},
        },
        {"document": D.APPROVED, "amendment": None, "issuance": None},
        "The carrier makes the amended version, which then goes the way of issuance.",
        SUITE,
    ),
    _row(
        Step.REQUEST_SURRENDER_FOR_DELIVERY,
        12,
        By.PLATFORM,
        {"document": {D.ISSUED}},
        {"document": D.PENDING_SURRENDER_FOR_DELIVERY},
        "The party entitled to the goods surrenders the document for their delivery.",
        SUR,
    ),
    _row(
        Step.ACCEPT_SURRENDER_FOR_DELIVERY,
        13,
        By.CARRIER,
        {"document": {D.PENDING_SURRENDER_FOR_DELIVERY}},
        {"document": D.SURRENDERED_FOR_DELIVERY},
        "The carrier accepts: the document is accomplished.",
        SUR,
    ),
    _row(
        Step.REJECT_SURRENDER_FOR_DELIVERY,
        13,
        By.CARRIER,
        {"document": {D.PENDING_SURRENDER_FOR_DELIVERY}},
        {"document": D.ISSUED},
        "The carrier rejects: the document goes back to who surrendered it.",
        SUR,
    ),
)

AMENDMENT_ROWS = (
    _row(
        Step.REQUEST_AMENDMENT,
        17,
        By.SHIPPER,
        {"document": {D.DRAFT, D.ISSUED, D.PENDING_SURRENDER_FOR_AMENDMENT}, "issuance": {None, S.ISSUED, S.REFUSED}},
        {"amendment": A.AMENDMENT_RECEIVED},
        "The shipper sends an amended transport document; it replaces an amendment that is under way.",
    ),
    _row(
        Step.CANCEL_AMENDMENT,
        18,
        By.SHIPPER,
        {"amendment": {A.AMENDMENT_RECEIVED}},
        {"amendment": A.AMENDMENT_CANCELLED},
        "The shipper cancels the amendment.",
    ),
    _row(
        Step.CONFIRM_AMENDMENT,
        19,
        By.CARRIER,
        {
            "document": {D.DRAFT, D.ISSUED, D.PENDING_SURRENDER_FOR_AMENDMENT, D.SURRENDERED_FOR_AMENDMENT, D.VOIDED},
            "amendment": {A.AMENDMENT_RECEIVED},
        },
        {"amendment": A.AMENDMENT_CONFIRMED},
        "The carrier confirms: a draft takes the amended content at once, an issued document when it is reissued.",
    ),
    _row(
        Step.DECLINE_AMENDMENT,
        19,
        By.CARRIER,
        {"amendment": {A.AMENDMENT_RECEIVED}},
        {"amendment": A.AMENDMENT_DECLINED},
        "The carrier declines the amendment; the document stays as it was.",
    ),
)

TRANSITIONS: tuple[Transition, ...] = INSTRUCTIONS_ROWS + DOCUMENT_ROWS + AMENDMENT_ROWS
STEPS: Mapping[Step, tuple[Transition, ...]] = {
    step: tuple(row for row in TRANSITIONS if row.step is step) for step in Step
}


def take(carriage: Carriage, step: Step) -> Carriage | Finding:
    """Where the carriage stands after a step, or why it may not be taken now."""
    row = next((row for row in STEPS[step] if row.allows(carriage)), None)
    if row is None:
        return _not_now(carriage, step)
    return replace(carriage, **row.after)


def possible(carriage: Carriage, by: By | None = None) -> tuple[Step, ...]:
    """The steps that may be taken now; by one side, or by all."""
    return tuple(
        step for step, rows in STEPS.items() if any(row.allows(carriage) and by in (None, row.by) for row in rows)
    )


def _not_now(carriage: Carriage, step: Step) -> Finding:
    """The first track that stands in the way, in the row that comes nearest."""
    rows = STEPS[step]
    nearest = min(rows, key=lambda row: sum(getattr(carriage, track) not in row.before[track] for track in row.before))
    track = next(track for track, allowed in nearest.before.items() if getattr(carriage, track) not in allowed)
    code = "carrier.nothing-to-cancel" if step in (Step.CANCEL_UPDATE, Step.CANCEL_AMENDMENT) else "carrier.not-now"
    if code == "carrier.nothing-to-cancel" and track not in ("update", "amendment"):
        code = "carrier.not-now"
    allowed = {each for row in rows for each in row.before.get(track, ())}
    return finding(
        code,
        POINTERS[track],
        found=f"{step}; {NAMES[track]}: {getattr(carriage, track) or 'none'}",
        expected=" or ".join(sorted(each or "none" for each in allowed)),
    )


NAMES: Mapping[str, str] = {
    "instructions": "shipping instructions",
    "update": "updated shipping instructions",
    "document": "transport document",
    "amendment": "amended transport document",
    "issuance": "issuance",
}
POINTERS: Mapping[str, str] = {
    "instructions": "/shippingInstructionsStatus",
    "update": "/updatedShippingInstructionsStatus",
    "document": "/transportDocumentStatus",
    "amendment": "/amendedTransportDocumentStatus",
    "issuance": "",
}
"""Where the API shows a track; the issuance it does not show."""


@dataclass(frozen=True, slots=True)
class Arrow:
    """One arrow of the diagram of a track."""

    before: str
    """A status, or empty where the track begins."""
    after: str
    label: str


def arrows(track: str) -> tuple[Arrow, ...]:
    """The diagram of one track, out of the rows alone: each way from a status to another one, with the use case."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in TRANSITIONS:
        if track not in row.after:
            continue
        for before in row.before.get(track, ()) or _everywhere(track):
            ways = found.setdefault((before or "", row.after[track] or ""), [])
            label = f"UC{row.use_case} {row.step}"
            if label not in ways:
                ways.append(label)
    return tuple(Arrow(before, after, ", ".join(ways)) for (before, after), ways in sorted(found.items()))


def _everywhere(track: str) -> tuple[Track | None, ...]:
    statuses: Mapping[str, Iterable[Track]] = {
        "instructions": I,
        "update": U,
        "document": D,
        "amendment": A,
        "issuance": S,
    }
    return (None, *statuses[track])


def mermaid(track: str) -> str:
    """The diagram of one track in Mermaid's words (stateDiagram-v2)."""
    lines = [
        f"    {arrow.before or '[*]'} --> {arrow.after or '[*]'}: {arrow.label}"
        for arrow in arrows(track)
        if (arrow.before, arrow.after) != ("", "")
    ]
    return "\n".join(["stateDiagram-v2", *lines]) + "\n"
