"""`tb verify`: four questions to a document and its evidence, answered with public keys only.

Was it changed? Who issued it, and may they? Is it still valid? Since when is it on record? Each answer is yes, no, or
could not check, with the reason. The trust list decides whose keys count: one given with --trust is yours; one that
comes from the hub, or stands in the evidence, is the hub's word about itself, and what is printed says so.
"""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tradebridge.cli.exits import Exit, Failed
from tradebridge.cli.get import ON_RECORD, document_id
from tradebridge.cli.moments import MOMENT
from tradebridge.cli.names import member_id
from tradebridge.cli.reading import json_of, read_bytes, read_json
from tradebridge.cli.terminal import MARK_WIDTH, bold, mark, out, out_json, say
from tradebridge.cli.trust_list import list_of
from tradebridge.cli.where import OPERATOR, Where, find, hub_options, json_option

if TYPE_CHECKING:
    from tradebridge.evidence.report import Report
    from tradebridge.evidence.trust import TrustList

_MARKS = {"yes": "ok", "no": "fail", "could-not-check": "warn"}
_QUESTIONS = {
    "unchanged": "not changed",
    "issued": "issued by who may",
    "valid": "still valid",
    "recorded": "on record",
}


@click.command("verify")
@click.argument("evidence", metavar="FILE")
@click.option("--trust", "trust_file", metavar="FILE", help="The trust list to believe, kept by you.")
@click.option("--document", "document_file", metavar="FILE", help="The document in your hand, to compare.")
@click.option("--at", type=MOMENT, help="Judge as of this time instead of now.")
@click.option("--member", metavar="ID", help="Ask the hub as this member instead of as the operator.")
@hub_options
@json_option
def command(
    evidence: str,
    trust_file: str | None,
    document_file: str | None,
    at: datetime | None,
    member: str | None,
    url: str | None,
    api_key: str | None,
    space: str | None,
    as_json: bool,
) -> Exit:
    """Check the evidence in FILE (- is standard input): a bundle of `tb evidence get`, or JSON of `tb get`.

    With an id (doc_...) or a number instead of a file, the evidence is fetched from the hub. No hub is needed when a
    file and --trust are given.

    Exit code 0: four times yes. 5: changed, or not by who may issue it. 4: not valid, or not on record. 3: nothing
    false, but something could not be checked.
    """
    where = find(url, api_key, space)
    shown = _evidence(where, evidence, member)
    trust, origin = _trust(where, trust_file, _listed(shown), evidence)
    document = read_bytes(document_file) if document_file else None
    report = _judged(shown, trust, at or where.now(), document)
    if as_json:
        out_json({**report.to_json(), "trust": origin})
    else:
        _draw(report, origin)
    return Exit(report.exit_code or (Exit.UNREACHABLE if origin == "evidence" else Exit.OK))


def _judged(shown: dict[str, Any] | bytes, trust: "TrustList", at: datetime, document: bytes | None) -> "Report":
    if isinstance(shown, bytes):
        from tradebridge.evidence.bundle import verify_bundle

        return verify_bundle(shown, trust, at, document)
    from tradebridge.evidence.verify import verify_evidence

    return verify_evidence(shown, trust, at, document)


def _listed(shown: dict[str, Any] | bytes) -> object:
    """The trust list that stands in it, if one does."""
    if not isinstance(shown, bytes):
        return shown.get("trust")
    from tradebridge.evidence.archive import read_archive

    files = read_archive(shown)
    return json_of(files["trust.json"], "trust.json") if isinstance(files, dict) and "trust.json" in files else None


def _evidence(where: Where, name: str, member: str | None) -> dict[str, Any] | bytes:
    if not _is_name(name):
        return _evidence_in(name)
    with where.hub(member_id(member, "sender") if member else OPERATOR) as hub:
        return hub.evidence(document_id(hub, name), wait=ON_RECORD)


def _evidence_in(name: str) -> dict[str, Any] | bytes:
    """The file as JSON, or a bundle as it is. What is plainly something else, as the document itself, is told before
    anything is asked."""
    data = read_bytes(name)
    if data.startswith(b"PK"):
        return data
    value = json_of(data, name) if data.lstrip().startswith(b"{") else {}
    if "format" not in value:
        raise Failed(
            Exit.INVALID,
            f"{name} holds no evidence",
            "Fetch it: tb get ID --as evidence -o case.json. A document is compared with it by --document FILE.",
            code="evidence.malformed",
        )
    return value


def _is_name(name: str) -> bool:
    """An id or a number, and no file: a file of that name wins, and what looks like a path is one."""
    looks_like_a_path = name == "-" or "/" in name or "." in name
    return not looks_like_a_path and not Path(name).exists()


def _trust(where: Where, trust_file: str | None, embedded: object, name: str) -> "tuple[TrustList, str]":
    """The list to believe, and where it comes from: the user, the hub, or (as a last resort) the evidence."""
    from tradebridge.calls import HubError

    if trust_file is not None:
        return list_of(read_json(trust_file), trust_file), "given"
    try:
        with where.public() as hub:
            return list_of(hub.trust(), where.url), "hub"
    except HubError:
        if _is_name(name):
            raise
    if not isinstance(embedded, dict):
        raise Failed(Exit.UNREACHABLE, "there is no trust list", "Give one with --trust FILE: the hub's GET /v1/trust.")
    return list_of(embedded, name), "evidence"


_ORIGINS = {
    "hub": "the keys come from the hub itself; for more than its word, keep its trust list and give it with --trust",
    "evidence": "the keys stand in the evidence itself, so anybody could have written it: give --trust FILE to be sure",
}


def _draw(report: "Report", origin: str) -> None:
    out(f"{bold(report.number or report.document)}   {report.profile}")
    width = max(map(len, _QUESTIONS.values()))
    for answer in report.answers:
        question = _QUESTIONS.get(answer.question, answer.question)
        verdict = answer.verdict.value.replace("-", " ")
        out(f"{mark(_MARKS[answer.verdict.value])} {question.ljust(width)}   {verdict}: {answer.reason}")
        if answer.next_step:
            out(f"{' ' * (MARK_WIDTH + width + 4)}do: {answer.next_step}")
    if report.simulated:
        say(f"{mark('warn')} SIMULATION: test keys prove nothing outside it")
    if origin in _ORIGINS:
        say(f"{mark('warn')} {_ORIGINS[origin]}")
