"""The rules of the certificates of origin: those that all forms share, and with them those of each agreement."""

from schemas.certificate import agreements
from schemas.certificate.model import Certificate
from schemas.rules import Rule, register_rules

RULES: tuple[Rule[Certificate], ...] = register_rules(agreements.RULES)
