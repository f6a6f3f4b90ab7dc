"""Make, CI and the container files hold what CONTRIBUTING promises. The container files are checked as text only."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

TARGETS = [
    "help",
    "demo",
    "test",
    "test-long",
    "lint",
    "bench",
    "fuzz",
    "docs",
    "screenshots",
    "languages",
    "sbom",
    "wheel",
    "locks",
    "clean",
]
DOCKERFILE = Path("Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load(Path("compose.yaml").read_text(encoding="utf-8"))


def last_stage() -> list[str]:
    """The instructions of the image that runs, with continued lines joined."""
    text = DOCKERFILE.replace("\\\n", " ")
    return [line for line in text[text.rindex("\nFROM ") :].splitlines() if line and not line.startswith("#")]


def test_make_alone_lists_every_target() -> None:
    listing = subprocess.run(["make", "--no-print-directory"], capture_output=True, text=True, check=True).stdout
    assert re.findall(r"^  ([a-z-]+) ", listing, re.MULTILINE) == TARGETS


def test_every_target_of_make_is_phony_or_a_stamp() -> None:
    makefile = Path("Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony is not None
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    assert targets == set(phony[1].split())


def test_make_does_nothing_twice(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_bytes(Path("Makefile").read_bytes())
    for name in ("run.lock", "test.lock", "pyproject.toml"):
        (tmp_path / name).touch()
    stamps = tmp_path / ".venv"
    stamps.mkdir()
    for name in ("made.stamp", "run.stamp", "test.stamp"):
        (stamps / name).touch()
    planned = subprocess.run(["make", "-n", "test"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "pip" not in planned
    assert "venv --clear" not in planned
    (stamps / "run.stamp").unlink()
    planned = subprocess.run(["make", "-n", "demo"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "--require-hashes -r run.lock" in planned
    assert "test.lock" not in planned


def test_ci_runs_lint_and_test() -> None:
    script = Path(".ci/run")
    assert os.access(script, os.X_OK)
    lines = script.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert "set -euo pipefail" in lines
    assert [line for line in lines if line.startswith("make ")] == ["make -k lint", "make test"]


def test_the_image_installs_by_hash_only() -> None:
    installs = re.findall(r"pip install (.*?)(?:\\| &&|\n)", DOCKERFILE)
    assert [line.strip() for line in installs] == [
        "--require-hashes -r run.lock",
        "--require-hashes --no-deps -r pdf.lock",
        "--no-index --no-deps --no-build-isolation .",
    ]


def test_the_image_takes_the_pdf_extra_with_its_hashes_out_of_the_other_lock() -> None:
    extract = next(line for line in DOCKERFILE.splitlines() if "sed -n" in line)
    script = re.search(r"'(.*)' test\.lock", extract)
    assert script is not None
    taken = subprocess.run(["sed", "-n", script[1], "test.lock"], capture_output=True, text=True, check=True).stdout
    pin, *hashes = taken.splitlines()
    assert pin.startswith("typst==")
    assert hashes and all(line.startswith("    --hash=sha256:") for line in hashes)
    assert not hashes[-1].endswith("\\")


def test_the_image_serves_as_nobody_special_and_can_be_asked_for_its_health() -> None:
    stage = last_stage()
    users = [line for line in stage if line.startswith("USER ")]
    assert users == ["USER 10001:10001"]
    assert stage.index(users[0]) > max(i for i, line in enumerate(stage) if line.startswith(("RUN", "COPY")))
    assert stage[-1] == 'CMD ["tradebridge", "serve"]'
    assert "VOLUME /data" in stage
    (health,) = [line for line in stage if line.startswith("HEALTHCHECK ")]
    assert "/livez" in health


def test_the_health_check_is_python_that_fails_when_nobody_answers() -> None:
    (health,) = [line for line in last_stage() if line.startswith("HEALTHCHECK ")]
    code = re.search(r'"-c", "(.*)"\]', health)
    assert code is not None
    nobody = code[1].replace(":8600/", ":1/")
    assert subprocess.run([sys.executable, "-c", nobody], capture_output=True, check=False).returncode == 1


def test_the_container_files_set_what_the_hub_reads() -> None:
    from exchange.config import Settings

    texts = DOCKERFILE + Path("compose.yaml").read_text(encoding="utf-8")
    names = set(re.findall(r"\bTRADEBRIDGE_([A-Z_]+)\b", texts))
    assert {"DATA", "HOST", "DATABASE_URL"} <= names
    assert {name.lower() for name in names} <= set(Settings.model_fields)


def test_the_build_context_is_what_the_wheel_needs() -> None:
    rules = Path(".dockerignore").read_text(encoding="utf-8").split()
    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == {
        *("run.lock", "pyproject.toml", "README.md", "LICENSE"),
        *("tradebridge", "exchange", "schemas", "adapters", "simulator"),
    }


@pytest.mark.parametrize("service", ["hub", "postgres"])
def test_a_service_has_no_more_rights_than_it_needs(service: str) -> None:
    settings = COMPOSE["services"][service]
    assert settings["read_only"] is True
    assert settings["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in settings["security_opt"]
    assert not settings.get("privileged")
    assert all(port.startswith("127.0.0.1:") for port in settings.get("ports", []))


def test_the_hub_waits_for_a_healthy_database_and_no_password_is_written_down() -> None:
    assert COMPOSE["services"]["hub"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    assert "healthcheck" in COMPOSE["services"]["postgres"]
    text = Path("compose.yaml").read_text(encoding="utf-8")
    assert text.count("PASSWORD:") == text.count("${POSTGRES_PASSWORD:?") + 1  # once as a key, twice as a value
    assert ".env" in Path(".gitignore").read_text(encoding="utf-8")


@pytest.mark.parametrize("decision", sorted(Path("docs/decisions").glob("[0-9]*.md")), ids=lambda path: path.stem)
def test_a_decision_is_short_and_has_its_three_parts(decision: Path) -> None:
    text = decision.read_text(encoding="utf-8")
    assert text.startswith(f"# {decision.name[:4]}: ")
    assert re.findall(r"^## (\w+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequence"]
    assert len(text.splitlines()) <= 20
