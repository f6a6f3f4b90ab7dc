"""A carrier put together: its HTTP application, its clerk and its post, over one folder."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from fastapi import FastAPI

from tradebridge.ebl.carrier import api, officers
from tradebridge.ebl.carrier.api import Carrier
from tradebridge.ebl.carrier.clerk import Clerk
from tradebridge.ebl.carrier.office import Office
from tradebridge.ebl.carrier.store import Store
from tradebridge.outbound import tls_context


def carrier_app(office: Office, folder: Path) -> FastAPI:
    """The application of a carrier whose store is `folder/carrier.sqlite`. It works while it is served."""
    store = Store(folder / "carrier.sqlite")
    client = httpx.AsyncClient(verify=tls_context(), trust_env=False, follow_redirects=False)
    carrier = Carrier(store, office, Clerk(store, office, client), client)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        working = asyncio.create_task(carrier.clerk.run())
        yield
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
        await client.aclose()
        store.close()

    app = FastAPI(title=f"Carrier {office.settings.carrier_code}", docs_url=None, redoc_url=None, lifespan=lifespan)
    app.include_router(api.router(carrier))
    app.include_router(officers.router(carrier))
    api.add_refusals(app, office)
    return app
