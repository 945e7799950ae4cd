"""The house, checked: which room may import which, and which library lives where."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("calibration", "storage", "expectations", "tasks", "flows")
MAY_IMPORT = {
    "calibration": {"calibration"},
    "storage": {"storage", "calibration"},
    "expectations": {"expectations", "calibration"},
    "tasks": {"calibration", "storage", "expectations"},
    "flows": {"flows", "tasks", "storage", "expectations", "calibration"},
}
ONLY_IN = {
    "prefect": (
        "flows/",
        "tasks/",
        "storage/cache_policy.py",
        "storage/progress.py",
        "storage/result_block.py",
    ),
    "great_expectations": ("expectations/",),
    "pandas": ("expectations/",),
    "transformers": ("storage/",),
    "datasets": ("storage/",),
    "torch": ("calibration/engine/", "storage/"),
    "matplotlib": ("calibration/report/figures/",),
    "nltk": ("calibration/published_texts.py",),
    "boto3": ("storage/s3.py",),
    "obstore": ("storage/s3.py",),
    "ray": ("flows/on_ray.py",),
    "prefect_ray": ("flows/on_ray.py",),
    "typer": (
        "flows/add_model_command.py",
        "flows/bridge_command.py",
        "flows/cli.py",
        "flows/deploy_command.py",
        "flows/fit_command.py",
        "flows/measure_command.py",
        "flows/plan_command.py",
        "flows/serve_command.py",
        "flows/store_command.py",
        "flows/terminal.py",
        "flows/theory_command.py",
    ),
}
ENGINE = {"torch", "numpy"}
STATISTICS = {"numpy", "scipy", "polars", "statsmodels"}
ENUMERATION = {"numpy", "scipy"}
# What statistics may know of the rest: the columns of the tables, and what their steps are.
SHARED = {
    "calibration.tables",
    "calibration.across_tables",
    "calibration.calibrated_tables",
    "calibration.conventions",
}
LONGEST_FILE = 400  # lines
LONGEST_TASK = 100  # lines; a screen, with its imports


def sources() -> list[Path]:
    return [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[str]:
    """Every module a file imports, at its top or inside, dotted; type-checking imports too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield node.module or ""


def external(path: Path) -> set[str]:
    import sys

    tops = {module.partition(".")[0] for module in imports(path)}
    return tops - set(sys.stdlib_module_names) - set(ROOMS)


FILES = pytest.mark.parametrize("path", sources(), ids=name_of)


@FILES
def test_a_room_imports_only_the_rooms_below_it(path: Path) -> None:
    room = name_of(path).partition("/")[0]
    rooms = {module.partition(".")[0] for module in imports(path)} & set(ROOMS)
    assert rooms <= MAY_IMPORT[room]


@FILES
def test_a_library_stays_in_its_place(path: Path) -> None:
    for library in external(path) & set(ONLY_IN):
        assert name_of(path).startswith(ONLY_IN[library]), f"{library} in {name_of(path)}"


@pytest.mark.parametrize("path", sorted((ROOT / "calibration/engine").glob("*.py")), ids=name_of)
def test_the_engine_needs_torch_and_numpy_and_nothing_of_ours(path: Path) -> None:
    assert external(path) <= ENGINE
    ours = {module for module in imports(path) if module.startswith(ROOMS)}
    assert all(module.startswith("calibration.engine") for module in ours)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "calibration/statistics").glob("*.py")), ids=name_of
)
def test_the_statistics_never_see_a_network(path: Path) -> None:
    assert external(path) <= STATISTICS
    ours = {module for module in imports(path) if module.startswith(ROOMS)}
    assert all(module.startswith("calibration.statistics") or module in SHARED for module in ours)


@pytest.mark.parametrize("path", sorted((ROOT / "calibration/lookahead").glob("*.py")), ids=name_of)
def test_exact_look_ahead_enumerates_and_sees_no_network(path: Path) -> None:
    assert external(path) <= ENUMERATION
    ours = {module for module in imports(path) if module.startswith(ROOMS)}
    known = ("calibration.lookahead", "calibration.engine.newton")
    assert all(module.startswith(known) for module in ours)


def test_loading_networks_needs_torch_and_transformers_only() -> None:
    path = ROOT / "storage/networks.py"
    assert external(path) <= {"torch", "transformers"}


@pytest.mark.parametrize("path", [p for p in sources() if p.name == "__init__.py"], ids=name_of)
def test_package_files_import_nothing(path: Path) -> None:
    assert list(imports(path)) == []


@FILES
def test_a_file_is_short_and_says_what_it_is(path: Path) -> None:
    text = path.read_text()
    limit = LONGEST_TASK if name_of(path).startswith("tasks/") else LONGEST_FILE
    assert len(text.splitlines()) <= limit
    assert path.name == "__init__.py" or ast.get_docstring(ast.parse(text))


@FILES
def test_no_file_is_named_for_what_it_does_not_say(path: Path) -> None:
    assert path.stem not in {"utils", "common", "helpers", "misc", "base", "manager"}


def test_no_flow_file_shadows_a_package() -> None:
    assert {path.stem for path in (ROOT / "flows").glob("*.py")}.isdisjoint(ROOMS)


def test_a_task_file_holds_one_task_named_for_it() -> None:
    for path in (ROOT / "tasks").glob("[a-z]*.py"):
        functions = [
            node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)
        ]
        decorated = [one.name for one in functions if one.decorator_list]
        assert decorated == [path.stem]
