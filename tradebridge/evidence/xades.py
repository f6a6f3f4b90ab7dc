"""XAdES baseline B-B and B-T (ETSI EN 319 132-1) enveloped in the document that it signs, in one strict profile.

    ds:Signature @Id
      ds:SignedInfo
        ds:CanonicalizationMethod     exclusive C14N 1.0, without comments, without PrefixList
        ds:SignatureMethod            ECDSA with SHA-256; of a member whose key is RSA, PKCS#1 v1.5 with SHA-256
        ds:Reference @URI=""          the document: transforms enveloped-signature, then exclusive C14N; SHA-256
        ds:Reference @URI="#..."      the signed properties, with their Type: transform exclusive C14N; SHA-256
      ds:SignatureValue               r and s, 32 bytes each; of RSA as long as the modulus
      ds:KeyInfo / ds:X509Data / ds:X509Certificate            one certificate
      ds:Object / xades:QualifyingProperties @Target / xades:SignedProperties @Id / xades:SignedSignatureProperties
        xades:SigningTime
        xades:SigningCertificateV2    one Cert, SHA-256; IssuerSerialV2 may stand there, and then must be right
      xades:UnsignedProperties        of B-T alone: one timestamp, see `tradebridge.evidence.xades_time`

1. The shape comes first: every element, its order, its attributes. What is not in the list above is refused before any
   cryptography (an `Id` on Reference, SignatureValue, KeyInfo or Object is let through; it must be unique).
2. The certificate finds the key on the trust list by its exact bytes, or was issued by an authority that the list has
   for a member (`tradebridge.evidence.authorities`). Nothing else in KeyInfo is read.
3. Values are read from elements that hold text only, so what is read is what is canonicalised. Base64 is canonical.
4. The kind of the key says which of the two methods must stand there. Then: the certificate's digest, the document's
   digest (of `content.canonical`, made once when the content was opened), the properties' digest, and the signature
   over the canonical SignedInfo. RSA is verified and never made.
5. SigningTime is a claim; the key must be valid then and at `at`, as for a JWS; of B-T at the time of its timestamp,
   if that is earlier.

Nothing is parsed anew, no reference is resolved, no transform is run because the message asks for it: the one that was
run is compared with the one that is asked for. Each refusal names the attack that it would be.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from schemas.content import DSIG, SIGNATURE, Content, Syntax, XmlSeal, canonical_xml, open_content
from tradebridge.evidence import xades_form
from tradebridge.evidence.refusals import Finding, finding
from tradebridge.evidence.signer import ES256, PS256, Signer
from tradebridge.evidence.times import from_rfc3339, rfc3339
from tradebridge.evidence.timestamps import Timestamp
from tradebridge.evidence.trust import TrustedKey, TrustList, Verified
from tradebridge.evidence.xades_form import (
    ECDSA_SHA256,
    ENVELOPED,
    EXCLUSIVE_C14N,
    RSA_SHA256,
    SHA256_URI,
    SIGNED_PROPERTIES_TYPE,
    XADES,
    canonical_base64,
)
from tradebridge.evidence.xades_time import judge_stamp

_ECDSA = ec.ECDSA(SHA256())
_METHODS = {ES256: ECDSA_SHA256, PS256: RSA_SHA256}
"""SignatureMethod by the algorithm that a key has in JSON."""


class CannotSign(ValueError):
    """This cannot be signed as an XML document; `found` tells a user why."""

    def __init__(self, found: Finding) -> None:
        super().__init__(f"{found.message} {found.found}")
        self.found = found


# --- Signing ---------------------------------------------------------------------------------------------------------


def sign(xml: bytes, signer: Signer, at: datetime) -> bytes:
    """The document with its signature as the last child of the root; all other bytes stay as they are.

    `at` is stated in whole seconds. Raises `CannotSign` for bytes that are no XML document, one that is signed already,
    or a key that is not ES256.
    """
    content = open_content(xml)
    if isinstance(content, Finding):
        raise CannotSign(content)
    if content.syntax is not Syntax.XML or content.seal is not None:
        raise CannotSign(finding("signature.shape", found="no unsigned XML document", expected="one"))
    if signer.algorithm != ES256:
        raise CannotSign(finding("signature.algorithm", found=signer.algorithm, expected=ES256, attack="KEY-5"))
    identifier = f"signature-{content.content_digest[:16]}"
    certificate = signer.certificate.public_bytes(Encoding.DER)
    time = rfc3339(at.replace(microsecond=0))
    properties = xades_form.signed_properties_text(identifier, time, sha256(certificate).digest())
    signed_info = xades_form.signed_info_text(
        identifier, bytes.fromhex(content.content_digest), sha256(xades_form.canonical_properties(properties)).digest()
    )
    value = signer.sign(xades_form.canonical_signed_info(signed_info))
    signature = xades_form.signature_text(identifier, signed_info, value, certificate, properties)
    return _with_signature(xml, signature.encode())


def _with_signature(xml: bytes, signature: bytes) -> bytes:
    end = xml.rfind(b"</")
    if end < 0:  # <root/>: no end tag to stand before
        end = xml.rindex(b"/>")
        name = xml[xml.rindex(b"<") + 1 : end].split()[0]
        return xml[:end] + b">" + signature + b"</" + name + b">" + xml[end + 2 :]
    return xml[:end] + signature + xml[end:]


# --- Verifying -------------------------------------------------------------------------------------------------------


def verify_content(
    content: Content, trust: TrustList, at: datetime | None, purpose: str = "document"
) -> Verified | Finding:
    """Who signed an opened XML document with a key for documents, or why the signature is refused.

    `at` is when the document is known to exist: now, for one that just came. `purpose`: of the key, where what is
    signed is no document but a partner's message around one. Raises TypeError if there is no XML seal.
    """
    if not isinstance(content.seal, XmlSeal):
        raise TypeError("this content carries no XML signature: ask tradebridge.evidence.seal")
    try:
        stated = _read(content.seal.signature)
        _check_identifiers(stated, content)
        key = _key(stated, trust, purpose)
        _check_digests(stated, content, key)
        _check_signature(stated, key)
        stamp = _stamp(stated, trust)
    except _Refused as refused:
        return refused.found
    except etree.C14NError as error:
        return finding("signature.shape", "/*/ds:Signature", found=str(error), attack="XSW-16")
    if stamp is not None and (at is None or stamp.at < at):
        at = stamp.at
    dated = None if stamp is None else stamp.at
    return key.judge_time(stated.signed_at, at) or Verified(
        key.member, key.kid, stated.signed_at, content.canonical, key, dated
    )


@dataclass(frozen=True, slots=True)
class _Stated:
    """What the signature says, read from a shape that has been checked."""

    signed_info: bytes
    signed_properties: bytes
    """Both canonical."""
    identifiers: tuple[str, ...]
    document_digest: bytes
    properties_digest: bytes
    method: str
    """ECDSA_SHA256 or RSA_SHA256."""
    value: bytes
    certificate: bytes
    certificate_digest: bytes
    issuer_serial: bytes | None
    signed_at: datetime
    stamp: bytes | None = None
    """The timestamp token of B-T."""
    canonical_value: bytes = b""
    """What that is over; empty where there is none."""


class _Refused(Exception):
    """Carries a finding out of the walk; never leaves this module."""

    def __init__(self, found: Finding) -> None:
        super().__init__(found.code)
        self.found = found


def _key(stated: _Stated, trust: TrustList, purpose: str) -> TrustedKey:
    key = trust.key_by_certificate(stated.certificate) or trust.issued(stated.certificate)
    if isinstance(key, Finding):
        raise _Refused(replace(key, pointer=_CERTIFICATE))
    if purpose not in key.purposes:
        expected = ", ".join(sorted(key.purposes))
        raise _Refused(
            finding("signature.wrong-purpose", _CERTIFICATE, found=purpose, expected=expected, attack="X5-4")
        )
    method = _METHODS.get(key.algorithm)
    if method is None:  # XML tools know no Ed25519
        raise _Refused(
            finding("signature.algorithm", _CERTIFICATE, found=key.algorithm, expected=ES256, attack="KEY-5")
        )
    if stated.method != method:
        raise _Refused(finding("signature.algorithm", _METHOD, found=stated.method, expected=method, attack="KEY-4"))
    return key


def _check_digests(stated: _Stated, content: Content, key: TrustedKey) -> None:
    if stated.certificate_digest.hex() != key.fingerprint:
        raise _Refused(
            finding(
                "signature.certificate",
                _SIGNING_CERTIFICATE,
                found=stated.certificate_digest.hex(),
                expected=key.fingerprint,
                attack="KEY-8",
            )
        )
    if stated.issuer_serial is not None and stated.issuer_serial != _issuer_serial(key):
        raise _Refused(
            finding("signature.certificate", _SIGNING_CERTIFICATE, found="another issuer or serial", attack="KEY-8")
        )
    if stated.document_digest.hex() != content.content_digest:
        raise _Refused(
            finding(
                "signature.wrong-content",
                "/*",
                found=content.content_digest,
                expected=stated.document_digest.hex(),
                attack=_wrapping(stated.document_digest, content),
            )
        )
    if stated.properties_digest != sha256(stated.signed_properties).digest():
        raise _Refused(
            finding("signature.wrong-content", _PROPERTIES, found="other signed properties", attack="KEY-10")
        )


def _check_signature(stated: _Stated, key: TrustedKey) -> None:
    value, signed_info = stated.value, stated.signed_info
    if not signed_info:
        raise _Refused(finding("signature.shape", _SIGNED_INFO_PATH, found="an empty canonical form", attack="XSW-16"))
    try:
        if isinstance(key.public_key, rsa.RSAPublicKey):
            key.public_key.verify(value, signed_info, padding.PKCS1v15(), SHA256())
            return
        if len(value) == 64 and isinstance(key.public_key, ec.EllipticCurvePublicKey):
            encoded = encode_dss_signature(int.from_bytes(value[:32], "big"), int.from_bytes(value[32:], "big"))
            key.public_key.verify(encoded, signed_info, _ECDSA)
            return
    except InvalidSignature:
        pass  # answered below, together with a value of another length
    attack = "" if len(value) == key.signature_length and any(value[:32]) and any(value[32:]) else "JWS-18"
    raise _Refused(finding("signature.invalid", _VALUE, found=f"key {key.kid}", attack=attack))


def _stamp(stated: _Stated, trust: TrustList) -> Timestamp | None:
    if stated.stamp is None:
        return None
    told = judge_stamp(stated.stamp, stated.canonical_value, trust)
    if isinstance(told, Finding):
        raise _Refused(replace(told, pointer=_STAMP))
    return told


def _check_identifiers(stated: _Stated, content: Content) -> None:
    """Each Id once, here and in the document, whatever the attribute is called: two readers must find one element."""
    for identifier in stated.identifiers:
        twin = f'="{identifier}"'.encode() in content.canonical
        if twin or stated.identifiers.count(identifier) > 1:
            raise _Refused(
                finding("signature.shape", "/*/ds:Signature", found=f"Id {identifier} twice", attack="XSW-13")
            )


def _wrapping(signed_digest: bytes, content: Content) -> str:
    """The attack, if what was signed stands complete somewhere inside what was sent. Looks at eight places at most."""
    root = content.tree
    if root is None:
        return ""
    places = (element for element in root.iterdescendants(str(root.tag)))
    for _, place in zip(range(8), places, strict=False):
        if sha256(canonical_xml(place)).digest() == signed_digest:
            return "XSW-5" if place.getnext() is None else "XSW-2"
    return ""


def _issuer_serial(key: TrustedKey) -> bytes:
    """IssuerSerial of RFC 5035 in DER: SEQUENCE { SEQUENCE { [4] issuer }, INTEGER serial }."""
    serial = key.certificate.serial_number
    number = serial.to_bytes(serial.bit_length() // 8 + 1, "big")
    issuer = _der(0x30, _der(0xA4, key.certificate.issuer.public_bytes()))
    return _der(0x30, issuer + _der(0x02, number))


def _der(tag: int, value: bytes) -> bytes:
    length = len(value)
    if length < 0x80:
        return bytes((tag, length)) + value
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + value


# --- The shape -------------------------------------------------------------------------------------------------------

_SIGNED_INFO_PATH = "/*/ds:Signature/ds:SignedInfo"
_METHOD = f"{_SIGNED_INFO_PATH}/ds:SignatureMethod"
_VALUE = "/*/ds:Signature/ds:SignatureValue"
_CERTIFICATE = "/*/ds:Signature/ds:KeyInfo/ds:X509Data/ds:X509Certificate"
_PROPERTIES = "/*/ds:Signature/ds:Object/xades:QualifyingProperties/xades:SignedProperties"
_STAMP = "/*/ds:Signature/ds:Object/xades:QualifyingProperties/xades:UnsignedProperties"
_SIGNING_CERTIFICATE = f"{_PROPERTIES}/xades:SignedSignatureProperties/xades:SigningCertificateV2"

_IDENTIFIER = re.compile(xades_form.IDENTIFIER, re.ASCII)
_XML_SPACE = "\t\n\r "
_WHITE = str.maketrans("", "", _XML_SPACE)


def _ds(name: str) -> str:
    return f"{{{DSIG}}}{name}"


def _xa(name: str) -> str:
    return f"{{{XADES}}}{name}"


_SIGNATURE_PARTS = (_ds("SignedInfo"), _ds("SignatureValue"), _ds("KeyInfo"), _ds("Object"))
_SIGNED_INFO_PARTS = (_ds("CanonicalizationMethod"), _ds("SignatureMethod"), _ds("Reference"), _ds("Reference"))
_REFERENCE_PARTS = (_ds("Transforms"), _ds("DigestMethod"), _ds("DigestValue"))
_DIGEST_PARTS = (_ds("DigestMethod"), _ds("DigestValue"))


def _read(signature: etree._Element) -> _Stated:
    """What it says, once its shape is found to be in the profile. Our own signer's form is known at one look."""
    form = xades_form.read_form(signature)
    signed_at = from_rfc3339(form.time) if form is not None else None
    if form is None or signed_at is None:
        return _walk(signature)
    return _Stated(
        signed_info=form.signed_info,
        signed_properties=form.signed_properties,
        identifiers=form.identifiers,
        document_digest=form.document_digest,
        properties_digest=form.properties_digest,
        method=ECDSA_SHA256,
        value=form.value,
        certificate=form.certificate,
        certificate_digest=form.certificate_digest,
        issuer_serial=None,
        signed_at=signed_at,
    )


def _walk(signature: etree._Element) -> _Stated:
    """Go through the whole signature, refuse what is not in the profile, and take out the values."""
    if signature.tag != SIGNATURE:
        _refuse(signature, found=str(signature.tag), expected="ds:Signature", attack="XSW-17")
    identifiers: list[str] = []
    info, value, key_info, holder = _children(signature, _SIGNATURE_PARTS, _parts_attack(signature))
    signature_id = _attributes(signature, identifiers, required=("Id",))["Id"]
    properties, stamp = _read_holder(holder, signature_id, identifiers)
    method, document_digest, properties_digest = _read_signed_info(info, properties.get("Id", ""), identifiers)
    _attributes(value, identifiers)
    (signature_properties,) = _children(properties, (_xa("SignedSignatureProperties"),), "KEY-11")
    _attributes(signature_properties)
    time, certificate = _children(signature_properties, (_xa("SigningTime"), _xa("SigningCertificateV2")), "KEY-8")
    certificate_digest, issuer_serial = _read_signing_certificate(certificate)
    key_certificate = _read_key_info(key_info, identifiers)
    return _Stated(
        signed_info=canonical_xml(info),
        signed_properties=canonical_xml(properties),
        identifiers=tuple(identifiers),
        document_digest=document_digest,
        properties_digest=properties_digest,
        method=method,
        value=_bytes(value, wrapped=True),
        certificate=key_certificate,
        certificate_digest=certificate_digest,
        issuer_serial=issuer_serial,
        signed_at=_moment(time),
        stamp=stamp,
        canonical_value=b"" if stamp is None else canonical_xml(value),
    )


def _read_signed_info(info: etree._Element, properties_id: str, identifiers: list[str]) -> tuple[str, bytes, bytes]:
    """The method, and the digests of the document and of the signed properties."""
    _attributes(info, identifiers)
    c14n, method, first, second = _children(info, _SIGNED_INFO_PARTS, "XSW-12")
    _algorithm(c14n, EXCLUSIVE_C14N, "XML-8")
    stated = RSA_SHA256 if method.get("Algorithm") == RSA_SHA256 else ECDSA_SHA256
    _algorithm(method, stated, _method_attack(method))
    if first.get("URI") != "" and second.get("URI") == "":
        first, second = second, first  # the order of the two says nothing
    uri = first.get("URI", "no URI")
    if uri != "":
        attack = "XSW-12" if uri.startswith("#") else "XML-10"
        _refuse(first, found=f'URI="{uri}"', expected='URI=""', attack=attack)
    _attributes(first, identifiers, required=("URI",))
    properties = _attributes(second, identifiers, required=("URI", "Type"))
    if properties["URI"] != f"#{properties_id}":
        attack = "XSW-12" if properties["URI"].startswith("#") and "(" not in properties["URI"] else "XML-10"
        _refuse(second, found=f'URI="{properties["URI"]}"', expected=f'URI="#{properties_id}"', attack=attack)
    if properties["Type"] != SIGNED_PROPERTIES_TYPE:
        _refuse(second, found=properties["Type"], expected=SIGNED_PROPERTIES_TYPE, attack="KEY-9")
    return (
        stated,
        _read_reference(first, (ENVELOPED, EXCLUSIVE_C14N)),
        _read_reference(second, (EXCLUSIVE_C14N,)),
    )


def _read_reference(reference: etree._Element, transforms: Sequence[str]) -> bytes:
    """The digest of a reference with exactly these transforms, in this order."""
    holder, method, value = _children(reference, _REFERENCE_PARTS, "XML-9")
    _attributes(holder)
    found = [step.get("Algorithm", "") for step in holder]
    if found != list(transforms):
        _refuse(holder, found=", ".join(found), expected=", ".join(transforms), attack=_transform_attack(found))
    for step in _children(holder, [_ds("Transform")] * len(transforms), "XML-6"):
        _algorithm(step, step.get("Algorithm", ""), "XML-8")
    return _read_digest(method, value)


def _read_digest(method: etree._Element, value: etree._Element) -> bytes:
    _algorithm(method, SHA256_URI, "KEY-4")
    _attributes(value)
    digest = _bytes(value, wrapped=False)
    if len(digest) != 32:
        _refuse(value, found=f"{len(digest)} bytes", expected="32 bytes", attack="KEY-4")
    return digest


def _read_key_info(key_info: etree._Element, identifiers: list[str]) -> bytes:
    """The one certificate."""
    _attributes(key_info, identifiers)
    (data,) = _children(key_info, (_ds("X509Data"),), "KEY-6")
    _attributes(data)
    (certificate,) = _children(data, (_ds("X509Certificate"),), "KEY-7")
    _attributes(certificate)
    return _bytes(certificate, wrapped=True)


def _read_holder(
    holder: etree._Element, signature_id: str, identifiers: list[str]
) -> tuple[etree._Element, bytes | None]:
    """The SignedProperties in the one Object, and the timestamp token where one stands beside them."""
    _attributes(holder, identifiers)
    (qualifying,) = _children(holder, (_xa("QualifyingProperties"),), "XSW-10")
    target = _attributes(qualifying, identifiers, required=("Target",))["Target"]
    if target != f"#{signature_id}":
        _refuse(qualifying, found=f"Target {target}", expected=f"#{signature_id}", attack="KEY-9")
    parts: tuple[str, ...] = (_xa("SignedProperties"),)
    if qualifying.find(_xa("UnsignedProperties")) is not None:
        parts = (*parts, _xa("UnsignedProperties"))
    properties, *unsigned = _children(qualifying, parts, "KEY-9")
    _attributes(properties, identifiers, required=("Id",))
    return properties, _read_stamp(unsigned[0], identifiers) if unsigned else None


def _read_stamp(unsigned: etree._Element, identifiers: list[str]) -> bytes:
    """The token of the one SignatureTimeStamp, and nothing else that no signature covers."""
    element = unsigned
    for name in ("UnsignedSignatureProperties", "SignatureTimeStamp"):
        _attributes(element, identifiers)
        (element,) = _children(element, (_xa(name),), "KEY-12")
    _attributes(element, identifiers)
    method, token = _children(element, (_ds("CanonicalizationMethod"), _xa("EncapsulatedTimeStamp")), "KEY-12")
    _algorithm(method, EXCLUSIVE_C14N, "XML-8")
    _attributes(token, identifiers)
    return _bytes(token, wrapped=True)


def _read_signing_certificate(element: etree._Element) -> tuple[bytes, bytes | None]:
    """The digest of the signer's certificate, and its issuer and serial where they are stated."""
    _attributes(element)
    (certificate,) = _children(element, (_xa("Cert"),), "KEY-8")
    _attributes(certificate)
    parts: tuple[str, ...] = (_xa("CertDigest"),)
    if len(certificate) == 2:
        parts = (_xa("CertDigest"), _xa("IssuerSerialV2"))
    digest, *issuer_serial = _children(certificate, parts, "KEY-8")
    _attributes(digest)
    for each in issuer_serial:
        _attributes(each)
    method, value = _children(digest, _DIGEST_PARTS, "KEY-8")
    return _read_digest(method, value), _bytes(issuer_serial[0], wrapped=True) if issuer_serial else None


def _moment(element: etree._Element) -> datetime:
    _attributes(element)
    at = from_rfc3339(_text(element))
    if at is None:
        _refuse(element, found=_text(element), expected="a time with its zone", attack="KEY-10")
    return at


def _children(element: etree._Element, tags: Sequence[str], attack: str) -> list[etree._Element]:
    """Exactly these children in this order, with nothing but white space around them."""
    found = list(element)
    if [child.tag for child in found] != [*tags]:
        shown = ", ".join(_short(child.tag) for child in found) or "nothing"
        _refuse(element, found=shown, expected=", ".join(_short(tag) for tag in tags) or "nothing", attack=attack)
    for text in (element.text, *[child.tail for child in found]):
        if text is not None:
            _blank(element, text)
    return found


def _blank(element: etree._Element, text: str) -> None:
    if text.strip(_XML_SPACE):
        _refuse(element, found=f"the text {text.strip()[:50]!r}", expected="no text", attack="XSW-14")


def _attributes(
    element: etree._Element,
    identifiers: list[str] | None = None,
    *,
    required: Sequence[str] = (),
) -> dict[str, str]:
    """The attributes: the required ones, and an Id where there is a list to note it in."""
    attributes = dict(element.items())
    if not attributes and not required:
        return attributes
    for name in attributes:
        if name not in required and (identifiers is None or name != "Id"):
            attack = "XML-13" if name.startswith("{") else "XSW-13"
            _refuse(element, found=f"attribute {_short(name)}", expected="no such attribute", attack=attack)
    for name in required:
        if name not in attributes:
            _refuse(element, found=f"no attribute {name}", expected=f"attribute {name}", attack="KEY-9")
    if identifiers is not None and "Id" in attributes:
        if not _IDENTIFIER.fullmatch(attributes["Id"]):
            _refuse(element, found=f"Id {attributes['Id']}", expected="letters, digits, . - _", attack="XSW-13")
        identifiers.append(attributes["Id"])
    return attributes


def _algorithm(element: etree._Element, expected: str, attack: str) -> None:
    """An element that has one Algorithm and nothing inside."""
    algorithm = _attributes(element, required=("Algorithm",))["Algorithm"]
    if algorithm != expected:
        code = "signature.algorithm" if attack.startswith("KEY") else "signature.shape"
        _refuse(element, code, found=algorithm, expected=expected, attack=attack)
    if len(element) or element.text:
        _children(element, (), attack)


def _text(element: etree._Element) -> str:
    """The text of an element that holds nothing else."""
    if len(element):
        _refuse(element, found=_short(element[0].tag), expected="text only", attack="XSW-14")
    return element.text or ""


def _bytes(element: etree._Element, *, wrapped: bool) -> bytes:
    """Canonical base64; where `wrapped`, lines may be broken as xsd:base64Binary allows."""
    text = _text(element)
    bare = text.translate(_WHITE) if wrapped else text
    data = canonical_base64(bare)
    if data is None:
        _refuse(element, "signature.encoding", found=bare[:100], expected="canonical base64", attack="XML-14")
    return data


def _parts_attack(signature: etree._Element) -> str:
    """What other parts of a signature would be: a second SignedInfo, an Object more, or something foreign."""
    tags = [child.tag for child in signature]
    if tags.count(_ds("SignedInfo")) > 1:
        return "XSW-14"
    return "XSW-10" if tags.count(_ds("Object")) > 1 else "XSW-1"


def _method_attack(method: etree._Element) -> str:
    if len(method):
        return "KEY-3"
    algorithm = method.get("Algorithm", "").lower()
    if "hmac" in algorithm:
        return "KEY-2"
    return "KEY-5" if "eddsa" in algorithm else "KEY-4"


def _transform_attack(found: Sequence[str]) -> str:
    if "http://www.w3.org/2000/09/xmldsig#base64" in found:
        return "XML-7"
    if EXCLUSIVE_C14N in found:
        return "XML-6"
    return "XML-8" if any("c14n" in each.lower() for each in found) else "XML-9"


def _short(name: object) -> str:
    """A tag or attribute name as people write it."""
    if not isinstance(name, str):
        return "a comment or processing instruction"
    return name.replace(f"{{{DSIG}}}", "ds:").replace(f"{{{XADES}}}", "xades:")


def _refuse(
    element: etree._Element, code: str = "signature.shape", *, found: str, expected: str, attack: str
) -> NoReturn:
    path = "/".join(["/*", *(_short(each.tag) for each in (*reversed(list(element.iterancestors())), element))])
    raise _Refused(finding(code, path, line=element.sourceline, found=found, expected=expected, attack=attack))
