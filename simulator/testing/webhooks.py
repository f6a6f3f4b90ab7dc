"""A receiver of webhooks for a test: it listens on 127.0.0.1, keeps what comes, and believes only what is signed.

1. `join` has a member of the test's world (the operator, unless told) be told there; what comes is checked by the
   Standard Webhooks specification, with the secret that the hub gave.
2. `wait_for` gives each message once, in the order in which they came; an attempt that comes again under the same
   `webhook-id` is a further message: `ids` shows it.
3. `answering` has the next calls refused, as an application does that is not well. It keeps `MOST_KEPT` calls.
"""

import json
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tradebridge.cli.names import member_id

if TYPE_CHECKING:
    from simulator.testing.world import Sent, World

MOST_KEPT = 10_000
MOST_BYTES = 16 * 1024 * 1024
TIMEOUT_SECONDS = 10.0


class NotSigned(AssertionError):
    """Something came that nobody has signed who was asked to call here."""


class NotCalled(AssertionError):
    """What was waited for has not come."""


@dataclass(frozen=True, slots=True)
class Hook:
    """One call."""

    member: str
    """Who is told."""
    headers: Mapping[str, str]
    """Lower-case names."""
    body: bytes

    @property
    def id(self) -> str:
        """The `webhook-id`: the same for every attempt to tell the same, also to others."""
        return self.headers.get("webhook-id", "")

    @property
    def message(self) -> Mapping[str, Any]:
        """`{type, timestamp, data}`"""
        value: dict[str, Any] = json.loads(self.body)
        return value

    @property
    def type(self) -> str:
        return str(self.message["type"])

    @property
    def data(self) -> Mapping[str, Any]:
        told: Mapping[str, Any] = self.message["data"]
        return told

    @property
    def document_id(self) -> str:
        return str(self.data.get("document", ""))


@dataclass
class Catcher:
    """The receiver of one test. `join` it, then wait."""

    world: "World" = field(repr=False)
    url: str = ""
    _calls: list[Hook] = field(default_factory=list)
    _given: set[int] = field(default_factory=set)
    _secrets: dict[str, str] = field(default_factory=dict, repr=False)
    _answers: deque[int] = field(default_factory=deque)
    _came: threading.Condition = field(default_factory=threading.Condition, repr=False)
    _server: ThreadingHTTPServer | None = field(default=None, repr=False)

    def start(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="webhooks", daemon=True).start()

    def close(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def join(self, member: str = "OPERATOR", *events: str) -> Mapping[str, Any]:
        """Have this member (or the operator) told here, of these kinds (`document.accepted`, `delivery.*`; none: all).
        The webhook as the hub tells it."""
        name = member if member == "OPERATOR" else member_id(member, "sender")
        told = self.world.client(name).add_webhook(f"{self.url}/{name}", list(events))
        self._secrets[name] = told["secret"]
        webhook: Mapping[str, Any] = told["webhook"]
        return webhook

    def answering(self, *statuses: int) -> None:
        """What the next calls are answered with; after them it is 204 again."""
        self._answers.extend(statuses)

    def wait_for(
        self, kind: str = "", *, document: "Sent | str" = "", member: str = "", timeout: float = TIMEOUT_SECONDS
    ) -> Hook:
        """The first call that fits and that was not given before, as soon as it is there and if it is rightly signed.
        `kind`: `document.accepted`, or a family, `document.*`. Raises `NotCalled`, `NotSigned`."""
        __tracebackhide__ = True
        wanted = document if isinstance(document, str) else document.id
        of = member and (member if member == "OPERATOR" else member_id(member, "sender"))
        until = time.monotonic() + timeout
        with self._came:
            while True:
                for place, each in enumerate(self._calls):
                    if place not in self._given and _fits(self._checked(each), kind, wanted, of):
                        self._given.add(place)
                        return each
                if not self._came.wait(max(0.0, until - time.monotonic())) and time.monotonic() >= until:
                    kinds = ", ".join(dict.fromkeys(each.type for each in self._calls)) or "nothing"
                    raise NotCalled(f"no {kind or 'call'} in {timeout:g} s; there came: {kinds}")

    @property
    def calls(self) -> tuple[Hook, ...]:
        """All that came, rightly signed, in the order in which it came. Raises `NotSigned`."""
        with self._came:
            return tuple(self._checked(each) for each in self._calls)

    @property
    def ids(self) -> tuple[tuple[str, str], ...]:
        """Who was told, and the `webhook-id`, of each call: a pair that is there twice was told again."""
        return tuple((each.member, each.id) for each in self.calls)

    def _checked(self, call: Hook) -> Hook:
        secret = self._secrets.get(call.member)
        try:
            if secret is None:
                raise NotSigned(f"{self.url}/{call.member} was called, and {call.member or 'nobody'} did not join here")
            Webhook(secret).verify(call.body, dict(call.headers))
        except WebhookVerificationError as error:
            raise NotSigned(f"a call for {call.member} is not signed with its secret: {error}") from error
        return call

    def _take(self, call: Hook) -> int:
        """Keep it; the status to answer with."""
        with self._came:
            if len(self._calls) >= MOST_KEPT:
                return 503
            self._calls.append(call)
            self._came.notify_all()
            return self._answers.popleft() if self._answers else 204


def _fits(call: Hook, kind: str, document: str, member: str) -> bool:
    family = kind.removesuffix("*") if kind.endswith(".*") else ""
    return (
        (not kind or call.type == kind or bool(family and call.type.startswith(family)))
        and document in ("", call.document_id)
        and member in ("", call.member)
    )


def _handler(catcher: Catcher) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 30

        def do_POST(self) -> None:
            length = self.headers.get("content-length", "")
            if not length.isdecimal() or int(length) > MOST_BYTES:
                self._say(413)
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._say(catcher._take(Hook(self.path.strip("/"), headers, self.rfile.read(int(length)))))

        def _say(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """A test's output is not the place."""

    return Handler
