"""The agreements under which certificates are issued: one file each, which is all that a new one needs.

Each module of this folder has `AGREEMENT`, its data, and `RULES`, the rules that it has in words of its own. They are
found by looking into the folder; nothing else names them.
"""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from schemas.certificate.agreement import Agreement as Agreement
from schemas.certificate.model import Certificate
from schemas.rules import Rule

_MODULES: tuple[ModuleType, ...] = tuple(
    import_module(f"{__name__}.{found.name}") for found in sorted(iter_modules(__path__), key=lambda each: each.name)
)

AGREEMENTS: tuple[Agreement, ...] = tuple(module.AGREEMENT for module in _MODULES)

RULES: tuple[Rule[Certificate], ...] = tuple(rule for module in _MODULES for rule in module.RULES)
"""The rules that belong to one agreement."""

_BY_PROFILE = {agreement.profile: agreement for agreement in AGREEMENTS}


def agreement_of(profile: str) -> Agreement:
    """The agreement of a certificate's profile. Raises KeyError for the profile of another kind of document."""
    return _BY_PROFILE[profile]
