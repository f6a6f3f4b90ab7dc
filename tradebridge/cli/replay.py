"""`tb replay FILE`: a recorded session, sent again, and what is not as it was."""

import os
from typing import TYPE_CHECKING

import click

from tradebridge.cli.exits import Exit, Failed
from tradebridge.cli.plane import NO_WORLD, world_url
from tradebridge.cli.reading import read_bytes, write_bytes
from tradebridge.cli.terminal import bold, dim, mark, out, out_json, say
from tradebridge.cli.where import json_option

if TYPE_CHECKING:
    from simulator.comparing import Difference, Pairs
    from simulator.replaying import Replayed


@click.command("replay")
@click.argument("file")
@click.option("--world", envvar="TRADEBRIDGE_WORLD_URL", metavar="URL", help="The world's base URL.")
@click.option("--into", metavar="NAME", help="Name of the space that it is sent to; else one for this run.")
@click.option("--keep", is_flag=True, help="Leave the space there, to look into it.")
@click.option("-o", "--output", metavar="FILE", help="Write the cassette of the replay.")
@click.option(
    "--patience", type=click.FloatRange(0.1, 600), default=10.0, show_default=True, help="Seconds for a step."
)
@json_option
def command(
    file: str, world: str | None, into: str | None, keep: bool, output: str | None, patience: float, as_json: bool
) -> Exit:
    """Send the session of FILE again, to a new space of the running world, and show what is not as it was.

    Statuses, findings, states and what members said are compared. Ids that must differ are paired, times are compared
    where both clocks stood. Exit code 1 if anything differs.
    """
    from simulator.cassette import BadCassette, read_cassette
    from simulator.comparing import compare
    from simulator.replaying import CannotReplay, replay

    url = world_url(world)
    if url is None:
        raise Failed(Exit.UNREACHABLE, "no world is running on this machine", NO_WORLD)
    try:
        cassette = read_cassette(read_bytes(file))
        replayed = replay(cassette, url, into or f"replay-{os.getpid()}", keep=keep, patience=patience)
    except BadCassette as error:
        raise Failed(Exit.INVALID, f"{file}: {error}", "tb record stop -o FILE writes such a file.") from error
    except CannotReplay as error:
        raise Failed(Exit.UNREACHABLE, str(error), "The world must be of the cassette's seed, and running.") from error
    if output:
        write_bytes(output, replayed.cassette.data())
    differences, pairs = compare(cassette, replayed.cassette)
    if as_json:
        out_json(_told(differences, pairs, replayed))
    else:
        _show(differences, pairs, replayed, cassette.version)
    return Exit.CHECKS_FAILED if differences else Exit.OK


def _told(differences: "tuple[Difference, ...]", pairs: "Pairs", replayed: "Replayed") -> dict[str, object]:
    return {
        "ok": not differences,
        "steps": len(replayed.cassette.steps),
        "entries": replayed.cassette.entries,
        "differences": [each.to_json() for each in differences],
        "aligned": {"ids": pairs.moved, "times": pairs.times},
        "notes": list(replayed.notes),
    }


def _show(differences: "tuple[Difference, ...]", pairs: "Pairs", replayed: "Replayed", version: str) -> None:
    for each in differences:
        out(f"{mark('fail')} {bold(each.where)}")
        out(f"       before: {each.before}")
        out(f"       after:  {each.after}")
    for note in replayed.notes:
        say(dim(note))
    made = replayed.cassette
    what = f"{len(made.steps)} calls, {len(made.documents)} documents, {made.entries} entries of journals"
    aligned = f"aligned: {pairs.moved} ids, {pairs.times} times"
    word = f"{len(differences)} differences" if differences else "nothing differs"
    out(f"{mark('fail' if differences else 'ok')} {word} between {version} and {made.version}: {what}; {aligned}")
