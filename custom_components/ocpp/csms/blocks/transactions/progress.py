"""What a 2.x station tells of a transaction beside its energy."""

from dataclasses import dataclass, field
from typing import Any, Self

# What is missing beyond this is not listed: a station that skips that much says nothing
# with its numbers.
_MOST_MISSING = 1_000


@dataclass
class Progress:
    """The newest charging state, the connector, and which events came (E01.FR.07)."""

    charging_state: str = ""
    connector: int = 0
    # The newest number, and those before it that did not come (yet).
    newest: int | None = None
    missing: set[int] = field(default_factory=set)

    def take(self, number: int | None) -> None:
        """Take note of an event's number. They need not begin at 0."""
        if number is None:
            return
        if self.newest is None:
            self.newest = number
        elif number > self.newest:
            # As a number: no range is as long as two numbers can be apart.
            skipped = number - self.newest - 1
            if len(self.missing) + skipped <= _MOST_MISSING:
                self.missing.update(range(self.newest + 1, number))
            self.newest = number
        else:
            self.missing.discard(number)

    @property
    def complete(self) -> bool:
        """Return whether no event is missing, as far as can be known."""
        return not self.missing

    def as_dict(self) -> dict[str, Any]:
        """Return everything that must survive a restart."""
        return {
            "charging_state": self.charging_state,
            "connector": self.connector,
            "newest": self.newest,
            "missing": sorted(self.missing),
        }

    @classmethod
    def recall(cls, kept: dict[str, Any]) -> Self:
        """Return what `as_dict` was."""
        return cls(
            kept.get("charging_state", ""),
            kept.get("connector", 0),
            kept.get("newest"),
            set(kept.get("missing", ())),
        )
