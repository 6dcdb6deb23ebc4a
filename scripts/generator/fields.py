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
    DATA,
    DECLARED,
    NEUTRAL_WORDS,
)
from custom_components.ocpp.csms.versions import V21, V201, Version

type Schema = dict[str, Any]

_HEAD = '''"""What the requests of OCPP {} hold, derived from its schemas by scripts/generate."""

from .command import Field, Kind

FIELDS: dict[str, tuple[Field, ...]] = {{
'''
# Of a version that holds most as the one before.
_HEAD_OF_NEXT = '''"""What requests of OCPP {} hold that are not as in {}, derived by scripts/generate."""

from . import {package}
from .command import Field, Kind

FIELDS: dict[str, tuple[Field, ...]] = {package}.FIELDS | {{
'''
_BEFORE = {V21: V201}
# Every request of 2.x has it. It has no meaning in common, and is left to those who send
# whole messages.
_NO_FIELD = "customData"


def read_schema(version: Version, action: str) -> Schema:
    """Return the schema of a request as the `ocpp` package ships it."""
    spec = find_spec("ocpp")
    assert spec is not None and spec.origin is not None
    folder = Path(spec.origin).parent / version.package / "schemas"
    path = folder / f"{action}Request.json"
    if not path.exists():
        # That of 1.6.
        path = folder / f"{action}.json"
    return dict(json.loads(path.read_text(encoding="utf-8-sig")))


def resolve(schema: Schema, root: Schema) -> Schema:
    """Return a schema with what it refers to."""
    while (reference := schema.get("$ref")) is not None:
        target: Any = root
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
        schema = {**target, **{k: v for k, v in schema.items() if k != "$ref"}}
    return schema


def derive(version: Version, action: str) -> Iterator[Field]:
    """Yield the fields of a version's request, the required ones first."""
    root = read_schema(version, action)
    required = root.get("required", [])
    properties = root.get("properties", {})
    neutral = NEUTRAL_WORDS.get(version, {})
    for key in sorted(properties, key=lambda key: key not in required):
        if key == _NO_FIELD:
            continue
        schema = resolve(properties[key], root)
        kind = _kind(schema, root)
        if (version, action, key) in DATA:
            kind = Kind.DATA
        holds = schema
        if kind in (Kind.TEXTS, Kind.WORDS):
            holds = resolve(schema["items"], root)
        yield Field(
            snake(key),
            key,
            kind,
            required=key in required,
            longest=holds.get("maxLength"),
            words={
                neutral.get(word) or snake(word): word for word in holds.get("enum", ())
            },
        )


_LISTS = {
    Kind.TEXT: Kind.TEXTS,
    Kind.WORD: Kind.WORDS,
    Kind.INTEGER: Kind.INTEGERS,
    Kind.OBJECT: Kind.OBJECTS,
}


def _kind(schema: Schema, root: Schema) -> Kind:
    if "enum" in schema:
        return Kind.WORD
    match schema.get("type"):
        case None:
            return Kind.ANYTHING
        case "array":
            return _LISTS[_kind(resolve(schema["items"], root), root)]
        case "string" if schema.get("format") == "date-time":
            return Kind.MOMENT
        case "string":
            return Kind.TEXT
        case kind:
            return Kind(kind)


def module(version: Version) -> str:
    """Return the source of the module that holds the fields of a version."""
    before = _BEFORE.get(version)
    lines = [_HEAD.format(version.name)]
    if before is not None:
        lines = [
            _HEAD_OF_NEXT.format(version.name, before.name, package=before.package)
        ]
    for declared in DECLARED:
        if version not in declared.versions:
            continue
        fields = list(derive(version, declared.name))
        if before in declared.versions and fields == list(
            derive(before, declared.name)
        ):
            continue
        lines.append(f'    "{declared.name}": (\n')
        lines.extend(f"        {_written(one)},\n" for one in fields)
        lines.append("    ),\n")
    return formatted("".join([*lines, "}\n"]))


def modules() -> dict[str, str]:
    """Return the source of the modules of all versions, by their names."""
    versions = {version for declared in DECLARED for version in declared.versions}
    return {version.package: module(version) for version in versions}


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
