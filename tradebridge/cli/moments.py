"""A moment on the command line: RFC 3339 with an offset, or a date alone (midnight UTC)."""

from datetime import UTC, datetime
from typing import Any

import click


class Moment(click.ParamType[datetime]):
    """An aware datetime."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time; write it as 2026-01-05T09:00:00Z", param, ctx)
        if moment.tzinfo is None:
            if len(value) > 10:
                self.fail(f"{value!r} has no offset; write it as 2026-01-05T09:00:00Z", param, ctx)
            return moment.replace(tzinfo=UTC)
        return moment


MOMENT = Moment()
