"""Settings of the hub: environment variables `TRADEBRIDGE_*`, each with one documented default."""

from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What an installation decides. Secrets come from the environment or from files, never from a document."""

    model_config = SettingsConfigDict(env_prefix="TRADEBRIDGE_", extra="ignore", frozen=True)

    mode: Literal["dev", "pilot"] = Field("dev", description="dev: simulation. pilot: not built yet, refuses to start.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8600, ge=0, le=65535, description="Port to listen on; 0 takes any free one.")
    base_url: str = Field("", description="Address under which others reach the hub; default: made from host and port.")
    data: Path = Field(Path("data"), description="Folder of the store and the keys.")
    database_url: str = Field(
        "", description="sqlite:///PATH or postgresql+psycopg://...; default: hub.sqlite in data."
    )
    product_rules: Path | None = Field(None, description="Your table of product-specific rules of origin (TOML).")
    adapters: tuple[Path, ...] = Field(
        (), description='Folders of adapters of others, whose code runs in the hub: JSON, ["/srv/mine"].'
    )
    space: str = Field("", description="Name of the default space; empty as a rule.")
    platform_code: str = Field("TBHB", pattern=r"^[A-Z0-9]{2,4}$", description="The hub's own code as an eBL platform.")
    platform_name: str = Field("Tradebridge hub", description="Its name as an eBL platform, as others see it.")
    control_registry: str = Field(
        "", description="Control tracking registry of bills of lading issued here: own, a URI, or empty for none."
    )
    former_base_urls: tuple[str, ...] = Field(
        (), description="Addresses that the hub had before: its registry answers for bills that name them. JSON list."
    )
    keys: Literal["files", "environment", "pkcs11"] = Field(
        "files", description="Custody of the hub's keys: files in data, secrets of the environment, a PKCS#11 token."
    )
    keys_passphrase: SecretStr = Field(SecretStr(""), description="Files: the keys are encrypted with it.")
    hub_key: SecretStr = Field(SecretStr(""), description="Environment: key for receipts, PEM with its certificate.")
    hub_key_next: SecretStr = Field(SecretStr(""), description="Environment: the next key for receipts, or the former.")
    pint_key: SecretStr = Field(SecretStr(""), description="Environment: key as an eBL platform, with its certificate.")
    log_key: SecretStr = Field(SecretStr(""), description="Environment: Ed25519 key of the log, PEM.")
    codes_key: SecretStr = Field(SecretStr(""), description="Environment: 32 bytes in hexadecimal, for codes on paper.")
    token_module: Path | None = Field(None, description="PKCS#11: the module of the token, a shared library.")
    token_label: str = Field("", description="PKCS#11: label of the token.")
    token_pin: SecretStr = Field(SecretStr(""), description="PKCS#11: PIN of the token's user.")
    status_hours: float = Field(24.0, gt=0, le=168, description="How long the signed status of keys is believed.")
    seed: str = Field("", description="Simulation only: keys, ids and salts are derived from it. Empty: real ones.")
    clock: datetime | None = Field(None, description="Simulation only: the business clock stands still at this time.")
    operator_key: SecretStr = Field(SecretStr(""), description="API key of the operator; default: made at first start.")
    partner_keys: dict[str, SecretStr] = Field(
        {},
        description='Keys that partners gave the hub, for those who know callers by a header: JSON, {"ID-NSW": "..."}.',
    )
    retry_base_seconds: float = Field(1.0, gt=0, description="First wait before a delivery is tried again.")
    retry_max_seconds: float = Field(300.0, gt=0, description="Longest wait between two attempts.")
    retry_attempts: int = Field(12, ge=1, description="Attempts before a delivery is dead.")
    lease_seconds: float = Field(30.0, gt=0, description="How long a claimed delivery is left to who claimed it.")
    push_timeout_seconds: float = Field(10.0, gt=0, description="How long a member may take to answer a push.")
    push_batch: int = Field(500, ge=1, le=500, description="Deliveries in one push or inbox page, at most.")
    webhook_waits: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400),
        min_length=1,
        max_length=50,
        description="Webhooks: seconds by the hub's clock from each attempt to the next; then it is dead. JSON.",
    )
    webhook_seconds: float = Field(10.0, gt=0, le=60, description="How long a webhook may take to answer, in all.")
    webhook_days: float = Field(
        3.0, gt=0, description="Days by the hub's clock of nothing but failures, after which a webhook is disabled."
    )
    webhooks_per_member: int = Field(10, ge=1, description="Webhooks of one member; then 409.")
    bodies_per_member: int = Field(32, ge=1, description="Request bodies read at once from one member; then 429.")
    bodies: int = Field(256, ge=1, description="Request bodies read at once from all; then 503.")
    body_seconds: float = Field(120.0, gt=0, description="How long a request body may take to come in; then 408.")
    feeds_per_member: int = Field(16, ge=1, description="Feeds open at once for one member; then 429.")
    feeds: int = Field(1000, ge=1, description="Feeds open at once for all; then 503.")
    checks_per_minute: int = Field(
        30, ge=1, description="Checks of documents on the public pages from one address in a minute; then 429."
    )
    password_memory: int = Field(65_536, ge=32, le=4_194_304, description="Memory of one Argon2 hash, in KiB.")
    session_minutes: float = Field(30.0, gt=0, le=1440, description="Minutes unused, after which a session ends.")
    session_hours: float = Field(10.0, gt=0, le=168, description="Hours after which a session ends in any case.")
    api_keys_per_member: int = Field(20, ge=2, description="API keys of one member that hold at once; then 409.")
    sequence_seconds: float = Field(0.1, gt=0, le=1, description="How often the log takes new leaves in, at least.")
    witnesses_needed: int = Field(
        0, ge=0, description="Cosignatures that make a checkpoint evidence; 0: of more than half."
    )
    witness_seconds: float = Field(0.5, gt=0, description="How often the newest checkpoint is taken to the witnesses.")
    retention_years: dict[str, Annotated[int, Field(ge=1, le=100)]] = Field(
        {}, description='Years that documents are kept, where not as the profile says: JSON, {"rcep-co/2022": 7}.'
    )
    reading_years: int = Field(5, ge=1, le=100, description="Years that it is kept who looked at which document.")
    retention_runs: bool = Field(False, description="Delete by the hub's clock, once a day, what is past its years.")
    log_level: str = Field("warning", description="debug, info, warning or error.")
    ready_fd: int = Field(-1, description="File descriptor that gets one JSON line when the hub is ready.")
    control_fd: int = Field(
        -1, description="Simulation only: a socket by which `tb up` moves the clock, and makes and resets spaces."
    )
    parent_pipe: int = Field(-1, description="File descriptor of a pipe; the hub ends when its other end closes.")

    @property
    def store_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data / 'hub.sqlite'}"

    @property
    def open_simulation(self) -> bool:
        """Can others than this machine reach keys that everybody can derive?"""
        return self.simulated and not is_loopback(self.host)

    @property
    def simulated(self) -> bool:
        """Are the keys test keys? Then every statement of the hub says so."""
        return bool(self.seed)


def is_loopback(host: str) -> bool:
    """Is this an address, or the name, of this machine alone?"""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


OPEN_SIMULATION = "a simulation: its keys are public, and others than this machine can reach it. Listen on 127.0.0.1"
"""Said where `Settings.open_simulation` holds."""


class UnsafeSettings(RuntimeError):
    """The hub refuses to start with these settings; the message says which and what to do."""


def check_startable(settings: Settings, *, in_tests: bool = False) -> None:
    """Raise `UnsafeSettings` where the settings contradict the mode."""
    if settings.mode == "pilot":
        if settings.seed or settings.clock:
            raise UnsafeSettings(
                "pilot mode takes no seed and no frozen clock: unset TRADEBRIDGE_SEED and TRADEBRIDGE_CLOCK"
            )
        if settings.control_fd >= 0:
            raise UnsafeSettings("pilot mode takes no control socket: unset TRADEBRIDGE_CONTROL_FD")
        if not in_tests:
            raise UnsafeSettings("pilot mode is not built yet: start with TRADEBRIDGE_MODE=dev")
    if settings.control_fd >= 0 and not settings.simulated:
        raise UnsafeSettings(
            "a control socket is for simulations: set TRADEBRIDGE_SEED, or unset TRADEBRIDGE_CONTROL_FD"
        )
