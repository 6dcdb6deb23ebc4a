"""What a command is: its name, its spelling in each version, its fields, its answers."""

from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from enum import StrEnum
import re

from ..versions import Version

# The fields that the chosen device can stand for, as 2.x and as 1.6 have them. A command
# that has several means an EVSE by the first of them.
TARGETS = ("evse_id", "evse", "connector_id")


class Kind(StrEnum):
    """What a field of a request holds."""

    TEXT = "text"
    # Text of a vendor's own, which may stand for something that is not text.
    DATA = "data"
    # One of a few words of the specification.
    WORD = "word"
    WORDS = "words"
    INTEGER = "integer"
    INTEGERS = "integers"
    NUMBER = "number"
    BOOLEAN = "boolean"
    MOMENT = "moment"
    TEXTS = "texts"
    OBJECT = "object"
    OBJECTS = "objects"
    ANYTHING = "anything"


# What takes all that either of two kinds takes, where versions differ.
_WIDER = {
    frozenset({Kind.WORD, Kind.WORDS}): Kind.WORDS,
    # The words are then suggestions.
    frozenset({Kind.WORD, Kind.TEXT}): Kind.TEXT,
    frozenset({Kind.DATA, Kind.ANYTHING}): Kind.ANYTHING,
}
_BEGINS_A_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z0-9])(?=[A-Z][a-z])")


def snake(name: str) -> str:
    """Write a name of the specification in words: GetLog is get_log."""
    return _BEGINS_A_WORD.sub("_", name).lower()


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

    def slug(self, said: str) -> str | None:
        """Return what people call a word however it is spelled, None for an unknown one."""
        wanted = fold(said)
        return next(
            (
                slug
                for slug, word in self.words.items()
                if wanted in (fold(slug), fold(word))
            ),
            None,
        )


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command, and how each version that has it spells it.

    `accepted` are the statuses that mean yes; None where the answer has none. `results` is
    where an answer has many of them: the key of the list, and of the status of each.
    `administrator` is for what can do damage. `numbered` are the required numbers that are
    made up where none is given. `of_one_evse` is for what no station can do as a whole,
    though it would not say so.
    """

    name: str
    action: str
    fields: Mapping[Version, tuple[Field, ...]]
    accepted: Mapping[Version, frozenset[str] | None]
    results: tuple[str, str] | None = None
    administrator: bool = False
    numbered: frozenset[str] = frozenset()
    of_one_evse: bool = False

    def all_fields(self) -> dict[str, dict[Version, Field]]:
        """Return how the versions have each field, by its name."""
        found: dict[str, dict[Version, Field]] = {}
        for version, fields in self.fields.items():
            for one in fields:
                found.setdefault(one.name, {})[version] = one
        return found

    def is_needed(self, name: str) -> bool:
        """Return whether a field always has to be given.

        That is what every version requires that has the command, and nothing fills in.
        """
        return self.needing(name) == list(self.fields)

    def needing(self, name: str) -> list[Version]:
        """Return the versions that require a field which nothing fills in."""
        if name in self.numbered or name in TARGETS:
            return []
        versions = self.all_fields()[name]
        return [version for version, field in versions.items() if field.required]


def spelled(said: str, field: Field, fields: Iterable[Field]) -> str:
    """Return how a field spells a word that any of the versions' fields knows.

    Text that is a word elsewhere is spelled as it is there. What is no word is returned
    as it is.
    """
    for one in (field, *fields):
        slug = one.slug(said)
        words = field.words or one.words
        if slug is not None and slug in words:
            return words[slug]
    return said


def widest(fields: Iterable[Field]) -> Kind:
    """Return what kind of field takes what any of the versions takes.

    Raises `ValueError` where they have nothing in common.
    """
    kinds = frozenset(field.kind for field in fields)
    if len(kinds) == 1:
        return next(iter(kinds))
    if (kind := _WIDER.get(kinds)) is None:
        raise ValueError(f"{sorted(kinds)} have nothing in common")
    return kind
