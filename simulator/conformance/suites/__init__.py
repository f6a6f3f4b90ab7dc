"""The suites that there are, each found in the module of its family. A new one is a line here."""

from importlib import import_module
from typing import Any

from simulator.conformance.runner import Suite

SUITES = {
    "pint": "DCSA PINT 3.0.0: handing an eBL from platform to platform, both roles.",
    "title-holder": "A platform that holds titles: one holder, whole chains, surrender and what the carrier answers.",
    "window-inbound": "A window takes what the hub pushes, and acknowledges what holds.",
    "pull-only": "The same for a member that has no address of its own and asks its inbox.",
    "security": "Attacks on a member: forged, replayed and withdrawn signatures.",
    "window-outbound": "A window sends documents, once and safely again.",
    "officer-decisions": "What its officers decide comes as signed events.",
    "certificate-life": "What the issuer says later reaches it, and binds its officers.",
    "resilience": "A bad day: lost answers, a busy hub, the wrong order, many at once.",
    "evidence-verifier": "Its verifier says yes to what is right and no to what is not.",
}
"""Name and a sentence for people, without importing any."""
_IN = {
    "pint": ("pint", "SUITE"),
    "title-holder": ("pint.holding", "SUITE"),
    "window-inbound": ("window.suites", "INBOUND"),
    "pull-only": ("window.suites", "PULL"),
    "security": ("window.suites", "SECURITY"),
    "window-outbound": ("window.suites", "OUTBOUND"),
    "officer-decisions": ("window.suites", "OFFICERS"),
    "certificate-life": ("window.suites", "LIFE"),
    "resilience": ("window.suites", "RESILIENCE"),
    "evidence-verifier": ("window.suites", "VERIFIER"),
}


def family(name: str) -> str:
    """`pint` or `window`: what kind of system a suite is for. Raises KeyError."""
    return _IN[name][0].partition(".")[0]


def suite(name: str) -> Suite[Any]:
    """The suite of a name. Raises KeyError."""
    module, attribute = _IN[name]
    found: Suite[Any] = getattr(import_module(f"{__name__}.{module}"), attribute)
    return found
