"""How the rules that all forms share are written down: their kinds, and the profiles that they hold for."""

from collections.abc import Callable

from schemas.certificate.agreements import AGREEMENTS, Agreement, agreement_of
from schemas.certificate.model import Certificate
from schemas.certificate.samples import Sample, changed, criterion, dollars
from schemas.findings import Fidelity, Kind, Severity
from schemas.registry import Context
from schemas.rules import Check, Layer, Rule, as_it_is, nothing_beside

FORMS = "Form D (2022), Form AJ (2014), Form RCEP: the boxes"
HUB = "Tradebridge"
"""Source of what no text says."""


def where(has: Callable[[Agreement], bool]) -> frozenset[str]:
    """The profiles of the agreements of which this is true."""
    return frozenset(agreement.profile for agreement in AGREEMENTS if has(agreement))


ALL = where(lambda agreement: True)
WITH_BACK_TO_BACK = where(lambda agreement: "back_to_back" in agreement.tick_boxes)
WITH_EXHIBITION = where(lambda agreement: "exhibition" in agreement.tick_boxes)
WITH_OFFICIAL_USE = where(lambda agreement: "/officialUse" not in agreement.absent)
WITH_PRODUCER = where(lambda agreement: "/producer" not in agreement.absent)
WITH_SEVERAL_PARTIES = where(lambda agreement: len(agreement.parties) > 2)
WITH_VALUE = where(lambda agreement: "/items/fobValue" not in agreement.absent)


def rule(
    layer: Layer,
    code: str,
    sentence: str,
    fix: str,
    check: Check[Certificate],
    sample: Sample,
    *,
    severity: Severity = Severity.ERROR,
    clause: str = "",
    source: str = FORMS,
    fidelity: Fidelity = Fidelity.MODELLED,
    profiles: frozenset[str] = ALL,
    issuing_side: bool = False,
    start: Sample = as_it_is,
    setting: Callable[[Certificate, Context], Context] = nothing_beside,
) -> Rule[Certificate]:
    """A rule of the code `certificate.{code}`."""
    kind = Kind(
        f"certificate.{code}",
        sentence,
        fix,
        severity,
        clause=clause,
        source=source,
        fidelity=fidelity,
        issuing_side=issuing_side,
    )
    return Rule(kind, profiles, check, sample, layer, start, setting)


def value_claimed(amount: str, currency: str = "USD", *, percentage: str = "45", item: int = 0) -> Sample:
    """A sample: the item claims value content, by its agreement's name for it, with this FOB value."""

    def sample(document: Certificate) -> Certificate:
        code = min(agreement_of(document.profile).content - {"PC"})
        return changed(
            {
                f"items.{item}.origin_criterion": criterion(code, percentage=percentage),
                f"items.{item}.fob_value": dollars(amount, currency),
            }
        )(document)

    return sample
