"""Each call of the hub's API as a value: the request, and how its answer is read. Pure; `client` sends it.

1. One function a call, named as the API names it (docs/reference/api.md). It does no I/O.
2. A `Call` knows the type of its answer, so the sync and the async client share all of this and differ in sending only.
3. What the hub refuses comes back as `Refused` with the findings; what is not an answer of a hub as `NotAHub`.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlencode

from schemas.findings import Fidelity, Finding, Severity

T = TypeVar("T")

JSON = dict[str, Any]
"""A JSON object as the API's reference describes it; its members stand there."""

ANY = "*/*"
"""Accept: the bytes as received."""


# --- What can go wrong -----------------------------------------------------------------------------------------------


class HubError(Exception):
    """A call that did not succeed. `next_step` says what to do about it."""

    def __init__(self, message: str, next_step: str) -> None:
        super().__init__(message)
        self.next_step = next_step


class Unreachable(HubError):
    """No answer came: nothing listens there, or the connection broke. Whether the hub got the request is unknown."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            f"no answer from {url}: {reason}",
            "Start a hub with `tb up`, or name the right one with --url or TRADEBRIDGE_URL. "
            "What you sent may be sent again: a document that arrived is not taken twice.",
        )
        self.url = url


class TimedOut(Unreachable):
    """The hub took longer than the client waits."""


class NotAHub(HubError):
    """Something answered, but not as a hub does."""

    def __init__(self, url: str, seen: str) -> None:
        super().__init__(f"{url} does not answer as a hub: {seen}", "Check the URL: it is the hub's base, without /v1.")
        self.url = url


class Refused(HubError):
    """The hub said no, and why: an RFC 9457 problem."""

    def __init__(self, problem: JSON) -> None:
        self.problem = problem
        self.status = int(problem.get("status", 0))
        self.code = str(problem.get("code", ""))
        self.title = str(problem.get("title", ""))
        self.detail = str(problem.get("detail", ""))
        self.findings = read_findings(problem.get("errors", ()))
        self.refusal = str(problem.get("refusal", ""))
        """Id under which the sender finds the refused submission again; empty where the hub keeps none."""
        fix = next((each.fix for each in self.findings if each.fix), "")
        super().__init__(
            self.detail or self.title or self.code, fix or f"`tb explain {self.code}` says what the code means."
        )


# --- What comes back -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, taken apart from the library that fetched it."""

    url: str
    status: int
    headers: Mapping[str, str]
    """Lower-case names."""
    body: bytes

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").split(";", 1)[0].strip().lower()

    def json(self) -> JSON:
        """The body as one JSON object. Raises `NotAHub`."""
        try:
            value = json.loads(self.body)
        except ValueError as error:
            raise NotAHub(self.url, f"status {self.status}, {self.media_type or 'no media type'}") from error
        if not isinstance(value, dict):
            raise NotAHub(self.url, "its JSON is not an object")
        return value


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request, and `read` for its answer."""

    method: str
    path: str
    read: Callable[[Answer], T]
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    extra_seconds: float = 0.0
    """How long the hub may wait on purpose, on top of the client's timeout."""
    expected: tuple[int, ...] = (200, 201, 202, 204)
    error: "Callable[[Answer], Refused | None] | None" = None
    """Reads an answer that refuses in another form than the hub's."""

    def result(self, answer: Answer) -> T:
        """The answer, read. Raises `Refused`, `NotAHub`."""
        if answer.status in self.expected:
            return self.read(answer)
        if answer.media_type == "application/problem+json":
            raise Refused(answer.json())
        refused = None if self.error is None else self.error(answer)
        if refused is not None:
            raise refused
        raise NotAHub(answer.url, f"status {answer.status}, {answer.media_type or 'no media type'}")


@dataclass(frozen=True, slots=True)
class Accepted:
    """The hub took a document: it is durable, and will be logged and delivered."""

    id: str
    message_id: str
    profile: str
    number: str | None
    sender: str
    recipients: tuple[str, ...]
    bytes_digest: str
    content_digest: str
    received_at: str
    findings: tuple[Finding, ...]
    """Warnings."""
    receipt: str
    """The hub's signed receipt, a compact JWS."""
    replayed: bool
    """The same idempotency key and bytes were accepted before; this is that answer again."""
    raw: JSON


@dataclass(frozen=True, slots=True)
class Entry:
    """One document of a batch."""

    data: bytes
    to: Sequence[str]
    profile: str | None = None
    idempotency_key: str | None = None
    name: str = ""
    """Comes back with the result."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one document of a batch: it is accepted, or refused."""

    index: int
    name: str
    accepted: Accepted | None = None
    refused: Refused | None = None


@dataclass(frozen=True, slots=True)
class EventAccepted:
    """The hub took an event."""

    id: str
    message_id: str
    document: str
    type: str
    recipient: str | None
    sequence: int
    state: str
    receipt: str
    raw: JSON


@dataclass(frozen=True, slots=True)
class Validation:
    """What the hub would say of a document. Nothing was kept."""

    valid: bool
    profile: str | None
    number: str | None
    signer: Any
    findings: tuple[Finding, ...]
    raw: JSON


@dataclass(frozen=True, slots=True)
class Body:
    """A document's bytes and what they are."""

    data: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery, from the inbox or pushed."""

    id: str
    message_id: str
    lease_until: str
    original: bytes
    rendition: bytes | None
    note: str
    """The hub's signed delivery note, a compact JWS."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one acknowledgement."""

    delivery: str
    status: str
    """delivered or refused."""
    finding: Finding | None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list."""

    items: tuple[JSON, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class NewMember:
    """A member and its API key, which the hub shows this once."""

    member: JSON
    api_key: str


@dataclass(frozen=True, slots=True)
class Health:
    """Of /livez or /readyz."""

    ok: bool
    status: int
    body: JSON
    date: str = ""
    """The hub's clock, as its HTTP header has it."""


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One thing that happened, from the feed."""

    id: str
    type: str
    data: JSON


def read_finding(members: Mapping[str, Any]) -> Finding:
    """A finding from its public JSON form; what the form leaves out is empty."""
    known = {name: members[name] for name in Finding.__dataclass_fields__ if name in members}
    known["severity"] = Severity(members.get("severity", "error"))
    known["fidelity"] = Fidelity(members.get("fidelity", "invented"))
    known.setdefault("message", "")
    return Finding(**known)


def read_findings(listed: Iterable[Mapping[str, Any]]) -> tuple[Finding, ...]:
    return tuple(read_finding(each) for each in listed)


def read_deliveries(members: Mapping[str, Any]) -> tuple[Delivery, ...]:
    """An inbox page, or the body of a push: they are one JSON."""
    return tuple(
        Delivery(
            id=each["id"],
            message_id=each["messageId"],
            lease_until=each.get("leaseUntil") or "",
            original=b64decode(each["original"]),
            rendition=None if each.get("rendition") is None else b64decode(each["rendition"]),
            note=each["note"],
        )
        for each in members["deliveries"]
    )


# --- Documents -------------------------------------------------------------------------------------------------------


def submit(
    data: bytes,
    to: Sequence[str],
    *,
    profile: str | None = None,
    idempotency_key: str | None = None,
) -> Call[Accepted]:
    """Hand a document in, for the recipients `to` (member ids). `data`: XML, JSON or a compact JWS."""
    headers = {
        "Content-Type": media_type_of(data),
        "Tradebridge-To": ", ".join(_ids(to)),
        **_given({"Tradebridge-Profile": profile, "Idempotency-Key": idempotency_key}),
    }
    return Call("POST", "/v1/documents", _accepted, headers=headers, body=data)


def batch(entries: Sequence[Entry]) -> Call[tuple[Result, ...]]:
    """Hand many documents in at once (at most 5,000 or 64 MB): a result for each, in their order."""
    body = b"".join(_line(each) for each in entries)
    headers = {"Content-Type": "application/x-ndjson"}
    return Call("POST", "/v1/documents:batch", _results, headers=headers, body=body, extra_seconds=len(entries) / 10)


def validate(data: bytes, *, profile: str | None = None) -> Call[Validation]:
    """What the hub would say of a document; it keeps nothing."""
    headers = {"Content-Type": media_type_of(data), **_given({"Tradebridge-Profile": profile})}
    return Call("POST", "/v1/documents:validate", _validation, headers=headers, body=data)


def check_origin(data: bytes, *, agreement: str | None = None) -> Call[JSON]:
    """What the calculation says of a cost statement, under the agreement that it claims or another; nothing is kept."""
    headers = {"Content-Type": media_type_of(data)}
    return Call(
        "POST", "/v1/origin:check", Answer.json, query=_given({"agreement": agreement}), headers=headers, body=data
    )


def documents(
    *,
    profile: str | None = None,
    number: str | None = None,
    state: str | None = None,
    sender: str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Call[Page]:
    """Summaries of the documents that the caller sent or received."""
    query = _given({"profile": profile, "number": number, "state": state, "sender": sender})
    return _list("/v1/documents", query, limit, cursor)


def get(document_id: str, *, accept: str = ANY) -> Call[Body]:
    """The document: as received, or as `application/json` or `application/xml`."""
    return Call("GET", _document(document_id), _body, headers={"Accept": accept})


def summary(document_id: str) -> Call[JSON]:
    """Where it stands: its state, and for each recipient `state`, `sequence` and `delivery`."""
    return Call("GET", _document(document_id, "/summary"), Answer.json)


def checks(document_id: str) -> Call[JSON]:
    """What was found when it came in, and who signed it."""
    return Call("GET", _document(document_id, "/checks"), Answer.json)


def timeline(document_id: str) -> Call[JSON]:
    """What happened to it, oldest first."""
    return Call("GET", _document(document_id, "/timeline"), Answer.json)


def utilisation(document_id: str, *, limit: int | None = None, cursor: str | None = None) -> Call[JSON]:
    """Of a certificate: what is left of each item, and who drew what, newest first."""
    query = _given({"limit": limit, "cursor": cursor})
    return Call("GET", _document(document_id, "/utilisation"), Answer.json, query=query)


def evidence(document_id: str, *, wait: float = 0) -> Call[JSON]:
    """`tradebridge-evidence/1`: all that a third party needs beside public keys. `wait`: seconds (up to 20) until the
    log has all of it and enough witnesses have seen that."""
    return _evidence(document_id, wait, Answer.json, {})


def bundle(document_id: str, *, wait: float = 0, newest: bool = False) -> Call[Body]:
    """The same as one file, an ASiC-E container (`tradebridge.evidence.bundle`): for the first checkpoint that covers
    it, or the newest."""
    accept = {"Accept": "application/vnd.etsi.asic-e+zip"}
    return _evidence(document_id, wait, _body, accept, "newest" if newest else None)


def _evidence(
    document_id: str, wait: float, read: Callable[[Answer], T], headers: dict[str, str], checkpoint: str | None = None
) -> Call[T]:
    query = _given({"wait": f"{wait:g}" if wait else None, "checkpoint": checkpoint})
    return Call("GET", _document(document_id, "/evidence"), read, query=query, headers=headers, extra_seconds=wait)


def send_event(document_id: str, jws: str) -> Call[EventAccepted]:
    """Say something about an accepted document: a signed `tradebridge-event/1`."""
    return Call(
        "POST",
        _document(document_id, "/events"),
        _event_accepted,
        headers={"Content-Type": "application/jose"},
        body=jws.encode(),
    )


def timestamp(document_id: str) -> Call[JSON]:
    """Have a timestamp authority date a document; the first timestamp stays, and is given again."""
    return Call("POST", _document(document_id, ":timestamp"), Answer.json)


def forward(document_id: str, to: Sequence[str]) -> Call[JSON]:
    """Add recipients to an accepted document."""
    headers = {"Tradebridge-To": ", ".join(_ids(to))}
    return Call("POST", _document(document_id, ":forward"), Answer.json, headers=headers)


# --- Taking delivery -------------------------------------------------------------------------------------------------


def inbox(*, limit: int | None = None, wait: float = 0) -> Call[tuple[Delivery, ...]]:
    """Deliveries, leased for 30 s; `wait` seconds (up to 20) for the first."""
    query = _given({"limit": limit, "wait": f"{wait:g}" if wait else None})
    return Call("GET", "/v1/inbox", lambda answer: read_deliveries(answer.json()), query=query, extra_seconds=wait)


def acknowledge(tokens: Sequence[str], refusals: Sequence[Mapping[str, str]] = ()) -> Call[tuple[Settled, ...]]:
    """Settle deliveries with signed acknowledgements, each on its own. `refusals`: what one's own system does not take,
    each with `delivery`, `native` (base64) and `nativeMediaType`."""
    beside = {"refusals": [dict(each) for each in refusals]} if refusals else {}
    return _post("/v1/inbox:ack", _settled, {"acknowledgements": list(tokens), **beside})


def deliveries(*, state: str | None = None, limit: int | None = None, cursor: str | None = None) -> Call[Page]:
    """Deliveries: an operator sees all, a member its own."""
    return _list("/v1/deliveries", _given({"state": state}), limit, cursor)


def resend(delivery_id: str) -> Call[None]:
    """Operator: send a dead delivery again, or at once one that waits for its next attempt."""
    return Call("POST", f"/v1/deliveries/{quote(delivery_id, safe='')}:resend", _nothing)


# --- Webhooks --------------------------------------------------------------------------------------------------------


def webhooks() -> Call[tuple[JSON, ...]]:
    """One's own webhooks; the operator's call lists all."""
    return Call("GET", _WEBHOOKS, _items)


def webhook(webhook_id: str) -> Call[JSON]:
    return Call("GET", _webhook(webhook_id), Answer.json)


def add_webhook(url: str, events: Sequence[str] = ()) -> Call[JSON]:
    """Have oneself told at `url`, of these kinds (`document.accepted`, `delivery.*`; none: all): the `webhook`, and its
    `secret`, which is shown this once."""
    return _post(_WEBHOOKS, Answer.json, {"url": url, "events": list(events)})


def remove_webhook(webhook_id: str) -> Call[None]:
    return Call("DELETE", _webhook(webhook_id), _nothing)


def rotate_webhook(webhook_id: str, *, overlap: float | None = None) -> Call[JSON]:
    """A new `secret`; the former one signs too for `overlap` seconds (the hub's default: a day)."""
    return _post(_webhook(webhook_id, ":rotate"), Answer.json, _given_any(overlap=overlap))


def enable_webhook(webhook_id: str) -> Call[JSON]:
    """Call it again, from where it stopped."""
    return _post(_webhook(webhook_id, ":enable"), Answer.json, {})


def test_webhook(webhook_id: str) -> Call[JSON]:
    """Call it now with an event that is none: `delivered`, `status`, `error`, `seconds`."""
    return replace(_post(_webhook(webhook_id, ":test"), Answer.json, {}), extra_seconds=60.0)


def webhook_deliveries(
    webhook_id: str, *, state: str | None = None, limit: int | None = None, cursor: str | None = None
) -> Call[Page]:
    """What it was told or is to be told, the newest first."""
    return _list(_webhook(webhook_id, "/deliveries"), _given({"state": state}), limit, cursor)


def resend_webhook(webhook_id: str, *, position: int | None = None, state: str | None = None) -> Call[JSON]:
    """Tell it again: one delivery by its position, or all in a state. `again`: how many."""
    return _post(_webhook(webhook_id, ":resend"), Answer.json, _given_any(position=position, state=state))


# --- Members ---------------------------------------------------------------------------------------------------------


def members(*, limit: int | None = None, cursor: str | None = None) -> Call[Page]:
    return _list("/v1/members", {}, limit, cursor)


def member(member_id: str) -> Call[JSON]:
    return Call("GET", _member(member_id), Answer.json)


def add_member(member: Mapping[str, object]) -> Call[NewMember]:
    """Operator: a member as the API's reference describes it."""
    return _post("/v1/members", _new_member, member)


def change_member(member_id: str, changes: Mapping[str, object]) -> Call[JSON]:
    """Operator: other members of its description, as the API's reference has them; what is not named stays."""
    return replace(_post(_member(member_id), Answer.json, changes), method="PATCH")


def rotate_key(member_id: str, *, overlap: int | None = None) -> Call[str]:
    """A new API key; the old one stays valid for `overlap` seconds (the hub's default: a day)."""
    return _post(
        _member(member_id, ":rotate-key"), lambda answer: str(answer.json()["apiKey"]), _given_any(overlap=overlap)
    )


def add_key(
    member_id: str,
    certificate: str,
    purposes: Sequence[str],
    *,
    valid_from: str | None = None,
    valid_until: str | None = None,
) -> Call[JSON]:
    """Operator: a signing key of a member, from its certificate in PEM. Purposes: document, event, ack. Its time is the
    certificate's, narrowed by moments of RFC 3339."""
    key = {"certificate": certificate, "purposes": list(purposes)}
    times = _given_any(validFrom=valid_from, validUntil=valid_until)
    return _post(_member(member_id, "/keys"), Answer.json, {**key, **times})


def withdraw_key(member_id: str, kid: str, *, since: str | None = None, reason: str | None = None) -> Call[JSON]:
    """Operator: a signing key ends, at this moment of RFC 3339 (else now); what was accepted before still holds."""
    path = _member(member_id, "/keys:withdraw")
    return _post(path, Answer.json, {"kid": kid, **_given_any(**{"from": since, "reason": reason})})


def suspend(member_id: str, *, reason: str | None = None) -> Call[JSON]:
    """Operator: the member sends and receives nothing; the reason is kept and told."""
    return _post(_member(member_id, ":suspend"), Answer.json, _given_any(reason=reason))


def resume(member_id: str) -> Call[JSON]:
    return Call("POST", _member(member_id, ":resume"), Answer.json)


# --- People who sign in -----------------------------------------------------------------------------------------------

_PEOPLE = "/v1/people"


def people() -> Call[tuple[JSON, ...]]:
    """Operator: who may sign in."""
    return Call("GET", _PEOPLE, _items)


def add_person(person: Mapping[str, object]) -> Call[JSON]:
    """Operator: a person (`id`, `roles`, and `name`, `member`). Answers `person` and the initial `password`."""
    return _post(_PEOPLE, Answer.json, person)


def change_person(person_id: str, changes: Mapping[str, object]) -> Call[JSON]:
    """Operator: another `name`, other `roles`, or the `status`: active, suspended."""
    return replace(_post(f"{_PEOPLE}/{quote(person_id, safe='')}", Answer.json, changes), method="PATCH")


def reset_person(person_id: str) -> Call[JSON]:
    """Operator: a new initial password. Answers `person` and `password`."""
    return Call("POST", f"{_PEOPLE}/{quote(person_id, safe='')}:reset", Answer.json)


# --- Titles: of the hub, and of any eBL platform that speaks as ours do -----------------------------------------------


def titles(*, account: str | None = None, at: str | None = None, limit: int | None = None) -> Call[Page]:
    """The titles that the caller possesses or had a part in, newest change first. `account`, `at`: of a simulated
    platform, whose everything is told."""
    return _list("/v1/titles", _given({"account": account, "at": at}), limit, None)


def title(reference: str) -> Call[JSON]:
    """Where a title stands: `at`, `sequence`, `status`, `possessor`, `endorsee`, ... with its transfers."""
    return Call("GET", _title(reference), Answer.json)


def title_chain(reference: str) -> Call[JSON]:
    """All that was signed of a title, with its document: what `tb bl verify` checks."""
    return Call("GET", _title(reference, "/chain"), Answer.json)


def act(reference: str, action: Mapping[str, object]) -> Call[JSON]:
    """Act with a title on a simulated platform: `{action, expectedSequence, actor, recipient, ...}`. On the hub it is
    an event of type `title` (`send_event`)."""
    return _post(_title(reference, "/actions"), Answer.json, action)


def accounts() -> Call[Page]:
    """Who has an account on a simulated platform."""
    return Call("GET", "/v1/accounts", _page)


def transfer(transfer_id: str) -> Call[JSON]:
    """Where a transfer to another platform stands: `state`, `attempts`, `answer`."""
    return Call("GET", f"/v1/transfers/{quote(transfer_id, safe='')}", Answer.json)


def cancel_transfer(transfer_id: str) -> Call[JSON]:
    """Call a transfer back, where a control tracking registry decides."""
    return Call("POST", f"/v1/transfers/{quote(transfer_id, safe='')}:cancel", Answer.json)


def platforms() -> Call[JSON]:
    """Whose signatures on bills of lading are believed: `tradebridge-platforms/1`."""
    return Call("GET", "/v1/platforms", Answer.json)


def control(document_checksum: str, *, entry: str | None = None) -> Call[JSON]:
    """What the hub's control tracking registry says of a bill of lading, or of the offer that `entry` made."""
    path = f"/ctr/v1/titles/{quote(document_checksum, safe='')}"
    return Call("GET", path, Answer.json, query=_given({"entry": entry}))


def say_control(jws: str) -> Call[JSON]:
    """A platform's signed statement to the registry: register, offer, accept or cancel."""
    headers = {"Content-Type": "application/jose"}
    return Call("POST", "/ctr/v1/statements", Answer.json, headers=headers, body=jws.encode())


# --- The carrier (DCSA EBL 3.0) --------------------------------------------------------------------------------------


def submit_instructions(instructions: Mapping[str, object]) -> Call[JSON]:
    """Shipping instructions to a carrier; gives `shippingInstructionsReference`. Base URL: the carrier's."""
    return _to_carrier(_post("/ebl/v3/shipping-instructions", Answer.json, instructions))


def instructions(reference: str) -> Call[JSON]:
    """What became of them; with `transportDocumentReference` once there is a draft. Empty while being processed."""
    path = f"/ebl/v3/shipping-instructions/{quote(reference, safe='')}"
    return _to_carrier(Call("GET", path, _json_or_nothing, expected=(200, 202, 404)))


def transport_document(reference: str) -> Call[JSON]:
    """A carrier's transport document. Empty while a request about it is being processed."""
    path = f"/ebl/v3/transport-documents/{quote(reference, safe='')}"
    return _to_carrier(Call("GET", path, _json_or_nothing, expected=(200, 202)))


def approve_draft(reference: str) -> Call[None]:
    """Approve the draft of a transport document: then the carrier issues it."""
    path, body = f"/ebl/v3/transport-documents/{quote(reference, safe='')}", b'{"transportDocumentStatus":"APPROVED"}'
    return _to_carrier(Call("PATCH", path, _nothing, headers={"Content-Type": "application/json"}, body=body))


def _to_carrier(call: Call[T]) -> Call[T]:
    """With DCSA's error answers understood."""
    return replace(call, error=_refused_by_carrier)


def _refused_by_carrier(answer: Answer) -> "Refused | None":
    """DCSA's ErrorResponse as a refusal; None for what is none."""
    if answer.media_type != "application/json" or answer.status < 400:
        return None
    value = answer.json()
    errors = [each for each in value.get("errors", ()) if isinstance(each, dict)]
    told = "; ".join(str(each.get("errorCodeMessage", "")) for each in errors) or str(value.get("statusCodeText", ""))
    code = str(errors[0].get("errorCodeText", "")) if errors else ""
    return Refused({"status": answer.status, "code": code, "detail": told})


def _json_or_nothing(answer: Answer) -> JSON:
    return answer.json() if answer.status == 200 else {}


# --- Trust, log, catalogue, health -----------------------------------------------------------------------------------


def trust() -> Call[JSON]:
    """The trust list: public keys of hub, log and members."""
    return Call("GET", "/v1/trust", Answer.json)


def check(fields: Mapping[str, str]) -> Call[JSON]:
    """What the hub tells anybody of a document: by `number` and `code` of its print, or by its digests `content` and
    `bytes`. `tradebridge.evidence.told` reads it."""
    headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    return Call("POST", "/verify", Answer.json, headers=headers, body=urlencode(fields).encode(), expected=(200, 404))


def trust_export(*, status: bool = False, record: bool = False) -> Call[JSON]:
    """All versions of the trust list and revocation lists, as one file (`tradebridge-trust-history/1`); with `status`
    the signed status of the keys, which is believed for a short time only; with `record` the proof that the versions
    stand on the public record."""
    wanted = {name: "true" for name, given in (("status", status), ("record", record)) if given}
    return Call("GET", "/v1/trust/export", Answer.json, query=wanted)


def trust_versions() -> Call[tuple[JSON, ...]]:
    """The versions of the trust list, first to last: number, issuedAt, digest, change. At most 500."""
    return Call("GET", "/v1/trust/versions", _items)


def trust_version(number: int) -> Call[str]:
    """One version, as the hub has signed it: a JWS."""
    return Call("GET", f"/v1/trust/versions/{number}", _text)


def trust_status() -> Call[str]:
    """Which keys hold no more: a JWS, believed for a short time."""
    return Call("GET", "/v1/trust/status", _text)


def rotate_signing_key(
    member_id: str, certificate: str | None = None, purposes: Sequence[str] = (), *, overlap: float | None = None
) -> Call[JSON]:
    """Operator: a new signing key of a member, from its certificate in PEM; its others for these purposes end after
    `overlap` seconds (else 30 days). Of `HUB` the hub's own next key, without certificate and purposes."""
    key = {"certificate": certificate, "purposes": list(purposes)} if certificate else {}
    return _post("/v1/trust/keys:rotate", Answer.json, {"member": member_id, **key, **_given_any(overlap=overlap)})


def revoke_signing_key(
    key: str, *, since: str | None = None, compromised: bool = False, reason: str | None = None
) -> Call[JSON]:
    """Operator: a key or authority ends, by its name, at this moment of RFC 3339 (else now). `compromised`: it was in
    other hands since then, so that only what is proven to be older still holds."""
    told = {"key": key, "compromised": compromised, **_given_any(since=since, reason=reason)}
    return _post("/v1/trust/keys:revoke", Answer.json, told)


def add_authority(member_id: str, authority: Mapping[str, object]) -> Call[JSON]:
    """Operator: a certification authority of a member, as the API's reference describes it."""
    return _post(_member(member_id, "/authorities"), Answer.json, authority)


def load_revocation_list(data: bytes) -> Call[JSON]:
    """Operator: the revocation list of an authority, in DER or PEM."""
    return Call("POST", "/v1/trust/revocation-lists:load", Answer.json, body=data)


def checkpoint() -> Call[str]:
    """The log's signed checkpoint: a C2SP signed note."""
    return Call("GET", "/v1/log/checkpoint", _text)


def inclusion(leaf: str, *, size: int | None = None) -> Call[JSON]:
    """Proof that `leaf` (hexadecimal) is in the log of this size."""
    return Call("GET", "/v1/log/inclusion", Answer.json, query=_given({"leaf": leaf, "size": size}))


def consistency(first: int, second: int) -> Call[JSON]:
    """Proof that the log of size `first` is the beginning of the log of size `second`."""
    return Call("GET", "/v1/log/consistency", Answer.json, query={"from": str(first), "to": str(second)})


# --- The record of people, retention ---------------------------------------------------------------------------------


def add_audit_key(expires_in: float | None = None) -> Call[JSON]:
    """Operator: an API key that may export the record and nothing else, for so many seconds (30 days)."""
    return _post("/v1/audit/keys", Answer.json, _given_any(expiresIn=expires_in))


def retention() -> Call[JSON]:
    """Operator: for how long what is kept, and what is held."""
    return Call("GET", "/v1/retention", Answer.json)


def run_retention(*, pretend: bool = False) -> Call[JSON]:
    """Operator: delete what is past its years, on the record; `pretend`: only say what would be deleted."""
    return replace(_post("/v1/retention:run", Answer.json, {"pretend": pretend}), extra_seconds=600.0)


def hold(document_id: str, reason: str) -> Call[JSON]:
    """Operator: keep a document beyond its years."""
    return _post(_document(document_id, ":hold"), Answer.json, {"reason": reason})


def release(document_id: str, reason: str) -> Call[JSON]:
    """Operator: hold it no longer."""
    return _post(_document(document_id, ":release"), Answer.json, {"reason": reason})


_OBSERVERS = "/v1/log/observers"


def observers() -> Call[tuple[JSON, ...]]:
    """Operator: witnesses and timestamp authorities of the log."""
    return Call("GET", _OBSERVERS, _items)


def add_observer(description: Mapping[str, object]) -> Call[tuple[JSON, ...]]:
    """Operator: name a witness or a timestamp authority, as the API's reference describes it."""
    return _post(_OBSERVERS, _items, description)


def remove_observer(name: str) -> Call[tuple[JSON, ...]]:
    """Operator: name it no longer; what it has cosigned or dated stays."""
    return Call("DELETE", f"{_OBSERVERS}/{quote(name)}", _items)


def statistics(*, profile: str | None = None, sender: str | None = None, recipient: str | None = None) -> Call[JSON]:
    """Which rules fail most, by route, and how long decisions take: of one's own documents, an operator's of all."""
    query = _given({"profile": profile, "sender": sender, "recipient": recipient})
    return Call("GET", "/v1/statistics", Answer.json, query=query)


def profiles() -> Call[Page]:
    return _list("/v1/profiles", {}, None, None)


def rules(*, limit: int | None = None, cursor: str | None = None) -> Call[Page]:
    return _list("/v1/rules", {}, limit, cursor)


def rule(code: str) -> Call[JSON]:
    return Call("GET", f"/v1/rules/{quote(code, safe='')}", Answer.json)


def refusals(*, limit: int | None = None, cursor: str | None = None) -> Call[Page]:
    """One's own refused submissions."""
    return _list("/v1/refusals", {}, limit, cursor)


def refusal(refusal_id: str) -> Call[JSON]:
    return Call("GET", f"/v1/refusals/{quote(refusal_id, safe='')}", Answer.json)


def livez() -> Call[Health]:
    return Call("GET", "/livez", _health, expected=(200, 503))


def readyz() -> Call[Health]:
    return Call("GET", "/readyz", _health, expected=(200, 503))


# --- Reading and building --------------------------------------------------------------------------------------------


def media_type_of(data: bytes) -> str:
    """By the first character: XML, a JSON object, else a compact JWS."""
    first = data.lstrip()[:1]
    return {b"<": "application/xml", b"{": "application/json"}.get(first, "application/jose")


def next_page(call: Call[Page], page: Page) -> Call[Page] | None:
    """The call for the page after this one; None after the last."""
    return None if page.next is None else replace(call, query={**call.query, "cursor": page.next})


def rfc3339(moment: datetime) -> str:
    """UTC, ending in Z, as the API writes times."""
    from datetime import UTC

    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _ids(to: Sequence[str]) -> list[str]:
    return [to] if isinstance(to, str) else list(to)


def _given(values: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items() if value is not None}


def _given_any(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _document(document_id: str, rest: str = "") -> str:
    return f"/v1/documents/{quote(document_id, safe='')}{rest}"


def _member(member_id: str, rest: str = "") -> str:
    return f"/v1/members/{quote(member_id, safe='')}{rest}"


_WEBHOOKS = "/v1/webhooks"


def _webhook(webhook_id: str, rest: str = "") -> str:
    return f"{_WEBHOOKS}/{quote(webhook_id, safe='')}{rest}"


def _title(reference: str, rest: str = "") -> str:
    return f"/v1/titles/{quote(reference, safe='')}{rest}"


def _list(path: str, query: Mapping[str, str], limit: int | None, cursor: str | None) -> Call[Page]:
    return Call("GET", path, _page, query={**query, **_given({"limit": limit, "cursor": cursor})})


def _post(path: str, read: Callable[[Answer], T], value: Mapping[str, object]) -> Call[T]:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Call("POST", path, read, headers={"Content-Type": "application/json"}, body=body)


def _accepted(answer: Answer) -> Accepted:
    return _read_accepted(answer.json(), answer.headers.get("idempotency-replayed", "").lower() == "true")


def _results(answer: Answer) -> tuple[Result, ...]:
    """The lines of a batch's answer. Raises `NotAHub` for one that was cut off."""
    lines = [replace(answer, body=line).json() for line in answer.body.splitlines()]
    if not lines or "summary" not in lines[-1]:
        raise NotAHub(answer.url, "the answer to the batch has no end")
    return tuple(_result(each) for each in lines[:-1])


def _result(line: JSON) -> Result:
    if "problem" in line:
        return Result(line["index"], line["name"], refused=Refused(line["problem"]))
    return Result(line["index"], line["name"], accepted=_read_accepted(line["accepted"], bool(line["replayed"])))


def _line(entry: Entry) -> bytes:
    """Of a batch."""
    own = {"profile": entry.profile, "idempotencyKey": entry.idempotency_key, "name": entry.name or None}
    members = {"to": _ids(entry.to), "content": b64encode(entry.data).decode(), **_given(own)}
    return json.dumps(members).encode() + b"\n"


def _read_accepted(members: JSON, replayed: bool) -> Accepted:
    return Accepted(
        id=members["id"],
        message_id=members["messageId"],
        profile=members["profile"],
        number=members.get("number"),
        sender=members["sender"],
        recipients=tuple(members["recipients"]),
        bytes_digest=members["bytesDigest"],
        content_digest=members["contentDigest"],
        received_at=members["receivedAt"],
        findings=read_findings(members.get("findings", ())),
        receipt=members["receipt"],
        replayed=replayed,
        raw=members,
    )


def _event_accepted(answer: Answer) -> EventAccepted:
    members = answer.json()
    return EventAccepted(
        id=members["id"],
        message_id=members["messageId"],
        document=members["document"],
        type=members["type"],
        recipient=members.get("recipient"),
        sequence=members["sequence"],
        state=members["state"],
        receipt=members["receipt"],
        raw=members,
    )


def _validation(answer: Answer) -> Validation:
    members = answer.json()
    return Validation(
        valid=members["valid"],
        profile=members.get("profile"),
        number=members.get("number"),
        signer=members.get("signer"),
        findings=read_findings(members.get("findings", ())),
        raw=members,
    )


def _settled(answer: Answer) -> tuple[Settled, ...]:
    return tuple(
        Settled(each["delivery"], each["status"], read_finding(each["finding"]) if each.get("finding") else None)
        for each in answer.json()["results"]
    )


def _page(answer: Answer) -> Page:
    members = answer.json()
    return Page(tuple(members["items"]), members.get("next"))


def _items(answer: Answer) -> tuple[JSON, ...]:
    return tuple(answer.json()["items"])


def _new_member(answer: Answer) -> NewMember:
    members = answer.json()
    return NewMember(members["member"], members["apiKey"])


def _body(answer: Answer) -> Body:
    return Body(answer.body, answer.media_type)


def _text(answer: Answer) -> str:
    return answer.body.decode("utf-8")


def _health(answer: Answer) -> Health:
    body = answer.json() if answer.media_type == "application/json" else {}
    return Health(answer.status == 200, answer.status, body, answer.headers.get("date", ""))


def _nothing(answer: Answer) -> None:
    return None
