"""What does the same from a terminal: one row for each action of the console.

A form that sends something is an action. `page` adds to each page what does the same as the forms on it, so no page
can forget; a form without a row fails a test, as a route without one in `exchange.console.may` does. What a person does
with its own sign-in (`PERSONAL`) has none: nobody's password goes through a shell.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from markupsafe import escape

_FORM = re.compile(r'<form method="post" action="([^"]+)"')
_PART = re.compile(r"\\\{([a-z]+)\\\}")
PERSONAL = ("/console/sign-in", "/console/sign-out", "/console/me/")


@dataclass(frozen=True, slots=True)
class Same:
    """Lines with the parts of the form's address in braces, and what `page` knows: `base`, `key`, `world`, `member`,
    `sender`, `recipient`."""

    cli: tuple[str, ...] = ()
    api: tuple[str, ...] = ()
    none: str = ""
    """Why there is neither."""


def _call(method: str, where: str, body: str = "") -> str:
    said = f" -H \"Content-Type: application/json\" -d '{body}'" if body else ""
    return f"curl -X {method}{said} {where}"


def _operator(where: str, body: str = "") -> str:
    return _call("POST", where, body).replace("curl -X POST", 'curl -X POST -H "Authorization: Bearer {key}"')


def _world(method: str, path: str, body: str = "") -> str:
    return _call(method, f"{{world}}/_sim/v1/{path}", body)


_SEND = (
    'curl -X POST -H "Authorization: Bearer $KEY" -H "Tradebridge-To: {recipient}" --data-binary @FILE '
    "{base}/v1/documents"
)
_SAY = 'curl -X POST -H "Authorization: Bearer $KEY" --data-binary @EVENT {base}/v1/documents/{document}/events'
_RESEND = Same(("tb delivery resend {delivery}",), (_operator("{base}/v1/deliveries/{delivery}:resend"),))
_SAID = (
    "tb event {document} accepted --by {member}",
    'tb event {document} queried --ask "9=Which weight is right?" --by {member}',
    'tb event {document} rejected --reason CODE="In your own words" --by {member}',
)
_OWN = "Who works on a case, and what the office notes of it, is the Desk's own: nothing of it goes out."

ACTIONS: Mapping[str, Same] = {
    "/console/try/certificate": Same(("tb send --example form-d --from {sender} --to {recipient}",), (_SEND,)),
    "/console/try/mistakes": Same(
        (
            "tb explain atiga.rvc-below-threshold --sample failing > FILE",
            "tb send FILE --from {sender} --to {recipient}",
        ),
        (_SEND,),
    ),
    "/console/try/trade": Same(("tb seed --count 20",), (_world("POST", "seed", '{{"count": 20}}'),)),
    "/console/faults/on": Same(
        ("tb fault add lost-acknowledgement --on TH-NSW --times 1",),
        (_world("POST", "faults", '{{"fault": "lost-acknowledgement", "on": "TH-NSW", "times": 1}}'),),
    ),
    "/console/faults/clear": Same(("tb fault clear",), (_world("DELETE", "faults"),)),
    "/console/faults/script": Same(
        ("tb script next TH-NSW rejected",),
        (_world("POST", "scripts", '{{"to": "TH-NSW", "decision": "rejected"}}'),),
    ),
    "/console/faults/scripts-clear": Same(("tb script clear",), (_world("DELETE", "scripts"),)),
    "/console/faults/clock": Same(("tb clock advance P1D",), (_world("POST", "clock:advance", '{{"by": "P1D"}}'),)),
    "/console/conformance/runs": Same(
        ("tb conformance run pull-only",), (_world("POST", "conformance/runs", '{{"suite": "pull-only"}}'),)
    ),
    "/console/conformance/{run}/stop": Same(
        ("tb conformance stop {run}",), (_world("POST", "conformance/runs/{run}:stop"),)
    ),
    "/console/deliveries/{delivery}/resend": _RESEND,
    "/console/d/{document}/deliveries/{delivery}/resend": _RESEND,
    "/console/webhooks/{webhook}/test": Same(
        ("tb webhook test {webhook}",), (_operator("{base}/v1/webhooks/{webhook}:test"),)
    ),
    "/console/webhooks/{webhook}/enable": Same(
        ("tb webhook enable {webhook}",), (_operator("{base}/v1/webhooks/{webhook}:enable"),)
    ),
    "/console/webhooks/{webhook}/resend": Same(
        ("tb webhook resend {webhook} --state dead",),
        (_operator("{base}/v1/webhooks/{webhook}:resend", '{{"state": "dead"}}'),),
    ),
    "/console/validate": Same(
        ("tb validate FILE",),
        ('curl -H "Authorization: Bearer {key}" --data-binary @FILE {base}/v1/documents:validate',),
    ),
    "/console/desk/c/{document}/decide": Same(_SAID, (_SAY,)),
    "/console/desk/c/{document}/confirm": Same(_SAID, (_SAY,)),
    "/console/desk/c/{document}/decline": Same(none="A proposal is the Desk's own until a colleague has confirmed it."),
    "/console/desk/c/{document}/take": Same(none=_OWN),
    "/console/desk/c/{document}/give": Same(none=_OWN),
    "/console/desk/c/{document}/note": Same(none=_OWN),
    "/console/desk/practice": Same(none="A round of practice is for a person, with the coach of the page."),
}


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], Same], ...]:
    return tuple((re.compile(_PART.sub(r"(?P<\1>[^/]+)", re.escape(path))), row) for path, row in ACTIONS.items())


def row_of(action: str) -> tuple[Same, Mapping[str, str]] | None:
    """The row of a form's address, without the prefix of a space, with the parts of the address."""
    for pattern, row in _patterns():
        if found := pattern.fullmatch(action):
            return row, found.groupdict()
    return None


def same_as_forms(text: str, prefix: str, facts: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Commands and calls for the forms of a page: one of each action, and no line that the page shows anyway."""
    commands: dict[str, None] = {}
    calls: dict[str, None] = {}
    told: list[Same] = []
    for action in dict.fromkeys(_FORM.findall(text)):
        found = row_of(html.unescape(action).removeprefix(prefix))
        if found is None or found[0] in told:
            continue
        row, parts = found
        told.append(row)
        for lines, into in ((row.cli, commands), (row.api, calls)):
            shown = (line.format(**{**facts, **parts}) for line in lines)
            into.update(dict.fromkeys(line for line in shown if str(escape(line)) not in text))
    return list(commands), list(calls)


def with_same(text: str, section: str) -> str:
    """The page with this section: at the end of its aside, or of its content."""
    if not section:
        return text
    main = text.find("<main")
    at = text.rfind("</aside>", main)
    at = at if at > main else text.rfind("</main>")
    return f"{text[:at]}{section}{text[at:]}"
