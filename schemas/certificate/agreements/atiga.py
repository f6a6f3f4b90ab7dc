"""ATIGA: the ASEAN Trade in Goods Agreement, Form D as revised in 2022, Annex 8 (operational certification procedures)."""

from decimal import Decimal

from schemas.certificate.agreement import ASEAN, Agreement
from schemas.certificate.form import FORM_D
from schemas.certificate.model import ATIGA_FORM_D, Certificate
from schemas.rules import Rule

AGREEMENT = Agreement(
    id="atiga",
    profile=ATIGA_FORM_D,
    title="ATIGA certificate of origin, Form D (2022)",
    source="ATIGA",
    parties=ASEAN,
    boxes=FORM_D,
    example_route=("SG", "TH"),
    criteria=frozenset({"WO", "RVC", "CC", "CTH", "CTSH", "SP", "PC"}),
    combinable=frozenset({"RVC", "CC", "CTH", "CTSH", "SP"}),
    additional=frozenset(),
    tick_boxes=frozenset(
        {
            "third_country_invoicing",
            "accumulation",
            "back_to_back",
            "partial_cumulation",
            "exhibition",
            "de_minimis",
            "issued_retroactively",
        }
    ),
    absent=frozenset({"/producer", "/producerWithheld", "/remarks", "/items/originCountry"}),
    rvc_least=Decimal(40),
    grace_days=3,
)

RULES: tuple[Rule[Certificate], ...] = ()
