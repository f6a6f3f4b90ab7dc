"""One file that proves one document, for thirty years: an ASiC-E container (ETSI EN 319 162-1) with a CAdES signature.

| in it | what |
| --- | --- |
| document.* | as received; document.tsr is its own timestamp, where somebody has asked for one |
| evidence.json | `tradebridge-evidence/1`: what `tradebridge.evidence.verify` reads |
| trust.json | the trust list of the day, for whoever has none; a verifier goes by the list in the own hand |
| renditions/ | what the hub made of the document for recipients |
| checkpoint/ | the log's signed note, its text and signature apart, and its timestamp |
| revocations/ | lists of members' authorities that were the newest at intake, where there are any |
| messages/, deliveries/, keys/ | statements, records, proofs and certificates, each as a file of its own |
| READ-ME.txt, index.html | for a person, without any program of ours |
| SHA256SUMS | of all of these |
| META-INF/ | the manifest with a digest of every file, the hub's signature over it, and the timestamp of that |

1. Every file but those of META-INF stands in the manifest with its SHA-256, once; the signature is over the manifest.
2. What stands in the folders but `renditions` is copied out of evidence.json, so that unzip, openssl and sha256sum can
   check it (docs/verify.md). `open_bundle` makes the copies anew and refuses any other.
3. The same evidence gives the same bytes. Who signs, and when, is passed in: never before what is recorded in it.
4. What stands in `renditions` has the digest that a delivery note to its recipient tells. So it is bound to the
   original by the hub's word at the time, whoever signs the container.
5. Where the hub's key was in other hands or withdrawn since, nobody vouches for the container, and what is in it is
   judged by the proofs that it has itself: record, checkpoint, cosignatures, timestamps, and the signatures of others.
   Its page and renditions have none: anybody may have made them. Unless a timestamp (RFC 3161) over the signature
   proves that it is older.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

from schemas.content import from_base64url, open_content
from tradebridge.evidence import canonical
from tradebridge.evidence.archive import MIMETYPE, read_archive, write_archive
from tradebridge.evidence.bundle_text import index_html, read_me
from tradebridge.evidence.cms import signer_of_detached
from tradebridge.evidence.file import EvidenceFile, Message, last_recorded, read_evidence, read_record
from tradebridge.evidence.jws import payload_of
from tradebridge.evidence.notes import decode, split_note
from tradebridge.evidence.refusals import Finding, finding
from tradebridge.evidence.report import DISTRUSTED, Report, answer
from tradebridge.evidence.seal import verify_seal
from tradebridge.evidence.seen import dated
from tradebridge.evidence.times import TOLERANCE, rfc3339
from tradebridge.evidence.timestamps import Timestamp
from tradebridge.evidence.trust import BadTrustList, TrustedKey, TrustList, Verified
from tradebridge.evidence.verify import nothing_checked, verify_evidence

MEDIA_TYPE = "application/vnd.etsi.asic-e+zip"
EXTENSION = ".asice"
PURPOSE = "bundle"

EVIDENCE, TRUST, SUMS = "evidence.json", "trust.json", "SHA256SUMS"
RENDITIONS = "renditions/"
PAGES = ("READ-ME.txt", "index.html")
"""What a person reads first."""
MANIFEST, SIGNATURE = "META-INF/ASiCManifest.xml", "META-INF/signature.p7s"
STAMP = "META-INF/signature.tsr"

_PEM = Encoding.PEM
_ASIC = "http://uri.etsi.org/02918/v1.2.1#"
_DS = "http://www.w3.org/2000/09/xmldsig#"
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_SIGNATURE_TYPE = "application/x-pkcs7-signature"
_TYPES = {
    "xml": "application/xml",
    "json": "application/json",
    "jws": "application/jose",
    "txt": "text/plain",
    "html": "text/html",
    "pem": "application/x-pem-file",
    "tsr": "application/timestamp-reply",
}
_EXTENSIONS = {"application/xml": "xml", "application/json": "json", "application/jose": "jws", "text/plain": "txt"}


@dataclass(frozen=True, slots=True)
class Rendition:
    """What the hub made of the document for one recipient."""

    recipient: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that holds together: its files, what is in them, and who signed it."""

    files: Mapping[str, bytes]
    evidence: Mapping[str, Any]
    trust: TrustList
    """The list of the day, as the bundle has it: nothing is believed because of it."""
    signed: Verified
    doubt: Finding | None = None
    """Why the signer vouches for nothing (rule 5)."""
    stamp: Timestamp | Finding | None = None
    """Since when the signature is known to exist, or why its timestamp says nothing; None: it has none."""


# --- making ----------------------------------------------------------------------------------------------------------


def contents_of(
    evidence: Mapping[str, Any], trust: TrustList, renditions: Sequence[Rendition] = ()
) -> tuple[tuple[str, bytes], ...]:
    """All files but those of META-INF, by name. `evidence` is the JSON of `tradebridge-evidence/1` as the hub gives it;
    the trust list in it is left out, since it stands beside it."""
    form = read_evidence(evidence)
    if isinstance(form, Finding):
        raise ValueError(f"no evidence to make a bundle of: {form.message} {form.pointer} {form.found}")
    told = {name: value for name, value in evidence.items() if name != "trust"}
    files = [
        (EVIDENCE, canonical.dumps(told)),
        (TRUST, canonical.dumps(trust.to_json())),
        *_copies(form, trust),
        *((_rendition_name(index, each), each.data) for index, each in enumerate(renditions)),
    ]
    page = index_html(form, trust, [name for name, _ in files])
    files += [("READ-ME.txt", read_me(form, trust).encode()), ("index.html", page.encode())]
    files.sort()
    return (*files, (SUMS, _sums(files)))


def manifest_of(files: Iterable[tuple[str, bytes]]) -> bytes:
    """The ASiCManifest of these files (EN 319 162-1, Annex A.4)."""
    root = etree.Element(f"{{{_ASIC}}}ASiCManifest", nsmap={"asic": _ASIC, "ds": _DS})
    etree.SubElement(root, f"{{{_ASIC}}}SigReference", {"URI": SIGNATURE, "MimeType": _SIGNATURE_TYPE})
    for name, data in files:
        where = {"URI": name, "MimeType": _TYPES.get(name.rpartition(".")[2], "application/octet-stream")}
        reference = etree.SubElement(root, f"{{{_ASIC}}}DataObjectReference", where)
        etree.SubElement(reference, f"{{{_DS}}}DigestMethod", {"Algorithm": _SHA256})
        value = etree.SubElement(reference, f"{{{_DS}}}DigestValue")
        value.text = b64encode(sha256(data).digest()).decode("ascii")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def close_bundle(
    files: Sequence[tuple[str, bytes]], manifest: bytes, signature: bytes, stamp: bytes | None = None
) -> bytes:
    """The container: `signature` is CMS over `manifest`, and that is `manifest_of(files)`; `stamp` is RFC 3161 over the
    signature."""
    stamped = [] if stamp is None else [(STAMP, stamp)]
    return write_archive([*files, (MANIFEST, manifest), (SIGNATURE, signature), *stamped], MEDIA_TYPE)


def _copies(form: EvidenceFile, trust: TrustList) -> Iterator[tuple[str, bytes]]:
    """Rule 2: what evidence.json holds in base64, and the certificates of those whose statements are in it."""
    yield f"document.{_EXTENSIONS.get(form.document.media_type, 'bin')}", b64decode(form.document.bytes)
    if form.document.timestamp:
        yield "document.tsr", b64decode(form.document.timestamp)
    for index, message in enumerate(form.messages):
        yield from _copies_of(message, f"messages/{index:03d}-{message.kind}")
    for index, delivery in enumerate(form.deliveries):
        yield f"deliveries/{index:03d}-{delivery.recipient}/note.jws", delivery.note.encode()
        if delivery.acknowledgement:
            yield f"deliveries/{index:03d}-{delivery.recipient}/acknowledgement.jws", delivery.acknowledgement.encode()
    if form.checkpoint:
        yield from _checkpoint(form.checkpoint, form.timestamp)
    for index, each in enumerate(form.revocations):
        yield f"revocations/{index:03d}.crl", b64decode(each)
    yield from _certificates(form, trust)


def _copies_of(message: Message, folder: str) -> Iterator[tuple[str, bytes]]:
    if message.bytes is not None:
        statement = b64decode(message.bytes)
        yield f"{folder}/event.jws", statement
        yield f"{folder}/event.json", from_base64url(statement.partition(b".")[2].partition(b".")[0]) or b""
    yield f"{folder}/receipt.jws", message.receipt.encode()
    if message.attestation:
        yield f"{folder}/attestation.jws", message.attestation.encode()
    yield f"{folder}/record.json", b64decode(message.record)
    yield f"{folder}/salt.bin", bytes.fromhex(message.salt)
    if message.inclusion is not None:
        yield from _path(message.inclusion.index, message.inclusion.size, message.inclusion.hashes, f"{folder}/proof")


def _path(index: int, size: int, hashes: Sequence[str], folder: str) -> Iterator[tuple[str, bytes]]:
    """The siblings on the way from the leaf to the root, each named by the side it stands on (RFC 9162, 2.1.3.2)."""
    last = size - 1
    for step, sibling in enumerate(hashes):
        left = bool(index & 1) or index == last
        if left:
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        yield f"{folder}/{step:02d}-{'left' if left else 'right'}.bin", bytes.fromhex(sibling)
        index, last = index >> 1, last >> 1


def _checkpoint(note: str, timestamp: str | None) -> Iterator[tuple[str, bytes]]:
    yield "checkpoint/note.txt", note.encode()
    parts = split_note(note)
    if not isinstance(parts, Finding):
        body, signatures = parts
        root = decode(body.split("\n")[2]) if body.count("\n") == 3 else None
        yield "checkpoint/text.txt", body.encode()
        yield "checkpoint/signature.bin", signatures[0][1][4:]
        if root is not None:
            yield "checkpoint/root.bin", root
    if timestamp:
        yield "checkpoint/note.tsr", b64decode(timestamp)


def _certificates(form: EvidenceFile, trust: TrustList) -> Iterator[tuple[str, bytes]]:
    """Of the hub, of all who have signed something in here, and of the timestamp authorities; and the log's key."""
    named = _members_in(form, trust)
    for member in (trust.hub, *trust.members):
        if member.id == trust.hub.id or member.id in named:
            for key in member.keys:
                yield f"keys/{member.id}{_purposes(key)}-{key.fingerprint[:16]}.pem", _pem(key)
    for index, authority in enumerate(trust.authorities):
        for number, root in enumerate(authority.roots):
            yield f"keys/timestamp-{index}-{number}.pem", root.public_bytes(_PEM)
    yield "keys/log.pem", _log_key(trust.log.verifier_key)


def _members_in(form: EvidenceFile, trust: TrustList) -> set[str]:
    """Members that have handed in, taken or signed something in here."""
    told = {delivery.recipient for delivery in form.deliveries}
    for message in form.messages:
        record = read_record(b64decode(message.record))
        if not isinstance(record, Finding):
            told.add(record.member)
    content = open_content(b64decode(form.document.bytes))
    seal = None if isinstance(content, Finding) else verify_seal(content, trust, None)
    return told | ({seal.member} if isinstance(seal, Verified) else set())


def _pem(key: TrustedKey) -> bytes:
    return key.certificate.public_bytes(_PEM)


def _purposes(key: TrustedKey) -> str:
    """What a key of a member is for, where it is for one thing: whoever looks for the issuer's finds it by its name."""
    return f"-{next(iter(key.purposes))}" if len(key.purposes) == 1 else ""


def _log_key(verifier_key: str) -> bytes:
    """The log's public key as openssl reads it. `verifier_key` was read before: it is one."""
    raw = decode(verifier_key.split("+", 2)[2]) or b""
    return Ed25519PublicKey.from_public_bytes(raw[1:]).public_bytes(_PEM, PublicFormat.SubjectPublicKeyInfo)


def _rendition_name(index: int, rendition: Rendition) -> str:
    return f"{RENDITIONS}{index:03d}-{rendition.recipient}.{_EXTENSIONS.get(rendition.media_type, 'bin')}"


def _sums(files: Iterable[tuple[str, bytes]]) -> bytes:
    """As `sha256sum -c` reads it."""
    return "".join(f"{sha256(data).hexdigest()}  {name}\n" for name, data in files).encode()


# --- opening ---------------------------------------------------------------------------------------------------------


def open_bundle(data: bytes, trust: TrustList, at: datetime | None) -> Bundle | Finding:
    """A bundle whose hub stands on `trust`; or the first thing that is wrong with it. `at`: when it is known to exist;
    None: then nothing but its own word tells its time."""
    files = read_archive(data)
    if isinstance(files, Finding):
        return files
    if files.get(MIMETYPE) != MEDIA_TYPE.encode():
        return finding("bundle.archive", MIMETYPE, found=files[MIMETYPE][:80], expected=MEDIA_TYPE, attack="ZIP-8")
    for name in (MANIFEST, SIGNATURE, EVIDENCE, TRUST):
        if name not in files:
            return finding("bundle.incomplete", name, expected="this file", attack="ZIP-10")
    signed = signer_of_detached(files[SIGNATURE], files[MANIFEST], PURPOSE, trust)
    if isinstance(signed, Finding):
        return signed
    doubt = signed.key.judge_time(signed.signed_at, at)
    stamp = dated(files[SIGNATURE], files.get(STAMP), trust)
    if isinstance(stamp, Timestamp) and doubt is not None and doubt.code == DISTRUSTED:
        doubt = signed.key.judge_time(signed.signed_at, stamp.at)
    if doubt is not None and doubt.code != DISTRUSTED:
        return doubt  # by its own word, too, it came too late
    opened = _check_manifest(files) or _opened(files, signed)
    return opened if isinstance(opened, Finding) else replace(opened, doubt=doubt, stamp=stamp)


def verify_bundle(data: bytes, trust: TrustList, now: datetime, document: bytes | None = None) -> Report:
    """The four answers of `tradebridge.evidence.verify` for a bundle. Of a container that is not whole nothing is
    believed."""
    bundle = open_bundle(data, trust, None)
    if isinstance(bundle, Finding):
        return nothing_checked(bundle, trust)
    return verify_opened(bundle, trust, now, document)


def verify_opened(
    bundle: Bundle, trust: TrustList, now: datetime, document: bytes | None = None, *, as_of: bool = False
) -> Report:
    """The same for a bundle that was opened with this list."""
    doubt = bundle.doubt or _undated(bundle, None if as_of else now)
    whole = _signed_at(bundle) if doubt is None else None
    # Who signs for nothing lists nothing either: what lies inside may be an honest listing of another file.
    evidence = bundle.evidence if doubt is None else {**bundle.evidence, "listing": None}
    report = verify_evidence(evidence, trust, now, document, signed_whole=whole, as_of=as_of)
    if doubt is not None:
        shown = [name for name in bundle.files if name in PAGES or name.startswith(RENDITIONS)]
        unvouched = [finding("bundle.unvouched", name, found=", ".join(shown)[:200]) for name in shown[:1]]
        told = [*report.unchanged.findings, *unvouched]
        report = replace(report, unchanged=answer("unchanged", told, report.unchanged.reason))
    doubts = ((doubt, SIGNATURE), (bundle.stamp, STAMP))
    remarks = [replace(each, pointer=name) for each, name in doubts if isinstance(each, Finding)]
    return replace(report, remarks=(*remarks, *report.remarks))


def _undated(bundle: Bundle, now: datetime | None) -> Finding | None:
    """Of a key that was withdrawn (rule 5), unless a timestamp is older than that."""
    key, stamp = bundle.signed.key, bundle.stamp
    undated = key.judge_undated(now)
    if undated is None or not isinstance(stamp, Timestamp):
        return undated
    return key.judge_time(bundle.signed.signed_at, stamp.at) and replace(undated, found=rfc3339(stamp.at))


def _signed_at(bundle: Bundle) -> datetime:
    """By its own word, and not later than by who dates it: it says nothing of what came after."""
    stated = bundle.signed.signed_at
    return min(stated, bundle.stamp.at) if isinstance(bundle.stamp, Timestamp) else stated


def _check_manifest(files: Mapping[str, bytes]) -> Finding | None:
    """Rule 1. The manifest is made anew from the files: it has one way to be written, so nothing in it is guessed."""
    listed = [name for name in files if name not in (MIMETYPE, MANIFEST, SIGNATURE, STAMP)]
    outside = [name for name in listed if name.startswith("META-INF/")]
    if outside:
        return finding("bundle.unsigned-file", outside[0], found=outside[0], attack="ZIP-11")
    if manifest_of((name, files[name]) for name in listed) == files[MANIFEST]:
        return None
    text = files[MANIFEST]
    for name in listed:
        digest = b64encode(sha256(files[name]).digest())
        if b'URI="' + name.encode() + b'"' not in text:
            return finding("bundle.unsigned-file", name, found=name, expected="a file of the manifest", attack="ZIP-9")
        if digest not in text:
            return finding("bundle.changed", name, found=sha256(files[name]).hexdigest(), attack="ZIP-9")
    return finding("bundle.incomplete", MANIFEST, expected="exactly the files that are there", attack="ZIP-10")


def _opened(files: Mapping[str, bytes], signed: Verified) -> Bundle | Finding:
    try:
        evidence, trust = json.loads(files[EVIDENCE]), TrustList.from_json(json.loads(files[TRUST]))
    except (ValueError, RecursionError) as error:
        return error.found if isinstance(error, BadTrustList) else _unreadable(error)
    form = read_evidence(evidence)
    if isinstance(form, Finding):
        return form
    copies = dict(_copies(form, trust))
    folders = ("messages/", "deliveries/", "checkpoint/", "keys/", "revocations/", "document.")
    for name in {*copies, *(each for each in files if each.startswith(folders))}:
        if copies.get(name) != files.get(name):
            return finding("bundle.changed", name, found="another than in evidence.json", attack="ZIP-9")
    wrong = _check_renditions(files, form) or _check_time(form, signed)
    return wrong or Bundle(files, evidence, trust, signed)


def _check_renditions(files: Mapping[str, bytes], form: EvidenceFile) -> Finding | None:
    """Rule 4. Whether a note is genuine is looked at with what it says of the document."""
    told = {(each.recipient, _rendered(each.note)) for each in form.deliveries}
    for name, data in files.items():
        if not name.startswith(RENDITIONS):
            continue
        recipient = name.removeprefix(RENDITIONS).partition("-")[2].rpartition(".")[0]
        digest = sha256(data).hexdigest()
        if (recipient, digest) not in told:
            expected = "a rendition that a delivery note tells of"
            return finding("bundle.changed", name, found=digest, expected=expected, attack="ZIP-9")
    return None


def _rendered(note: str) -> str | None:
    """The digest of the rendition that a note tells of."""
    payload = payload_of(note)
    told = payload if isinstance(payload, Finding) else canonical.loads(payload)
    rendition = None if isinstance(told, Finding) else told.get("rendition")
    return rendition.get("digest") if isinstance(rendition, dict) else None


def _check_time(form: EvidenceFile, signed: Verified) -> Finding | None:
    """Rule 3: else a key that was withdrawn could still vouch for what came later."""
    last = last_recorded(form)
    if last is None or last <= signed.signed_at + TOLERANCE:
        return None
    told = f"a record of {rfc3339(last)}"
    return finding("bundle.backdated", SIGNATURE, found=told, expected=f"at most {rfc3339(signed.signed_at)}")


def _unreadable(error: Exception) -> Finding:
    return finding("bundle.incomplete", EVIDENCE, found=str(error)[:100], expected="JSON")
