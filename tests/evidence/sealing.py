"""Sign an XML document in whatever shape a test asks for, so that all digests and the signature hold.

What is then refused is refused for its shape: no digest and no signature could have given it away. `reseal` fills in
DigestValue and SignatureValue by the rules of XML signature, with code that shares nothing with `tradebridge.evidence`.
"""

import copy
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256

from lxml import etree

from tests.evidence.world import SG
from tradebridge.evidence.signer import LocalSigner

DS = "{http://www.w3.org/2000/09/xmldsig#}"
XADES = "{http://uri.etsi.org/01903/v1.3.2#}"

Change = Callable[[etree._Element, etree._Element], object]
"""(root, signature) -> changes them in place."""


def canonical(element: etree._Element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True)


def find(element: etree._Element, path: str) -> etree._Element:
    """The first element at a path like `ds:KeyInfo/ds:X509Data`."""
    names = {"ds": DS[1:-1], "xades": XADES[1:-1]}
    found = element.find(path, names)
    assert found is not None, path
    return found


def changed(document: bytes, change: Change, signer: LocalSigner | None = SG) -> bytes:
    """The signed document after a change; signed again by `signer`, or with the old values where that is None."""
    root = etree.fromstring(document)
    signature = find(root, ".//ds:Signature")
    change(root, signature)
    if signer is not None:
        reseal(root, signature, signer)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def reseal(root: etree._Element, signature: etree._Element, signer: LocalSigner) -> None:
    info = find(signature, "ds:SignedInfo")
    for reference in info.findall(f"{DS}Reference"):
        digest = sha256(_referenced(root, signature, reference.get("URI", ""))).digest()
        value = reference.find(f"{DS}DigestValue")
        if value is not None:
            value.text = b64encode(digest).decode()
    find(signature, "ds:SignatureValue").text = b64encode(signer.sign(canonical(info))).decode()


def _referenced(root: etree._Element, signature: etree._Element, uri: str) -> bytes:
    if uri.startswith("#"):
        for element in root.iter():
            if element.get("Id") == uri[1:]:
                return canonical(element)
        return b""
    whole = copy.deepcopy(root)
    for twin in list(whole.iter(f"{DS}Signature"))[:1]:
        parent = twin.getparent()
        if parent is not None:
            previous = twin.getprevious()
            if previous is not None:
                previous.tail = (previous.tail or "") + (twin.tail or "")
            else:
                parent.text = (parent.text or "") + (twin.tail or "")
            parent.remove(twin)
    return canonical(whole)
