"""Adapters of others: found by folder or entry point, told apart from ours, and harmless where they are wrong."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters import outside
from adapters.contract import examine, made
from adapters.outside import GROUP, Outside, Unusable, add_folder, find_outside, named
from adapters.port import UnknownStyle, find_adapter
from adapters.single_windows.countries import countries
from adapters.skeleton import write
from exchange.app import make_app
from exchange.config import Settings, UnsafeSettings
from schemas.findings import Finding
from simulator.members import AdaptersClash, members, styles_of

GOOD = """
from adapters.port import Adapter, find_adapter
COUNTRIES = ("SG", "TH")
def adapter(country):
    return Adapter("NAME", find_adapter("asw", country).codec, "invented", "a test")
"""


@pytest.fixture(autouse=True)
def _nothing_stays(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Of what a test loads."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(outside, "_OF_FOLDERS", {})
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("own_"):
            del sys.modules[name]


def folder_of(tmp_path: Path, name: str, text: str = GOOD, entry: str = "") -> Path:
    folder = tmp_path / name
    (folder / "src").mkdir(parents=True)
    (folder / "src" / f"{name}.py").write_text(text.replace("NAME", name))
    points = f'[project.entry-points."{GROUP}"]\n{entry or name} = "{name}"\n'
    (folder / "pyproject.toml").write_text(f'[project]\nname = "{name}"\n{points}')
    return folder


def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, *packages: str, text: str = GOOD) -> None:
    """As pip leaves it: the module, and beside it what the package says of itself."""
    site = tmp_path / "site"
    site.mkdir(exist_ok=True)
    for package in packages:
        (site / f"{package}_module.py").write_text(text.replace("NAME", name))
        about = site / f"{package}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {package}_module\n")
    monkeypatch.syspath_prepend(site)


def refused(given: str | Path) -> Finding:
    with pytest.raises(Unusable) as error:
        named(str(given))
    return error.value.found


def test_a_folder_is_found_once_it_was_told_of(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "own_window")
    with pytest.raises(UnknownStyle):
        find_adapter("own_window", "SG")
    (found,) = named(str(folder))
    assert (found.style, found.countries, found.where) == ("own_window", ("SG", "TH"), str(folder))
    assert find_adapter("own_window", "SG").codec.limits.max_items == 50
    assert add_folder(folder) == (found,), "the same folder again is no clash"


def test_an_installed_package_is_found_by_its_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch, "own_style", "own_package")
    assert find_adapter("own_style", "TH").style == "own_style"
    by_package, by_style = named("Own.Package"), named("own_style")
    assert [each.where for each in (*by_package, *by_style)] == ["own_package"] * 2


def test_a_style_that_two_packages_claim_belongs_to_neither(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch, "own_style", "own_one", "own_two")
    with pytest.raises(UnknownStyle, match="own_one, own_two"):
        find_adapter("own_style", "TH")
    other = folder_of(tmp_path, "own_window")
    add_folder(other)
    again = folder_of(tmp_path / "elsewhere", "own_window")
    assert refused(again).code == "adapter.bad-name"
    assert str(other) in refused(again).found


@pytest.mark.parametrize("name", ["asw", "naccs", "countries", "dcsa"])
def test_nobody_takes_a_name_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    installed(tmp_path, monkeypatch, name, "own_package")
    assert refused(name).code == refused(folder_of(tmp_path, "own_window", entry=name)).code == "adapter.bad-name"
    try:
        ours = find_adapter(name, "SG")
    except UnknownStyle:
        assert name == "countries"
    else:
        assert type(ours.codec).__module__.startswith("adapters.")


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("raise ZeroDivisionError('at load')", "adapter.not-loaded", "ZeroDivisionError: at load"),
        ("import own_nothing", "adapter.not-loaded", "own_nothing"),
        ("def adapter(", "adapter.not-loaded", "SyntaxError"),
        ("COUNTRIES = ('SG',)", "adapter.not-loaded", "no function adapter(country)"),
        ("def adapter(country): ...", "adapter.no-countries", "no COUNTRIES"),
        ("COUNTRIES = 'SG'\ndef adapter(country): ...", "adapter.no-countries", "SG"),
        ("COUNTRIES = ('Singapore',)\ndef adapter(country): ...", "adapter.no-countries", "Singapore"),
    ],
)
def test_a_module_that_is_none_is_told_with_what_to_do(tmp_path: Path, text: str, code: str, told: str) -> None:
    found = refused(folder_of(tmp_path, "own_window", text))
    assert found.code == code
    assert told in found.found
    assert found.expected or code == "adapter.no-countries"
    assert found.fix


@pytest.mark.parametrize(
    ("project", "code"),
    [
        (None, "adapter.not-found"),
        ("", "adapter.no-entry-point"),
        ("[project\n", "adapter.no-entry-point"),
        ("\xff", "adapter.no-entry-point"),
        ("project = 1\n", "adapter.no-entry-point"),
        (f'[project.entry-points."{GROUP}"]\n', "adapter.no-entry-point"),
        (f'[project.entry-points."{GROUP}"]\nown_x = 1\n', "adapter.no-entry-point"),
        (f'[project.entry-points."{GROUP}"]\n"own/../x" = "own_x"\n', "adapter.bad-name"),
        (f'[project.entry-points."{GROUP}"]\nown_x = "json"\n', "adapter.not-loaded"),
        (f'[project.entry-points."{GROUP}"]\nown_x = "json:nothing"\n', "adapter.not-loaded"),
        (f'[project.entry-points."{GROUP}"]\nown_x = "adapters.single_windows.asw"\n', "adapter.no-countries"),
        ("#" * outside.MOST_BYTES + "\n", "adapter.no-entry-point"),
    ],
)
def test_a_folder_that_names_no_adapter_is_told_so(tmp_path: Path, project: str | None, code: str) -> None:
    if project is not None:
        (tmp_path / "pyproject.toml").write_text(project, encoding="latin-1")
    assert refused(tmp_path).code == code


def test_a_module_of_the_same_name_elsewhere_does_not_stand_in_for_it(tmp_path: Path) -> None:
    folder_of(tmp_path / "first", "own_window")
    sys.path.append(str(tmp_path / "first" / "own_window" / "src"))
    found = refused(folder_of(tmp_path / "second", "own_window"))
    assert (found.code, find_outside("own_window")) == ("adapter.not-loaded", None)


@pytest.mark.parametrize("body", ["raise OSError('gone')", "return None", 'return __import__("adapters.port").port'])
def test_an_adapter_that_cannot_be_made_is_an_unknown_style_to_the_hub(tmp_path: Path, body: str) -> None:
    text = f"COUNTRIES = ('SG',)\ndef adapter(country):\n    {body}\n"
    add_folder(folder_of(tmp_path, "own_window", text))
    with pytest.raises(UnknownStyle, match="own_window"):
        find_adapter("own_window", "SG")


@pytest.mark.parametrize(
    ("make", "code", "told"),
    [
        (lambda country: None, "adapter.malformed", "NoneType"),
        (lambda country: find_adapter("asw", country), "adapter.malformed", "asw"),
        (lambda country: countries()["ZZ"], "adapter.raised", "KeyError"),
    ],
    ids=["nothing", "another's", "raises"],
)
def test_why_it_cannot_be_made_is_told_to_its_author(make: object, code: str, told: str) -> None:
    found = made(Outside("own_window", ("SG",), make, "here"), "SG")  # type: ignore[arg-type]  # as a stranger may
    assert isinstance(found, Finding)
    assert found.code == code
    assert told in found.found


@pytest.mark.parametrize("code", {country.style.value: code for code, country in countries().items()}.values())
def test_a_package_like_any_country_keeps_the_contract(tmp_path: Path, code: str) -> None:
    name = f"own_{code.lower()}"
    files = write(tmp_path / name, name, countries()[code])
    assert {path.name for path in files} >= {"pyproject.toml", "README.md", "test_contract.py", "codec.py"}
    (found,) = named(str(tmp_path / name))
    assert found.countries == (code,)
    adapter = made(found, code)
    assert not isinstance(adapter, Finding), adapter
    assert (adapter.style, adapter.fidelity) == (name, "invented")
    assert found.make.__module__.startswith(name), "a copy, not ours"
    assert adapter.codec.limits == countries()[code].limits
    assert [each.to_json() for each in examine(adapter) if not each.passed] == []


def test_a_world_takes_an_adapter_for_its_countries(tmp_path: Path) -> None:
    styles = styles_of([str(folder_of(tmp_path, "own_window"))])
    assert styles == {"SG": "own_window", "TH": "own_window"}
    spoken = {each.id: each.style for each in members(styles=styles)}
    assert (spoken["SG-NSW"], spoken["TH-NSW"], spoken["VN-NSW"]) == (
        "own_window",
        "own_window",
        countries()["VN"].style.value,
    )
    assert members(styles={}) == members()
    assert "TL-NSW" in {each.id for each in members(styles={"TL": "own_window"})}


@pytest.mark.parametrize(
    ("countries_", "told"), [(('("XX",)',), "no window is there"), (('("SG",)', '("SG",)'), "take one of them")]
)
def test_adapters_that_do_not_go_together_are_told(tmp_path: Path, countries_: tuple[str, ...], told: str) -> None:
    folders = [
        str(folder_of(tmp_path, f"own_{number}", GOOD.replace('("SG", "TH")', text)))
        for number, text in enumerate(countries_)
    ]
    with pytest.raises(AdaptersClash, match=told):
        styles_of(folders)


def test_a_hub_does_not_start_with_a_folder_that_it_cannot_use(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data", seed="42", adapters=(tmp_path,))
    with pytest.raises(UnsafeSettings, match=r"TRADEBRIDGE_ADAPTERS: adapter\.not-found"):
        make_app(settings)
    assert not (tmp_path / "data").exists()
