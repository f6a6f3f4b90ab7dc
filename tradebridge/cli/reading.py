"""Reading a file, or standard input for `-`."""

import sys
from pathlib import Path

from tradebridge.cli.exits import Exit, Failed


def read_bytes(name: str) -> bytes:
    """What the file holds. A missing or unreadable file is an error of usage, told in one line."""
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise Failed(
            Exit.USAGE, f"cannot read {name}: {error.strerror}", "Check the path; - is standard input."
        ) from error


def read_json(name: str) -> dict[str, object]:
    """The file as one JSON object."""
    from schemas.content import json_or_finding
    from schemas.findings import Finding

    value = json_or_finding(read_bytes(name))
    if isinstance(value, Finding):
        raise Failed(Exit.INVALID, f"{name}: {value.message}", value.fix, code=value.code, findings=(value,))
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
