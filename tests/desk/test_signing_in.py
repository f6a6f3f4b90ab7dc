"""Signing in: who gets a session, what ends it, what somebody who guesses is told, and what is on the record."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select, update

from exchange.config import Settings
from exchange.desk import people, practising, sessions
from exchange.desk.generators import STEP_SECONDS, address_of, code_at, secret_of, step_of
from exchange.desk.passwords import Passwords, initial_password, wrong_with_password
from exchange.desk.sessions import Attempt
from exchange.hub import Hub, open_hub
from exchange.records import Actor
from exchange.store import tables as t
from tests.exchange.cast import NOW, SEED

MEMORY = 64
BY = Actor("OPERATOR")
PASSWORD = "four words of mine"
WHERE = "192.0.2.7"


class Office:
    """A hub below the pages, with the operator's hand."""

    def __init__(self, hub: Hub, runner: asyncio.Runner) -> None:
        self.hub, self._runner = hub, runner
        self.now = time.time()
        self._hash = self.run(Passwords(MEMORY).hash(PASSWORD))

    def run(self, work: Any) -> Any:
        return self._runner.run(work)

    def add(self, name: str, *, roles: tuple[str, ...] = ("operator",), member: str = "") -> None:
        said = {"id": name, "name": name.title(), "roles": list(roles), "member": member}
        assert self.hub.writer.do_now(lambda c: people.add(c, self.hub, said, self._hash, BY)) == []

    def sign_in(
        self, name: str, password: str = PASSWORD, code: str = "", address: str = WHERE, before: str = ""
    ) -> Any:
        return self.run(sessions.sign_in(self.hub, Attempt(name, password, code, address, before), self.now))

    def session(self, cookie: str) -> Any:
        return self.run(sessions.session_of(self.hub, cookie, self.now))

    def records(self, about: str | None = None) -> list[str]:
        """What is on the record of people, in order."""
        query = select(t.leaves.c.record).join(t.records, t.records.c.id == t.leaves.c.record_id)
        query = query.where(t.records.c.kind == "person").order_by(t.leaves.c.id)
        if about is not None:
            query = query.where(t.records.c.about == about)
        with self.hub.database.reading.connect() as connection:
            return [orjson.loads(each)["what"] for each in connection.execute(query).scalars()]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with opened(tmp_path_factory.mktemp("people")) as running:
        yield running


@contextmanager
def opened(data: Path, database_url: str = "") -> Iterator[Office]:
    values = {"data": data, "seed": SEED, "clock": NOW, "password_memory": MEMORY, "database_url": database_url}
    hub = open_hub(Settings.model_validate(values))
    with asyncio.Runner() as runner:
        hub.begin("tb_test_operator")
        runner.run(hub.start())
        try:
            yield Office(hub, runner)
        finally:
            runner.run(hub.stop())


# --- sessions --------------------------------------------------------------------------------------------------------


def test_who_has_name_and_password_gets_a_new_session_and_the_store_has_nothing_that_opens_it(office: Office) -> None:
    office.add("anna")
    first = office.sign_in("anna")
    second = office.sign_in(" Anna ", before=first)
    assert first != second and len(second) >= 43
    assert office.session(first) is None, "the session that the browser brought has ended"
    session = office.session(second)
    assert (session.person.id, session.person.roles, session.must_change) == ("anna", {"operator"}, True)
    with office.hub.database.reading.connect() as connection:
        stored = [dict(row) for row in connection.execute(select(t.sessions)).mappings()]
        person = dict(connection.execute(select(t.people).where(t.people.c.id == "anna")).mappings().one())
    assert second not in str(stored) and session.token not in str(stored)
    assert person["password"].startswith("$argon2id$") and PASSWORD not in str(person)
    assert office.records("anna") == ["added", "signed in", "signed in"]


@pytest.mark.parametrize(("unused", "steps", "holds"), [(29, 1, True), (31, 1, False), (29, 20, True), (29, 21, False)])
def test_a_session_ends_unused_and_after_its_hours(office: Office, unused: int, steps: int, holds: bool) -> None:
    name = f"bert-{unused}-{steps}"
    office.add(name)
    cookie, began = office.sign_in(name), office.now
    try:
        for _ in range(steps):
            office.now += unused * 60
            found = office.session(cookie)
        assert (found is not None) == holds
    finally:
        office.now = began


def test_signing_out_ends_this_session_and_a_new_password_ends_the_others(office: Office) -> None:
    office.add("carla")
    here, there, third = (office.sign_in("carla") for _ in range(3))
    office.run(sessions.change_password(office.hub, office.session(here), "another four words"))
    assert office.session(here).must_change is False
    assert office.session(there) is None and office.session(third) is None
    assert office.sign_in("carla") is None and office.sign_in("carla", "another four words")
    office.run(sessions.sign_out(office.hub, office.session(here)))
    assert office.session(here) is None
    assert office.records("carla")[-5:] == [
        "signed in",
        "password changed",
        "sign-in failed",
        "signed in",
        "signed out",
    ]


@pytest.mark.parametrize("changes", [{"status": "suspended"}, {"roles": ["auditor"]}])
def test_who_is_suspended_or_has_another_role_is_signed_out_at_once(office: Office, changes: dict[str, Any]) -> None:
    name = f"dora-{next(iter(changes))}"
    office.add(name)
    cookie = office.sign_in(name)
    assert office.hub.writer.do_now(lambda c: people.change(c, office.hub, name, changes, BY)) == []
    assert office.session(cookie) is None
    assert (office.sign_in(name) is None) == ("status" in changes)


def test_a_reset_takes_the_generator_and_the_sessions_away(office: Office) -> None:
    office.add("emil")
    cookie = office.sign_in("emil")
    session = office.session(cookie)
    secret = office.run(sessions.generator_of(office.hub, session)).secret
    assert office.run(sessions.take_generator(office.hub, session, code_at(secret, office.now), office.now))
    hashed = office.run(Passwords(MEMORY).hash("given anew by the operator"))
    assert office.hub.writer.do_now(lambda c: people.reset(c, office.hub, "emil", hashed, BY)) is None
    assert office.session(cookie) is None
    assert office.session(office.sign_in("emil", "given anew by the operator")).must_change


# --- guessing --------------------------------------------------------------------------------------------------------


def test_after_five_failures_of_a_name_the_right_password_has_to_wait_too(office: Office) -> None:
    office.add("frida")
    began = office.now
    try:
        for guess in range(5):
            assert office.sign_in("frida", f"wrong number {guess}", address=f"198.51.100.{guess}") is None
        assert office.sign_in("frida", address="198.51.100.9") is None
        office.now += sessions.FIRST_WAIT + 1
        assert office.sign_in("frida", "wrong again", address="198.51.100.10") is None
        office.now += sessions.FIRST_WAIT + 1
        assert office.sign_in("frida", address="198.51.100.11") is None, "the wait has doubled"
        office.now += sessions.FIRST_WAIT
        assert office.sign_in("frida", address="198.51.100.12")
        assert office.sign_in("frida", "wrong once", address="198.51.100.13") is None
        assert office.sign_in("frida", address="198.51.100.14"), "a success began anew"
    finally:
        office.now = began
    told = office.records("frida")
    assert told[:8] == ["added", *["sign-in failed"] * 5, "locked out for 30 s", "sign-in failed"]
    assert told[8:] == ["locked out for 60 s", "signed in", "sign-in failed", "signed in"]


def test_an_address_that_guesses_at_many_names_has_to_wait_for_all_of_them(office: Office) -> None:
    office.add("gerd")
    for guess in range(sessions.FREE_OF_AN_ADDRESS):
        assert office.sign_in(f"nobody-{guess}", address="203.0.113.5") is None
    assert office.sign_in("gerd", address="203.0.113.5") is None
    assert office.sign_in("gerd", address="203.0.113.6")


def test_guesses_at_the_same_moment_are_all_counted(office: Office) -> None:
    office.add("hanna")

    async def together() -> list[Any]:
        attempts = [Attempt("hanna", f"guess {each} of twelve", "", f"198.51.101.{each}") for each in range(12)]
        return await asyncio.gather(*(sessions.sign_in(office.hub, each, office.now) for each in attempts))

    assert set(office.run(together())) == {None}
    told = office.records("hanna")
    assert told.count("sign-in failed") == sessions.FREE_OF_A_NAME
    assert office.sign_in("hanna", address="198.51.101.99") is None


def test_what_was_typed_as_a_name_of_nobody_is_nowhere_on_the_record(office: Office) -> None:
    assert office.sign_in("my secret password typed too soon", address="198.51.102.1") is None
    with office.hub.database.reading.connect() as connection:
        everything = [bytes(each) for each in connection.execute(select(t.leaves.c.record)).scalars() if each]
        everything += [str(each).encode() for each in connection.execute(select(t.sign_in_failures)).all()]
    assert office.records("")[-1] == "sign-in failed"
    assert not any(b"my secret" in each for each in everything)


def test_for_nobody_and_for_who_is_suspended_the_same_work_is_done(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.add("ida")
    assert office.hub.writer.do_now(lambda c: people.change(c, office.hub, "ida", {"status": "suspended"}, BY)) == []
    worked: list[str] = []
    real = Passwords._fits

    def watched(self: Passwords, known: str, password: str) -> bool:
        worked.append(known)
        return real(self, known, password)

    monkeypatch.setattr(Passwords, "_fits", watched)
    for number, name in enumerate(("nobody-at-all", "ida", "anna")):
        office.sign_in(name, "wrong password", address=f"198.51.103.{number}")
    parameters = [each.rpartition("$")[0].rpartition("$")[0] for each in worked]
    assert len(worked) == 3 and len(set(parameters)) == 1 and f"m={MEMORY}," in parameters[0]


# --- passwords and codes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("password", "taken"),
    [
        ("eleven char", False),
        ("twelve chars", True),
        ("\uff57\uff49\uff44\uff45 letters", True),
        ("สี่คำที่ไม่เกี่ยวกัน", True),
        ("aaaaaaaaaaaaaaaa", False),
        ("Password1234", False),
        ("somchai.k likes rice", False),
        ("I love Tradebridge", False),
        ("x" * 60 + "abcdefgh" * 30, False),
    ],
)
def test_a_password_is_long_and_not_the_first_that_is_guessed(password: str, taken: bool) -> None:
    found = wrong_with_password(password, "somchai.k", "Somchai Kaewmanee")
    assert (found is None) == taken
    assert found is None or password not in str(found)


def test_the_same_characters_composed_otherwise_are_the_same_password(office: Office) -> None:
    known = office.run(Passwords(MEMORY).hash("caf\u00e9 caf\u00e9 caf\u00e9"))
    assert office.run(Passwords(MEMORY).fits(known, "cafe\u0301 cafe\u0301 cafe\u0301"))
    assert not office.run(Passwords(MEMORY).fits(known, "cafe cafe cafe"))
    assert not office.run(Passwords(MEMORY).fits("no hash", "cafe cafe cafe"))


def test_a_hash_of_older_parameters_is_made_anew_at_the_next_sign_in(office: Office) -> None:
    office.add("jan")
    old = office.run(Passwords(MEMORY // 2).hash(PASSWORD))
    own = update(t.people).where(t.people.c.id == "jan")
    office.hub.writer.do_now(lambda c: c.execute(own.values(password=old)))
    assert office.sign_in("jan")
    with office.hub.database.reading.connect() as connection:
        now = connection.execute(select(t.people.c.password).where(t.people.c.id == "jan")).scalar_one()
    assert now != old and f"m={MEMORY}," in now
    assert office.sign_in("jan")


def test_initial_passwords_are_never_the_same_and_are_taken() -> None:
    made = {initial_password() for _ in range(50)}
    assert len(made) == 50 and all(wrong_with_password(each, "x", "y") is None for each in made)


def test_codes_are_those_of_rfc_6238() -> None:
    secret = b"12345678901234567890"  # appendix B, its last six digits
    for moment, code in ((59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")):
        assert code_at(secret, moment) == code
        assert step_of(secret, code, moment, 0) == moment // STEP_SECONDS
        assert step_of(secret, f"{code[:3]} {code[3:]}", moment + STEP_SECONDS, 0) == moment // STEP_SECONDS
        assert step_of(secret, code, moment + 3 * STEP_SECONDS, 0) is None
        assert step_of(secret, code, moment, moment // STEP_SECONDS) is None, "each is taken once"
        for wrong in ("", "0" * 5, code + "0", code[:5], "๑๒๓๔๕๖", "x" * 9000):
            assert step_of(secret, wrong, moment, 0) is None or wrong == code + "0"
    assert address_of(secret, "somchai.k", "Hub").startswith("otpauth://totp/Hub:somchai.k?secret=GEZDGNBVGY3TQOJQ")


def test_who_has_a_generator_needs_its_code_and_each_code_once(office: Office) -> None:
    office.add("kira")
    session = office.session(office.sign_in("kira"))
    generator = office.run(sessions.generator_of(office.hub, session))
    right = code_at(generator.secret, office.now)
    assert not office.run(
        sessions.take_generator(office.hub, session, "000000" if right != "000000" else "1", office.now)
    )
    assert office.run(sessions.take_generator(office.hub, session, right, office.now))
    began = office.now
    try:
        assert office.sign_in("kira") is None and office.sign_in("kira", code="123") is None
        assert office.sign_in("kira", code=right) is None, "it was taken when it was set up"
        office.now += STEP_SECONDS
        fresh = code_at(generator.secret, office.now)
        assert office.sign_in("kira", "not the password", code=fresh) is None
        cookie = office.sign_in("kira", code=fresh)
        assert cookie and office.sign_in("kira", code=fresh) is None
    finally:
        office.now = began
    office.run(sessions.drop_generator(office.hub, session))
    assert office.run(sessions.generator_of(office.hub, session)).secret != generator.secret, "the old one is over"


def test_secrets_of_generators_are_each_ones_own(office: Office) -> None:
    key = office.hub.keys.code_key
    made = {secret_of(key, name, ordinal) for name in ("a", "b") for ordinal in (1, 2)}
    assert len(made) == 4 and all(len(each) == 20 for each in made)


# --- people ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "pointers"),
    [
        ({"id": "Big.Letters", "roles": ["operator"]}, ["/id"]),
        ({"id": "x", "roles": ["operator"]}, ["/id"]),
        ({"id": "ok.ok", "roles": []}, ["/roles"]),
        ({"id": "ok.ok", "roles": ["king"], "name": ""}, ["/name", "/roles"]),
        ({"id": "ok.ok", "roles": ["officer"]}, ["/member"]),
        ({"id": "ok.ok", "roles": ["officer"], "member": "XX-NSW"}, ["/member"]),
        ({"id": "ok.ok", "roles": ["operator"], "more": 1}, ["/more"]),
    ],
)
def test_all_that_is_wrong_with_a_person_is_told(said: dict[str, Any], pointers: list[str]) -> None:
    assert [each.pointer for each in people.wrong_with(said, {"TH-NSW": None})] == pointers


def test_an_operator_is_of_no_member() -> None:
    said = {"id": "ok.ok", "roles": ["operator"], "member": "TH-NSW"}
    assert [each.code for each in people.wrong_with(said, {"TH-NSW": None})] == ["person.malformed"]


def test_a_name_is_given_once(office: Office) -> None:
    office.add("lena")
    said = {"id": "lena", "roles": ["auditor"]}
    found = office.hub.writer.do_now(lambda c: people.add(c, office.hub, said, "x", BY))
    assert [each.code for each in found] == ["person.exists"]


def test_practice_people_sign_in_with_the_password_of_the_seed_and_are_nowhere_else(office: Office) -> None:
    assert office.sign_in("operator", "practice-0000-0000", address="198.51.104.1") is None
    session = office.session(office.sign_in("operator", practising.password_of(office.hub), address="198.51.104.2"))
    assert (session.person.roles, session.must_change) == ({"operator"}, False)
    office.run(sessions.change_password(office.hub, session, "no practice any more"))
    assert office.sign_in("operator", practising.password_of(office.hub), address="198.51.104.3") is None
    assert office.sign_in("operator", "no practice any more", address="198.51.104.4")


@pytest.mark.long("people", sample=False)
def test_two_hubs_over_postgresql_count_together_and_end_each_others_sessions(
    tmp_path: Path, postgresql_url: str
) -> None:
    """Twenty guesses at the same moment, half of them at each hub."""
    with opened(tmp_path, postgresql_url) as one:
        one.add("olga")
        cookie = one.sign_in("olga")
        with opened(tmp_path, postgresql_url) as two:
            assert two.session(cookie).person.id == "olga"

            def guess(office: Office) -> None:
                async def together() -> None:
                    tries = [Attempt("olga", f"guess {each} of ten", "", f"198.51.110.{each}") for each in range(10)]
                    await asyncio.gather(*(sessions.sign_in(office.hub, each, one.now) for each in tries))

                office.run(together())

            threads = [threading.Thread(target=guess, args=(each,)) for each in (one, two)]
            for each in threads:
                each.start()
            for each in threads:
                each.join(60)
            assert one.records("olga").count("sign-in failed") == sessions.FREE_OF_A_NAME
            assert one.sign_in("olga", address="198.51.110.99") is None
            name = practising.people(two.hub)[-1]["id"]
            password = practising.password_of(two.hub)
            assert one.sign_in(name, password, address="198.51.111.1")
            assert two.sign_in(name, password, address="198.51.111.2")
            session = two.session(cookie)
            generator = two.run(sessions.generator_of(two.hub, session))
            code = code_at(generator.secret, two.now)
            assert two.run(sessions.take_generator(two.hub, session, code, two.now))
            two.run(sessions.sign_out(two.hub, session))
            assert one.session(cookie) is None
