"""The signature as `xades.sign` writes it, and the same text known again.

`signature_text` fills the form; `read_form` reads the blanks back from the canonical text of a ds:Signature. What is
not this text to the letter (another signer's order, identifiers or line breaks) is None, and `xades` walks through it
element by element. That walk is a fifth of what verifying costs; most documents need one comparison of text instead.

The form is written as exclusive C14N 1.0 writes it, so the canonical SignedInfo and SignedProperties are in it, but for
the declarations of namespaces that each needs where it stands alone.
"""

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass

from lxml import etree

from schemas.content import DSIG

XADES = "http://uri.etsi.org/01903/v1.3.2#"
EXCLUSIVE_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256_URI = "http://www.w3.org/2001/04/xmlenc#sha256"
SIGNED_PROPERTIES_TYPE = "http://uri.etsi.org/01903#SignedProperties"

_SIGNED_PROPERTIES = (
    '<xades:SignedProperties Id="{id}-properties"><xades:SignedSignatureProperties>'
    "<xades:SigningTime>{time}</xades:SigningTime>"
    "<xades:SigningCertificateV2><xades:Cert><xades:CertDigest>"
    f'<ds:DigestMethod Algorithm="{SHA256_URI}"></ds:DigestMethod>'
    "<ds:DigestValue>{certificate_digest}</ds:DigestValue>"
    "</xades:CertDigest></xades:Cert></xades:SigningCertificateV2>"
    "</xades:SignedSignatureProperties></xades:SignedProperties>"
)
_SIGNED_INFO = (
    "<ds:SignedInfo>"
    f'<ds:CanonicalizationMethod Algorithm="{EXCLUSIVE_C14N}"></ds:CanonicalizationMethod>'
    f'<ds:SignatureMethod Algorithm="{ECDSA_SHA256}"></ds:SignatureMethod>'
    '<ds:Reference URI=""><ds:Transforms>'
    f'<ds:Transform Algorithm="{ENVELOPED}"></ds:Transform>'
    f'<ds:Transform Algorithm="{EXCLUSIVE_C14N}"></ds:Transform>'
    f'</ds:Transforms><ds:DigestMethod Algorithm="{SHA256_URI}"></ds:DigestMethod>'
    "<ds:DigestValue>{document_digest}</ds:DigestValue></ds:Reference>"
    f'<ds:Reference Type="{SIGNED_PROPERTIES_TYPE}" URI="#{{id}}-properties"><ds:Transforms>'
    f'<ds:Transform Algorithm="{EXCLUSIVE_C14N}"></ds:Transform>'
    f'</ds:Transforms><ds:DigestMethod Algorithm="{SHA256_URI}"></ds:DigestMethod>'
    "<ds:DigestValue>{properties_digest}</ds:DigestValue></ds:Reference>"
    "</ds:SignedInfo>"
)
_SIGNATURE = (
    f'<ds:Signature xmlns:ds="{DSIG}" Id="{{id}}">{{signed_info}}'
    "<ds:SignatureValue>{value}</ds:SignatureValue>"
    "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    f'<ds:Object><xades:QualifyingProperties xmlns:xades="{XADES}" Target="#{{id}}">'
    "{signed_properties}</xades:QualifyingProperties></ds:Object></ds:Signature>"
)


def signed_properties_text(identifier: str, time: str, certificate_digest: bytes) -> str:
    """xades:SignedProperties for a signature with this Id; `time` as RFC 3339."""
    return _SIGNED_PROPERTIES.format(id=identifier, time=time, certificate_digest=_base64(certificate_digest))


def signed_info_text(identifier: str, document_digest: bytes, properties_digest: bytes) -> str:
    """ds:SignedInfo over a document and the signed properties, by their SHA-256."""
    return _SIGNED_INFO.format(
        id=identifier, document_digest=_base64(document_digest), properties_digest=_base64(properties_digest)
    )


def signature_text(identifier: str, signed_info: str, value: bytes, certificate: bytes, properties: str) -> str:
    """ds:Signature; `value`: r and s; `certificate`: DER."""
    return _SIGNATURE.format(
        id=identifier,
        signed_info=signed_info,
        value=_base64(value),
        certificate=_base64(certificate),
        signed_properties=properties,
    )


def canonical_properties(properties: str) -> bytes:
    """Exclusive C14N of the text above: each namespace is declared where its prefix is first used on the way down."""
    return (
        properties.replace("<xades:SignedProperties ", f'<xades:SignedProperties xmlns:xades="{XADES}" ', 1)
        .replace("<ds:DigestMethod ", f'<ds:DigestMethod xmlns:ds="{DSIG}" ')
        .replace("<ds:DigestValue>", f'<ds:DigestValue xmlns:ds="{DSIG}">')
        .encode()
    )


def canonical_signed_info(signed_info: str) -> bytes:
    """Exclusive C14N of the text above."""
    return signed_info.replace("<ds:SignedInfo>", f'<ds:SignedInfo xmlns:ds="{DSIG}">', 1).encode()


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")


# --- known again -----------------------------------------------------------------------------------------------------

IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_.-]{0,199}"
"""What may be an Id here."""

_DIGEST, _BASE64 = r"[A-Za-z0-9+/]{43}=", r"[A-Za-z0-9+/]{4,}={0,2}"
_WITHIN = {
    "id": IDENTIFIER,
    "time": r"[0-9T:.Z+-]{20,40}",
    "certificate_digest": _DIGEST,
    "document_digest": _DIGEST,
    "properties_digest": _DIGEST,
    "value": _BASE64,
    "certificate": _BASE64,
}
_FORMS = {"signed_info": _SIGNED_INFO, "signed_properties": _SIGNED_PROPERTIES}


def _pattern(form: str, seen: set[str]) -> str:
    """A form as a regular expression: its text to the letter, a group for each blank."""
    first, *others = re.split(r"\{(\w+)\}", form)
    blanks = zip(others[::2], others[1::2], strict=True)
    return re.escape(first) + "".join(_blank(name, seen) + re.escape(text) for name, text in blanks)


def _blank(name: str, seen: set[str]) -> str:
    """A blank that was there before must hold the same text again."""
    if name in seen:
        return f"(?P={name})"
    seen.add(name)
    inside = _pattern(_FORMS[name], seen) if name in _FORMS else _WITHIN[name]
    return f"(?P<{name}>{inside})"


_SIGNATURE_FORM = re.compile(_pattern(_SIGNATURE, set()), re.ASCII)


@dataclass(frozen=True, slots=True)
class Form:
    """What stands in the blanks of a form."""

    identifiers: tuple[str, str]
    """Of the signature and of its signed properties."""
    signed_info: bytes
    signed_properties: bytes
    """Both canonical."""
    document_digest: bytes
    properties_digest: bytes
    value: bytes
    certificate: bytes
    certificate_digest: bytes
    time: str


def read_form(signature: etree._Element) -> Form | None:
    """The blanks of a ds:Signature that is of this form to the letter; None for every other. Raises `C14NError`."""
    text = etree.tostring(signature, method="c14n", exclusive=True, with_comments=True).decode("utf-8")
    found = _SIGNATURE_FORM.fullmatch(text)
    if found is None:
        return None
    names = ("document_digest", "properties_digest", "value", "certificate", "certificate_digest")
    values = {name: canonical_base64(found[name]) for name in names}
    if None in values.values():
        return None
    return Form(
        identifiers=(found["id"], f"{found['id']}-properties"),
        signed_info=canonical_signed_info(found["signed_info"]),
        signed_properties=canonical_properties(found["signed_properties"]),
        time=found["time"],
        **{name: value for name, value in values.items() if value is not None},
    )


def canonical_base64(text: str) -> bytes | None:
    """The bytes; None where there are none, or where the text is not the one that encodes them."""
    try:
        data = b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        return None
    return data if data and _base64(data) == text else None
