"""`tb get`: a document from the hub, in the form asked for."""

import sys
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import click

from tradebridge.cli.exits import Exit, Failed
from tradebridge.cli.reading import write_bytes
from tradebridge.cli.terminal import columns, mark, out, out_findings, out_json
from tradebridge.cli.where import find, hub_options, json_option

if TYPE_CHECKING:
    from tradebridge.client import Hub

FORMS = ("original", "xml", "json", "evidence", "timeline", "checks", "summary")
ON_RECORD = 10.0
"""Seconds that a command waits for log and witnesses to take a document in: they need about one."""
_ACCEPT = {"original": "*/*", "xml": "application/xml", "json": "application/json"}


@click.command("get")
@click.argument("document", metavar="ID")
@click.option(
    "--as", "form", type=click.Choice(FORMS), default="original", help="What to fetch; as received if not said."
)
@click.option(
    "--wait", type=float, default=ON_RECORD, show_default=True, help="Of evidence: seconds for log and witnesses."
)
@click.option("--member", metavar="ID", help="Ask as this member instead of as the operator.")
@click.option("--output", "-o", default="-", metavar="FILE", help="Where to write; - is standard output.")
@hub_options
@json_option
def command(
    document: str,
    form: str,
    wait: float,
    member: str | None,
    output: str,
    url: str | None,
    api_key: str | None,
    space: str | None,
    as_json: bool,
) -> Exit:
    """Fetch the document ID (doc_..., or its number) or what the hub knows of it.

    `--as evidence` is the file that `tb verify` checks. With --json the timeline, checks and summary come as the API
    gives them, the document as base64.
    """
    where = find(url, api_key, space)
    with where.hub_as(member, "sender") as hub:
        if form in _ACCEPT:
            _give(hub, document_id(hub, document), form, output, as_json)
            return Exit.OK
        value = _fetch(hub, document, form, wait)
    if form == "evidence" or output != "-":
        write_bytes(output, _dump(value))
    elif as_json:
        out_json(value)
    else:
        _DRAWN[form](value)
    return Exit.OK


def _give(hub: "Hub", found: str, form: str, output: str, as_json: bool) -> None:
    """The document itself, unchanged; in --json as base64."""
    body = hub.get(found, accept=_ACCEPT[form])
    if as_json and output == "-":
        out_json({"id": found, "mediaType": body.media_type, "bytes": b64encode(body.data).decode()})
        return
    write_bytes(output, body.data)
    if output == "-" and sys.stdout.isatty():
        out()


def document_id(hub: "Hub", name: str) -> str:
    """The id of a document named by its id or its number."""
    return name if name.startswith("doc_") else str(_by_number(hub, name)["id"])


def _by_number(hub: "Hub", number: str) -> dict[str, Any]:
    found = hub.documents(number=number, limit=2).items
    if not found:
        raise Failed(
            Exit.REFUSED,
            f"there is no document {number!r}",
            "Name it by its id, or see `tb tail`.",
            code="document.unknown",
        )
    if len(found) > 1:
        ids = ", ".join(str(each["id"]) for each in found)
        raise Failed(Exit.USAGE, f"{number!r} is the number of several documents", f"Name one by its id: {ids}")
    return found[0]


def _fetch(hub: "Hub", name: str, form: str, wait: float) -> dict[str, Any]:
    found = document_id(hub, name)
    if form == "evidence":
        return hub.evidence(found, wait=wait)
    fetch = {"timeline": hub.timeline, "checks": hub.checks, "summary": hub.summary}[form]
    return fetch(found)


def _dump(value: dict[str, Any]) -> bytes:
    import json

    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"


def _timeline(value: dict[str, Any]) -> None:
    for line in columns([(entry["at"] or "", entry["kind"], _told(entry)) for entry in value["entries"]]):
        out(line)


def _told(entry: dict[str, Any]) -> str:
    error = f" ({entry['error']})" if entry.get("error") else ""
    return f"{entry.get('text', '')}{error}{_took(entry)}"


def _took(entry: dict[str, Any]) -> str:
    """How long the side that spoke took, by the business clock: `, after 2 d 5 h`; nothing below a minute."""
    minutes = int(entry["took"]["seconds"]) // 60 if "took" in entry else 0
    days, hours = divmod(minutes // 60, 24)
    parts = [(days, "d"), (hours, "h"), (0 if days else minutes % 60, "min")]
    said = " ".join(f"{count} {unit}" for count, unit in parts if count)
    return f", after {said}" if said else ""


def _checks(value: dict[str, Any]) -> None:
    from tradebridge.calls import read_findings

    findings = read_findings(value["findings"])
    out_findings(findings)
    signer = value.get("signer")
    shown = signer.get("kid", signer) if isinstance(signer, dict) else signer
    word = "warn" if findings or not signer else "ok"
    out(f"{mark(word)} {len(findings)} findings, signer: {shown or 'could not check'}")


def _summary(value: dict[str, Any]) -> None:
    out(f"{value.get('number') or value['id']}   {value['profile']}   {value['state']}")
    rows = [("id", value["id"]), ("sender", value["sender"]), ("issuer", value.get("issuer") or "could not check")]
    rows += [("received", value["receivedAt"])]
    for member, at in value["recipients"].items():
        checked = f", verification {at['verification']}" if "verification" in at else ""
        rows.append((member, f"{at['state']}, {at['delivery'] or 'not sent'}{checked}"))
    for line in columns(rows):
        out(f"  {line}")


_DRAWN = {"timeline": _timeline, "checks": _checks, "summary": _summary}
