"""Sessions that go on after their station restarted, or had no power for a while."""

from typing import TYPE_CHECKING

from ...errors import OcppError
from ...model import ChargingProfile, Payload
from . import v2
from .composite import SESSION
from .holding import Holding
from .limits import is_for
from .profiles import Purpose

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

_OURS = "CSO"


class Resuming(Holding):
    """Tells a session again what it was told before (B13, E17)."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin with no session that was interrupted."""
        super().__init__(station)
        # By id, the profiles of the sessions that ran when the station last restarted.
        self._interrupted: dict[int, ChargingProfile] = {}

    def on_interrupted(self) -> None:
        """Keep in mind what sessions were told: some go on, and the station forgets it.

        One that keeps it over a restart is not told again.
        """
        kept = self._keeps_profiles
        self._interrupted = {} if kept else self._interrupted | self._of_sessions()
        if kept:
            self._unsure -= {
                evse
                for evse, limit in self.limits.items()
                if is_for(limit, Purpose.TRANSACTION)
            }

    @property
    def _keeps_profiles(self) -> bool:
        """Return whether the station says that it keeps profiles of sessions."""
        flag = self.station.device_model.flag
        keeps = flag(
            "SmartChargingCtrlr", "ChargingProfilePersistence", instance=SESSION
        )
        return not self.speaks_16 and keeps is True

    def _of_sessions(self) -> dict[int, ChargingProfile]:
        return {
            it.id: it
            for it in self.installed.profiles
            if (it.purpose, it.source) == (SESSION, _OURS)
            and it.transaction is not None
        }

    def on_resumed(self, evse: int) -> None:
        """Tell the session of an EVSE again what it was told, behind the answer.

        The same profile (B13.FR.31, E17.FR.15).
        """
        if not self.station.options.quiet and not self._keeps_profiles:
            self.station.afterwards(self._tell_session_soon, evse)

    def _tell_session_soon(self, evse: int) -> None:
        self.station.spawn(self._tell_session_again(evse))

    async def _tell_session_again(self, evse: int) -> None:
        async with self._order:
            running = self.station.transactions.running(evse)
            told = self._interrupted | self._of_sessions()
            for held in told.values():
                if held.evse != evse or self.station.v2x.has_ended(held):
                    continue
                self._interrupted.pop(held.id, None)
                if running is not None and held.transaction == running.number:
                    await self._tell_again(held, running.id)
        await self.station.v2x.on_resumed(evse)
        self.station.flush()

    async def _tell_again(self, held: ChargingProfile, session: str) -> None:
        payload: Payload = v2.setting(held.evse, v2.written(held, session))
        self._climbing = payload
        try:
            await self.command("SetChargingProfile", payload)
        except OcppError as error:
            self.station.note(f"profile: not accepted again ({type(error).__name__})")
            return
        limit = self.limits.get(held.evse)
        place = held.id, held.evse, held.purpose, held.stack_level
        if limit is not None and self._place(held.evse, limit) == place:
            self._unsure.discard(held.evse)
