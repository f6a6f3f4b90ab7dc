"""`tradebridge-evidence/1` as a file: its JSON form, and the record that a leaf of the log commits to.

The file itself is signed by nobody. What it holds is, or hangs on what is: statements, a checkpoint, a proof. So the
form is checked for what the steps after it need (encodings, lengths, kinds), and a member that is not known is passed
over.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from tradebridge.evidence import canonical
from tradebridge.evidence.refusals import Finding, finding
from tradebridge.evidence.times import from_rfc3339

FORMAT = "tradebridge-evidence/1"


def _canonical_base64(text: str) -> str:
    try:
        same = b64encode(b64decode(text.encode("ascii"), validate=True)).decode("ascii") == text
    except ValueError:
        same = False
    if not same:
        raise ValueError("should be canonical base64")
    return text


Base64 = Annotated[str, AfterValidator(_canonical_base64)]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0, lt=2**63)]


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, alias_generator=to_camel)


class Inclusion(_Form):
    """The proof for one leaf, as of a size of the tree."""

    size: Count
    index: Count
    hashes: Annotated[tuple[Hash, ...], Field(max_length=64, strict=False)]


class Message(_Form):
    """One message about the document."""

    kind: Literal["document", "event", "forward", "title"]
    message_id: str
    bytes: Base64 | None
    """Of an event: the JWS; of a title: the hub's record of the change. Of a document: None, they stand above."""
    receipt: str
    attestation: str | None = None
    record: Base64
    salt: Hash
    """32 bytes: of a fixed length, so that salt and record cannot be cut elsewhere."""
    leaf_index: Count | None
    inclusion: Inclusion | None


class Delivery(_Form):
    """What the hub handed on, and the recipient's word that it has it."""

    recipient: str
    note: str
    acknowledgement: str | None


class Subject(_Form):
    """The document, as received."""

    id: str
    profile: str
    number: str | None
    media_type: str
    bytes: Base64
    bytes_digest: Hash
    content_digest: Hash
    timestamp: Base64 | None = None
    """RFC 3161 over the bytes; None: nobody has asked for one."""


class First(_Form):
    """The first checkpoint over the acceptance that others had seen."""

    checkpoint: Annotated[str, Field(max_length=100_000)]
    timestamp: Base64 | None = None
    inclusion: Inclusion


class EvidenceFile(_Form):
    """All of it. The trust list inside is a hint for people and is not read here."""

    format: Literal["tradebridge-evidence/1"]
    document: Subject
    messages: Annotated[tuple[Message, ...], Field(strict=False)]
    deliveries: Annotated[tuple[Delivery, ...], Field(strict=False)]
    checkpoint: str | None
    timestamp: Base64 | None = None
    """RFC 3161 over the checkpoint's note."""
    listing: str | None = None
    """The hub's word that these are all the messages: `tradebridge.evidence.listing`."""
    first: First | None = None
    """Where `checkpoint` is a later one: `tradebridge.evidence.late`."""
    revocations: Annotated[tuple[Base64, ...], Field(max_length=1000, strict=False)] = ()
    """Revocation lists of members' authorities that were the newest when something here was accepted, in DER."""


def commitment(message: Message) -> bytes:
    """The data of the message's leaf, SHA-256(salt || record): 32 bytes."""
    return sha256(bytes.fromhex(message.salt) + b64decode(message.record)).digest()


def read_evidence(value: object) -> EvidenceFile | Finding:
    """The file, or the first member that is wrong."""
    try:
        return EvidenceFile.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        pointer = "".join(f"/{part}" for part in first["loc"])
        given = first.get("input", "")
        shown = given if isinstance(given, str | int | float | bool) else type(given).__name__
        if first["type"] == "missing":
            return finding("evidence.malformed", pointer, found="nothing", expected="this member")
        return finding("evidence.malformed", pointer, found=shown, expected=first["msg"])


@dataclass(frozen=True, slots=True)
class Record:
    """What a leaf of the log commits to."""

    kind: str
    message_id: str
    document_id: str
    member: str
    profile: str
    bytes_digest: str
    content_digest: str
    time: datetime
    space: str


_NAMES = ("kind", "messageId", "documentId", "member", "profile", "bytesDigest", "contentDigest", "time", "space")


def read_record(data: bytes, pointer: str = "") -> Record | Finding:
    """A record: canonical JSON with exactly its nine members, all of them text."""
    members: Mapping[str, Any] | Finding = canonical.loads(data)
    if isinstance(members, Finding):
        return finding("log.record", pointer, found=members.message, attack=members.attack)
    if set(members) != set(_NAMES) or not all(isinstance(members[name], str) for name in _NAMES):
        return finding("log.record", pointer, found=", ".join(members), expected=", ".join(_NAMES), attack="JSN-11")
    time = from_rfc3339(members["time"])
    if time is None:
        return finding("log.record", f"{pointer}/time", found=members["time"], expected="a moment of RFC 3339")
    kind, message_id, document_id, member, profile, bytes_digest, content_digest, _, space = (
        members[name] for name in _NAMES
    )
    return Record(kind, message_id, document_id, member, profile, bytes_digest, content_digest, time, space)


def last_recorded(file: EvidenceFile) -> datetime | None:
    """The latest time that its records state, proven or not; None: it has none that can be read."""
    records = [read_record(b64decode(each.record)) for each in file.messages]
    return max((each.time for each in records if not isinstance(each, Finding)), default=None)
