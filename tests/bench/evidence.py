"""What evidence costs: signatures beside signxml and joserfc in one run, bundles, and proofs by the size of the log.

    python -m tests.bench.evidence      one job a line on standard input, one result a line on standard output

Ours and theirs take turns, round by round, over the same 5-item certificate. A log of ten million leaves is made of
synthetic hashes: a proof reads tiles, and an appended leaf reads the right edge, whatever is in them.
"""

import random
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import lru_cache
from statistics import median
from typing import Any

from joserfc import jws as joserfc_jws
from joserfc.jwk import ECKey
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.xades.xades import XAdESSigner, XAdESVerifier

from schemas.content import Content, Syntax, open_content
from schemas.event import EventType
from tests.bench.children import serve_jobs_settled
from tests.evidence.case import Case, event
from tests.evidence.test_against_signxml import STRICT
from tests.evidence.world import AT, HUB, SEED, SG, TRUST
from tests.exchange.cast import encoded, of_items
from tradebridge.evidence import cms, jws, proofs, xades
from tradebridge.evidence.bundle import close_bundle, contents_of, manifest_of, verify_bundle
from tradebridge.evidence.seal import verify_seal
from tradebridge.evidence.simulation import test_private_key

ITEMS = 5
SIZES = (1_000, 100_000, 10_000_000)
"""Leaves of the log."""


_KEY = test_private_key(SEED, SG.member)
_LOOSE = joserfc_jws.JWSRegistry(algorithms=["ES256"], strict_check_header=False)
"""Our tokens have `iat` in their header, which that library takes for unknown."""


def measure(job: Mapping[str, Any]) -> Mapping[str, Any]:
    """Rates a second, ratios to the other library, and microseconds of a proof and of an appended leaf by size."""
    seconds, rounds = float(job["seconds"]), int(job["rounds"])
    work = _work()
    taken: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, do in work.items():
            taken[name].append(_rate(do, seconds))
    rates = {name: median(each) for name, each in taken.items()}
    ratios = {
        f"{what}_{kind}": median(
            ours / theirs for ours, theirs in zip(taken[f"{what}_{kind}"], taken[f"{what}_{kind}_{by}"], strict=True)
        )
        for kind, by in (("xades", "signxml"), ("jws", "joserfc"))
        for what in ("verify", "sign")
    }
    return {"per_s": rates, "ratio": ratios, "log_us": {str(size): _log(size) for size in SIZES}}


def _work() -> dict[str, Callable[[], object]]:
    certificate = of_items(ITEMS)
    plain, payload = encoded(certificate, Syntax.XML), encoded(certificate, Syntax.JSON)
    sealed, token = xades.sign(plain, SG, AT), jws.sign(payload, jws.DOCUMENT, SG, AT)
    key, public = ECKey.import_key(SG.private_key), ECKey.import_key(SG.certificate.public_key())  # type: ignore[arg-type]  # a P-256 key
    evidence = Case(events=(event(EventType.ACCEPTED), event(EventType.UTILISED, sequence=1))).build()
    made = _bundle(evidence)
    return {
        "verify_xades": lambda: _opened(sealed),
        "verify_xades_signxml": lambda: XAdESVerifier().verify(sealed, x509_cert=SG.certificate, expect_config=STRICT),
        "sign_xades": lambda: xades.sign(plain, SG, AT),
        "sign_xades_signxml": lambda: _signed_by_signxml(plain),
        "verify_jws": lambda: jws.verify(token, jws.DOCUMENT, "document", TRUST, AT),
        "verify_jws_joserfc": lambda: joserfc_jws.deserialize_compact(token, public, registry=_LOOSE),
        "sign_jws": lambda: jws.sign(payload, jws.DOCUMENT, SG, AT),
        "sign_jws_joserfc": lambda: joserfc_jws.serialize_compact({"alg": "ES256"}, payload, key, algorithms=["ES256"]),
        "make_bundle": lambda: _bundle(evidence),
        "verify_bundle": lambda: verify_bundle(made, TRUST, AT),
    }


def _opened(data: bytes) -> object:
    """As intake does it: parse strictly, canonicalise, verify. Raises for what is not believed."""
    content = open_content(data)
    verified = verify_seal(content, TRUST, AT) if isinstance(content, Content) else content
    if getattr(verified, "member", None) != SG.member:
        raise ValueError("the certificate of the bench is not believed")
    return verified


def _signed_by_signxml(plain: bytes) -> object:
    signer = XAdESSigner(
        signature_algorithm=SignatureMethod.ECDSA_SHA256,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    return etree.tostring(signer.sign(etree.fromstring(plain), key=_KEY, cert=[SG.certificate]))


def _bundle(evidence: Mapping[str, Any]) -> bytes:
    files = contents_of(evidence, TRUST)
    manifest = manifest_of(files)
    return close_bundle(files, manifest, cms.sign_detached(manifest, HUB, AT))


def _rate(do: Callable[[], object], seconds: float) -> float:
    """How often a second of one core: what else the machine does in the meantime does not count."""
    done, began = 0, time.process_time()
    while time.process_time() - began < seconds:
        do()
        done += 1
    return done / (time.process_time() - began)


# --- the log ---------------------------------------------------------------------------------------------------------


def _log(size: int) -> dict[str, float]:
    """Microseconds at about this many leaves: of a proof of inclusion, of a leaf appended alone, and of each leaf where
    256 are appended at once, as the sequencer does under load. How full the tiles of the right edge are decides more
    than their number does, so each figure is over sizes of all sorts."""
    draw = random.Random(size)
    sizes = [size - draw.randrange(size // 20) for _ in range(40)]
    leaves = [_hash(f"leaf {number}") for number in range(proofs.TILE_WIDTH)]
    edges = [{place: _tile_of(each)(*place) for place in proofs.edge_tiles(each)} for each in sizes]

    def prove() -> None:
        for each in sizes:
            proofs.inclusion(draw.randrange(each), each, _tile_of(each))

    def append(count: int) -> None:
        for each, edge in zip(sizes, edges, strict=True):
            proofs.append(edge, each, leaves[:count])

    every = proofs.TILE_WIDTH
    return {
        "proof": _microseconds(prove) / len(sizes),
        "append": _microseconds(lambda: append(1)) / len(sizes),
        "append_256": _microseconds(lambda: append(every)) / len(sizes) / every,
    }


def _microseconds(do: Callable[[], object], times: int = 5) -> float:
    """The shortest of several runs: what else the machine did is in the longer ones."""
    taken = []
    for _ in range(times):
        began = time.process_time()
        do()
        taken.append(time.process_time() - began)
    return min(taken) * 1e6


def _tile_of(size: int) -> Callable[[int, int], bytes]:
    """Tiles of a log of this size, of synthetic hashes, as many in each as there would be."""

    def tile(level: int, number: int) -> bytes:
        there = min((size >> (8 * level)) - number * proofs.TILE_WIDTH, proofs.TILE_WIDTH)
        return _whole(number % 64)[: there * proofs.HASH]

    return tile


@lru_cache(maxsize=64)
def _whole(number: int) -> bytes:
    return b"".join(_hash(f"{number}/{at}") for at in range(proofs.TILE_WIDTH))


def _hash(text: str) -> bytes:
    return proofs.leaf_hash(b64encode(text.encode()))


if __name__ == "__main__":
    serve_jobs_settled(measure)
