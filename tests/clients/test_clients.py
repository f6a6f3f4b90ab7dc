"""The clients of docs/clients, each in its own language, as members of one hub: they send, take delivery and decide.

One whose programs are not on this machine is skipped, and says which.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from schemas.content import Syntax
from tests.docs.blocks import ROOT
from tests.exchange.cast import SEED, Cast, description, document, encoded, signed
from tests.exchange.running import hub_in_thread
from tradebridge.evidence.simulation import test_api_key, test_private_key, test_signer

CLIENTS = ROOT / "docs" / "clients"


@dataclass(frozen=True)
class Client:
    """One program, and what it needs."""

    member: str
    command: tuple[str, ...]
    programs: tuple[str, ...] = ()
    syntax: Syntax = Syntax.JSON


ALL = {
    "python": Client("PY-APP", (sys.executable, str(CLIENTS / "client.py"))),
    "javascript": Client("JS-APP", ("node", str(CLIENTS / "client.mjs")), ("node",)),
    "java": Client("JAVA-APP", ("java", "-XX:TieredStopAtLevel=1", str(CLIENTS / "Client.java")), ("java",)),
    "openssl": Client(
        "SSL-APP", ("bash", str(CLIENTS / "client.sh")), ("bash", "curl", "openssl", "jq", "xxd", "awk", "sed")
    ),
    "xmlsec1": Client(
        "XML-APP",
        ("bash", str(CLIENTS / "client.sh")),
        ("bash", "curl", "openssl", "jq", "xxd", "awk", "sed", "xmlsec1"),
        Syntax.XML,
    ),
}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    """By the machine's clock, as the clients have it; each client is a member, and a certificate waits for it."""
    with hub_in_thread(tmp_path_factory.mktemp("hub"), clock=None) as running:
        running.join()
        for client in ALL.values():
            pem = test_signer(SEED, client.member).certificate.public_bytes(Encoding.PEM).decode()
            key = {"certificate": pem, "purposes": ["document", "event", "ack"]}
            running.operator.add_member(description(client.member, country="MY", keys=[key]))
            number = f"SG-{client.member}"
            waiting = document(number, importer="MY", at=datetime.now(UTC))
            running["SG-NSW"].submit(signed(waiting, at=datetime.now(UTC)), [client.member])
        yield running


@pytest.mark.long("clients")
@pytest.mark.parametrize("name", ALL)
def test_a_client_sends_takes_delivery_and_decides(
    name: str, hub: Cast, tmp_path: Path, scale: Callable[[int, int], int]
) -> None:
    """The shell's client is run with XML, which takes all of it; in full with JSON too."""
    client = ALL[name]
    if name == "openssl" and not scale(1, 0):
        pytest.skip("the run with xmlsec1 has all of it but the document's own JWS: make test-long PART=clients")
    missing = [each for each in client.programs if shutil.which(each) is None]
    if missing:
        pytest.skip(f"not on this machine: {', '.join(missing)}")
    pem = test_private_key(SEED, client.member).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "my.key").write_bytes(pem)
    (tmp_path / "my.pem").write_bytes(test_signer(SEED, client.member).certificate.public_bytes(Encoding.PEM))
    mine = document(f"MY-{client.member}", exporter="MY", at=datetime.now(UTC))
    file = tmp_path / f"document.{client.syntax.value}"
    file.write_bytes(encoded(mine, client.syntax))

    told = subprocess.run(
        [*client.command, hub.url, client.member, "my.key", "my.pem", file.name, "TH-NSW"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "API_KEY": test_api_key(SEED, client.member)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert told.returncode == 0, told.stderr

    (sent,) = hub[client.member].documents(number=f"MY-{client.member}").items
    assert f"sent MY-{client.member} {sent['id']} receipt of" in told.stdout
    checks = hub[client.member].checks(sent["id"])
    assert checks["signer"]["member"] == client.member
    assert f"took SG-{client.member} from SG-NSW delivered" in told.stdout
    assert f"decided SG-{client.member} accepted" in told.stdout
    (taken,) = hub["SG-NSW"].documents(number=f"SG-{client.member}").items
    standing = taken["recipients"][client.member]
    assert (standing["state"], standing["delivery"], standing["sequence"]) == ("accepted", "delivered", 1)
    (kept,) = tmp_path.glob("*.received")
    assert f"SG-{client.member}" in kept.read_text("utf-8")
