"""The fields of each command's request, derived from the OCPP schemas."""

from collections.abc import Iterator
from importlib.util import find_spec
import json
from pathlib import Path
import subprocess
import sys
from typing import Any

from custom_components.ocpp.csms.commands.command import Field, Kind, snake
from custom_components.ocpp.csms.commands.declaration import (
    DATA_16,
    DECLARED,
    NEUTRAL_WORDS_16,
)

type Schema = dict[str, Any]

_HEAD = '''"""What the requests of OCPP 1.6 hold, derived from its schemas by scripts/generate."""

from .command import Field, Kind

FIELDS: dict[str, tuple[Field, ...]] = {
'''


def read_schema(package: str, name: str) -> Schema:
    """Return a schema as the `ocpp` package ships it."""
    spec = find_spec("ocpp")
    assert spec is not None and spec.origin is not None
    path = Path(spec.origin).parent / package / "schemas" / f"{name}.json"
    return dict(json.loads(path.read_text(encoding="utf-8-sig")))


def resolve(schema: Schema, root: Schema) -> Schema:
    """Return a schema with what it refers to."""
    while (reference := schema.get("$ref")) is not None:
        target: Any = root
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
        schema = {**target, **{k: v for k, v in schema.items() if k != "$ref"}}
    return schema


def derive(action: str) -> Iterator[Field]:
    """Yield the fields of a request of OCPP 1.6, the required ones first."""
    root = read_schema("v16", action)
    required = root.get("required", [])
    properties = root.get("properties", {})
    for key in sorted(properties, key=lambda key: key not in required):
        schema = resolve(properties[key], root)
        kind = _kind(schema, root)
        if (action, key) in DATA_16:
            kind = Kind.DATA
        holds = schema
        if kind is Kind.TEXTS:
            holds = resolve(schema["items"], root)
        yield Field(
            snake(key),
            key,
            kind,
            required=key in required,
            longest=holds.get("maxLength"),
            words={
                NEUTRAL_WORDS_16.get(word) or snake(word): word
                for word in schema.get("enum", ())
            },
        )


def _kind(schema: Schema, root: Schema) -> Kind:
    if "enum" in schema:
        return Kind.WORD
    match schema["type"]:
        case "array":
            items = resolve(schema["items"], root)
            return Kind.OBJECTS if items["type"] == "object" else Kind.TEXTS
        case "string" if schema.get("format") == "date-time":
            return Kind.MOMENT
        case "string":
            return Kind.TEXT
    return Kind(schema["type"])


def module() -> str:
    """Return the source of the module that holds the fields."""
    lines = [_HEAD]
    for declared in DECLARED:
        lines.append(f'    "{declared.v16}": (\n')
        lines.extend(f"        {_written(one)},\n" for one in derive(declared.v16))
        lines.append("    ),\n")
    return formatted("".join([*lines, "}\n"]))


def _written(one: Field) -> str:
    parts = [f'"{one.name}"', f'"{one.key}"', f"Kind.{one.kind.name}"]
    if one.required:
        parts.append("required=True")
    if one.longest is not None:
        parts.append(f"longest={one.longest}")
    if one.words:
        parts.append(f"words={json.dumps(one.words)}")
    return f"Field({', '.join(parts)})"


def formatted(source: str) -> str:
    """Return source code as this project formats it."""
    ruff = Path(sys.executable).with_name("ruff")
    return subprocess.run(
        [ruff, "format", "--stdin-filename", "generated.py", "-"],
        input=source,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
