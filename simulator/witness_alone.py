"""One witness in a process of its own: `python -P -m simulator.witness_alone --country th --data DIR --log KEY`.

It knows the logs that it watches by their verifier keys (C2SP: name+hash+base64) and asks no hub for anything: who
could tell it another key could show it another log. Store and port stay in its folder over a restart.
"""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import uvloop

from simulator.clock import clock_at
from simulator.process import listen, serve
from simulator.witness import Witness, app_of, witness_key, witness_name
from tradebridge.evidence.notes import BadVerifierKey, checked_verifier_key, verifier_key_of
from tradebridge.evidence.simulation import log_origin, test_log_key


def logs_of(verifier_keys: Sequence[str], seed: str) -> dict[str, str]:
    """The logs to watch, by origin; where none is named, that of a simulated hub with this seed.
    Raises `BadVerifierKey`."""
    keys = verifier_keys or [verifier_key_of(log_origin(""), test_log_key(seed).public_key())]
    return {checked_verifier_key(each).split("+", 1)[0]: each for each in keys}


def main(arguments: Sequence[str] | None = None) -> None:
    given = _arguments(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    folder = Path(given.data)
    try:
        logs = logs_of(given.logs, given.seed)
    except BadVerifierKey as error:
        raise SystemExit(f"the witness cannot be started: {error}") from error
    name, key = witness_name(given.country), witness_key(given.seed, given.country)
    witness = Witness(name, key, logs, folder / "witness.sqlite", clock_at(given.clock))
    listening = listen(given.host, given.port, folder / "port")
    url = f"http://{given.host}:{listening.getsockname()[1]}"
    if "TRADEBRIDGE_READY_FD" not in os.environ:
        sys.stdout.write(f"{name} at {url}, watching {', '.join(logs)}\nkey {witness.known.verifier_key}\n")
        sys.stdout.flush()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(app_of(witness), listening, url))
    witness.close()


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulator.witness_alone", description="One simulated witness of a log.")
    parser.add_argument("--country", required=True, help="ISO 3166 code in lower case; its name and key come from it")
    parser.add_argument("--seed", required=True, help="what its key is drawn from")
    parser.add_argument("--data", required=True, help="folder of its store")
    parser.add_argument("--log", dest="logs", action="append", default=[], help="verifier key of a log to watch")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free one, the last one if it is free")
    parser.add_argument("--clock", type=datetime.fromisoformat, help="frozen business clock, RFC 3339")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
