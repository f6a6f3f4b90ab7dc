"""The documentation of the API at /docs, without internet: Swagger UI from an installed package, a page of our own.

The page has no inline script or style, so that one strict content security policy holds for all pages of the hub.
"""

import importlib.util
from pathlib import Path

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from exchange.api.access import hub_of
from exchange.api.problems import Problem
from schemas.findings import finding

router = APIRouter(include_in_schema=False)

POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)
_OWN = Path(__file__).parent / "static"


def _swagger() -> Path:
    """The folder of Swagger UI's files; the package that carries it is not imported, only read."""
    spec = importlib.util.find_spec("fastapi_offline")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("fastapi-offline is not installed: install the project with its dependencies")
    return Path(spec.submodule_search_locations[0]) / "static"


_ASSETS = {
    "docs.js": (_OWN, "text/javascript"),
    "docs.css": (_OWN, "text/css"),
    "swagger-ui-bundle.js": (_swagger(), "text/javascript"),
    "swagger-ui.css": (_swagger(), "text/css"),
    "favicon.png": (_swagger(), "image/png"),
}


@router.get("/docs")
def docs(request: Request) -> Response:
    hub = hub_of(request)
    prefix = hub.prefix
    strip = "<strong>SIMULATION</strong> · test keys, no legal effect" if hub.simulated else "Tradebridge"
    page = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tradebridge API</title>
<link rel="icon" href="{prefix}/docs/assets/favicon.png">
<link rel="stylesheet" href="{prefix}/docs/assets/swagger-ui.css">
<link rel="stylesheet" href="{prefix}/docs/assets/docs.css">
<script src="{prefix}/docs/assets/swagger-ui-bundle.js" defer></script>
<script src="{prefix}/docs/assets/docs.js" defer></script>
</head>
<body data-openapi="{prefix}/openapi.json">
<header class="strip">{strip}</header>
<main id="docs">
<noscript>A script draws the documentation; its source is <a href="{prefix}/openapi.json">openapi.json</a>.</noscript>
</main>
</body>
</html>
"""
    return HTMLResponse(page, headers={"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"})


@router.get("/docs/assets/{name}")
def asset(name: str) -> Response:
    if name not in _ASSETS:
        raise Problem(finding("request.not-found", found=name[:100]))
    folder, media_type = _ASSETS[name]
    return FileResponse(folder / name, media_type=media_type, headers={"Cache-Control": "max-age=86400"})
