"""Who may come where: one row for each route of the console. What has no row here is refused, and fails a test.

The rows are by method and path, as the routes are written. `Rule.open`: without sign-in too, in a simulation, whose
keys are public anyway; elsewhere the Workbench is for operators, and for auditors of the hub to look (ADR 0038).
"""

from dataclasses import dataclass, replace

from exchange.desk.people import Person


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may."""

    roles: frozenset[str] = frozenset()
    """Any of these; empty: everybody who is signed in."""
    hub: bool = False
    """Only who is of the hub itself, and of no member: the page shows the documents of all."""
    open: bool = False
    """In a simulation without sign-in too."""
    public: bool = False
    """Everywhere without sign-in."""
    initial: bool = False
    """Also with an initial password, which has to be changed first."""
    harmless: bool = False
    """A POST that changes nothing: it needs no token of a form."""
    by_itself: bool = False
    """A page asks for it, and again when the network was away, with nobody there: that is no use of a session, which
    ends unused all the same."""

    def admits(self, person: Person | None, *, simulated: bool) -> bool:
        if self.public or (self.open and simulated):
            return True
        if person is None or (self.hub and person.member):
            return False
        return not self.roles or bool(self.roles & person.roles)


PUBLIC = Rule(public=True, initial=True)
OWN = Rule(initial=True)
"""What everybody does with its own sign-in."""
LOOK = Rule(frozenset({"operator", "auditor"}), hub=True, open=True)
ACT = Rule(frozenset({"operator"}), hub=True, open=True)
JUDGE = Rule(open=True)
"""Judging a file that somebody has at hand: nothing is kept of it."""
DESK = Rule(frozenset({"officer", "supervisor", "auditor"}))
DECIDE = Rule(frozenset({"officer", "supervisor"}))
DESK_AUDIT = Rule(frozenset({"auditor", "supervisor"}))


def _by_itself(rule: Rule) -> Rule:
    return replace(rule, by_itself=True)


_CASE = "/console/desk/c/{document_id}"

RULES: dict[tuple[str, str], Rule] = {
    ("GET", "/"): PUBLIC,
    # signing in
    ("GET", "/console/sign-in"): PUBLIC,
    ("POST", "/console/sign-in"): PUBLIC,
    ("POST", "/console/sign-out"): OWN,
    ("GET", "/console/me"): OWN,
    ("POST", "/console/me/password"): OWN,
    ("POST", "/console/me/generator"): Rule(),
    ("POST", "/console/me/generator/off"): Rule(),
    # Desk
    ("GET", "/console/desk"): DESK,
    ("GET", "/console/desk/feed"): _by_itself(DESK),
    ("GET", "/console/desk/find"): DESK,
    ("GET", "/console/desk/overview"): DESK,
    ("GET", "/console/desk/overview.csv"): DESK,
    ("GET", "/console/desk/overview.xlsx"): DESK,
    ("GET", "/console/desk/practice"): DESK,
    ("POST", "/console/desk/practice"): DECIDE,
    ("GET", "/console/desk/audit"): DESK_AUDIT,
    ("GET", _CASE): DESK,
    ("GET", f"{_CASE}/pdf"): DESK,
    ("GET", f"{_CASE}/bundle"): DESK,
    ("GET", f"{_CASE}/bytes"): DESK,
    ("POST", f"{_CASE}/decide"): DECIDE,
    ("POST", f"{_CASE}/confirm"): DECIDE,
    ("POST", f"{_CASE}/decline"): DECIDE,
    ("POST", f"{_CASE}/take"): DECIDE,
    ("POST", f"{_CASE}/give"): DECIDE,
    ("POST", f"{_CASE}/note"): DECIDE,
    # Workbench
    ("GET", "/console"): LOOK,
    ("GET", "/console/feed"): _by_itself(LOOK),
    ("GET", "/console/search"): LOOK,
    ("GET", "/console/map"): LOOK,
    ("GET", "/console/deliveries"): LOOK,
    ("GET", "/console/faults"): LOOK,
    ("GET", "/console/members"): LOOK,
    ("GET", "/console/members/{member_id}"): LOOK,
    ("GET", "/console/log"): LOOK,
    ("GET", "/console/health"): LOOK,
    ("GET", "/console/d/{document_id}"): LOOK,
    ("GET", "/console/d/{document_id}/paper"): LOOK,
    ("GET", "/console/d/{document_id}/versions"): LOOK,
    ("GET", "/console/d/{document_id}/chain"): LOOK,
    ("GET", "/console/d/{document_id}/pdf"): LOOK,
    ("GET", "/console/d/{document_id}/bundle"): LOOK,
    ("GET", "/console/d/{document_id}/bytes"): LOOK,
    ("GET", "/console/r/{refusal_id}"): LOOK,
    ("GET", "/console/webhooks"): LOOK,
    ("GET", "/console/webhooks/{webhook_id}"): LOOK,
    ("POST", "/console/webhooks/{webhook_id}/test"): ACT,
    ("POST", "/console/webhooks/{webhook_id}/enable"): ACT,
    ("POST", "/console/webhooks/{webhook_id}/resend"): ACT,
    ("GET", "/console/conformance"): LOOK,
    ("GET", "/console/conformance/{run}"): LOOK,
    ("GET", "/console/conformance/{run}/events"): LOOK,
    ("GET", "/console/conformance/{run}/report/{name}"): LOOK,
    ("POST", "/console/conformance/runs"): ACT,
    ("POST", "/console/conformance/{run}/stop"): ACT,
    ("GET", "/console/{rest:path}"): LOOK,
    ("POST", "/console/try/{what}"): ACT,
    ("POST", "/console/faults/{what}"): ACT,
    ("POST", "/console/deliveries/{delivery_id}/resend"): ACT,
    ("POST", "/console/d/{document_id}/deliveries/{delivery_id}/resend"): ACT,
    ("GET", "/console/rules"): JUDGE,
    ("GET", "/console/rules/{code}"): JUDGE,
    ("GET", "/console/validate"): JUDGE,
    ("POST", "/console/validate"): Rule(open=True, harmless=True),
}


def rule_of(method: str, path: str) -> Rule | None:
    """None: nobody has said who may."""
    return RULES.get(("GET" if method == "HEAD" else method, path))
