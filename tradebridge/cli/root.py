"""The tree of commands, each loaded when it is called, and the one place where errors become exit codes."""

import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from tradebridge import __version__
from tradebridge.cli.exits import Exit, Failed, exit_of_code, exit_of_codes
from tradebridge.cli.terminal import ReaderGone, finding_lines, mark, out_json, say

if TYPE_CHECKING:
    from schemas.findings import Finding
    from tradebridge.calls import Refused

SECTIONS: dict[str, dict[str, str]] = {
    "A world on this machine": {
        "up": "Start a hub and a simulated world of partners.",
        "demo": "Start them and play a scenario.",
        "scenario": "See and play what a world can play.",
        "doctor": "Check this machine and a running hub, with fixes.",
    },
    "In a running world": {
        "clock": "See and move its business clock.",
        "fault": "Let things go wrong on purpose.",
        "script": "Say what becomes of the next documents.",
        "officer": "Set how officers work; decide by hand.",
        "journal": "Read what its members sent, took and said.",
        "magic": "List the document numbers that force an outcome.",
        "seed": "Fill it with documents.",
        "traffic": "Send so many documents a second.",
        "space": "Make and drop worlds of one's own.",
        "snapshot": "Keep what has happened, and go back to it.",
        "reset": "Put it back to its start.",
        "record": "Record a session: what was sent, and what came of it.",
        "replay": "Send a recorded session again, and see what differs.",
    },
    "Documents": {
        "send": "Send a document, or an example of one.",
        "validate": "Check a document, without a server.",
        "sign": "Sign a document.",
        "convert": "Write a document in another form.",
        "split": "Write a large certificate as several.",
        "diff": "Compare what two documents say.",
        "render": "Draw a certificate or bill of lading as on paper.",
        "event": "Say it, signed: decide, ask, answer, use, verify, cancel.",
        "bl": "Bills of lading: issue, transfer, endorse, surrender, verify.",
        "apply": "Apply to an authority for a certificate of origin.",
        "get": "Fetch a document, its evidence, timeline or checks.",
        "evidence": "Fetch all that proves a document, as one file.",
        "verify": "Check a document's evidence with public keys only.",
        "utilisation": "Show what is left of a certificate, and who drew what.",
        "stats": "Show which rules fail most, and how long decisions take.",
        "tail": "Watch what happens, as it happens.",
        "log": "Show, prove and follow the public record.",
    },
    "What is checked": {
        "explain": "Say what a code means and what to do.",
        "rules": "List what is checked.",
        "origin": "Calculate whether products originate.",
    },
    "Connecting a system": {
        "webhook": "Be told what happens, by signed calls.",
        "listen": "The same on this machine, while you develop.",
        "trigger": "Make something happen, so that you are told.",
        "conformance": "Try a system against a standard, in all its roles.",
        "sut": "Describe your system to the conformance kit, and knock at it.",
        "repro": "Repeat the exchange of a check that failed.",
        "report": "Compare the reports of conformance runs.",
        "partner": "Run one simulated platform alone.",
        "adapter": "Bring a window of your own: begin its adapter, check it.",
    },
    "Running a hub": {
        "member": "Add and change those who exchange.",
        "person": "Add and change those who sign in.",
        "trust": "Show, compare and change what is trusted.",
        "audit": "Export the record of people, check it, ask what it raises.",
        "delivery": "See what is not delivered yet, and send it again.",
        "retention": "Delete what is past its years, on the record; hold the rest.",
        "serve": "Run a hub.",
        "db": "Prepare and check the store.",
        "docs": "Write the reference pages that come out of the code.",
        "version": "Show versions.",
    },
}
COMMANDS = {name: text for section in SECTIONS.values() for name, text in section.items()}

HELP_NAMES = ["-h", "--help"]
WIDTH = 100
"""Of help, in columns, where the terminal is as wide."""


class Suggesting(click.Group):
    """A group that answers a mistyped command with the nearest ones."""

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if not name.startswith("-") and name not in self.list_commands(context):
            near = get_close_matches(name, self.list_commands(context), n=2)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            raise click.UsageError(f"There is no command {name!r}.{hint}", context)
        return super().resolve_command(context, args)


class Lazy(Suggesting):
    """The root: a command's module is imported when the command is called."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(f"tradebridge.cli.{name}").command
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, COMMANDS))
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), text) for name, text in commands.items()])


@click.group(
    cls=Lazy,
    context_settings={"help_option_names": HELP_NAMES, "max_content_width": WIDTH},
    invoke_without_command=True,
)
@click.option("--version", is_flag=True, help="Show the version.")
@click.pass_context
def root(context: click.Context, version: bool) -> None:
    """Trade documents between ASEAN and Japan: validate, sign, exchange, verify.

    \b
    Start here:
      tb up                                            a hub and its partners, simulated
      tb send --example form-d --from sg --to th       the first exchange
    """
    if version:
        click.echo(f"tradebridge {__version__}")
        context.exit(Exit.OK)
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit code. Nothing but a debugging run sees a traceback."""
    as_json = "--json" in arguments
    try:
        result: Any = root.main(list(arguments), prog_name=_program(), standalone_mode=False)
        sys.stdout.flush()
        return int(result or 0)
    except click.ClickException as error:
        return _usage(error, as_json)
    except (click.Abort, KeyboardInterrupt):
        say()
        return 130
    except ReaderGone:  # Python must not complain of it at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except Failed as failed:
        return _failed(failed, as_json)
    except Exception as error:
        return _other(error, as_json)


def _program() -> str:
    name = os.path.basename(sys.argv[0])  # noqa: PTH119  # pathlib costs a tenth of `tb --help`
    return name if name in ("tb", "tradebridge") else "tb"


def _usage(error: click.ClickException, as_json: bool) -> int:
    if as_json:
        _out_error(Exit.USAGE, "", error.format_message(), "tb --help")
    else:
        error.show()
    return Exit.USAGE


def _failed(failed: Failed, as_json: bool) -> int:
    if as_json:
        findings = [each.to_json() for each in failed.findings]
        _out_error(failed.exit_code, failed.code, str(failed), failed.next_step, findings)
        return failed.exit_code
    for line in finding_lines(failed.findings):
        say(line)
    if not failed.findings:
        say(f"{mark('fail')} {failed}")
        if failed.next_step:
            say(f"       {failed.next_step}")
    return failed.exit_code


def _other(error: Exception, as_json: bool) -> int:
    """An error of the SDK is told as such; any other is a bug of ours."""
    failed = _of_the_hub(error)
    if failed is not None:
        return _failed(failed, as_json)
    if os.environ.get("TRADEBRIDGE_DEBUG"):
        raise error
    what = f"{type(error).__name__}: {error}".splitlines()[0]
    step = (
        "Please report it as SECURITY.md or CONTRIBUTING.md says, with what you typed; TRADEBRIDGE_DEBUG=1 shows where."
    )
    if as_json:
        _out_error(Exit.BUG, "", what, step)
    say(f"{mark('fail')} a bug of ours: {what}. {step}")
    return Exit.BUG


def _of_the_hub(error: Exception) -> Failed | None:
    if "tradebridge.calls" not in sys.modules:  # no hub was spoken to
        return None
    from tradebridge.calls import HubError, Refused, TimedOut

    if isinstance(error, Refused):
        codes = [each.code for each in error.findings if each.refuses]
        exit_code = exit_of_codes(codes) or exit_of_code(error.code)
        return Failed(exit_code, str(error), error.next_step, code=error.code, findings=_with_first(error))
    if isinstance(error, TimedOut):
        return Failed(Exit.TIMEOUT, str(error), error.next_step)
    if isinstance(error, HubError):
        return Failed(Exit.UNREACHABLE, str(error), error.next_step)
    return None


def _with_first(error: "Refused") -> "tuple[Finding, ...]":
    """The findings; of a duplicate with the document that was first, which the hub tells to its own sender."""
    from dataclasses import replace

    first = error.problem.get("document")
    if not first:
        return error.findings
    fix = f"Use the first document: tb get {first} --as summary"
    return tuple(replace(each, fix=fix) if each.code == "document.duplicate" else each for each in error.findings)


def _out_error(
    exit_code: Exit, code: str, message: str, next_step: str, findings: list[dict[str, object]] | None = None
) -> None:
    error = {"exit": int(exit_code), "code": code, "message": message, "next": next_step}
    out_json({"ok": False, "error": error, "findings": findings or []})
