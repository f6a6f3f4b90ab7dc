"""Suites for single windows and authorities that are, or will be, members of a hub: the kit is the hub."""

from simulator.conformance.runner import Scenario, Suite
from simulator.conformance.suites.window import deliveries, enduring, living, sending, verifying
from simulator.conformance.suites.window.stage import Stage, on_stage


def _suite(name: str, title: str, scenarios: tuple[Scenario[Stage], ...]) -> Suite[Stage]:
    return Suite(name, "1", title, "Tradebridge member interface 1 (docs/reference/api.md)", scenarios, on_stage)


INBOUND = _suite("window-inbound", "Taking what the hub pushes", deliveries.taking(push=True))
PULL = _suite("pull-only", "Taking what lies in the inbox", deliveries.taking(push=False))
SECURITY = _suite("security", "Attacks that a member must refuse", deliveries.attacks())
OUTBOUND = _suite("window-outbound", "Sending documents", sending.OUTBOUND)
OFFICERS = _suite("officer-decisions", "What officers decide, as signed events", sending.OFFICERS)
LIFE = _suite("certificate-life", "What the issuer says later, and what it ends", living.LIFE)
RESILIENCE = _suite("resilience", "A bad day between window and hub", enduring.SCENARIOS)
VERIFIER = _suite("evidence-verifier", "Verifying what is signed", verifying.SCENARIOS)
