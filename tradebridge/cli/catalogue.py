"""The whole catalogue of codes: every family loaded, none of the server.

The families register their kinds when they are imported; those of the documents come with the registry of profiles.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas.findings import Kind

_OTHERS = ("schemas.refusals", "tradebridge.evidence.refusals", "adapters.port")


def load() -> "dict[str, Kind]":
    """All kinds by code, sorted."""
    from schemas import findings, registry

    registry.profiles()
    for module in _OTHERS:
        import_module(module)
    return findings.catalogue()


def kind_json(kind: "Kind") -> dict[str, object]:
    """A kind in its public form: the members of GET /v1/rules/{code}."""
    return {
        "code": kind.code,
        "family": kind.family,
        "severity": kind.severity.value,
        "sentence": kind.sentence,
        "fix": kind.fix,
        "clause": kind.clause,
        "source": kind.source,
        "fidelity": kind.fidelity.value,
        "status": kind.status,
    }
