"""Exit codes, one meaning each, and the exception that carries one up."""

from collections.abc import Iterable
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas.findings import Finding


class Exit(IntEnum):
    """What the exit code of a command says."""

    OK = 0
    CHECKS_FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    INVALID = 4
    SIGNATURE = 5
    REFUSED = 6
    TIMEOUT = 7
    BUG = 70


MEANING = {
    Exit.OK: "it worked",
    Exit.CHECKS_FAILED: "checks failed",
    Exit.USAGE: "the command was not understood",
    Exit.UNREACHABLE: "something could not be reached",
    Exit.INVALID: "a document is not valid",
    Exit.SIGNATURE: "a signature, or trust in one, failed",
    Exit.REFUSED: "a policy, a permission or the order of things refused it",
    Exit.TIMEOUT: "it took too long",
    Exit.BUG: "a bug of ours",
}


class Failed(Exception):
    """A command that cannot do its job: what went wrong, what to do next, and the exit code."""

    def __init__(
        self,
        exit_code: Exit,
        message: str,
        next_step: str = "",
        *,
        code: str = "",
        findings: "Iterable[Finding]" = (),
    ) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.next_step = next_step
        self.code = code
        self.findings = tuple(findings)


_SIGNATURE_FAMILIES = frozenset({"signature", "log", "receipt", "evidence", "audit", "trust"})
_OF_POLICY = frozenset(f"trust.{each}" for each in ("key-in-use", "no-next-key", "unknown-key", "unknown-version"))
_POLICY_FAMILIES = frozenset(
    {"access", "member", "route", "document", "event", "ack", "delivery", "request", "partner"}
    | {"title", "control", "carrier", "link", "authority", "observer", "retention", "simulation", "webhook", "person"}
)


def exit_of_code(code: str) -> Exit:
    """The exit code for a refusal, from the family of its finding's code."""
    family = code.partition(".")[0]
    if code in _OF_POLICY:
        return Exit.REFUSED
    if family in _SIGNATURE_FAMILIES:
        return Exit.SIGNATURE
    if code == "hub.unavailable":
        return Exit.UNREACHABLE
    if family in _POLICY_FAMILIES and code != "event.malformed":
        return Exit.REFUSED
    return Exit.INVALID


def exit_of_codes(codes: Iterable[str]) -> Exit:
    """The exit code for several findings: an invalid document first, then signature, then policy."""
    found = {exit_of_code(code) for code in codes}
    order = (Exit.INVALID, Exit.SIGNATURE, Exit.REFUSED, Exit.UNREACHABLE)
    return next((each for each in order if each in found), Exit.OK)
