"""What a run of a scenario leaves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator.progress import Outcome


@dataclass(frozen=True, slots=True)
class Played:
    """Its summary, and files for who wants to look at them."""

    summary: Outcome
    files: Mapping[str, dict[str, Any]]
    """By name: of a bill of lading the chain, the list of platforms to believe, the link as the importer sees it."""
