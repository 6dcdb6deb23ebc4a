"""What there is to say about each generated action, in one language."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
import tomllib
from typing import Any

from custom_components.ocpp.csms.commands import COMMANDS, Command, Kind, widest

HERE = Path(__file__).parent
LANGUAGES = ("en", "de")
MORE = "more"
# What is no command of its own, yet made of the same words: its fields, and which of them
# are required.
CALL = {
    "action": (Kind.TEXT, True),
    "payload": (Kind.OBJECT, False),
    "validate": (Kind.BOOLEAN, False),
    "unanswered": (Kind.BOOLEAN, False),
}


@dataclass(frozen=True, kw_only=True)
class ActionField:
    """One field of an action as a form shows it."""

    name: str
    kind: Kind
    required: bool
    slugs: tuple[str, ...] = ()
    # The versions that have it where not all do, and that require it where not all do.
    only: tuple[str, ...] = ()
    needing: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Action:
    """One action as a form shows it."""

    name: str
    # What OCPP calls the command; empty for what sends any.
    spelled: str
    versions: tuple[str, ...]
    administrator: bool
    # The statuses that mean yes, by version; none where the answer has none.
    accepted: dict[str, frozenset[str]]
    # Whether the answer has many of them.
    many: bool
    fields: tuple[ActionField, ...]

    @property
    def looks(self) -> dict[str, Any]:
        """Return how the action looks."""
        return dict(read("looks")["commands"][self.name])

    @property
    def more(self) -> list[str]:
        """Return the fields that are rarely used."""
        return list(self.looks.get("more", ()))

    def looks_of(self, field: str) -> dict[str, Any]:
        """Return how a field looks, here or wherever there is one of its name."""
        everywhere: dict[str, Any] = read("looks")["fields"].get(field, {})
        here: dict[str, Any] = self.looks.get("fields", {}).get(field, {})
        return everywhere | here


@cache
def read(name: str) -> dict[str, Any]:
    """Return one of the files beside this one."""
    return tomllib.loads((HERE / f"{name}.toml").read_text())


def actions() -> Iterator[Action]:
    """Yield every action that is generated."""
    for command in COMMANDS.values():
        yield Action(
            name=command.name,
            spelled=command.action,
            versions=tuple(version.name for version in command.fields),
            administrator=command.administrator,
            accepted={
                version.name: accepted
                for version, accepted in command.accepted.items()
                if accepted
            },
            many=command.results is not None,
            fields=tuple(_fields(command)),
        )
    yield Action(
        name="call",
        spelled="",
        versions=(),
        administrator=True,
        accepted={},
        many=False,
        fields=tuple(
            ActionField(name=name, kind=kind, required=required)
            for name, (kind, required) in CALL.items()
        ),
    )


def _fields(command: Command) -> Iterator[ActionField]:
    for name, versions in command.all_fields().items():
        slugs = {slug: None for field in versions.values() for slug in field.words}
        needed = command.is_needed(name)
        everywhere = len(versions) == len(command.fields)
        yield ActionField(
            name=name,
            kind=widest(versions.values()),
            required=needed,
            slugs=tuple(slugs),
            only=() if everywhere else tuple(version.name for version in versions),
            needing=()
            if needed
            else tuple(version.name for version in command.needing(name)),
        )


def described(action: Action, language: str) -> dict[str, Any]:
    """Return the words of an action as a translation file has them."""
    words = read(f"words_{language}")
    own = words["commands"][action.name]
    description = own["description"]
    if action.administrator:
        description = f"{description} {words['administrator']}"
    device = ActionField(name="device_id", kind=Kind.TEXT, required=True)
    fields = {
        field.name: {
            "description": _described(field, own, words),
            "name": _words_of(field, own, words)["name"],
        }
        for field in (device, *action.fields)
    }
    text: dict[str, Any] = {
        "description": description,
        "fields": dict(sorted(fields.items())),
        "name": own["name"],
    }
    if action.more:
        text["sections"] = {MORE: {"name": words["more"]}}
    return text


def _words_of(
    field: ActionField, own: dict[str, Any], words: dict[str, Any]
) -> dict[str, str]:
    return dict(own.get("fields", {}).get(field.name) or words["fields"][field.name])


def _described(field: ActionField, own: dict[str, Any], words: dict[str, Any]) -> str:
    """Return what a field is, and which versions have it or require it."""
    said = [_words_of(field, own, words)["description"]]
    if field.only:
        key = "only_and_needed" if field.needing else "only"
        said.append(words[key].format(versions=_listed(field.only, words)))
    elif field.needing:
        said.append(words["needed"].format(versions=_listed(field.needing, words)))
    return " ".join(said)


def _listed(versions: tuple[str, ...], words: dict[str, Any]) -> str:
    """Return the names of versions as a sentence has them."""
    *others, last = versions
    return f"{', '.join(others)} {words['and']} {last}" if others else last


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
