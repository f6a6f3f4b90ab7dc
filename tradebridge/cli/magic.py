"""`tb magic`: what the end of a document's number makes a simulated recipient do; and its page."""

import click

from tradebridge.cli.exits import Exit
from tradebridge.cli.terminal import columns, out, out_json
from tradebridge.cli.where import json_option


@click.command("magic")
@json_option
def command(as_json: bool) -> Exit:
    """List the endings of document numbers that force an outcome in a simulation. Needs no world."""
    from simulator.magic import table

    if as_json:
        out_json({"items": list(table()), "next": None})
        return Exit.OK
    for line in columns([(each["ending"], each["does"]) for each in table()]):
        out(line)
    return Exit.OK


def page(made: str) -> str:
    """docs/reference/magic.md"""
    from simulator.magic import table

    parts = [
        "# Magic values: endings of document numbers",
        "",
        f"{made} `tb magic` prints the same.",
        "",
        "In a simulation the end of a document's number decides what its recipient does: `SG-2026-00041-R02` is"
        " rejected because of its HS code. Endings can stand one after the other: `-R02-T30` rejects after 30 seconds"
        " of the business clock, `-D2` says each thing twice. They hold for documents that you send; documents of a"
        " scenario have their own story, and a script (`tb script next`) goes before both.",
        "",
        "| ending | what the recipient does | code of the reason |",
        "| --- | --- | --- |",
    ]
    for each in table():
        code = f"`{each['reason']['code']}`" if each["reason"] else ""
        parts.append(f"| `{each['ending']}` | {each['does']} | {code} |")
    parts += ["", "The codes are invented: no window's list of reasons was found ([fidelity](../fidelity.md))."]
    return "\n".join(parts) + "\n"
