"""The hub as an ASGI application: routers, errors, and the choice of the space.

`Frame` stands around everything: it finds the hub of the space (by `/s/{space}/...` or the header
`Tradebridge-Space`) and puts it where the routes look for it. A document that is handed in goes from there straight to
its route: what FastAPI does on the way, it does for parameters and models that the route has not. The description of
the API names it all the same, and what it raises is answered by the same handlers. The console is an application of
its own, made when somebody first looks: a hub starts without it.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from adapters.port import Unusable, add_folder
from exchange.api import (
    assets,
    audit,
    batch,
    catalogue,
    documentation,
    documents,
    feed,
    health,
    inbox,
    log,
    members,
    origin,
    people,
    platform,
    registry,
    retention,
    spaces,
    statistics,
    subscription,
    tiles,
    timestamps,
    titles,
    trust,
    verify_page,
    webhooks,
)
from exchange.api.described import described
from exchange.api.problems import Problem, problem_response
from exchange.config import Settings, UnsafeSettings, check_startable
from exchange.control import controlled
from exchange.hub import Hub, open_hub
from exchange.keys import KeysUnreadable
from exchange.log import ForeignLog
from exchange.members import check_no_test_keys
from exchange.own_key import KeyEnded
from exchange.spaces import Spaces, operator_key_of
from exchange.store.database import StoreNotReady
from exchange.store.queries import BadCursor
from exchange.store.writer import WriterStopped
from schemas.findings import Finding, finding
from schemas.registry import profiles

logger = structlog.get_logger(__name__)

_DESCRIPTION = """Certificates of origin and bills of lading between ASEAN and Japan: validated, signed for, delivered,
answered, logged. Every call but health, the log, the profiles and the rules wants `Authorization: Bearer KEY`."""


def make_app(settings: Settings, *, in_tests: bool = False) -> "Frame":
    """The application. Its hub starts and stops with it (ASGI lifespan)."""
    check_startable(settings, in_tests=in_tests)
    known = profiles()  # loads every family and its schema, before the first request does
    if unknown := settings.retention_years.keys() - known.keys():
        raise UnsafeSettings(f"TRADEBRIDGE_RETENTION_YEARS names no profile of this hub: {', '.join(sorted(unknown))}")
    for folder in settings.adapters:
        try:
            add_folder(folder)
        except Unusable as error:
            raise UnsafeSettings(f"TRADEBRIDGE_ADAPTERS: {error}") from error
    hub = open_hub(settings, settings.space)
    operator_key = operator_key_of(settings)
    if settings.mode == "pilot":
        check_no_test_keys(hub.registry)
    hub.begin(operator_key)
    opened = Spaces(settings, hub, operator_key)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await hub.start()
        async with controlled(opened, settings.control_fd):
            yield
        await opened.stop()

    return Frame(_routed(lifespan), opened)


def openapi() -> dict[str, Any]:
    """The description of the API, of a hub that is not there: as a running one tells it at /openapi.json."""
    return _routed().openapi()


def _routed(lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None) -> FastAPI:
    """All routes, described."""
    app = FastAPI(
        title="Tradebridge",
        version=version("tradebridge"),
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    lading = (titles, platform, registry, subscription)
    pages = (catalogue, origin, statistics, spaces, health, documentation, verify_page, assets)
    for module in (
        documents,
        timestamps,
        batch,
        inbox,
        feed,
        log,
        tiles,
        trust,
        members,
        people,
        webhooks,
        audit,
        retention,
        *lading,
        *pages,
    ):
        app.include_router(module.router)
    _answer_errors(app)
    _describe(app)
    return app


class Frame:
    """Finds the space of a request."""

    def __init__(self, app: FastAPI, opened: Spaces) -> None:
        self._app = app
        self._spaces = opened
        self._console: FastAPI | None = None

    def end_waiting(self) -> None:
        """Called when the process was asked to end, before it waits for its requests to finish."""
        self._spaces.end_waiting()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        name, scope = _space_of(scope)
        found = _said_twice(scope) or await self._enter(name, scope)
        if found is not None:
            await problem_response(Request(scope), [found])(scope, receive, send)
        elif scope["path"] == documents.PATH and scope["method"] == "POST":
            await self._submit(scope, receive, send)
        elif scope["path"] == "/" or scope["path"].startswith("/console"):
            await self._made_console()(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _made_console(self) -> FastAPI:
        from exchange.console.pages import router

        if self._console is None:
            self._console = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
            self._console.include_router(router)
            _answer_errors(self._console)
        return self._console

    async def _submit(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await documents.submit(request)
        except Exception as error:
            handlers = self._app.exception_handlers
            answer: Any = next(handlers[kind] for kind in type(error).__mro__ if kind in handlers)(request, error)
            response = await answer
        await response(scope, receive, send)

    async def _enter(self, name: str, scope: Scope) -> Finding | None:
        """Put the hub of the space where the routes look for it, or say why there is none."""
        try:
            hub: Hub | None = self._spaces.get(name) or await self._spaces.find(name)
        except (SQLAlchemyError, StoreNotReady, KeysUnreadable, ForeignLog, OSError) as error:
            logger.error("a space could not be opened", space=name, error=str(error)[:300])
            return finding("hub.unavailable")
        if hub is None:
            return finding("request.unknown-space", found=name)
        scope["tradebridge.hub"] = hub
        scope["tradebridge.spaces"] = self._spaces
        return None


_ONCE = (b"authorization", b"tradebridge-space", b"tradebridge-profile", b"idempotency-key")


def _said_twice(scope: Scope) -> Finding | None:
    """A header that says who asks, where or what, and stands twice: whoever stands before us may read the other one."""
    names = [name for name, _ in scope["headers"]]
    twice = next((name for name in _ONCE if names.count(name) > 1), None)
    return finding("request.malformed", found=f"{twice.decode()} twice", expected="once") if twice else None


def _space_of(scope: Scope) -> tuple[str, Scope]:
    path: str = scope["path"]
    if path.startswith("/s/"):
        name, _, rest = path[3:].partition("/")
        return name, {**scope, "path": f"/{rest}", "raw_path": f"/{rest}".encode()}
    for key, value in scope["headers"]:
        if key == b"tradebridge-space":
            return value.decode("ascii", "replace"), scope
    return "", scope


def _describe(app: FastAPI) -> None:
    """The OpenAPI description is whole: FastAPI's own way to extend it."""
    describe = app.openapi

    def whole() -> dict[str, Any]:
        if app.openapi_schema is None:
            described(describe())
        return app.openapi_schema or {}

    app.openapi = whole  # type: ignore[method-assign]  # FastAPI's own way to extend the description


def _answer_errors(app: FastAPI) -> None:
    """Every error is a problem+json with a code of the catalogue; a bug shows no trace to the caller."""

    @app.exception_handler(Problem)
    async def refused(request: Request, error: Problem) -> Response:
        return problem_response(request, error.findings, error.members)

    @app.exception_handler(BadCursor)
    async def bad_cursor(request: Request, error: BadCursor) -> Response:
        return problem_response(request, [finding("request.cursor", found=str(error))])

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> Response:
        found = [
            finding(
                "request.malformed",
                "/".join(str(part) for part in each["loc"]),
                found=each.get("input", ""),
                expected=each["msg"],
            )
            for each in error.errors()
        ]
        return problem_response(request, found)

    @app.exception_handler(HTTPException)
    async def from_starlette(request: Request, error: HTTPException) -> Response:
        code = {404: "request.not-found", 405: "request.method"}.get(error.status_code, "request.malformed")
        return problem_response(request, [finding(code, found=f"{request.method} {request.url.path}"[:150])])

    @app.exception_handler(DataError)
    async def no_such_value(request: Request, error: DataError) -> Response:
        """A NUL where PostgreSQL takes none: the caller's mistake, and SQLite would simply find nothing."""
        return problem_response(request, [finding("request.malformed", expected="text without control characters")])

    @app.exception_handler(KeyEnded)
    async def no_key(request: Request, error: Exception) -> Response:
        logger.error("nothing can be signed", path=request.url.path, error=str(error))
        return problem_response(request, [finding("hub.unavailable")])

    @app.exception_handler(WriterStopped)
    @app.exception_handler(SQLAlchemyError)
    async def store_away(request: Request, error: Exception) -> Response:
        logger.error("the store failed", path=request.url.path, error=str(error)[:300])
        return problem_response(request, [finding("hub.unavailable")])

    @app.exception_handler(ClientDisconnect)
    async def hung_up(request: Request, error: ClientDisconnect) -> Response:
        return Response(status_code=400)  # nobody reads it; and it is no bug of ours

    @app.exception_handler(Exception)
    async def bug(request: Request, error: Exception) -> Response:
        logger.error("unexpected error", path=request.url.path, exc_info=error)
        response = problem_response(request, [finding("hub.bug")])
        response.headers["Connection"] = "close"  # the server ends the connection after a bug: the caller must know
        return response
