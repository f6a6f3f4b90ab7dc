"""Bytes of evidence, changed: nothing verifies that says anything else. One oracle for all that can be verified.

`verified` gives what a file proves, as a set of statements, or nothing. Of whatever became of the file, that must be
what the file itself proves, or less. So 'differs' means: says something that the original does not say. It is not
the same as 'has other bytes', where an encoding leaves freedom or a signature does not cover:

| file | what may differ and still verify |
| --- | --- |
| a document in hand, against its evidence | nothing: these bytes, or no |
| XML signature, JWS, CMS | white space and quotes inside tags; the value of the signature (JWS-19: n - s for s) |
| evidence.json | how the JSON is written; members nobody reads (the trust list, `simulated`); notes left out |
| checkpoint with cosignatures | lines of others, lines left out |
| timestamp | what no signature covers: the text of the status, certificates besides the signer's |
| bundle | how the ZIP is packed (times, deflated or stored, where META-INF stands), the value of the signature |
| proof | nothing |

And of what says since when others have seen a document, nothing that is left out makes an answer better.
"""

import json
import random
import zipfile
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from io import BytesIO
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.content import Content, open_content
from schemas.event import EventType
from simulator.witness import known_witness, witness_key, witness_name
from tests.evidence.case import NOW, content_of, event, note, sealed
from tests.evidence.test_against_signxml import mutant as xml_mutant
from tests.evidence.test_bundle import made
from tests.evidence.test_document_time import DATED, LATER, Stamped, token
from tests.evidence.test_replaced import OLD, STAMPED, witnessed
from tests.evidence.test_replaced import evidence as seen
from tests.evidence.test_trust_history import chain, ending, listed
from tests.evidence.test_whose_word import MUCH_LATER, STOLEN, with_first
from tests.evidence.test_whose_word import NOW as TODAY
from tests.evidence.test_xades import SIGNED
from tests.evidence.world import AT, HUB, LOG_KEY, ORIGIN, SG, TRUST, VERIFIER_KEY
from tradebridge.evidence import cms, jws, notes, proofs
from tradebridge.evidence.archive import write_archive
from tradebridge.evidence.bundle import (
    MANIFEST,
    MEDIA_TYPE,
    SIGNATURE,
    SUMS,
    Bundle,
    manifest_of,
    open_bundle,
    verify_bundle,
)
from tradebridge.evidence.cosignatures import add_lines, cosign, cosigned_by
from tradebridge.evidence.file import EvidenceFile
from tradebridge.evidence.receipts import read_note
from tradebridge.evidence.refusals import Finding
from tradebridge.evidence.seal import verify_seal
from tradebridge.evidence.timestamps import read_timestamp
from tradebridge.evidence.trust import TrustList, Verified
from tradebridge.evidence.verify import verify_evidence

Says = frozenset[object]
"""What a file proves; empty: nothing."""
Change = Callable[[random.Random, bytes], bytes]
NOTHING: Says = frozenset()


@dataclass(frozen=True)
class Kind:
    """One kind of file: a good one, what any proves, and how it is changed besides byte by byte."""

    good: bytes
    verified: Callable[[bytes], Says]
    changes: tuple[Change, ...] = ()


# --- changes ---------------------------------------------------------------------------------------------------------


def bits(draw: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 1, 2, 5))):
        if changed:
            changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def pieces(draw: random.Random, data: bytes) -> bytes:
    """A piece left out, twice, moved, or another in its place."""
    start = draw.randrange(len(data) + 1)
    end = min(len(data), start + draw.choice((0, 1, 1, 2, 4, 16, 64, 400)))
    at, piece = draw.randrange(len(data) + 1), data[start:end]
    return draw.choice(
        (
            data[:start] + data[end:],
            data[:end] + piece + data[end:],
            data[:start] + draw.randbytes(draw.randrange(1, 9)) + data[end:],
            data[:at] + piece + data[at:],
            data[:end],
            data[:start] + bytes(reversed(piece)) + data[end:],
        )
    )


def in_base64(draw: random.Random, data: bytes) -> bytes:
    """A part of a token or of a note: its bytes changed, and encoded again."""
    for mark, alphabet in ((b".", b"-_"), (b" ", b"+/"), (b'"', b"+/")):
        parts = data.split(mark)
        if len(parts) > 1:
            at = draw.randrange(len(parts))
            padded = parts[at].strip() + b"=" * (-len(parts[at].strip()) % 4)
            try:
                raw = b64decode(padded, alphabet, validate=True)
            except ValueError:
                continue
            encoded = b64encode(draw.choice((bits, pieces))(draw, raw), alphabet)
            parts[at] = encoded.rstrip(b"=") if alphabet == b"-_" else encoded
            return mark.join(parts)
    return data


def in_json(draw: random.Random, data: bytes) -> bytes:
    """A value of a JSON file: changed, left out, twice, or another value of the same file in its place."""
    value: Any = json.loads(data)
    holders = list(_holders(value))
    holder, key = draw.choice(holders)
    kind = draw.randrange(5)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, list):
        holder.insert(draw.randrange(len(holder) + 1), holder[key])
    elif kind == 2:
        other, name = draw.choice(holders)
        holder[key] = other[name]
    elif isinstance(holder[key], str):
        holder[key] = _other_text(draw, holder[key])
    elif isinstance(holder[key], int):
        holder[key] += draw.choice((-1, 1, 2**31))
    try:
        return json.dumps(value, indent=draw.choice((None, 2))).encode()
    except ValueError:  # a value inside itself
        return data


def _holders(value: Any) -> Any:
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from _holders(value[key])


def _other_text(draw: random.Random, text: str) -> str:
    changed = draw.choice((bits, pieces, in_base64))(draw, text.encode())
    if draw.random() < 0.5:
        try:
            raw = b64decode(text, validate=True)
        except ValueError:
            raw = b""
        if raw:
            return b64encode(draw.choice((bits, pieces))(draw, raw)).decode()
    return changed.decode("utf-8", "replace")


def in_archive(draw: random.Random, data: bytes) -> bytes:
    """An entry of a bundle: changed, renamed, left out, added, in another place; sums and manifest made to fit."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        entries = [(name, archive.read(name)) for name in archive.namelist()[1:]]
    at = draw.randrange(len(entries))
    name, content = entries[at]
    kind = draw.randrange(6)
    if kind == 0:
        del entries[at]
    elif kind == 1:
        entries.insert(draw.randrange(len(entries) + 1), (f"{name}{draw.choice('0ab')}", content))
    elif kind == 2:
        entries[at] = (entries[draw.randrange(len(entries))][0] + "x", content)
    elif kind == 3:
        entries.append(entries.pop(at))
    elif content:
        change = draw.choice((in_json,) if name.endswith(".json") and kind == 4 else (bits, pieces, in_base64))
        entries[at] = (name, change(draw, content))
    if draw.random() < 0.5:
        entries = _fitting(entries, sums=draw.random() < 0.5)
    if draw.random() < 0.2:
        return _deflated(entries)
    return write_archive(entries, MEDIA_TYPE)


def _fitting(entries: list[tuple[str, bytes]], *, sums: bool) -> list[tuple[str, bytes]]:
    """With a manifest over what is there now: only the signature tells."""
    listed = [(name, data) for name, data in entries if name not in (MANIFEST, SIGNATURE)]
    if sums:
        lines = [f"{sha256(data).hexdigest()}  {name}\n" for name, data in listed if name != SUMS]
        listed = [(name, "".join(lines).encode() if name == SUMS else data) for name, data in listed]
    signature = [(name, data) for name, data in entries if name == SIGNATURE]
    return [*listed, (MANIFEST, manifest_of(listed)), *signature]


def _deflated(entries: list[tuple[str, bytes]]) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", MEDIA_TYPE, zipfile.ZIP_STORED)
        for name, data in entries:
            archive.writestr(name, data)
    return file.getvalue()


def in_xml(draw: random.Random, data: bytes) -> bytes:
    return xml_mutant(draw, again=False)


# --- what is proven --------------------------------------------------------------------------------------------------


def document(data: bytes) -> Says:
    content = open_content(data)
    found = verify_seal(content, TRUST, AT) if isinstance(content, Content) else content
    return _signed(found)


def statement(data: bytes) -> Says:
    return _signed(jws.verify(data, jws.EVENT, "event", TRUST, NOW))


def delivery_note(data: bytes) -> Says:
    read = read_note(data.decode("utf-8", "replace"), TRUST, NOW)
    return NOTHING if isinstance(read, Finding) else frozenset([read])


def _signed(found: Verified | Finding | None) -> Says:
    if not isinstance(found, Verified):
        return NOTHING
    return frozenset([(found.member, found.kid, found.signed_at, found.payload)])


EVIDENCE = Stamped(events=(event(EventType.ACCEPTED), event(EventType.UTILISED, sequence=1))).build()


def in_hand(data: bytes) -> Says:
    """The document itself, against its evidence."""
    return frozenset([data]) if verify_evidence(EVIDENCE, DATED, NOW, data).exit_code == 0 else NOTHING


def evidence(data: bytes) -> Says:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return NOTHING
    return _told(value) if verify_evidence(value, DATED, NOW).exit_code == 0 else NOTHING


def _told(value: Mapping[str, Any]) -> Says:
    """Each statement that is read; of a checkpoint its text."""
    form = EvidenceFile.model_validate(value)
    said: set[object] = {form.document.model_copy(update={"timestamp": None}), ("text", _text(form.checkpoint or ""))}
    if form.document.timestamp is not None:
        said |= {
            ("dated", *each) for each in _stamp(b64decode(form.document.timestamp), b64decode(form.document.bytes))
        }
    for message in form.messages:
        said.add(message.model_copy(update={"attestation": None, "bytes": None if _unread(message) else message.bytes}))
    for delivery in form.deliveries:
        said |= {(delivery.recipient, delivery.note), (delivery.recipient, delivery.acknowledgement or "")}
    return frozenset(said) | {("", "")}


def _unread(message: Any) -> bool:
    """Of the acceptance nobody reads `bytes`: they stand with the document."""
    return bool(message.kind in ("document", "forward"))


def _text(note_: str) -> str:
    return note_.rpartition("\n\n")[0]


def bundle(data: bytes) -> Says:
    if verify_bundle(data, DATED, NOW).exit_code != 0:
        return NOTHING
    opened = open_bundle(data, DATED, None)
    assert isinstance(opened, Bundle)
    return frozenset([tuple(sorted((name, content) for name, content in opened.files.items() if name != SIGNATURE))])


WITNESSES = [known_witness("42", country) for country in ("jp", "sg", "th")]
CHECKPOINT = notes.sign_checkpoint(ORIGIN, 7, b"\7" * 32, LOG_KEY)
COSIGNED = add_lines(
    CHECKPOINT, [cosign(CHECKPOINT, witness_name(each), witness_key("42", each), AT) for each in ("jp", "sg", "th")]
)


def checkpoint(data: bytes) -> Says:
    text = data.decode("utf-8", "replace")
    found = notes.verify_checkpoint(text, VERIFIER_KEY, ORIGIN)
    cosigned = cosigned_by(text, WITNESSES, NOW)
    if isinstance(found, Finding) or isinstance(cosigned, Finding):
        return NOTHING
    return frozenset([found, *((found, name, at) for name, at in cosigned.items())])


def timestamp(data: bytes) -> Says:
    return frozenset(_stamp(data, SIGNED))


def _stamp(token_: bytes, data: bytes) -> set[tuple[object, ...]]:
    read = read_timestamp(token_, data, DATED.authorities)
    return set() if isinstance(read, Finding) else {(read.at, read.authority, read.serial, read.signer)}


MANIFEST_BYTES = b"<manifest/>"


def cms_signature(data: bytes) -> Says:
    found = cms.verify_detached(data, MANIFEST_BYTES, "bundle", TRUST, AT)
    return frozenset([(found.kid, found.signed_at)]) if isinstance(found, Verified) else NOTHING


LEAVES = [proofs.leaf_hash(bytes([index])) for index in range(90)]
OLD_ROOT, ROOT = proofs.root_of(LEAVES[:41]), proofs.root_of(LEAVES)


def _node(level: int, index: int) -> bytes:
    return proofs.root_of(LEAVES[index << level : (index + 1) << level])


def _proof(data: bytes) -> Mapping[str, Any] | None:
    """A proof as it stands in JSON, of the right form."""
    try:
        value = json.loads(data)
        hashes = [bytes.fromhex(each) for each in value["hashes"]]
        return {"hashes": hashes, "index": int(value["index"]), "leaf": bytes.fromhex(value["leaf"])}
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return None


def inclusion(data: bytes) -> Says:
    """In a tree whose size and root a checkpoint tells."""
    proof = _proof(data)
    if proof is None or not proofs.verify_inclusion(proof["leaf"], proof["index"], 90, proof["hashes"], ROOT):
        return NOTHING
    return frozenset([(proof["index"], proof["leaf"], *proof["hashes"])])


def consistency(data: bytes) -> Says:
    """Between two trees whose sizes and roots checkpoints tell."""
    proof = _proof(data)
    if proof is None or not proofs.verify_consistency(41, 90, proof["hashes"], OLD_ROOT, ROOT):
        return NOTHING
    return frozenset([tuple(proof["hashes"])])


def as_json(hashes: list[bytes], index: int, leaf: bytes) -> bytes:
    return json.dumps({"index": index, "leaf": leaf.hex(), "hashes": [each.hex() for each in hashes]}).encode()


KINDS = {
    "XML document": Kind(SIGNED, document, (in_xml,)),
    "JWS document": Kind(jws.sign(b'{"a":"1"}', jws.DOCUMENT, SG, AT).encode(), document, (in_base64,)),
    "document in hand": Kind(sealed(), in_hand),
    "event": Kind(event(EventType.ACCEPTED).data, statement, (in_base64,)),
    "delivery note": Kind(note(content_of(sealed())).sign(HUB, AT).encode(), delivery_note, (in_base64,)),
    "evidence": Kind(json.dumps(EVIDENCE).encode(), evidence, (in_json, in_json, in_base64)),
    "bundle": Kind(made(Stamped(events=(event(EventType.ACCEPTED),))), bundle, (in_archive, in_archive)),
    "checkpoint": Kind(COSIGNED.encode(), checkpoint, (in_base64,)),
    "timestamp": Kind(b64decode(token(SIGNED, LATER)), timestamp),
    "CMS signature": Kind(cms.sign_detached(MANIFEST_BYTES, HUB, AT), cms_signature),
    "inclusion proof": Kind(as_json(proofs.inclusion_proof(41, 90, _node), 41, LEAVES[41]), inclusion, (in_json,)),
    "consistency proof": Kind(
        as_json(proofs.consistency_proof(41, 90, _node), 41, LEAVES[41]), consistency, (in_json,)
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_the_good_one_proves_something(name: str) -> None:
    assert KINDS[name].verified(KINDS[name].good)


@pytest.mark.fuzz
@pytest.mark.parametrize("name", KINDS)
@given(seed=st.integers(0, 2**64 - 1))
def test_nothing_verifies_that_says_something_else(name: str, seed: int) -> None:
    kind, draw = KINDS[name], random.Random(seed)
    data = draw.choice((bits, pieces, *kind.changes))(draw, kind.good)
    more = kind.verified(data) - kind.verified(kind.good) if data != kind.good else NOTHING
    assert not more, f"it proves {more!r:.500}"


# --- dates that are left out -----------------------------------------------------------------------------------------

EARLY = AT + timedelta(days=1)
AN_HOUR = timedelta(hours=1)


def since(trust: TrustList) -> TrustList:
    """Of a hub that named nobody at first."""
    return listed(chain((AT - AN_HOUR, TRUST), (AT + AN_HOUR, trust)), now=TODAY)


def stolen(trust: TrustList) -> TrustList:
    return ending(SG, trust, distrusted=STOLEN)


BOTH = witnessed(OLD, STAMPED)
OBSERVED: dict[str, tuple[TrustList, bool, bool]] = {
    "witnesses": (witnessed(OLD), True, False),
    "witnesses and an authority": (BOTH, True, True),
    "the same, of a stolen key": (stolen(BOTH), True, True),
    "an authority, of a stolen key": (stolen(STAMPED), False, True),
    "an authority that was named later, of a stolen key": (since(stolen(STAMPED)), False, True),
    "witnesses that were named later, of a stolen key": (since(stolen(witnessed(OLD))), True, False),
}
"""Who is named to see the log: the list, whether by witnesses, whether by an authority."""


def shorter(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """With one date left out: the timestamp, the first checkpoint, or a line of the newest one."""
    text, mark, lines = given["checkpoint"].rpartition("\n\n")
    kept = lines.splitlines(keepends=True)
    return [
        *(
            {name: each for name, each in given.items() if name != one}
            for one in ("timestamp", "first")
            if one in given
        ),
        *(
            {**given, "checkpoint": text + mark + "".join(kept[:at] + kept[at + 1 :])}
            for at in range(1, len(kept))  # the log's own stays
        ),
    ]


@pytest.mark.parametrize("name", OBSERVED)
def test_a_date_that_is_left_out_makes_no_answer_better(name: str) -> None:
    trust, by_witnesses, by_authority = OBSERVED[name]
    times: tuple[datetime | None, ...] = (None, EARLY, MUCH_LATER)
    tried = 0
    for cosigned, stamped, first in product(times, times, (False, True)):
        if (cosigned and not by_witnesses) or (stamped and not by_authority):
            continue
        given_ = seen(cosigned=cosigned, stamped=stamped)
        if first:
            early = seen(cosigned=EARLY if by_witnesses else None, stamped=EARLY if by_authority else None)
            given_ = with_first(given_, early)
            if by_authority:
                given_["first"]["timestamp"] = early["timestamp"]
        before = yes_to(given_, trust)
        for less in shorter(given_):
            tried += 1
            assert yes_to(less, trust) <= before, (cosigned, stamped, first)
    assert tried > 3


def yes_to(given_: Mapping[str, Any], trust: TrustList) -> set[str]:
    return {each.question for each in verify_evidence(given_, trust, TODAY).answers if each.verdict == "yes"}
