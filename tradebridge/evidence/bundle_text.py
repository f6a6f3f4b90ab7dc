"""What a person reads who opens a bundle: READ-ME.txt and index.html. No script, nothing to fetch, no program of ours.

They tell what is in evidence.json, and say so: what they tell proves nothing, the statements and digests do.
"""

from base64 import b64decode
from collections.abc import Iterator, Sequence
from hashlib import sha256
from html import escape

from schemas.content import Content, open_content
from schemas.event import Event, decode_event
from tradebridge.evidence.file import EvidenceFile, Message, Record, read_record
from tradebridge.evidence.times import rfc3339
from tradebridge.evidence.trust import TrustList

_SIMULATION = "SIMULATION: test keys, no legal effect."

_QUESTIONS = (
    (
        "Was it changed?",
        "The document's SHA-256 must be the one in its receipt and its record (messages/000-document).",
    ),
    ("Who issued it, and may they?", "The signature on the document, by a key of the trust list that may issue it."),
    (
        "Is it still valid?",
        "The events in messages/: cancelled, replaced or expired would stand there, up to the checkpoint.",
    ),
    ("Is it on the public record?", "The proof leads from its record to the root that the log has signed."),
)


def read_me(form: EvidenceFile, trust: TrustList) -> str:
    """READ-ME.txt."""
    lines = [
        f"Evidence for {form.document.number or form.document.id} ({form.document.profile})",
        *([_SIMULATION] if trust.simulated else []),
        "",
        "This file proves one trade document without the hub that made it. It is an ASiC-E container (EN 319 162):",
        "a ZIP archive with the document as received, what was said of it since, and the proofs of the public record.",
        "",
        "What happened",
        *(f"  {line}" for line in _story(form)),
        "",
        "Four questions, and where their answers are",
        *(f"  {question} {where}" for question, where in _QUESTIONS),
        "",
        "To check it with Tradebridge, without any hub:",
        "  tb verify FILE.asice --trust TRUST.json",
        "TRUST.json is the trust list in your own hand. The trust.json in here is that of the day: whoever could forge",
        "the rest could forge it too, so take the list from a place that you trust.",
        "",
        "To check it with nothing of ours: unzip, openssl, xmlsec1 and sha256sum do. docs/verify.md of Tradebridge has",
        "the commands; in short:",
        "  unzip FILE.asice -d evidence && cd evidence && sha256sum -c SHA256SUMS",
        "  openssl cms -verify -binary -inform DER -in META-INF/signature.p7s -content META-INF/ASiCManifest.xml \\",
        "    -CAfile HUB-OR-ROOT.pem -purpose any -out /dev/null",
    ]
    return "\n".join(lines) + "\n"


def index_html(form: EvidenceFile, trust: TrustList, names: Sequence[str]) -> str:
    """index.html: the same, to look at."""
    number = escape(form.document.number or form.document.id)
    simulation = f'<p class="simulation">{escape(_SIMULATION)}</p>' if trust.simulated else ""
    story = "".join(f"<li>{escape(line)}</li>" for line in _story(form))
    questions = "".join(f"<dt>{escape(question)}</dt><dd>{escape(where)}</dd>" for question, where in _QUESTIONS)
    files = "".join(f'<li><a href="{escape(name)}">{escape(name)}</a></li>' for name in sorted(names))
    digest = sha256(b64decode(form.document.bytes)).hexdigest()
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Evidence for {number}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
{simulation}
<h1>Evidence for {number}</h1>
<p>{escape(form.document.profile)}, {escape(form.document.id)}</p>
<p>SHA-256 of the document as received: <code>{digest}</code></p>
<h2>What happened</h2>
<ol>{story}</ol>
<h2>Four questions, and where their answers are</h2>
<dl>{questions}</dl>
<p>This page tells what is in the file and proves nothing by itself: READ-ME.txt says how to check it.</p>
<h2>Files</h2>
<ul>{files}</ul>
</main>
</body>
</html>
"""


_STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; line-height: 1.2; } h2 { font-size: 1.15rem; margin-top: 2rem; }
code { font-size: .85em; overflow-wrap: anywhere; } li { overflow-wrap: anywhere; }
dt { font-weight: 600; } dd { margin: 0 0 .5rem; }
.simulation { border: 2px solid #b3261e; padding: .4rem .8rem; font-weight: 600; }
"""


def _story(form: EvidenceFile) -> Iterator[str]:
    for message in form.messages:
        record = read_record(b64decode(message.record))
        if isinstance(record, Record):
            yield f"{rfc3339(record.time)}  {_what(message, record)}"
    for delivery in form.deliveries:
        yield f"delivered to {delivery.recipient}{', which has acknowledged it' if delivery.acknowledgement else ''}"


def _what(message: Message, record: Record) -> str:
    if message.kind == "document":
        return f"{record.member} handed the document in; the hub accepted it"
    if message.kind == "forward":
        return f"{record.member} forwarded it to further recipients"
    event = _event_of(message)
    if event is None:
        return f"{record.member} said something of it"
    about = f" for {event.recipient}" if event.recipient and event.recipient != record.member else ""
    reasons = "; ".join(reason.text or reason.code for reason in event.reasons)
    return f"{record.member} said: {event.type.value}{about}{f' ({reasons})' if reasons else ''}"


def _event_of(message: Message) -> Event | None:
    content = open_content(b64decode(message.bytes)) if message.bytes is not None else None
    document = decode_event(content).document if isinstance(content, Content) else None
    return document if isinstance(document, Event) else None
