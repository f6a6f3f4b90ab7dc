"""`tb docs`: the pages and drawings that come out of the code: command line, codes, how true they are, settings, lives.

They are committed, so that they can be read without running anything; a test compares them with what this writes.
"""

from pathlib import Path

import click

from tradebridge.cli.exits import MEANING, Exit
from tradebridge.cli.terminal import mark, out, out_json
from tradebridge.cli.where import json_option

_MADE = "Made by `make docs` out of the code: change it there."


@click.command("docs")
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), default=Path("docs"), show_default=True, help="Folder."
)
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 if a page is not as it would be written.")
@json_option
def command(output: Path, check: bool, as_json: bool) -> Exit:
    """Write the reference pages: command line, codes, rule books, how true they are, settings, lives of documents."""
    stale = [name for name, text in pages().items() if not _is(output / name, text)]
    if not check:
        for name in stale:
            (output / name).parent.mkdir(parents=True, exist_ok=True)
            (output / name).write_text(pages()[name], encoding="utf-8")
    if as_json:
        out_json({"folder": str(output), "stale" if check else "written": stale})
    for name in () if as_json else stale:
        out(f"{mark('fail')} {output / name} is not current: make docs" if check else f"{mark('ok')} {output / name}")
    return Exit.CHECKS_FAILED if check and stale else Exit.OK


def pages() -> dict[str, str]:
    """The pages and drawings by path below `docs`."""
    from tradebridge.cli import catalogue, collection, fault, fidelity, magic, mapping, origin_facts, rule_pages
    from tradebridge.cli.rules import page

    kinds = list(catalogue.load().values())
    head = f"# What is checked: all codes\n\n{_MADE} `tb explain CODE` says the same of one.\n\n"
    return {
        "reference/codes.md": head + page(kinds),
        "reference/cli.md": _command_line(),
        "reference/fidelity.md": fidelity.page(kinds),
        "reference/settings.md": _settings(),
        "reference/origin.md": origin_facts.page(_MADE),
        "reference/conversions.md": mapping.page(_MADE),
        "reference/faults.md": fault.page(_MADE),
        "reference/magic.md": magic.page(_MADE),
        "reference/postman.json": collection.page(_MADE),
        "reference/conformance-report.schema.json": _report_schema(),
        **_lives(),
        **_machines(),
        **rule_pages.pages(),
    }


def _report_schema() -> str:
    import json

    from simulator.conformance.report_schema import schema

    return json.dumps(schema(), ensure_ascii=False, indent=1) + "\n"


def _settings() -> str:
    from exchange.config import Settings

    parts = [
        "# The hub's settings",
        "",
        f"{_MADE} They are environment variables; what they do: [operations](../operations.md).",
    ]
    parts += ["", "| variable | default | says |", "| --- | --- | --- |"]
    for name, setting in Settings.model_fields.items():
        default = str(setting.get_default())
        shown = "" if default in ("", "None") else f"`{default}`"
        parts.append(f"| `TRADEBRIDGE_{name.upper()}` | {shown} | {setting.description} |")
    return "\n".join(parts) + "\n"


def _lives() -> dict[str, str]:
    """Each family's life, drawn, and all of them as tables with the terms of verification."""
    from schemas.certificate.terms import NOT_KNOWN, TERMS
    from schemas.life import lives
    from tradebridge.render.life import draw, table

    drawn = {f"pictures/life-{family}.svg": draw(life) for family, life in lives().items()}
    parts = ["# The lives of documents: all transitions", "", f"{_MADE} [The life](../life.md) tells it in words."]
    for family, life in lives().items():
        picture = f"![{life.title}](../pictures/life-{family}.svg)"
        parts += ["", f"## {life.title}", "", picture, "", f"It begins as `{life.first}`.", "", table(life).rstrip()]
    parts += ["", "## Terms of verification", ""]
    parts += ["| agreement | what is due | term | clause | source | fidelity |", "| --- " * 6 + "|"]
    for name, terms in [*TERMS.items(), ("any other", NOT_KNOWN)]:
        due = (("answer", terms.answer), ("answer to a further question", terms.further), ("conclusion", terms.result))
        parts += [
            f"| {name} | {what} | {term.text} | {term.clause or '-'} | {term.source} | {term.fidelity} |"
            for what, term in due
            if term is not None
        ]
    return {**drawn, "reference/life.md": "\n".join(parts) + "\n"}


def _machines() -> dict[str, str]:
    """The machines of bills of lading, drawn, and all of their rows as tables."""
    from tradebridge.render.machine import carriage_table, draw, machines, title_table

    drawn = {f"pictures/{each.name}.svg": draw(each) for each in machines()}
    title, *tracks = machines()
    parts = ["# Bills of lading: all transitions", "", f"{_MADE} [Bills of lading](../bills-of-lading.md) tells it."]
    parts += ["", "## The title", "", f"![{title.heading}](../pictures/{title.name}.svg)", "", title_table().rstrip()]
    parts += ["", "## At the carrier", "", "The numbers are DCSA's use cases (EBL 3.0.4)."]
    parts += [f"\n![{each.heading}](../pictures/{each.name}.svg)" for each in tracks]
    parts += ["", carriage_table().rstrip()]
    return {**drawn, "reference/lading.md": "\n".join(parts) + "\n"}


def _command_line() -> str:
    from tradebridge.cli.root import HELP_NAMES, SECTIONS, root

    context = click.Context(root, info_name="tb", help_option_names=HELP_NAMES)
    parts = ["# The command line", "", f"{_MADE} `tradebridge` and `tb` are the same program.", ""]
    parts += ["Exit codes:", "", "| code | says |", "| --- | --- |"]
    parts += [f"| {int(code)} | {text} |" for code, text in MEANING.items()]
    for section, names in SECTIONS.items():
        parts += ["", f"## {section}"]
        for name in names:
            command = root.get_command(context, name)
            if command is None:
                raise LookupError(f"the command {name} is listed but not there")
            parts += _described(command, context, name)
    return "\n".join(parts) + "\n"


def _described(command: click.Command, parent: click.Context, name: str) -> list[str]:
    """The help of a command, and of those below it, as it is printed on 100 columns."""
    from tradebridge.cli.root import WIDTH

    context = click.Context(command, parent=parent, info_name=name, max_content_width=WIDTH, terminal_width=WIDTH)
    lines = ["", f"### tb {context.command_path.partition(' ')[2]}", "", "```", command.get_help(context), "```"]
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            lines += _described(found, context, child) if found else []
    return lines


def _is(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text
