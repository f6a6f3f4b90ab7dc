"""The whole catalogue of codes, and the rules of each profile: every family loaded, none of the server.

The families register their kinds when they are imported; those of the documents come with the registry of profiles.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from schemas.findings import Kind
    from schemas.rules import Rule

_OTHERS = (
    "schemas.refusals",
    "schemas.certificate.checking",
    "tradebridge.evidence.refusals",
    "tradebridge.ebl.refusals",
    "tradebridge.ebl.carrier.refusals",
    "simulator.refusals",
    "tradebridge.ebl.verify",
    "adapters.contract",
    "adapters.port",
    "adapters.skeleton",
    "adapters.platforms.tradewaltz.links",
    "tradebridge.convert.findings",
    "tradebridge.render.findings",
)


def load() -> "dict[str, Kind]":
    """All kinds by code, sorted."""
    from schemas import findings, registry

    registry.profiles()
    for module in _OTHERS:
        import_module(module)
    return findings.catalogue()


def rules_of(profile: str) -> "tuple[Rule[Any], ...]":
    """The rules of a profile in the order in which they run; none for a profile that has codes only."""
    from schemas.rules import rule_book
    from schemas.samples import all_rules

    return rule_book(all_rules(), profile)


def profiles_of(code: str) -> list[str]:
    """The profiles that have a rule with this code; none for what concerns every document or none."""
    from schemas.samples import rules_by_code

    return sorted({profile for rule in rules_by_code().get(code, ()) for profile in rule.profiles})


def kind_json(kind: "Kind") -> dict[str, object]:
    """A kind in its public form: the members of GET /v1/rules/{code}. Rules of documents come with their samples."""
    from schemas.samples import rule_json

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
        **rule_json(kind.code),
    }
