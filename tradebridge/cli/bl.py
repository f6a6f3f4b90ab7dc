"""`tb bl`: electronic bills of lading. Issue one at the simulated carrier, see where its title is, act with it, take
its chain, and verify a chain offline.

A title is looked for at the hub and, in a simulated world, at its platforms; `--on` names the platform. On a simulated
platform its users need no key; on the hub the member that acts for the party signs.
"""

import json
from typing import TYPE_CHECKING, Any

import click

from tradebridge.cli.bl_acting import endorse, surrender, transfer
from tradebridge.cli.bl_places import Titled, find_title, on_option, place_of_carrier
from tradebridge.cli.exits import Exit, Failed
from tradebridge.cli.moments import MOMENT
from tradebridge.cli.reading import read_json, write_bytes
from tradebridge.cli.root import Suggesting
from tradebridge.cli.terminal import MARK_WIDTH, bold, columns, mark, out, out_findings, out_json, say
from tradebridge.cli.where import Where, find, hub_options, json_option

if TYPE_CHECKING:
    from datetime import datetime

    from schemas.bill_of_lading.title import Title
    from tradebridge.client import Hub
    from tradebridge.ebl.seal import Trust
    from tradebridge.ebl.verify import TitleReport

JSON = dict[str, Any]

ISSUE_SECONDS = 30.0
FORMS = ("json", "text", "svg")


@click.group("bl", cls=Suggesting)
def command() -> None:
    """Bills of lading: issue, transfer, endorse, surrender, verify."""


for each in (transfer, endorse, surrender):
    command.add_command(each)


# --- issue -----------------------------------------------------------------------------------------------------------


@command.command("issue")
@click.argument("instructions", metavar="[FILE]", required=False)
@click.option("--carrier", metavar="URL", help="The carrier's base URL; else that of the running world.")
@click.option("--token", metavar="FILE", help="File with the bearer token for the carrier; else the world's shipper.")
@click.option("--wait", type=float, default=ISSUE_SECONDS, show_default=True, help="Seconds for draft and issue.")
@hub_options
@json_option
def issue(
    instructions: str | None,
    carrier: str | None,
    token: str | None,
    wait: float,
    url: str | None,
    api_key: str | None,
    space: str | None,
    as_json: bool,
) -> Exit:
    """Send shipping instructions to the carrier, approve its draft, wait for the issue.

    FILE holds DCSA shipping instructions; without one it is an example: rubber from Thailand to Japan, to the order of
    its shipper, on platform MEKO.
    """
    where = find(url, api_key, space)
    body = read_json(instructions) if instructions else _example(where)
    with place_of_carrier(where, carrier, token) as shipper:
        document = _issued(shipper, body, wait)
    if as_json:
        out_json(document)
        return Exit.OK
    say(f"{mark('ok')} {document['transportDocumentReference']} is {document['transportDocumentStatus'].lower()}")
    out(str(document["transportDocumentReference"]))
    return Exit.OK


def _example(where: Where) -> JSON:
    from simulator.lading.goods import instructions_of
    from simulator.lading.story import load_goods

    number = int(where.now().timestamp() * 10) % 100_000
    return instructions_of(load_goods(), f"BKG{number:05}")


def _issued(shipper: "Hub", body: "JSON | dict[str, object]", wait: float) -> JSON:
    """From the instructions to the issued document."""
    from tradebridge.cli.bl_places import eventually

    reference = str(shipper.submit_instructions(body)["shippingInstructionsReference"])

    def drafted() -> JSON | None:
        shown = shipper.instructions(reference)
        if shown.get("feedbacks"):
            told = "; ".join(str(each["message"]) for each in shown["feedbacks"])
            raise Failed(Exit.INVALID, f"the carrier asks for an update of {reference}: {told}", "Mend and send again.")
        return shown if "transportDocumentReference" in shown else None

    draft = str(eventually(drafted, wait, f"a draft for {reference}")["transportDocumentReference"])
    shipper.approve_draft(draft)

    def issued() -> JSON | None:
        shown = shipper.transport_document(draft)
        return shown if shown.get("transportDocumentStatus") == "ISSUED" else None

    return eventually(issued, wait, f"the issue of {draft}")


# --- show, chain -----------------------------------------------------------------------------------------------------


@command.command("show")
@click.argument("reference", metavar="[REFERENCE]", required=False)
@on_option
@hub_options
@json_option
def show(
    reference: str | None, on: str | None, url: str | None, api_key: str | None, space: str | None, as_json: bool
) -> Exit:
    """Show where the title REFERENCE is and whose; without one, all titles that can be seen."""
    where = find(url, api_key, space)
    if reference is None:
        return _list(where, on, as_json)
    found = find_title(where, reference, on)
    if as_json:
        out_json({**found.shown, "platform": found.place.code})
        return Exit.OK
    _draw_title(found)
    return Exit.OK


def _list(where: Where, on: str | None, as_json: bool) -> Exit:
    from tradebridge.cli.bl_places import asked, places

    items = [
        {**each, "platform": place.code} for place in places(where, on) for each in asked(where, place, _titles) or ()
    ]
    if as_json:
        out_json({"items": items, "next": None})
        return Exit.OK
    rows = [
        (each["transportDocumentReference"], each["platform"], each["at"], each["status"], _party(each["possessor"]))
        for each in items
    ]
    for line in columns(rows):
        out(line)
    return Exit.OK


def _titles(hub: "Hub") -> list[JSON]:
    return list(hub.titles().items)


def _draw_title(found: Titled) -> None:
    shown = found.shown
    trust = ", in trust" if shown["inTrust"] else ""
    out(f"{bold(shown['transportDocumentReference'])}   {shown['kind']}   {shown['status']}")
    rows = [
        ("platform", f"{found.place.code}, {shown['at']}, sequence {shown['sequence']}"),
        ("possessor", _party(shown["possessor"]) + trust),
        ("endorsee", "in blank" if shown["blank"] else _party(shown["endorsee"])),
        ("carrier", _party(shown["carrier"])),
        ("registry", shown.get("controlTrackingRegistry") or "none"),
    ]
    rows += [
        (f"transfer {each['id']}", f"{each['action']} to {each['to']}: {each['state']}")
        for each in shown.get("transfers", ())
    ]
    for line in columns(rows):
        out(f"  {line}")


def _party(party: JSON | None) -> str:
    return "nobody" if party is None else f"{party['partyName']} ({party['eblPlatform']})"


@command.command("chain")
@click.argument("reference", metavar="REFERENCE")
@click.option(
    "--as", "form", type=click.Choice(FORMS), default="json", help="What to write; json is what verify takes."
)
@click.option("--output", "-o", default="-", metavar="FILE", help="Where to write; - is standard output.")
@on_option
@hub_options
@json_option
def chain(
    reference: str,
    form: str,
    output: str,
    on: str | None,
    url: str | None,
    api_key: str | None,
    space: str | None,
    as_json: bool,
) -> Exit:
    """Take the chain of the title REFERENCE: all that was signed of it, with its document."""
    found = find_title(find(url, api_key, space), reference, on)
    with found.place.open() as platform:
        value = platform.title_chain(reference)
    if as_json and output == "-":
        out_json(value if form == "json" else {form: _drawn(value, form)})
        return Exit.OK
    text = json.dumps(value, ensure_ascii=False, indent=1) if form == "json" else _drawn(value, form)
    write_bytes(output, text.encode() + b"\n")
    if as_json:
        out_json({"reference": reference, "platform": found.place.code, "file": output})
    return Exit.OK


def _drawn(value: JSON, form: str) -> str:
    """The chain as a picture, or in words."""
    from schemas.bill_of_lading import pint
    from schemas.bill_of_lading.pint import ChainEntry, Transaction
    from tradebridge.render.chain import Picture, draw, picture_of, words

    entries = [pint.read(ChainEntry, each) for each in value["entries"]]
    pending = [pint.read(Transaction, each) for each in value["unsigned"]]
    picture = picture_of(
        value["transportDocument"],
        [each for each in entries if isinstance(each, ChainEntry)],
        [each for each in pending if isinstance(each, Transaction)],
        str(value["state"]["at"]),
    )
    if not isinstance(picture, Picture):
        raise Failed(Exit.SIGNATURE, "the chain does not replay", "Ask the platform for it again.", findings=picture)
    return draw(picture) if form == "svg" else "\n".join(words(picture))


# --- verify ----------------------------------------------------------------------------------------------------------


@command.command("verify")
@click.argument("chain_file", metavar="FILE")
@click.option("--trust", "trust_file", metavar="FILE", help="Whose signatures to believe: a hub's GET /v1/platforms.")
@click.option("--at", type=MOMENT, metavar="TIME", help="A time by which all was signed, if one is proven.")
@hub_options
@json_option
def verify(
    chain_file: str,
    trust_file: str | None,
    at: "datetime | None",
    url: str | None,
    api_key: str | None,
    space: str | None,
    as_json: bool,
) -> Exit:
    """Check the chain in FILE (- is standard input), as `tb bl chain` gives it: who holds the title, and why.

    With --trust no hub and no platform is asked; without it the list comes from the hub.

    Exit code 0: it holds. 5: a signature, a link of the chain or a transaction does not. 3: nothing is false, but what
    was done since the last entry nobody has signed yet: the platform alone says so.
    """
    from tradebridge.ebl.verify import verify_title

    value = read_json(chain_file)
    trust = _trust(find(url, api_key, space), trust_file)
    report = verify_title(value, trust, at)
    if as_json:
        out_json(report.to_json() | {"trust": "given" if trust_file else "hub"})
    else:
        _draw_report(report, value)
        if not trust_file:
            say(f"{mark('warn')} the keys come from the hub itself: give a list with --trust FILE to be sure")
    return Exit(report.exit_code)


def _shown(value: "dict[str, Any]") -> JSON:
    """The chain in the file: a platform's answer, or within the evidence of a hub."""
    title = value.get("title")
    return title if isinstance(title, dict) else value


def _trust(where: Where, trust_file: str | None) -> "Trust":
    from schemas.findings import Finding
    from tradebridge.ebl.verify import read_trust

    if trust_file is not None:
        trust = read_trust(read_json(trust_file))
    else:
        with where.public() as hub:
            trust = read_trust(hub.platforms())
    if isinstance(trust, Finding):
        raise Failed(Exit.SIGNATURE, trust.message, trust.fix, code=trust.code, findings=(trust,))
    return trust


def _draw_report(report: "TitleReport", value: "dict[str, object]") -> None:
    title, signed, below = report.title, report.signed, " " * (MARK_WIDTH + 1)
    out(f"{bold(report.reference or 'no title')}   {report.entries} entries, {report.unsigned} actions in none yet")
    if title is None or report.findings:
        out(f"{mark('fail')} nobody can be said to hold it")
        out_findings(report.findings)
        return
    if report.unsigned:
        out(f"{mark('warn')} {_held(title)}: so says the platform alone, {report.unsigned} actions are not signed yet")
        out(f"{below}signed: {'nothing' if signed is None else _held(signed)}")
    else:
        out(f"{mark('ok')} {_held(title)}")
    if signed is not None:
        out(f"{below}why: {_why(value)}")
    for answer in report.answers:
        out(f"{below}{answer}")


def _held(title: "Title") -> str:
    """Who holds it; of one that has ended, that nobody does."""
    from schemas.bill_of_lading.title import ENDED

    who = f"{title.possessor.party_name} ({title.possessor.ebl_platform})"
    if title.status in ENDED:
        return f"{title.status.value}: nobody holds it any more; it ended with {who}"
    return f"held by {who}{', in trust' if title.in_trust else ''}; {title.status.value}"


def _why(value: "dict[str, Any]") -> str:
    """The last signed transaction that moved possession, in words. The chain was verified before."""
    from schemas.findings import Finding
    from tradebridge.ebl.seal import peek

    entries = [peek(each) for each in _shown(value)["envelopeTransferChain"]]
    transactions = [each for entry in entries if not isinstance(entry, Finding) for each in entry["transactions"]]
    transactions = transactions or _shown(value)["unsigned"][:1]  # its ISSUE: the carrier's manifest says to whom
    last = [each for each in transactions if _moves(each)][-1]
    to = last.get("recipient", last["actor"])
    return f"{last['actionCode']} by {last['actor']['partyName']} to {to['partyName']}, {last['actionDateTime']}"


def _moves(transaction: JSON) -> bool:
    from schemas.bill_of_lading.pint import ActionCode
    from schemas.bill_of_lading.title import moves_possession

    return moves_possession(ActionCode(transaction["actionCode"]))
