"""`tb verify`: four questions to a document, answered with public keys only.

Was it changed? Who issued it, and may they? Is it still valid? Since when is it on record? Each answer is yes, no, or
could not check, with the reason and the next step. The trust list decides whose keys count: one given with --trust is
yours; one that comes from the hub, or stands in the evidence, is the hub's word about itself, and that is printed.

A document alone does not tell what became of it. A hub that was named, or runs on this machine, is asked for that, by
the document's digests: the document itself is sent nowhere.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tradebridge.cli import verify_report
from tradebridge.cli.exits import Exit, Failed
from tradebridge.cli.get import ON_RECORD, document_id
from tradebridge.cli.moments import MOMENT
from tradebridge.cli.reading import json_of, read_bytes, read_json
from tradebridge.cli.terminal import MARK_WIDTH, bold, mark, out, out_json, say
from tradebridge.cli.trust_list import list_of
from tradebridge.cli.where import Where, find, hub_options, json_option

if TYPE_CHECKING:
    from schemas.findings import Finding
    from tradebridge.evidence.given import Given
    from tradebridge.evidence.report import Report
    from tradebridge.evidence.told import Told
    from tradebridge.evidence.trust import TrustList

_MARKS = {"yes": "ok", "no": "fail", "could-not-check": "warn"}
_QUESTIONS = {
    "unchanged": "not changed",
    "issued": "issued by who may",
    "valid": "still valid",
    "recorded": "on record",
}


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the command was told."""

    where: Where
    hub_named: bool
    """A hub was named, or runs here: a document alone is asked for there."""
    trust_file: str | None
    offline: bool
    at: datetime | None

    @property
    def now(self) -> datetime:
        return self.at or self.where.now()


@click.command("verify")
@click.argument("file", metavar="FILE")
@click.option("--trust", "trust_file", metavar="FILE", help="The trust list to believe, kept by you.")
@click.option("--offline", is_flag=True, help="Ask nobody: the file and the trust list are all there is.")
@click.option("--code", metavar="CODE", help="Of a print: FILE is then the number on it, and the hub is asked.")
@click.option("--document", "document_file", metavar="FILE", help="The document in your hand, to compare.")
@click.option("--at", type=MOMENT, help="Judge as of this time instead of now.")
@click.option("--member", metavar="ID", help="Ask the hub as this member instead of as the operator.")
@hub_options
@json_option
def command(
    file: str,
    trust_file: str | None,
    offline: bool,
    code: str | None,
    document_file: str | None,
    at: datetime | None,
    member: str | None,
    url: str | None,
    api_key: str | None,
    space: str | None,
    as_json: bool,
) -> Exit:
    """Check FILE (- is standard input): an evidence bundle (.asice), evidence in JSON (`tb get --as evidence`), a
    document alone in XML or as JWS, or a PDF with the document inside.

    With an id (doc_...) or a number instead of a file, the evidence is fetched from the hub. With number and --code of
    a print the hub answers anybody, on its own word. No hub is needed when a bundle and --trust are given.

    A report of a conformance run (one of its files, its folder, or evidence.zip) is checked against the kit's signature
    beside it; --trust is then the certificate of the kit.

    Exit code 0: four times yes. 5: changed, or not by who may issue it. 4: not valid, or not on record. 3: nothing
    false, but something could not be checked.
    """
    if code is None and verify_report.is_report(file):
        return verify_report.command(file, trust_file, at, as_json)
    where = find(url, api_key, space)
    asked = _Asked(where, url is not None or where.world is not None, trust_file, offline, at)
    if offline and (code is not None or _is_name(file)):
        raise click.UsageError("--offline asks nobody: name a file, and the trust list with --trust.")
    beside = [name for name, value in (("--at", at), ("--trust", trust_file)) if value is not None]
    if code is not None and beside:
        raise click.UsageError(f"{' and '.join(beside)}: of a print the hub answers, by its own word, as of now.")
    if code is not None:
        report, origin = _of_print(where, file, code), "hub's word"
    else:
        data = read_bytes(file) if not _is_name(file) else _fetched(where, file, member)
        trust, origin = _trust(asked, data, file)
        document = read_bytes(document_file) if document_file else None
        report = _judged(asked, data, trust, document)
    if as_json:
        out_json({**report.to_json(), "trust": origin})
    else:
        _draw(report, origin)
    return Exit(report.exit_code or (Exit.UNREACHABLE if origin == "evidence" else Exit.OK))


def _judged(asked: _Asked, data: bytes, trust: "TrustList", document: bytes | None) -> "Report":
    from tradebridge.evidence.given import document_in, is_alone, recognise, verify_given, without_the_page

    given, as_of = recognise(data, trust), asked.at is not None
    if document is not None and is_alone(given):
        raise click.UsageError("--document is compared with the document of a bundle: FILE is a document itself.")
    if document is not None and document.startswith(b"%PDF-"):
        inside = document_in(recognise(document, trust))
        return without_the_page(verify_given(given, trust, asked.now, inside or document, as_of=as_of))
    report = verify_given(given, trust, asked.now, document, as_of=as_of)
    if asked.offline or not asked.hub_named or not is_alone(given):
        return report
    return _completed(asked, report, given, trust)


def _completed(asked: _Asked, report: "Report", given: "Given | Finding", trust: "TrustList") -> "Report":
    """With what the hub knows of a document alone."""
    from schemas.content import Content, open_content
    from tradebridge.evidence.given import document_in
    from tradebridge.evidence.told import with_hub

    document = document_in(given)
    content = None if document is None else open_content(document)
    if document is None or not isinstance(content, Content):
        return report
    told = _told(asked.where, {"content": content.content_digest, "bytes": content.bytes_digest})
    return with_hub(report, told, document, trust, asked.now, as_of=asked.at is not None)


def _of_print(where: Where, number: str, code: str) -> "Report":
    """The answers of the hub to anybody who has number and code."""
    from schemas.findings import Finding

    told = _told(where, {"number": number, "code": code})
    if isinstance(told, Finding):
        raise Failed(Exit.UNREACHABLE, told.message, told.fix, code=told.code, findings=(told,))
    if not told.found:
        raise Failed(
            Exit.INVALID,
            "this number and this code do not belong together at this hub",
            "Check both; the paper may be a copy of another hub's, or forged.",
            code="evidence.not-known",
        )
    return told.report()


def _told(where: Where, fields: dict[str, str]) -> "Told | Finding":
    """What the hub says to anybody; a finding where it cannot be asked."""
    from schemas.findings import finding
    from tradebridge.calls import HubError
    from tradebridge.evidence.told import read_told

    try:
        with where.public() as hub:
            return read_told(hub.check(fields))
    except HubError as error:
        return finding("evidence.hub-silent", found=str(error)[:200])


def _fetched(where: Where, name: str, member: str | None) -> bytes:
    """The evidence of a document of the hub."""
    import json

    with where.hub_as(member, "sender") as hub:
        return json.dumps(hub.evidence(document_id(hub, name), wait=ON_RECORD)).encode()


def _is_name(name: str) -> bool:
    """An id or a number, and no file: a file of that name wins, and what looks like a path is one."""
    looks_like_a_path = name == "-" or "/" in name or "." in name
    return not looks_like_a_path and not Path(name).exists()


def _trust(asked: _Asked, data: bytes, name: str) -> "tuple[TrustList, str]":
    """The list to believe, and where it comes from: the user, the hub, or (as a last resort) the evidence."""
    from tradebridge.calls import HubError

    if asked.trust_file is not None:
        return list_of(read_json(asked.trust_file), asked.trust_file, asked.now, asked.where.now()), "given"
    if not asked.offline:
        try:
            with asked.where.public() as hub:
                return list_of(hub.trust(), asked.where.url), "hub"
        except HubError:
            if _is_name(name):
                raise
    embedded = _embedded(data, name)
    if embedded is None:
        raise Failed(Exit.UNREACHABLE, "there is no trust list", "Give one with --trust FILE: the hub's GET /v1/trust.")
    return list_of(embedded, name), "evidence"


def _embedded(data: bytes, name: str) -> dict[str, Any] | None:
    """The trust list that stands in the file, if one does."""
    if data.startswith(b"PK"):
        from tradebridge.evidence.archive import read_archive

        files = read_archive(data)
        return json_of(files["trust.json"], "trust.json") if isinstance(files, dict) and "trust.json" in files else None
    listed = json_of(data, name).get("trust") if data.lstrip().startswith(b"{") else None
    return listed if isinstance(listed, dict) else None


_ORIGINS = {
    "hub": "the keys come from the hub itself; for more than its word, keep its trust list and give it with --trust",
    "hub's word": "all of this is the hub's word; for a proof, check its evidence bundle with a trust list of your own",
    "evidence": "the keys stand in the evidence itself, so anybody could have written it: give --trust FILE to be sure",
}
_JUDGED = {
    "pdf": "of the PDF the document inside was judged",
    "number": "of the print the hub's own copy was judged",
}


def _draw(report: "Report", origin: str) -> None:
    judged = f"   ({_JUDGED[report.judged]})" if report.judged in _JUDGED else ""
    out(f"{bold(report.number or report.document or 'the file')}   {report.profile}{judged}".rstrip())
    width = max(map(len, _QUESTIONS.values()))
    for answer in report.answers:
        question = _QUESTIONS.get(answer.question, answer.question)
        verdict = answer.verdict.value.replace("-", " ")
        out(f"{mark(_MARKS[answer.verdict.value])} {question.ljust(width)}   {verdict}: {answer.reason}")
        if verdict != "yes":
            out(f"{' ' * (MARK_WIDTH + width + 4)}do: {answer.next_step}")
    for each in report.remarks:
        out(f"{mark('warn')} no answer rests on {each.pointer}: {each.message}")
    if report.simulated:
        say(f"{mark('warn')} SIMULATION: test keys prove nothing outside it")
    if origin in _ORIGINS:
        say(f"{mark('warn')} {_ORIGINS[origin]}")
