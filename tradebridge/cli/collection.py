"""A collection of all calls of the hub, in the format that Postman 2.1 made common, out of the OpenAPI description.

1. Each call is there once, in a folder by what it is about. What is in its path is a variable of the collection, and so
   are the hub's address and the API key, which is empty.
2. A JSON body has the members that it must have. A document is the example of Form D, so that the first call works.
3. What a query may say is there and switched off.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
EXAMPLE = "atiga-form-d/2022"
ADDRESS = "http://127.0.0.1:8600"
_WITH_A_DOCUMENT = frozenset({"POST /v1/documents", "POST /v1/documents:validate"})
_DRAWN = {"string": "", "integer": 1, "number": 1, "boolean": False, "array": [], "object": {}}

JSON = dict[str, Any]


def page(made: str) -> str:
    """The collection as JSON."""
    from exchange.app import openapi

    return json.dumps(collection(openapi(), made), ensure_ascii=False, indent=1) + "\n"


def collection(openapi: Mapping[str, Any], made: str) -> JSON:
    """All calls of a description."""
    folders: dict[str, list[JSON]] = {}
    for path, calls in openapi["paths"].items():
        for method, call in calls.items():
            folders.setdefault(str(call.get("tags", ["other"])[0]), []).append(_item(method.upper(), path, call))
    named = sorted({name for path in openapi["paths"] for name in re.findall(r"{(\w+)}", path)})
    values = {"baseUrl": ADDRESS, "apiKey": "", **dict.fromkeys(named, "")}
    return {
        "info": {
            "name": "Tradebridge hub",
            "version": openapi["info"]["version"],
            "description": f"{made} Set `apiKey`; of a simulation `tb up --json` tells all keys.",
            "schema": SCHEMA,
        },
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{apiKey}}", "type": "string"}]},
        "variable": [{"key": name, "value": value} for name, value in values.items()],
        "item": [{"name": tag, "item": items} for tag, items in sorted(folders.items())],
    }


def _item(method: str, path: str, call: Mapping[str, Any]) -> JSON:
    named = path.replace("{", "{{").replace("}", "}}")
    query = [
        {"key": each["name"], "value": str(each["schema"].get("default", "")), "disabled": True}
        for each in call.get("parameters", ())
        if each["in"] == "query"
    ]
    request: JSON = {
        "method": method,
        "description": call.get("summary", ""),
        "header": list(_headers(method, path, call)),
        "url": {
            "raw": "{{baseUrl}}" + named,
            "host": ["{{baseUrl}}"],
            "path": named.strip("/").split("/"),
            **({"query": query} if query else {}),
        },
    }
    if "security" not in call:
        request["auth"] = {"type": "noauth"}
    if "requestBody" in call:
        request["body"] = _body(method, path, call["requestBody"]["content"])
    return {"name": f"{method} {path}", "request": request}


def _headers(method: str, path: str, call: Mapping[str, Any]) -> Iterator[JSON]:
    if "requestBody" in call:
        yield {"key": "Content-Type", "value": _media_type(method, path, call["requestBody"]["content"])}
    for each in call.get("parameters", ()):
        if each["in"] == "header":
            wanted = each["name"] == "Tradebridge-To"
            yield {"key": each["name"], "value": "TH-NSW" if wanted else "", "disabled": not wanted}


def _media_type(method: str, path: str, content: Mapping[str, Any]) -> str:
    return "application/json" if f"{method} {path}" in _WITH_A_DOCUMENT else next(iter(content))


def _body(method: str, path: str, content: Mapping[str, Any]) -> JSON:
    media_type = _media_type(method, path, content)
    if media_type == "application/x-www-form-urlencoded":
        named = content[media_type].get("schema", {}).get("properties", {})
        return {"mode": "urlencoded", "urlencoded": [{"key": name, "value": ""} for name in named]}
    if media_type == "application/octet-stream":
        return {"mode": "file", "file": {"src": None}}
    if f"{method} {path}" in _WITH_A_DOCUMENT:
        raw = _example()
    elif media_type == "application/json":
        raw = json.dumps(_least(content[media_type].get("schema", {})), indent=1)
    else:
        raw = ""
    language = "json" if media_type == "application/json" else "text"
    return {"mode": "raw", "raw": raw, "options": {"raw": {"language": language}}}


def _least(schema: Mapping[str, Any]) -> Any:
    """The least value of a schema: an object has what it must have."""
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object":
        return {name: _least(schema["properties"].get(name, {})) for name in schema.get("required", ())}
    return _DRAWN.get(schema.get("type", ""), "")


def _example() -> str:
    from schemas.content import Syntax
    from schemas.registry import profiles

    profile = profiles()[EXAMPLE]
    document = profile.encode[Syntax.JSON](profile.example(exporter="SG", importer="TH", number="SG-2026-00001"))
    return json.dumps(json.loads(document), ensure_ascii=False, indent=1)
