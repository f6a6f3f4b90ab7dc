"""The command line: `tradebridge`, or `tb` for short.

1. A module is a noun; it is imported when its command is called. `tb --help` imports click and nothing else of weight.
2. Data goes to standard output, talk to standard error. `--json` gives one JSON object of stable shape, also for
   errors (`tail`: one a line).
3. The exit code says what happened: see `exits`. Marks are words; colour only repeats them.
4. Client commands never import the server; `up`, `demo` and `serve` start it in a process of its own.
"""

import gc
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of `tradebridge` and `tb`. Exits with a code of `exits.Exit`."""
    gc.set_threshold(50_000)  # what a command loads stays until its end, which comes soon

    from tradebridge.cli.root import run

    sys.exit(run(sys.argv[1:] if arguments is None else arguments))
