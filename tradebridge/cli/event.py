"""`tb event`: say something about a document, signed: decide, ask, answer, use, verify, cancel.

What was said last of a document is looked up first, so that the event states the sequence that it has seen; somebody
else may still be faster, and then the hub says so. Nothing is said for a member without its key.
"""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from tradebridge.cli.exits import Exit, Failed
from tradebridge.cli.moments import MOMENT
from tradebridge.cli.names import member_id
from tradebridge.cli.reading import read_json
from tradebridge.cli.terminal import mark, out, out_json
from tradebridge.cli.where import OPERATOR, Where, find, hub_options, json_option

if TYPE_CHECKING:
    from schemas.event import Event
    from tradebridge.client import Hub

TYPES = (
    "examined",
    "accepted",
    "queried",
    "answered",
    "rejected",
    "utilised",
    "committed",
    "released",
    "reversed",
    "cancelled",
    "verification-requested",
    "verification-answered",
    "verification-concluded",
    "issued",
)
"""All that a member says; replaced, expired and reminded are the hub's own words."""
OF_ISSUING_SIDE = ("answered", "cancelled", "verification-answered")
OF_THE_WHOLE = ("cancelled",)

_REASON = re.compile(r"([^=@]{1,100})(?:@([0-9A-Za-z]{1,4}))?(?:=(.*))?", re.DOTALL)
_USE = re.compile(r"(\d{1,5})=([0-9.]{1,22}) ?([A-Z0-9]{2,3})")


@dataclass(frozen=True, slots=True)
class About:
    """The document, and which of its recipients the event is about."""

    summary: dict[str, Any]
    speaker: str
    recipient: str | None

    @property
    def sequence(self) -> int:
        """The last that was said: at this recipient, or of the whole document anywhere."""
        recipients: dict[str, Any] = self.summary["recipients"]
        if self.recipient is None:
            return max((int(each["sequence"]) for each in recipients.values()), default=0)
        return int(recipients.get(self.recipient, {}).get("sequence", 0))


@click.command("event")
@click.argument("document", metavar="ID")
@click.argument("type", type=click.Choice(TYPES), metavar="TYPE")
@click.option("--by", metavar="ID", help="Who says it; else the sender, or the only recipient.")
@click.option("--about", metavar="ID", help="The recipient that it is about; else the speaker, or the only one.")
@click.option("--person", metavar="NAME", help="The officer who decides.")
@click.option("--role", metavar="ROLE", help="In what role.")
@click.option("--reason", "reasons", multiple=True, metavar="CODE[@BOX][=TEXT]", help="A reason; several times.")
@click.option("--minor", "minor", multiple=True, metavar="CODE[@BOX][=TEXT]", help="A minor discrepancy.")
@click.option("--ask", "questions", multiple=True, metavar="BOX=TEXT", help="A question about a box: q1, q2, ...")
@click.option("--answer", "answers", multiple=True, metavar="ID=TEXT", help="Explain: the answer to question ID.")
@click.option("--correct", "corrections", multiple=True, metavar="ID=VALUE=TEXT", help="Correct: the right value.")
@click.option("--declaration", metavar="REFERENCE", help="The import declaration that uses the certificate.")
@click.option("--date", "day", metavar="YYYY-MM-DD", help="Of the declaration; else today.")
@click.option("--country", metavar="CODE", help="Of the declaration; else the speaker's.")
@click.option("--port", metavar="PORT", help="Of the declaration.")
@click.option("--use", "uses", multiple=True, metavar='"ITEM=QUANTITY UNIT"', help="Use of an item; none: all is used.")
@click.option("--provisional", is_flag=True, help="A provisional use, to be committed or released.")
@click.option("--draw", metavar="EVENT", help="The use to commit, release or reverse.")
@click.option("--box", "boxes", multiple=True, metavar="BOX", help="A box in doubt, to be verified.")
@click.option("--random", "at_random", is_flag=True, help="A random verification: no box, no reason.")
@click.option("--days", type=int, help="Days given to answer, where the agreement leaves it open.")
@click.option("--result", type=click.Choice(["confirms", "corrects", "denies"]), help="Of a verification's answer.")
@click.option("--outcome", type=click.Choice(["confirmed", "not-confirmed", "no-answer"]), help="Of a verification.")
@click.option("--certificate", metavar="NUMBER", help="The certificate issued on an application.")
@click.option("--text", metavar="TEXT", help="What is to be said beside it.")
@click.option("--body", "body_file", metavar="FILE", help="The body as JSON, instead of the options above.")
@click.option("--sequence", type=click.IntRange(min=0), help="The sequence that was seen; else as it is now.")
@click.option("--key", "key_file", metavar="PEM", help="The member's event key; else its test key.")
@click.option("--cert", "certificate_file", metavar="PEM", help="The key's certificate.")
@click.option("--at", type=MOMENT, help="Time of the event instead of now.")
@click.option("--dry-run", is_flag=True, help="Show the event, and send nothing.")
@hub_options
@json_option
def command(
    document: str,
    type: str,
    by: str | None,
    about: str | None,
    body_file: str | None,
    sequence: int | None,
    key_file: str | None,
    certificate_file: str | None,
    at: datetime | None,
    dry_run: bool,
    url: str | None,
    api_key: str | None,
    space: str | None,
    as_json: bool,
    **said: Any,
) -> Exit:
    """Say TYPE about the document ID (doc_..., or its number).

    \b
    tb event SG-2026-00041 queried --ask "8=Which materials count?"
    tb event SG-2026-00041 answered --answer "q1=The yarn, 12 % of the value."
    tb event SG-2026-00041 utilised --declaration TH-778 --use "1=120.5 KGM"
    tb event SG-2026-00041 verification-requested --box 8 --reason "content@8=It seems too low."
    """
    where = find(url, api_key, space)
    speaking = member_id(by, "sender" if type in OF_ISSUING_SIDE else "recipient") if by else None
    subject = _subject(where, document, type, speaking, member_id(about, "recipient") if about else None)
    moment = (at or where.now()).replace(microsecond=0)
    body = read_json(body_file) if body_file else _body(type, said, subject, moment)
    event = _event(subject, type, said, body, subject.sequence if sequence is None else sequence, moment)
    if dry_run:
        out_json(event.model_dump(mode="json", by_alias=True, exclude_none=True))
        return Exit.OK
    return _send(where, subject, event, (key_file, certificate_file), as_json)


def _send(where: Where, subject: About, event: "Event", key: tuple[str | None, str | None], as_json: bool) -> Exit:
    from schemas.event import encode_event
    from tradebridge.cli.sign import signer_of
    from tradebridge.evidence import jws

    if key[0] is None and where.seed is None:
        raise Failed(Exit.USAGE, "there is no test key for this hub", "Give the member's own with --key and --cert.")
    signer = signer_of(subject.speaker, None if key[0] else where.seed, *key, purpose="event")
    token = jws.sign(encode_event(event), jws.EVENT, signer, event.at)
    with where.hub(subject.speaker) as hub:
        accepted = hub.send_event(event.document.id, token)
    if as_json:
        out_json(accepted.raw)
        return Exit.OK
    where_it_is = f" at {accepted.recipient}" if accepted.recipient else ""
    checked = f", verification {accepted.raw['verification']}" if "verification" in accepted.raw else ""
    out(f"{mark('ok')} {accepted.type}   said by {subject.speaker}, receipt signed by the hub")
    out(f"     now {accepted.state}{where_it_is}{checked}, sequence {accepted.sequence}, event {accepted.id}")
    return Exit.OK


# --- who, about whom -------------------------------------------------------------------------------------------------


def _subject(where: Where, document: str, type: str, by: str | None, about: str | None) -> About:
    with where.hub(by or OPERATOR) as hub:
        summary = _summary(hub, document)
    recipients = list(summary["recipients"])
    only = recipients[0] if len(recipients) == 1 else None
    if type in OF_ISSUING_SIDE:
        speaker = by or summary["sender"]
        recipient = None if type in OF_THE_WHOLE else about or only
    else:
        speaker = by or about or only
        recipient = about or (speaker if speaker in recipients else only)
    if speaker is None or (recipient is None and type not in OF_THE_WHOLE):
        raise click.UsageError(f"name one of the recipients with --about: {', '.join(recipients)}")
    return About(summary, speaker, recipient)


def _summary(hub: "Hub", document: str) -> dict[str, Any]:
    from tradebridge.cli.get import document_id

    return hub.summary(document_id(hub, document))


# --- what ------------------------------------------------------------------------------------------------------------


def _event(
    subject: About, type: str, said: dict[str, Any], body: dict[str, Any], sequence: int, moment: datetime
) -> "Event":
    from schemas.event import Actor, Event, EventType, Subject
    from tradebridge.evidence.simulation import derived_id

    return Event(
        id=derived_id("evt", moment, secrets.token_bytes(32)),
        type=EventType(type),
        document=Subject(id=subject.summary["id"], content_digest=subject.summary["contentDigest"]),
        recipient=subject.recipient,
        expected_sequence=sequence,
        actor=Actor(member=subject.speaker, person=said["person"], role=said["role"]),
        at=moment,
        reasons=tuple(_reasons(said)),
        body=body,
    )


def _reasons(said: dict[str, Any]) -> Iterator[Any]:
    from schemas.event import Reason

    for text, minor in [(each, None) for each in said["reasons"]] + [(each, True) for each in said["minor"]]:
        read = _REASON.fullmatch(text)
        if read is None:
            raise click.UsageError(f"{text!r} is no reason: write CODE, CODE=TEXT or CODE@BOX=TEXT")
        yield Reason(code=read[1], box=read[2], text=read[3] or "", minor=minor)


def _body(type: str, said: dict[str, Any], subject: About, moment: datetime) -> dict[str, Any]:
    """The body of this type, from the options; what is not given is left out, and the hub tells what is missing."""
    made: dict[str, Any] = {"text": said["text"]}
    if type == "queried":
        made["questions"] = [_question(number, text) for number, text in enumerate(said["questions"], 1)]
    elif type == "answered":
        made["answers"] = [_answer(text) for text in said["answers"]] + [_correction(t) for t in said["corrections"]]
    elif type == "utilised":
        made["declaration"] = _declaration(said, subject, moment)
        made["items"] = [_used(text) for text in said["uses"]]
        made["draw"] = "provisional" if said["provisional"] else None
    elif type in ("committed", "released", "reversed"):
        made["draw"] = said["draw"]
    elif type == "verification-requested":
        made |= {"boxes": list(said["boxes"]), "random": said["at_random"] or None, "days": said["days"]}
    elif type == "verification-answered":
        made["result"] = said["result"]
    elif type == "verification-concluded":
        made["outcome"] = said["outcome"]
    elif type == "issued":
        made["certificate"] = {"number": said["certificate"]} if said["certificate"] else None
    return {name: value for name, value in made.items() if value not in (None, [])}


def _question(number: int, text: str) -> dict[str, str]:
    box, found, words = text.partition("=")
    if not found:
        raise click.UsageError(f"{text!r} is no question: write BOX=TEXT")
    return {"id": f"q{number}", "box": box, "code": "question", "text": words}


def _answer(text: str) -> dict[str, str]:
    question, found, words = text.partition("=")
    if not found:
        raise click.UsageError(f"{text!r} is no answer: write ID=TEXT")
    return {"question": question, "kind": "explains", "text": words}


def _correction(text: str) -> dict[str, str]:
    parts = text.split("=", 2)
    if len(parts) != 3:
        raise click.UsageError(f"{text!r} is no correction: write ID=VALUE=TEXT")
    return {"question": parts[0], "kind": "corrects", "value": parts[1], "text": parts[2]}


def _declaration(said: dict[str, Any], subject: About, moment: datetime) -> dict[str, str]:
    from tradebridge.cli.names import country_of

    if not said["declaration"]:
        raise click.UsageError("name the import declaration that uses it: --declaration REFERENCE")
    country = said["country"] or country_of(subject.speaker, {})
    made = {
        "reference": said["declaration"],
        "date": said["day"] or moment.date().isoformat(),
        "country": country,
        "port": said["port"],
    }
    return {name: value for name, value in made.items() if value}


def _used(text: str) -> dict[str, Any]:
    read = _USE.fullmatch(text.strip())
    if read is None:
        raise click.UsageError(f'{text!r} is no use: write "ITEM=QUANTITY UNIT", as "1=120.5 KGM"')
    return {"number": int(read[1]), "quantity": {"value": read[2], "unit": read[3]}}
