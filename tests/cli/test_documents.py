"""Documents without a server: validate, sign, explain, rules. The vectors are made of each profile's own example."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from schemas import registry
from schemas.content import Content, Syntax, open_content
from tests.cli.conftest import Tb
from tradebridge.cli import catalogue, reading
from tradebridge.cli.exits import Exit
from tradebridge.cli.send import EXAMPLES
from tradebridge.evidence.seal import verify_seal
from tradebridge.evidence.simulation import test_signer
from tradebridge.evidence.trust import TrustedKey, TrustedLog, TrustedMember, TrustList, Verified, hub_of

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
ROOT = Path(__file__).parents[2]


def example(name: str, syntax: str = "") -> bytes:
    """The bytes of an example, unsigned."""
    usual = EXAMPLES[name]
    profile = registry.profiles()[usual.profile]
    countries = {"exporter": usual.sender[:2], "importer": usual.recipient[:2]}
    if name in ("transport-document", "shipping-instructions"):
        countries = {"exporter": "SG", "importer": "JP"}
    document = profile.example(**countries, number=f"{countries['exporter']}-2026-00041", at=AT, variant=0)
    return profile.encode[Syntax(syntax or usual.syntax)](document)


EVERY = [
    (name, syntax.value) for name, usual in EXAMPLES.items() for syntax in registry.profiles()[usual.profile].syntaxes
]


@pytest.fixture
def file(tmp_path: Path) -> Callable[[bytes], str]:
    """Writes bytes to a file and gives its name."""

    def write(data: bytes) -> str:
        (tmp_path / "document").write_bytes(data)
        return "document"

    return write


File = Callable[[bytes], str]
at = ("--at", AT.isoformat())


@pytest.mark.parametrize(("name", "syntax"), EVERY)
def test_every_example_is_valid(tb: Tb, file: File, name: str, syntax: str) -> None:
    ran = tb("validate", file(example(name, syntax)), "--json", *at)
    assert (ran.code, ran.json["valid"], ran.json["profile"]) == (Exit.OK, True, EXAMPLES[name].profile), ran.out
    assert ran.json["signed"] is False


def test_standard_input_is_a_dash(tb_process: Tb) -> None:
    assert tb_process("validate", "-", *at, stdin=example("form-d")).code == Exit.OK


def test_a_valid_file_is_told_in_one_line(tb: Tb, file: File) -> None:
    ran = tb("validate", file(example("form-d")), *at)
    assert ran.out.startswith("[ok]")
    assert "atiga-form-d/2022" in ran.out


def test_what_is_found_many_times_is_told_once_with_its_places(tb: Tb, file: File) -> None:
    value = json.loads(example("form-d", "json"))
    value["items"] = [value["items"][0] | {"number": at + 1, "hsCode": "ABCDEF"} for at in range(40)]
    ran = tb("validate", file(json.dumps(value).encode()), *at)
    assert ran.code == Exit.INVALID
    assert ran.out.count("certificate.wrong-form") == 1 and "40 times" in ran.out
    assert "/items/4/hsCode" in ran.out and "/items/5/hsCode" not in ran.out and "and 35 more places" in ran.out
    listed = tb("validate", "document", "--json", *at).json["findings"]
    assert len([each for each in listed if each["code"] == "certificate.wrong-form"]) == 40


def wrong_hs(data: bytes) -> bytes:
    """A Form D in JSON whose first item has an HS code of letters."""
    document = json.loads(data)
    item = document["goods"][0] if "goods" in document else document["items"][0]
    name = next(key for key in item if "hs" in key.lower())
    item[name] = "ABCDEF"
    return json.dumps(document).encode()


def test_a_mistake_is_told_with_place_found_and_fix(tb: Tb, file: File) -> None:
    ran = tb("validate", file(wrong_hs(example("form-d", "json"))), *at)
    assert ran.code == Exit.INVALID
    assert "[fail]" in ran.out
    assert "found 'ABCDEF'" in ran.out
    assert "fix: " in ran.out
    assert ran.out.splitlines()[-1].startswith("[fail] not valid: ")


def test_a_mistake_in_json_has_the_members_of_a_finding(tb: Tb, file: File) -> None:
    ran = tb("validate", file(wrong_hs(example("form-d", "json"))), "--json", *at)
    finding = ran.json["findings"][0]
    assert {"code", "severity", "message", "pointer", "found", "fix"} <= finding.keys()
    assert ran.json["valid"] is False


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "syntax.empty"),
        (b"hello", "syntax.not-recognised"),
        (b"<a><b></a>", "syntax.not-xml"),
        (b'{"a": 1, "a": 2}', "syntax.duplicate-member"),
        (b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "syntax.doctype"),
        (b"<unknown/>", "profile.not-recognised"),
        (b"{" + b'"a":{' * 200 + b"}" * 201, "syntax.too-deep"),
        (b"<a>" + b" " * 11 * 1024 * 1024 + b"</a>", "syntax.too-large"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_document_is_named_precisely(tb: Tb, data: bytes, code: str) -> None:
    ran = tb("validate", "-", "--json", stdin=data)
    assert ran.code == Exit.INVALID
    assert [each["code"] for each in ran.json["findings"]] == [code]


def test_not_xml_names_line_and_column(tb: Tb) -> None:
    ran = tb("validate", "-", stdin=b"<a>\n  <b>\n</a>")
    assert "line 3, column" in ran.out


def test_a_missing_file_is_an_error_of_usage(tb: Tb) -> None:
    ran = tb("validate", "nothing-here.xml")
    assert (ran.code, ran.out) == (Exit.USAGE, "")
    assert "cannot read nothing-here.xml" in ran.err


@pytest.mark.parametrize("name", ["endless", "-"])
def test_a_file_without_end_is_left_in_time(tb: Tb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(reading, "MOST_BYTES", 1 << 20)
    (tmp_path / "endless").symlink_to("/dev/zero")
    ran = tb("validate", name, stdin=b" " * (1 << 21))
    assert ran.code == Exit.USAGE
    assert "has more than 1 MB" in ran.err


def test_a_folder_where_a_file_is_due_is_told_with_what_takes_folders(tb: Tb, tmp_path: Path) -> None:
    (tmp_path / "many").mkdir()
    ran = tb("validate", "many")
    assert ran.code == Exit.USAGE
    assert "tb send FOLDER --dry-run" in ran.err


def test_a_profile_that_does_not_exist_gets_the_nearest(tb: Tb) -> None:
    ran = tb("validate", "-", "--profile", "atiga-form-d/2020", stdin=example("form-d"))
    assert ran.code == Exit.USAGE
    assert "Did you mean atiga-form-d/2022?" in ran.err


def test_another_profile_than_the_declared_one_is_not_valid(tb: Tb) -> None:
    ran = tb("validate", "-", "--profile", "rcep-co/2022", "--json", *at, stdin=example("form-d"))
    assert (ran.code, ran.json["findings"][0]["code"]) == (Exit.INVALID, "profile.mismatch")


def test_a_time_without_offset_is_an_error_of_usage(tb: Tb) -> None:
    ran = tb("validate", "-", "--at", "2026-01-05T09:00", stdin=example("form-d"))
    assert ran.code == Exit.USAGE
    assert "2026-01-05T09:00:00Z" in ran.err


# --- sign ------------------------------------------------------------------------------------------------------------


def trust_of(seed: str, member: str) -> TrustList:
    """A trust list of one simulated member, made without a hub."""
    key = TrustedKey.of(member, test_signer(seed, member, "document").certificate, {"document"})
    who = TrustedMember(id=member, country=member[:2], kind="single-window", keys=(key,))
    return TrustList(hub_of(()), TrustedLog("log", "key"), (who,))


def opened(data: bytes) -> Content:
    content = open_content(data)
    assert isinstance(content, Content)
    return content


@pytest.mark.parametrize(("name", "syntax"), EVERY)
def test_what_sign_writes_verifies_and_is_still_valid(tb: Tb, name: str, syntax: str) -> None:
    data, member = example(name, syntax), EXAMPLES[name].sender
    signed = tb("sign", "-", "--member", member, "--seed", "7", *at, stdin=data)
    assert signed.code == Exit.OK, signed.err
    judged = verify_seal(opened(signed.raw), trust_of("7", member), AT)
    assert isinstance(judged, Verified)
    assert judged.member == member
    assert opened(signed.raw).content_digest == opened(data).content_digest
    assert tb("validate", "-", *at, stdin=signed.raw).code == Exit.OK


def test_the_same_seed_and_time_give_the_same_signature(tb: Tb) -> None:
    once, again = (tb("sign", "-", "--member", "sg", *at, stdin=example("form-d")) for _ in range(2))
    assert once.raw == again.raw


def test_a_key_of_ones_own_signs(tb: Tb, tmp_path: Path) -> None:
    signer = test_signer("own", "SG-NSW", "document")
    key = signer.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(key)
    (tmp_path / "cert.pem").write_bytes(signer.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "form-d.xml").write_bytes(example("form-d"))
    keys = ("--key", "key.pem", "--cert", "cert.pem")
    ran = tb("sign", "form-d.xml", "--member", "SG-NSW", *keys, *at, "-o", "signed.xml", "--json")
    assert (ran.code, ran.json["kid"]) == (Exit.OK, signer.kid)
    judged = verify_seal(opened((tmp_path / "signed.xml").read_bytes()), trust_of("own", "SG-NSW"), AT)
    assert isinstance(judged, Verified)


def test_a_certificate_of_another_key_cannot_sign(tb: Tb, tmp_path: Path) -> None:
    one, other = test_signer("one", "SG-NSW", "document"), test_signer("other", "SG-NSW", "document")
    key = one.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(key)
    (tmp_path / "cert.pem").write_bytes(other.certificate.public_bytes(Encoding.PEM))
    ran = tb("sign", "-", "--member", "SG-NSW", "--key", "key.pem", "--cert", "cert.pem", stdin=example("form-d"))
    assert ran.code == Exit.SIGNATURE
    assert "another key" in ran.err


def test_a_key_file_that_is_none_is_told(tb: Tb, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("nonsense")
    ran = tb("sign", "-", "--member", "sg", "--key", "key.pem", "--cert", "key.pem", stdin=example("form-d"))
    assert ran.code == Exit.SIGNATURE
    assert "Traceback" not in ran.err


def test_a_signed_document_is_not_signed_again(tb: Tb) -> None:
    signed = tb("sign", "-", "--member", "sg", *at, stdin=example("form-d"))
    ran = tb("sign", "-", "--member", "sg", *at, stdin=signed.raw)
    assert (ran.code, ran.raw) == (Exit.USAGE, b"")
    assert "has a signature already" in ran.err


def test_what_is_no_document_cannot_be_signed(tb: Tb) -> None:
    ran = tb("sign", "-", "--member", "sg", stdin=b"<a>")
    assert ran.code == Exit.INVALID
    assert "syntax.not-xml" in ran.err


# --- send, without a hub ---------------------------------------------------------------------------------------------


def test_a_dry_run_checks_and_sends_nothing(tb: Tb) -> None:
    ran = tb("send", "--example", "form-d", "--from", "sg", "--to", "th,vn", "--dry-run", "--json")
    assert ran.code == Exit.OK
    assert (ran.json["sender"], ran.json["recipients"]) == ("SG-NSW", ["TH-NSW", "VN-NSW"])
    assert (ran.json["valid"], ran.json["signed"]) == (True, True)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_is_ready_to_go_with_nothing_else_said(tb: Tb, name: str) -> None:
    ran = tb("send", "--example", name, "--dry-run", "--json")
    assert (ran.code, ran.json["valid"]) == (Exit.OK, True), ran.out


def test_a_dry_run_lists_what_is_wrong_with_a_file(tb: Tb, file: File) -> None:
    wrong = file(wrong_hs(example("form-d", "json")))
    ran = tb("send", wrong, "--from", "sg", "--to", "th", "--dry-run")
    assert ran.code == Exit.INVALID
    assert "nothing was sent" in ran.out
    assert "found 'ABCDEF'" in ran.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "FILE, or --example"),
        (["x.xml", "--example", "form-d"], "not both"),
        (["x.xml", "--to", "th"], "--from"),
        (["x.xml", "--from", "sg"], "--to"),
        (["x.xml", "--number", "1", "--from", "sg", "--to", "th"], "--example"),
        (["--example", "form-d", "--from", "sin gapore"], "no member"),
        (["--example", "transport-document", "--syntax", "xml"], "does not exist as xml"),
        (["--example", "form-d", "--idempotency-key", "schlüssel"], "visible ASCII"),
        (["--example", "form-d", "--api-key", "two words"], "visible ASCII"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_what_send_lacks_is_told(tb: Tb, arguments: list[str], told: str) -> None:
    ran = tb("send", *arguments)
    assert ran.code == Exit.USAGE
    assert told in ran.err


# --- explain, rules, docs --------------------------------------------------------------------------------------------


def test_every_code_is_explained_with_what_to_do(tb: Tb) -> None:
    codes = catalogue.load()
    listed = {each["code"]: each for each in tb("rules", "--json").json["items"]}
    assert listed.keys() == codes.keys()
    for code, kind in codes.items():
        assert listed[code]["fix"] == kind.fix
        assert kind.fix.endswith("."), code
        assert kind.sentence.endswith("."), code


@pytest.mark.parametrize("code", ["syntax.not-xml", "signature.invalid", "document.duplicate", "event.old-sequence"])
def test_a_code_is_explained(tb: Tb, code: str) -> None:
    kind = catalogue.load()[code]
    ran = tb("explain", code)
    assert ran.code == Exit.OK
    assert kind.sentence in ran.out
    assert kind.fix in ran.out
    assert tb("explain", code, "--json").json["code"] == code


def test_a_mistyped_code_gets_the_nearest(tb: Tb) -> None:
    ran = tb("explain", "syntax.no-xml")
    assert ran.code == Exit.USAGE
    assert "syntax.not-xml" in ran.err


def test_the_beginning_of_a_code_gets_what_begins_so(tb: Tb) -> None:
    assert "Did you mean atiga.rvc-below-threshold" in tb("explain", "atiga.rvc").err


def test_a_family_lists_its_codes(tb: Tb) -> None:
    ran = tb("explain", "syntax", "--json")
    assert {each["code"].partition(".")[0] for each in ran.json["items"]} == {"syntax"}


def test_rules_of_one_profile_are_those_that_validate_counts(tb: Tb) -> None:
    listed = tb("rules", "--profile", "dcsa-transport-document/3.0", "--json").json["items"]
    counted = tb("validate", "-", "--json", *at, stdin=example("transport-document")).json["rules"]
    assert 0 < len(listed) <= counted
    assert {each["code"] for each in listed} <= catalogue.load().keys()


def test_rules_lists_profiles(tb: Tb) -> None:
    assert {each["id"] for each in tb("rules", "--profiles", "--json").json["items"]} == set(registry.profiles())


def test_the_committed_reference_pages_are_current(tb: Tb) -> None:
    ran = tb("docs", "--check", "--output", str(ROOT / "docs"))
    assert ran.code == Exit.OK, ran.out


def test_a_page_that_is_not_current_is_found_and_written(tb: Tb, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "pages")
    page = tmp_path / "pages" / "reference" / "cli.md"
    page.write_text("old")
    assert tb("docs", "--check", "--output", "pages", "--json").json["stale"] == ["reference/cli.md"]
    assert tb("docs", "--output", "pages").code == Exit.OK
    assert page.read_text() == (ROOT / "docs" / "reference" / "cli.md").read_text()
