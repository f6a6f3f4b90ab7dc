"""The process of a simulated carrier: `python -P -m simulator.carrier --data DIR --port N --config FILE.json`.

1. The configuration is `tradebridge.ebl.carrier.settings.Settings` in JSON. `--port 0` takes any free port.
2. It binds, says that it is ready, and ends with its parent as `simulator.process` says.
3. `--hold PLACE:N` stops it for ever when it comes to a place of `tradebridge/ebl/carrier/places.py` for the Nth time
   (`:1` may be left out; several with commas), so that a test kills it there; that it stands there is told by the file
   `held` in its folder.
"""

import argparse
import asyncio
import logging
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from simulator.platforms import PURPOSE
from simulator.process import listen, serve
from tradebridge.ebl.carrier.app import carrier_app
from tradebridge.ebl.carrier.issuing import Rendering
from tradebridge.ebl.carrier.office import Office
from tradebridge.ebl.carrier.places import PLACES
from tradebridge.ebl.carrier.settings import Settings
from tradebridge.ebl.seal import Key, RsaKey
from tradebridge.evidence.signer import LocalSigner
from tradebridge.evidence.simulation import test_signer


def office_of(settings: Settings, step: Callable[[str], Awaitable[None]]) -> Office:
    """The office of a simulated carrier: its clock is real, or frozen."""
    renderer = _rendered if settings.visualisation else None
    return Office(settings, key_of(settings), lambda: settings.clock or datetime.now(UTC), renderer, step)


def key_of(settings: Settings) -> Key:
    """From PEM files, or drawn from the seed. Raises SystemExit that says what is missing."""
    if settings.key_file is None or settings.certificate_file is None:
        if not settings.seed:
            raise SystemExit("the carrier has no key: give seed, or keyFile and certificateFile, in its configuration")
        return test_signer(settings.seed, settings.carrier_code, PURPOSE)
    certificate = x509.load_pem_x509_certificate(settings.certificate_file.read_bytes())
    key = load_pem_private_key(settings.key_file.read_bytes(), None)
    if isinstance(key, rsa.RSAPrivateKey):
        return RsaKey(key, certificate)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return LocalSigner(settings.carrier_code, key, certificate)
    raise SystemExit(f"{settings.key_file} holds a {type(key).__name__}: use EC P-256 or RSA")


def _rendered(document: Mapping[str, Any]) -> Rendering:
    """The carrier's own rendering: the main facts as plain text."""
    parties, transports = document["documentParties"], document["transports"]
    lines = [
        "SIMULATION. No contract of carriage comes from this document.",
        f"{document['transportDocumentTypeCode']} {document['transportDocumentReference']}",
        f"Carrier: {parties['issuingParty']['partyName']}",
        f"Shipper: {parties['shipper']['partyName']}",
        *(f"{role.title()}: {parties[role]['partyName']}" for role in ("consignee", "endorsee") if role in parties),
        *(f"Vessel: {each['vesselName']} {each['carrierExportVoyageNumber']}" for each in transports["vesselVoyages"]),
        f"From {_port(transports['portOfLoading'])} to {_port(transports['portOfDischarge'])}",
        *(line for item in document["consignmentItems"] for line in item["descriptionOfGoods"]),
        f"Issued: {document.get('issueDate', '')}",
    ]
    name = f"{document['transportDocumentReference']}.txt"
    return Rendering(name, ("\n".join(lines) + "\n").encode(), "text/plain")


def _port(port: Mapping[str, Any]) -> str:
    return str(port.get("locationName") or port.get("UNLocationCode") or port.get("city", {}).get("city", ""))


def holding(holds: str, held: Path) -> Callable[[str], Awaitable[None]]:
    """A step that stops at a place, when it is passed for the Nth time, and says so; it goes by all others."""
    wanted = dict(_place(each) for each in holds.split(",") if each)
    passed: Counter[str] = Counter()

    async def step(name: str) -> None:
        passed[name] += 1
        if wanted.get(name) == passed[name]:
            held.write_text(f"{name}:{passed[name]}", "ascii")
            await asyncio.Event().wait()

    return step


def _place(given: str) -> tuple[str, int]:
    place, _, times = given.partition(":")
    if place not in PLACES or not (times or "1").isdecimal():
        raise argparse.ArgumentTypeError(f"{given} is none of {', '.join(PLACES)}, each with :N or without")
    return place, int(times or 1)


def main(arguments: Sequence[str] | None = None) -> None:
    given = _arguments(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    settings = Settings.model_validate_json(Path(given.config).read_bytes())
    folder = Path(given.data)
    listening = listen(given.host, given.port, folder / "port")
    url = f"http://{given.host}:{listening.getsockname()[1]}"
    held = folder / "held"
    held.unlink(missing_ok=True)
    app = carrier_app(office_of(settings, holding(given.hold, held)), folder)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(app, listening, url))


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulator.carrier", description="A simulated carrier of bills of lading.")
    parser.add_argument("--data", required=True, help="folder of the store")
    parser.add_argument("--config", required=True, help="JSON file: who it is and whom it knows")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8640, help="0 takes any free one")
    parser.add_argument("--hold", default="", type=_holds, help="PLACE:N, ...: stop for ever there, the Nth time")
    return parser.parse_args(arguments)


def _holds(given: str) -> str:
    for each in given.split(",") if given else ():
        _place(each)
    return given


if __name__ == "__main__":
    main()
