"""A knock at the door of a system under test, before any scenario: is it there, does it speak, does its clock go right?

Nothing is delivered and nobody is told to act. Answers are bounded in time and size; a redirect is told, not followed.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from simulator.conformance.bounded import Answered, ask
from simulator.conformance.exchange import json_in
from simulator.conformance.runner import Word
from tradebridge.outbound import tls_context

SKEW = 5.0
"""Seconds that a clock may be off, at a precision of one."""


@dataclass(frozen=True, slots=True)
class Probed:
    """One thing that was looked at."""

    what: str
    word: Word
    found: str
    fix: str = ""


async def probe_window(system: Any) -> AsyncIterator[Probed]:
    """Of a `WindowSystem`."""
    async with _client(system) as http:
        if system.push is None:
            yield Probed("push", Word.NOT_APPLICABLE, "it pulls: it asks the kit for its inbox")
        else:
            async for each in _push(http, system.push, system.answers_within):
                yield each
        for what, url in (("verifier", system.verifier), ("sends", system.sends), ("decides", system.decides)):
            if url is None:
                yield Probed(what, Word.NOT_APPLICABLE, f"`{what}` is not in its file: its suite cannot be played")
        if system.verifier is not None:
            answer, told = await _ask(http, system.verifier, b"rubbish", system.answers_within)
            said = _member(answer.body, "verdict")
            right = answer.status == 200 and said == "no"
            fix = "" if right else 'answer {"verdict": "no"} to what is no document'
            yield Probed("verifier", Word.PASS if right else Word.FAIL, told, fix)


async def _push(http: httpx.AsyncClient, url: str, seconds: float) -> AsyncIterator[Probed]:
    answer, told = await _ask(http, url, b'{"deliveries": []}', seconds)
    if answer.status is None:
        yield Probed("push", Word.FAIL, told, "start it, or mend `push` in its file")
        return
    right = answer.status == 200 and isinstance(_member(answer.body, "acknowledgements"), list)
    fix = "" if right else 'answer 200 with {"acknowledgements": []} where there is nothing to acknowledge'
    yield Probed("push", Word.PASS if right else Word.FAIL, told, fix)
    yield _clock(answer.headers)


def _clock(headers: Mapping[str, str]) -> Probed:
    try:
        at = parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return Probed("clock", Word.WARNING, "no Date in its answer", "send Date (RFC 9110, 6.6.1)")
    skew = abs((datetime.now(UTC) - at).total_seconds()) if at.tzinfo else SKEW + 1
    word = Word.PASS if skew <= SKEW else Word.WARNING
    return Probed("clock", word, f"{skew:.0f} s from ours", "" if word is Word.PASS else "keep it with NTP, in UTC")


async def probe_platform(system: Any) -> AsyncIterator[Probed]:
    """Of a platform's `System`."""
    async with _client(system) as http:
        answer, told = await _ask(http, f"{system.pint}/receiver-validation", b"{}", system.answers_within)
        if answer.status is None:
            yield Probed("pint", Word.FAIL, told, "start it, or mend `base` in its file")
            return
        right = answer.status == 401
        fix = "" if right else "answer 401 to a call without a token"
        yield Probed("pint", Word.PASS if right else Word.WARNING, told, fix)
        yield _clock(answer.headers)


# --- Asking ----------------------------------------------------------------------------------------------------------


def _client(system: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        verify=tls_context(),
        timeout=system.answers_within,
        trust_env=False,
        follow_redirects=False,
        transport=getattr(system, "transport", None),
    )


async def _ask(http: httpx.AsyncClient, url: str, body: bytes, seconds: float) -> tuple[Answered, str]:
    """What came, and that in words."""
    got = await ask(http, "POST", url, body, {"Content-Type": "application/json"}, seconds)
    if got.status is None:
        return got, f"nobody answers at {url}: {got.note}"
    to = f" to {got.headers['location']}, which the hub does not follow" if "location" in got.headers else ""
    return got, f"{got.status}{to} at {url} in {got.seconds:.2f} s"


def _member(body: bytes, name: str) -> Any:
    told = json_in(body)
    return told.get(name) if isinstance(told, dict) else None
