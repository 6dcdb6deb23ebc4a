"""Functional block A: moving a station to another security profile (A05)."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ...admission import Arrival, Refusal, refusal
from ...errors import CannotMove, MoveFailed, OcppError, StationOffline
from ...model import Part, Topic, utcnow
from ...variables import at
from . import v2, v16
from .papers import Signing, comes_with, has_root, shown_number, shows_certificate
from .steps import Entrance, Moved, Step

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

__all__ = ["PATIENCE", "Entrance", "Moved", "SecurityProfiles", "Step"]

# In seconds: how long a station may stay away before it is given up.
PATIENCE = 15 * 60
# In seconds: how soon a station has to leave once it agreed to connect in another way, or
# to restart.
_LEAVES_WITHIN = 30
_RESTARTS_WITHIN = 300
# From this profile on a connection is encrypted, and from that one on a certificate stands
# in for the password.
_ENCRYPTED, _CERTIFIED = 2, 3


@dataclass(kw_only=True)
class _Move:
    """A station that is on its way; `until` is None while it has not left yet.

    `certificate` is the number of the one of ours that it has to come with, if any.
    """

    target: int
    patience: float
    organisation: str = ""
    until: datetime | None = None
    certificate: str = ""


class SecurityProfiles(Signing):
    """Which security profile a station is on its way to.

    The old way in stays open until the station came by the new one. Only then more is asked
    of it than before; a station that never comes there is let in as it always was.
    """

    def __init__(self, station: ChargingStation) -> None:
        """Begin with nothing on its way."""
        super().__init__(station)
        # Whether it is being moved, what is being done, and what was done before that.
        self.busy = False
        self.step: Step | None = None
        self.done: list[Step] = []
        # The profile that the station did not come back with.
        self.failed: int | None = None
        # Called with the profile that the station came back with.
        self.on_moved: Callable[[int], None] = lambda _: None
        # In which order the station tried its connections before.
        self._before = ""
        self._move: _Move | None = None
        self._left, self._there = asyncio.Event(), asyncio.Event()
        # What waits for the end of a session, and may be given up for something else.
        self._postponed: asyncio.Task[None] | None = None
        self._turned = asyncio.Event()
        station.watch(Part(Topic.CONNECTION), self._on_connection)

    # --- who comes in -------------------------------------------------------------------

    @property
    def least(self) -> int:
        """Return the profile that a station has to have to come in now (A05.FR.07)."""
        wanted = self.station.settings.security_profile
        return min(wanted, self._move.target) if self._move is not None else wanted

    def on_arrival(self, arrival: Arrival) -> None:
        """Know by which way the station comes in, just before it has its socket."""
        if (move := self._move) is None:
            return
        self._left.set()
        if self._is_at(arrival, move.target, move.organisation) and comes_with(
            arrival, move.certificate
        ):
            self._there.set()

    def gave(self, number: str) -> bool:
        """Return whether the station is on its way with a certificate of that number."""
        return self._move is not None and self._move.certificate == number

    def on_given(self, number: str) -> None:
        """Expect a station that was given one more certificate to come with that."""
        if (
            self._move is not None
            and self._move.certificate
            and not self._left.is_set()
        ):
            self._move.certificate = number
            self.station.remember()

    def _is_at(self, arrival: Arrival, target: int, organisation: str) -> bool:
        """Return whether an arrival is as a profile has it, and no better."""
        if arrival.encrypted is not (target >= _ENCRYPTED):
            return False
        if target < _CERTIFIED and not self.station.passwords.is_set:
            return False
        return self._refusal(arrival, target, organisation) is None

    def _refusal(
        self, arrival: Arrival, profile: int, organisation: str
    ) -> Refusal | None:
        info = self.station.provisioning.info
        return refusal(
            arrival,
            profile=profile,
            serial=info.serial if info is not None else None,
            organisation=organisation,
        )

    def _on_connection(self) -> None:
        if not self.station.connected:
            self._left.set()

    # --- moving -------------------------------------------------------------------------

    async def change(
        self, target: int, entrance: Entrance, *, patience: float = PATIENCE
    ) -> Moved:
        """Move the station to a profile, 1 to 3, and wait until it comes back with it.

        `patience` is in seconds, from when the station left on. Raises `CannotMove` before
        anything is sent, and `MoveFailed`, after which the station may come in as before. It
        goes on where nobody waits for it any more.
        """
        if self.busy and self._postponed is None:
            raise CannotMove("already_moving")
        if not entrance.is_open:
            encrypted = target >= _ENCRYPTED
            raise CannotMove("no_encryption" if encrypted else "no_plain")
        if not self.station.connected:
            raise StationOffline
        if self._postponed is not None:
            self._postponed.cancel()
            self._postponed = self._move = self.step = None
        self.done, self.failed, self.busy = [], None, True
        self.changed(Topic.INFO)
        self.station.flush()
        moving = self.station.spawn(self._change(target, entrance, patience))
        # Somebody has to have seen it, also where nobody waits.
        moving.add_done_callback(lambda it: it.cancelled() or it.exception())
        try:
            return await asyncio.shield(moving)
        except asyncio.CancelledError:
            if moving.cancelled():
                raise StationOffline from None
            raise

    def begin(self, step: Step) -> None:
        """Go on to the next step."""
        self._go_on_to(step)

    def _go_on_to(self, step: Step | None, *, done: bool = True) -> None:
        if self.step is not None and done:
            self.done.append(self.step)
        self.step = step
        self.busy = step is not None
        self._turned.set()
        self._turned = asyncio.Event()

    def next_step(self) -> Awaitable[object]:
        """Return what ends when something else is being done, or nothing any more."""
        return self._turned.wait()

    async def _change(self, target: int, entrance: Entrance, patience: float) -> Moved:
        try:
            waits = await self._set_off(target, entrance, patience)
            if waits is None:
                return Moved(profile=target, steps=tuple(self.done))
        except OcppError as error:
            step, down = self.step, target < self.station.settings.security_profile
            await self._back_out()
            if step is None or isinstance(error, CannotMove):
                raise
            raise MoveFailed(step, error, profile=target, down=down) from error
        arriving = self.station.spawn(self._arrive(waits=waits))
        if waits:
            # Nobody waits for the end of a session.
            self._postponed = arriving
            arriving.add_done_callback(lambda it: it.cancelled() or it.exception())
            return Moved(profile=target, steps=tuple(self.done), waits=True)
        await arriving
        return Moved(profile=target, steps=tuple(self.done))

    async def _set_off(
        self, target: int, entrance: Entrance, patience: float
    ) -> bool | None:
        """Send the station on its way.

        Return whether it leaves only when nobody charges, and None where it is there.
        """
        if target < _CERTIFIED and not self.station.passwords.is_set:
            self.begin(Step.PASSWORD)
            await self._set_password()
        if target >= self.station.settings.security_profile and self._is_there(
            target, entrance
        ):
            self._settle(target)
            return None
        spelling = v16 if self.speaks_16 else v2
        if (
            target >= _ENCRYPTED
            and entrance.root
            and not has_root(self.station, spelling.ROOT, entrance)
        ):
            self.begin(Step.INSTALL_ROOT)
            request = {"certificateType": spelling.ROOT, "certificate": entrance.root}
            await self.command("InstallCertificate", request)
        certificate = await self._certificate() if target >= _CERTIFIED else ""
        self._move = _Move(
            target=target,
            patience=patience,
            organisation=entrance.organisation,
            certificate=certificate,
        )
        self._left.clear()
        self._there.clear()
        self.station.remember()
        waits: bool = await spelling.set_off(self, target, entrance)
        return waits

    async def _certificate(self) -> str:
        """Return the number of the certificate that the station has to come with."""
        if not shows_certificate(self.station):
            self.begin(Step.SIGN_CERTIFICATE)
            await self.have_signed()
            given = self.station.security.certificate
            number = given.serial if given is not None else ""
        else:
            number = shown_number(self.station)
        await self.take_back(but=number)
        return number

    def _is_there(self, target: int, entrance: Entrance) -> bool:
        """Return whether the station came in as a profile has it."""
        arrival = self.station.security.arrival
        return arrival is not None and self._is_at(
            arrival, target, entrance.organisation
        )

    async def _set_password(self) -> None:
        """Give the station a password, which is asked of it once it showed it (A01)."""
        await self.station.passwords.update()
        self.station.remember()

    def goes_back_to(self, priority: str) -> None:
        """Remember in which order the station tried its connections before."""
        self._before = self._before or priority
        self.station.remember()

    # --- coming back --------------------------------------------------------------------

    async def _arrive(self, *, waits: bool = False) -> None:
        """Wait until the station is there; raises `MoveFailed` when it does not come."""
        move = self._move
        assert move is not None  # noqa: S101 - it was set off
        try:
            if waits and self.speaks_16:
                await v16.restart_when_idle(self)
            await self._leave(move, waits=waits)
            await self._return(move)
        except (TimeoutError, OcppError) as error:
            self.failed = move.target
            step = self.step or Step.RETURN
            await self._back_out()
            cause = error if isinstance(error, OcppError) else None
            raise MoveFailed(step, cause, profile=move.target) from error
        self._settle(move.target)

    async def _return(self, move: _Move) -> None:
        """Wait until the station is there; raises `TimeoutError`."""
        while move.until is not None:
            left = (move.until - utcnow()).total_seconds()
            try:
                async with asyncio.timeout(max(0, left)):
                    await self._there.wait()
                    return
            except TimeoutError:
                # It was away for another reason, and still waits until nobody charges.
                if (
                    not self.station.connected
                    or not self.station.restarts.is_scheduled()
                ):
                    raise
                move.until = utcnow() + timedelta(seconds=move.patience)

    async def _leave(self, move: _Move, *, waits: bool) -> None:
        """Wait until the station left; one that does not by itself is disconnected."""
        if self.step is not Step.RETURN:
            self.begin(Step.RETURN)
        if move.until is None:
            restarts = Step.RESTART in self.done
            within = _RESTARTS_WITHIN if restarts else _LEAVES_WITHIN
            try:
                async with asyncio.timeout(None if waits else within):
                    await self._left.wait()
            except TimeoutError:
                if self.station.compatibility.redials and not restarts:
                    self.station.disconnect()
            self._postponed = None
            move.until = utcnow() + timedelta(seconds=move.patience)
            self.station.remember()

    def _settle(self, target: int) -> None:
        """Ask for the profile from now on, since the station is there (A05.FR.07)."""
        move, self._move, self._before = self._move, None, ""
        self._go_on_to(None)
        settings = replace(self.station.settings, security_profile=target)
        self.station.apply_settings(settings)
        self.station.remember()
        if target >= _CERTIFIED:
            given = move.certificate if move is not None else ""
            kept = given or shown_number(self.station)
            self.station.spawn(self.take_back(but=kept))
        self.on_moved(target)

    async def _back_out(self) -> None:
        """Let the station in as before, and have it try its connections as before."""
        move, self._move, self._postponed = self._move, None, None
        self._go_on_to(None, done=False)
        self.changed(Topic.INFO)
        self.station.flush()
        self.station.remember()
        if move is not None and not self._may_stay(move.organisation):
            self.station.disconnect()
        elif self.station.connected:
            with suppress(OcppError):
                await self._restore()

    def _may_stay(self, organisation: str) -> bool:
        """Return whether the station came in as it has to, now that nothing else counts."""
        arrival = self.station.security.arrival
        return not self.station.connected or (
            arrival is not None
            and self._refusal(arrival, self.least, organisation) is None
        )

    async def _restore(self) -> None:
        """Have a station of 2.x try its connections in the order of before."""
        if self._before and self._move is None:
            place = at(*v2.PRIORITY)
            await self.station.device_model.set(place, self._before, anew=True)
            self._before = ""
            self.station.remember()

    async def prepare(self, *, booted: bool) -> None:
        """Put right what could not be while the station was away."""
        if not self.busy:
            await self._restore()

    # --- memory -------------------------------------------------------------------------

    def recall(self, facts: dict[str, Any]) -> None:
        """Go on waiting for a station that was on its way."""
        self._before = facts.get("before", "")
        self.failed = facts.get("failed")
        if kept := facts.get("move"):
            until = kept["until"]
            moment = datetime.fromisoformat(until) if until else None
            self._move = _Move(**kept | {"until": moment})
            self._left.set()
            self.begin(Step.RETURN)
            arriving = self.station.spawn(self._arrive())
            arriving.add_done_callback(lambda it: it.cancelled() or it.exception())

    def facts(self) -> dict[str, Any]:
        """Keep where the station is on its way to, and how it came before."""
        kept: dict[str, Any] = {}
        if (move := self._move) is not None:
            until = move.until.isoformat() if move.until is not None else None
            kept["move"] = asdict(move) | {"until": until}
        if self._before:
            kept["before"] = self._before
        if self.failed is not None:
            kept["failed"] = self.failed
        return kept
