"""How the energy of sessions may flow: what people decide, and who is told (Q01, Q02)."""

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, override

from ...energy_transfer import MODES, gives_back, spelled
from ...errors import CommandTimedOut, OcppError, StationOffline
from ...model import Part, Topic, Transaction
from ...versions import V21
from ..block import Block
from .flow import Needs

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

V2X, _ISO = "V2XChargingCtrlr", "ISO15118Ctrlr"
PART = "v2x"
_NOTIFY = "NotifyAllowedEnergyTransfer"
# In seconds: how long to wait after a station did not do what has to be done.
_AGAIN = 120.0


class Transfer(Block):
    """Tells a station whether cars may be discharged, and knows where it says no."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin with nobody told."""
        super().__init__(station)
        # What people decided when it was last looked at, and the sessions that are to be
        # told something else since; those that were offered to discharge later on, and
        # those whose station said no.
        self._decided = station.settings.may_discharge
        self._settings = station.settings
        self._untold: set[int] = set()
        self._offered: set[int] = set()
        self._refused: set[int] = set()
        self._waiting: asyncio.Task[None] | None = None
        station.watch(Part(Topic.INFO), self._on_settings)

    # --- what may flow ------------------------------------------------------------------

    @property
    def _negotiates(self) -> bool:
        """Return whether how energy may flow is told to the station (Q01.FR.01)."""
        flag = self.station.device_model.flag
        places = (0, *self.station.evses)
        return self.station.version is V21 and all(
            any(flag(of, "Enabled", evse=it) for it in places) for of in (_ISO, V2X)
        )

    def may(self, mode: str | None) -> bool:
        """Return whether a car may have a way of energy to flow that it asks for (Q01.FR.04)."""
        if self.station.version is not V21 or mode is None or not gives_back(mode):
            return True
        return bool(self.station.settings.may_discharge)

    def allowed(self) -> list[str]:
        """Return how energy may flow; none while nobody decided, or it is not to be told."""
        if self.station.settings.may_discharge is None or not self._negotiates:
            return []
        return self._allowed()

    def _allowed(self) -> list[str]:
        words = self.station.device_model.words
        told = {
            spelled(word)
            for evse in (0, *self.station.evses)
            for word in words(V2X, "SupportedEnergyTransferModes", evse=evse)
        }
        may = [it for it in MODES if self.may(it)]
        # A list that has none would say nothing.
        return [it for it in may if it in told] or may

    def _on_settings(self) -> None:
        """Act on what people decided anew: at once, also for sessions that run (Q02.FR.05)."""
        is_other = self._settings is not self.station.settings
        self._settings = self.station.settings
        before, self._decided = self._decided, self._settings.may_discharge
        if bool(before) is not bool(self._decided):
            self._owe()
            self.station.remember()
        elif not (is_other and self._has_to_correct):
            return
        self.station.spawn(self._act())

    def _owe(self) -> None:
        if self._negotiates:
            self._untold |= {it.number for it in self._running()}

    def _running(self) -> list[Transaction]:
        running = map(self.station.transactions.running, self.station.evses)
        return [it for it in running if it is not None]

    async def _act(self) -> None:
        await self._correct()
        for session in self._running():
            if session.number in self._untold:
                await self._quietly(self._tell(session))
        self.station.flush()
        if self._has_to_correct and self.station.connected and self._waiting is None:
            self._waiting = self.station.spawn(self._act_later())

    async def _act_later(self) -> None:
        await asyncio.sleep(_AGAIN)
        self._waiting = None
        await self._act()

    @property
    def _has_to_correct(self) -> bool:
        """Return whether a session does what it must not, told so from here."""
        raise NotImplementedError

    async def _correct(self) -> None:
        """Have sessions charge only that are not to do more, and none have too much."""
        raise NotImplementedError

    async def _quietly(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except OcppError as error:
            self.station.note(f"discharging: {type(error).__name__}")

    async def _tell(self, session: Transaction) -> None:
        """Tell the station how the energy of a session may flow; know if it says no."""
        payload = {
            "transactionId": session.id,
            "allowedEnergyTransfer": self._allowed(),
        }
        try:
            await self.command(_NOTIFY, payload)
        except StationOffline, CommandTimedOut:
            # It is told when it is back.
            self._untold.add(session.number)
            raise
        except OcppError:
            self._untold.discard(session.number)
            self._refuse(session.number, refused=True)
            raise
        self._untold.discard(session.number)
        self._refuse(session.number, refused=False)
        self.station.remember()

    @property
    def refused(self) -> bool:
        """Return whether the station goes on with a session as it was told before."""
        return bool(self._refused)

    def _refuse(self, number: int, *, refused: bool) -> None:
        if refused is not (number in self._refused):
            self._refused ^= {number}
            self.changed(Topic.LIMIT, 0, PART)

    # --- what cars and sessions do ------------------------------------------------------

    def on_needs(self, evse: int, needs: Needs) -> None:
        """Offer a car to discharge it that could, and was not told yet that it may (Q02)."""
        running = self.station.transactions.running(evse)
        if (
            running is None
            or not needs.could_discharge
            or not self.station.settings.may_discharge
            or not self._negotiates
            or running.number in self._offered
        ):
            return
        self._offered.add(running.number)
        self._untold.add(running.number)
        self.station.afterwards(self._act_soon)

    def _act_soon(self) -> None:
        self.station.spawn(self._act())

    def on_session_over(self, evse: int) -> None:
        """Know nothing more of a session that is over."""
        running = {it.number for it in self._running()}
        for number in self._refused - running:
            self._refuse(number, refused=False)
        self._untold &= running
        self._offered &= running

    @override
    async def prepare(self, *, booted: bool) -> None:
        """Tell the station what it was not told while it was away."""
        await self._act()

    # --- memory -------------------------------------------------------------------------

    @override
    def recall(self, facts: dict[str, Any]) -> None:
        """Take up what was decided, and which sessions are to be told."""
        self._untold = set(facts.get("untold", ()))
        self._offered = set(facts.get("offered", ()))
        if facts:
            self._decided = facts.get("decided")

    def on_loaded(self) -> None:
        """Know no more of sessions that ended meanwhile; those that run are known by now."""
        numbers = {it.number for it in self._running()}
        self._untold &= numbers
        self._offered &= numbers
        if bool(self._decided) is not bool(self.station.settings.may_discharge):
            self._owe()
        self._decided = self.station.settings.may_discharge

    @override
    def facts(self) -> dict[str, Any]:
        """Keep what was decided, and which sessions are to be told."""
        known = {
            "untold": sorted(self._untold),
            "offered": sorted(self._offered),
            "decided": self._decided,
        }
        return {name: it for name, it in known.items() if it}
