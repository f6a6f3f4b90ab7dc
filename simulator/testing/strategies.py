"""Hypothesis strategies of documents; the library is needed when one is asked for."""

from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from schemas.certificate.agreements import AGREEMENTS
from schemas.samples import rules_by_code
from simulator.members import members
from simulator.testing.drafts import BadDraft, Draft, draft

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

MOST_LINES = 20


def drafts(name: str, *, seed: str, at: datetime, valid: bool = True) -> "SearchStrategy[Draft]":
    """Documents of one name (`simulator.testing.drafts`): other goods, parties, routes, numbers of items and syntaxes,
    each valid; or each with one rule broken on purpose. Raises `ImportError` where hypothesis is not installed."""
    try:
        from hypothesis import strategies as st
    except ImportError as error:
        raise ImportError("strategies need hypothesis: pip install hypothesis") from error

    first = draft(name, seed=seed, at=at)
    if not valid:
        codes = broken_alone(first.profile)
        if not codes:
            raise BadDraft(f"no rule of {first.profile} can be broken by a document alone")
        return st.builds(
            lambda code, serial: first.number(f"{first.own_number}-{serial}").invalid(code),
            st.sampled_from(codes),
            st.integers(1, 10**6),
        )
    routes = _routes(first.profile)
    certificate = any(agreement.profile == first.profile for agreement in AGREEMENTS)

    def made(route: tuple[str, str], variant: int, lines: int, syntax: str) -> Draft:
        from_, to = route
        one = draft(name, seed=seed, at=at, sender=from_, to=to, variant=variant, syntax=syntax)
        return one.lines(lines) if certificate else one

    syntaxes = ("json", "xml") if certificate else ("json",)
    return st.builds(
        made,
        st.sampled_from(routes) if certificate else st.just((first.sender, first.recipients[0])),
        st.integers(0, 5_000),
        st.integers(1, MOST_LINES),
        st.sampled_from(syntaxes),
    )


@cache
def broken_alone(profile: str) -> tuple[str, ...]:
    """Codes of the rules that one document breaks, without others beside it."""
    first = draft(profile, seed="0", at=datetime.fromisoformat("2026-01-05T09:00:00+00:00"))
    found = []
    for code, rules in sorted(rules_by_code().items()):
        if any(profile in rule.profiles for rule in rules):
            try:
                broken = first.invalid(code)
            except BadDraft:
                continue
            if broken.findings():
                found.append(code)
    return tuple(found)


def _routes(profile: str) -> tuple[tuple[str, str], ...]:
    """Pairs of members by which the profile may go."""
    everybody = members()
    return tuple(
        (one.id, other.id)
        for one in everybody
        if profile in one.sends
        for other in everybody
        if profile in other.accepts and other.country != one.country and other.kind == "single-window"
    )
