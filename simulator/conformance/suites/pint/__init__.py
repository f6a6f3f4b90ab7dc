"""DCSA PINT 3.0.0, both roles: the scenarios of DCSA's own suite, the faults of a chain, what a sender must bear."""

from simulator.conformance.runner import Suite
from simulator.conformance.suites.pint import receiver, sender
from simulator.conformance.suites.pint.stage import Stage, on_stage

SUITE: Suite[Stage] = Suite(
    name="pint",
    version="1",
    title="Handing an eBL from platform to platform",
    standard="DCSA eBL Platform Interoperability (PINT) 3.0.0",
    scenarios=(*receiver.SCENARIOS, *sender.SCENARIOS),
    open=on_stage,
)
