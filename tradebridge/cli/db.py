"""`tb db`: the hub's store. The store is the one TRADEBRIDGE_DATABASE_URL or TRADEBRIDGE_DATA names, as for the hub."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tradebridge.cli.exits import Exit, Failed
from tradebridge.cli.root import Suggesting
from tradebridge.cli.terminal import mark, out, out_json
from tradebridge.cli.where import json_option

if TYPE_CHECKING:
    from exchange.store.database import Database

_TOLD = {
    "ready": ("ok", "the store is ready", ""),
    "missing": ("warn", "there is no store yet", "The hub makes it when it starts; or run `tb db upgrade` now."),
    "behind": ("fail", "the store is of an older version", "Stop the hub and run `tb db upgrade`."),
}


@click.group("db", cls=Suggesting)
def command() -> None:
    """Prepare and check the store."""


def _options(function: click.decorators.FC) -> click.decorators.FC:
    options = (
        click.option("--database-url", metavar="URL", help="sqlite:///PATH or postgresql+psycopg://..."),
        click.option("--data", type=click.Path(path_type=Path), metavar="DIR", help="Folder of the store."),
        click.option("--space", default="", metavar="NAME", help="The store of another space."),
    )
    for option in reversed(options):
        function = option(function)
    return json_option(function)


@command.command("check")
@_options
def check(database_url: str | None, data: Path | None, space: str, as_json: bool) -> Exit:
    """Say where the store stands: ready, missing, or behind. Exit code 1 if migrations are waiting."""
    from exchange.store.database import check as check_store

    database = _open(database_url, data, space)
    try:
        state = _reached(database, check_store)
    finally:
        database.close()
    word, told, step = _TOLD[state]
    if as_json:
        out_json({"state": state, "database": _shown(database), "next": step})
    else:
        out(f"{mark(word)} {told}: {_shown(database)}")
        if step:
            out(f"       {step}")
    return Exit.CHECKS_FAILED if state == "behind" else Exit.OK


@command.command("upgrade")
@_options
def upgrade(database_url: str | None, data: Path | None, space: str, as_json: bool) -> Exit:
    """Bring the store to the newest version; make it where there is none. Harmless when run again."""
    from exchange.store.database import check as check_store

    database = _open(database_url, data, space)
    try:
        before = _reached(database, check_store)
        _reached(database, _upgrade)
        after = _reached(database, check_store)
    finally:
        database.close()
    if as_json:
        out_json({"before": before, "state": after, "database": _shown(database)})
    else:
        done = {"missing": "made", "behind": "upgraded"}.get(before, "already at the newest version")
        out(f"{mark('ok' if after == 'ready' else 'fail')} {done}: {_shown(database)}")
    return Exit.OK if after == "ready" else Exit.CHECKS_FAILED


def _open(database_url: str | None, data: Path | None, space: str) -> "Database":
    from sqlalchemy.exc import ArgumentError

    from exchange.config import Settings
    from exchange.store.database import open_database

    given: dict[str, object] = {}
    if database_url:
        given["database_url"] = database_url
    if data:
        given["data"] = data
    settings = Settings.model_validate({**Settings().model_dump(), **given})
    try:
        return open_database(settings.store_url, space)
    except (ValueError, ArgumentError) as error:
        raise Failed(
            Exit.USAGE, str(error), "Give --database-url sqlite:///PATH or postgresql+psycopg://..."
        ) from error


def _upgrade(database: "Database") -> str:
    from exchange.store import database as store
    from exchange.store import migrations

    if not store.exists(database):
        store.create(database)
        return "made"
    with database.writing.begin() as connection:
        migrations.upgrade(connection)
    return "upgraded"


def _reached(database: "Database", step: "Callable[[Database], str]") -> str:
    """Run a step; a database that cannot be reached is told as such."""
    from alembic.util import CommandError
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return step(database)
    except CommandError as error:
        raise Failed(
            Exit.CHECKS_FAILED,
            f"{_shown(database)} is of a version that this program does not know",
            "Use the newer program.",
        ) from error
    except (SQLAlchemyError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise Failed(
            Exit.UNREACHABLE, f"cannot use {_shown(database)}: {reason}", "Check the URL, the folder and the rights."
        ) from error


def _shown(database: "Database") -> str:
    """Its URL without the password."""
    return database.url.render_as_string(hide_password=True)
