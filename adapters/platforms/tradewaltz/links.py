"""Links of a trade platform: the structured data of one consignment, of which each party sees its part, and one
append-only position for every change. Pure. Modelled on what is publicly said of TradeWaltz (data of a trade shared
between its parties over a ledger); its API is not public: sections, roles and names are invented.

1. A link has five roles: exporter, importer, carrier, bank, insurer. `SECTIONS` says who sees a section of the data and
   who writes it.
2. A change is signed by the party that makes it. It carries a salted commitment to the section's new data, never the
   data: so every party holds every position, and only who sees a section opens its commitment.
3. A change states the version that it makes: of two at once one is refused. Nothing is taken back; a section is written
   anew, as a further position.
4. A position names the one before it by its transaction, the SHA-256 of that position (RFC 8785). Who holds the last
   position holds them all: one that was left out, changed or put between does not fit.
5. `verify` needs the parties' certificates and no platform. What it cannot see is the platform showing two parties two
   histories; that shows when they compare their last transactions.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from schemas.bill_of_lading.pint import checksum
from schemas.findings import Fidelity, Finding, Kind, finding, register

SOURCE = "Public descriptions of TradeWaltz"


def _kind(code: str, sentence: str, fix: str, status: int = 422) -> Kind:
    return Kind(code, sentence, fix, source=SOURCE, fidelity=Fidelity.INVENTED, status=status)


register(
    [
        _kind("link.unknown", "There is no such link, or the caller is no party to it.", "Check its id.", 404),
        _kind("link.not-a-party", "No role of the link is taken by this party.", "Act as a party to the link.", 403),
        _kind(
            "link.not-yours",
            "The role does not write this section.",
            "Let a role write it that may: docs/developer.md has the table.",
            403,
        ),
        _kind(
            "link.old-version",
            "The link has another change already at this version.",
            "Read the link and sign the change for the version that is next.",
            409,
        ),
        _kind(
            "link.malformed",
            "The change is not of the form that links take.",
            "Write it as docs/developer.md has it, under links.",
        ),
        _kind(
            "link.signature",
            "A change is not signed by the party that the link names for its role.",
            "Let the party sign it with the key that stands in the link.",
        ),
        _kind(
            "link.broken",
            "A position does not follow from the one before it.",
            "Ask every party for its last transaction: the histories differ.",
        ),
        _kind(
            "link.other-data",
            "The data is not what the change was signed for.",
            "Ask the platform for the data and salt of this position again.",
        ),
    ]
)


class Role(StrEnum):
    EXPORTER = "exporter"
    IMPORTER = "importer"
    CARRIER = "carrier"
    BANK = "bank"
    INSURER = "insurer"


class Section(StrEnum):
    """A part of what is shared."""

    ORDER = "order"
    """The contract of sale: terms, price."""
    GOODS = "goods"
    CARRIAGE = "carriage"
    """Vessel, voyage, ports, dates, containers."""
    ORIGIN = "origin"
    """The certificate of origin."""
    TITLE = "title"
    """Who controls the bill of lading, and on which platform."""
    PAYMENT = "payment"
    INSURANCE = "insurance"


@dataclass(frozen=True, slots=True)
class Access:
    """Who sees a section, and who of them writes it."""

    seen: frozenset[Role]
    written: frozenset[Role]


_EVERYBODY = frozenset(Role)
_TRADE = frozenset({Role.EXPORTER, Role.IMPORTER, Role.BANK})

SECTIONS: Mapping[Section, Access] = {
    Section.ORDER: Access(_TRADE, frozenset({Role.EXPORTER, Role.IMPORTER})),
    Section.GOODS: Access(_EVERYBODY, frozenset({Role.EXPORTER})),
    Section.CARRIAGE: Access(_EVERYBODY, frozenset({Role.CARRIER})),
    Section.ORIGIN: Access(_TRADE, frozenset({Role.EXPORTER})),
    Section.TITLE: Access(_TRADE | {Role.CARRIER}, _TRADE | {Role.CARRIER}),
    Section.PAYMENT: Access(_TRADE, frozenset({Role.BANK, Role.IMPORTER})),
    Section.INSURANCE: Access(_TRADE | {Role.INSURER}, frozenset({Role.INSURER})),
}

JSON = dict[str, Any]
Opening = Callable[[Role, str], JSON | Finding]
"""Opens a signed change with the certificate that the link names for the role, or says why not."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a party signs."""

    link: str
    version: int
    """The version that it makes; the first is 1."""
    role: Role
    section: Section
    commitment: str
    """SHA-256, hexadecimal, of the section's data with its salt (`committed`)."""
    at: str
    """RFC 3339."""

    def to_json(self) -> JSON:
        return {
            "link": self.link,
            "version": self.version,
            "role": self.role.value,
            "section": self.section.value,
            "commitment": self.commitment,
            "at": self.at,
        }


@dataclass(frozen=True, slots=True)
class Position:
    """One place on the ledger of a link."""

    link: str
    version: int
    previous: str
    """Transaction of the position before it; of the first, the checksum of the link's parties (`founded`)."""
    event: str
    """The signed change, compact JWS."""

    @property
    def transaction(self) -> str:
        return checksum({"link": self.link, "version": self.version, "previous": self.previous, "event": self.event})

    def to_json(self) -> JSON:
        return {
            "link": self.link,
            "version": self.version,
            "previous": self.previous,
            "event": self.event,
            "transaction": self.transaction,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Position":
        """Raises `KeyError` or `TypeError` for what is no position. The transaction is computed, never believed."""
        return cls(str(value["link"]), int(value["version"]), str(value["previous"]), str(value["event"]))


def committed(data: Mapping[str, Any], salt: str) -> str:
    """The commitment to data: with its salt, so that it cannot be guessed from what is likely."""
    return checksum({"data": dict(data), "salt": salt})


def founded(link: str, parties: Mapping[Role, Mapping[str, str]]) -> str:
    """What the first position follows from: who the parties are, and their certificates."""
    return checksum({"link": link, "parties": {role.value: dict(party) for role, party in parties.items()}})


def read_change(value: Mapping[str, Any]) -> Change | Finding:
    """The change that a JSON object is."""
    try:
        change = Change(
            str(value["link"]),
            int(value["version"]),
            Role(value["role"]),
            Section(value["section"]),
            str(value["commitment"]),
            str(value["at"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        return finding("link.malformed", found=f"{type(error).__name__}: {error}")
    if change.to_json() != dict(value) or value["version"] is True:
        return finding("link.malformed", found=", ".join(sorted(map(str, value))))
    return change


def append(
    head: str, version: int, event: str, data: Mapping[str, Any], salt: str, opening: Opening, role: Role
) -> tuple[Position, Change] | Finding:
    """The next position of a link at `version`, whose last transaction is `head`, by a party in this role; or why the
    signed change is refused."""
    opened = opening(role, event)
    change = opened if isinstance(opened, Finding) else read_change(opened)
    if isinstance(change, Finding):
        return change
    if change.role is not role:
        return finding("link.not-a-party", "/role", found=change.role, expected=role)
    if role not in SECTIONS[change.section].written:
        writers = ", ".join(sorted(SECTIONS[change.section].written))
        return finding("link.not-yours", "/section", found=f"{role} writes {change.section}", expected=writers)
    if change.version != version + 1:
        return finding("link.old-version", "/version", found=change.version, expected=version + 1)
    if change.commitment != committed(data, salt):
        return finding("link.other-data", "/commitment", found=change.commitment, expected=committed(data, salt))
    return Position(change.link, change.version, head, event), change


@dataclass(frozen=True, slots=True)
class Seen:
    """A position as a party is shown it: with data and salt, if the section is for its role."""

    position: Position
    data: Mapping[str, Any] | None
    salt: str = ""


def seen_by(role: Role, section: Section) -> bool:
    return role in SECTIONS[section].seen


def verify(link: str, start: str, shown: Sequence[Seen], opening: Opening) -> tuple[Finding, ...]:
    """All that is wrong with the positions of a link, oldest first, as one party is shown them. `start`: `founded`."""
    found: list[Finding] = []
    head = start
    for version, each in enumerate(shown, 1):
        pointer, position = f"/positions/{version - 1}", each.position
        if (position.link, position.version, position.previous) != (link, version, head):
            expected = f"version {version} after {head[:12]}"
            before = f"version {position.version} after {position.previous[:12]}"
            found.append(finding("link.broken", pointer, found=before, expected=expected))
        head = position.transaction
        found += _judge_change(link, each, pointer, opening)
    return tuple(found)


def _judge_change(link: str, shown: Seen, pointer: str, opening: Opening) -> list[Finding]:
    position = shown.position
    opened = next((each for each in (opening(role, position.event) for role in Role) if isinstance(each, dict)), None)
    if opened is None:
        return [finding("link.signature", pointer)]
    change = read_change(opened)
    if isinstance(change, Finding):
        return [change]
    found = []
    if isinstance(opening(change.role, position.event), Finding):
        found.append(finding("link.signature", pointer, expected=f"the {change.role}"))
    if (change.link, change.version) != (link, position.version):
        found.append(finding("link.broken", pointer, found=f"{change.link} {change.version}", expected=link))
    if change.role not in SECTIONS[change.section].written:
        found.append(finding("link.not-yours", pointer, found=f"{change.role} writes {change.section}"))
    if shown.data is not None and committed(shown.data, shown.salt) != change.commitment:
        found.append(finding("link.other-data", pointer, found=change.section))
    return found
