"""Opening bytes: what is let in, what is refused, and that whatever is sent gets a value and never an exception."""

import hashlib
import json
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from schemas.content import (
    DSIG,
    MAX_BYTES,
    MAX_DEPTH,
    Content,
    JwsSeal,
    Syntax,
    XmlSeal,
    canonical_xml,
    from_base64url,
    json_or_finding,
    open_content,
    parse_xml,
)
from schemas.findings import Finding

SIGNED = f'<a xmlns="urn:x"><b>1</b>\n<s:Signature xmlns:s="{DSIG}"><s:SignedInfo/></s:Signature>\n</a>'


def opened(data: bytes) -> Content:
    content = open_content(data)
    assert isinstance(content, Content), content
    return content


def refused(data: bytes) -> Finding:
    found = open_content(data)
    assert isinstance(found, Finding), "the bytes were let in"
    return found


def jws(payload: bytes, header: bytes = b'{"alg":"ES256"}') -> bytes:
    return b".".join(urlsafe_b64encode(part).rstrip(b"=") for part in (header, payload, b"s" * 64))


def nested_json(levels: int) -> bytes:
    return b'{"a":' * (levels - 1) + b"{}" + b"}" * (levels - 1)


def nested_xml(levels: int) -> bytes:
    return b"<a>" * levels + b"</a>" * levels


REFUSED = {
    "no bytes": (b"", "syntax.empty", ""),
    "white space only": (b" \r\n\t", "syntax.empty", ""),
    "a PDF": (b"%PDF-1.7 ...", "syntax.not-recognised", ""),
    "a zip": (b"PK\x03\x04....", "syntax.not-recognised", ""),
    "plain text with dots": (b"a.b.c", "syntax.not-recognised", ""),
    "XML not closed": (b"<a><b></a>", "syntax.not-xml", ""),
    "XML with two roots": (b"<a/><b/>", "syntax.not-xml", ""),
    "XML with an undeclared entity": (b"<a>&x;</a>", "syntax.not-xml", ""),
    "XML with an undeclared prefix": (b"<p:a/>", "syntax.not-xml", ""),
    "XML with a control character": (b"<a>&#1;</a>", "syntax.not-xml", ""),
    "XML with a DOCTYPE": (b"<!DOCTYPE a><a/>", "syntax.doctype", "XML-1"),
    "XML with an internal entity": (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "syntax.doctype", "XML-1"),
    "XML with an external entity": (
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        "syntax.doctype",
        "XML-1",
    ),
    "XML with a parameter entity": (
        b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1/x.dtd"> %p;]><a/>',
        "syntax.doctype",
        "XML-1",
    ),
    "XML with a billion laughs": (
        b'<!DOCTYPE a [<!ENTITY l "lol"><!ENTITY m "&l;&l;&l;&l;&l;&l;&l;&l;">]><a>&m;</a>',
        "syntax.doctype",
        "XML-1",
    ),
    "XML with a comment": (b"<a>1<!-- 2 -->3</a>", "syntax.xml-extras", "XML-4"),
    "XML with a comment before the root": (b"<!-- x --><a/>", "syntax.xml-extras", "XML-4"),
    "XML with a comment after the root": (b"<a/><!-- x -->", "syntax.xml-extras", "XML-4"),
    "XML with a processing instruction": (b"<a>1<?x y?></a>", "syntax.xml-extras", "XML-5"),
    "XML with a style sheet": (b'<?xml version="1.0"?><?xml-stylesheet href="x"?><a/>', "syntax.xml-extras", "XML-5"),
    "XML with an XInclude": (
        b'<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="/etc/passwd"/></a>',
        "syntax.xml-extras",
        "XML-13",
    ),
    "XML with a disguised XInclude": (
        b'<a xmlns:xi="http://www.w3.org/2001/X&#73;nclude"><xi:include href="/etc/passwd"/></a>',
        "syntax.xml-extras",
        "XML-13",
    ),
    "XML in UTF-16": ("<a/>".encode("utf-16"), "syntax.encoding", "XML-11"),
    "XML in UTF-16 without a mark": ("<a/>".encode("utf-16-le"), "syntax.encoding", "XML-11"),
    "XML with a byte order mark": (b"\xef\xbb\xbf<a/>", "syntax.encoding", "XML-11"),
    "XML declared as UTF-16": (b'<?xml version="1.0" encoding="UTF-16"?><a/>', "syntax.encoding", "XML-11"),
    "XML declared as Latin-1": (b'<?xml version="1.0" encoding="ISO-8859-1"?><a/>', "syntax.encoding", "XML-11"),
    "XML declared as UTF-7": (b"<?xml version='1.0' encoding='UTF-7'?><a/>", "syntax.encoding", "XML-11"),
    "XML declared as Latin-1 far away": (
        b'<?xml version="1.0"' + b" " * 300 + b'encoding="ISO-8859-1"?><a/>',
        "syntax.encoding",
        "XML-11",
    ),
    "XML with utf-8 in the version only": (
        b'<?xml version="utf-8" encoding="ISO-8859-1"?><a/>',
        "syntax.encoding",
        "XML-11",
    ),
    "XML that is Latin-1": ("<a>é</a>".encode("latin-1"), "syntax.encoding", ""),
    "XML nested 101 levels": (nested_xml(MAX_DEPTH + 1), "syntax.too-deep", "XML-3"),
    "XML nested 200 levels": (nested_xml(200), "syntax.too-deep", "XML-3"),
    "XML nested 10,000 levels": (nested_xml(10_000), "syntax.too-deep", "XML-3"),
    "XML with a relative namespace": (b'<a xmlns="x/y"><b/></a>', "syntax.not-xml", "XSW-16"),
    "JSON not closed": (b'{"a": 1', "syntax.not-json", ""),
    "JSON with a trailing comma": (b'{"a": 1,}', "syntax.not-json", ""),
    "JSON with a tail": (b"{} {}", "syntax.not-json", ""),
    "JSON with a control character": (b'{"a": "\x01"}', "syntax.not-json", ""),
    "a JSON list": (b"[1]", "syntax.not-an-object", ""),
    "JSON with a member twice": (b'{"a": 1, "a": 2}', "syntax.duplicate-member", "JSN-1"),
    "JSON with a member twice, once escaped": (b'{"a": 1, "\\u0061": 2}', "syntax.duplicate-member", "JSN-1"),
    "JSON with a member twice, deep inside": (b'{"x": [{"y": {"a": 1, "a": 1}}]}', "syntax.duplicate-member", "JSN-1"),
    "JSON with NaN": (b'{"a": NaN}', "syntax.bad-number", "JSN-2"),
    "JSON with infinity": (b'{"a": -Infinity}', "syntax.bad-number", "JSN-2"),
    "JSON with 1e999": (b'{"a": 1e999}', "syntax.bad-number", "JSN-2"),
    "JSON with 5,000 digits": (b'{"a": ' + b"9" * 5000 + b"}", "syntax.bad-number", "JSN-3"),
    "JSON with a lone surrogate": (b'{"a": "\\ud800"}', "syntax.lone-surrogate", "JSN-6"),
    "JSON with a lone surrogate in a name": (b'{"\\uDC00": 1}', "syntax.lone-surrogate", "JSN-6"),
    "JSON with surrogates the wrong way round": (b'{"a": "\\udc00\\ud800"}', "syntax.lone-surrogate", "JSN-6"),
    "JSON with a byte order mark": (b"\xef\xbb\xbf{}", "syntax.encoding", "JSN-7"),
    "JSON in UTF-16": ("{}".encode("utf-16"), "syntax.encoding", "JSN-7"),
    "JSON that is Latin-1": ('{"a": "é"}'.encode("latin-1"), "syntax.encoding", ""),
    "JSON with a surrogate in UTF-8": (b'{"a": "\xed\xa0\x80"}', "syntax.encoding", ""),
    "JSON nested 101 levels": (nested_json(MAX_DEPTH + 1), "syntax.too-deep", "JSN-8"),
    "JSON nested 200 levels": (nested_json(200), "syntax.too-deep", "JSN-8"),
    "JSON nested 200,000 levels": (b'{"a":' + b"[" * 200_000, "syntax.too-deep", "JSN-8"),
    "a JWS with two parts and a tail": (jws(b"{}") + b".x", "syntax.not-jws", "JWS-16"),
    "a JWS of five parts": (b"eyJh.b.c.d.e", "syntax.not-jws", "JWS-16"),
    "a JWS with padding": (b"eyJhIjoxfQ==.e30.AA", "syntax.not-jws", "JWS-20"),
    "a JWS with loose bits at the end": (b"eyJhIjoxfQ.e31.AB", "syntax.not-jws", "JWS-20"),
    "a JWS in plain base64": (b"ey+/.e30.AA", "syntax.not-jws", "JWS-20"),
    "a JWS with a line end": (jws(b"{}") + b"\n", "syntax.not-jws", "JWS-20"),
    "a JWS with a huge header": (b"ey" + b"A" * 20_000 + b".e30.AA", "syntax.not-jws", "JWS-17"),
    "a JWS with a huge signature": (b"eyJhIjoxfQ.e30." + b"A" * 4_000, "syntax.not-jws", "JWS-17"),
    "a JWS around no JSON": (jws(b"text"), "syntax.not-json", ""),
    "a JWS around a list": (jws(b"[]"), "syntax.not-an-object", ""),
    "a JWS around a member twice": (jws(b'{"a":1,"a":2}'), "syntax.duplicate-member", "JSN-1"),
    "XML with two signatures": (
        SIGNED.replace("</a>", f'<Signature xmlns="{DSIG}"/></a>').encode(),
        "signature.misplaced",
        "XSW-11",
    ),
    "XML with a signature in a signature": (
        SIGNED.replace("<s:SignedInfo/>", "<s:Object><s:Signature/></s:Object>").encode(),
        "signature.misplaced",
        "XSW-11",
    ),
    "XML with a nested signature": (f"<evil>{SIGNED}</evil>".encode(), "signature.misplaced", "XSW-9"),
    "XML that is a signature": (f'<Signature xmlns="{DSIG}"/>'.encode(), "signature.misplaced", "XSW-9"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_named(name: str) -> None:
    data, code, attack = REFUSED[name]
    found = refused(data)
    assert (found.code, found.attack) == (code, attack)
    assert found.refuses and found.fix


@pytest.mark.parametrize("syntax", ["xml", "json", "jws"])
def test_eleven_megabytes_are_too_large(syntax: str) -> None:
    filling = b"x" * (11 * 1024 * 1024)
    data = {
        "xml": b"<a>" + filling + b"</a>",
        "json": b'{"a": "' + filling + b'"}',
        "jws": jws(b'{"a": "' + filling + b'"}'),
    }[syntax]
    found = refused(data)
    assert (found.code, found.status) == ("syntax.too-large", 413)


def test_the_limit_is_on_the_decoded_document() -> None:
    payload = b'{"a": "' + b"x" * (MAX_BYTES - 9) + b'"}'
    assert len(payload) == MAX_BYTES
    assert opened(jws(payload)).canonical == payload
    assert opened(payload).content_digest == opened(jws(payload)).content_digest


@pytest.mark.parametrize("levels", [1, MAX_DEPTH])
def test_as_deep_as_allowed_is_read(levels: int) -> None:
    assert opened(nested_json(levels)).syntax is Syntax.JSON
    assert opened(nested_xml(levels)).syntax is Syntax.XML


def test_brackets_in_strings_are_no_levels() -> None:
    text = json.dumps({"a": "[" * 500, "b": '\\"{{[[' * 100, "c": [{}] * 200})
    assert opened(text.encode()).value == json.loads(text)


def test_line_and_column_are_named_where_a_parser_stops() -> None:
    found = refused(b"<a>\n  <b></c>\n</a>")
    assert found.line == 2 and found.column
    found = refused(b'{\n  "a": tru\n}')
    assert (found.line, found.column) == (2, 8)


def test_the_digest_of_xml_is_that_of_its_canonical_form_without_the_signature() -> None:
    content = opened(SIGNED.encode())
    assert isinstance(content.seal, XmlSeal)
    assert content.canonical == b'<a xmlns="urn:x"><b>1</b>\n\n</a>'
    assert content.content_digest == hashlib.sha256(content.canonical).hexdigest()
    assert content.bytes_digest == hashlib.sha256(SIGNED.encode()).hexdigest()
    assert content.tree is not None and content.tree.find(f"{{{DSIG}}}Signature") is None


def test_a_new_signature_over_the_same_content_changes_the_bytes_only() -> None:
    other = SIGNED.replace("<s:SignedInfo/>", "<s:SignedInfo>x</s:SignedInfo>")
    first, second = opened(SIGNED.encode()), opened(other.encode())
    assert first.content_digest == second.content_digest
    assert first.bytes_digest != second.bytes_digest


def test_how_xml_is_written_does_not_change_its_content() -> None:
    plain = opened(b'<a xmlns="urn:x" b="1" c="2"><d>x &amp; y</d></a>')
    other = opened(
        b"<?xml version='1.0' encoding='utf-8'?>\n<a c='2' b='1'\nxmlns='urn:x'><d>x <![CDATA[& y]]></d></a>\n"
    )
    assert plain.content_digest == other.content_digest


@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_the_text_after_the_signature_stays(place: str) -> None:
    signature = f'<Signature xmlns="{DSIG}"/>'
    parts = {
        "first": f"<a>1{signature}2<b/>3</a>",
        "middle": f"<a><b/>1{signature}2<c/></a>",
        "last": f"<a><b/>1{signature}2</a>",
    }[place]
    assert opened(parts.encode()).canonical == canonical_xml(parse_xml(parts.replace(signature, "").encode()))


def test_a_jws_keeps_what_was_signed() -> None:
    content = opened(jws(b'{"b": 1,  "a": 2}'))
    assert content.media_type == "application/jose"
    assert content.canonical == b'{"b": 1,  "a": 2}'
    assert isinstance(content.seal, JwsSeal)
    assert content.seal.header == b'{"alg":"ES256"}'
    assert content.seal.signing_input == jws(content.canonical).rpartition(b".")[0]
    assert content.seal.signature == b"s" * 64


def test_json_or_finding_gives_one_or_the_other() -> None:
    assert json_or_finding(b'{"a": [1.5, true, null]}') == {"a": [1.5, True, None]}
    found = json_or_finding(b"[1]")
    assert isinstance(found, Finding) and found.code == "syntax.not-an-object"


@given(st.binary(max_size=60))
def test_base64url_is_read_in_one_way_only(data: bytes) -> None:
    encoded = urlsafe_b64encode(data).rstrip(b"=")
    assert from_base64url(encoded) == data
    assert from_base64url(encoded + b"=") is None


@pytest.mark.fuzz
@given(
    st.binary(max_size=200)
    | st.binary(max_size=60).map(lambda tail: b"<a>" + tail)
    | st.binary(max_size=60).map(lambda tail: b"{" + tail)
)
def test_any_bytes_get_a_value(data: bytes) -> None:
    assert isinstance(open_content(data), Content | Finding)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@pytest.mark.fuzz
@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4), st.booleans())
def test_json_is_read_as_the_standard_library_reads_it(value: dict[str, object], ascii_only: bool) -> None:
    data = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert opened(data).value == value


@pytest.mark.fuzz
@given(st.data())
def test_a_changed_byte_of_a_signed_document_never_raises(data: st.DataObject) -> None:
    text = bytearray(SIGNED.encode())
    position = data.draw(st.integers(0, len(text) - 1))
    text[position] = data.draw(st.integers(0, 255))
    content = open_content(bytes(text))
    if isinstance(content, Content) and content.tree is not None:
        assert etree.tostring(content.tree, method="c14n", exclusive=True) == content.canonical
