"""An OCPP 1.6J charger with cars to plug in."""

from typing import Any, Final, override

from . import configuration as config
from .car import Car, Connector, Flow, Transaction, sampled_values
from .commands import Commands
from .link import CallError, Handler, Payload, Reply
from .maintenance import Maintenance
from .profiles import Profiles
from .station import Station

# Below this a car cannot charge (IEC 61851), so the offer is withdrawn.
MIN_CURRENT = 6

_RUNNING: Final = "running"


class Charger(Station):
    """A charger that behaves as a good one does, unless told otherwise."""

    def __init__(
        self,
        url: str,
        identity: str,
        *,
        max_current: float = 32,
        reboots: bool = True,
        **options: Any,
    ) -> None:
        """Set up a charger; `options` are those of Station and Peer.

        A charger that does not `reboots` stays away after a Reset, for the
        caller to bring it back.
        """
        super().__init__(url, identity, **options)
        self.reboots = reboots
        self.profiles = Profiles(self.configuration, max_current)
        self.maintenance = Maintenance(self)
        self._handlers: dict[str, Handler] = {
            **Commands(self).handlers,
            **self.maintenance.handlers,
        }

    @override
    def handle(self, action: str, payload: Payload) -> Reply:
        """Return the answer to a call, and what to do once it is given."""
        if (handler := self._handlers.get(action)) is None:
            raise CallError("NotImplemented", action)
        return handler(payload)

    # Transactions

    async def start(
        self,
        connector: int = 1,
        id_tag: str = "CARD1",
        meter_start: int | None = None,
        timestamp: str | None = None,
    ) -> int:
        """Send StartTransaction and return the id given.

        If the card is refused, the transaction is stopped again at once.
        """
        state = self.connectors[connector]
        if meter_start is not None:
            state.meter_wh = meter_start
        began = self.clock()
        payload: Payload = {
            "connectorId": connector,
            "idTag": id_tag,
            "meterStart": round(state.meter_wh),
            "timestamp": timestamp or self.timestamp(),
        }
        if state.reservation is not None:
            payload["reservationId"] = state.reservation["reservationId"]
        answer = await self.call("StartTransaction", payload)
        number: int = answer["transactionId"]
        verdict: str = answer["idTagInfo"]["status"]
        state.transaction = Transaction(number, id_tag, payload["meterStart"], began)
        state.tag = state.reservation = None
        self.event(f"connector {connector}: transaction {number} ({verdict})")
        profile, state.profile = state.profile, None
        if verdict != "Accepted" and self.enabled("StopTransactionOnInvalidId"):
            await self.stop(connector, "DeAuthorized")
            return number
        if profile is not None:
            self.profiles.install(
                connector, {**profile, "transactionId": number}, self.clock()
            )
        await self.refresh(connector)
        return number

    async def stop(
        self, connector: int = 1, reason: str | None = None, id_tag: str | None = None
    ) -> Payload:
        """Send StopTransaction, or queue it while offline."""
        state = self.connectors[connector]
        transaction = state.transaction
        if transaction is None:
            raise ValueError(f"No transaction on connector {connector}")
        payload: Payload = {
            "transactionId": transaction.id,
            "meterStop": round(state.meter_wh),
            "timestamp": self.timestamp(),
        }
        if reason is not None:
            payload["reason"] = reason
        if id_tag is not None:
            payload["idTag"] = id_tag
        if samples := self._samples(state, "StopTxnSampledData", "Transaction.End"):
            payload["transactionData"] = [
                {"timestamp": payload["timestamp"], "sampledValue": samples}
            ]
        state.transaction = None
        self.profiles.end_transaction(connector)
        self.event(f"connector {connector}: stopped ({reason or 'Local'})")
        answer = await self.deliver("StopTransaction", payload)
        await self.set_status(state, self.idle_status(state))
        return answer

    async def meter_values(
        self,
        connector: int = 1,
        samples: list[Payload] | None = None,
        context: str = "Sample.Periodic",
        transaction_id: int | str | None = _RUNNING,
        timestamp: str | None = None,
    ) -> None:
        """Send MeterValues, or queue them while offline.

        The samples are those configured, and the transaction the running one,
        unless given; None means no transaction.
        """
        state = self.connectors[connector]
        if samples is None:
            samples = self._samples(state, "MeterValuesSampledData", context)
        if not samples:
            return
        payload: Payload = {
            "connectorId": connector,
            "meterValue": [
                {
                    "timestamp": timestamp or self.timestamp(),
                    "sampledValue": samples,
                }
            ],
        }
        if transaction_id == _RUNNING:
            running = state.transaction
            transaction_id = running.id if running else None
        if transaction_id is not None:
            payload["transactionId"] = transaction_id
        await self.deliver("MeterValues", payload)

    def _samples(self, connector: Connector, key: str, context: str) -> list[Payload]:
        """Return readings of the measurands that a key lists."""
        measurands = config.split(self.configuration[key].value)
        return sampled_values(measurands, connector, self.flow(connector.id), context)

    # What happens at the charger

    async def plug_in(
        self,
        connector: int = 1,
        phases: int = 3,
        max_current: float = 16,
        soc: float | None = 40,
        capacity_wh: float = 60000,
    ) -> Car:
        """Plug in a car; one that was authorised before starts to charge."""
        state = self.connectors[connector]
        state.car = car = Car(phases, max_current, soc, capacity_wh)
        self.event(f"connector {connector}: car plugged in")
        if state.operative:
            await self.set_status(state, "Preparing")
            if state.tag is not None:
                await self.start(connector, state.tag)
        return car

    async def unplug(self, connector: int = 1) -> None:
        """Unplug the car, which ends its transaction."""
        state = self.connectors[connector]
        state.car = None
        self.event(f"connector {connector}: car unplugged")
        if state.transaction is None:
            await self.set_status(state, self.idle_status(state))
        elif self.enabled("StopTransactionOnEVSideDisconnect"):
            await self.stop(connector, "EVDisconnected")
        else:
            await self.refresh(connector)

    async def present_card(self, tag: str, connector: int = 1) -> bool:
        """Hold a card to the reader: stops, starts or waits for a car."""
        state = self.connectors[connector]
        running = state.transaction
        if running is not None and running.id_tag.casefold() == tag.casefold():
            await self.stop(connector, "Local", tag)
            return True
        if await self.authorize(tag) != "Accepted" or running is not None:
            return False
        await self.begin(state, tag)
        return True

    async def begin(self, connector: Connector, tag: str) -> None:
        """Start for an accepted card, as soon as there is a car."""
        if connector.car is not None:
            await self.start(connector.id, tag)
        else:
            connector.tag = tag
            await self.set_status(connector, "Preparing")

    def flow(self, connector: int = 1) -> Flow:
        """Return what the connector offers now and what the car takes."""
        state = self.connectors[connector]
        if state.transaction is None or state.car is None:
            return Flow(0)
        sharing = sum(c.transaction is not None for c in self.connectors.values())
        limit = self.profiles.limit(
            connector,
            self.clock(),
            transaction=state.transaction,
            phases=state.car.phases,
            sharing=sharing,
        )
        if limit.amps < MIN_CURRENT:
            return Flow(0)
        if not state.car.wants_power:
            return Flow(limit.amps)
        current = min(state.car.max_current, limit.amps)
        return Flow(limit.amps, current, limit.phases)

    def idle_status(self, connector: Connector) -> str:
        """Return the state of a connector without transaction."""
        if not connector.operative:
            return "Unavailable"
        if connector.car is not None:
            return "Finishing"
        return "Reserved" if connector.reservation else "Available"

    async def refresh(self, connector: int | None = None) -> None:
        """Report whether power flows, after limits or cars changed."""
        for state in self.connectors.values():
            if state.transaction is None or connector not in (None, state.id):
                continue
            flow = self.flow(state.id)
            if state.car is not None and flow.offered == 0:
                await self.set_status(state, "SuspendedEVSE")
            elif flow.current == 0:
                await self.set_status(state, "SuspendedEV")
            else:
                await self.set_status(state, "Charging")

    async def tick(self, seconds: float) -> None:
        """Let simulated time pass: charge the cars and report the meters."""
        for state in self.connectors.values():
            if state.transaction is None:
                continue
            await self.refresh(state.id)
            flow = self.flow(state.id)
            if state.car is not None:
                state.meter_wh += state.car.charge(flow.power * seconds / 3600)
            await self.meter_values(state.id)
            await self.refresh(state.id)

    async def run(self, interval: float = 5, speed: float = 1) -> None:
        """Live in real time until the connection is gone."""
        elapsed = 0.0
        while self.connected:
            try:
                await self.wait_closed(interval)
            except TimeoutError:
                await self.tick(interval * speed)
                elapsed += interval
            every = int(self.configuration["HeartbeatInterval"].value or 0)
            if self.connected and elapsed >= every > 0:
                elapsed = 0
                await self.heartbeat()

    async def reset(self, kind: str) -> None:
        """Restart; a hard reset leaves no time for goodbyes."""
        self.event(f"reset ({kind})")
        if kind == "Hard":
            self.drop()
        for state in self.connectors.values():
            if state.transaction is not None:
                await self.stop(state.id, f"{kind}Reset")
        self.boot_status = None
        for state in self.connectors.values():
            state.tag = None
            if state.car is not None and state.operative:
                state.status = "Preparing"
        await self.disconnect()
        if self.reboots:
            await self.connect()
            await self.power_up()
