"""RCEP: the Regional Comprehensive Economic Partnership, certificate of origin, Chapter 3."""

from decimal import Decimal

from schemas.certificate.agreement import ASEAN, Agreement
from schemas.certificate.form import RCEP_FORM
from schemas.certificate.model import RCEP_CO, Certificate
from schemas.rules import Rule

AGREEMENT = Agreement(
    id="rcep",
    profile=RCEP_CO,
    title="RCEP certificate of origin (2022)",
    source="RCEP",
    parties=ASEAN | {"JP", "CN", "KR", "AU", "NZ"},
    boxes=RCEP_FORM,
    example_route=("JP", "TH"),
    criteria=frozenset({"WO", "PE", "CTC", "RVC", "CR"}),
    combinable=frozenset(),
    additional=frozenset({"DMI", "ACU"}),
    tick_boxes=frozenset({"third_country_invoicing", "back_to_back", "issued_retroactively"}),
    absent=frozenset({"/exhibition"}),
    rvc_least=Decimal(40),
    grace_days=0,
)

RULES: tuple[Rule[Certificate], ...] = ()
