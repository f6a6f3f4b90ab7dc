"""Reading a file, or standard input for `-`."""

import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from tradebridge.cli.exits import Exit, Failed

MOST_BYTES = 256 << 20
"""Of a file, far above what any document may have: one that never ends does not take the machine's memory."""


def read_bytes(name: str) -> bytes:
    """What the file holds. A missing or unreadable file is an error of usage, told in one line."""
    try:
        with nullcontext(sys.stdin.buffer) if name == "-" else Path(name).open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise Failed(Exit.USAGE, f"cannot read {name}: {error.strerror}", _step_after(name)) from error
    if len(data) > MOST_BYTES:
        raise Failed(
            Exit.USAGE, f"{name} has more than {MOST_BYTES >> 20} MB", "No document is so large: name another."
        )
    return data


def _step_after(name: str) -> str:
    if Path(name).is_dir():
        return "Name one file. Of a folder, `tb send FOLDER --dry-run` checks all documents."
    return "Check the path; - is standard input."


def read_json(name: str) -> dict[str, object]:
    """The file as one JSON object."""
    return json_of(read_bytes(name), name)


def json_of(data: bytes, name: str) -> dict[str, object]:
    """The bytes as one JSON object; `name` is where they come from."""
    from schemas.content import json_or_finding
    from schemas.findings import Finding

    value = json_or_finding(data)
    if isinstance(value, Finding):
        told = replace(value, message=f"{'standard input' if name == '-' else name}: {value.message}")
        raise Failed(Exit.INVALID, told.message, told.fix, code=told.code, findings=(told,))
    return value


def write_bytes(name: str, data: bytes) -> None:
    """Write a file, or standard output for `-`."""
    from tradebridge.cli.terminal import out_bytes

    if name == "-":
        out_bytes(data)
        return
    try:
        Path(name).write_bytes(data)
    except OSError as error:
        raise Failed(Exit.USAGE, f"cannot write {name}: {error.strerror}", "Choose another path.") from error
