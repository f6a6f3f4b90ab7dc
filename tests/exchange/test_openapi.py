"""The OpenAPI description and the hub agree: schemathesis calls what is described, and each answer is as described.

What is drawn is tamed before it is sent: addresses lead to a closed port of this machine, nothing waits, and now and
then an id is one that there is. The feed has no end, and is asked without a key alone.
"""

import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Err
from schemathesis.schemas import APIOperation

from exchange.api.described import _OPEN, CALLS
from schemas.event import EventType
from tests.docs.blocks import ROOT
from tests.exchange.cast import Cast, certificate, event
from tests.exchange.running import hub_in_thread

Operation = APIOperation[Any, Any, Any, Any]
load_all_checks()
NAMES = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
ASKED: list[Any] = [CHECKS.get_by_names([name])[0] for name in NAMES]
for media_type in ("application/jose", "application/x-ndjson", "application/zip"):

    @schemathesis.serializer(media_type)
    def as_it_is(context: Any, value: Any) -> Any:
        """What is no JSON is sent as it was drawn."""
        return value if isinstance(value, str | bytes) else str(value)


NOWHERE = "http://127.0.0.1:9/"
ADDRESSES = frozenset({"url", "crlUrl", "registry"})
FULL, SAMPLE = 100, 1
"""Examples of each call."""


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    with hub_in_thread(tmp_path_factory.mktemp("hub"), bodies_per_member=1000, checks_per_minute=1_000_000) as running:
        yield running.join()


@pytest.fixture(scope="module")
def known(cast: Cast) -> Mapping[str, list[str]]:
    """Values of path parameters that lead to something: a decided document, a refused one, a webhook."""
    sender = cast["SG-NSW"]
    accepted = sender.submit(certificate("SG-2026-OPEN-1"), ["TH-NSW"])
    cast["TH-NSW"].send_event(accepted.id, event(EventType.ACCEPTED, accepted.id, accepted.content_digest, "TH-NSW"))
    with pytest.raises(Exception, match=r"."):
        sender.submit(b"{}", ["TH-NSW"])
    return {
        "document_id": [accepted.id],
        "number": ["SG-2026-OPEN-1", "1"],
        "member_id": ["TH-NSW", "VN-NSW"],
        "refusal_id": [sender.refusals().items[0]["id"]],
        "delivery_id": [cast.operator.deliveries().items[0]["id"]],
        "webhook_id": [sender.add_webhook(NOWHERE)["webhook"]["id"]],
        "person_id": ["operator", "nobody"],
        "code": ["syntax.not-xml"],
        "level": ["0", "entries"],
        "place": ["000", "000.p/1"],
        "version": ["2022"],
    }


@pytest.fixture(scope="module")
def operations(cast: Cast) -> Mapping[str, Operation]:
    raw = httpx.get(f"{cast.url}/openapi.json").json()
    return operations_of(raw)


def operations_of(raw: dict[str, Any]) -> dict[str, Operation]:
    """By method and path. Raises what schemathesis finds wrong with the description itself."""
    found: dict[str, Operation] = {}
    for each in schemathesis.openapi.from_dict(raw).get_all_operations():
        if isinstance(each, Err):
            raise each.err()
        found[each.ok().label] = each.ok()
    return found


def tamed(value: Any) -> Any:
    """Addresses lead nowhere, wherever they stand."""
    if isinstance(value, dict):
        return {name: NOWHERE if name in ADDRESSES else tamed(each) for name, each in value.items()}
    return [tamed(each) for each in value] if isinstance(value, list) else value


@pytest.mark.long("api")
@pytest.mark.parametrize("label", [each for each in CALLS if each != "GET /v1/feed"])
def test_each_answer_is_as_it_is_described(
    cast: Cast,
    known: Mapping[str, list[str]],
    operations: Mapping[str, Operation],
    label: str,
    scale: Callable[[int, int], int],
) -> None:
    asked(cast, known, operations[label], scale(FULL, SAMPLE))


def asked(cast: Cast, known: Mapping[str, list[str]], operation: Operation, times: int) -> None:
    """Call so often what is described, by the operator and by a member in turn. Raises where an answer is otherwise."""
    turns = itertools.count()

    @settings(
        max_examples=times,
        phases=[Phase.explicit, Phase.generate],
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: Case[Any]) -> None:
        turn = next(turns)
        for name in case.path_parameters or {}:
            if name in known and turn % 3 != 2:
                case.path_parameters[name] = known[name][turn % len(known[name])]
        if case.query and "wait" in case.query:
            case.query["wait"] = 0
        if isinstance(case.body, dict | list):
            case.body = tamed(case.body)
        speaker = (cast.operator, cast["SG-NSW"])[turn % 2]
        headers = {"Authorization": speaker._http.headers["Authorization"]}
        answer = case.call(base_url=cast.url, headers=headers)
        case.validate_response(answer, checks=ASKED, headers=headers)

    ask()


@pytest.mark.parametrize(
    "wrong",
    [
        {"200": {"description": "", "content": {"application/json": {"schema": {"required": ["never"]}}}}},
        {"200": {"description": "", "content": {"text/plain": {"schema": {"type": "string"}}}}},
        {"201": {"description": ""}},
    ],
    ids=["another-answer", "another-form", "another-status"],
)
def test_a_description_that_is_wrong_is_found(cast: Cast, known: Mapping[str, list[str]], wrong: Any) -> None:
    raw = httpx.get(f"{cast.url}/openapi.json").json()
    raw["paths"]["/livez"]["get"]["responses"] = wrong
    with pytest.raises(FailureGroup):
        asked(cast, known, operations_of(raw)["GET /livez"], 1)


def test_what_wants_a_key_is_refused_without_one_and_the_feed_too(cast: Cast) -> None:
    for label in CALLS:
        method, path = label.split(" ")
        if _OPEN.fullmatch(path):
            continue
        answer = httpx.request(method, cast.url + path.replace("{", "").replace("}", ""), content=b"{}")
        assert (label, answer.status_code, answer.json()["code"]) == (label, 401, "access.key-missing")


def test_there_is_a_row_for_each_call_and_no_other(cast: Cast) -> None:
    paths = httpx.get(f"{cast.url}/openapi.json").json()["paths"]
    assert {f"{method.upper()} {path}" for path, calls in paths.items() for method in calls} == set(CALLS)


def test_a_choice_that_there_is_not_is_refused_in_whatever_form_evidence_is_asked_for(
    cast: Cast, known: Mapping[str, list[str]]
) -> None:
    """Found by schemathesis: it was looked at for the bundle alone."""
    url = f"{cast.url}/v1/documents/{known['document_id'][0]}/evidence?checkpoint=oldest"
    headers = {"Authorization": cast["SG-NSW"]._http.headers["Authorization"]}
    for accept in ("application/json", "application/vnd.etsi.asic-e+zip"):
        answer = httpx.get(url, headers=headers | {"Accept": accept})
        assert (answer.status_code, answer.json()["code"]) == (400, "request.malformed")


# --- the collection for Postman and its like -------------------------------------------------------------------------

COLLECTION = json.loads((ROOT / "docs" / "reference" / "postman.json").read_text("utf-8"))
REQUESTS = {each["name"]: each["request"] for folder in COLLECTION["item"] for each in folder["item"]}
VARIABLES = {each["key"]: each["value"] for each in COLLECTION["variable"]}


def filled(text: str, **values: str) -> str:
    """With its variables put in. Raises `KeyError` for one that the collection does not define."""
    return re.sub(r"{{(\w+)}}", lambda found: (VARIABLES | values)[found[1]], text)


def test_the_collection_has_each_call_once_with_variables_that_it_defines() -> None:
    assert sum(len(folder["item"]) for folder in COLLECTION["item"]) == len(REQUESTS)
    assert set(REQUESTS) == set(CALLS)
    assert VARIABLES["apiKey"] == ""
    for name, request in REQUESTS.items():
        method, path = name.split(" ")
        values = {each: "{" + each + "}" for each in re.findall(r"{(\w+)}", path)}
        assert (request["method"], filled(request["url"]["raw"], baseUrl="", **values)) == (method, path)
        assert "/".join(request["url"]["path"]) == request["url"]["raw"].removeprefix("{{baseUrl}}/")
        assert (request.get("auth") == {"type": "noauth"}) is bool(_OPEN.fullmatch(path))


def test_what_the_collection_sends_is_understood(cast: Cast, known: Mapping[str, list[str]]) -> None:
    """Sent as it stands, with what its variables may be: nothing is a fault of the hub's, and the document is one."""
    values = {name: each[0] for name, each in known.items()} | {"baseUrl": cast.url}
    key = {"Authorization": cast["SG-NSW"]._http.headers["Authorization"]}
    for name, request in REQUESTS.items():
        if name == "GET /v1/feed" or name.startswith("DELETE"):
            continue
        sent = [each for each in request["header"] if not each.get("disabled")]
        headers = {each["key"]: each["value"] for each in sent} | ({} if "auth" in request else key)
        body = request.get("body", {}).get("raw", "")
        answer = httpx.request(
            request["method"], filled(request["url"]["raw"], **values), headers=headers, content=body
        )
        assert answer.status_code < 500, (name, answer.text)
        if name == "POST /v1/documents:validate":
            said = answer.json()
            assert (answer.status_code, said["profile"], said["number"]) == (200, "atiga-form-d/2022", "SG-2026-00001")
            assert {each["code"] for each in said["findings"] if each["severity"] == "error"} <= {"signature.missing"}
