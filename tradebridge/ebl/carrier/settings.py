"""What a carrier is told when it starts: who it is, whom it knows, what its officers do by rule.

A JSON file in camelCase. Tokens of others are known by their SHA-256 alone (`tokenIn`); `tokenOut` is what we show.
"""

from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Setting(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Platform(Setting):
    """An eBL platform that the carrier issues through."""

    code: str
    base: str
    """Its API is below `{base}/ebl/v3`."""
    token_out: str = ""
    token_in: str = ""


class Subscription(Setting):
    """Where a consumer wants notifications: `POST {base}/ebl/v3/...-notifications`."""

    base: str
    reference: str
    full: bool = False
    """The full state, not only statuses and references."""
    token_out: str = ""


class Consumer(Setting):
    """A shipper, or who books for one: it sees its own documents only."""

    id: str
    token_in: str
    subscriptions: tuple[Subscription, ...] = ()


class Booking(Setting):
    """What the carrier knows of a confirmed booking, and the shipper does not say again."""

    transports: dict[str, Any]
    """DCSA's Transports. Without dates it departs on the day of the draft and arrives ten days later."""
    equipment_code: str = "22G1"
    """ISO 6346, for containers that are not named in `equipments`."""
    equipments: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """By container: members of UtilizedTransportEquipment, as `equipment` and `activeReeferSettings`."""
    outer_packaging: dict[str, Any] | None = None
    """Where the shipper gives none: of dangerous goods it stands in the booking."""
    loaded_on: date | None = None
    """When the goods were on board, or received; None: on the day of issue."""
    members: dict[str, Any] = Field(default_factory=dict)
    """Further members of the transport document: charges, service contract, types of receipt and delivery."""


class Mode(StrEnum):
    """Who decides a thing."""

    AUTO = "auto"
    """The rule: what satisfies DCSA's conditions is taken."""
    MANUAL = "manual"
    """A person, through `/_carrier/v1`."""
    REJECT = "reject"
    """The rule: no. For updates, amendments and surrenders."""


class Officers(Setting):
    """Which steps the carrier takes by itself."""

    draft: Mode = Mode.AUTO
    """Of received instructions: a draft, or a request to update them."""
    update: Mode = Mode.AUTO
    amendment: Mode = Mode.AUTO
    issue: Mode = Mode.AUTO
    """Once the draft is approved."""
    surrender_for_delivery: Mode = Mode.AUTO
    surrender_for_amendment: Mode = Mode.AUTO
    reissue: Mode = Mode.AUTO
    """Void what was surrendered for amendment, and issue the amended version."""
    complete: Mode = Mode.AUTO


class Retry(Setting):
    """Seconds between attempts double from `first` to `most`; a notification is given up after `attempts`."""

    first: float = 0.2
    most: float = 30.0
    attempts: int = 60
    timeout: float = 10.0


class Settings(Setting):
    carrier_code: str
    carrier_code_list_provider: str = "NMFTA"
    issuing_party: dict[str, Any]
    """DCSA's IssuingParty."""
    agent_at_destination: dict[str, Any] | None = None
    """DCSA's CarriersAgentAtDestination, for who asks for one."""
    terms_and_conditions: str = "Terms of the simulated carrier. No contract of carriage comes from this document."
    source: str = ""
    """Of notifications; default `urn:tradebridge:carrier:{carrierCode}`."""
    series: str = ""
    """Between carrier code and number in references: another one for another store of the same carrier."""

    seed: str = ""
    """The simulated key is drawn from it, for the carrier code."""
    key_file: Path | None = None
    certificate_file: Path | None = None
    """PEM, in the place of the seed: EC P-256 (ES256) or RSA (PS256)."""
    clock: datetime | None = None
    """A frozen business clock."""

    platforms: tuple[Platform, ...] = ()
    issue_via: str = ""
    """The platform that is asked where the party's own is not among them: it hands the bill on by PINT."""
    consumers: tuple[Consumer, ...] = ()
    booking: Booking | None = None
    """For every booking that is not in `bookings`; None: those are unknown."""
    bookings: dict[str, Booking] = Field(default_factory=dict)
    officers: Officers = Officers()
    visualisation: bool = False
    """Send the carrier's own rendering with an issuance request."""
    verify_chain: bool = True
    """Of a surrender: get the endorsement chain from the platform, and reject what does not follow from it."""
    processing: Mode = Mode.AUTO
    """`manual`: accepted requests wait for `POST /_carrier/v1/process`."""
    while_processing: Literal[202, 409] = 202
    """How GET answers meanwhile."""
    retry: Retry = Retry()

    @property
    def event_source(self) -> str:
        return self.source or f"urn:tradebridge:carrier:{self.carrier_code}"

    def platform(self, code: str) -> Platform | None:
        return next((each for each in self.platforms if each.code == code), None)

    def consumer(self, identity: str) -> Consumer | None:
        return next((each for each in self.consumers if each.id == identity), None)
