"""AJCEP: the agreement of ASEAN and Japan on comprehensive economic partnership, Form AJ (revised ASEAN version, 2014)."""

from decimal import Decimal

from schemas.certificate.agreement import ASEAN, Agreement
from schemas.certificate.form import FORM_AJ
from schemas.certificate.model import AJCEP_FORM_AJ, Certificate
from schemas.rules import Rule

AGREEMENT = Agreement(
    id="ajcep",
    profile=AJCEP_FORM_AJ,
    title="AJCEP certificate of origin, Form AJ (2014)",
    source="AJCEP",
    parties=ASEAN | {"JP"},
    boxes=FORM_AJ,
    example_route=("JP", "VN"),
    criteria=frozenset({"WO", "PE", "CTH", "CTC", "RVC", "SP"}),
    combinable=frozenset(),
    additional=frozenset({"DMI", "ACU"}),
    tick_boxes=frozenset({"third_country_invoicing", "back_to_back", "issued_retroactively"}),
    absent=frozenset({"/producer", "/producerWithheld", "/remarks", "/items/originCountry", "/exhibition"}),
    rvc_least=Decimal(40),
    grace_days=3,
)

RULES: tuple[Rule[Certificate], ...] = ()
