"""What stays of a demo: the evidence bundle of one document of it, the trust list, and the command that verifies them.

They are written where they outlive the world: below the folder of --data, or else beside the note of running worlds
(`running`), where the next demo writes its own. The command asks nobody; it is tried before it is shown.
"""

import json
import shlex
import shutil
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradebridge.cli import running
from tradebridge.cli.exits import Exit, Failed
from tradebridge.cli.get import ON_RECORD

if TYPE_CHECKING:
    from simulator.launch import Launched, Outcome
    from tradebridge.client import Hub

CANDIDATES = 5
"""Documents that are tried, the newest first."""


def keep(launched: "Launched", outcome: "Outcome", data: Path | None) -> str | None:
    """The command; None where no document of the scenario gets four times yes. `data`: the folder of --data."""
    from tradebridge.client import Hub

    folder = (data or running.state_file().parent) / "evidence"
    with Hub(launched.hub_url, launched.operator_key) as hub:
        trust = hub.trust()
        found = _proven(hub, outcome, trust, launched.clock)
    if found is None:
        return None
    bundle, listed = folder / "demo.asice", folder / "trust.json"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        bundle.write_bytes(found)
        listed.write_text(json.dumps(trust), encoding="utf-8")
    except OSError as error:
        raise Failed(
            Exit.USAGE, f"cannot write below {folder}: {error.strerror}", "Name another --data DIR."
        ) from error
    at = [] if launched.clock is None else ["--at", launched.clock.isoformat().replace("+00:00", "Z")]
    return shlex.join([*_program(), "verify", str(bundle), "--trust", str(listed), "--offline", *at])


def _proven(hub: "Hub", outcome: "Outcome", trust: dict[str, Any], clock: datetime | None) -> bytes | None:
    """The bundle of the newest document that gets four times yes."""
    from datetime import UTC

    from simulator.launch import Summary
    from tradebridge.evidence.bundle import verify_bundle
    from tradebridge.evidence.trust import TrustList

    believed = TrustList.from_json(trust)
    named = {} if isinstance(outcome, Summary) else {"number": outcome.certificate}
    known = hub.documents(**named, limit=500).items
    for each in [each for each in known if _decided(each)][:CANDIDATES]:
        data = hub.bundle(str(each["id"]), wait=ON_RECORD).data
        if verify_bundle(data, believed, clock or datetime.now(UTC)).exit_code == Exit.OK:
            return data
    return None


def _decided(summary: dict[str, Any]) -> bool:
    """A certificate that holds, and that somebody has accepted."""
    from schemas.registry import profile_of

    profile = profile_of(str(summary["profile"]))
    accepted = any(each["state"] == "accepted" for each in summary["recipients"].values())
    return summary["state"] == "live" and accepted and profile is not None and profile.family == "certificate"


def _program() -> list[str]:
    """How this program is called from here."""
    found = shutil.which("tb")
    if found is not None and Path(found).resolve().parent == Path(sys.executable).parent:
        return ["tb"]
    if Path(sys.argv[0]).name in ("tb", "tradebridge"):
        return [sys.argv[0]]
    return [sys.executable, "-P", "-m", "tradebridge.cli"]
