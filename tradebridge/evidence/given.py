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
from tradebridge.evidence.bundle import Bundle, open_bundle, verify_opened
from tradebridge.evidence.file import FORMAT, EvidenceFile, read_evidence
from tradebridge.evidence.lone import verify_document
from tradebridge.evidence.refusals import Finding, finding
from tradebridge.evidence.report import Report, Verdict, answer
from tradebridge.evidence.trust import TrustList
from tradebridge.evidence.verify import nothing_checked, verify_evidence

BUNDLE, EVIDENCE, DOCUMENT, PDF = "bundle", "evidence", "document", "pdf"

_JWS = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\s*")


@dataclass(frozen=True, slots=True)
class Given:
    """What was given: its kind, and the bytes to judge."""

    kind: str
    data: bytes
    evidence: Mapping[str, Any] | None = None
    """Of a bundle and of evidence: its JSON, not judged yet."""
    inside: "Given | None" = None
    """Of a PDF: what is attached to it."""
    bundle: Bundle | None = None


def recognise(data: bytes, trust: TrustList) -> Given | Finding:
    """What this is, by its first bytes. A bundle is opened: what is not whole, or not signed by the hub of the list, is
    told here."""
    text = data.lstrip()
    if data.startswith(b"%PDF-"):
        return _pdf(data, trust)
    if data.startswith(b"PK"):
        opened = open_bundle(data, trust, None)
        return opened if isinstance(opened, Finding) else Given(BUNDLE, data, opened.evidence, bundle=opened)
    if text.startswith(b"{"):
        value = json_or_finding(data)
        if isinstance(value, Finding) or value.get("format") != FORMAT:
            return Given(DOCUMENT, data)
        return Given(EVIDENCE, data, value)
    if text.startswith(b"<"):
        return Given(DOCUMENT, data)
    if _JWS.fullmatch(text):
        return Given(DOCUMENT, data.strip())
    return finding("evidence.unknown-file", found=repr(data[:16]), expected="a bundle, evidence, XML, a JWS or a PDF")


def _pdf(data: bytes, trust: TrustList) -> Given | Finding:
    attached = document_inside(data)
    if isinstance(attached, Finding):
        return attached
    inside = recognise(attached, trust)
    if isinstance(inside, Finding):
        return inside
    return Given(PDF, data, inside.evidence, inside)


def verify_given(
    given: Given | Finding, trust: TrustList, now: datetime, document: bytes | None = None, *, as_of: bool = False
) -> Report:
    """The four answers. `now`: the time to judge by; `as_of`: what was said later is left out, as if it were then.
    `document`: another file in the hand, judged instead of the document that the evidence holds."""
    if isinstance(given, Finding):
        return replace(nothing_checked(given, trust), judged="")
    if given.inside is not None:
        return without_the_page(verify_given(given.inside, trust, now, document, as_of=as_of))
    if given.evidence is None:
        return verify_document(given.data, trust, now)
    if given.bundle is not None:
        report = verify_opened(given.bundle, trust, now, document, as_of=as_of)
    else:
        report = verify_evidence(given.evidence, trust, now, document, as_of=as_of)
    return replace(report, judged=given.kind)


def is_alone(given: Given | Finding) -> bool:
    """Whether it is a document without its evidence, in a PDF or not."""
    return not isinstance(given, Finding) and given.evidence is None


def document_in(given: Given | Finding) -> bytes | None:
    """The bytes of the document, as they were accepted or signed; None where none can be read."""
    if isinstance(given, Finding):
        return None
    if given.evidence is not None:
        form = read_evidence(given.evidence)
        return b64decode(form.document.bytes) if isinstance(form, EvidenceFile) else None
    return given.inside.data if given.inside is not None else given.data


def without_the_page(report: Report) -> Report:
    """Of a PDF: a yes for the document inside is none for what its page shows."""
    if report.unchanged.verdict is not Verdict.YES:
        return replace(report, judged=PDF)
    unsigned = answer("unchanged", [finding("evidence.page-not-signed")], "")
    return replace(report, unchanged=unsigned, judged=PDF)
