"""The bill of materials is whole, valid, the same each time, and names no registry; each licence may be used."""

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import cyclonedx.schema
import jsonschema_rs
import orjson
import pytest

from tests.sbom import bill as sbom
from tests.sbom.bill import PERMISSIVE, WEAK_COPYLEFT, NoLicence, Pin, bill, licences_in, pins

_SCHEMAS = Path(cyclonedx.schema.__file__).parent / "_res"
LOCK = (sbom.ROOT / "run.lock").read_text(encoding="utf-8")


@cache
def told() -> dict[str, Any]:
    read: dict[str, Any] = orjson.loads(bill())
    return read


def schema(name: str) -> Any:
    return orjson.loads((_SCHEMAS / f"{name}.SNAPSHOT.schema.json").read_bytes())


def test_every_pin_and_every_hash_of_the_lock_is_in_the_bill_and_nothing_else() -> None:
    locked = set(re.findall(r"^(\S+)==(\S+)", LOCK, re.MULTILINE))
    assert {(part["name"], part["version"]) for part in told()["components"]} == locked
    assert all(part["purl"] == f"pkg:pypi/{part['name']}@{part['version']}" for part in told()["components"])
    hashes = [each["content"] for part in told()["components"] for each in part["hashes"]]
    assert sorted(hashes) == sorted(re.findall(r"sha256:([0-9a-f]{64})", LOCK))


def test_every_licence_is_permissive_or_weak_copyleft() -> None:
    refused = {pin.name: pin.licence for pin in pins() if licences_in(pin.licence) - PERMISSIVE - WEAK_COPYLEFT}
    assert refused == {}
    assert all(pin.licence for pin in pins())


def test_a_licence_that_is_not_on_the_list_or_not_stated_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sbom, "PERMISSIVE", PERMISSIVE - {"MIT"})
    with pytest.raises(NoLicence, match="alembic"):
        _ = next(pin for pin in pins() if pin.name == "alembic").licence
    monkeypatch.setattr(sbom, "READ", {})
    with pytest.raises(NoLicence, match="jinja2"):
        _ = next(pin for pin in pins() if pin.name == "jinja2").licence


def test_a_package_of_another_version_than_the_lock_tells_nothing() -> None:
    with pytest.raises(NoLicence, match=r"0\.0\.1 is in run\.lock"):
        _ = Pin("alembic", "0.0.1", ()).licence


def test_no_licence_was_read_for_a_package_that_is_not_there_any_more() -> None:
    assert set(sbom.READ) <= {pin.name for pin in pins()}


def test_the_bill_is_cyclonedx_1_6() -> None:
    address = "http://cyclonedx.org/schema/{}.SNAPSHOT.schema.json"
    beside = jsonschema_rs.Registry([(address.format(name), schema(name)) for name in ("spdx", "jsf-0.82")])
    validator = jsonschema_rs.validator_for(schema("bom-1.6"), registry=beside)
    validator.validate(told())
    assert not validator.is_valid(told() | {"components": [{"type": "library"}]})


def test_the_same_lock_gives_the_same_bytes_in_another_process_and_at_another_time() -> None:
    other = os.environ | {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "SOURCE_DATE_EPOCH": "1"}
    code = "import sys; from tests.sbom.bill import bill; sys.stdout.buffer.write(bill())"
    again = subprocess.run([sys.executable, "-c", code], env=other, cwd=sbom.ROOT, capture_output=True, check=True)
    assert again.stdout == bill()
    assert "timestamp" not in told()["metadata"]


def test_no_address_of_a_registry_stands_in_the_bill() -> None:
    assert re.findall(rb"https?://[^\"]+", bill()) == [b"http://cyclonedx.org/schema/bom-1.6.schema.json"]


def test_the_page_of_licences_is_current() -> None:
    assert sbom.PAGE.read_text(encoding="utf-8") == sbom.page(), "make sbom"
