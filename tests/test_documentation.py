"""Documentation that cannot lag: every public name says what it is, every command stands in the README."""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
import typer

ROOT = Path(__file__).parents[1]
FOLDERS = ("agents", "configs", "drivers", "lasercontrol", "sim")
FILES = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]

Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def public(tree: ast.Module) -> Iterator[tuple[str, Documented]]:
    """The module, its public functions and classes. A method may lean on its class or on the protocol it fulfils."""
    yield "the file itself", tree
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield node.name, node


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_public_name_is_documented(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    silent = [name for name, node in public(tree) if not ast.get_docstring(node)]
    assert not silent, f"{path.relative_to(ROOT)}: no docstring on {silent}"


def test_every_command_stands_in_the_readme() -> None:
    if not (ROOT / "lasercontrol" / "cli.py").exists():
        pytest.skip("lasercontrol/cli.py is not written yet")
    app = import_module("lasercontrol.cli").app
    commands = vars(typer.main.get_command(app))["commands"]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = [name for name in commands if f"`lasercontrol {name}" not in readme]
    assert not missing, f"README.md does not mention the commands {missing}"


def test_every_decision_stands_in_the_list_of_decisions() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = (folder / "README.md").read_text(encoding="utf-8")
    missing = [path.name for path in folder.glob("[0-9]*.md") if path.name not in listed]
    assert not missing, f"docs/decisions/README.md does not list {missing}"


def test_the_page_of_settings_is_that_of_the_settings() -> None:
    written = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert written == import_module("lasercontrol.settings_page").page(), (
        "make it anew: python -m lasercontrol.settings_page > docs/settings.md"
    )
