"""Whatever a person holds, and who judges it: a bundle, its evidence, a document alone, or a PDF with one inside.

| begins with | is | judged by |
| --- | --- | --- |
| `PK` | a bundle | `bundle`, then `verify` |
| `{` with `format` | evidence in JSON | `verify` |
| `<`, three parts of base64url, or `{` without | a document | `lone` |
| `%PDF-` | a PDF | what is attached to it; its page is believed in nothing |

The name of a file and what a sender calls it decide nothing. What is none of these could not be checked.
"""

import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from schemas.content import json_or_finding
from tradebridge.evidence.attachment import document_inside
from tradebridge.evidence.bundle import open_bundle
from tradebridge.evidence.file import FORMAT, EvidenceFile, read_evidence, read_record
from tradebridge.evidence.lone import verify_document
from tradebridge.evidence.receipts import read_note
from tradebridge.evidence.refusals import Finding, finding
from tradebridge.evidence.report import Report, Verdict, answer
from tradebridge.evidence.trust import TrustList
from tradebridge.evidence.verify import nothing_checked, verify_evidence

BUNDLE, EVIDENCE, DOCUMENT, PDF = "bundle", "evidence", "document", "pdf"

_JWS = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\s*")


@dataclass(frozen=True, slots=True)
class Given:
    """What was given: its kind, and the bytes to judge (of a PDF: those inside)."""

    kind: str
    data: bytes
    inside: "Given | None" = None
    """Of a PDF: what is attached to it."""
    evidence: Mapping[str, Any] | None = None
    """Of evidence: its JSON."""


def recognise(data: bytes) -> Given | Finding:
    """What this is, by its first bytes."""
    if data.startswith(b"%PDF-"):
        attached = document_inside(data)
        inside = attached if isinstance(attached, Finding) else recognise(attached)
        return inside if isinstance(inside, Finding) else Given(PDF, data, inside)
    if data.startswith(b"PK"):
        return Given(BUNDLE, data)
    text = data.lstrip()
    if text.startswith(b"{"):
        value = json_or_finding(data)
        if not isinstance(value, Finding) and value.get("format") == FORMAT:
            return Given(EVIDENCE, data, evidence=value)
        return Given(DOCUMENT, data)
    if text.startswith(b"<") or _JWS.fullmatch(text):
        return Given(DOCUMENT, data.strip() if not text.startswith(b"<") else data)
    return finding("evidence.unknown-file", found=repr(data[:16]), expected="a bundle, evidence, XML, a JWS or a PDF")


def verify_given(
    given: Given | Finding, trust: TrustList, now: datetime, document: bytes | None = None, *, as_of: bool = False
) -> Report:
    """The four answers. `now`: the time to judge by; `as_of`: what was said later is left out, as if it were then.
    `document`: another file in the hand, which is judged instead of the document that the evidence holds."""
    if isinstance(given, Finding):
        return replace(nothing_checked(given, trust), judged="")
    if given.kind == DOCUMENT:
        return verify_document(given.data, trust, now)
    if given.inside is not None:
        return _without_the_page(verify_given(given.inside, trust, now, document, as_of=as_of))
    evidence = given.evidence
    if evidence is None:
        opened = open_bundle(given.data, trust, None)
        if isinstance(opened, Finding):
            return replace(nothing_checked(opened, trust), judged=BUNDLE)
        evidence = opened.evidence
    report = verify_evidence(_until(evidence, trust, now) if as_of else evidence, trust, now, document)
    return replace(report, judged=given.kind)


def document_in(given: Given | Finding) -> bytes | None:
    """The bytes of the document, as they were accepted or signed; of a bundle only where it can be opened anyway."""
    if isinstance(given, Finding):
        return None
    if given.inside is not None:
        return document_in(given.inside)
    if given.kind == DOCUMENT:
        return given.data
    form = None if given.evidence is None else read_evidence(given.evidence)
    return b64decode(form.document.bytes) if isinstance(form, EvidenceFile) else None


def _without_the_page(report: Report) -> Report:
    """Of a PDF: a yes for the document inside is none for what its page shows."""
    if report.unchanged.verdict is not Verdict.YES:
        return replace(report, judged=PDF)
    unsigned = answer("unchanged", [finding("evidence.page-not-signed")], "")
    return replace(report, unchanged=unsigned, judged=PDF)


def _until(evidence: Mapping[str, Any], trust: TrustList, at: datetime) -> Mapping[str, Any]:
    """Without what was recorded about the document after this time. What is left is verified as ever."""
    form = read_evidence(evidence)
    if isinstance(form, Finding):
        return evidence
    left_out = set()
    for message in form.messages:
        record = read_record(b64decode(message.record))
        if message.kind != "document" and not isinstance(record, Finding) and record.time > at:
            left_out.add(message.message_id)
    return {
        **evidence,
        "messages": [each for each in evidence["messages"] if each["messageId"] not in left_out],
        "deliveries": [each for each in evidence["deliveries"] if _noted(each["note"], trust) not in left_out],
    }


def _noted(note: str, trust: TrustList) -> str:
    """The message that a delivery note is about; empty for one that is none."""
    read = read_note(note, trust, None)
    return "" if isinstance(read, Finding) else read.message_id
