"""An OCPP 2.x station with cars to plug in."""

from typing import Any, override

from tests.simulator.car import Car
from tests.simulator.link import CallError, Handler, Payload, Reply

from .commands import handlers
from .evse import Evse
from .notices import Notices


class Station(Notices):
    """A station that behaves as a good one does, unless told otherwise."""

    def __init__(
        self, url: str, identity: str, *, reboots: bool = True, **options: Any
    ) -> None:
        """Set up a station; `options` are those of Transactions, Base and Peer.

        A station that does not `reboots` stays away after a Reset, for the caller to
        bring it back.
        """
        super().__init__(url, identity, **options)
        self.reboots = reboots
        # What an update of the firmware brings; without it, nothing reboots.
        self.new_firmware: str | None = None
        self._reset_waits = False
        self._handlers: dict[str, Handler] = handlers(self)

    @override
    def handle(self, action: str, payload: Payload) -> Reply:
        """Return the answer to a call, and what to do once it is given."""
        if self.boot_status == "Rejected":
            raise CallError("SecurityError", "not accepted")
        if (handler := self._handlers.get(action)) is None:
            raise CallError("NotImplemented", action)
        return handler(payload)

    # Cards

    async def authorize(
        self, token: str = "CARD1", type: str = "ISO14443", **extra: Any
    ) -> Payload:
        """Send Authorize and return the idTokenInfo; extra is in camelCase."""
        answer = await self.call(
            "Authorize", {"idToken": {"idToken": token, "type": type}, **extra}
        )
        info: Payload = answer["idTokenInfo"]
        self.event(f"card {token}: {info['status']}")
        self.remember({"idToken": token, "type": type}, info)
        return info

    @override
    def remember(self, token: Payload, info: Payload) -> None:
        if self.variables.flag("AuthCacheCtrlr.Enabled"):
            self.state.cache[token["idToken"].casefold()] = info

    async def judge(self, token: Payload) -> Payload:
        """Return the idTokenInfo of a card, from wherever it is to be had."""
        if token["type"] == "NoAuthorization":
            return {"status": "Accepted"}
        flag, key = self.variables.flag, token["idToken"].casefold()
        known: Payload | None = None
        if flag("LocalAuthListCtrlr.Enabled") and key in self.state.local_list:
            known = self.state.local_list[key]
        elif flag("AuthCacheCtrlr.Enabled"):
            known = self.state.cache.get(key)
        if self.talking:
            at_once = flag("AuthCtrlr.LocalPreAuthorize") and known is not None
            if at_once and known is not None and known["status"] == "Accepted":
                return known
            return await self.authorize(token["idToken"], token["type"])
        if known is not None and flag("AuthCtrlr.LocalAuthorizeOffline"):
            return known
        unknown = (
            "Accepted" if flag("AuthCtrlr.OfflineTxForUnknownIdEnabled") else "Unknown"
        )
        return {"status": unknown}

    async def present_card(
        self,
        evse: int = 1,
        token: str = "CARD1",
        type: str = "ISO14443",
    ) -> bool:
        """Hold a card to the reader: stops, starts or waits for a car."""
        state, card = self.evses[evse], {"idToken": token, "type": type}
        holder = state.token
        if holder is not None and holder["idToken"].casefold() == token.casefold():
            await self._stop_by_card(state, card)
            return True
        info = await self.judge(card)
        if info["status"] != "Accepted":
            return False
        if evse not in info.get("evseId", [evse]):
            return False
        group = info.get("groupIdToken", {}).get("idToken")
        if group and group == self.variables.text("AuthCtrlr.MasterPassGroupId"):
            for other in self.evses.values():
                if other.transaction is not None:
                    await self._stop_by_card(other, card, "MasterPass")
            return True
        if holder is not None:
            if group is None or group != state.group:
                return False
            await self._stop_by_card(state, card)
            return True
        return await self.begin(state, card, group)

    async def _stop_by_card(
        self, evse: Evse, card: Payload, reason: str = "Local"
    ) -> None:
        """End the right to charge at an EVSE."""
        evse.token = None
        await self.advance(evse, "StopAuthorized", token=card, reason=reason)

    async def begin(
        self,
        evse: Evse,
        token: Payload,
        group: str | None = None,
        trigger: str = "Authorized",
    ) -> bool:
        """Let a card that is accepted charge; return if it may at this EVSE."""
        if not self.free_for(evse, token, group):
            return False
        evse.token, evse.group, evse.waited = token, group, 0
        await self.advance(evse, trigger, token=token)
        await self.report_changes()
        return True

    def free_for(self, evse: Evse, token: Payload, group: str | None = None) -> bool:
        """Return if a card may charge at an EVSE."""
        held = evse.reservation
        mine = (
            held is None
            or held["idToken"]["idToken"].casefold() == token["idToken"].casefold()
        )
        if held is not None and group is not None:
            mine = mine or held.get("groupIdToken", {}).get("idToken") == group
        usable = any(
            c.operative and not c.faulted
            for c in evse.connectors.values()
            if evse.plugged in (None, c.id)
        )
        return (
            self.operative and evse.operative and usable and evse.token is None and mine
        )

    # Cars

    async def plug_in(
        self, evse: int = 1, connector: int = 1, car: Car | None = None, **options: Any
    ) -> Car:
        """Plug in a car; one that was authorised before starts to charge.

        `options` are those of Car.
        """
        state = self.evses[evse]
        state.car, state.plugged = car or Car(**options), connector
        self.event(f"EVSE {evse}: car plugged in")
        await self.report_changes()
        if self.operative and state.operative and state.connectors[connector].operative:
            await self.advance(state, "CablePluggedIn")
        return state.car

    async def unplug(self, evse: int = 1) -> None:
        """Unplug the car, which ends its transaction (E09), or suspends it (E10)."""
        state = self.evses[evse]
        state.car = None
        self.event(f"EVSE {evse}: car unplugged")
        if self.variables.flag("TxCtrlr.StopTxOnEVSideDisconnect"):
            state.token = None
        await self.advance(state, "EVCommunicationLost", reason="EVDisconnected")
        state.plugged = None
        await self.report_changes()

    # Time

    async def tick(self, seconds: float) -> None:
        """Let simulated time pass: charge the cars and report the meters."""
        for evse in self.evses.values():
            await self.refresh(evse.id)
            await self._wait(evse, seconds)
            flow = self.flow(evse.id)
            if evse.car is not None:
                evse.meter_wh += evse.car.charge(flow.power * seconds / 3600)
            await self._report(evse, seconds, charging=flow.current > 0)
            await self.refresh(evse.id)
        await self.watch_all(seconds)

    async def _wait(self, evse: Evse, seconds: float) -> None:
        """Give up waiting for a car (E03.FR.05), or for who reserved (H04)."""
        held = evse.reservation
        if held is not None and self.timestamp() >= held["expiryDateTime"]:
            evse.reservation = None
            await self.report_changes()
            await self.reservation_ended(held["id"], "Expired")
        if evse.token is None or evse.car is not None:
            return
        evse.waited += seconds
        longest = self.variables.number("TxCtrlr.EVConnectionTimeOut")
        if 0 < longest <= evse.waited and "EVConnected" not in evse.points:
            evse.token = None
            await self.advance(evse, "EVConnectTimeout", reason="Timeout")

    async def reservation_ended(self, number: int, status: str) -> None:
        """Send ReservationStatusUpdate."""
        if self.talking:
            await self.call(
                "ReservationStatusUpdate",
                {"reservationId": number, "reservationUpdateStatus": status},
            )

    async def _report(self, evse: Evse, seconds: float, *, charging: bool) -> None:
        """Send the meter values that are due."""
        number, running = self.variables.number, evse.transaction
        evse.since_aligned += seconds
        aligned = number("AlignedDataCtrlr.Interval")
        on = self.variables.flag("AlignedDataCtrlr.Enabled")
        if on and 0 < aligned <= evse.since_aligned:
            evse.since_aligned %= aligned
            idle = self.variables.flag("AlignedDataCtrlr.SendDuringIdle")
            if running is None:
                await self.meter_values(evse.id)
            elif not idle:
                key = "AlignedDataCtrlr.Measurands"
                await self.sample(evse.id, "Sample.Clock", "MeterValueClock", key)
        if running is None:
            return
        running.charged_seconds += seconds if charging else 0
        running.since_sample += seconds
        running.since_ended_sample += seconds
        every = number("SampledDataCtrlr.TxEndedInterval")
        if 0 < every <= running.since_ended_sample:
            running.since_ended_sample %= every
            key = "SampledDataCtrlr.TxEndedMeasurands"
            running.samples += self.samples(evse, key, "Sample.Periodic")
        every = number("SampledDataCtrlr.TxUpdatedInterval")
        if 0 < every <= running.since_sample:
            running.since_sample %= every
            await self.sample(evse.id)

    async def run(self, interval: float = 5, speed: float = 1) -> None:
        """Live in real time until the connection is gone."""
        elapsed = 0.0
        while self.connected:
            try:
                await self.wait_closed(interval)
            except TimeoutError:
                await self.tick(interval * speed)
                elapsed += interval
            every = self.variables.number("OCPPCommCtrlr.HeartbeatInterval")
            if self.talking and elapsed >= every > 0:
                elapsed = 0
                await self.heartbeat()

    # Restarts

    @property
    def busy(self) -> bool:
        """Return if any transaction runs."""
        return any(evse.transaction is not None for evse in self.evses.values())

    async def reset(self, evse: int | None = None, reason: str = "RemoteReset") -> None:
        """End what runs and restart the station, or one EVSE."""
        self.event(f"reset {evse or ''}")
        self._reset_waits = False
        chosen = [*self.evses.values()] if evse is None else [self.evses[evse]]
        for state in chosen:
            state.reset_pending = False
            if state.transaction is not None:
                await self.end(state, "ResetCommand", "ImmediateReset")
            state.token = None
            state.points = self.points(state)
        if evse is not None:
            return
        self.boot_status = None
        await self.disconnect()
        self._told.clear()
        if self.reboots:
            await self.connect()
            await self.power_up(reason)

    async def reboot_with(self, firmware: str) -> None:
        """Restart with another firmware."""
        self.boot_fields["firmwareVersion"] = firmware
        self.variables["ChargingStation.FirmwareVersion"].value = firmware
        self.new_firmware = None
        await self.reset(reason="FirmwareUpdate")

    def reset_when_idle(self, evse: int | None) -> None:
        """Restart once the transactions are over."""
        if evse is None:
            self._reset_waits = True
        else:
            self.evses[evse].reset_pending = True

    @override
    def ended(self, evse: Evse) -> None:
        if evse.reset_pending:
            self.spawn(self.reset(evse.id))
        if self._reset_waits and not self.busy:
            self._reset_waits = False
            self.spawn(self.reset(reason="ScheduledReset"))

    async def cut_power(self) -> None:
        """Lose the power supply; transactions end without a word for now."""
        self.drop()
        self.offline_since = self.clock()
        self.boot_status = None
        for evse in self.evses.values():
            if evse.transaction is not None:
                await self.end(evse, "AbnormalCondition", "PowerLoss")
            evse.token = None
            evse.points = self.points(evse)

    async def restore_power(self) -> None:
        """Get power again: boot, and tell what was kept."""
        await self.disconnect()
        self._told.clear()
        await self.connect()
        await self.power_up()
