"""How large the state of a station is: every container and text that it leads to."""

from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

_LEAVES = (int, float, bool, bytes, type(None), type)
# What all stations share, and what is no state.
_SKIPPED = frozenset({"_schemas", "shared", "store", "_listeners", "_rpc"})
_MODULES = ("custom_components.ocpp.csms",)


class Large(NamedTuple):
    """A container or a text, by the way that leads to it."""

    path: str
    kind: type
    size: int


def sizes(root: Any) -> Iterator[Large]:
    """Yield how long each container and each text is that belongs to an object."""
    seen: set[int] = set()
    waiting = deque([("station", root)])
    while waiting:
        path, it = waiting.popleft()
        if isinstance(it, _LEAVES) or id(it) in seen:
            continue
        seen.add(id(it))
        if isinstance(it, str):
            yield Large(path, str, len(it))
            continue
        if isinstance(it, dict):
            yield Large(path, type(it), len(it))
            waiting.extend((f"{path}.key", key) for key in it)
            waiting.extend((f"{path}[]", value) for value in it.values())
        elif isinstance(it, list | tuple | set | frozenset | deque):
            yield Large(path, type(it), len(it))
            waiting.extend((f"{path}[]", value) for value in it)
        elif type(it).__module__.startswith(_MODULES):
            waiting.extend(_attributes(path, it))


def _attributes(path: str, it: Any) -> Iterator[tuple[str, Any]]:
    names = [*getattr(it, "__dict__", ())]
    for kind in type(it).__mro__:
        names.extend(getattr(kind, "__slots__", ()))
    for name in names:
        if name not in _SKIPPED and hasattr(it, name):
            yield f"{path}.{name}", getattr(it, name)


def largest(root: Any) -> dict[tuple[str, type], int]:
    """Return the largest size by path and by what it is."""
    found: dict[tuple[str, type], int] = {}
    for path, kind, size in sizes(root):
        found[path, kind] = max(size, found.get((path, kind), 0))
    return found
