"""`tb version`: what runs here."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

import click

from tradebridge import __version__
from tradebridge.cli.terminal import columns, out, out_json
from tradebridge.cli.where import json_option

_SHOWN = ("cryptography", "lxml", "pydantic", "fastapi", "uvicorn", "sqlalchemy", "httpx", "click")


@click.command("version")
@json_option
def command(as_json: bool) -> None:
    """Show versions of Tradebridge, Python and the libraries that matter."""
    libraries = {name: _version(name) for name in _SHOWN}
    if as_json:
        out_json(
            {
                "tradebridge": __version__,
                "python": platform.python_version(),
                "platform": sys.platform,
                "libraries": libraries,
            }
        )
        return
    out(f"tradebridge {__version__}")
    rows = [("python", f"{platform.python_version()} ({sys.platform})"), *libraries.items()]
    for line in columns(rows):
        out(f"  {line}")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"
