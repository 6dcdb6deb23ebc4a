"""The registry: every command, from its declaration and the schemas of each version."""

from ..versions import V16, V21, V201, Version
from . import v16, v21, v201
from .command import Command, Field, snake
from .declaration import DECLARED, Declared

_FIELDS: dict[Version, dict[str, tuple[Field, ...]]] = {
    V16: v16.FIELDS,
    V201: v201.FIELDS,
    V21: v21.FIELDS,
}


def _command(declared: Declared) -> Command:
    return Command(
        name=snake(declared.name),
        action=declared.name,
        # A command that was just declared has no fields until scripts/generate ran.
        fields={
            version: _FIELDS[version].get(declared.name, ())
            for version in declared.versions
        },
        accepted={
            version: declared.accepted_in.get(version, declared.accepted)
            for version in declared.versions
        },
        results=declared.results,
        administrator=declared.administrator,
        numbered=declared.numbered,
        of_one_evse=declared.of_one_evse,
    )


COMMANDS: dict[str, Command] = {
    command.name: command for command in map(_command, DECLARED)
}
# By what OCPP calls them.
BY_ACTION: dict[str, Command] = {
    command.action: command for command in COMMANDS.values()
}
