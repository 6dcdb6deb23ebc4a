"""Limits of which nobody knows whether they are in force: a command was not answered."""

from ...model import Payload
from ...versions import V2, V16, V21
from ..block import unanswered
from .holding import Holding


class Doubt(Holding):
    """Has every limit told again that the station may have had taken from it, or replaced.

    The next wish is sent then, whatever it is, and what stands when the station is back.
    """

    @unanswered("SetChargingProfile", V16, *V2)
    def on_profile_unanswered(self, payload: Payload) -> None:
        """Know that the station may have another profile than before."""
        evse, _ = self._spelling.read_setting(payload)
        self._doubt(evse)

    @unanswered("RemoteStartTransaction", V16)
    @unanswered("RequestStartTransaction", *V2)
    def on_start_unanswered(self, payload: Payload) -> None:
        """Know that a session may begin with a profile of its own."""
        start = self._spelling.read_start(payload)
        if start.profile is not None:
            self._doubt(start.evse)

    @unanswered("ClearChargingProfile", V16, *V2)
    def on_clearing_unanswered(self, payload: Payload) -> None:
        """Know that the station may have nothing any more of what was to be cleared."""
        names = self._spelling.read_clearing(payload) or {}
        self._doubt(names.get("evse", 0))

    @unanswered("UpdateDynamicSchedule", V21)
    def on_update_unanswered(self, payload: Payload) -> None:
        """Know that a dynamic profile may say something else."""
        held = self.installed.dynamic(payload["chargingProfileId"])
        self._doubt(held.evse if held is not None else 0)

    def _doubt(self, evse: int) -> None:
        """Count on no limit of an EVSE; with 0, on none at all."""
        limited = self.limits.keys() | self._standing
        self._unsure |= {evse} if evse else limited
        self.station.remember()
