"""The journal of the demo as a file under version control: a line for each document, with what became of it and a
digest of all that every member has written of it.

`python -m tests.simulator.demo_journal` plays the demo and writes the file anew: after a change that is meant to change
documents or signatures. Its difference shows which documents are touched.
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "demo_journal.txt"
AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
HEAD = "# asean-japan, seed 42, clock 2026-01-05T09:00:00Z: number, sender, what was said, lines, SHA-256 of them\n"


def summary_of(journals: str) -> str:
    """The file for journals as `/_sim/v1/journals` gives them."""
    by_number: dict[str, list[str]] = {}
    for line in journals.splitlines():
        by_number.setdefault(_number_in(line), []).append(line)
    return HEAD + "".join(_line(number, lines) for number, lines in sorted(by_number.items()))


def _number_in(line: str) -> str:
    """Of shipping instructions the hub's number has a version after a slash."""
    return str(json.loads(line)["number"]).partition("/")[0]


def _line(number: str, lines: list[str]) -> str:
    entries = [json.loads(line) for line in lines]
    sender = next((each["member"] for each in entries if each["kind"] in ("sent", "refused")), "-")
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:20]
    return f"{number:<16} {sender:<14} {'; '.join(_said(entries)) or '-':<60} {len(lines):>3} {digest}\n"


def _said(entries: Iterable[dict[str, Any]]) -> list[str]:
    """Events in the order of their sequences, by recipient; and what was refused."""
    said = [each for each in entries if each["kind"] == "event sent"]
    said.sort(key=lambda each: (each["event"].get("recipient", "~"), each["event"]["sequence"]))
    refused = [f"refused: {', '.join(each['codes'])}" for each in entries if each["kind"] == "refused"]
    return [each["event"]["type"] for each in said] + sorted(refused)


def main() -> None:
    import httpx

    from simulator.launch import launch, run_scenario

    with launch(clock=AT, port=0) as world:
        run_scenario(world, "asean-japan")
        journals = httpx.get(f"{world.world_url}/_sim/v1/journals", trust_env=False).text
    FILE.write_text(summary_of(journals), "utf-8")


if __name__ == "__main__":
    main()
