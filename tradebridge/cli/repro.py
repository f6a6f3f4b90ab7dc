"""`tb repro`: one failed check once more, with the same bytes."""

import asyncio
from typing import TYPE_CHECKING, Any

import click

from tradebridge.cli.conformance import _guarded, shelf
from tradebridge.cli.conformance_told import mark_of
from tradebridge.cli.exits import Exit, Failed
from tradebridge.cli.terminal import mark, out, out_json, say
from tradebridge.cli.where import json_option

if TYPE_CHECKING:
    from simulator.conformance.kept import Head
    from simulator.conformance.runner import Check, Result


@click.command("repro")
@click.argument("identifier", metavar="ID")
@json_option
def command(identifier: str, as_json: bool) -> Exit:
    """Repeat the exchange of a failed check: ID is what the run printed, such as 7F3A21.

    The kit makes what it made then, as of then, with the same keys: so a window gets the same bytes. A title can be
    handed over only once: of PINT the scenario is played with a new one.

    Exit code 0: the check holds now. 1: it does not.
    """
    from simulator.conformance.kept import NotKept

    try:
        head, before, check = shelf().failed(identifier)
    except NotKept as error:
        raise Failed(Exit.USAGE, str(error), "`tb conformance run` prints the id of each check that fails.") from error
    now: list[Result] = []
    asyncio.run(_guarded(lambda: _again(head, before, now)))
    same = [one.request == other.request for one, other in zip(_made(before), _made(now[0]), strict=False)]
    told = next((each for each in now[0].checks if each.sentence.key == check.sentence.key), None)
    holds = told is not None and told.word.value in ("pass", "not-applicable")
    if as_json:
        out_json(
            {
                "id": identifier.upper(),
                "suite": head.suite,
                "scenario": before.name,
                "sameBytes": bool(same) and all(same),
                "before": check.to_json(),
                "now": told.to_json() if told else None,
                "result": now[0].to_json()["result"],
                "reason": now[0].reason,
                "holds": holds,
            }
        )
    else:
        _show(head, before, now[0], check, told, same)
    return Exit.OK if holds else Exit.CHECKS_FAILED


async def _again(head: "Head", before: "Result", found: "list[Result]") -> None:
    from simulator.conformance.runner import run
    from simulator.conformance.subjects import again
    from simulator.conformance.suites import suite

    async with again(head.suite, head.source, say) as subject:
        played = await run(
            suite(head.suite),
            subject.system,
            name=head.system,
            code=head.code,
            only=lambda each: each.name == before.name,
            at_once=1,
            at=before.began,
        )
    found.extend(each for each in played.results if each.name == before.name)


def _made(result: "Result") -> "list[Any]":
    """What the kit sent."""
    from simulator.conformance.exchange import By

    return [each for each in result.exchanges if each.by is By.KIT]


def _show(
    head: "Head", before: "Result", now: "Result", check: "Check", told: "Check | None", same: list[bool]
) -> None:
    from simulator.conformance.report import sent_in

    out(f"{head.suite} {before.name}: {check.sentence.text} ({check.sentence.source})")
    if same:
        out(f"{mark('ok' if all(same) else 'warn')} {'the same bytes' if all(same) else 'other bytes'} as then")
    sent = sent_in(now, told or check)
    if sent:
        out(f"       sent {sent}")
    out(f"       expected {check.expected}")
    out(f"       got then {check.found}")
    if told is None:
        out(f"{mark_of(now.word.value)} now it came to: {now.word.value} {now.reason}")
        return
    out(f"{mark_of(told.word.value)} got now {told.found}: {told.word.value}")
