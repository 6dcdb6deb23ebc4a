"""What a command is: its name, its spelling in each version, its fields, its answers."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from enum import StrEnum
from itertools import pairwise

from ..versions import Version

# The field that the chosen device can stand for.
CONNECTOR = "connector_id"


class Kind(StrEnum):
    """What a field of a request holds."""

    TEXT = "text"
    # Text of a vendor's own, which may stand for something that is not text.
    DATA = "data"
    # One of a few words of the specification.
    WORD = "word"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    MOMENT = "moment"
    TEXTS = "texts"
    OBJECT = "object"
    OBJECTS = "objects"


def snake(name: str) -> str:
    """Write a name of the specification in words: GetLog is get_log."""
    words = name[:1].lower()
    for before, char in pairwise(name):
        words += f"_{char.lower()}" if char.isupper() and before.islower() else char
    return words.lower()


def fold(word: str) -> str:
    """Return a word without its spelling: SignCertificate and sign_certificate are one."""
    return "".join(char for char in word if char.isalnum()).casefold()


@dataclass(frozen=True)
class Field:
    """One field of a request as one version has it.

    `name` is what people call it, whatever the version; `key` is the specification's name.
    `words` are those of an enumeration: what people say, and how the version spells it.
    """

    name: str
    key: str
    kind: Kind
    _: KW_ONLY
    required: bool = False
    longest: int | None = None
    words: Mapping[str, str] = field(default_factory=dict)

    def word(self, said: str) -> str | None:
        """Return how the version spells a word, or None where it has no such word."""
        wanted = fold(said)
        return next(
            (
                word
                for slug, word in self.words.items()
                if wanted in (fold(slug), fold(word))
            ),
            None,
        )


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command, and how each version that has it spells it.

    `accepted` are the statuses that mean yes; None where the answer has none. `administrator`
    is for what can do damage. `numbered` are the required numbers that are made up where
    none is given.
    """

    name: str
    actions: Mapping[Version, str]
    fields: Mapping[Version, tuple[Field, ...]]
    accepted: frozenset[str] | None = frozenset({"Accepted"})
    administrator: bool = False
    numbered: frozenset[str] = frozenset()

    def all_fields(self) -> dict[str, list[Field]]:
        """Return how the versions have each field, by its name."""
        found: dict[str, list[Field]] = {}
        for fields in self.fields.values():
            for one in fields:
                found.setdefault(one.name, []).append(one)
        return found

    def is_needed(self, name: str) -> bool:
        """Return whether a field has to be given.

        That is what every version requires that has the command, and nothing fills in.
        """
        spelled = self.all_fields()[name]
        return (
            len(spelled) == len(self.actions)
            and all(field.required for field in spelled)
            and name not in self.numbered
            and name != CONNECTOR
        )
