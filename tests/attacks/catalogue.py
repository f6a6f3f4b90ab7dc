"""The attacks as files: one vector a file, what it must be refused for, and where the attack comes from.

`index.json` lists the files; `SOURCES` says of each row of the catalogue who described it. Files are made by
`python -m tests.attacks.write` from the cases that the tests of `tests/evidence` and `tests/schemas` build, and then
stay: a change of ours that would accept one of them fails, whatever became of the code that made it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from schemas.content import open_content
from schemas.findings import Finding
from tests.evidence import issuing, test_timestamps, test_trust_history, world
from tests.evidence.case import NOW
from tradebridge.evidence import bundle, cms, jws, notes, seal
from tradebridge.evidence.archive import read_archive
from tradebridge.evidence.revocation import read_revocation_list
from tradebridge.evidence.status import with_status
from tradebridge.evidence.timestamps import read_timestamp
from tradebridge.evidence.trust import TrustList
from tradebridge.evidence.trust_history import read_version

HERE = Path(__file__).parent
FILES = HERE / "vectors"
INDEX = HERE / "index.json"

AT: datetime = world.AT


def _sealed(data: bytes, trust: TrustList = world.TRUST) -> object:
    """As intake does it: opening refuses some, the verifier of the signature the rest."""
    content = open_content(data)
    return content if isinstance(content, Finding) else seal.verify_seal(content, trust, AT)


CHECKS: Mapping[str, Callable[[bytes], object]] = {
    "document": _sealed,
    "statement": lambda data: jws.verify(data, jws.DOCUMENT, "document", world.TRUST, AT),
    "checkpoint": lambda data: notes.verify_checkpoint(data.decode(), world.VERIFIER_KEY, world.ORIGIN),
    "archive": read_archive,
    "bundle": lambda data: bundle.open_bundle(data, world.TRUST, AT),
    "timestamp": lambda data: read_timestamp(data, test_timestamps.DATA, [test_timestamps.ROOT]),
    "signature": lambda data: cms.verify_detached(data, b"<ASiCManifest/>\n", "bundle", world.TRUST, AT),
    "issued": lambda data: _sealed(data, issuing.ISSUING),
    "unlisted": lambda data: _sealed(data, issuing.UNLISTED),
    "stale": lambda data: _sealed(data, issuing.STALE),
    "crl": lambda data: read_revocation_list(data, [issuing.ROOT, issuing.BELOW]),
    "version": lambda data: read_version(data.decode(), test_trust_history.FIRST),
    "status": lambda data: with_status(world.TRUST, data.decode(), NOW),
}
"""What reads a file of each kind."""


@dataclass(frozen=True, slots=True)
class Attack:
    """One file."""

    file: str
    kind: str
    what: str
    """The fault, in words."""
    row: str
    """Of the catalogue, as `XSW-3`; empty where the catalogue has none."""
    code: str
    """Of the finding; empty where the answer is 'nobody signed this'."""

    @property
    def data(self) -> bytes:
        return (FILES / self.file).read_bytes()


def attacks() -> tuple[Attack, ...]:
    return tuple(Attack(**each) for each in json.loads(INDEX.read_text("utf-8")))


SOURCES: Mapping[str, str] = {
    "XSW": "McIntosh and Austel 2005; Somorovsky et al., On Breaking SAML, 2012; SAML Raider's eight forms",
    "XSW-14": "CVE-2025-29774, CVE-2025-29775 (xml-crypto)",
    "XSW-15": "CVE-2024-45409, CVE-2025-25291, CVE-2025-25292 (ruby-saml)",
    "XSW-16": "CVE-2025-66568 (ruby-saml)",
    "XML": "W3C XML Signature Best Practices; OWASP XML External Entity",
    "XML-2": "CVE-2026-41066 (lxml)",
    "XML-4": "CVE-2017-11427 (comment truncation in SAML libraries)",
    "KEY": "ETSI EN 319 132-1; W3C XML Signature 1.1, 8",
    "KEY-2": "GHSA-6vx8-pcwv-xhf4, GHSA-gmhf-gg8w-jw42 (signxml)",
    "KEY-3": "CVE-2009-0217 (short HMAC output)",
    "KEY-4": "CVE-2026-26007 (cryptography); NIST SP 800-131A",
    "JWS": "RFC 7515; RFC 8725",
    "JWS-7": "CVE-2025-59420 (Authlib, crit)",
    "JWS-8": "RFC 7797; GHSA-wphv-vfrh-23q5",
    "JWS-9": "CVE-2026-27962 (Authlib, embedded key)",
    "JWS-17": "CVE-2025-61920, CVE-2025-65015",
    "JWS-18": "CVE-2022-21449 (psychic signatures)",
    "JSN": "RFC 8259; RFC 8785",
    "X5": "RFC 5280",
    "X5-4": "RFC 5280, 4.2.1.12; RFC 9336 (documentSigning)",
    "X5-5": "GHSA-h8mc-2r26-8398 (node-forge)",
    "REV": "RFC 5280, 5 and 6.3",
    "TSP": "RFC 3161, 2.3 and 2.4; sigstore timestamp-authority",
    "ZIP": "ETSI EN 319 162-1; APPNOTE.TXT",
    "ZIP-2": "CVE-2025-54368",
    "ZIP-5": "CVE-2025-8291 (CPython)",
    "ZIP-6": "CVE-2024-0450 (CPython)",
    "LOG": "RFC 9162; C2SP signed-note, tlog-checkpoint, tlog-cosignature",
}
"""By row, else by its section."""


def source_of(row: str) -> str:
    return SOURCES.get(row) or SOURCES.get(row.partition("-")[0], "")


def page() -> str:
    """docs/attacks.md."""
    lines = [
        "# Attacks, and what refuses them",
        "",
        "Every file of `tests/attacks/vectors` is one attack on the verifier. Each is refused for the reason given",
        "here, by its code (`tb explain CODE`); a test reads all of them.",
        "",
        "| id | what is sent | refused as | described by |",
        "| --- | --- | --- | --- |",
    ]
    for attack in attacks():
        code = f"`{attack.code}`" if attack.code else "nobody has signed it"
        lines.append(f"| {attack.row or '-'} | [{attack.what}](../tests/attacks/vectors/{attack.file}) | {code} | "
                     f"{source_of(attack.row)} |")  # fmt: skip
    return "\n".join(lines) + "\n"
