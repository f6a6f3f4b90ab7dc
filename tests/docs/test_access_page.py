"""docs/access.md says which scope each call of the API wants, and which role each page of the console: as it is."""

import re
from collections.abc import Iterator

import httpx
import pytest

from exchange.api.described import CALLS
from exchange.console.may import RULES, Rule
from tests.docs.papers import rows_of, text_of
from tests.exchange.cast import SEED, Cast
from tests.exchange.running import hub_in_thread
from tradebridge.evidence.simulation import test_api_key

CALL = re.compile(r"`([A-Z]+ /[^`]*)`")


def told(heading: str) -> dict[str, str]:
    """Who may, by method and path, as the page has it below a heading."""
    section = text_of("access.md").split(f"## {heading}")[1].split("\n## ")[0]
    return {call: who for who, calls in rows_of(section) for call in CALL.findall(calls)}


def who(rule: Rule) -> str:
    """The words of the page for a rule."""
    if rule.public:
        return "everybody"
    these = ", ".join(sorted(rule.roles)) or "who is signed in"
    return f"{these}{' of the hub' if rule.hub else ''}{'; in a simulation everybody' if rule.open else ''}"


def test_the_consoles_table_is_that_of_the_code() -> None:
    assert told("Pages of the console, by role") == {
        f"{method} {path}": who(rule) for (method, path), rule in RULES.items()
    }


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    with hub_in_thread(tmp_path_factory.mktemp("hub")) as running:
        yield running.join()


def test_each_call_wants_what_the_page_says(cast: Cast) -> None:
    """The first is asked without a key; then an auditor's, which has no other scope, and one that may only read."""
    auditor = cast.operator.add_audit_key()["apiKey"]
    with httpx.Client(base_url=cast.url, timeout=10) as client:
        own = {"Authorization": f"Bearer {test_api_key(SEED, 'SG-NSW')}"}
        given = client.post("/v1/members/SG-NSW/api-keys", headers=own, json={"scopes": ["read"]})
        reader = given.json()["apiKey"]

        def refused(call: str, key: str) -> str:
            """The scope that is missing; empty: none is."""
            method, path = call.split(" ")
            path = re.sub(r"\{[^}]*\}", "x", path.replace("{member_id}", "TH-NSW"))
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            with client.stream(method, path, headers=headers) as answer:  # the feed has no end
                if answer.status_code not in (401, 403):
                    return ""
                answer.read()
                (found,) = answer.json()["errors"]
                return str(found["expected"] if found["code"] == "access.scope" else found["code"])

        def wanted(call: str) -> str:
            if not refused(call, ""):
                return "no key"
            scope = refused(call, auditor) or "audit"
            if scope == "read":
                scope = refused(call, reader) or scope
            return "`operator`, or the member itself" if scope == "operator or TH-NSW" else f"`{scope}`"

        assert told("Calls of the API, by the scope that they want") == {call: wanted(call) for call in CALLS}
