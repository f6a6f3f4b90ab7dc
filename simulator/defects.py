"""What is wrong with a document on purpose, by name. Pure: bytes in, bytes out.

A defect is made before the issuer signs (the issuer erred), after it (somebody on the way changed something), or by
who signs.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Any


class NotApplicable(ValueError):
    """The defect has no place in this document: choose another profile or syntax in the scenario's file."""


def unknown_member(data: bytes) -> bytes:
    """A member that no certificate has: our profiles are closed."""
    document = json.loads(data)
    document["exporterTaxNumber"] = "SPECIMEN-0001"
    return json.dumps(document, ensure_ascii=False).encode()


def changed_on_the_way(data: bytes) -> bytes:
    """One text of the signed payload is another one: the seal no longer fits."""
    header, payload, signature = data.split(b".")
    document = json.loads(urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)))
    changed = json.dumps(_with_other_consignee(document), ensure_ascii=False, separators=(",", ":")).encode()
    return b".".join((header, urlsafe_b64encode(changed).rstrip(b"="), signature))


BEFORE_SIGNING: Mapping[str, Callable[[bytes], bytes]] = {
    "unknown-member": unknown_member,
}
AFTER_SIGNING: Mapping[str, Callable[[bytes], bytes]] = {
    "changed-on-the-way": changed_on_the_way,
}
WRONG_SIGNER: Mapping[str, str] = {}
"""Member that signs in place of the issuer, by defect."""


def _with_other_consignee(document: dict[str, Any]) -> dict[str, Any]:
    raise NotApplicable("no consignee")
