"""Samples that break a rule: a valid certificate with a few places changed."""

from collections.abc import Callable, Mapping
from typing import Any

from schemas.certificate.model import Certificate
from schemas.certificate.values import Part


def changed(places: Mapping[str, Any]) -> Callable[[Certificate], Certificate]:
    """A sample: these places, as `items.0.hs_code`, get these values. Nothing is validated on the way."""

    def sample(certificate: Certificate) -> Certificate:
        for place, value in places.items():
            certificate = _changed(certificate, place.split("."), value)
        return certificate

    return sample


def _changed(part: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    head, *rest = path
    if isinstance(part, tuple):
        index = int(head)
        return (*part[:index], _changed(part[index], rest, value), *part[index + 1 :])
    assert isinstance(part, Part)
    return part.model_copy(update={head: _changed(getattr(part, head), rest, value)})
