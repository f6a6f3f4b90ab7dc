"""How much of the long tests runs, and how hard hypothesis looks.

A test marked `long` asks the fixture `scale` how often to do its thing: a sample in `make test`, everything in
`make test-long` (`--full`). Its part, for `make test-long PART=...`, is the marker's argument, or else the name of its
file without `test_`. Hypothesis: profile `sample` draws the same examples in each run, so that a red run can be
repeated; `full` draws many, new ones each time; `fuzz` is for `make fuzz`.
"""

import gc
from collections.abc import Callable
from functools import cache

import httpx
import pytest
from httpx._transports import default as transports
from hypothesis import HealthCheck, settings

gc.disable()
"""While tests are collected: what is loaded then stays, and to look at it again and again is a third of the work."""

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("sample", max_examples=30, deadline=None, derandomize=True, suppress_health_check=SLOW)
settings.register_profile("full", max_examples=1_000, deadline=None, print_blob=True, suppress_health_check=SLOW)
settings.register_profile("fuzz", max_examples=20_000, deadline=None, print_blob=True, suppress_health_check=SLOW)
settings.load_profile("sample")

transports.create_ssl_context = cache(httpx.create_ssl_context)  # type: ignore[attr-defined]
"""`httpx.get` and its like make one each time: 25 ms, for plain HTTP on this machine."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("tradebridge")
    group.addoption("--full", action="store_true", help="run long tests at full count")
    group.addoption("--screenshots", action="store_true", help="take the pictures of docs/screenshots anew")
    group.addoption("--part", default="", metavar="PART", help="of the long tests only those of this part")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--full") and not config.getoption("--hypothesis-profile"):
        settings.load_profile("full")


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def parts_of(item: pytest.Item) -> set[str]:
    """The parts of a long test; none if the test is not long."""
    marker = item.get_closest_marker("long")
    if marker is None:
        return set()
    return set(marker.args) or {item.path.stem.removeprefix("test_")}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if part := str(config.getoption("--part")):
        known = sorted(set().union(*map(parts_of, items)))
        if part not in known:
            raise pytest.UsageError(
                f"no long test is in part {part!r}; the parts are: {', '.join(known) or 'none yet'}"
            )
        config.hook.pytest_deselected(items=[item for item in items if part not in parts_of(item)])
        items[:] = [item for item in items if part in parts_of(item)]
    if not config.getoption("--full"):
        for item in items:
            marker = item.get_closest_marker("long")
            if marker and not marker.kwargs.get("sample", True):
                item.add_marker(pytest.mark.skip(reason="runs in full only: make test-long"))


@pytest.fixture(scope="session")
def scale(request: pytest.FixtureRequest) -> Callable[[int, int], int]:
    """`scale(full, sample)`: how often to repeat: `full` under `--full`, else `sample`."""
    full_run = bool(request.config.getoption("--full"))

    def count(full: int, sample: int) -> int:
        return full if full_run else sample

    return count
