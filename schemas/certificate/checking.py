"""Bytes to answer: a cost statement read, its findings, and the calculation of origin. For the API and `tb origin`.

Under another agreement than its own the statement is read as if it claimed that one, with no criterion named.
A material that names the agreement of its origin keeps it; one that names none is taken to originate under the new one.
"""

from dataclasses import dataclass, replace
from typing import Any

from schemas.certificate.agreement import Agreement
from schemas.certificate.answer import Answer
from schemas.certificate.origin import Determination, answer_of, claims_of, determine
from schemas.certificate.statement import PROFILE, CostStatement
from schemas.certificate.statement_rules import agreement_of, known_agreements
from schemas.findings import Finding, Kind, errors, finding, register
from schemas.registry import Context, judge, parse

register(
    [
        Kind(
            "origin.unknown-agreement",
            "The hub calculates under no agreement of this name.",
            "Name one of those listed, or leave it out: then the statement's own counts.",
            status=400,
        ),
    ]
)


@dataclass(frozen=True, slots=True)
class Checked:
    """What the calculation says of a statement, or what is wrong with it."""

    findings: tuple[Finding, ...]
    statement: CostStatement | None = None
    """None where it could not be read."""
    agreement: Agreement | None = None
    """Under which was calculated; None where nothing was."""
    determinations: tuple[Determination, ...] = ()

    @property
    def refused(self) -> bool:
        return any(errors(self.findings))

    @property
    def answer(self) -> Answer:
        """Of all products together: each must qualify on its own."""
        return answer_of(self.determinations) if self.determinations else Answer.UNKNOWN

    @property
    def claims(self) -> Answer:
        """Whether all claims hold, where something is claimed; where nothing is, whether the product originates."""
        return claims_of(self.determinations) if self.determinations else Answer.UNKNOWN

    def to_json(self) -> dict[str, Any]:
        """The answer of POST /v1/origin:check."""
        source = self.agreement.source if self.agreement else ""
        return {
            "statement": self.statement.number if self.statement else None,
            "agreement": self.agreement.id if self.agreement else None,
            "answer": self.answer.value,
            "claims": self.claims.value,
            "products": [each.to_json(source) for each in self.determinations],
            "findings": [each.to_json() for each in self.findings],
        }


def check_origin(data: bytes, context: Context, wanted: str | None = None) -> Checked:
    """A statement as JSON or JWS, calculated under the agreement that it claims, or under `wanted`.

    Errors in the statement end it: then there are findings only. `context` may hold a table of product rules.
    """
    if wanted is not None and wanted not in known_agreements():
        listed = ", ".join(sorted(known_agreements()))
        return Checked((finding("origin.unknown-agreement", found=wanted, expected=listed),))
    parsed = parse(data, PROFILE)
    statement = parsed.decoded.document
    if isinstance(statement, CostStatement) and wanted is not None and wanted != statement.agreement:
        statement = _as_if_under(statement, wanted)
        parsed = replace(parsed, decoded=replace(parsed.decoded, document=statement))
    findings = judge(parsed, context).findings
    agreement = agreement_of(statement) if isinstance(statement, CostStatement) else None
    if not isinstance(statement, CostStatement) or agreement is None or any(errors(findings)):
        return Checked(findings)
    return Checked(findings, statement, agreement, determine(statement, agreement, context.products))


def _as_if_under(statement: CostStatement, agreement: str) -> CostStatement:
    products = tuple(product.model_copy(update={"claim": None}) for product in statement.products)
    return statement.model_copy(update={"agreement": agreement, "products": products})
