"""Reading a file, or standard input for `-`."""

import sys
from dataclasses import replace
from pathlib import Path

from tradebridge.cli.exits import Exit, Failed


def read_bytes(name: str) -> bytes:
    """What the file holds. A missing or unreadable file is an error of usage, told in one line."""
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise Failed(Exit.USAGE, f"cannot read {name}: {error.strerror}", _step_after(name)) from error


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
