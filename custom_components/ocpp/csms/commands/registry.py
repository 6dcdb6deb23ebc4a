"""The registry: every command, from its declaration and the schemas of each version."""

from ..versions import V16
from . import v16
from .command import Command, snake
from .declaration import DECLARED

COMMANDS: dict[str, Command] = {
    snake(declared.v16): Command(
        name=snake(declared.v16),
        actions={V16: declared.v16},
        # A command that was just declared has no fields until scripts/generate ran.
        fields={V16: v16.FIELDS.get(declared.v16, ())},
        accepted=declared.accepted,
        administrator=declared.administrator,
        numbered=declared.numbered,
    )
    for declared in DECLARED
}
# By what the versions call it. An action that is not among them has no status to judge by.
ACCEPTED: dict[str, frozenset[str] | None] = {
    action: command.accepted
    for command in COMMANDS.values()
    for action in command.actions.values()
}
