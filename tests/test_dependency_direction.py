"""The star of imports, the one way inside `lasercontrol`, and who may load torch (docs/decisions/0001 and 0003)."""

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LEAVES = ("agents", "drivers", "sim")
OURS = {*LEAVES, "lasercontrol", "configs", "tests"}

# Modules of `lasercontrol`, bottom first: each imports only from rows above its own, so a circle cannot be drawn.
# A name may stand here before its module exists; a module that does not stand here fails the test.
LAYERS = (
    {"errors", "noise"},
    {"spectrum_rows", "config_location"},
    {"lab_settings", "training_settings", "alarm_settings"},
    {"aging_settings"},
    {"spectrum_file", "profile_file", "config", "signals"},
    {"settings_page"},
    {"config_file", "keyboard"},
    {"bench"},
    {"telemetry"},
    {"monitor"},
    {"shot", "simbench", "ramp", "sparkline", "lost_signal", "laser_of", "departures"},
    {"limits", "confirmation", "truth", "forward", "policy_fit", "target"},
    {"scenario", "observation"},
    {"env_picture", "actor"},
    {"env"},
    {"vector_env"},
    {"sb3"},
    {"record_reading", "record_content", "record_medium"},
    {"record_file", "policies"},
    {"record", "simulated"},
    {"tunable", "consent"},
    {"lab"},
    {"session_pulses", "held"},
    {"picture", "console", "session"},
    {"rehearsal", "telling"},
    {"optimize"},
    {"doctor"},
    {"twin"},
    {"aging"},
    {"report"},
    {"trial"},
    {"course", "lab_time"},
    {"evaluate_agents", "evaluate_row"},
    {"evaluate_table", "evaluate_plot"},
    {"evaluate"},
    {"training"},
    {"benchmark_twin"},
    {"benchmark_wire"},
    {"stopwatch", "peer_steps", "device_lanes", "benchmark_table"},
    {"peer", "benchmark_steps"},
    {"benchmark"},
    {"cli"},
    {"__main__"},
)

HEAVY = {"torch", "stable_baselines3", "sb3_contrib", "tensorboard", "onnx", "onnxscript"}
# Only training pays for torch (seconds of start-up, a gigabyte); nothing else may load these files as it loads itself.
TRAINING = (
    {"lasercontrol.sb3"}
    | {
        f"lasercontrol.training.{name}"
        for name in (
            "actor_file",
            "algorithms",
            "asymmetric",
            "checkpoint",
            "features",
            "frames_method",
            "frames_stages",
            "frames_training",
            "lanes",
            "reinforcement",
            "traces",
            "yields_method",
        )
    }
    | {
        f"agents.learning.{path.stem}"
        for path in (ROOT / "agents" / "learning").glob("*.py")
        if path.stem != "__init__"
    }
)


def imports(nodes: Iterable[ast.AST], known: AbstractSet[str] = frozenset()) -> Iterator[str]:
    """Dotted names that the nodes import; `from package import module` gives the module where `known` has it."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from (full & known) | ({node.module} if full - known else set())


def at_load(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run when a module is loaded: not the insides of functions, nor what only a type checker sees."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from at_load(child)


def modules(*folders: str) -> dict[str, ast.Module]:
    """Every module of the folders, by dotted name."""
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return {_dotted(path): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def _dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("leaf", LEAVES)
def test_a_leaf_imports_only_itself(leaf: str) -> None:
    trees = modules(leaf)
    assert trees, f"{leaf}/ holds no Python file: this test would pass by looking at nothing"
    tops = {name: {found.split(".")[0] for found in imports(ast.walk(tree))} for name, tree in trees.items()}
    strays = {name: others for name, found in tops.items() if (others := (found & OURS) - {leaf})}
    assert not strays, f"{leaf}/ is a leaf of the star, yet {strays}"


def layer_of(module: str) -> int:
    """Row of LAYERS in which the module stands; a folder stands where its name stands."""
    name = module.split(".")[1]
    rows = [row for row, names in enumerate(LAYERS) if name in names]
    assert len(rows) == 1, f"place lasercontrol/{name} once in LAYERS: between what it imports and what imports it"
    return rows[0]


def ours_in_lasercontrol() -> dict[str, ast.Module]:
    """Modules of `lasercontrol` but the package itself, which holds the version and imports nothing."""
    return {name: tree for name, tree in modules("lasercontrol").items() if name != "lasercontrol"}


def test_imports_inside_lasercontrol_run_one_way() -> None:
    trees = ours_in_lasercontrol()
    strays = [
        f"{name} imports {found}"
        for name, tree in trees.items()
        for found in set(imports(ast.walk(tree), set(trees)))
        if found.startswith("lasercontrol.") and not found.startswith("lasercontrol.configs")
        if found.split(".")[1] != name.split(".")[1] and layer_of(found) >= layer_of(name)
    ]
    assert not strays, f"against the order of LAYERS: {sorted(strays)}"


def test_every_module_of_lasercontrol_is_placed() -> None:
    for name in ours_in_lasercontrol():
        layer_of(name)


def test_lasercontrol_itself_imports_nothing() -> None:
    tree = modules("lasercontrol")["lasercontrol"]
    assert not list(imports(ast.walk(tree))), "importing one part of lasercontrol must not pull in the others"


def test_only_training_loads_torch() -> None:
    trees = modules(*LEAVES, "lasercontrol", "configs")
    strays = {
        name: sorted(bad)
        for name, tree in trees.items()
        if name not in TRAINING
        if (bad := {found for found in imports(at_load(tree), set(trees)) if _is_heavy(found)})
    }
    assert not strays, f"import these inside the function that needs them: {strays}"


def _is_heavy(found: str) -> bool:
    return found.split(".", maxsplit=1)[0] in HEAVY or found in TRAINING


def test_the_command_line_starts_without_torch() -> None:
    """The law itself, whoever imports whom."""
    if not (ROOT / "lasercontrol" / "cli.py").exists():
        pytest.skip("lasercontrol/cli.py is not written yet")
    program = "import sys, lasercontrol.cli; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not set(loaded.stdout.split()) & (HEAVY | {"matplotlib"})


def test_sim_array_does_not_load_torch() -> None:
    """The one module that knows torch from NumPy must not make torch a need of the base install."""
    assert "torch" not in {found.split(".")[0] for found in imports(at_load(modules("sim")["sim.array"]))}
