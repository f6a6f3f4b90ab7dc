"""`tb verify` of a report of a conformance run: is it as the kit signed it, and whose kit was it?"""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradebridge.cli import running
from tradebridge.cli.exits import Exit, Failed
from tradebridge.cli.reading import read_bytes
from tradebridge.cli.terminal import mark, out, out_json, say

if TYPE_CHECKING:
    from cryptography import x509

    from simulator.conformance.signed import SignedReport


def is_report(name: str) -> bool:
    """Whether FILE is a report, its folder or its archive."""
    path = Path(name)
    if name == "-" or not path.exists():
        return False
    if not path.is_dir() and not (path.parent / "report.jws").exists():
        with path.open("rb") as file:
            if file.read(2) != b"PK":
                return False
    from simulator.conformance import signed

    return signed.is_report(path)


def command(name: str, trust_file: str | None, at: datetime | None, as_json: bool) -> Exit:
    """Exit code 0: as it was signed; 5: not."""
    from schemas.findings import Finding
    from simulator.conformance import signed

    own = _own()
    trusted = _given(trust_file) if trust_file is not None else own
    now = at or datetime.now(UTC)
    found = signed.verify(Path(name), trusted, now)
    if isinstance(found, Finding) and trust_file is None and found.code == "signature.unknown-key":
        found = signed.verify(Path(name), None, now)  # another machine's kit: its own word
    if isinstance(found, Finding):
        if as_json:
            out_json({"ok": False, "code": found.code, "found": found.found, "expected": found.expected})
            return Exit.SIGNATURE
        raise Failed(Exit.SIGNATURE, found.message, found.fix, code=found.code, findings=(found,))
    told = _told(found, "given" if trust_file is not None else "own" if found.vouched else "report")
    if as_json:
        out_json(told)
    else:
        _draw(told, found)
    return Exit.OK


def _own() -> "x509.Certificate | None":
    """Of the kit of this machine, if it has signed a report before."""
    from simulator.conformance.signed import KEY_FILE, kit_signer

    folder = running.shelf_folder()
    return kit_signer(folder).certificate if (folder / KEY_FILE).exists() else None


def _given(name: str) -> "x509.Certificate":
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(read_bytes(name))
    except ValueError as error:
        step = "Give the certificate of the kit in PEM: `tb report certificate` prints it where the run was made."
        raise Failed(Exit.USAGE, f"{name} is no certificate: {error}", step) from error


def _told(found: "SignedReport", origin: str) -> dict[str, Any]:
    said = {name: value for name, value in found.said.items() if name not in ("format", "files")}
    return {
        "ok": True,
        "files": list(found.names),
        "signedAt": found.signed_at.isoformat(),
        "trust": origin,
        "simulated": found.simulated,
        "report": said | {"ok": found.said.get("ok")},
    }


_ORIGINS = {
    "given": "signed with the key of the certificate that you gave",
    "own": "signed by the kit of this machine",
    "report": "signed with a key that stands in the report itself",
}


def _draw(told: dict[str, Any], found: "SignedReport") -> None:
    report = found.said
    files = [each for each in found.names if "/" not in each]
    messages = len(found.names) - len(files)
    out(f"{mark('ok')} not changed   {', '.join(files)}{f', and {messages} messages' if messages else ''}")
    out(f"{mark('ok' if found.vouched else 'warn')} signed by     {_ORIGINS[told['trust']]}, {told['signedAt']}")
    outcome = "passed" if report.get("ok") else "not passed"
    out(f"  it says       {report.get('system')}: {report.get('suite')}/{report.get('version')} {outcome}")
    out(f"                {report.get('notice')}")
    if not found.vouched:
        say(f"{mark('warn')} anybody could have made that key: get the kit's certificate by another way, for --trust")
    if found.simulated:
        say(f"{mark('warn')} SIMULATION: test keys prove nothing outside it")
