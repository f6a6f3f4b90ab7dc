"""What the OpenAPI description of the hub says beyond the paths: parameters, bodies, answers, errors and keys.

1. One table, `CALLS`: a row for each call that there is, and no other. A test compares it with the routes, and
   schemathesis compares the answers of a hub with it (`tests/exchange/test_openapi.py`).
2. A JSON object is written as its members: `number~` may be null, `verify?` may be missing, `...` says that more may
   come. What one name means is in `_NAMED`, for all calls alike.
3. Every refusal is a problem (RFC 9457) with all that is wrong.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from exchange.api.problems import MEDIA_TYPE as PROBLEM
from tradebridge.webhooks import EVENTS, FAMILIES

JSON, NDJSON, JOSE, XML = "application/json", "application/x-ndjson", "application/jose", "application/xml"
TEXT, HTML, PDF, SVG = "text/plain", "text/html", "application/pdf", "image/svg+xml"
ASICE, BYTES, FORM = "application/vnd.etsi.asic-e+zip", "application/octet-stream", "application/x-www-form-urlencoded"

Schema = Mapping[str, Any]

_STRING: Schema = {"type": "string"}
_MOMENT: Schema = {"type": "string", "format": "date-time"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_FLAG: Schema = {"type": "boolean"}
_STRINGS: Schema = {"type": "array", "items": {"type": "string"}}
_OBJECT: Schema = {"type": "object"}
_OBJECTS: Schema = {"type": "array", "items": {"type": "object"}}
_SECONDS: Schema = {"type": "number", "minimum": 0}
_DIGEST: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_FINDINGS: Schema = {"type": "array", "items": {"$ref": "#/components/schemas/Finding"}}
_MEMBER_ID: Schema = {"type": "string", "pattern": "^[A-Z0-9][A-Z0-9-]{1,39}$"}
_EVENTS: Schema = {"type": "array", "items": {"type": "string", "enum": [*EVENTS, *FAMILIES]}}

_NAMED: Mapping[str, Schema] = {
    **dict.fromkeys(("findings", "errors"), _FINDINGS),
    **dict.fromkeys(("errorCount", "findingCount", "sequence", "size", "index", "attempts", "leaves", "again"), _COUNT),
    **dict.fromkeys(("simulated", "valid", "delivered", "disabled", "held", "subscribed", "pretended"), _FLAG),
    **dict.fromkeys(("pretend", "compromised", "revocation", "byTheClock"), _FLAG),
    **dict.fromkeys(("bytesDigest", "contentDigest"), _DIGEST),
    **dict.fromkeys(("receivedAt", "at", "since", "validFrom", "validUntil", "from", "othersEnd"), _MOMENT),
    **dict.fromkeys(("overlap", "expiresIn", "seconds"), _SECONDS),
    **dict.fromkeys(("hashes", "roles", "sends", "accepts", "carriers", "purposes", "scopes", "usages"), _STRINGS),
    **dict.fromkeys(("acknowledgements",), _STRINGS),
    **dict.fromkeys(("links", "delivery", "policy", "ebl", "desk", "checks", "newest", "webhook"), _OBJECT),
    **dict.fromkeys(("entries", "items", "messages", "deliveries", "draws", "results", "keys", "rules"), _OBJECTS),
    **dict.fromkeys(("decisions", "deleted", "kept", "authorities", "accounts", "profiles", "members"), _OBJECTS),
    **dict.fromkeys(("sender", "member"), _STRING),
    **dict.fromkeys(("id", "messageId", "profile", "number", "receipt", "type", "code", "state", "document"), _STRING),
    **dict.fromkeys(("url", "reason", "secret", "apiKey", "token", "certificate", "name", "country", "kid"), _STRING),
    "country": {"type": "string", "pattern": "^[A-Z]{2}$"},
    "kind": {"type": "string"},
    "events": _EVENTS,
    "status": _STRING,
    "format": _STRING,
}
"""What a member of this name is, wherever it stands. What is not here may be anything."""


def of(members: str, **known: Schema) -> Schema:
    """A JSON object of these members (rule 2)."""
    properties: dict[str, Schema] = {}
    required = []
    for each in members.split():
        name = each.rstrip("?~")
        if name == "...":
            continue
        schema = known.get(name, _NAMED.get(name, {}))
        properties[name] = {"anyOf": [schema, {"type": "null"}]} if "~" in each and schema else schema
        if "?" not in each:
            required.append(name)
    found: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        found["required"] = required
    if "..." not in members:
        found["additionalProperties"] = False
    return found


def listed(item: Schema, following: Schema = _STRING) -> Schema:
    """A page of a list."""
    return of("items next~", items={"type": "array", "items": item}, next=following)


@dataclass(frozen=True, slots=True)
class Call:
    """What is to be said of one call."""

    answers: Mapping[int, Mapping[str, Schema]]
    """By status and media type; `{}` for an answer without a body."""
    query: Mapping[str, Schema] = field(default_factory=dict)
    headers: Mapping[str, Schema] = field(default_factory=dict)
    body: Mapping[str, Schema] = field(default_factory=dict)
    """By media type."""
    optional: bool = False
    """May the body be left out?"""
    page: bool = False
    """A page for people: what it refuses is a page too, or JSON, as was asked for."""


def _json(schema: Schema = _OBJECT, status: int = 200, **given: Any) -> Call:
    return Call({status: {JSON: schema}}, **given)


def _sent(schema: Schema) -> dict[str, Any]:
    return {"body": {JSON: schema}}


_LIMIT: Schema = {"type": "integer", "minimum": 1, "maximum": 500, "default": 50}
_PAGE: Mapping[str, Schema] = {"limit": _LIMIT, "cursor": _STRING}
_WAIT: Schema = {"type": "number", "minimum": 0, "maximum": 20, "default": 0}
_RAW: Schema = {"type": "string", "format": "binary"}
_DOCUMENT_BODY = {XML: _STRING, JOSE: _STRING, JSON: _OBJECT}
_PROBLEM_REF: Schema = {"$ref": "#/components/schemas/Problem"}
_LADING: Mapping[str, Schema] = {"carrierCode": _STRING}

_ACCEPTED = of(
    "id messageId profile number~ sender recipients bytesDigest contentDigest receivedAt findings findingCount receipt"
    " links simulated",
    recipients=_STRINGS,
)
_SUMMARY = of(
    "id messageId profile number~ sender issuer~ recipients receivedAt contentDigest bytesDigest state verify?"
    " utilisation? consignment? ...",
    recipients=_OBJECT,
    verify=of("url code"),
    state={"type": "string", "enum": ["live", "cancelled", "replaced", "expired"]},
)
_MEMBER = of(
    "id name country kind roles sends accepts style~ delivery policy carriers simulated status reason? keys? ebl?"
    " accounts? authorities? desk? ..."
)
_PERSON = of("id name member? roles status")
_NEW_MEMBER = of(
    "id name country kind roles? sends? accepts? style?~ delivery? policy? carriers? keys? simulated? apiKey? ebl?"
    " accounts? authorities? desk?~ ...",
    id=_MEMBER_ID,
    kind={"type": "string", "enum": ["single-window", "issuing-authority", "platform"]},
)
_WEBHOOK = of("id member url events since status reason? failingSince? ...", failingSince={})
_DELIVERY = of("id messageId documentId recipient state attempts dueAt lastError ...")
_TITLE = of("transportDocumentReference transportDocumentChecksum at sequence ...", at=_STRING)
_OBSERVER = of("name kind ...")
_REFUSAL = of("id at number~ document~ bytesDigest size errors errorCount ...")
_KEY_WANTED = of("certificate purposes? validFrom? validUntil?")
_REPORT = of("found format? document? profile? number? answers? exitCode? ...")
_PAGE_OR_JSON: Mapping[str, Schema] = {HTML: _STRING, JSON: _REPORT, PROBLEM: _PROBLEM_REF}
_LEFT = of("document number~ state items draws next~")
_REASON = of("reason?")

CALLS: Mapping[str, Call] = {
    # --- documents
    "POST /v1/documents": _json(_ACCEPTED, 202),
    "POST /v1/documents:validate": _json(
        of("valid profile~ number~ bytesDigest contentDigest~ signer~ findings findingCount")
    ),
    "POST /v1/documents:batch": Call({200: {NDJSON: _OBJECT}}),
    "GET /v1/documents": _json(
        listed(_SUMMARY), query={**_PAGE, "profile": _STRING, "number": _STRING, "state": _STRING, "sender": _STRING}
    ),
    "GET /v1/documents/{document_id}": Call(
        {200: {JSON: _OBJECT, XML: _STRING, JOSE: _STRING, HTML: _STRING, PDF: _RAW, BYTES: _RAW}, 304: {}},
        query={"page": {"type": "integer", "minimum": 1, "default": 1}},
        headers={"If-None-Match": _STRING},
    ),
    "GET /v1/documents/{document_id}/summary": _json(_SUMMARY),
    "GET /v1/documents/{document_id}/checks": _json(
        of("profile findings findingCount signer~ attestation~ policy~", policy={})
    ),
    "GET /v1/documents/{document_id}/timeline": _json(of("document entries", document=_SUMMARY)),
    "GET /v1/documents/{document_id}/utilisation": _json(_LEFT, query=_PAGE),
    "GET /v1/documents/{document_id}/evidence": Call(
        {200: {JSON: of("format document messages deliveries ...", document=_OBJECT), ASICE: _RAW}},
        query={"wait": _WAIT, "checkpoint": {"type": "string", "enum": ["first", "newest"], "default": "first"}},
    ),
    "POST /v1/documents/{document_id}/events": _json(
        of(
            "id messageId document type recipient~ sequence state verification? receipt findings receivedAt ...",
            state=_STRING,
        ),
        202,
        body={JOSE: _STRING},
    ),
    "POST /v1/documents/{document_id}:forward": _json(
        of("id messageId recipients receivedAt receipt links", recipients=_STRINGS),
        202,
        headers={"Tradebridge-To": _STRING},
    ),
    "POST /v1/documents/{document_id}:timestamp": Call(
        {status: {JSON: of("document bytesDigest at authority token")} for status in (200, 201)}
    ),
    "POST /v1/documents/{document_id}:hold": _json(of("document held reason ..."), **_sent(of("reason"))),
    "POST /v1/documents/{document_id}:release": _json(of("document held reason ..."), **_sent(of("reason"))),
    "POST /v1/origin:check": _json(of("statement agreement answer claims products findings ...")),
    # --- taking delivery
    "GET /v1/inbox": _json(of("deliveries"), query={"limit": _LIMIT, "wait": _WAIT}),
    "POST /v1/inbox:ack": _json(of("results"), **_sent(of("acknowledgements"))),
    "GET /v1/deliveries": _json(listed(_DELIVERY), query={**_PAGE, "state": _STRING}),
    "POST /v1/deliveries/{delivery_id}:resend": _json(_OBJECT, 202),
    "GET /v1/feed": Call(
        {200: {"text/event-stream": _STRING}}, query={"after": _STRING}, headers={"Last-Event-ID": _STRING}
    ),
    # --- log and trust
    "GET /v1/log/checkpoint": Call({200: {TEXT: _STRING}}),
    "GET /v1/log/inclusion": _json(
        of("size index hashes"), query={"leaf": _DIGEST, "size": {"type": "integer", "minimum": 1}}
    ),
    "GET /v1/log/consistency": _json(
        of("from to hashes", **{"from": _COUNT, "to": _COUNT}),
        query={name: {"type": "integer", "minimum": 1} for name in ("from", "to")},
    ),
    "GET /v1/log/observers": _json(of("items ...")),
    "POST /v1/log/observers": _json(
        _OBSERVER,
        201,
        **_sent(
            of(
                "kind key? name? url roots? policy?",
                kind={"type": "string", "enum": ["witness", "timestamp"]},
                policy={},
            )
        ),
    ),
    "DELETE /v1/log/observers/{name}": _json(),
    "GET /log/checkpoint": Call({200: {TEXT: _STRING}}),
    "GET /log/tile/{level}/{place}": Call({200: {BYTES: _RAW}}),
    "GET /v1/trust": _json(),
    "GET /v1/trust/versions": _json(
        listed(of("number issuedAt digest change", number=_COUNT, change=_STRING), _COUNT),
        query={"after": _COUNT, "limit": _LIMIT},
    ),
    "GET /v1/trust/versions/{number}": Call({200: {JOSE: _STRING}}),
    "GET /v1/trust/status": Call({200: {JOSE: _STRING}}),
    "GET /v1/trust/export": _json(query={"status": _FLAG}),
    "GET /v1/trust/revocation-lists": _json(of("items ...")),
    "POST /v1/trust/revocation-lists:load": _json(_OBJECT, 201, body={BYTES: _RAW}),
    "POST /v1/trust/keys:rotate": _json(
        of("member kid othersEnd~"), 201, **_sent(of("member certificate? purposes? overlap?"))
    ),
    "POST /v1/trust/keys:revoke": _json(
        of("key member withdrawn? distrusted?"), **_sent(of("key since? compromised? reason?"))
    ),
    # --- members
    "GET /v1/members": _json(of("items ...")),
    "POST /v1/members": _json(of("member apiKey", member=_MEMBER), 201, **_sent(_NEW_MEMBER)),
    "GET /v1/members/{member_id}": _json(_MEMBER),
    "PATCH /v1/members/{member_id}": _json(
        _MEMBER, **_sent(of("name? roles? sends? accepts? style?~ delivery? policy? carriers? ebl?~ accounts? desk?~"))
    ),
    "POST /v1/members/{member_id}:rotate-key": _json(of("apiKey ..."), **_sent(of("overlap?")), optional=True),
    "POST /v1/members/{member_id}/api-keys": _json(
        of("apiKey ..."), 201, **_sent(of("scopes? expiresIn?")), optional=True
    ),
    "POST /v1/members/{member_id}/keys": _json(_OBJECT, 201, **_sent(_KEY_WANTED)),
    "POST /v1/members/{member_id}/keys:withdraw": _json(_OBJECT, **_sent(of("kid from? reason?"))),
    "POST /v1/members/{member_id}/authorities": _json(
        _OBJECT, 201, **_sent(of("chain subject purposes? usages? revocation? crlUrl?", chain=_STRING, subject=_STRING))
    ),
    "POST /v1/members/{member_id}:suspend": _json(_MEMBER, **_sent(_REASON), optional=True),
    "POST /v1/members/{member_id}:resume": _json(_MEMBER, **_sent(_REASON), optional=True),
    # --- webhooks
    "GET /v1/webhooks": _json(of("items next?~", items={"type": "array", "items": _WEBHOOK})),
    "POST /v1/webhooks": _json(of("webhook secret", webhook=_WEBHOOK), 201, **_sent(of("url events?"))),
    "GET /v1/webhooks/{webhook_id}": _json(_WEBHOOK),
    "DELETE /v1/webhooks/{webhook_id}": Call({204: {}}),
    "POST /v1/webhooks/{webhook_id}:rotate": _json(
        of("webhook secret overlap", webhook={}), **_sent(of("overlap?")), optional=True
    ),
    "POST /v1/webhooks/{webhook_id}:enable": _json(_WEBHOOK),
    "POST /v1/webhooks/{webhook_id}:test": _json(of("webhook delivered status~ error~ seconds", webhook={}, status={})),
    "GET /v1/webhooks/{webhook_id}/deliveries": _json(listed(_OBJECT), query={**_PAGE, "state": _STRING}),
    "POST /v1/webhooks/{webhook_id}:resend": _json(
        of("webhook again", webhook={}), **_sent(of("position? state?", position=_COUNT))
    ),
    # --- people who sign in
    "GET /v1/people": _json(listed(_PERSON)),
    "POST /v1/people": _json(of("person password", person=_PERSON), 201, **_sent(of("id roles name? member?"))),
    "PATCH /v1/people/{person_id}": _json(_PERSON, **_sent(of("name? roles? status?"))),
    "POST /v1/people/{person_id}:reset": _json(of("person password", person=_PERSON)),
    # --- the record of people, retention
    "GET /v1/audit/export": Call({200: {NDJSON: _OBJECT}}, query={"from": _COUNT}),
    "POST /v1/audit/keys": _json(of("member apiKey scopes expiresIn"), 201, **_sent(of("expiresIn?")), optional=True),
    "GET /v1/retention": _json(of("profiles readingYears byTheClock held", held=_OBJECTS)),
    "POST /v1/retention:run": _json(
        of("pretended deleted kept readings", readings={}), **_sent(of("pretend?")), optional=True
    ),
    # --- bills of lading
    "GET /v1/titles": _json(listed(_TITLE), query=_PAGE),
    "GET /v1/titles/{reference}": _json(_TITLE, query=_LADING),
    "GET /v1/titles/{reference}/chain": Call({200: {JSON: _OBJECT, SVG: _STRING}}, query=_LADING),
    "PUT /v1/titles/{reference}/files": _json(
        of("name size mediaType documentChecksum"),
        201,
        query={**_LADING, "name": _STRING, "mediaType": _STRING},
        body={BYTES: _RAW},
    ),
    "GET /v1/transfers/{transfer_id}": _json(),
    "POST /v1/transfers/{transfer_id}:cancel": _json(),
    "GET /v1/platforms": _json(),
    "POST /ctr/v1/statements": _json(),
    "GET /ctr/v1/titles/{document}": _json(
        of("state statement ..."), query={"entry": _STRING, "asked": _STRING, "registry": _STRING}
    ),
    "GET /v1/subscription": _json(of("member subscribed since~")),
    "PUT /v1/subscription": _json(of("member subscribed since~")),
    "DELETE /v1/subscription": _json(of("member subscribed since~")),
    # --- what is known, and how it goes
    "GET /v1/profiles": _json(of("items ...")),
    "GET /v1/profiles/{name}/{version}/example": _json(query={"variant": {"type": "integer", "minimum": 0}}),
    "GET /v1/rules": _json(of("items ..."), query={"family": _STRING}),
    "GET /v1/rules/{code}": _json(of("code severity ...")),
    "GET /v1/refusals": _json(listed(_REFUSAL), query=_PAGE),
    "GET /v1/refusals/{refusal_id}": _json(_REFUSAL),
    "GET /v1/statistics": _json(
        of("rules decisions newest"), query=dict.fromkeys(("profile", "sender", "recipient"), _STRING)
    ),
    "GET /v1/spaces": _json(of("items ...")),
    "POST /v1/spaces": _json(of("name base"), 201, **_sent(of("name"))),
    "DELETE /v1/spaces/{name}": Call({204: {}}),
    "GET /livez": _json(of("status")),
    "GET /readyz": Call({status: {JSON: of("status checks")} for status in (200, 503)}),
    "GET /metrics": Call({200: {TEXT: _STRING}}),
    # --- the public pages
    "GET /verify": Call({200: _PAGE_OR_JSON}, page=True),
    "POST /verify": Call(
        {200: _PAGE_OR_JSON, 404: _PAGE_OR_JSON},
        body={FORM: _OBJECT, "multipart/form-data": _OBJECT, BYTES: _RAW},
        page=True,
    ),
    "GET /v/{number}": Call({200: _PAGE_OR_JSON, 404: _PAGE_OR_JSON}, page=True),
    "POST /v/{number}": Call(
        {200: _PAGE_OR_JSON, 404: _PAGE_OR_JSON}, body={FORM: of("code? ...", code=_STRING)}, page=True
    ),
}
"""By method and path."""

_OPEN = re.compile(
    r"/(livez|readyz|metrics|log/.*|verify|v/.*|v1/(trust|trust/(versions|versions/.*|status|revocation-lists|export)"
    r"|platforms|log/(checkpoint|inclusion|consistency)|profiles|profiles/.*|rules|rules/.*))"
)
"""Paths that want no key."""

_FINDING = of(
    "code severity message pointer line? column? box? found? expected? clause? source? fidelity? fix? attack?",
    severity={"type": "string", "enum": ["error", "warning"]},
    line=_COUNT,
    column=_COUNT,
    found=_STRING,
)
_PROBLEM = of(
    "type title status detail instance code errors errorCount ...",
    status={"type": "integer", "minimum": 400, "maximum": 599},
)


def described(openapi: dict[str, Any]) -> dict[str, Any]:
    """The description with all of this in it. Raises `LookupError` for a call that the table lacks."""
    components = openapi.setdefault("components", {})
    components["securitySchemes"] = {
        "apiKey": {"type": "http", "scheme": "bearer", "description": "An API key: tb_..."}
    }
    components["schemas"] = {"Finding": _FINDING, "Problem": _PROBLEM}
    for path, calls in openapi["paths"].items():
        for method, call in calls.items():
            _describe(call, CALLS[f"{method.upper()} {path}"])
            if not _OPEN.fullmatch(path):
                call["security"] = [{"apiKey": []}]
    return openapi


def _describe(call: dict[str, Any], row: Call) -> None:
    parameters = call.setdefault("parameters", [])
    parameters += [_parameter("query", name, schema) for name, schema in row.query.items()]
    parameters += [_parameter("header", name, schema) for name, schema in row.headers.items()]
    if row.body:
        content = {media_type: {"schema": schema} for media_type, schema in row.body.items()}
        call["requestBody"] = {"content": content, "required": not row.optional}
    said = call["responses"]
    words = {status: said.get(str(status), {}).get("description", "As asked") for status in row.answers}
    call["responses"] = {
        **{str(status): _answer(words[status], content) for status, content in row.answers.items()},
        "4XX": _answer("Refused, with all that is wrong", _PAGE_OR_JSON if row.page else {PROBLEM: _PROBLEM_REF}),
        "5XX": _answer("Not now, or a fault of the hub's", {PROBLEM: _PROBLEM_REF}),
    }


def _parameter(place: str, name: str, schema: Schema) -> dict[str, Any]:
    return {"name": name, "in": place, "required": False, "schema": schema}


def _answer(description: str, content: Mapping[str, Schema]) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": description}
    if content:
        answer["content"] = {media_type: {"schema": schema} for media_type, schema in content.items()}
    return answer
