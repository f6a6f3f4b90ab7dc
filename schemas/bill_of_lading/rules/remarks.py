"""The carrier's remarks on members: each code of feedback has the severity that DCSA pairs it with."""

from collections.abc import Iterator

from schemas.bill_of_lading.reach import Lading
from schemas.bill_of_lading.rules.making import BOTH, breaks, dcsa
from schemas.findings import Severity
from schemas.registry import Context
from schemas.rules import Rule, Violation

SEVERITIES = {
    "INFORMATIONAL_MESSAGE": "INFO",
    "PROPERTY_WILL_BE_IGNORED": "WARN",
    "PROPERTY_VALUE_MUST_CHANGE": "ERROR",
    "PROPERTY_VALUE_HAS_BEEN_CHANGED": "WARN",
    "PROPERTY_VALUE_MAY_CHANGE": "WARN",
    "PROPERTY_HAS_BEEN_DELETED": "WARN",
}


def feedback_severity(lading: Lading, context: Context) -> Iterator[Violation]:
    for at, remark in enumerate(lading.feedbacks or ()):
        severity = SEVERITIES.get(remark.code)
        if severity is not None and remark.severity != severity:
            yield Violation(
                f"/feedbacks/{at}/severity", found=remark.severity, expected=f"{severity}, as {remark.code}"
            )


REMARK = {"severity": "INFO", "code": "PROPERTY_VALUE_MUST_CHANGE", "message": "Correct the HS code."}

RULES = (
    Rule(
        dcsa(
            "feedback-severity",
            "A remark of the carrier has another severity than its code.",
            "Use the severity that DCSA gives the code.",
            "Feedback.code",
            Severity.WARNING,
        ),
        BOTH,
        feedback_severity,
        breaks({"/feedbacks": [REMARK]}),
    ),
)
