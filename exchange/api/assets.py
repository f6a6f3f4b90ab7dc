"""Style sheets and scripts of the pages, at `/assets/NAME`: files of ours, and htmx out of an installed package.

A page names each with its digest (`address_of`), so a browser may keep it for ever and still never has an old one.
"""

import hashlib
import importlib.util
from functools import cache
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import Response

from exchange.api.problems import Problem
from schemas.findings import finding

router = APIRouter(include_in_schema=False)

_HERE = Path(__file__).parent / "static"
_CONSOLE = Path(__file__).parent.parent / "console" / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def _htmx() -> Path:
    """htmx in its package, which is for Django and is not imported, only read."""
    spec = importlib.util.find_spec("js_lib_htmx")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("django-js-lib-htmx is not installed: install the project with its dependencies")
    return Path(spec.submodule_search_locations[0]) / "static" / "htmx" / "htmx.min.js"


@cache
def _files() -> dict[str, Path]:
    ours = (_HERE / "look.css", *_CONSOLE.iterdir())
    return {path.name: path for path in (*ours, _htmx()) if path.suffix in _TYPES}


@cache
def _read(name: str) -> tuple[bytes, str]:
    """The file and the beginning of its digest, read once."""
    data = _files()[name].read_bytes()
    return data, hashlib.sha256(data).hexdigest()[:12]


def address_of(prefix: str, name: str) -> str:
    """Where a page finds it. `prefix`: of the space."""
    return f"{prefix}/assets/{name}?v={_read(name)[1]}"


@router.get("/assets/{name}")
def asset(name: str) -> Response:
    if name not in _files():
        raise Problem(finding("request.not-found", found=name[:100]))
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
    return Response(_read(name)[0], headers=headers, media_type=_TYPES[_files()[name].suffix])
