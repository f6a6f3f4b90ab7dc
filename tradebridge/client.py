"""The SDK: `Hub` and `AsyncHub`, one method for each call of the hub's API.

    with Hub("http://127.0.0.1:8600", api_key) as hub:
        accepted = hub.submit(data, to=["TH-NSW"])

1. All that is pure (requests, reading of answers, errors) stands once, in `calls`. The two classes only send.
2. Nothing is sent twice by itself: whether to send again is the caller's decision, and safe with an idempotency key.
3. Errors are `Refused` (the hub said no: with findings), `Unreachable`, `TimedOut`, `NotAHub`; each has a `next_step`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import update_wrapper
from types import TracebackType
from typing import Any, Generic, ParamSpec, Self, TypeVar, overload

import httpx

from tradebridge import calls
from tradebridge.calls import (
    JSON,
    Accepted,
    Answer,
    Body,
    Call,
    Delivery,
    Entry,
    EventAccepted,
    FeedEvent,
    Health,
    HubError,
    NewMember,
    NotAHub,
    Page,
    Refused,
    Result,
    Settled,
    TimedOut,
    Unreachable,
    Validation,
)
from tradebridge.outbound import context_for

__all__ = [
    "Accepted",
    "AsyncHub",
    "Body",
    "Delivery",
    "Entry",
    "EventAccepted",
    "FeedEvent",
    "Health",
    "Hub",
    "HubError",
    "NewMember",
    "NotAHub",
    "Page",
    "Refused",
    "Result",
    "Settled",
    "TimedOut",
    "Unreachable",
    "Validation",
]

P = ParamSpec("P")
T = TypeVar("T")

TIMEOUT_SECONDS = 30.0


def _nothing() -> None:
    """What is done when a feed is open, unless told."""


class _Sent(Generic[P, T]):
    """A method of `Hub` made from a call: it builds the request, sends it and gives the answer, read."""

    def __init__(self, build: Callable[P, Call[T]]) -> None:
        self.__doc__ = build.__doc__
        self.__wrapped__ = build  # so that help() and inspect.signature() show the call's own parameters
        self._build = build

    @overload
    def __get__(self, hub: None, owner: type) -> Self: ...
    @overload
    def __get__(self, hub: "Hub", owner: type) -> Callable[P, T]: ...
    def __get__(self, hub: "Hub | None", owner: type) -> "Self | Callable[P, T]":
        if hub is None:
            return self

        def method(*args: P.args, **kwargs: P.kwargs) -> T:
            return hub.do(self._build(*args, **kwargs))

        return update_wrapper(method, self._build)


class _SentAsync(Generic[P, T]):
    """The same for `AsyncHub`."""

    def __init__(self, build: Callable[P, Call[T]]) -> None:
        self.__doc__ = build.__doc__
        self.__wrapped__ = build  # so that help() and inspect.signature() show the call's own parameters
        self._build = build

    @overload
    def __get__(self, hub: None, owner: type) -> Self: ...
    @overload
    def __get__(self, hub: "AsyncHub", owner: type) -> Callable[P, Awaitable[T]]: ...
    def __get__(self, hub: "AsyncHub | None", owner: type) -> "Self | Callable[P, Awaitable[T]]":
        if hub is None:
            return self

        async def method(*args: P.args, **kwargs: P.kwargs) -> T:
            return await hub.do(self._build(*args, **kwargs))

        return update_wrapper(method, self._build)


class Hub:
    """A hub, spoken to by one member (or an operator). `url` is its base, without /v1; `timeout` is in seconds; `actor`
    is the person who acts, as the hub's record of people shall name it (up to 200 printable characters)."""

    def __init__(
        self,
        url: str,
        api_key: str | None = None,
        space: str | None = None,
        *,
        timeout: float = TIMEOUT_SECONDS,
        transport: httpx.BaseTransport | None = None,
        actor: str | None = None,
    ) -> None:
        self.url = _base(url, space)
        self._timeout = timeout
        self._http = httpx.Client(
            headers=_headers(api_key, actor),
            verify=context_for(url),
            timeout=timeout,
            transport=transport,
            trust_env=False,
        )

    def do(self, call: Call[T]) -> T:
        """Send any call of `tradebridge.calls`. Raises `HubError`."""
        url = self.url + call.path
        try:
            response = self._http.request(**_request(url, call, self._timeout))
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise _unreachable(self.url, error) from error
        return call.result(_answer(response))

    def each(self, call: Call[Page]) -> Iterator[JSON]:
        """All items of a list, page after page: `hub.each(calls.documents(state="accepted"))`."""
        following: Call[Page] | None = call
        while following is not None:
            page = self.do(following)
            yield from page.items
            following = calls.next_page(following, page)

    def feed(self, last_event_id: str | None = None, on_open: Callable[[], None] = _nothing) -> Iterator[FeedEvent]:
        """What happens, as it happens; after `last_event_id`, what was missed comes first. Ends with the connection.
        `on_open` is called when the hub listens: whatever happens from then on is told."""
        url = f"{self.url}/v1/feed"
        try:
            with self._http.stream("GET", url, headers=_feed_headers(last_event_id), timeout=_FEED_TIMEOUT) as response:
                if response.status_code != 200:
                    response.read()
                    Call("GET", "/v1/feed", Answer.json).result(_answer(response))
                on_open()
                yield from read_feed(response.iter_lines())
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise _unreachable(self.url, error) from error

    def audit_export(self, first: int = 0) -> Iterator[bytes]:
        """Operator or auditor: the record of the log from entry `first` on, as bytes of `tradebridge-audit/1`, part by
        part. What `tradebridge.evidence.audit` reads are its lines."""
        url = f"{self.url}/v1/audit/export"
        try:
            with self._http.stream("GET", url, params={"from": first}) as response:
                if response.status_code != 200:
                    response.read()
                    Call("GET", "/v1/audit/export", Answer.json).result(_answer(response))
                yield from response.iter_bytes()
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise _unreachable(self.url, error) from error

    submit = _Sent(calls.submit)
    batch = _Sent(calls.batch)
    validate = _Sent(calls.validate)
    check_origin = _Sent(calls.check_origin)
    documents = _Sent(calls.documents)
    get = _Sent(calls.get)
    summary = _Sent(calls.summary)
    checks = _Sent(calls.checks)
    timeline = _Sent(calls.timeline)
    utilisation = _Sent(calls.utilisation)
    evidence = _Sent(calls.evidence)
    bundle = _Sent(calls.bundle)
    send_event = _Sent(calls.send_event)
    forward = _Sent(calls.forward)
    timestamp = _Sent(calls.timestamp)
    inbox = _Sent(calls.inbox)
    acknowledge = _Sent(calls.acknowledge)
    deliveries = _Sent(calls.deliveries)
    resend = _Sent(calls.resend)
    webhooks = _Sent(calls.webhooks)
    webhook = _Sent(calls.webhook)
    add_webhook = _Sent(calls.add_webhook)
    remove_webhook = _Sent(calls.remove_webhook)
    rotate_webhook = _Sent(calls.rotate_webhook)
    enable_webhook = _Sent(calls.enable_webhook)
    test_webhook = _Sent(calls.test_webhook)
    webhook_deliveries = _Sent(calls.webhook_deliveries)
    resend_webhook = _Sent(calls.resend_webhook)
    members = _Sent(calls.members)
    member = _Sent(calls.member)
    add_member = _Sent(calls.add_member)
    change_member = _Sent(calls.change_member)
    rotate_key = _Sent(calls.rotate_key)
    add_key = _Sent(calls.add_key)
    withdraw_key = _Sent(calls.withdraw_key)
    suspend = _Sent(calls.suspend)
    resume = _Sent(calls.resume)
    people = _Sent(calls.people)
    add_person = _Sent(calls.add_person)
    change_person = _Sent(calls.change_person)
    reset_person = _Sent(calls.reset_person)
    titles = _Sent(calls.titles)
    title = _Sent(calls.title)
    title_chain = _Sent(calls.title_chain)
    act = _Sent(calls.act)
    accounts = _Sent(calls.accounts)
    transfer = _Sent(calls.transfer)
    cancel_transfer = _Sent(calls.cancel_transfer)
    platforms = _Sent(calls.platforms)
    control = _Sent(calls.control)
    say_control = _Sent(calls.say_control)
    submit_instructions = _Sent(calls.submit_instructions)
    instructions = _Sent(calls.instructions)
    transport_document = _Sent(calls.transport_document)
    approve_draft = _Sent(calls.approve_draft)
    trust = _Sent(calls.trust)
    trust_export = _Sent(calls.trust_export)
    trust_versions = _Sent(calls.trust_versions)
    trust_version = _Sent(calls.trust_version)
    trust_status = _Sent(calls.trust_status)
    rotate_signing_key = _Sent(calls.rotate_signing_key)
    revoke_signing_key = _Sent(calls.revoke_signing_key)
    add_authority = _Sent(calls.add_authority)
    load_revocation_list = _Sent(calls.load_revocation_list)
    check = _Sent(calls.check)
    checkpoint = _Sent(calls.checkpoint)
    inclusion = _Sent(calls.inclusion)
    consistency = _Sent(calls.consistency)
    observers = _Sent(calls.observers)
    add_observer = _Sent(calls.add_observer)
    remove_observer = _Sent(calls.remove_observer)
    add_audit_key = _Sent(calls.add_audit_key)
    retention = _Sent(calls.retention)
    run_retention = _Sent(calls.run_retention)
    hold = _Sent(calls.hold)
    release = _Sent(calls.release)
    statistics = _Sent(calls.statistics)
    profiles = _Sent(calls.profiles)
    rules = _Sent(calls.rules)
    rule = _Sent(calls.rule)
    refusals = _Sent(calls.refusals)
    refusal = _Sent(calls.refusal)
    livez = _Sent(calls.livez)
    readyz = _Sent(calls.readyz)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncHub:
    """The same, for asyncio."""

    def __init__(
        self,
        url: str,
        api_key: str | None = None,
        space: str | None = None,
        *,
        timeout: float = TIMEOUT_SECONDS,
        transport: httpx.AsyncBaseTransport | None = None,
        limits: httpx.Limits | None = None,
        actor: str | None = None,
    ) -> None:
        self.url = _base(url, space)
        self._timeout = timeout
        self._http = httpx.AsyncClient(
            headers=_headers(api_key, actor),
            verify=context_for(url),
            timeout=timeout,
            transport=transport,
            trust_env=False,
            limits=limits or httpx.Limits(max_connections=100, max_keepalive_connections=20),
        )

    async def do(self, call: Call[T]) -> T:
        """Send any call of `tradebridge.calls`. Raises `HubError`."""
        url = self.url + call.path
        try:
            response = await self._http.request(**_request(url, call, self._timeout))
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise _unreachable(self.url, error) from error
        return call.result(_answer(response))

    async def each(self, call: Call[Page]) -> AsyncIterator[JSON]:
        """All items of a list, page after page."""
        following: Call[Page] | None = call
        while following is not None:
            page = await self.do(following)
            for item in page.items:
                yield item
            following = calls.next_page(following, page)

    async def feed(
        self, last_event_id: str | None = None, on_open: Callable[[], None] = _nothing
    ) -> AsyncIterator[FeedEvent]:
        """What happens, as it happens; after `last_event_id`, what was missed comes first. Ends with the connection.
        `on_open` is called when the hub listens: whatever happens from then on is told."""
        url = f"{self.url}/v1/feed"
        headers = _feed_headers(last_event_id)
        try:
            async with self._http.stream("GET", url, headers=headers, timeout=_FEED_TIMEOUT) as response:
                if response.status_code != 200:
                    await response.aread()
                    Call("GET", "/v1/feed", Answer.json).result(_answer(response))
                on_open()
                event = _Pending()
                async for line in response.aiter_lines():
                    if (complete := event.take(line)) is not None:
                        yield complete
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise _unreachable(self.url, error) from error

    async def audit_export(self, first: int = 0) -> AsyncIterator[bytes]:
        """Operator or auditor: the record of the log from entry `first` on, part by part."""
        url = f"{self.url}/v1/audit/export"
        try:
            async with self._http.stream("GET", url, params={"from": first}) as response:
                if response.status_code != 200:
                    await response.aread()
                    Call("GET", "/v1/audit/export", Answer.json).result(_answer(response))
                async for part in response.aiter_bytes():
                    yield part
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise _unreachable(self.url, error) from error

    submit = _SentAsync(calls.submit)
    batch = _SentAsync(calls.batch)
    validate = _SentAsync(calls.validate)
    check_origin = _SentAsync(calls.check_origin)
    documents = _SentAsync(calls.documents)
    get = _SentAsync(calls.get)
    summary = _SentAsync(calls.summary)
    checks = _SentAsync(calls.checks)
    timeline = _SentAsync(calls.timeline)
    utilisation = _SentAsync(calls.utilisation)
    evidence = _SentAsync(calls.evidence)
    bundle = _SentAsync(calls.bundle)
    send_event = _SentAsync(calls.send_event)
    forward = _SentAsync(calls.forward)
    timestamp = _SentAsync(calls.timestamp)
    inbox = _SentAsync(calls.inbox)
    acknowledge = _SentAsync(calls.acknowledge)
    deliveries = _SentAsync(calls.deliveries)
    resend = _SentAsync(calls.resend)
    webhooks = _SentAsync(calls.webhooks)
    webhook = _SentAsync(calls.webhook)
    add_webhook = _SentAsync(calls.add_webhook)
    remove_webhook = _SentAsync(calls.remove_webhook)
    rotate_webhook = _SentAsync(calls.rotate_webhook)
    enable_webhook = _SentAsync(calls.enable_webhook)
    test_webhook = _SentAsync(calls.test_webhook)
    webhook_deliveries = _SentAsync(calls.webhook_deliveries)
    resend_webhook = _SentAsync(calls.resend_webhook)
    members = _SentAsync(calls.members)
    member = _SentAsync(calls.member)
    add_member = _SentAsync(calls.add_member)
    change_member = _SentAsync(calls.change_member)
    rotate_key = _SentAsync(calls.rotate_key)
    add_key = _SentAsync(calls.add_key)
    withdraw_key = _SentAsync(calls.withdraw_key)
    suspend = _SentAsync(calls.suspend)
    resume = _SentAsync(calls.resume)
    people = _SentAsync(calls.people)
    add_person = _SentAsync(calls.add_person)
    change_person = _SentAsync(calls.change_person)
    reset_person = _SentAsync(calls.reset_person)
    titles = _SentAsync(calls.titles)
    title = _SentAsync(calls.title)
    title_chain = _SentAsync(calls.title_chain)
    act = _SentAsync(calls.act)
    accounts = _SentAsync(calls.accounts)
    transfer = _SentAsync(calls.transfer)
    cancel_transfer = _SentAsync(calls.cancel_transfer)
    platforms = _SentAsync(calls.platforms)
    control = _SentAsync(calls.control)
    say_control = _SentAsync(calls.say_control)
    submit_instructions = _SentAsync(calls.submit_instructions)
    instructions = _SentAsync(calls.instructions)
    transport_document = _SentAsync(calls.transport_document)
    approve_draft = _SentAsync(calls.approve_draft)
    trust = _SentAsync(calls.trust)
    trust_export = _SentAsync(calls.trust_export)
    trust_versions = _SentAsync(calls.trust_versions)
    trust_version = _SentAsync(calls.trust_version)
    trust_status = _SentAsync(calls.trust_status)
    rotate_signing_key = _SentAsync(calls.rotate_signing_key)
    revoke_signing_key = _SentAsync(calls.revoke_signing_key)
    add_authority = _SentAsync(calls.add_authority)
    load_revocation_list = _SentAsync(calls.load_revocation_list)
    check = _SentAsync(calls.check)
    checkpoint = _SentAsync(calls.checkpoint)
    inclusion = _SentAsync(calls.inclusion)
    consistency = _SentAsync(calls.consistency)
    observers = _SentAsync(calls.observers)
    add_observer = _SentAsync(calls.add_observer)
    remove_observer = _SentAsync(calls.remove_observer)
    add_audit_key = _SentAsync(calls.add_audit_key)
    retention = _SentAsync(calls.retention)
    run_retention = _SentAsync(calls.run_retention)
    hold = _SentAsync(calls.hold)
    release = _SentAsync(calls.release)
    statistics = _SentAsync(calls.statistics)
    profiles = _SentAsync(calls.profiles)
    rules = _SentAsync(calls.rules)
    rule = _SentAsync(calls.rule)
    refusals = _SentAsync(calls.refusals)
    refusal = _SentAsync(calls.refusal)
    livez = _SentAsync(calls.livez)
    readyz = _SentAsync(calls.readyz)

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


# --- Between calls and httpx -----------------------------------------------------------------------------------------

_FEED_TIMEOUT = httpx.Timeout(TIMEOUT_SECONDS, read=60.0)
"""The hub says something (a comment line at least) every 15 s; 60 s of silence is a broken connection."""


def _base(url: str, space: str | None) -> str:
    base = url.rstrip("/")
    return f"{base}/s/{space}" if space else base


def _headers(api_key: str | None, actor: str | None) -> dict[bytes, bytes]:
    key = {b"Authorization": f"Bearer {api_key}".encode()} if api_key else {}
    return key | ({b"Tradebridge-Actor": actor.encode()} if actor else {})


def _feed_headers(last_event_id: str | None) -> dict[str, str]:
    headers = {"Accept": "text/event-stream"}
    return headers if last_event_id is None else {**headers, "Last-Event-ID": last_event_id}


def _request(url: str, call: Call[Any], timeout: float) -> dict[str, Any]:
    return {
        "method": call.method,
        "url": url,
        "params": call.query or None,
        "headers": call.headers,
        "content": call.body,
        "timeout": timeout + call.extra_seconds,
    }


def _answer(response: httpx.Response) -> Answer:
    return Answer(str(response.url), response.status_code, dict(response.headers), response.content)


def _unreachable(url: str, error: httpx.TransportError | httpx.InvalidURL) -> Unreachable:
    kind = TimedOut if isinstance(error, httpx.TimeoutException) else Unreachable
    return kind(url, str(error) or type(error).__name__)


@dataclass(slots=True)
class _Pending:
    """A server-sent event that is still being read (HTML Standard, section 9.2.6)."""

    type: str = "message"
    id: str = ""
    data: list[str] = field(default_factory=list)

    def take(self, line: str) -> FeedEvent | None:
        """Take one line; the event, if it ends with this line."""
        if line:
            self._field(*_name_and_value(line))
            return None
        if not self.data:
            self.type = "message"
            return None
        complete = FeedEvent(self.id, self.type, calls.Answer("", 200, {}, "\n".join(self.data).encode()).json())
        self.type, self.data = "message", []
        return complete

    def _field(self, name: str, value: str) -> None:
        if name == "data":
            self.data.append(value)
        elif name == "event":
            self.type = value
        elif name == "id" and "\0" not in value:
            self.id = value


def _name_and_value(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name, value.removeprefix(" ")


def read_feed(lines: Iterable[str]) -> Iterator[FeedEvent]:
    """Lines of `text/event-stream` as events; comments are skipped, an unfinished event at the end is dropped."""
    event = _Pending()
    for line in lines:
        if (complete := event.take(line)) is not None:
            yield complete
