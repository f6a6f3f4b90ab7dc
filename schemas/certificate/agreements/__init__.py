"""The agreements under which certificates are issued: one file each, which is all that a new one needs."""

from schemas.certificate.agreement import Agreement as Agreement
from schemas.certificate.agreements import ajcep, atiga, rcep

AGREEMENTS: tuple[Agreement, ...] = (atiga.AGREEMENT, ajcep.AGREEMENT, rcep.AGREEMENT)

RULES = (*atiga.RULES, *ajcep.RULES, *rcep.RULES)
"""The rules that belong to one agreement."""
