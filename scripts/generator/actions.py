"""What there is to say about each generated action, in one language."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
import tomllib
from typing import Any

from custom_components.ocpp.csms.commands import COMMANDS, Kind

HERE = Path(__file__).parent
LANGUAGES = ("en", "de")
MORE = "more"
# What is no command of its own, yet made of the same words: its fields, and which of them
# are required.
CALL = {
    "action": (Kind.TEXT, True),
    "payload": (Kind.OBJECT, False),
    "validate": (Kind.BOOLEAN, False),
}


@dataclass(frozen=True, kw_only=True)
class ActionField:
    """One field of an action as a form shows it."""

    name: str
    kind: Kind
    required: bool
    slugs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Action:
    """One action as a form shows it."""

    name: str
    # What OCPP calls the command, by version; empty for what sends any.
    spelled: dict[str, str]
    administrator: bool
    # The statuses that mean yes; none where the answer has none.
    accepted: frozenset[str]
    fields: tuple[ActionField, ...]

    @property
    def looks(self) -> dict[str, Any]:
        """Return how the action looks."""
        return dict(read("looks")["commands"][self.name])

    @property
    def more(self) -> list[str]:
        """Return the fields that are rarely used."""
        return list(self.looks.get("more", ()))


@cache
def read(name: str) -> dict[str, Any]:
    """Return one of the files beside this one."""
    return tomllib.loads((HERE / f"{name}.toml").read_text())


def actions() -> Iterator[Action]:
    """Yield every action that is generated."""
    for command in COMMANDS.values():
        fields = []
        for name, spelled in command.all_fields().items():
            slugs = {slug: None for field in spelled for slug in field.words}
            fields.append(
                ActionField(
                    name=name,
                    kind=spelled[0].kind,
                    required=command.is_needed(name),
                    slugs=tuple(slugs),
                )
            )
        yield Action(
            name=command.name,
            spelled={version.name: name for version, name in command.actions.items()},
            administrator=command.administrator,
            accepted=command.accepted or frozenset(),
            fields=tuple(fields),
        )
    yield Action(
        name="call",
        spelled={},
        administrator=True,
        accepted=frozenset(),
        fields=tuple(
            ActionField(name=name, kind=kind, required=required)
            for name, (kind, required) in CALL.items()
        ),
    )


def described(action: Action, language: str) -> dict[str, Any]:
    """Return the words of an action as a translation file has them."""
    words = read(f"words_{language}")
    own = words["commands"][action.name]
    description = own["description"]
    if action.administrator:
        description = f"{description} {words['administrator']}"
    fields = {
        name: dict(own.get("fields", {}).get(name) or words["fields"][name])
        for name in ("device_id", *(field.name for field in action.fields))
    }
    text: dict[str, Any] = {
        "description": description,
        "fields": {
            name: {"description": field["description"], "name": field["name"]}
            for name, field in sorted(fields.items())
        },
        "name": own["name"],
    }
    if action.more:
        text["sections"] = {MORE: {"name": words["more"]}}
    return text


def selects(language: str) -> dict[str, Any]:
    """Return the words of the selections as a translation file has them.

    Raises `KeyError` for a selection, or an option, that has no words.
    """
    words = read(f"words_{language}")["selects"]
    options: dict[str, dict[str, str]] = {}
    for action in actions():
        for field in action.fields:
            for slug in field.slugs:
                key = action.looks["selects"][field.name]
                options.setdefault(key, {})[slug] = words[key][slug]
    return {
        key: {"options": dict(sorted(option.items()))}
        for key, option in sorted(options.items())
    }
