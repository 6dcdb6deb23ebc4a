"""What a charger did and was told: the truth that the store is held against."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

# How the store names the reasons that our chargers give.
REASONS = {
    "Local": "local",
    "EVDisconnected": "ev_disconnected",
    "PowerLoss": "power_loss",
    "Remote": "remote",
}


@dataclass(eq=False)
class Session:
    """One session of one connector. Registers are in Wh."""

    station: str
    connector: int
    start: dict[str, Any]
    # Whether its times can be believed.
    dated: bool = True
    stop: dict[str, Any] | None = None
    # Every id the central system was heard to give it, also in answers that were lost.
    ids: set[int] = field(default_factory=set)
    # The id the charger knows it by. Only one that gave up asking has none in the end.
    id: int | None = None
    gave_up: bool = False
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

    @property
    def started(self) -> datetime:
        """Return when it started, as the charger says."""
        return moment(self.start["timestamp"])

    @property
    def ended(self) -> datetime:
        """Return when it ended, as the charger says."""
        assert self.stop is not None
        return moment(self.stop["timestamp"])

    @property
    def energy(self) -> int:
        """Return how much it charged in all."""
        assert self.stop is not None
        return int(self.stop["meterStop"] - self.start["meterStart"])

    @property
    def running(self) -> bool:
        """Return whether it charges now."""
        return self.stop is None

    def __str__(self) -> str:
        """Return what it takes to find it."""
        return f"{self.station}/{self.connector} {self.start} … {self.stop}, {self.ids}"


def moment(text: str) -> datetime:
    """Return a time as the store keeps it: UTC without saying so."""
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
