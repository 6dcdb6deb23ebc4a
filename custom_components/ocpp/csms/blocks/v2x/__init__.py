"""Functional block Q: bidirectional charging. Whether cars may be discharged, and how."""

from typing import TYPE_CHECKING, Any, override

from ...energy_transfer import CHARGING, does_more
from ...errors import CannotDischarge, NoTransaction, NotSupported, OcppError
from ...model import Topic, Transaction
from ...versions import V21
from .flow import BOUNDED, CENTRAL, DRIVEN, IDLE, Flow, Steered, read_flow, strongest
from .transfer import PART, V2X, Transfer

if TYPE_CHECKING:
    from ...charging_station import ChargingStation
    from ...model import ChargingProfile

__all__ = ["CENTRAL", "CHARGING", "DRIVEN", "IDLE", "Flow", "V2x"]

_VOLTAGE = 230


class V2x(Transfer):
    """What the sessions of a station may do besides charging, and do.

    Powers are in watts over all phases; those that the car gives are negative, a limit of
    discharging is not.
    """

    def __init__(self, station: ChargingStation) -> None:
        """Begin with sessions that charge."""
        super().__init__(station)
        # The most that cars may give, by EVSE, where people said so.
        self._most: dict[int, float] = {}
        # The sessions that are told from here what to do, by EVSE.
        self._steered: dict[int, Steered] = {}
        self._shown: dict[int, Flow] = {}

    # --- what there is ------------------------------------------------------------------

    def knows(self, evse: int) -> bool:
        """Return whether the station says that it can discharge cars there (Q01.FR.30)."""
        model = self.station.device_model
        return self.station.version is V21 and any(
            model.flag(V2X, "Enabled", evse=where)
            or model.words(V2X, "SupportedOperationModes", evse=where)
            for where in (evse, 0)
        )

    def modes(self, evse: int) -> list[str]:
        """Return the modes of operation that people can choose from.

        Those are not among them that need more than a word: a curve, or somebody who
        measures the grid's frequency.
        """
        words = self.station.device_model.words
        told = next(
            filter(
                None,
                (words(V2X, "SupportedOperationModes", evse=it) for it in (evse, 0)),
            ),
            # Each station has at least these (Q01.FR.31).
            [CHARGING, CENTRAL],
        )
        known = {it.casefold() for it in told} | {CHARGING.casefold()}
        return [mode for mode in DRIVEN if mode.casefold() in known]

    @property
    def most(self) -> float:
        """Return the highest power of the charger, either way."""
        settings = self.station.settings
        return settings.maximum_current * settings.phases * _VOLTAGE

    def most_of(self, evse: int) -> float:
        """Return the highest power of a car, either way, over the phases that it has."""
        phases = self.station.smart_charging.wiring_of_car(evse).phases
        return self.station.settings.maximum_current * phases * _VOLTAGE

    def discharge_limit(self, evse: int) -> float:
        """Return the most that a car may give."""
        most = self.most_of(evse)
        return min(most, self._most.get(evse, most))

    def flow(self, evse: int) -> Flow:
        """Return what the station was told that a car is to do, whoever told it."""
        held = self._of_session(evse) or self._of_next(evse)
        wiring = self.station.smart_charging.wiring_of_car(evse)
        return read_flow(held, wiring) if held is not None else Flow()

    def _of_session(self, evse: int) -> ChargingProfile | None:
        """Return the profile of the running session."""
        if (running := self.station.transactions.running(evse)) is None:
            return None
        profiles = self.station.smart_charging.installed.profiles
        return strongest(
            it
            for it in profiles
            if it.evse == evse and it.transaction == running.number
        )

    def _of_next(self, evse: int) -> ChargingProfile | None:
        profiles = self.station.smart_charging.installed.profiles
        return strongest(
            it
            for it in profiles
            if it.purpose == "TxDefaultProfile" and it.evse in (0, evse)
        )

    def steers(self, evse: int) -> bool:
        """Return whether a session does more than charge because it was told so from here."""
        held, steered = self._of_session(evse), self._steered.get(evse)
        return (
            held is not None
            and steered is not None
            and does_more(held.schedules)
            and (held.id, held.transaction) == (steered.profile, steered.session)
        )

    def is_of_people(self, evse: int) -> bool:
        """Return whether a session does more than charge by a profile that people wrote."""
        held = self._of_session(evse)
        return held is not None and does_more(held.schedules) and not self.steers(evse)

    def on_profiles(self) -> None:
        """Tell what is different now that profiles came or went."""
        for evse in self.station.evses:
            flow = self.flow(evse)
            if self._shown.get(evse, Flow()) != flow:
                self._shown[evse] = flow
                self.changed(Topic.LIMIT, evse, PART)

    # --- what people want ---------------------------------------------------------------

    async def set_mode(self, evse: int, mode: str) -> None:
        """Have a session do something else; what is `CHARGING` has the limit it had.

        A power that is told from here begins at 0. Raises `NoTransaction`,
        `CannotDischarge`, and what a command does.
        """
        if mode == CHARGING:
            if self.steers(evse) or self.is_of_people(evse):
                await self._return(evse)
            return
        flow = self.flow(evse)
        if flow.mode == mode and self.steers(evse):
            return
        await self._steer(evse, mode, 0 if mode == CENTRAL else None)

    async def set_setpoint(self, evse: int, power: float) -> None:
        """Have a session take a power, or give it where it is negative (Q03, Q04).

        Raises what `set_mode` does, and `LimitTooHigh`.
        """
        await self._steer(evse, CENTRAL, power)

    async def set_discharge_limit(self, evse: int, power: float) -> None:
        """Limit what cars may give there, now and from now on.

        Raises what a command does, after which it is as before.
        """
        before = self._most.get(evse)
        self._most[evse] = abs(power)
        steered = self._steered.get(evse)
        mode = self.flow(evse).mode
        if steered is not None and self.steers(evse) and mode in (CENTRAL, *BOUNDED):
            try:
                await self._steer_again(evse)
            except OcppError:
                if before is None:
                    del self._most[evse]
                else:
                    self._most[evse] = before
                raise
        self.changed(Topic.LIMIT, evse, PART)
        self.station.remember()

    async def _steer(
        self,
        evse: int,
        mode: str,
        setpoint: float | None,
        *,
        again: bool = False,
        anew: bool = False,
    ) -> None:
        running = self._check(evse, mode)
        told = setpoint
        if setpoint is not None:
            told = max(setpoint, -self.discharge_limit(evse))
        if told is not None and again:
            told = min(told, self.most_of(evse))
        bounded = mode in BOUNDED
        try:
            profile = await self.station.smart_charging.steer(
                evse,
                session=running.number,
                anew=anew,
                mode=mode,
                setpoint=told,
                limit=self.most_of(evse) if bounded else None,
                discharge=self.discharge_limit(evse) if bounded else None,
            )
        except NotSupported:
            if self.station.transactions.running(evse) is not running:
                # It ended meanwhile, and no other one is to do this.
                raise NoTransaction from None
            raise
        self._steered[evse] = Steered(running.number, profile.id, setpoint)
        self.on_profiles()
        self.station.remember()

    async def _steer_again(self, evse: int, *, anew: bool = False) -> None:
        """Tell a session again what it is to do, within what it may now."""
        setpoint, mode = self._steered[evse].setpoint, self.flow(evse).mode
        await self._steer(evse, mode, setpoint, again=True, anew=anew)

    def _check(self, evse: int, mode: str) -> Transaction:
        """Return the session that is to do more than charge, where it may (Q02.FR.02)."""
        running = self.station.transactions.running(evse)
        if running is None:
            raise NoTransaction
        if mode not in self.modes(evse):
            raise CannotDischarge("mode")
        if mode != IDLE and not self.station.settings.may_discharge:
            raise CannotDischarge("not_allowed")
        needs = self.station.smart_charging.needs.get(evse)
        if needs is not None and needs.only_charges:
            raise CannotDischarge("car")
        return running

    async def _return(self, evse: int) -> None:
        steered = self._steered.get(evse)
        await self.station.smart_charging.only_charge(evse)
        # Only now: what the station did not do is still to be done.
        if self._steered.get(evse) is steered:
            self._steered.pop(evse, None)
        self.on_profiles()
        self.station.remember()

    def on_limited(self, evse: int) -> None:
        """Know that a limit is in the place of what a session was to do, where it is."""
        if not self.steers(evse):
            self._steered.pop(evse, None)

    # --- what must not go on ------------------------------------------------------------

    def _is_over(self, evse: int) -> bool:
        """Return whether a session is to charge again that was told something else."""
        steered = self._steered.get(evse)
        running = self.station.transactions.running(evse)
        if steered is None or running is None or running.number != steered.session:
            return False
        may = self.station.settings.may_discharge or self.flow(evse).mode == IDLE
        return steered.ends or (self.steers(evse) and not may)

    def _has_too_much(self, evse: int) -> bool:
        held = self._of_session(evse)
        if held is None or not self.steers(evse):
            return False
        return self.station.smart_charging.is_too_high(held)

    @property
    @override
    def _has_to_correct(self) -> bool:
        return any(self._is_over(it) or self._has_too_much(it) for it in self._steered)

    @override
    async def _correct(self) -> None:
        for evse in list(self._steered):
            if self._is_over(evse):
                await self._quietly(self._return(evse))
            elif self._has_too_much(evse):
                await self._quietly(self._steer_again(evse))

    def on_restart(self) -> None:
        """Have sessions charge again whose station restarted."""
        for evse in self._steered:
            self._end(evse)

    def _end(self, evse: int) -> None:
        self._steered[evse] = self._steered[evse]._replace(ends=True)
        self.station.remember()

    def has_ended(self, held: ChargingProfile) -> bool:
        """Return whether a profile is one that its session is not to be told again."""
        steered = self._steered.get(held.evse)
        return (
            steered is not None
            and does_more(held.schedules)
            and (held.id, held.transaction) == (steered.profile, steered.session)
            and self._is_over(held.evse)
        )

    async def on_resumed(self, evse: int) -> None:
        """Have a session charge that goes on after its station restarted."""
        if self._is_over(evse):
            await self._act()

    # --- what cars and sessions do ------------------------------------------------------

    async def tell_again(self, evse: int) -> None:
        """Tell a session anew what it is to do, since its car said what it wants (K18, K19).

        One that now only wants to be charged is.
        """
        try:
            self._check(evse, self.flow(evse).mode)
        except OcppError:
            self._end(evse)
        if self._is_over(evse):
            await self._act()
        else:
            await self._quietly(self._steer_again(evse, anew=True))
        self.station.flush()

    @override
    def on_session_over(self, evse: int) -> None:
        """Forget what a session was to do, so that no other one does it."""
        super().on_session_over(evse)
        self._steered.pop(evse, None)
        self.on_profiles()

    # --- memory -------------------------------------------------------------------------

    @override
    def recall(self, facts: dict[str, Any]) -> None:
        """Take up what people set, and what sessions were told."""
        super().recall(facts)
        self._most = {int(evse): it for evse, it in facts.get("most", {}).items()}
        self._steered = {
            int(evse): Steered(*told) for evse, told in facts.get("steered", {}).items()
        }

    @override
    def on_loaded(self) -> None:
        """Know no more of sessions that ended meanwhile; those that run are known by now."""
        super().on_loaded()
        numbers = {it.number for it in self._running()}
        self._steered = {
            evse: it for evse, it in self._steered.items() if it.session in numbers
        }

    @override
    def facts(self) -> dict[str, Any]:
        """Keep what people set, and what sessions were told."""
        known = {
            "most": {str(evse): it for evse, it in self._most.items()},
            "steered": {str(evse): list(it) for evse, it in self._steered.items()},
        }
        return super().facts() | {name: it for name, it in known.items() if it}
