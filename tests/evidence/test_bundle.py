"""A bundle: made, opened, the same each time; checked with openssl and sha256sum; and what is refused."""

import io
import shutil
import subprocess
import zipfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.event import EventType
from tests.evidence.case import NOW, RENDITION, Case, event
from tests.evidence.world import AT, HUB, SG, TRUST, signer_of
from tradebridge.evidence import archive, cms
from tradebridge.evidence.bundle import (
    EVIDENCE,
    MANIFEST,
    MEDIA_TYPE,
    SIGNATURE,
    Bundle,
    Rendition,
    close_bundle,
    contents_of,
    manifest_of,
    open_bundle,
    verify_bundle,
)
from tradebridge.evidence.refusals import Finding
from tradebridge.evidence.signer import LocalSigner

RENDITIONS = (Rendition("TH-NSW", "application/xml", RENDITION),)
CASE = Case(events=(event(EventType.ACCEPTED), event(EventType.UTILISED, sequence=1)))


def made(
    case: Case = CASE,
    *,
    signer: LocalSigner = HUB,
    at: datetime = AT,
    change: dict[str, bytes | None] | None = None,
    after: dict[str, bytes | None] | None = None,
) -> bytes:
    """A bundle; `change`: files put in or left out before it is signed, `after`: afterwards."""
    files = dict(contents_of(case.build(), TRUST, RENDITIONS)) | dict(change or {})
    listed = [(name, data) for name, data in files.items() if data is not None]
    manifest = manifest_of(listed)
    signature = cms.sign_detached(manifest, signer, at)
    whole = dict(listed) | {MANIFEST: manifest, SIGNATURE: signature} | dict(after or {})
    return archive.write_archive([(name, data) for name, data in whole.items() if data is not None], MEDIA_TYPE)


GOOD = made()


def opened(data: bytes) -> Bundle:
    found = open_bundle(data, TRUST, AT)
    assert isinstance(found, Bundle), found
    return found


def test_a_bundle_is_made_and_opened() -> None:
    bundle = opened(GOOD)
    evidence = CASE.build()
    assert bundle.evidence == {name: value for name, value in evidence.items() if name != "trust"}
    assert (bundle.signed.member, bundle.trust) == ("HUB", TRUST)
    assert bundle.files["document.xml"] == CASE.data
    assert bundle.files["renditions/000-TH-NSW.xml"] == RENDITION


def test_the_same_evidence_gives_the_same_bytes() -> None:
    files = contents_of(CASE.build(), TRUST, RENDITIONS)
    manifest = manifest_of(files)
    assert close_bundle(files, manifest, cms.sign_detached(manifest, HUB, AT)) == GOOD


def test_a_person_finds_what_happened() -> None:
    text = opened(GOOD).files["READ-ME.txt"].decode()
    for part in ("SG-2026-00041", "SG-NSW handed the document in", "TH-NSW said: accepted", "SIMULATION", "tb verify"):
        assert part in text
    page = opened(GOOD).files["index.html"].decode()
    assert "<script" not in page and "http" not in page.replace("http-equiv", "")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_unzip_openssl_and_sha256sum_say_the_same(tmp_path: Path) -> None:
    """What docs/verify.md tells a person to type, in short; the whole is run by the tests of the docs."""
    with zipfile.ZipFile(io.BytesIO(GOOD)) as file:
        file.extractall(tmp_path)

    def run(command: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(["bash", "-c", command], cwd=tmp_path, input=stdin, capture_output=True, check=False)

    assert run("sha256sum -c --quiet SHA256SUMS").returncode == 0
    assert run(f"grep -q $(openssl dgst -sha256 -binary SHA256SUMS | base64) {MANIFEST}").returncode == 0
    signed = "-rawin -in checkpoint/text.txt -sigfile checkpoint/signature.bin"
    assert b"Verified" in run(f"openssl pkeyutl -verify -pubin -inkey keys/log.pem {signed}").stdout
    walk = """
    leaf=$(mktemp); cat salt.bin record.json | openssl dgst -sha256 -binary > $leaf
    node=$(mktemp); { printf '\\0'; cat $leaf; } | openssl dgst -sha256 -binary > $node
    for sibling in proof/*; do
      case $sibling in *left.bin) pair="$sibling $node";; *) pair="$node $sibling";; esac
      { printf '\\1'; cat $pair; } | openssl dgst -sha256 -binary > $node.next; mv $node.next $node
    done
    cmp $node ../../checkpoint/root.bin"""
    for message in sorted((tmp_path / "messages").iterdir()):
        assert run(f"cd messages/{message.name} && {walk}").returncode == 0, message.name
    (tmp_path / "document.xml").write_bytes(b"<other/>")
    assert run("sha256sum -c --quiet SHA256SUMS").returncode == 1


def test_the_four_answers_are_those_of_its_evidence() -> None:
    whole = verify_bundle(GOOD, TRUST, NOW)
    assert whole.exit_code == 0, whole.to_json()
    other = verify_bundle(GOOD, TRUST, NOW, document=b"<other/>")
    assert other.exit_code == 5
    broken = verify_bundle(made(after={"document.xml": b"<other/>"}), TRUST, NOW)
    assert (broken.exit_code, broken.unchanged.findings[0].code) == (5, "bundle.changed")
    cancelled = verify_bundle(made(Case(events=(event(EventType.CANCELLED, SG),))), TRUST, NOW)
    assert cancelled.exit_code == 4


# --- what is refused -------------------------------------------------------------------------------------------------

ATTACKS: dict[str, tuple[str, str, bytes]] = {
    "ZIP-9 a file that nobody signed": ("ZIP-9", "bundle.unsigned-file", made(after={"more.xml": b"<more/>"})),
    "ZIP-9 another document": ("ZIP-9", "bundle.changed", made(after={"document.xml": b"<other/>"})),
    "ZIP-9 another rendition": ("ZIP-9", "bundle.changed", made(after={"renditions/000-TH-NSW.xml": b"<other/>"})),
    "ZIP-9 a rendition that no note tells of, signed": (
        "ZIP-9",
        "bundle.changed",
        made(change={"renditions/000-TH-NSW.xml": b"<other/>"}),
    ),
    "ZIP-9 the rendition of one recipient under the name of another, signed": (
        "ZIP-9",
        "bundle.changed",
        made(change={"renditions/001-VN-NSW.xml": RENDITION}),
    ),
    "ZIP-9 a copy that is not the original's, signed": (
        "ZIP-9",
        "bundle.changed",
        made(change={"document.xml": b"<other/>"}),
    ),
    "ZIP-9 one statement more than the evidence has, signed": (
        "ZIP-9",
        "bundle.changed",
        made(change={"messages/009-event/event.jws": b"x"}),
    ),
    "ZIP-9 a certificate left out, signed": (
        "ZIP-9",
        "bundle.changed",
        made(change={"checkpoint/text.txt": None}),
    ),
    "ZIP-10 a file less": ("ZIP-10", "bundle.incomplete", made(after={"READ-ME.txt": None})),
    "ZIP-10 no evidence": ("ZIP-10", "bundle.incomplete", made(change={EVIDENCE: None})),
    "ZIP-10 no signature": ("ZIP-10", "bundle.incomplete", made(after={SIGNATURE: None})),
    "ZIP-10 no manifest": ("ZIP-10", "bundle.incomplete", made(after={MANIFEST: None})),
    "ZIP-11 a second manifest": (
        "ZIP-11",
        "bundle.unsigned-file",
        made(after={"META-INF/ASiCManifest2.xml": manifest_of([("document.xml", b"<other/>")])}),
    ),
    "ZIP-11 manifest.xml of OpenDocument": (
        "ZIP-11",
        "bundle.unsigned-file",
        made(after={"META-INF/manifest.xml": b"<manifest/>"}),
    ),
    "KEY-1 signed by a key nobody knows": (
        "KEY-1",
        "signature.unknown-key",
        made(signer=signer_of("HUB", "evil")),
    ),
    "signed by a member": ("", "signature.wrong-purpose", made(signer=SG)),
    "over another manifest": (
        "",
        "signature.wrong-content",
        made(after={SIGNATURE: cms.sign_detached(b"other", HUB, AT)}),
    ),
    "signed before what it holds was recorded": ("", "bundle.backdated", made(at=AT - timedelta(minutes=6))),
    "ZIP-8 another media type": (
        "ZIP-8",
        "bundle.archive",
        archive.write_archive([("a.xml", b"")], "application/zip"),
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_refused_by_its_row(name: str) -> None:
    attack, code, data = ATTACKS[name]
    found = open_bundle(data, TRUST, AT)
    assert isinstance(found, Finding) and (found.attack, found.code) == (attack, code)


def test_evidence_that_is_none_is_refused() -> None:
    for wrong in (b"{", b"[]", b'{"format":"tradebridge-evidence/1"}', b'"' + b"\\ud800" + b'"', b"[" * 5000):
        found = open_bundle(made(change={EVIDENCE: wrong}), TRUST, AT)
        assert isinstance(found, Finding)


def test_no_evidence_makes_no_bundle() -> None:
    with pytest.raises(ValueError, match="no evidence"):
        contents_of({}, TRUST)


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
@settings(max_examples=200)
def test_no_bundle_with_other_content_opens(at: int, change: int) -> None:
    """The oracle: what opens has the files that were signed, byte for byte."""
    changed = bytearray(GOOD)
    changed[at] ^= change
    found = open_bundle(bytes(changed), TRUST, AT)
    assert isinstance(found, Finding) or found.files == opened(GOOD).files


def test_a_hub_whose_key_was_withdrawn_before_is_not_believed() -> None:
    hub = replace(TRUST.hub, keys=tuple(replace(key, withdrawn=AT - timedelta(days=1)) for key in TRUST.hub.keys))
    found = open_bundle(GOOD, replace(TRUST, hub=hub), AT)
    assert isinstance(found, Finding) and found.code == "signature.withdrawn-key"
