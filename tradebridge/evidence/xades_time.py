"""The timestamp within a signature: XAdES B-T (ETSI EN 319 132-1, 5.3 and 6.3), in one form.

    xades:QualifyingProperties
      xades:SignedProperties ...
      xades:UnsignedProperties / xades:UnsignedSignatureProperties / xades:SignatureTimeStamp
        ds:CanonicalizationMethod       exclusive C14N 1.0
        xades:EncapsulatedTimeStamp     the TimeStampToken (RFC 3161) in DER, base64

1. The token is over the canonical ds:SignatureValue: it says since when the signature exists. No signature covers it,
   so one that does not hold, or is of an authority that the list does not have, refuses the signature: nothing verifies
   with bytes in it that nobody answers for.
2. What it proves is older than what the recipient knows: a key that ended later was good when it signed.
3. The signer puts it in (`stamped`), before it hands the document on. Bytes that were received are never changed: of
   those a timestamp stands beside the document (docs/decisions/0025).
"""

from base64 import b64encode
from collections.abc import Callable

from cryptography.hazmat import asn1
from lxml import etree

from schemas.content import Content, XmlSeal, canonical_xml, open_content
from tradebridge.evidence.refusals import Finding, finding
from tradebridge.evidence.seen import dated
from tradebridge.evidence.timestamps import Timestamp
from tradebridge.evidence.trust import TrustList
from tradebridge.evidence.xades_form import EXCLUSIVE_C14N

_UNSIGNED = (
    "<xades:UnsignedProperties><xades:UnsignedSignatureProperties><xades:SignatureTimeStamp>"
    f'<ds:CanonicalizationMethod Algorithm="{EXCLUSIVE_C14N}"></ds:CanonicalizationMethod>'
    "<xades:EncapsulatedTimeStamp>{token}</xades:EncapsulatedTimeStamp>"
    "</xades:SignatureTimeStamp></xades:UnsignedSignatureProperties></xades:UnsignedProperties>"
)
_BEFORE = b"</xades:QualifyingProperties>"
_GRANTED = b"\x30\x03\x02\x01\x00"
"""PKIStatusInfo: status 0."""


def stamped(xml: bytes, ask: Callable[[bytes], bytes]) -> bytes:
    """A document that `xades.sign` has just signed, with a timestamp in its signature. `ask`: the answer of an
    authority (TimeStampResp, DER) over these bytes. Raises `ValueError` for any other document, or an answer without a
    token."""
    content = open_content(xml)
    if not isinstance(content, Content) or not isinstance(content.seal, XmlSeal) or xml.count(_BEFORE) != 1:
        raise ValueError("no document with one signature of the form of Tradebridge")
    token = token_of(ask(value_of(content.seal.signature)))
    return xml.replace(_BEFORE, _UNSIGNED.format(token=b64encode(token).decode("ascii")).encode() + _BEFORE)


def value_of(signature: etree._Element) -> bytes:
    """What the timestamp is over."""
    value = signature.find("{http://www.w3.org/2000/09/xmldsig#}SignatureValue")
    if value is None:
        raise ValueError("a signature without a value")
    return canonical_xml(value)


def token_of(response: bytes) -> bytes:
    """The TimeStampToken in a TimeStampResp. Raises `ValueError` where there is none."""
    given = asn1.decode_der(_Response, response).token
    return _der(bytes(given.tag_bytes), bytes(given.data))


def judge_stamp(token: bytes, value: bytes, trust: TrustList) -> Timestamp | Finding:
    """The timestamp over the canonical ds:SignatureValue, by an authority of the list (rule 1)."""
    told = dated(value, response_of(token), trust)
    if isinstance(told, Timestamp):
        return told
    found = told.found if told is not None else "a timestamp"
    return finding("signature.timestamp", found=found, expected="an authority of the trust list", attack="TSP-3")


def response_of(token: bytes) -> bytes:
    """The TimeStampResp that gave a token."""
    return _der(b"\x30", _GRANTED + token)


@asn1.sequence
class _Response:
    status: asn1.TLV
    token: asn1.TLV


def _der(tag: bytes, body: bytes) -> bytes:
    size = len(body)
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    length = bytes((size,)) if size < 0x80 else bytes((0x80 | len(octets),)) + octets
    return tag + length + body
