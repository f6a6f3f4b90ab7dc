"""`tb adapter`: how a single window of your own speaks, in a package of your own."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tradebridge.cli.exits import Exit, Failed
from tradebridge.cli.root import Suggesting
from tradebridge.cli.terminal import bold, columns, dim, finding_lines, mark, out, out_json, say
from tradebridge.cli.where import json_option

if TYPE_CHECKING:
    from adapters.contract import Verdict
    from adapters.outside import Outside, Unusable

MOST_SHOWN = 5
"""Findings of one check; --json has all."""


@click.group("adapter", cls=Suggesting)
def command() -> None:
    """Bring a window of your own: begin its adapter, and try the contract on it. docs/bring-your-own-window.md."""


@command.command("new")
@click.argument("name")
@click.option("--like", required=True, metavar="COUNTRY", help="Begin with what this country's window speaks: sg.")
@click.option("--into", type=click.Path(path_type=Path), metavar="DIR", help="The new folder; else NAME, here.")
@json_option
def new(name: str, like: str, into: Path | None, as_json: bool) -> Exit:
    """Write a package NAME with a working adapter, its entry point and its tests."""
    from adapters.outside import Unusable
    from adapters.single_windows.countries import countries
    from adapters.skeleton import write

    country = countries().get(like.upper())
    if country is None:
        raise click.UsageError(f"{like!r} is no country of these: {', '.join(countries()).lower()}")
    folder = into or Path(name)
    try:
        files = write(folder, name, country)
    except Unusable as error:
        raise unusable(error) from error
    except OSError as error:
        raise Failed(
            Exit.USAGE, f"cannot write {folder}: {error.strerror}", "Name another folder with --into."
        ) from error
    if as_json:
        out_json({"folder": str(folder), "style": name, "country": country.code, "files": [*map(str, files)]})
        return Exit.OK
    for path in files:
        out(f"{mark('ok')} {path}")
    say(f"Then: tb adapter check {folder}, and tb up --with {folder}")
    return Exit.OK


@command.command("check")
@click.argument("given", metavar="PACKAGE_OR_DIR")
@click.option("--timeout", type=click.FloatRange(1, 3600), default=120.0, show_default=True, metavar="SECONDS")
@click.option("--unguarded", is_flag=True, hidden=True, help="In this process: what the guarded one does.")
@json_option
def check(given: str, timeout: float, unguarded: bool, as_json: bool) -> Exit:
    """Try the contract on an adapter: a folder, an installed package, or a style by name. Exit code 1 if it fails.

    It runs the package's code, in a process of its own that has an end (--timeout; exit code 7) and 4 GB. That is no
    sandbox: read the code before.
    """
    from tradebridge.cli import guarded

    if unguarded:
        guarded.limit()
        return _check(given, as_json)
    ended = guarded.run(["adapter", "check", given, "--unguarded", *(["--json"] if as_json else [])], timeout)
    if ended.code is not None and ended.code in {each.value for each in Exit}:
        click.echo(ended.out, nl=False)
        click.echo(ended.err, nl=False, err=True)
        return Exit(ended.code)
    from adapters.contract import did_not_end

    found = did_not_end(f"no end within {timeout:g} s" if ended.code is None else f"the process ended by {-ended.code}")
    exit_code = Exit.TIMEOUT if ended.code is None else Exit.CHECKS_FAILED
    raise Failed(exit_code, f"{found.message} {found.found}.", found.fix, code=found.code, findings=(found,))


def _check(given: str, as_json: bool) -> Exit:
    from adapters.outside import Unusable, named
    from adapters.port import Adapter, UnknownStyle, find_adapter

    try:
        found = named(given)
    except Unusable as error:
        if error.found.code != "adapter.not-found" or Path(given).is_dir():
            raise unusable(error) from error
        try:
            ours: Adapter = find_adapter(given)
        except UnknownStyle:
            raise unusable(error) from error
        from adapters.contract import examine

        return _tell([{"style": given, "country": "", "where": "tradebridge"}], [examine(ours)], as_json)
    tried = [(each, country) for each in found for country in each.countries]
    heads = [{"style": each.style, "country": country, "where": each.where} for each, country in tried]
    return _tell(heads, [_examined(each, country) for each, country in tried], as_json)


def unusable(error: "Unusable") -> Failed:
    """An adapter that cannot be used, told with its finding."""
    exit_code = Exit.USAGE if error.found.code in _OF_USAGE else Exit.CHECKS_FAILED
    return Failed(exit_code, error.found.message, error.found.fix, code=error.found.code, findings=(error.found,))


_OF_USAGE = ("adapter.not-found", "adapter.folder-taken", "adapter.bad-name")


def _examined(outside: "Outside", country: str) -> "tuple[Verdict, ...]":
    from adapters.contract import CHECKS, Verdict, examine, made
    from schemas.findings import Finding

    adapter = made(outside, country)
    return (Verdict(CHECKS[0], 1, 1, (adapter,)),) if isinstance(adapter, Finding) else examine(adapter)


def _tell(heads: list[dict[str, str]], verdicts: "list[tuple[Verdict, ...]]", as_json: bool) -> Exit:
    failed = sum(not each.passed for some in verdicts for each in some)
    if as_json:
        items = [
            {**head, "checks": [each.to_json() for each in some]} for head, some in zip(heads, verdicts, strict=True)
        ]
        out_json({"ok": not failed, "adapters": items})
        return Exit.CHECKS_FAILED if failed else Exit.OK
    for head, some in zip(heads, verdicts, strict=True):
        out(bold(" ".join(part for part in (head["style"], head["country"]) if part)) + f"   {dim(head['where'])}")
        told = columns((f"{mark('ok' if each.passed else 'fail')} {each.check.name}", _count(each)) for each in some)
        for each, line in zip(some, told, strict=True):
            out(line)
            for part in finding_lines(each.findings[:MOST_SHOWN]):
                out(f"       {part}")
            if len(each.findings) > MOST_SHOWN:
                out(f"       and {len(each.findings) - MOST_SHOWN} more; --json lists them")
    say("the contract holds" if not failed else f"{failed} checks of the contract failed")
    return Exit.CHECKS_FAILED if failed else Exit.OK


def _count(verdict: "Verdict") -> str:
    if not verdict.tried:
        return "nothing of that kind to try"
    return f"{verdict.failed} of {verdict.tried} tried" if verdict.failed else f"{verdict.tried} tried"
