"""The files that are made from the registry, as they should be."""

# The package is not typed.
# mypy: disable-error-code="import-untyped, misc"

import json
from pathlib import Path
from typing import Any, override

import yaml

from custom_components.ocpp.csms.commands import Kind

from .actions import LANGUAGES, MORE, Action, ActionField, actions, described, selects
from .documentation import document
from .fields import modules

ROOT = Path(__file__).resolve().parents[2]
OCPP = ROOT / "custom_components" / "ocpp"
SERVICES = OCPP / "services.yaml"
ICONS = OCPP / "icons.json"
FROM_HERE = (
    "# From here on written by scripts/generate. What is by hand stands above.\n"
)
_MOST = 2_147_483_647


class GenerateError(Exception):
    """Something by hand stands where it would be lost."""


def generated() -> dict[Path, str]:
    """Return what each file should be.

    Raises `GenerateError` where something by hand would be lost.
    """
    files = {
        OCPP / "csms" / "commands" / f"{name}.py": source
        for name, source in modules().items()
    }
    files[SERVICES] = _services(SERVICES.read_text())
    files[ICONS] = _icons(ICONS.read_text())
    texts: dict[str, Any] = {}
    for language in LANGUAGES:
        path = OCPP / "translations" / f"{language}.json"
        files[path] = _translations(path.read_text(), language)
        texts[language] = json.loads(files[path])
    files[ROOT / "docs" / "actions.md"] = document(
        texts["en"]["services"], yaml.safe_load(files[SERVICES])
    )
    return files


# --- services.yaml ----------------------------------------------------------------------


class _Dumper(yaml.SafeDumper):
    """Writes YAML as it is written by hand here."""

    @override
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists too."""
        super().increase_indent(flow, False)

    @override
    def ignore_aliases(self, data: Any) -> bool:
        """Write everything out."""
        return True


_Dumper.add_representer(
    type(None), lambda dumper, _: dumper.represent_scalar("tag:yaml.org,2002:null", "")
)


def _services(text: str) -> str:
    by_hand, _, before = text.partition(FROM_HERE)
    entries = {action.name: _entry(action) for action in actions()}
    if lost := set(yaml.safe_load(before or "{}")) - set(entries):
        raise GenerateError(
            f"services.yaml: move {', '.join(sorted(lost))} above the line that says so"
        )
    written = [
        yaml.dump(
            {name: entry},
            Dumper=_Dumper,
            sort_keys=False,
            allow_unicode=True,
            width=1_000,
        )
        for name, entry in entries.items()
    ]
    return f"{by_hand.rstrip()}\n\n{FROM_HERE}\n" + "\n".join(written)


def _entry(action: Action) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "device_id": {
            "required": True,
            "selector": {"device": {"integration": "ocpp"}},
        }
    }
    rare: dict[str, Any] = {}
    # What has to be given comes first.
    for field in sorted(action.fields, key=lambda field: not field.required):
        (rare if field.name in action.more else fields)[field.name] = _field(
            action, field
        )
    if rare:
        fields[MORE] = {"collapsed": True, "fields": rare}
    return {"fields": fields}


def _field(action: Action, field: ActionField) -> dict[str, Any]:
    looks = action.looks_of(field.name)
    entry: dict[str, Any] = {"required": True} if field.required else {}
    if "default" in looks:
        entry["default"] = looks["default"]
    if "example" in looks and not field.slugs:
        entry["example"] = looks["example"]
    return entry | {"selector": _selector(action, field, looks)}


def _selector(
    action: Action, field: ActionField, looks: dict[str, Any]
) -> dict[str, Any]:
    match field.kind:
        case Kind.WORD | Kind.WORDS:
            return {"select": _select(action, field)}
        case Kind.TEXT if field.slugs:
            return {"select": _select(action, field) | {"custom_value": True}}
        case Kind.INTEGER | Kind.NUMBER:
            return {"number": _number(field, looks)}
        case Kind.MOMENT:
            return {"datetime": None}
        case Kind.BOOLEAN:
            return {"boolean": None}
        case Kind.TEXTS:
            return {"text": {"multiple": True}}
        case Kind.INTEGERS:
            return {"text": {"multiple": True, "type": "number"}}
        case Kind.TEXT | Kind.DATA:
            return {"text": {"multiline": True} if looks.get("multiline") else None}
        case Kind.OBJECT | Kind.OBJECTS | Kind.ANYTHING:
            return {"object": None}


def _select(action: Action, field: ActionField) -> dict[str, Any]:
    key = action.looks["selects"][field.name]
    select = {"options": list(field.slugs), "translation_key": key}
    if field.kind is Kind.WORDS:
        select["multiple"] = True
    return select


def _number(field: ActionField, looks: dict[str, Any]) -> dict[str, Any]:
    number = {"min": looks.get("min", 0), "max": looks.get("max", _MOST)}
    number |= {"mode": "box"}
    if field.kind is Kind.NUMBER:
        number["step"] = "any"
    if unit := looks.get("unit"):
        number["unit_of_measurement"] = unit
    return number


# --- icons and translations -------------------------------------------------------------


def _icons(text: str) -> str:
    icons = json.loads(text)
    for action in actions():
        icons["services"][action.name] = {"service": action.looks["icon"]}
    icons["services"] = dict(sorted(icons["services"].items()))
    return _json(icons)


def _translations(text: str, language: str) -> str:
    texts = json.loads(text)
    for action in actions():
        texts["services"][action.name] = described(action, language)
    texts["services"] = dict(sorted(texts["services"].items()))
    texts["selector"] = dict(sorted((texts["selector"] | selects(language)).items()))
    return _json(texts)


def _json(content: Any) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
