"""`python -m tests.attacks.write`: the vectors, from the cases of the tests that build them, and the page on them."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict

from schemas.findings import Finding
from tests.attacks.catalogue import CHECKS, FILES, HERE, INDEX, Attack, page
from tests.evidence import (
    issuing,
    test_archive,
    test_authorities,
    test_bundle,
    test_cms,
    test_jws,
    test_notes,
    test_timestamps,
    test_trust_history,
    test_xades,
)
from tests.schemas import test_content

LARGEST = 150_000
"""Bytes of a file; what is larger stays in the test that makes it."""
PAGE = HERE.parents[1] / "docs" / "attacks.md"


def _cases() -> Iterator[tuple[str, str, str, str, str, bytes]]:
    """Kind, extension, what, row, code, data."""
    for name, (row, code, make) in test_xades.VECTORS.items():
        yield "document", "xml", name, row, "" if code == "signature.missing" else code, make()
    for name, (data, code, row) in test_content.REFUSED.items():
        yield "document", "json" if name.startswith(("JSON", "a JSON")) else _kind(name), name, row, code, data
    for name, (row, code, token) in test_jws.VECTORS.items():
        yield "statement", "jws", name, row, code, token().encode()
    for name, (row, code, note) in test_notes.VECTORS.items():
        yield "checkpoint", "txt", name, row, code, note().encode("utf-8", "surrogatepass")
    for name, (row, data) in test_archive.ATTACKS.items():
        yield "archive", "zip", name.partition(" ")[2], row, _found_in(CHECKS["archive"], data)[0], data
    for name, (row, code, data) in test_bundle.ATTACKS.items():
        yield "bundle", "asice", name.removeprefix(row).strip(), row, code, data
    for name, (row, token_, data, believed) in test_timestamps.ATTACKS.items():
        if (data, believed) == (test_timestamps.DATA, [test_timestamps.ROOT]):
            yield "timestamp", "tsr", name.partition(" ")[2], row, "timestamp.invalid", token_
    for name, (code, signature, content) in test_cms.ATTACKS.items():
        if content == test_cms.CONTENT:
            yield (
                "signature",
                "p7s",
                name.partition(" (")[0],
                _found_in(CHECKS["signature"], signature)[1],
                code,
                signature,
            )

    for name, (row, code, document) in test_authorities.ATTACKS.items():
        yield "issued", "jws" if name.startswith("x5c") else "xml", name, row, code, document()
    good, unknown = issuing.signed(issuing.GOOD), "signature.revocation-unknown"
    yield "unlisted", "xml", "a certificate without a revocation list", "REV-2", unknown, good
    yield "stale", "xml", "a certificate with a stale revocation list", "REV-2", unknown, good
    for name, crl in test_authorities.BAD_LISTS.items():
        yield "crl", "crl", name, "REV-2", "trust.revocation-list", crl()
    for name, (row, code, token) in test_trust_history.ATTACKS.items():
        yield "version", "jws", name, row, code, token().encode()
    for name, (row, code, token) in test_trust_history.STATUS_ATTACKS.items():
        yield "status", "jws", name, row, code, token().encode()


def _kind(name: str) -> str:
    return "xml" if name.startswith("XML") else "jws" if "JWS" in name else "bin"


def _found_in(check: Callable[[bytes], object], data: bytes) -> tuple[str, str]:
    """Code and row, where the case that builds it names one of them only."""
    found = check(data)
    if not isinstance(found, Finding):
        raise TypeError("an attack that is believed is no vector: mend what believes it")
    return found.code, found.attack


def main() -> None:
    for old in FILES.glob("*"):
        old.unlink()
    FILES.mkdir(exist_ok=True)
    listed: list[Attack] = []
    for kind, extension, what, row, code, data in _cases():
        if len(data) > LARGEST:
            continue
        slug = re.sub(r"[^a-z0-9]+", "-", what.lower()).strip("-")[:60]
        file = f"{row.lower() or 'other'}-{kind}-{slug}.{extension}"
        (FILES / file).write_bytes(data)
        listed.append(Attack(file, kind, what.replace("_", " "), row, code))
    listed.sort(key=lambda attack: (attack.row.partition("-")[0], _number(attack.row), attack.file))
    rows = ",\n".join(json.dumps(asdict(each), ensure_ascii=False) for each in listed)
    INDEX.write_text(f"[\n{rows}\n]\n", "utf-8")
    PAGE.write_text(page(), "utf-8")


def _number(row: str) -> int:
    return int(row.partition("-")[2] or 0)


if __name__ == "__main__":
    main()
