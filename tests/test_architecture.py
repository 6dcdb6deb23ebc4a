"""Prove that the rooms of the house are kept apart."""

import ast
from collections.abc import Iterator
from pathlib import Path
import subprocess
import sys

import pytest

ROOT = Path(__file__).parents[1]
OCPP = ROOT / "custom_components" / "ocpp"
CSMS = OCPP / "csms"
SOURCES = sorted(OCPP.rglob("*.py"))
LONGEST_FILE = 400

# From the top floor down: a room may import from those below it, and from its own.
FLOORS = (
    {"central_system"},
    {"charging_station", "door"},
    {"functional_blocks"},
    {"memory", "preparation", "reports", "sending"},
    {"blocks"},
    {"shared"},
    {"listener"},
    {"connection"},
    {
        *("store", "rpc", "commands", "places", "tls", "revocation", "secrets"),
        "stand_ins",
    },
    {
        *(
            "admission",
            "answers",
            "attempts",
            "authority",
            "chargers",
            "clock",
            "frames",
        ),
        *(
            "id_tokens",
            "lenient",
            "numbers",
            "ocsp",
            "passwords",
            "rates",
            "retries",
            "tariff",
            "wire",
        ),
    },
    {"schemas", "listeners"},
    {"versions"},
    {"errors"},
    {"events"},
    {"model"},
    {"happenings"},
    {"variables", "energy_transfer"},
    {"secret_names"},
    {"configuration_keys"},
)
# The Home Assistant side, above all of these. Platforms, flows and whatever else Home
# Assistant itself loads are one floor, and what is not named here is words and texts.
UPPER_FLOORS = (
    {""},
    {
        *("sensor", "binary_sensor", "switch", "number", "select", "button", "event"),
        *("notify", "text"),
        *(
            "update",
            "config_flow",
            "diagnostics",
            "repairs",
            "system_health",
            "trigger",
        ),
        *("backup", "services", "views"),
    },
    {
        *("command_actions", "password_actions", "session_actions"),
        "security_profile_actions",
        *("session_sensor", "card_sensor"),
        "station_sensor",
        *("charger_flow", "card_flow", "options_flow"),
        *("configuration", "device_model", "maintenance_sensor"),
        *("battery", "der", "v2x"),
    },
    {"setting"},
    {"entity", "sessions", "target"},
    {"security_flow", "password_flow", "security_profile_flow"},
    {"hub"},
    {"charger", "tls"},
    {"issues", "newcomers", "passwords"},
)


def name_of(path: Path) -> str:
    """Return the dotted name of a module below the integration's folder."""
    parts = path.relative_to(OCPP).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def tree_of(path: Path) -> ast.Module:
    """Return the syntax tree of a module."""
    return ast.parse(path.read_text())


def imports_of(path: Path) -> Iterator[str]:
    """Return what a module imports when it runs, by dotted names.

    What is of the integration begins with a dot and is named from its folder down. What
    is imported for types only is left out.
    """
    package = path.relative_to(OCPP).parent.parts
    for node in _running(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if not node.level:
                assert node.module is not None
                yield node.module
                continue
            base = package[: len(package) - node.level + 1]
            base = (*base, *(node.module or "").split(".")) if node.module else base
            if node.module:
                yield "." + ".".join(base)
            else:
                yield from ("." + ".".join((*base, alias.name)) for alias in node.names)


def _running(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _running(child)


def floor_of(name: str) -> int | None:
    """Return the floor of a module of the central system, 0 being the highest."""
    parts = name.split(".")
    if len(parts) < 2 or parts[0] != "csms":
        return None
    return next(
        (number for number, rooms in enumerate(FLOORS) if parts[1] in rooms), None
    )


def upper_floor_of(name: str) -> int:
    """Return the floor of a module of the Home Assistant side, 0 being the highest."""
    return next(
        (number for number, rooms in enumerate(UPPER_FLOORS) if name in rooms),
        len(UPPER_FLOORS),
    )


def ids(path: Path) -> str:
    """Name a test by its file."""
    return str(path.relative_to(OCPP))


CSMS_SIDE = [path for path in SOURCES if CSMS in path.parents]
HOME_ASSISTANT_SIDE = [path for path in SOURCES if path not in CSMS_SIDE]
BLOCKS = [path for path in CSMS_SIDE if CSMS / "blocks" in path.parents]
CSMS_MODULES = pytest.mark.parametrize("path", CSMS_SIDE, ids=ids)


@CSMS_MODULES
def test_the_central_system_knows_nothing_of_home_assistant(path: Path) -> None:
    """Neither by name nor by way of the integration's other modules."""
    for imported in imports_of(path):
        assert imported.split(".")[0] not in ("homeassistant", "custom_components")
        if imported.startswith("."):
            assert imported.startswith(".csms."), imported


@CSMS_MODULES
def test_nothing_imports_from_a_floor_above_its_own(path: Path) -> None:
    """Every room stands on a floor."""
    name = name_of(path)
    if name == "csms":
        assert not list(imports_of(path))
        return
    own = floor_of(name)
    assert own is not None, f"{name} is on no floor"
    for imported in imports_of(path):
        if not imported.startswith("."):
            continue
        floor = floor_of(imported[1:])
        assert floor is not None, imported
        assert floor >= own, f"{name} imports {imported}"
        if floor == own and name.split(".")[1] != "blocks":
            # Rooms of one floor do not know each other either.
            assert imported.split(".")[2] == name.split(".")[1], imported


@pytest.mark.parametrize("path", BLOCKS, ids=ids)
def test_blocks_do_not_import_each_other(path: Path) -> None:
    """They meet on the station."""
    name = name_of(path).split(".")
    for imported in imports_of(path):
        if imported.startswith(".csms.blocks"):
            assert imported.split(".")[3] in ("block", *name[2:3]), imported


@pytest.mark.parametrize("path", HOME_ASSISTANT_SIDE, ids=ids)
def test_the_home_assistant_side_imports_nothing_from_above(path: Path) -> None:
    """Platforms, flows and actions stand on the entity base, and that on the hub."""
    name = name_of(path)
    own = upper_floor_of(name)
    for imported in imports_of(path):
        room = imported.removeprefix(".").split(".")[0]
        if not imported.startswith(".") or room == "csms":
            continue
        floor = upper_floor_of(room)
        assert floor > own or (floor == own and own == len(UPPER_FLOORS)), (
            f"{name} imports {imported}"
        )


@pytest.mark.parametrize("path", SOURCES, ids=ids)
def test_no_file_is_longer_than_can_be_overseen(path: Path) -> None:
    """A room that grows gets a second one."""
    assert len(path.read_text().splitlines()) <= LONGEST_FILE


def _broad(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or any(
        isinstance(node, ast.Name) and node.id in ("Exception", "BaseException")
        for node in ast.walk(handler.type)
    )


def test_only_the_messages_of_a_station_are_guarded_against_every_fault() -> None:
    """There, with the reason beside it; anywhere else it would hide faults of ours."""
    found = [
        (name_of(path), path.read_text().splitlines()[node.lineno - 1])
        for path in SOURCES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ExceptHandler) and _broad(node)
    ]
    assert {name for name, _ in found} == {"csms.rpc"}
    assert all("# " in line for _, line in found)


WITHOUT_HOME_ASSISTANT = """
import importlib, sys
from types import ModuleType
sys.modules["homeassistant"] = None
package = ModuleType("custom_components.ocpp")
package.__path__ = [sys.argv[1]]
sys.modules["custom_components.ocpp"] = package
for name in sys.argv[2:]:
    importlib.import_module("custom_components.ocpp." + name)
assert not [name for name in sys.modules if name.startswith("homeassistant.")]
"""


def test_the_central_system_runs_without_home_assistant() -> None:
    """Every module of it can be imported where Home Assistant is not installed."""
    names = [name_of(path) for path in SOURCES if path.is_relative_to(CSMS)]
    assert len(names) > 20
    subprocess.run(
        [sys.executable, "-c", WITHOUT_HOME_ASSISTANT, str(OCPP), *names],
        cwd=ROOT,
        check=True,
        timeout=60,
    )
