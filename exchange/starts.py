"""A start of the hub goes on the record where it found other settings than the start before it.

1. Compared is what decides how the hub behaves. Where it runs and listens (host, port, address, data folder, pipes) is
   the business of one process: several processes over one store differ in it.
2. A secret is told as set or not set; of the database only which kind it is.
3. The release of Tradebridge counts as a setting: another one may behave differently.
"""

from importlib.metadata import version
from typing import TYPE_CHECKING

from pydantic import SecretStr
from sqlalchemy.engine import Connection, make_url

from exchange import records
from exchange.config import Settings

if TYPE_CHECKING:
    from exchange.hub import Hub

OF_ONE_PROCESS = frozenset({"host", "port", "base_url", "data", "space", "ready_fd", "parent_pipe"})
SECRET = frozenset({"seed", *(name for name, each in Settings.model_fields.items() if each.annotation is SecretStr)})


def told(settings: Settings) -> dict[str, str]:
    """The settings as a record may tell them, by name: texts, nothing secret."""
    found = {}
    for name in Settings.model_fields.keys() - OF_ONE_PROCESS:
        value = getattr(settings, name)
        if name in SECRET:
            given = value if isinstance(value, str) else value.get_secret_value()
            found[name] = "set" if given else "not set"
        elif name == "database_url":
            found[name] = make_url(settings.store_url).get_backend_name()
        else:
            found[name] = "" if value is None else str(value)
    return found | {"release": version("tradebridge")}


def settings_changed(connection: Connection, hub: "Hub") -> None:
    """Put on the record what is different since the last start, or all of it at the first one."""
    now = told(hub.settings)
    before = records.last_details(connection, records.Kind.SETTING)
    known = (before or {}).get("settings", {})
    if known == now:
        return
    what = "first start" if before is None else f"changed since the last start: {len(records.difference(known, now))}"
    details = {"settings": now, "changes": records.difference(known, now) if before else {}}
    records.put(connection, hub, records.Kind.SETTING, records.BY_ITSELF, what, details=details)
