"""`tb scenario`: what a simulated world can play, and playing it: in the world that runs, or in one of its own."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tradebridge.cli import running, world
from tradebridge.cli.exits import Exit, Failed
from tradebridge.cli.reading import write_bytes
from tradebridge.cli.root import Suggesting
from tradebridge.cli.terminal import bold, columns, dim, interactive, mark, out, out_json, say
from tradebridge.cli.where import json_option

if TYPE_CHECKING:
    from simulator.launch import Outcome, Progress

JSON = dict[str, Any]


@click.group("scenario", cls=Suggesting)
def command() -> None:
    """See and play what a simulated world can play."""


@command.command("list")
@json_option
def list_scenarios(as_json: bool) -> Exit:
    """List the scenarios."""
    from simulator.scenario import scenario_names

    items = [_told(name) for name in scenario_names()]
    if as_json:
        out_json({"items": items, "next": None})
        return Exit.OK
    for line in columns([(each["name"], each["title"]) for each in items]):
        out(line)
    return Exit.OK


@command.command("show")
@click.argument("name", metavar="NAME")
@json_option
def show(name: str, as_json: bool) -> Exit:
    """Show what happens in the scenario NAME, and its variants."""
    world.check_scenario(name)
    told = _told(name)
    if as_json:
        out_json(told)
        return Exit.OK
    out(f"{bold(name)}   {told['title']}")
    for number, line in enumerate(columns(_rows(told)), 1):
        out(f"{number:>4}  {line}")
    for variant in told["variants"]:
        out(f"{dim('variant')} {variant['name']}: {variant['teaches']}")
    return Exit.OK


@command.command("run")
@click.argument("name", metavar="NAME")
@click.option("--variant", default="", metavar="NAME", help="One of its variants: `tb scenario show` lists them.")
@click.option(
    "--out", "folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path), help="Keep its files."
)
@click.option("--deadline", type=click.FloatRange(min=1), default=120.0, show_default=True, help="Seconds for it.")
@world.world_options
@json_option
def run(
    name: str,
    variant: str,
    folder: Path | None,
    deadline: float,
    seed: str,
    clock: datetime | None,
    data: Path | None,
    port: int,
    with_: tuple[str, ...],
    as_json: bool,
) -> Exit:
    """Play the scenario NAME in the world of `tb up`, or else in one of its own that ends with it.

    Exit code 0 if all came to its end as planned, 1 otherwise. With --json the outcome is the last line. Of a bill of
    lading --out keeps chain.json and platforms.json, which `tb bl verify` checks without any world.

    \b
    tb scenario run lading-of-rubber --out rubber
    tb bl verify rubber/chain.json --trust rubber/platforms.json
    """
    world.check_scenario(name)
    _check_variant(name, variant)
    files: JSON = {}
    with _playing_in(world.Options.of(seed, clock, data, port, with_)) as world_url:
        outcome = _played(world_url, name, variant, deadline, files)
    written = _keep(folder, files) if folder else []
    if as_json:
        world.say_problems(outcome)
        out_json(outcome.to_json() | ({"files": written} if folder else {}))
    else:
        world.show_outcome(outcome)
        for path in written:
            say(f"       {path}")
    return Exit.OK if outcome.complete else Exit.CHECKS_FAILED


@contextmanager
def _playing_in(options: world.Options) -> Iterator[str]:
    """The address of the running world; or of one that is started for this, on free ports."""
    found = running.find()
    if found is not None and options.data is None and options.clock is None and not options.adapters:
        yield found.world_url
        return
    context = click.get_current_context()
    chosen = context.get_parameter_source("port") is not click.core.ParameterSource.DEFAULT
    ports = options if chosen else replace(options, port=0)
    with world.started(ports) as launched:
        yield launched.world_url


def _played(world_url: str, name: str, variant: str, deadline: float, files: JSON) -> "Outcome":
    from simulator.launch import LaunchFailed, play

    def tell(progress: "Progress") -> None:
        if progress.kind in ("step", "lesson", "refused", "event-refused") and (
            progress.kind != "step" or interactive(sys.stderr)
        ):
            say(f"{mark('warn' if 'refused' in progress.kind else 'ok')} {progress.text}")

    try:
        return play(world_url, name, tell, variant=variant, deadline=deadline, on_files=files.update)
    except LaunchFailed as error:
        raise Failed(Exit.UNREACHABLE, str(error), "With --data DIR the logs are kept there.") from error


def _keep(folder: Path, files: Mapping[str, Any]) -> list[str]:
    import json

    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: folder / f"{name}.json" for name in files}
    for name, path in paths.items():
        write_bytes(str(path), json.dumps(files[name], ensure_ascii=False, indent=1).encode() + b"\n")
    return [str(path) for path in paths.values()]


def _check_variant(name: str, variant: str) -> None:
    names = [each["name"] for each in _told(name)["variants"]]
    if variant and variant not in names:
        raise click.UsageError(f"{name} has no variant {variant!r}. There are: {', '.join(names) or 'none'}.")


def _told(name: str) -> JSON:
    """A scenario in a few words, read from its file."""
    import tomllib

    from simulator.scenario import DOCUMENTS, text_of

    table = tomllib.loads(text_of(name))
    variants = [{"name": each, "teaches": value["teaches"]} for each, value in table.get("variants", {}).items()]
    kind = table.get("kind", DOCUMENTS)
    steps = table.get("steps", [])
    lines = [
        *table.get("documents", ()),
        *(each for lesson in table.get("lessons", ()) for each in lesson["documents"]),
    ]
    shown = {"name": name, "title": table["title"], "kind": kind, "variants": variants}
    return shown | ({"steps": steps} if steps else {"documents": lines})


def _rows(told: Mapping[str, Any]) -> list[tuple[str, ...]]:
    if "steps" in told:
        return [(each["by"], each["tells"]) for each in told["steps"]]
    return [
        (each["profile"], each["from"], each["to"], each.get("defect") or each.get("name", ""))
        for each in told["documents"]
    ]
