"""The signature over the reports of a run: one statement that names each file by its digest, and by it all stand.

1. `report.jws` is a compact JWS (`tradebridge.evidence.jws`) of type `tradebridge-report+jws`. It says what was tried,
   what came of it, and which files there are, with length and SHA-256: also those that are in `evidence.zip` only.
2. `evidence.zip` holds all files, the messages as they were on the wire, and the same statement. It is written in one
   way only (`tradebridge.evidence.archive`), so one that is not what its files give again was changed.
3. The kit's certificate stands in the statement. Whoever was given the certificate by another way believes that one;
   without it the signature says no more than that nothing was changed since.
4. The key is the kit's on this machine, made with the first report, and a test key: it carries the marker.

It is test evidence, not certification: the statement says so itself.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import rfc8785
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from schemas.findings import Finding, finding
from simulator.conformance.evidence import INDEX
from tradebridge.evidence import jws
from tradebridge.evidence.archive import MIMETYPE, read_archive, write_archive
from tradebridge.evidence.signer import LocalSigner, Signer
from tradebridge.evidence.simulation import is_test_certificate, test_signer
from tradebridge.evidence.trust import TrustedKey, TrustedLog, TrustList, hub_of

FORMAT = "tradebridge-conformance-signature/1"
TYPE = "tradebridge-report+jws"
PURPOSE = "report"
MEMBER = "CONFORMANCE-KIT"
STATEMENT = "report.jws"
ARCHIVE = "evidence.zip"
ARCHIVE_TYPE = "application/vnd.tradebridge.conformance+zip"
KEY_FILE = "kit.json"

_UNSIGNED, _CHANGED = "evidence.report-unsigned", "evidence.report-changed"


@dataclass(frozen=True)
class SignedReport:
    """A report that is as it was signed."""

    names: tuple[str, ...]
    """Files that were looked at."""
    said: Mapping[str, Any]
    """The statement: suite, version, system, code, began, counts, `ok`, `files`."""
    signed_at: datetime
    certificate: x509.Certificate
    vouched: bool
    """The certificate is one that the reader was given; else it stands in the statement alone."""

    @property
    def simulated(self) -> bool:
        return is_test_certificate(self.certificate)


def kit_signer(folder: Path) -> LocalSigner:
    """The kit's key of this machine, in a folder that only its owner reads; made where there is none."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / KEY_FILE
    fresh = folder / f".{KEY_FILE}-{secrets.token_hex(8)}"
    if not file.exists():
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps({"seed": secrets.token_hex(32)}), "utf-8")
        try:
            os.link(fresh, file)  # whole or not at all; of two that begin at once one wins, for both
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return signer_of(str(json.loads(file.read_text("utf-8"))["seed"]))


def signer_of(seed: str) -> LocalSigner:
    """The kit's key that follows from a seed."""
    return test_signer(seed, MEMBER, PURPOSE)


def statement(facts: Mapping[str, Any], files: Mapping[str, bytes], signer: Signer, at: datetime) -> str:
    """The compact JWS over what came of a run and its files. `at` has a zone."""
    listed = {name: {"bytes": len(data), "sha256": _digest(data)} for name, data in files.items()}
    certificate = signer.certificate.public_bytes(Encoding.PEM).decode("ascii")
    told = {"format": FORMAT, **facts, "files": listed, "certificate": certificate}
    return jws.sign(rfc8785.dumps(told), TYPE, signer, at)


def archive(files: Mapping[str, bytes], token: str) -> bytes:
    """`evidence.zip`: all files in their order, the statement last."""
    return write_archive([*files.items(), (STATEMENT, token.encode("ascii"))], ARCHIVE_TYPE)


def is_report(path: Path) -> bool:
    """Whether a file or folder is one that `verify` is asked for: an archive of ours, or beside a statement that names
    it."""
    try:
        if path.is_file() and _is_archive(path):
            return True
        beside = (path if path.is_dir() else path.parent) / STATEMENT
        said = _said(beside.read_text("ascii")) if beside.is_file() else None
    except (OSError, ValueError):
        return False
    return said is not None and (path.is_dir() or path.name == STATEMENT or path.name in said["files"])


def _is_archive(path: Path) -> bool:
    with path.open("rb") as file:
        return ARCHIVE_TYPE.encode() in file.read(200)


def verify(path: Path, trusted: x509.Certificate | None, now: datetime) -> SignedReport | Finding:
    """Whether a report is as it was signed: one of its files, its folder, or `evidence.zip`. Raises OSError."""
    if path.name == ARCHIVE or (path.is_file() and _is_archive(path)):
        return _of_archive(path.read_bytes(), path.name, trusted, now)
    folder = path if path.is_dir() else path.parent
    beside = folder / STATEMENT
    if not beside.is_file():
        return finding(_UNSIGNED, found=path.name, expected=f"{STATEMENT} in the same folder")
    token = beside.read_bytes()
    opened = _opened(token, trusted, now)
    if isinstance(opened, Finding):
        return opened
    if path.is_dir():
        names = [each for each in opened.said["files"] if "/" not in each and each != INDEX]
    else:
        names = [] if path.name == STATEMENT else [path.name]
    for name in names:
        file = folder / name
        wrong = _compared(opened, name, file.read_bytes() if file.is_file() else None)
        if wrong is not None:
            return wrong
    if path.is_dir() and (folder / ARCHIVE).is_file():
        inside = _of_archive((folder / ARCHIVE).read_bytes(), ARCHIVE, trusted, now)
        if isinstance(inside, Finding):
            return inside
        if inside.said != opened.said:
            return finding(_CHANGED, found=f"{ARCHIVE} of another run", expected="the same run")
        names.append(ARCHIVE)
    return _with(opened, (*names, STATEMENT))


def _of_archive(data: bytes, name: str, trusted: x509.Certificate | None, now: datetime) -> SignedReport | Finding:
    entries = read_archive(data)
    if isinstance(entries, Finding):
        return entries
    token = entries.get(STATEMENT)
    if token is None:
        return finding(_UNSIGNED, found=name, expected=f"{STATEMENT} in the archive")
    opened = _opened(token, trusted, now)
    if isinstance(opened, Finding):
        return opened
    files = {each: content for each, content in entries.items() if each not in (MIMETYPE, STATEMENT)}
    for each in {**opened.said["files"], **files}:
        wrong = _compared(opened, each, files.get(each))
        if wrong is not None:
            return wrong
    if archive(files, token.decode("ascii")) != data:
        return finding(_CHANGED, found=f"{name} is packed otherwise", expected="the bytes that the kit wrote")
    return _with(opened, tuple(files))


def _compared(opened: SignedReport, name: str, data: bytes | None) -> Finding | None:
    listed = opened.said["files"].get(name)
    if listed is None:
        return finding(_CHANGED, found=f"{name}, which was not signed", expected="a file of this report")
    if data is None:
        return finding(_CHANGED, found=f"no {name}", expected=f"{listed['bytes']} bytes")
    if len(data) != listed["bytes"] or _digest(data) != listed["sha256"]:
        return finding(_CHANGED, found=f"{name}: SHA-256 {_digest(data)}", expected=listed["sha256"])
    return None


def _opened(token: bytes, trusted: x509.Certificate | None, now: datetime) -> SignedReport | Finding:
    """The statement, if its signature is by the trusted certificate, or the one that it names itself."""
    try:
        said = _said(token.decode("ascii"))
        named = x509.load_pem_x509_certificate(said["certificate"].encode("ascii"))
        key = TrustedKey.of(MEMBER, trusted or named, {PURPOSE})
    except ValueError as error:
        return finding(_UNSIGNED, found=str(error)[:200], expected="a statement of the kit")
    trust = TrustList(hub_of([key], MEMBER), TrustedLog("", ""), ())
    verified = jws.verify(token, TYPE, PURPOSE, trust, now)
    if isinstance(verified, Finding):
        return verified
    return SignedReport((), said, verified.signed_at, key.certificate, trusted is not None)


def _with(opened: SignedReport, names: tuple[str, ...]) -> SignedReport:
    return SignedReport(names, opened.said, opened.signed_at, opened.certificate, opened.vouched)


def _said(token: str) -> dict[str, Any]:
    """What a statement says, of which nothing is proven. Raises ValueError."""
    payload = jws.payload_of(token)
    if isinstance(payload, Finding):
        raise ValueError(payload.message)
    said = json.loads(payload)
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise ValueError("it is no statement of the conformance kit")
    files = said.get("files")
    listed = list(files.values()) if isinstance(files, dict) else [None]
    whole = all(isinstance(each, dict) and {"bytes", "sha256"} <= set(each) for each in listed)
    if not whole or not isinstance(said.get("certificate"), str):
        raise ValueError("it names no files, or no certificate")
    return said


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
