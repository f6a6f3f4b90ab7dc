"""`tb send`: hand a document to the hub and see it delivered and decided.

An example is made on the spot, of the two countries named, and signed with the sender's test key. A file goes as it is
unless --sign is given: what was signed elsewhere is never signed again.
"""

import secrets
import shlex
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tradebridge.cli.exits import Exit, Failed, exit_of_codes
from tradebridge.cli.folder import STATE_FILE, Make, Route, Sender, State, Told, files_in, reject_options_of_one, show
from tradebridge.cli.names import country_of, member_id, member_ids
from tradebridge.cli.reading import read_bytes
from tradebridge.cli.terminal import bold, mark, out, out_findings, out_json, say
from tradebridge.cli.where import Where, find, for_header, hub_options, json_option

if TYPE_CHECKING:
    from tradebridge.calls import Accepted
    from tradebridge.client import Hub
    from tradebridge.evidence.signer import Signer

POLL_SECONDS = 0.1
SOFT_WAIT_SECONDS = 5.0
"""How long `tb send` looks on when it was not asked to wait."""


@dataclass(frozen=True, slots=True)
class Example:
    """What `--example NAME` sends where nothing else is said."""

    profile: str
    sender: str
    recipient: str
    syntax: str


EXAMPLES = {
    "form-d": Example("atiga-form-d/2022", "SG-NSW", "TH-NSW", "xml"),
    "form-aj": Example("ajcep-form-aj/2014", "JP-JCCI", "TH-NSW", "xml"),
    "rcep": Example("rcep-co/2022", "TH-NSW", "JP-NACCS", "xml"),
    "transport-document": Example("dcsa-transport-document/3.0", "CARRIER-SIM", "TRADEWALTZ-SIM", "json"),
    "shipping-instructions": Example("dcsa-shipping-instructions/3.0", "TRADEWALTZ-SIM", "CARRIER-SIM", "json"),
}

_UNDECIDED = ("received", "issued", "applied", "examined")
"""`issued` is where a certificate begins."""
_FINAL = ("rejected", "utilised", "cancelled", "replaced", "expired")

WAITS = ("delivered", "decided", "accepted", "queried", "rejected", "utilised")


@dataclass(frozen=True, slots=True)
class Sending:
    """What is about to be sent."""

    data: bytes
    sender: str
    recipients: tuple[str, ...]
    profile: str | None
    signed_by: str | None
    """Key id of the signature put on here; None where the bytes are as they were."""


@click.command("send")
@click.argument("file", required=False)
@click.option("--example", type=click.Choice(list(EXAMPLES)), help="Make and send an example.")
@click.option("--from", "sender", metavar="ID", help="Who sends: SG-NSW, or sg.")
@click.option("--to", "recipients", multiple=True, metavar="ID", help="Who receives; several times for several.")
@click.option("--profile", metavar="ID", help="Declare the profile; else the hub recognises it.")
@click.option(
    "--sign/--unsigned", "sign", default=None, help="Sign with the sender's test key, or do not. Examples are signed."
)
@click.option("--syntax", type=click.Choice(["xml", "json"]), help="Of an example.")
@click.option("--number", metavar="NUMBER", help="Of an example; else a new one.")
@click.option("--variant", type=click.IntRange(min=0), default=0, help="Other goods and parties in an example.")
@click.option("--idempotency-key", metavar="KEY", help="The same key and bytes again give the first answer again.")
@click.option("--wait", "state", type=click.Choice(WAITS), help="Wait until every recipient is there.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    help="Seconds for --wait; of a folder: for a hub that does not answer.",
)
@click.option("--state", "state_file", metavar="FILE", help="Of a folder: where to note what is sent; else in it.")
@click.option("--dry-run", is_flag=True, help="Check all of it here and send nothing.")
@hub_options
@json_option
def command(
    file: str | None,
    example: str | None,
    sender: str | None,
    recipients: tuple[str, ...],
    profile: str | None,
    sign: bool | None,
    syntax: str | None,
    number: str | None,
    variant: int,
    idempotency_key: str | None,
    state: str | None,
    timeout: float,
    state_file: str | None,
    dry_run: bool,
    url: str | None,
    api_key: str | None,
    space: str | None,
    as_json: bool,
) -> Exit:
    """Send the document in FILE (- is standard input), or an example. If FILE is a folder: all documents in it.

    \b
    tb send --example form-d --from sg --to th
    tb send my-own.xml --from sg --to th --wait accepted
    tb send my-folder --from sg --to th          interrupted, it goes on where it stopped
    """
    if (file is None) == (example is None):
        raise click.UsageError(
            "name a FILE, or --example NAME" if file is None else "either FILE or --example, not both"
        )
    if example is None and (syntax or number or variant):
        raise click.UsageError("--syntax, --number and --variant are for --example")
    for_header("--profile", profile)
    for_header("--idempotency-key", idempotency_key)
    where = find(url, api_key, space)
    who, to = _parties(example, sender, recipients)
    if file is not None and Path(file).is_dir():
        reject_options_of_one({"--wait": state, "--idempotency-key": idempotency_key})
        return _folder(where, Path(file), who, to, profile, bool(sign), state_file, timeout, dry_run, as_json)
    if state_file is not None:
        raise click.UsageError("--state is for a folder")
    if example is not None:
        data = example_of(where, EXAMPLES[example], who, to[0], syntax, number, variant)
    else:
        data = read_bytes(file or "-")
    sending = signed(where, data, who, to, profile, sign if sign is not None else example is not None)
    if dry_run:
        return _dry_run(where, sending, as_json)
    return _send(where, sending, idempotency_key, state, timeout, as_json)


def _parties(example: str | None, sender: str | None, recipients: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    usual = EXAMPLES[example] if example else None
    who = member_id(sender, "sender") if sender else (usual.sender if usual else None)
    to = member_ids(recipients, "recipient") or ((usual.recipient,) if usual else ())
    if who is None:
        raise click.UsageError("say who sends: --from sg")
    if not to:
        raise click.UsageError("say who receives: --to th")
    return who, to


def example_of(
    where: Where, example: Example, sender: str, recipient: str, syntax: str | None, number: str | None, variant: int
) -> bytes:
    """The bytes of a valid sample between the countries of the two members, with a number nobody has used."""
    from schemas.content import Syntax
    from schemas.registry import profile_of

    profile = profile_of(example.profile)
    if profile is None:
        raise LookupError(f"the example's profile {example.profile} is not registered")
    known = where.world.countries if where.world else {}
    exporter = country_of(sender, known) or country_of(example.sender, known) or "SG"
    importer = country_of(recipient, known) or country_of(example.recipient, known) or "TH"
    at = where.now()
    form = Syntax(syntax or example.syntax)
    if form not in profile.encode:
        raise click.UsageError(f"{profile.id} does not exist as {form.value}")
    named = number or _new_number(exporter, at)
    document = profile.example(exporter=exporter, importer=importer, number=named, at=at, variant=variant)
    return profile.encode[form](document)


def _new_number(exporter: str, at: datetime) -> str:
    return f"{exporter}-{at.year}-{secrets.randbelow(10**8):08d}"


def signed(
    where: Where, data: bytes, sender: str, recipients: tuple[str, ...], profile: str | None, sign: bool
) -> Sending:
    if not sign:
        return Sending(data, sender, recipients, profile, None)
    if where.seed is None:
        raise Failed(
            Exit.USAGE,
            "there is no test key for this hub",
            "Sign with your own: tb sign FILE --member ID --key PEM --cert PEM",
        )
    from tradebridge.cli.sign import sign_document
    from tradebridge.evidence.simulation import test_signer

    signer: Signer = test_signer(where.seed, sender, "document")
    return Sending(sign_document(data, signer, where.now()), sender, recipients, profile, signer.kid)


def _folder(
    where: Where,
    folder: Path,
    sender: str,
    recipients: tuple[str, ...],
    profile: str | None,
    sign: bool,
    state_file: str | None,
    timeout: float,
    dry_run: bool,
    as_json: bool,
) -> Exit:
    files = files_in(folder)

    def make(data: bytes) -> bytes:
        return signed(where, data, sender, recipients, profile, sign).data

    if dry_run:
        return show((_judged(where, folder, path, make, profile) for path in files), len(files), as_json)
    route = Route(where.url, where.space, sender, recipients, profile)
    noted = State(Path(state_file) if state_file else folder / STATE_FILE)
    with where.hub(sender) as hub:
        sending = Sender(hub, route, noted, make, timeout)
        return show(sending.results(folder, files), len(files), as_json)


def _judged(where: Where, folder: Path, path: Path, make: Make, profile: str | None) -> Told:
    """What the hub would say of one file, as far as can be known here."""
    from tradebridge.cli.validate import read

    name = str(path.relative_to(folder))
    try:
        reading = read(make(read_bytes(str(path))), where.now(), profile)
    except Failed as failed:
        return Told(name, "invalid", code=failed.code, detail=str(failed))
    first = next((each for each in reading.findings if each.refuses), None)
    return Told(name, "invalid", code=first.code, detail=first.message) if first else Told(name, "valid")


def _dry_run(where: Where, sending: Sending, as_json: bool) -> Exit:
    from tradebridge.cli.validate import read, summary

    reading = read(sending.data, where.now(), sending.profile)
    exit_code = exit_of_codes(each.code for each in reading.findings if each.refuses)
    if as_json:
        route = {"dryRun": True, "sender": sending.sender, "recipients": list(sending.recipients), "url": where.url}
        out_json({**route, **summary(reading)})
        return exit_code
    out_findings(reading.findings)
    route_text = f"{sending.sender} -> {', '.join(sending.recipients)} at {where.url}"
    if reading.refused:
        out(f"{mark('fail')} nothing was sent, and the hub would refuse it: {route_text}")
    else:
        out(f"{mark('ok')} nothing was sent; ready to go: {route_text}")
    return exit_code


def _send(
    where: Where, sending: Sending, idempotency_key: str | None, state: str | None, timeout: float, as_json: bool
) -> Exit:
    with where.hub(sending.sender) as hub:
        accepted = hub.submit(
            sending.data, sending.recipients, profile=sending.profile, idempotency_key=idempotency_key
        )
        if not as_json:
            _say_accepted(accepted, sending)
        seconds = timeout if state else min(timeout, SOFT_WAIT_SECONDS)
        soft = "decided" if accepted.raw.get("simulated") else "delivered"
        now = _with_errors(hub, accepted, _look_on(hub, accepted, state or soft, seconds))
    exit_code = _outcome(now, state)
    if as_json:
        waited = {"for": state, "reached": exit_code is Exit.OK} if state else None
        out_json({**accepted.raw, "replayed": accepted.replayed, "recipients": now, "waited": waited})
    else:
        _say_outcome(accepted, now, state, exit_code)
    return exit_code


def _say_accepted(accepted: "Accepted", sending: Sending) -> None:
    out_findings(accepted.findings)
    out(f"{mark('ok')} valid       {accepted.profile}")
    if sending.signed_by:
        out(f"{mark('ok')} signed      {sending.signed_by.partition('#')[0]}, test key")
    again = ", again: the first answer" if accepted.replayed else ""
    out(f"{mark('ok')} accepted    {accepted.id}, receipt signed by the hub{again}")


def _look_on(hub: "Hub", accepted: "Accepted", state: str, seconds: float) -> dict[str, Any]:
    """The recipients' states, once every one has reached `state`, cannot any more, or the time is over."""
    end = time.monotonic() + seconds
    while True:
        now = dict(hub.summary(accepted.id)["recipients"])
        if all(_is_over(each, state) for each in now.values()) or time.monotonic() >= end:
            return now
        time.sleep(POLL_SECONDS)


def _with_errors(hub: "Hub", accepted: "Accepted", now: dict[str, Any]) -> dict[str, Any]:
    """The recipients' states, with what a delivery that is dead died of."""
    if all(each["delivery"] != "dead" for each in now.values()):
        return now
    deliveries = [each for each in hub.timeline(accepted.id)["entries"] if each["kind"] == "delivery"]
    errors = {each["recipient"]: {"error": each["error"]} for each in deliveries if each.get("error")}
    return {member: {**each, **errors.get(member, {})} for member, each in now.items()}


def _is_over(recipient: dict[str, Any], state: str) -> bool:
    """A decision may overtake the acknowledgement of a push that is under way: that one comes in a moment."""
    decided = recipient["delivery"] == "sending" and recipient["state"] not in _UNDECIDED
    return not decided and (_reached(recipient, state) or _final(recipient))


def _reached(recipient: dict[str, Any], state: str) -> bool:
    if state == "delivered":
        return bool(recipient["delivery"] == "delivered")
    if state == "decided":
        return recipient["state"] not in _UNDECIDED
    return bool(recipient["state"] == state)


def _final(recipient: dict[str, Any]) -> bool:
    """Nothing more will come of itself."""
    return recipient["delivery"] == "dead" or recipient["state"] in _FINAL


def _outcome(now: dict[str, Any], state: str | None) -> Exit:
    if state is None:
        return Exit.OK
    missing = [each for each in now.values() if not _reached(each, state)]
    if not missing and now:
        return Exit.OK
    return Exit.CHECKS_FAILED if any(_final(each) for each in missing) else Exit.TIMEOUT


_BY_SYSTEM = "partner.refused: "
"""How the error of a delivery begins that the recipient's own system refused."""
_DELIVERY_MARKS = {"delivered": "ok", "dead": "fail"}
_STATE_MARKS = {
    "accepted": "ok",
    "utilised": "ok",
    "queried": "warn",
    "answered": "warn",
    "rejected": "fail",
    "cancelled": "fail",
    "replaced": "fail",
    "expired": "fail",
}


def _say_outcome(accepted: "Accepted", now: dict[str, Any], state: str | None, exit_code: Exit) -> None:
    for member, each in now.items():
        delivery = each["delivery"] or "not sent"
        preposition = "to" if delivery == "delivered" else "for"
        system = each.get("error", "").removeprefix(_BY_SYSTEM)
        if system != each.get("error", ""):
            out(f"{mark('fail')} {'refused'.ljust(11)} by the system of {member}, no officer has seen it: {system}")
            continue
        error = f": {each['error']}" if "error" in each else ""
        out(f"{mark(_DELIVERY_MARKS.get(delivery, 'warn'))} {delivery.ljust(11)} {preposition} {member}{error}")
        if each["state"] not in _UNDECIDED:
            out(f"{mark(_STATE_MARKS.get(each['state'], 'warn'))} {each['state'].ljust(11)} by {member}")
    if exit_code is Exit.TIMEOUT:
        say(f"{mark('fail')} not {state} in time; `tb tail` shows what comes")
    elif exit_code is Exit.CHECKS_FAILED:
        say(f"{mark('fail')} it will not be {state}")
    name = accepted.number or accepted.id
    out(f"{bold(name)}   tb get {shlex.quote(name)} --as timeline")
