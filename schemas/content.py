"""The bytes received, opened once: their syntax, their content without the signature, and the seal as it stands.

A document arrives as XML with an enveloped signature, as a compact JWS whose payload is JSON, or (where the sender's
policy allows it) as the same content unsigned. `open_content` tells these apart, parses strictly, and separates
content from seal. It judges no signature: `tradebridge.evidence` does, from the `Seal` given here.

1. Limits first (size, depth), then one strict parse; nothing is parsed twice.
2. XML: UTF-8 only; no DOCTYPE, entity, comment, processing instruction or XInclude; no network. At most one
   ds:Signature and only as a direct child of the root. Content is the root without it, in exclusive C14N
   (the enveloped-signature transform of XMLDSig: the text that follows the signature stays).
3. JSON: UTF-8 without BOM, no duplicate member, no NaN or Infinity, no lone surrogate, bounded depth.
4. JWS: three base64url parts, unpadded and canonical. The content is the payload's bytes as they are.
5. `content_digest` is SHA-256 of the content in that form; `bytes_digest` is SHA-256 of the bytes received. Both are
   lower-case hexadecimal. Identity goes by content, since a signature can be made anew over the same content.
"""

import hashlib
import json
import re
import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NoReturn

from lxml import etree

from schemas.findings import Finding, Kind, finding, register

MAX_BYTES = 10 * 1024 * 1024
"""Of the decoded document, in bytes: the hub's limit. A partner may have a lower one of its own."""
MAX_DEPTH = 100
"""Levels of nesting, XML elements or JSON arrays and objects."""

DSIG = "http://www.w3.org/2000/09/xmldsig#"
SIGNATURE = f"{{{DSIG}}}Signature"
XINCLUDE = "http://www.w3.org/2001/XInclude"

MAX_ATTRIBUTES = 64
"""Of one XML element. C14N sorts them at a cost that grows with the square: 30,000 take six seconds."""

JSONValue = dict[str, Any] | list[Any] | str | int | float | bool | None

register(
    [
        Kind("syntax.empty", "The document has no bytes.", "Send the document in the body of the request."),
        Kind(
            "syntax.too-large",
            "The document is larger than the hub accepts.",
            "Split the consignment into several documents, or leave attachments out.",
            status=413,
        ),
        Kind("syntax.too-deep", "The document is nested too deeply.", "Send the structure of the profile's schema."),
        Kind(
            "syntax.too-many-attributes",
            "An XML element has more attributes than any profile knows.",
            "Send the structure of the profile's schema.",
        ),
        Kind(
            "syntax.not-recognised",
            "The bytes are neither XML, nor JSON, nor a compact JWS.",
            "Send XML, a JSON object, or a compact JWS whose payload is the JSON document.",
        ),
        Kind(
            "syntax.not-xml",
            "The document is not well-formed XML.",
            "Mend the XML at the place named.",
            clause="2.1",
            source="W3C XML 1.0",
        ),
        Kind(
            "syntax.not-json",
            "The document is not JSON.",
            "Mend the JSON at the place named.",
            clause="2",
            source="RFC 8259",
        ),
        Kind(
            "syntax.not-an-object",
            "The JSON document is not an object.",
            "Send one JSON object.",
            clause="4",
            source="RFC 8259",
        ),
        Kind(
            "syntax.encoding",
            "The document is not in UTF-8.",
            "Save the document as UTF-8 without byte order mark, and declare no other encoding.",
            clause="8.1",
            source="RFC 8259; for XML a rule of the hub",
        ),
        Kind(
            "syntax.doctype",
            "The document has a DOCTYPE or an entity.",
            "Remove the DOCTYPE: the hub resolves no entity.",
        ),
        Kind(
            "syntax.xml-extras",
            "The document has a comment, a processing instruction or an XInclude.",
            "Remove it: what stands between the elements must be data only.",
        ),
        Kind(
            "syntax.duplicate-member",
            "A JSON object has the same member twice.",
            "Keep one of the two members.",
            clause="4",
            source="RFC 8259 (should be unique); the hub requires it",
        ),
        Kind(
            "syntax.bad-number",
            "A JSON number is not finite, or too long.",
            "Write amounts and quantities as decimal strings.",
            clause="6",
            source="RFC 8259",
        ),
        Kind(
            "syntax.lone-surrogate",
            "A JSON string holds half a surrogate pair.",
            "Write the character whole.",
            clause="8.2",
            source="RFC 8259",
        ),
        Kind(
            "syntax.not-jws",
            "The document is not a compact JWS.",
            "Send header, payload and signature as unpadded base64url, joined by dots.",
            clause="7.1",
            source="RFC 7515",
        ),
        Kind(
            "signature.misplaced",
            "The signature does not stand alone as a direct child of the root.",
            "Sign the whole document once, with one enveloped signature as a child of the root.",
        ),
    ]
)


class Syntax(StrEnum):
    XML = "xml"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class XmlSeal:
    """The ds:Signature element of a document, apart from it."""

    signature: etree._Element


@dataclass(frozen=True, slots=True)
class JwsSeal:
    """A compact JWS, taken apart but not judged."""

    header: bytes
    """The protected header, decoded: JSON as the message states it."""
    signing_input: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Content:
    """What was received, opened: see the module's rules."""

    syntax: Syntax
    media_type: str
    """Of the bytes received: application/xml, application/json or application/jose."""
    received: bytes
    canonical: bytes
    """The content in the form that is digested and signed."""
    content_digest: str
    bytes_digest: str
    tree: etree._Element | None = None
    """XML only: the root without its signature."""
    value: dict[str, Any] = field(default_factory=dict)
    """JSON only: the object."""
    seal: XmlSeal | JwsSeal | None = None


class _Refused(Exception):
    """Carries a finding out of a parser's callback; never leaves this module."""

    def __init__(self, found: Finding) -> None:
        super().__init__(found.code)
        self.found = found


def sha256_hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def open_content(data: bytes) -> Content | Finding:
    """Open what was received, whatever its syntax. The media type a sender states is not believed: the bytes decide."""
    if not data or data.isspace():
        return finding("syntax.empty", expected="a document")
    if len(data) > MAX_BYTES * 4 // 3 + 20_000:
        return _too_large(len(data))
    try:
        if data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\x00<", b"<\x00", b"\x00{", b"{\x00")):
            raise _Refused(finding("syntax.encoding", found="a byte order mark or UTF-16", attack=_bom_attack(data)))
        first = data.lstrip()[:1]
        if first == b"<":
            return _open_xml(data)
        if first == b"{" or first == b"[":
            return _open_json(data)
        if data.count(b".") >= 2 and data[:2] == b"ey":
            return _open_jws(data)
        return _neither(data)
    except _Refused as refused:
        return refused.found


def _neither(data: bytes) -> Finding:
    shown = data[:40].decode("utf-8", "replace")
    return finding("syntax.not-recognised", found=shown, expected="'<', '{' or a compact JWS at the start")


def _bom_attack(data: bytes) -> str:
    return "JSN-7" if b"{" in data[:8] else "XML-11"


def _too_large(size: int) -> Finding:
    return finding("syntax.too-large", found=f"{size} bytes", expected=f"at most {MAX_BYTES} bytes")


# --- XML -------------------------------------------------------------------------------------------------------------


def parse_xml(data: bytes) -> etree._Element:
    """One hardened parse. Raises `etree.XMLSyntaxError`; resolves and fetches nothing."""
    return etree.fromstring(data, _parsers.parser)


class _Parsers(threading.local):
    """One for each thread: making one costs a fifth of a parse, and two threads must not wait for each other."""

    def __init__(self) -> None:
        self.parser = etree.XMLParser(
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            attribute_defaults=False,
            huge_tree=False,
            remove_comments=False,
            remove_pis=False,
            strip_cdata=True,
            recover=False,
        )


_parsers = _Parsers()


def canonical_xml(element: etree._Element) -> bytes:
    """Exclusive C14N 1.0 without comments (W3C xml-exc-c14n)."""
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)


def _open_xml(data: bytes) -> Content:
    if len(data) > MAX_BYTES:
        raise _Refused(_too_large(len(data)))
    root = _parsed(data)
    seal = _detach_signature(root)
    try:
        canonical = canonical_xml(root)
    except etree.C14NError as error:
        raise _Refused(finding("syntax.not-xml", found=str(error), attack="XSW-16")) from error
    return Content(
        syntax=Syntax.XML,
        media_type="application/xml",
        received=data,
        canonical=canonical,
        content_digest=sha256_hex(canonical),
        bytes_digest=sha256_hex(data),
        tree=root,
        seal=seal,
    )


def _parsed(data: bytes) -> etree._Element:
    _check_declaration(data)
    if b"!" in data and b"<!DOCTYPE" in data:  # one byte is looked for ten times as fast, and is hardly ever there
        line = data[: data.index(b"<!DOCTYPE")].count(b"\n") + 1
        raise _Refused(finding("syntax.doctype", line=line, found="<!DOCTYPE", expected="none", attack="XML-1"))
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise _Refused(
            finding("syntax.encoding", line=line, found=f"byte 0x{data[error.start]:02x} at {error.start}")
        ) from error
    try:
        root = parse_xml(data)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        text = error.msg or "not well-formed"
        if "depth" in text.lower():
            refused = finding("syntax.too-deep", line=line, found=text, expected=f"at most {MAX_DEPTH}", attack="XML-3")
        else:
            refused = finding("syntax.not-xml", line=line, column=column, found=text)
        raise _Refused(refused) from error
    _check_nodes(data, root)
    return root


_ENCODING = re.compile(rb"""encoding\s*=\s*["']([^"']*)["']""")
_LONGEST_DECLARATION = 200
"""Bytes; a longer one hides what it declares."""


def _check_declaration(data: bytes) -> None:
    """The XML declaration, if there is one, states UTF-8 or no encoding."""
    start = data[: data.index(b"<") + _LONGEST_DECLARATION].lstrip()
    if not start.startswith(b"<?xml"):
        return
    declaration, end, _ = start.partition(b"?>")
    named = _ENCODING.search(declaration)
    if end and (named is None or named[1].lower() == b"utf-8"):
        return
    shown = declaration.decode("ascii", "replace")
    raise _Refused(finding("syntax.encoding", line=1, found=shown, expected='encoding="UTF-8"', attack="XML-11"))


_BEYOND_LIMITS = etree.XPath(
    f"boolean(//xi:*) or boolean(//*/@*[{MAX_ATTRIBUTES + 1}]) or boolean({'/*' * (MAX_DEPTH + 1)})",
    namespaces={"xi": XINCLUDE},
)


def _check_nodes(data: bytes, root: etree._Element) -> None:
    """No comment, processing instruction, entity, XInclude, and no nesting beyond the limit.

    The bytes tell whether to look: a comment or processing instruction cannot be without its opening sign.
    """
    declared = 1 if data.lstrip().startswith(b"<?xml") else 0
    commented = b"!" in data and b"<!--" in data
    instructed = data.count(b"?") > 2 * declared and data.count(b"<?") > declared  # a declaration has two, <?xml ... ?>
    if commented or instructed or _BEYOND_LIMITS(root):
        _walk_nodes(root)


def _walk_nodes(root: etree._Element) -> None:
    """The same, node by node, to name the first one that is too much."""
    for sibling in (*root.itersiblings(preceding=True), *root.itersiblings()):
        _refuse_extra(sibling)
    depth = 0
    for event, node in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        if event == "start":
            depth += 1
            if depth > MAX_DEPTH:
                raise _Refused(
                    finding(
                        "syntax.too-deep",
                        line=node.sourceline,
                        found=f"level {depth}",
                        expected=f"at most {MAX_DEPTH}",
                        attack="XML-3",
                    )
                )
            if isinstance(node.tag, str) and len(node.attrib) > MAX_ATTRIBUTES:
                found, expected = f"{len(node.attrib)} attributes", f"at most {MAX_ATTRIBUTES}"
                raise _Refused(
                    finding(
                        "syntax.too-many-attributes",
                        line=node.sourceline,
                        found=found,
                        expected=expected,
                        attack="XML-3",
                    )
                )
            if not isinstance(node.tag, str) or node.tag.startswith(f"{{{XINCLUDE}}}"):
                _refuse_extra(node)
        elif event == "end":
            depth -= 1
        else:
            _refuse_extra(node)


def _refuse_extra(node: etree._Element) -> NoReturn:
    if isinstance(node, etree._Entity):
        raise _Refused(finding("syntax.doctype", line=node.sourceline, found=str(node.text), attack="XML-1"))
    name, attack = "an XInclude", "XML-13"
    if isinstance(node, etree._Comment):
        name, attack = "a comment", "XML-4"
    elif isinstance(node, etree._ProcessingInstruction):
        name, attack = "a processing instruction", "XML-5"
    raise _Refused(finding("syntax.xml-extras", line=node.sourceline, found=name, attack=attack))


def _detach_signature(root: etree._Element) -> XmlSeal | None:
    """Take the one enveloped signature out, as the enveloped-signature transform does (its tail text stays)."""
    signatures = list(root.iter(SIGNATURE))
    if not signatures:
        return None
    signature = signatures[0]
    if len(signatures) > 1:
        raise _Refused(
            finding(
                "signature.misplaced",
                line=signatures[1].sourceline,
                found=f"{len(signatures)} signatures",
                expected="one",
                attack="XSW-11",
            )
        )
    if signature.getparent() is not root:
        raise _Refused(
            finding(
                "signature.misplaced",
                line=signature.sourceline,
                found="a signature inside another element",
                expected="a child of the root",
                attack="XSW-9",
            )
        )
    tail = signature.tail
    if tail:
        previous = signature.getprevious()
        if previous is None:
            root.text = (root.text or "") + tail
        else:
            previous.tail = (previous.tail or "") + tail
        signature.tail = None
    root.remove(signature)
    return XmlSeal(signature)


# --- JSON and JWS ----------------------------------------------------------------------------------------------------


def read_json(data: bytes) -> JSONValue:
    """Strict JSON (rule 3). Raises `_Refused`, so callers outside go through `open_content` or `json_or_finding`."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _Refused(finding("syntax.encoding", found=f"byte 0x{data[error.start]:02x} at {error.start}")) from error
    _check_depth(data)
    try:
        value: JSONValue = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite, parse_int=_short
        )
    except json.JSONDecodeError as error:
        raise _Refused(finding("syntax.not-json", line=error.lineno, column=error.colno, found=error.msg)) from error
    if "\\ud" in text or "\\uD" in text:
        try:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError as error:
            raise _Refused(
                finding(
                    "syntax.lone-surrogate",
                    found=error.object[error.start : error.end].encode("unicode_escape").decode(),
                    attack="JSN-6",
                )
            ) from error
    return value


def json_or_finding(data: bytes) -> dict[str, Any] | Finding:
    """One strict JSON object, or why it is none."""
    try:
        return _object(data)
    except _Refused as refused:
        return refused.found


def _object(data: bytes) -> dict[str, Any]:
    value = read_json(data)
    if not isinstance(value, dict):
        raise _Refused(finding("syntax.not-an-object", found=type(value).__name__, expected="an object"))
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]  # set.add as a step
        raise _Refused(finding("syntax.duplicate-member", found=twice, expected="each member once", attack="JSN-1"))
    return members


def _no_constant(text: str) -> NoReturn:
    raise _Refused(finding("syntax.bad-number", found=text, expected="a finite number", attack="JSN-2"))


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise _Refused(finding("syntax.bad-number", found=text, expected="a finite number", attack="JSN-2"))
    return number


def _short(text: str) -> int:
    if len(text) > 20:
        raise _Refused(finding("syntax.bad-number", found=text[:40], expected="at most 20 digits", attack="JSN-3"))
    return int(text)


_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))


def _check_depth(data: bytes) -> None:
    """Count brackets outside strings before the recursive parser sees them."""
    if data.count(b"{") + data.count(b"[") <= MAX_DEPTH:
        return
    depth = 0
    for byte in _STRING.sub(b"", data).translate(None, _NO_BRACKETS):
        depth += 1 if byte in b"{[" else -1
        if depth > MAX_DEPTH:
            expected = f"at most {MAX_DEPTH}"
            raise _Refused(finding("syntax.too-deep", found=f"level {depth}", expected=expected, attack="JSN-8"))


def _open_json(data: bytes) -> Content:
    if len(data) > MAX_BYTES:
        raise _Refused(_too_large(len(data)))
    value = _object(data)
    digest = sha256_hex(data)
    return Content(Syntax.JSON, "application/json", data, data, digest, digest, value=value)


def from_base64url(part: bytes) -> bytes | None:
    """Unpadded, canonical base64url (RFC 7515 section 2), or None."""
    try:
        decoded = urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except ValueError:
        return None
    return decoded if urlsafe_b64encode(decoded).rstrip(b"=") == part else None


def _open_jws(data: bytes) -> Content:
    parts = data.split(b".")
    if len(parts) != 3:
        raise _Refused(finding("syntax.not-jws", found=f"{len(parts)} parts", expected="3 parts", attack="JWS-16"))
    if len(parts[0]) > 16_384 or len(parts[2]) > 2_048:
        raise _Refused(finding("syntax.not-jws", found="a header or signature of unusual length", attack="JWS-17"))
    header, payload, signature = (from_base64url(part) for part in parts)
    if header is None or payload is None or signature is None:
        raise _Refused(finding("syntax.not-jws", found="a part that is not canonical base64url", attack="JWS-20"))
    if len(payload) > MAX_BYTES:
        raise _Refused(_too_large(len(payload)))
    return Content(
        syntax=Syntax.JSON,
        media_type="application/jose",
        received=data,
        canonical=payload,
        content_digest=sha256_hex(payload),
        bytes_digest=sha256_hex(data),
        value=_object(payload),
        seal=JwsSeal(header, parts[0] + b"." + parts[1], signature),
    )
