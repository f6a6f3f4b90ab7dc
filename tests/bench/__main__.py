"""`python -m tests.bench`, run by `make bench`: rates and latencies beside the floor of the same run.

A table for people on standard output; with `--json` one JSON object as its last line. Whether a bar is met is shown and
does not change the exit code: a bench measures, it does not judge.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.measuring import FULL, PARTS, QUICK, measure
from tests.bench.report import bars, machine, table


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description="Rates and latencies beside the floor.")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line of standard output")
    parser.add_argument("--quick", action="store_true", help="within 40 seconds: shorter slices, no memory over 50,000")
    parser.add_argument("--only", choices=PARTS, action="append", help="this part only; may be given again")
    arguments = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tb-bench-") as folder:
        found = measure(Path(folder), QUICK if arguments.quick else FULL, arguments.only or PARTS)
    figures = {"machine": machine(), "quick": arguments.quick, **found, "elapsed_s": time.monotonic() - began}
    figures["bars"] = bars(figures)
    print(table(figures), flush=True)
    if arguments.json:
        print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
