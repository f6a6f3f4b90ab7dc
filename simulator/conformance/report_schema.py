"""The form of `report.json`, format `tradebridge-conformance/1`: what it is checked by, and what its schema is made of.

A member may be added in this format; none is taken away, renamed, or given another meaning.
"""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from simulator.conformance.exchange import By
from simulator.conformance.runner import Role, Word

FORMAT = "tradebridge-conformance/1"
ID = "https://tradebridge.invalid/conformance-report-1.schema.json"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ReportedExchange(_Part):
    """One request and its answer. Bodies as text, JSON indented, cut above 20,000 characters; secrets left out."""

    by: By
    what: str
    method: str
    url: str
    requestHeaders: dict[str, str]
    request: str
    status: int | None = Field(description="null: no answer")
    answerHeaders: dict[str, str]
    answer: str
    seconds: float
    note: str


class ReportedCheck(_Part):
    """One sentence of a specification, held against what happened."""

    check: str = Field(description="name of the sentence")
    result: Word
    sentence: str
    source: str = Field(description="the clause")
    required: bool
    found: str
    expected: str
    exchange: int | None = Field(description="index of the exchange that it is about")
    cause: str = Field("", description="what is wrong as a rule where it does not hold")
    fix: str = ""
    id: Annotated[str, Field(pattern="^[0-9A-F]{6}$")] | None = Field(
        None, description="of one that does not hold: tb repro ID"
    )


class ReportedAction(_Part):
    """One step."""

    title: str
    exchanges: list[int]
    checks: list[str]


class ReportedScenario(_Part):
    """One scenario, and what came of it."""

    name: str
    role: Role
    title: str
    result: Word
    reason: str = Field(description="of a result that checks do not explain")
    began: AwareDatetime
    seconds: float
    checks: list[ReportedCheck]
    actions: list[ReportedAction]
    exchanges: list[ReportedExchange]


class ConformanceReport(_Part):
    """A suite played against one system. Test evidence, not certification."""

    format: Literal["tradebridge-conformance/1"]
    notice: str
    suite: str
    version: str
    standard: str
    system: str
    code: str
    began: AwareDatetime
    seconds: float
    passed: int
    failed: int
    warnings: int
    skipped: int
    notApplicable: int
    errors: int
    waiting: int
    noTraffic: int
    ok: bool
    scenarios: list[ReportedScenario]


def schema() -> dict[str, Any]:
    """JSON Schema 2020-12."""
    made = ConformanceReport.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": ID, **made}
