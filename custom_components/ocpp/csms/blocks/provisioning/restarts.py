"""Functional block B: restarts that wait, and connections that hold after one."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ...events import Event, SessionEnded
from ...model import Payload, Topic
from ...versions import V2
from ..block import Block, follows

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

# What of a network profile is no secret. Its address is kept without a password, too.
_KEPT = (
    "messageTimeout",
    "ocppInterface",
    "ocppTransport",
    "ocppVersion",
    "securityProfile",
)
# More slots than any station has.
_MOST_SLOTS = 20


class Restarts(Block):
    """Which restarts a station has put off, and by which ways it may connect."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin with no restart."""
        super().__init__(station)
        # The EVSEs that restart as soon as nobody charges there; 0 is the station.
        self._scheduled: set[int] = set()
        # By slot, what the station was told of a way to connect (B09).
        self.network_profiles: dict[int, dict[str, Any]] = {}
        station.follow(self._on_event)

    # --- restarts that wait (B11, B12) ------------------------------------------------------

    def is_scheduled(self, evse: int = 0) -> bool:
        """Return whether a restart of an EVSE, or of the station, waits for its moment."""
        return evse in self._scheduled or 0 in self._scheduled

    @follows("Reset", *V2)
    def on_reset(self, payload: Payload, answer: Payload) -> None:
        """Know that a restart waits until nobody charges (B12)."""
        evse = payload.get("evseId", 0)
        if answer.get("status") == "Scheduled":
            self._set(self._scheduled | {evse})
        elif evse:
            self._set(self._scheduled - {evse})

    def on_boot(self) -> None:
        """Know that the station did restart."""
        self._set(set())

    def _on_event(self, event: Event) -> None:
        """Know that an EVSE restarts, now that its session is over."""
        if self._scheduled and isinstance(event, SessionEnded):
            # Where it is not known which EVSE is free now, none is.
            self._set(self._scheduled - ({event.transaction.evse} - {0}))
            self.station.flush()

    def _set(self, scheduled: set[int]) -> None:
        if scheduled == self._scheduled:
            return
        self._scheduled = scheduled
        for evse in (0, *self.station.evses):
            self.changed(Topic.RESET, evse)
        self.station.remember()

    # --- ways to connect (B09, B10) ---------------------------------------------------------

    @follows("SetNetworkProfile", *V2)
    def on_network_profile(self, payload: Payload, answer: Payload) -> None:
        """Know what is in a slot of the station, without its secrets (B09)."""
        data, slot = payload["connectionData"], payload["configurationSlot"]
        if slot not in self.network_profiles and (
            len(self.network_profiles) >= _MOST_SLOTS
        ):
            return
        self.network_profiles[slot] = {
            "ocppCsmsUrl": _without_secrets(data["ocppCsmsUrl"])
        } | {key: data[key] for key in _KEPT if key in data}
        self.station.remember()

    # --- memory -----------------------------------------------------------------------------

    def recall(self, facts: dict[str, Any]) -> None:
        """Take up which restarts wait, and the ways to connect."""
        self._scheduled = set(facts.get("scheduled", ()))
        self.network_profiles = {
            int(slot): profile
            for slot, profile in facts.get("network_profiles", {}).items()
        }

    def facts(self) -> dict[str, Any]:
        """Keep which restarts wait, and the ways to connect."""
        if not self._scheduled and not self.network_profiles:
            return {}
        return {
            "scheduled": sorted(self._scheduled),
            "network_profiles": {
                str(slot): profile for slot, profile in self.network_profiles.items()
            },
        }


def _without_secrets(url: str) -> str:
    """Return where an address leads, without a user, a password or a query."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return ""
    return f"{parts.scheme}://{host}{parts.path}"
