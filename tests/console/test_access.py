"""Who may come where in the console: role x route x member, of every route that there is; sign-in by its pages.

The hub is no simulation here: nothing is open, and nobody of practice is there.
"""

import re
import time
from base64 import b32decode
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

from exchange.console import frame, may
from exchange.console.pages import router
from exchange.desk.generators import code_at
from exchange.desk.people import Person
from tests.exchange.running import hub_in_thread


def routes_in(found: APIRouter) -> Iterator[tuple[str, str]]:
    """Method and path of all routes, of the routers that are in it too."""
    for each in found.routes:
        if isinstance(each, APIRoute):
            yield from ((method, each.path) for method in each.methods or ())
        else:
            yield from routes_in(each.original_router)  # type: ignore[attr-defined]  # a router that was included


ROUTES = sorted(set(routes_in(router)))
PASSWORD = "four words of mine"
MEMBER = {
    "country": "TH",
    "kind": "single-window",
    "roles": ["recipient"],
    "accepts": ["atiga-form-d/2022"],
    "desk": {},
}
PEOPLE = {
    "officer": ("TH-NSW", ["officer"]),
    "chief": ("TH-NSW", ["officer", "supervisor"]),
    "inspector": ("TH-NSW", ["auditor"]),
    "neighbour": ("VN-NSW", ["officer"]),
    "auditor": ("", ["auditor"]),
    "operator": ("", ["operator"]),
}


@dataclass
class Office:
    """A hub, and who is signed in at it."""

    url: str
    key: str
    signed_in: dict[str, httpx.Client] = field(default_factory=dict)

    def api(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = httpx.request(
            method, f"{self.url}/v1{path}", json=body, headers={"Authorization": f"Bearer {self.key}"}
        )
        assert answer.status_code == status, answer.text
        return answer.json()

    def browser(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=20)

    def add(self, name: str, member: str, roles: list[str]) -> str:
        """The initial password."""
        said = {"id": name, "roles": roles, "name": f"{name.title()} <b>"} | ({"member": member} if member else {})
        return str(self.api("POST", "/people", said, 201)["password"])


def token_of(page: httpx.Response, action: str) -> str:
    found = re.search(
        rf'<form method="post" action="{re.escape(action)}"[^>]*><input type="hidden" name="csrf" '
        r'value="([0-9a-f]{64})">',
        page.text,
    )
    assert found, page.text[:3000]
    return found[1]


def sign_in(browser: httpx.Client, name: str, password: str, **more: str) -> httpx.Response:
    token = token_of(browser.get("/console/sign-in"), "/console/sign-in")
    form = {"csrf": token, "name": name, "password": password, "code": "", "next": ""} | more
    return browser.post("/console/sign-in", data=form)


def choose(browser: httpx.Client, before: str, after: str = PASSWORD) -> httpx.Response:
    token = token_of(browser.get("/console/me"), "/console/me/password")
    form = {"csrf": token, "password": before, "new": after, "again": after}
    return browser.post("/console/me/password", data=form)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    data: Path = tmp_path_factory.mktemp("office")
    settings: dict[str, Any] = {"seed": "", "clock": None, "password_memory": 64}
    with hub_in_thread(data, **settings) as running:
        made = Office(running.url, (data / "operator.key").read_text().strip())
        for name in ("TH-NSW", "VN-NSW"):
            made.api("POST", "/members", {"id": name, **MEMBER, "country": name[:2]}, 201)
        for name, (member, roles) in PEOPLE.items():
            initial = made.add(name, member, roles)
            browser = made.browser()
            assert sign_in(browser, name, initial).status_code == 303
            assert choose(browser, initial).headers["location"] == "/console/me?done=password"
            made.signed_in[name] = browser
        made.signed_in["nobody"] = made.browser()
        yield made
        for browser in made.signed_in.values():
            browser.close()


# --- the table -------------------------------------------------------------------------------------------------------


def test_every_route_of_the_console_says_who_may_and_no_row_is_of_a_route_that_is_gone() -> None:
    assert [each for each in ROUTES if each not in may.RULES] == []
    at_desk = any(path.startswith("/console/desk") for _, path in ROUTES)
    assert [each for each in may.RULES if each not in ROUTES and (at_desk or "/desk" not in each[1])] == []


def expected(who: str, method: str, path: str) -> bool:
    """The same table in other words: what a person of this kind may do, by what the page is for."""
    if path in ("/", may_path("sign-in")):
        return True
    if who == "nobody":
        return False
    if path.split("/")[2:3] in (["me"], ["sign-out"], ["validate"], ["rules"]):
        return True
    if path.startswith(may_path("desk")):
        if path.endswith("/audit"):
            return who in ("inspector", "chief", "auditor")
        if method == "POST":
            return who in ("officer", "chief", "neighbour")
        return who != "operator"
    return who == "operator" or (who == "auditor" and method == "GET")


def may_path(part: str) -> str:
    return f"/console/{part}"


def filled(path: str) -> str:
    return re.sub(r"\{[a-z_]+(:path)?\}", "nothing", path)


@pytest.mark.parametrize("who", ["nobody", *PEOPLE])
def test_who_may_come_where_is_the_table_and_nothing_more(office: Office, who: str) -> None:
    browser = office.signed_in[who]
    for method, path in ROUTES:
        if path in ("/console/sign-out", "/console/feed", "/console/desk/feed") and expected(who, method, path):
            continue  # it would end the session, and the feed does not end
        answer = browser.request(method, filled(path), data={} if method == "POST" else None)
        led = answer.status_code == 303 and answer.headers["location"].startswith("/console/sign-in")
        shut = answer.status_code == 403 and ("console.closed" in answer.text or "console.role" in answer.text)
        assert (led or shut) != expected(who, method, path), (method, path, answer.status_code)
        assert led == (who == "nobody" and method == "GET" and not expected(who, method, path)), path


def _told(rule: may.Rule) -> str:
    """The rule in words that are the same in each process: a set prints its roles in any order."""
    return f"{'-'.join(sorted(rule.roles)) or 'anybody'} {replace(rule, roles=frozenset())}"


RULES: list[may.Rule] = sorted(set(may.RULES.values()), key=_told)


@pytest.mark.parametrize("rule", RULES, ids=_told)
def test_a_rule_lets_nobody_of_a_member_see_what_is_of_all(rule: may.Rule) -> None:
    for role in ("officer", "supervisor", "auditor", "operator"):
        person = Person("x", "X", "TH-NSW", frozenset({role}))
        if rule.hub:
            assert not rule.admits(person, simulated=False)
        if not rule.public:
            assert not rule.admits(None, simulated=False)
        assert rule.admits(None, simulated=True) == (rule.public or rule.open)


def test_a_route_that_nobody_has_stated_is_refused(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(may.RULES, ("GET", "/console/map"))
    page = office.signed_in["operator"].get("/console/map")
    assert page.status_code == 403 and "console.role" in page.text


def test_navigation_is_of_the_role_and_says_who_is_signed_in(office: Office) -> None:
    parts = {}
    for who in ("officer", "auditor"):
        page = office.signed_in[who].get("/console/me").text
        nav = re.search(r'<nav class="parts".*?</nav>', page, re.DOTALL)
        assert nav is not None and "&lt;b&gt;" in page and "<b>" not in page.split("<main")[1]
        parts[who] = re.findall(r">([A-Z]\w+)</a>", nav[0])
        assert ('role="search"' in page) == (who == "auditor")
        assert "Sign out" in page
    assert parts == {"officer": ["Desk", "Verify"], "auditor": ["Workbench", "Verify"]}


# --- forms and cookies -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["", "0" * 64, None])
def test_a_form_of_who_is_signed_in_needs_the_token_of_its_session(office: Office, token: str | None) -> None:
    browser = office.signed_in["chief"]
    other = token_of(office.signed_in["officer"].get("/console/me"), "/console/me/password")
    for given in (token, other):
        data = {"password": PASSWORD, "new": "stolen by a form", "again": "stolen by a form"}
        page = browser.post("/console/me/password", data=data | ({} if given is None else {"csrf": given}))
        assert (page.status_code, "console.old-page" in page.text) == (403, True)
        assert browser.post("/console/sign-out", data={"csrf": given or ""}).status_code == 403
    assert browser.get("/console/me").status_code == 200


def test_the_sign_in_needs_the_token_of_its_own_page(office: Office) -> None:
    with office.browser() as browser, office.browser() as other:
        token = token_of(other.get("/console/sign-in"), "/console/sign-in")
        browser.get("/console/sign-in")
        for given in (token, "", "0" * 64):
            page = browser.post("/console/sign-in", data={"csrf": given, "name": "officer", "password": PASSWORD})
            assert (page.status_code, "console.old-page" in page.text) == (403, True)
        assert not [name for name in browser.cookies if name == "tradebridge"]


def test_other_sites_and_large_or_endless_forms_are_refused(office: Office) -> None:
    browser = office.signed_in["chief"]
    token = token_of(browser.get("/console/me"), "/console/me/password")
    page = browser.post("/console/sign-out", data={"csrf": token}, headers={"Origin": "https://evil.example"})
    assert page.status_code == 403 and "console.other-site" in page.text
    for content in (b"csrf=" + token.encode() + b"&x=" + b"x" * 300_000, iter([b"csrf=" + token.encode()])):
        page = browser.post("/console/sign-out", content=content)
        assert page.status_code == 400 and "Content-Length" in page.text
    many = "&".join(f"f{each}=1" for each in range(500))
    page = browser.post("/console/sign-out", content=f"csrf={token}&{many}")
    assert page.status_code == 400
    assert browser.get("/console/me").status_code == 200


def test_cookies_are_for_this_host_alone_and_for_no_script(office: Office) -> None:
    with office.browser() as browser:
        page = browser.get("/console/sign-in")
        answer = sign_in(browser, "officer", PASSWORD)
        set_there = [*page.headers.get_list("set-cookie"), *answer.headers.get_list("set-cookie")]
        assert len(set_there) == 3
        for each in set_there:
            assert "HttpOnly" in each and "SameSite=lax" in each and "Path=/" in each and "Domain" not in each


def test_over_tls_the_cookie_is_secure_and_without_it_nobody_signs_in_from_elsewhere(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"seed": "", "clock": None, "password_memory": 64}
    with hub_in_thread(tmp_path, base_url="https://hub.example", **settings) as running:
        (cookie,) = httpx.get(f"{running.url}/console/sign-in").headers.get_list("set-cookie")
        assert cookie.startswith("__Host-tradebridge-form=") and "Secure" in cookie
    with hub_in_thread(tmp_path, **settings) as running:
        for method in ("GET", "POST"):
            there = {"Host": "hub.example", "Content-Length": "0"}
            page = httpx.request(
                method, f"{running.url}/console/sign-in", headers=there, cookies={"tradebridge-form": "x"}
            )
            assert page.status_code == 403
            assert ("console.no-tls" if method == "GET" else "console.old-page") in page.text


# --- signing in ------------------------------------------------------------------------------------------------------


def test_whatever_was_wrong_the_page_is_the_same(office: Office) -> None:
    office.add("sleeper", "VN-NSW", ["officer"])
    office.api("PATCH", "/people/sleeper", {"status": "suspended"})
    pages = set()
    for name, password in (("nobody.here", PASSWORD), ("officer", "not the password"), ("sleeper", PASSWORD)):
        with office.browser() as browser:
            answer = sign_in(browser, name, password)
            assert answer.status_code == 403 and "tradebridge=" not in str(answer.headers.get_list("set-cookie"))
            text = re.sub(r'value="[0-9a-f]{64}"', "", answer.text.replace(f'value="{name}"', ""))
            pages.add(re.sub(r"\d\d\d\d-\d\d-\d\d \d\d:\d\d", "", text))
    assert len(pages) == 1


def test_next_leads_to_a_page_of_this_console_and_nowhere_else(office: Office) -> None:
    for asked, led in (
        ("/console/log?x=1", "/console/log?x=1"),
        ("/console", "/console"),
        ("https://evil.example/console", "/console"),
        ("//evil.example/console/x", "/console"),
        ("/consolex", "/console"),
        ("/console/../v1", "/console"),
        ("/console/\\evil", "/console"),
        ("/console/\r\nSet-Cookie: x=1", "/console"),
    ):
        with office.browser() as browser:
            assert sign_in(browser, "auditor", PASSWORD, next=asked).headers["location"] == led
    with office.browser() as browser:
        assert sign_in(browser, "officer", PASSWORD).headers["location"] == "/console/desk"


def test_with_an_initial_password_there_is_nothing_but_choosing_another(office: Office) -> None:
    initial = office.add("beginner", "", ["operator"])
    with office.browser() as browser:
        sign_in(browser, "beginner", initial)
        assert browser.get("/console/members").headers["location"] == "/console/me"
        page = browser.get("/console/me").text
        assert "for this once" in page and "authenticator" not in page
        for before, after, code in (
            ("not the one given", "a good new password", "person.not-signed-in"),
            (initial, "short", "person.password"),
            (initial, initial, "person.password"),
            (initial, "Beginner was here", "person.password"),
        ):
            answer = choose(browser, before, after)
            assert answer.status_code in (403, 422) and code in answer.text
            assert after not in answer.text and initial not in answer.text
        choose(browser, initial, "a good new password")
        assert browser.get("/console/members").status_code == 200
        again = office.api("POST", "/people/beginner:reset")["password"]
        assert browser.get("/console/members").status_code == 303
        assert again != initial


def test_the_people_of_a_suspended_member_are_out_until_it_is_back(office: Office) -> None:
    browser = office.signed_in["neighbour"]
    assert browser.get("/console/me").status_code == 200
    office.api("POST", "/members/VN-NSW:suspend", {"reason": "a test"})
    assert browser.get("/console/me").status_code == 303
    with office.browser() as other:
        assert sign_in(other, "neighbour", PASSWORD).status_code == 403
    office.api("POST", "/members/VN-NSW:resume")
    assert browser.get("/console/me").status_code == 200


def test_signing_out_ends_the_session_wherever_the_cookie_went(office: Office) -> None:
    with office.browser() as browser:
        sign_in(browser, "auditor", PASSWORD)
        kept = dict(browser.cookies)
        answer = browser.post(
            "/console/sign-out", data={"csrf": token_of(browser.get("/console"), "/console/sign-out")}
        )
        assert answer.headers["location"] == "/console/sign-in" and "tradebridge" not in browser.cookies
        assert httpx.get(f"{office.url}/console", cookies=kept).status_code == 303


def test_the_picture_of_a_generator_is_drawn_here_and_its_code_turns_it_on(office: Office) -> None:
    initial = office.add("careful", "", ["auditor"])
    with office.browser() as browser:
        sign_in(browser, "careful", initial)
        choose(browser, initial)
        page = browser.get("/console/me")
        assert "<svg" in page.text and "style=" not in page.text and "on</span>" not in page.text.lower()
        shown = re.search(r'<p class="digest">([A-Z2-7 ]+)</p>', page.text)
        assert shown is not None
        secret = b32decode(shown[1].replace(" ", ""))
        token = token_of(page, "/console/me/generator")
        wrong = browser.post("/console/me/generator", data={"csrf": token, "code": "12345"})
        assert (wrong.status_code, "person.code" in wrong.text) == (422, True)
        answer = browser.post("/console/me/generator", data={"csrf": token, "code": code_at(secret, time.time())})
        assert answer.headers["location"] == "/console/me?done=generator"
        assert shown[1] not in browser.get("/console/me").text
    with office.browser() as browser:
        assert sign_in(browser, "careful", PASSWORD).status_code == 403
        assert sign_in(browser, "careful", PASSWORD, code=code_at(secret, time.time() + 30)).status_code == 303


# --- the operator's API ----------------------------------------------------------------------------------------------


def test_only_the_operator_names_people_and_the_list_tells_nothing_secret(office: Office) -> None:
    member = office.api("POST", "/members/TH-NSW:rotate-key")["apiKey"]
    for method, path in (("GET", ""), ("POST", ""), ("PATCH", "/officer"), ("POST", "/officer:reset")):
        answer = httpx.request(
            method, f"{office.url}/v1/people{path}", json={}, headers={"Authorization": f"Bearer {member}"}
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "access.scope")
    listed = office.api("GET", "/people")["items"]
    assert {each["id"] for each in listed} >= PEOPLE.keys() and not any(
        each["id"].startswith("practice") for each in listed
    )
    assert all(each.keys() <= {"id", "name", "member", "roles", "status"} for each in listed)
    office.api("PATCH", "/people/nobody.here", {"status": "active"}, 404)
    office.api("PATCH", "/people/officer", {"password": "x", "status": "gone"}, 422)
    office.api("POST", "/people/nobody.here:reset", None, 404)
    office.api("POST", "/people", {"id": "officer", "roles": ["auditor"]}, 409)


def test_the_feed_ends_with_the_session_of_its_reader(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame, "STAYS_SECONDS", 0.0)
    with office.browser() as browser:
        sign_in(browser, "auditor", PASSWORD)
        token = token_of(browser.get("/console"), "/console/sign-out")
        with browser.stream("GET", "/console/feed?after=-1") as stream:
            lines = stream.iter_lines()
            assert next(lines).startswith(": tradebridge")
            with office.browser() as other:
                other.cookies = browser.cookies
                assert other.post("/console/sign-out", data={"csrf": token}).status_code == 303
            office.add("later", "", ["auditor"])
            office.api("PATCH", "/members/VN-NSW", {"name": "Another name"})
            for _ in lines:
                pass  # it comes to its end
