"""Messages out of the schemas, and what becomes of them in the hands of a bad station.

Everything is drawn from a `random.Random`, so that the same source tells the same story:
Hypothesis, a seed, or the bytes of a coverage-guided fuzzer.
"""

from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.util import find_spec
import json
from pathlib import Path
from random import Random
from typing import Any, Self, override

from custom_components.ocpp.csms.versions import Version

type Payload = dict[str, Any]

# Beyond what any column, clock or list can take.
NASTY: tuple[Any, ...] = (
    *(None, True, False, "", " ", "null", "\x00", "\u202e\x1b[31m", "é" * 300),
    *(
        "x" * 256,
        "x" * 5_000,
        "nan",
        "inf",
        "-inf",
        "1e5",
        "1e999",
        "²",
        "１２",
        "0x10",
    ),
    *(0, -1, 2**31 - 1, 2**31, -(2**31) - 1, 2**53 + 1, 2**63 - 1, 2**63, -(2**63)),
    *(2**64, -(2**64), 1e308, -1e308, 5e-324, 0.1, -0.0, 65, 255, 10_000),
    *([], {}, [[]], [{}], [None], {"": None}, {"a": {"a": {"a": []}}}, ["x"] * 50),
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999-14:00", "2026-02-30T00:00:00Z"),
    *("0001-01-01T00:00:00+14:00", "1969-12-31T23:59:59Z", "2026-13-01", "T", "now"),
    *("2026-01-01T00:00:00+99:99", "99999-01-01T00:00:00Z", "../../etc/passwd", "%s"),
    *(
        "'; DROP TABLE transactions; --",
        "{0.__class__}",
        "{{ states }}",
        "\U0001f50c" * 99,
    ),
)
# What breaks even the JSON, in place of a value.
_NO_JSON = ("NaN", "Infinity", "-Infinity", "1e400", "1" * 400, '"\\ud800"', "{", "]")
_WORDS = ("CARD1", "CP1", "tx-1", "tx-2", "Power", "Connector", "A", "heartbeat", "4.5")
_NUMBERS = (0, 0, 1, 1, 1, 2, 2, 3, 5, 16, 60, 230, 1_000, 7_000, 100_000)
_DAY = 86_400
# How deep and how many; schemas are no deeper.
_DEEPEST = 12
_MOST_ITEMS = 3


class FromBytes(Random):
    """A source of chance that is a row of bytes, as a coverage-guided fuzzer gives them."""

    def __new__(cls, data: bytes) -> Self:
        """Seed nothing: the bytes are all there is."""
        return super().__new__(cls)

    def __init__(self, data: bytes) -> None:
        """Begin with the first of the bytes."""
        self._data = data
        self._at = 0
        super().__init__()

    @override
    def getrandbits(self, k: int, /) -> int:
        """Return the next bits; zeros when there are none left."""
        size = (k + 7) // 8
        piece = self._data[self._at : self._at + size]
        self._at += size
        return int.from_bytes(piece.ljust(size, b"\0")) >> (size * 8 - k)

    @override
    def random(self) -> float:
        """Return the next number below one."""
        return self.getrandbits(24) / (1 << 24)

    @property
    def left(self) -> int:
        """Return how many bytes were not used."""
        return max(0, len(self._data) - self._at)


@cache
def schemas(version: Version, *, responses: bool = False) -> dict[str, Any]:
    """Return the schemas of a version's requests or responses, by action."""
    spec = find_spec("ocpp")
    assert spec is not None and spec.origin is not None
    found: dict[str, Any] = {}
    for path in sorted(
        (Path(spec.origin).parent / version.package / "schemas").glob("*.json")
    ):
        if path.stem.endswith("Response") is responses:
            action = path.stem.removesuffix("Response").removesuffix("Request")
            found[action] = json.loads(path.read_text(encoding="utf-8-sig"))
    return found


def valid(rng: Random, schema: Any) -> Payload:
    """Return a payload that the schema takes."""
    return _value(rng, schema, schema, "", 0)  # type: ignore[no-any-return]


def _value(rng: Random, schema: Any, root: Any, name: str, depth: int) -> Any:
    if "$ref" in schema:
        schema = root["definitions"][schema["$ref"].rpartition("/")[2]]
    if "enum" in schema:
        return rng.choice(schema["enum"])
    match schema.get("type"):
        case "object":
            return _object(rng, schema, root, depth)
        case "array":
            least = schema.get("minItems", 0)
            most = min(schema.get("maxItems", _MOST_ITEMS), max(least, _MOST_ITEMS))
            count = rng.randint(least, most)
            return [
                _value(rng, schema["items"], root, name, depth + 1)
                for _ in range(count)
            ]
        case "string":
            return _text(rng, schema, name)
        case "integer":
            return _bounded(rng.choice(_NUMBERS), schema)
        case "number":
            return _bounded(rng.choice(_NUMBERS) / rng.choice((1, 2, 10)), schema)
        case "boolean":
            return rng.random() < 0.5
    return rng.choice(_WORDS)


def _object(rng: Random, schema: Any, root: Any, depth: int) -> Payload:
    required = set(schema.get("required", ()))
    made: Payload = {}
    for name, of in schema.get("properties", {}).items():
        wanted = depth < _DEEPEST and rng.random() < 0.4
        if name in required or wanted:
            made[name] = _value(rng, of, root, name, depth + 1)
    return made


def _bounded(number: float, schema: Any) -> float:
    least: float = schema.get("minimum", number)
    most: float = schema.get("maximum", number)
    return min(max(number, least), most)


def _text(rng: Random, schema: Any, name: str) -> str:
    if schema.get("format") == "date-time" or "imestamp" in name:
        return moment(rng)
    if name == "value" and rng.random() < 0.7:
        return str(rng.choice(_NUMBERS))
    text: str = rng.choice(_WORDS)
    if rng.random() < 0.1:
        text = "".join(chr(rng.randrange(32, 0x2FF)) for _ in range(rng.randrange(40)))
    return text[: schema.get("maxLength", 1_000)]


def moment(rng: Random) -> str:
    """Return a time about now, or one that can't be."""
    if rng.random() < 0.05:
        return str(rng.choice([it for it in NASTY if isinstance(it, str)]))
    return _written(datetime.now(UTC) + timedelta(seconds=rng.randrange(-_DAY, 60)))


def soon(rng: Random) -> str:
    """Return a time that is to come, within a day."""
    return _written(datetime.now(UTC) + timedelta(seconds=rng.randrange(60, _DAY)))


def _written(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new(rng: Random, schema: Any, numbers: Iterator[int], *, fits: bool = False) -> Any:
    """Return a payload like no other: with texts and numbers that were never there.

    One that `fits` is valid, as what we send is.
    """
    return _new(rng, schema, schema, numbers, "", fits=fits)


def _new(
    rng: Random,
    schema: Any,
    root: Any,
    numbers: Iterator[int],
    name: str,
    *,
    fits: bool,
) -> Any:
    if "$ref" in schema:
        schema = root["definitions"][schema["$ref"].rpartition("/")[2]]
    if "enum" in schema:
        return rng.choice(schema["enum"])
    match schema.get("type"):
        case "object":
            required = schema.get("required", ())
            return {
                key: _new(rng, of, root, numbers, key, fits=fits)
                for key, of in schema.get("properties", {}).items()
                if key in required or rng.random() < 0.5
            }
        case "array":
            most = min(schema.get("maxItems", 5), max(1, schema.get("minItems", 1), 5))
            return [
                _new(rng, schema["items"], root, numbers, name, fits=fits)
                for _ in range(most)
            ]
        case "integer" | "number":
            number = next(numbers)
            return _bounded(number, schema) if fits else number
        case "boolean":
            return rng.random() < 0.5
    if schema.get("format") == "date-time":
        return soon(rng) if fits else moment(rng)
    if fits:
        return f"{next(numbers)}"[: schema.get("maxLength", 1_000)]
    # Longer than the schema allows, now and then.
    return f"{next(numbers)}{'x' * rng.choice((0, 0, 0, 5_000))}"


# --- what a bad station makes of it ------------------------------------------------------


def mutated(rng: Random, payload: Payload) -> Any:
    """Return a payload with some faults in it."""
    changed: Any = deepcopy(payload)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        places = list(_places(changed))
        if not places or rng.random() < 0.02:
            return deepcopy(rng.choice(NASTY))
        parent, key = rng.choice(places)
        if rng.random() < 0.05:
            # The last fault: what is nested that deep can't be copied.
            parent[key] = _deep(rng)
            break
        _spoil(rng, parent, key)
    return changed


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Return every place in a payload, as what holds it and where it is in that."""
    found: list[tuple[Any, Any]] = []
    open_ones = [value]
    while open_ones and len(found) < 500:
        one = open_ones.pop()
        keys = list(one) if isinstance(one, dict) else range(len(one))
        for key in keys:
            found.append((one, key))
            if isinstance(one[key], dict | list):
                open_ones.append(one[key])
    return found


def _spoil(rng: Random, parent: Any, key: Any) -> None:
    kind = rng.random()
    if kind < 0.6:
        parent[key] = deepcopy(rng.choice(NASTY))
    elif kind < 0.75:
        del parent[key]
    elif kind < 0.85 and isinstance(parent[key], list):
        parent[key] = parent[key] * rng.choice((0, 2, 30))
    elif kind < 0.92:
        parent[key] = [parent[key]]
    elif isinstance(parent, dict):
        extra = rng.choice(("", "extra", "\x00", "x" * 300))
        parent[extra] = deepcopy(rng.choice(NASTY))


def _deep(rng: Random) -> Any:
    deep: Any = 1
    for _ in range(rng.choice((5, 60, 100, 600))):
        deep = [deep] if rng.random() < 0.5 else {"a": deep}
    return deep


def frame(rng: Random, kind: int, message_id: Any, *rest: Any) -> str:
    """Return a frame as text, now and then with what is no JSON in it."""
    text = json.dumps([kind, message_id, *rest], ensure_ascii=rng.random() < 0.5)
    if rng.random() < 0.01:
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(_NO_JSON) + text[at + rng.randrange(3) :]
    return text


def junk(rng: Random) -> str | bytes:
    """Return a frame that is none, or that nobody expects."""
    kind = rng.random()
    if kind < 0.3:
        return rng.randbytes(rng.randrange(200))
    if kind < 0.5:
        return json.dumps(rng.choice(NASTY))
    if kind < 0.7:
        depth = rng.choice((10, 900, 3_000))
        return rng.choice(("[", '{"a":', "[[],")) * depth
    head: Any = rng.choice((2, 3, 4, 5, 6, 7, 0, -1, "2", 2.0, True, None, [], 2**70))
    rest = [rng.choice(NASTY) for _ in range(rng.randrange(5))]
    return json.dumps([head, *rest])
