"""What a charger did and was told: the truth that the store is held against."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, auto

# How the store names the reasons that our chargers give.
REASONS = {
    "Local": "local",
    "EVDisconnected": "ev_disconnected",
    "PowerLoss": "power_loss",
    "Remote": "remote",
}


class Fact(Enum):
    """What is told of a session once, though not always at its start."""

    TOKEN = auto()
    PLACE = auto()


ALL_FACTS = frozenset(Fact)


@dataclass(eq=False)
class Session:
    """One session of one connector. Registers are in Wh, times as the charger writes them."""

    station: str
    connector: int
    token: str
    meter_start: int
    start_time: str
    # Whether its times can be believed.
    dated: bool = True
    meter_stop: int | None = None
    end_time: str | None = None
    reason: str | None = None
    # Every id the central system was heard to give it, also in answers that were lost.
    ids: set[int] = field(default_factory=set)
    # The id the charger knows it by, which is a text where the charger gave it itself.
    # Only one that gave up asking has none in the end.
    id: int | str | None = None
    gave_up: bool = False
    # How many events its charger numbered.
    events: int = 0
    # What was not told with the start; and what was sent and acknowledged of it all.
    late: frozenset[Fact] = frozenset()
    sent: frozenset[Fact] = frozenset()
    answered: frozenset[Fact] = frozenset()
    # Its charger lost its memory before it had told everything.
    forgotten: bool = False
    start_sent: bool = False
    start_answered: bool = False
    stop_sent: bool = False
    stop_answered: bool = False
    # The register that the central system was last told; and that it acknowledged, in the
    # present life.
    told: int = 0
    acknowledged: int = 0

    def end(self, register: int, at: str, reason: str) -> None:
        """End it."""
        self.meter_stop, self.end_time, self.reason = register, at, reason

    @property
    def started(self) -> datetime:
        """Return when it started, as the charger says."""
        return moment(self.start_time)

    @property
    def ended(self) -> datetime:
        """Return when it ended, as the charger says."""
        assert self.end_time is not None
        return moment(self.end_time)

    @property
    def energy(self) -> int:
        """Return how much it charged in all."""
        assert self.meter_stop is not None
        return self.meter_stop - self.meter_start

    @property
    def energy_told(self) -> int:
        """Return how much of it the central system was told while it ran."""
        return max(self.told - self.meter_start, 0)

    @property
    def running(self) -> bool:
        """Return whether it charges now."""
        return self.meter_stop is None

    def __str__(self) -> str:
        """Return what it takes to find it."""
        late = ", ".join(fact.name for fact in self.late)
        return (
            f"{self.station}/{self.connector} {self.id} {self.ids} {self.token!r}"
            f" {self.meter_start} {self.start_time} …"
            f" {self.meter_stop} {self.end_time} {self.reason}"
            f"{f' ({late} late)' if late else ''}"
        )


def moment(text: str) -> datetime:
    """Return a time as the store keeps it: UTC without saying so."""
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
