"""What an item costs in a small certificate and in a large one: the same number of items, in many documents or in one.

    python -m tests.bench.items         one job a line on standard input, one result a line on standard output

`read` the bytes (parse, digest, build the model, all rules), `find` (the same where something is wrong with every item,
with line and column of each finding), `verify` the seal, `render` for a partner. In one process, with the collector set
as the hub sets it. Small and large take turns, and the ratio is taken within each round: the machine is never quiet.
"""

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import median
from typing import Any

from adapters.port import find_adapter
from schemas.content import Content, Syntax, open_content
from schemas.registry import Context, Document, read
from tests.adapters.speakers import ADDRESS
from tests.bench.children import serve_jobs_settled
from tests.evidence.world import SG, TRUST
from tests.exchange.cast import FORM_D, NOW, encoded, of_items
from tradebridge.evidence import jws, xades
from tradebridge.evidence.seal import verify_seal

SMALL, LARGE = 50, 5_000
STEPS = ("read", "find", "verify", "render")


def measure(job: Mapping[str, Any]) -> Mapping[str, Any]:
    """Microseconds an item by step, in documents of both sizes, and how many times the small one the large one is."""
    syntax, large, rounds = Syntax(job["syntax"]), int(job["items"]), int(job["rounds"])
    documents = {SMALL: [of_items(SMALL)] * (large // SMALL), large: [of_items(large)]}
    work = {count: _work(made, syntax) for count, made in documents.items()}
    taken: dict[str, list[tuple[float, float]]] = {step: [] for step in STEPS}
    for _ in range(rounds):
        for step in STEPS:
            small, many = (_seconds(work[count][step]) for count in (SMALL, large))
            taken[step].append((small * 1e6 / large, many * 1e6 / large))
    return {
        step: {
            "small": median(small for small, _ in pairs),
            "large": median(many for _, many in pairs),
            "ratio": median(many / small for small, many in pairs),
        }
        for step, pairs in taken.items()
    }


def _work(documents: Sequence[Document], syntax: Syntax) -> dict[str, Sequence[Callable[[], object]]]:
    """By step, what is to be done for each document."""
    sealed = _signed(encoded(documents[0], syntax), syntax)
    wrong = encoded(documents[0], syntax).replace(b"KGM", b"QQQ")
    content = open_content(sealed)
    if not isinstance(content, Content) or read(sealed, Context(NOW), FORM_D).findings:
        raise ValueError("the document of the bench does not hold")
    codec = find_adapter("asw", "TH").codec
    each: dict[str, Callable[[], object]] = {
        "read": partial(read, sealed, Context(NOW), FORM_D),
        "find": partial(read, wrong, Context(NOW), FORM_D),
        "verify": partial(verify_seal, content, TRUST, NOW),
        "render": partial(codec.encode, documents[0], ADDRESS),
    }
    return {step: [do] * len(documents) for step, do in each.items()}


def _signed(data: bytes, syntax: Syntax) -> bytes:
    return xades.sign(data, SG, NOW) if syntax is Syntax.XML else jws.sign(data, jws.DOCUMENT, SG, NOW).encode()


def _seconds(jobs: Sequence[Callable[[], object]]) -> float:
    gc.collect()
    began = time.perf_counter()
    for do in jobs:
        do()
    return time.perf_counter() - began


if __name__ == "__main__":
    serve_jobs_settled(measure)
