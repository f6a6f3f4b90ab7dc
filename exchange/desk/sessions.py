"""Signing in, sessions, signing out.

1. A session is 256 random bits in a cookie; the store has its SHA-256. It ends after so long unused, after so long in
   all, at sign-out, and when the person is suspended, reset, or has another role or password. Signing in makes a new
   one, and ends the one that the browser brought.
2. An attempt counts before it is looked at, for the name and for the address: guesses made at the same moment are all
   counted. From the fifth failure of a name, or the twentieth of an address, on there is a wait that doubles, from half
   a minute to a quarter of an hour, in which nothing is looked at. A success begins anew for its name.
3. Who fails is told one thing, after the same work: whether the name, the password or the code was wrong, whether there
   is such a person, whether it is suspended or has to wait, cannot be told from the answer.
4. Every sign-in, failure, wait and sign-out is on the record. What was typed as a name is not, where it names nobody:
   people type passwords there. While there is a wait, attempts leave no record.
5. Times are of the real clock: an officer's session does not end because the simulation's clock was moved.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, update
from sqlalchemy.engine import Connection, Row

from exchange import records
from exchange.desk import people, practising
from exchange.desk.generators import secret_of, step_of
from exchange.desk.passwords import Passwords
from exchange.desk.people import Person
from exchange.records import Actor
from exchange.store import tables as t
from exchange.store.rows import add_once
from exchange.tries import network_of

if TYPE_CHECKING:
    from exchange.hub import Hub

FREE_OF_A_NAME, FREE_OF_AN_ADDRESS = 5, 20
"""Failures in a row before there is a wait."""
FIRST_WAIT, LONGEST_WAIT = 30.0, 900.0
FORGOTTEN_SECONDS = 86_400.0
"""Failures so long ago count no more."""
SEEN_SECONDS = 60.0
"""So exactly it is known when a session was used last: a page is then seldom a write."""
MOST_OF_A_FIELD = 400


@dataclass(frozen=True, slots=True)
class Session:
    """Who is signed in, by which cookie."""

    person: Person
    hash: str
    token: str
    """What its forms carry (`form_token`)."""
    must_change: bool
    """An initial password: nothing but changing it."""


def hash_of(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "replace")).hexdigest()


def form_token(cookie: str) -> str:
    """What the forms of a page carry, so that no other site can send one: bound to the cookie."""
    return hmac.digest(cookie.encode("utf-8", "replace"), b"form", "sha256").hex()


async def session_of(hub: "Hub", cookie: str, now: float, *, used: bool = True) -> Session | None:
    """Whose session this cookie is of; None: nobody's, or of one that has ended. `used`: by this it is used again."""
    digest = hash_of(cookie)
    found = await hub.ask(lambda connection: _known(connection, digest))
    if found is None or _is_over(hub, found, now) or not _may_come(hub, found):
        return None
    person = people.read(found)
    if used and now - found.seen > SEEN_SECONDS:
        seen = update(t.sessions).where(t.sessions.c.hash == digest).values(seen=now)
        await hub.writer.do(lambda connection: connection.execute(seen))
    return Session(person, digest, form_token(cookie), found.must_change)


def _known(connection: Connection, digest: str) -> Row[Any] | None:
    joined = t.sessions.join(t.people, t.people.c.id == t.sessions.c.person)
    columns = (*t.people.c, t.sessions.c.started, t.sessions.c.seen)
    return connection.execute(select(*columns).select_from(joined).where(t.sessions.c.hash == digest)).first()


def _may_come(hub: "Hub", row: Row[Any]) -> bool:
    """Is neither the person suspended nor its member?"""
    member = hub.registry.members.get(row.member)
    return bool(row.status == "active" and (not row.member or (member is not None and not member.suspended)))


def _is_over(hub: "Hub", session: Row[Any], now: float) -> bool:
    unused, in_all = _ages(hub)
    return bool(session.seen < now - unused or session.started < now - in_all)


def _ages(hub: "Hub") -> tuple[float, float]:
    return hub.settings.session_minutes * 60, hub.settings.session_hours * 3600


# --- signing in ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was typed, and where it comes from."""

    name: str
    password: str
    code: str
    address: str
    before: str = ""
    """The cookie that the browser brought."""


@dataclass(frozen=True, slots=True)
class _Counted:
    row: Row[Any] | None
    waits: bool


async def sign_in(hub: "Hub", attempt: Attempt, now: float) -> str | None:
    """The cookie of a new session; None: not signed in, by rule 3."""
    passwords = Passwords(hub.settings.password_memory)
    name = attempt.name.strip().lower()[:MOST_OF_A_FIELD]
    counted = await hub.writer.do(lambda connection: _count(connection, hub, name, attempt.address, now))
    row = None if counted.waits or counted.row is None or not _may_come(hub, counted.row) else counted.row
    fits = await _fits(hub, passwords, row, attempt.password)
    ordinal = row.totp if row is not None and row.totp is not None else 0
    secret = secret_of(hub.keys.code_key, name, ordinal)
    step = step_of(secret, attempt.code, now, row.totp_used if row is not None else 0)
    if row is not None and row.totp is None:
        step = row.totp_used
    anew = ""
    if fits and row is not None and row.password is not None and passwords.ages(row.password):
        anew = await passwords.hash(attempt.password)
    taken = row if fits and step is not None else None
    cookie = secrets.token_urlsafe(32)

    def job(connection: Connection) -> bool:
        _forget(connection, hub, now)
        if taken is None or not _take(connection, taken, step or 0, anew):
            _failed(connection, hub, counted, attempt.address, now)
            return False
        connection.execute(delete(t.sessions).where(t.sessions.c.hash == hash_of(attempt.before)))
        values = {"hash": hash_of(cookie), "person": taken.id, "started": now, "seen": now}
        connection.execute(t.sessions.insert(), [values])
        _succeeded(connection, taken.id, attempt.address)
        _record(connection, hub, taken, "signed in", attempt.address)
        return True

    done = await hub.writer.do(job)
    hub.changed()
    return cookie if done else None


async def _fits(hub: "Hub", passwords: Passwords, row: Row[Any] | None, password: str) -> bool:
    """Is it the password of this row? The same work where there is none (rule 3)."""
    fits = await passwords.fits(row.password if row is not None else None, password)
    if row is not None and row.password is None:  # somebody of a practice desk, with the seed's
        return practising.is_password(hub, password)
    return fits


def _take(connection: Connection, row: Row[Any], step: int, anew: str) -> bool:
    """Does all that was found to be right still hold, and is the code taken for the first time?"""
    c = t.people.c
    own = (c.id == row.id) & (c.status == "active") & (c.password.is_not_distinct_from(row.password))
    own &= c.totp.is_not_distinct_from(row.totp) & (c.totp_used == row.totp_used)
    values: dict[str, Any] = {"totp_used": step} | ({"password": anew} if anew else {})
    return connection.execute(update(t.people).where(own).values(values)).rowcount == 1


def _count(connection: Connection, hub: "Hub", name: str, address: str, now: float) -> _Counted:
    """Count the attempt as a failure, unless there is a wait."""
    counters = ((_of_name(name), FREE_OF_A_NAME), (_of_address(address), FREE_OF_AN_ADDRESS))
    c = t.sign_in_failures.c
    for counter, _ in counters:
        add_once(connection, t.sign_in_failures, {"name": counter, "failures": 0, "until": 0.0, "at": 0.0})
    rows = select(t.sign_in_failures).where(c.name.in_(dict(counters))).order_by(c.name).with_for_update()
    known = {each.name: each for each in connection.execute(rows)}
    waits = any(each.until > now for each in known.values())
    row = people.row_of(connection, hub, name)
    if waits:
        return _Counted(row, True)
    for counter, free in counters:
        before = known[counter]
        count = 1 if before.at < now - FORGOTTEN_SECONDS else before.failures + 1
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(count - free, 10)) if count >= free else 0.0
        values = {"failures": count, "until": now + wait if wait else 0.0, "at": now}
        connection.execute(update(t.sign_in_failures).where(c.name == counter).values(values))
    return _Counted(row, False)


def _failed(connection: Connection, hub: "Hub", counted: _Counted, address: str, now: float) -> None:
    if counted.waits:
        return
    name = counted.row.id if counted.row is not None else None
    _record(connection, hub, counted.row, "sign-in failed", address)
    c = t.sign_in_failures.c
    own = [_of_address(address)] + ([_of_name(name)] if name else [])
    waiting = connection.execute(select(c.name, c.until).where(c.name.in_(own), c.until > now)).all()
    for each in waiting:
        row = counted.row if each.name.startswith("person ") else None
        _record(connection, hub, row, f"locked out for {each.until - now:.0f} s", address)


def _succeeded(connection: Connection, person: str, address: str) -> None:
    """It was no failure after all: its name begins anew, its address has one less."""
    c = t.sign_in_failures.c
    connection.execute(delete(t.sign_in_failures).where(c.name == _of_name(person)))
    own = c.name == _of_address(address)
    connection.execute(update(t.sign_in_failures).where(own).values(failures=c.failures - 1, until=0.0))


def _record(connection: Connection, hub: "Hub", row: Row[Any] | None, what: str, address: str) -> None:
    who = Actor("") if row is None else Actor(row.member, person=row.id)
    about = "" if row is None else row.id
    records.put(connection, hub, records.Kind.PERSON, who, what, about, {"address": network_of(address)})


def _forget(connection: Connection, hub: "Hub", now: float) -> None:
    """What has no meaning any more."""
    unused, in_all = _ages(hub)
    over = (t.sessions.c.seen < now - unused) | (t.sessions.c.started < now - in_all)
    connection.execute(delete(t.sessions).where(over))
    connection.execute(delete(t.sign_in_failures).where(t.sign_in_failures.c.at < now - FORGOTTEN_SECONDS))


def _of_name(name: str) -> str:
    return f"person {hashlib.sha256(name.encode()).hexdigest()[:40]}"


def _of_address(address: str) -> str:
    return f"address {network_of(address)}"


# --- what a person does with its own ---------------------------------------------------------------------------------


async def sign_out(hub: "Hub", session: Session) -> None:
    def job(connection: Connection) -> None:
        connection.execute(delete(t.sessions).where(t.sessions.c.hash == session.hash))
        _own(connection, hub, session, "signed out")

    await hub.writer.do(job)
    hub.changed()


async def is_own_password(hub: "Hub", session: Session, password: str, address: str, now: float) -> bool:
    """Asked again before something that outlives the session: counted and recorded as a sign-in is."""
    counted = await hub.writer.do(lambda connection: _count(connection, hub, session.person.id, address, now))
    fits = await _fits(hub, Passwords(hub.settings.password_memory), counted.row, password)
    if counted.waits or not fits:
        await hub.writer.do(lambda connection: _failed(connection, hub, counted, address, now))
        hub.changed()
        return False
    await hub.writer.do(lambda connection: _succeeded(connection, session.person.id, address))
    return True


async def change_password(hub: "Hub", session: Session, password: str) -> None:
    """Every other session of the person ends."""
    hashed = await Passwords(hub.settings.password_memory).hash(password)

    def job(connection: Connection) -> None:
        people.set_password(connection, session.person.id, hashed, must_change=False, keep=session.hash)
        _own(connection, hub, session, "password changed")

    await hub.writer.do(job)
    hub.changed()


@dataclass(frozen=True, slots=True)
class Generator:
    """The code generator of a person: the one that is asked for, or the next one that it could take."""

    on: bool
    ordinal: int
    secret: bytes


async def generator_of(hub: "Hub", session: Session) -> Generator:
    query = select(t.people.c.totp, t.people.c.totp_made).where(t.people.c.id == session.person.id)
    row = await hub.ask(lambda connection: connection.execute(query).one())
    ordinal = row.totp if row.totp is not None else row.totp_made + 1
    return Generator(row.totp is not None, ordinal, secret_of(hub.keys.code_key, session.person.id, ordinal))


async def take_generator(hub: "Hub", session: Session, code: str, now: float) -> bool:
    """From now on its code is asked for. False: the code is not right."""
    generator = await generator_of(hub, session)
    step = step_of(generator.secret, code, now, 0)
    if generator.on or step is None:
        return False
    values = {"totp": generator.ordinal, "totp_made": generator.ordinal, "totp_used": step}

    def job(connection: Connection) -> bool:
        own = (t.people.c.id == session.person.id) & t.people.c.totp.is_(None)
        if connection.execute(update(t.people).where(own).values(values)).rowcount != 1:
            return False
        _own(connection, hub, session, "code generator set up")
        return True

    done = await hub.writer.do(job)
    hub.changed()
    return done


async def drop_generator(hub: "Hub", session: Session) -> None:
    def job(connection: Connection) -> None:
        connection.execute(update(t.people).where(t.people.c.id == session.person.id).values(totp=None))
        _own(connection, hub, session, "code generator taken away")

    await hub.writer.do(job)
    hub.changed()


def _own(connection: Connection, hub: "Hub", session: Session, what: str) -> None:
    person = session.person
    records.put(connection, hub, records.Kind.PERSON, Actor(person.member, person=person.id), what, person.id)
