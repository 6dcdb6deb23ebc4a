"""Which tests say that they prove a case, read from their source without running them."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
# A test says which version it is about unless it is this one.
USUAL_VERSION = "1.6"

type Function = ast.FunctionDef | ast.AsyncFunctionDef


class Proof(NamedTuple):
    """A test that proves a case of a version."""

    version: str
    case: str
    path: Path
    test: str


class MarkerError(Exception):
    """A marker that proves nothing, or not what it seems to."""


def proofs(folder: Path = TESTS) -> tuple[Proof, ...]:
    """Return what the tests prove; raises `MarkerError`."""
    return tuple(
        proof
        for path in sorted(folder.rglob("test_*.py"))
        if "mark.proves" in (source := path.read_text())
        for proof in of_module(path, ast.parse(source))
    )


def of_module(path: Path, tree: ast.Module) -> Iterator[Proof]:
    """Yield what the tests of a module prove; raises `MarkerError`."""
    seen: set[ast.AST] = set()
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        markers = list(_markers(function.decorator_list))
        seen.update(markers)
        if markers and not function.name.startswith("test_"):
            raise MarkerError(f"{path.name}: {function.name} is no test")
        if markers and any(
            isinstance(node, ast.Attribute) and node.attr in ("skip", "skipif", "xfail")
            for decorator in function.decorator_list
            for node in ast.walk(decorator)
        ):
            raise MarkerError(f"{path.name}: {function.name} may fail")
        for marker in markers:
            version, case = _read(path, marker)
            yield Proof(version, case, path, function.name)
    if stray := set(_markers([tree])) - seen:
        lines = ", ".join(str(marker.lineno) for marker in stray)
        raise MarkerError(f"{path.name}:{lines}: only tests prove something")


def _markers(nodes: Iterable[ast.AST]) -> Iterator[ast.Call]:
    for root in nodes:
        for node in ast.walk(root):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "proves"
            ):
                yield node


def _read(path: Path, marker: ast.Call) -> tuple[str, str]:
    words = {one.arg: one.value for one in marker.keywords}
    version = words.pop("ocpp", ast.Constant(USUAL_VERSION))
    match marker.args, version, words:
        case [ast.Constant(str(case))], ast.Constant(str(name)), {**rest} if not rest:
            return name, case
    raise MarkerError(
        f"{path.name}:{marker.lineno}: one case, and ocpp=, in plain text"
    )
