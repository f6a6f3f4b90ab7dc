"""The rules of bills of lading and shipping instructions."""

from schemas.findings import Finding
from schemas.registry import Context, Document


def check(document: Document, context: Context) -> tuple[Finding, ...]:
    return ()
