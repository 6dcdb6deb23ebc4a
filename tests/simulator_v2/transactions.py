"""Transactions: when they start and stop, and what is told about them."""

from typing import Any, override
import uuid

from tests.simulator.car import Flow
from tests.simulator.link import Payload

from .counting import Counting
from .delivery import Delivery
from .evse import Evse, Transaction
from .meter import sampled_values, sign
from .profiles import Profiles

# Below this a car cannot charge (IEC 61851), so the offer is withdrawn.
MIN_CURRENT = 6


class Transactions(Delivery):
    """A station that runs transactions."""

    def __init__(
        self,
        url: str,
        identity: str,
        *,
        max_current: float = 32,
        first_seq_no: int = 0,
        evse_at_once: bool = True,
        energy_multiplier: int = 0,
        **options: Any,
    ) -> None:
        """Set up a station; `options` are those of Base.

        A transaction that starts with a card alone names its EVSE again, with the
        connector, when the car is connected; without `evse_at_once` only then. Power and energy are told in tens of the
        `energy_multiplier`'s power.
        """
        super().__init__(url, identity, max_current=max_current, **options)
        self.profiles = Profiles(self.variables, max_current)
        self.first_seq_no = first_seq_no
        self.evse_at_once = evse_at_once
        self.energy_multiplier = energy_multiplier
        # What transactions cost, by their ids.
        self.costs: dict[str, float] = {}
        self.counting = Counting(self)

    # What flows

    @override
    def flow(self, evse: int = 1) -> Flow:
        state = self.evses[evse]
        if state.car is None or state.token is None:
            return Flow(0)
        if state.denied_at is not None and state.meter_wh >= state.denied_at:
            return Flow(0)
        if self.counting.reached(state) is not None:
            return Flow(0)
        sharing = sum(
            e.car is not None and e.token is not None for e in self.evses.values()
        )
        limit = self.profiles.limit(
            evse,
            self.clock(),
            transaction=state.transaction,
            phases=state.car.phases,
            sharing=sharing,
        )
        if limit.amps < MIN_CURRENT:
            return Flow(0)
        if not state.car.wants_power:
            return Flow(limit.amps)
        return Flow(limit.amps, min(state.car.max_current, limit.amps), limit.phases)

    def charging_state(self, evse: Evse) -> str:
        """Return the charging state of an EVSE."""
        if evse.car is None:
            return "Idle"
        if evse.token is None:
            return "EVConnected"
        flow = self.flow(evse.id)
        if flow.offered == 0:
            return "SuspendedEVSE"
        return "Charging" if flow.current else "SuspendedEV"

    def points(self, evse: Evse) -> set[str]:
        """Return which of the points that start or stop a transaction are true."""
        points = set()
        if evse.car is not None:
            points |= {"ParkingBayOccupancy", "EVConnected"}
        if evse.token is not None:
            points.add("Authorized")
        if evse.car is not None and evse.token is not None:
            points.add("PowerPathClosed")
        if self.flow(evse.id).current > 0:
            points.add("EnergyTransfer")
        return points

    def transaction(self, number: str | None) -> Evse | None:
        """Return the EVSE where a transaction runs."""
        return next(
            (
                e
                for e in self.evses.values()
                if e.transaction and e.transaction.id == number
            ),
            None,
        )

    # What is told

    def samples(self, evse: Evse, key: str, context: str) -> list[Payload]:
        """Return meter values of the measurands that a variable lists."""
        readings = sampled_values(
            self.variables.words(key),
            meter_wh=evse.meter_wh,
            flow=self.flow(evse.id),
            car=evse.car,
            context=context,
            multiplier=self.energy_multiplier,
        )
        if not readings:
            return []
        if self.variables.flag(f"{key.partition('.')[0]}.SignReadings"):
            sign(readings)
        return [{"timestamp": self.timestamp(), "sampledValue": readings}]

    async def transaction_event(
        self,
        transaction: Transaction,
        kind: str,
        trigger: str,
        *,
        token: Payload | None = None,
        state: str | None = None,
        reason: str | None = None,
        meter_value: list[Payload] | None = None,
        **extra: Any,
    ) -> Payload:
        """Send TransactionEvent; extra holds further fields, in camelCase.

        The charging state is the real one unless given, and told when it changed.
        """
        evse = self.evses[transaction.evse]
        info: Payload = {"transactionId": transaction.id}
        state = state or self.charging_state(evse)
        if state != transaction.charging_state:
            transaction.charging_state = info["chargingState"] = state
        if reason is not None:
            info["stoppedReason"] = reason
        if kind == "Ended":
            info["timeSpentCharging"] = round(transaction.charged_seconds)
        payload: Payload = {
            "eventType": kind,
            "timestamp": self.timestamp(),
            "triggerReason": trigger,
            "seqNo": transaction.seq_no,
            "transactionInfo": info,
            **({} if self.talking else {"offline": True}),
            **({"idToken": token} if token else {}),
            **({"meterValue": meter_value} if meter_value else {}),
            **extra,
        }
        transaction.seq_no += 1
        self._tell_once(transaction, payload)
        self.event(f"EVSE {evse.id}: {kind} ({trigger}) {transaction.charging_state}")
        return await self.deliver(payload)

    def _tell_once(self, transaction: Transaction, payload: Payload) -> None:
        """Add what goes with one event of a transaction only."""
        evse = self.evses[transaction.evse]
        info, told = payload["transactionInfo"], transaction.told
        if evse.plugged is not None and "connector" not in told:
            # Once a car is there, at the latest (E01.FR.16).
            told |= {"connector", "evse"}
            payload["evse"] = {"id": evse.id, "connectorId": evse.plugged}
        elif self.evse_at_once and "evse" not in told:
            told.add("evse")
            payload["evse"] = {"id": evse.id}
        if "remoteStartId" not in told and transaction.remote_start_id is not None:
            told.add("remoteStartId")
            info["remoteStartId"] = transaction.remote_start_id
        if "reservationId" not in told and transaction.reservation is not None:
            told.add("reservationId")
            payload["reservationId"] = transaction.reservation
        if self.version == "2.1":
            self.counting.tell(transaction, payload)

    # What happens

    async def advance(
        self,
        evse: Evse,
        trigger: str,
        *,
        token: Payload | None = None,
        reason: str | None = None,
    ) -> None:
        """Start, go on with or end a transaction, now that something has changed."""
        now = self.points(evse)
        rising, falling = now - evse.points, evse.points - now
        evse.points = now
        running = evse.transaction
        if running is None:
            reached = rising & {*self.variables.words("TxCtrlr.TxStartPoint")}
            if reached == {"EnergyTransfer"}:
                trigger = "ChargingStateChanged"
            if reached:
                await self._start(evse, trigger, token)
        elif falling & {*self.variables.words("TxCtrlr.TxStopPoint")}:
            await self.end(evse, trigger, reason, token)
            return
        elif token is not None or (rising | falling) & {"EVConnected", "Authorized"}:
            running.stop_reason = reason or running.stop_reason
            self._adopt(evse, running)
            state = "EVConnected" if evse.car is not None and rising else None
            await self.transaction_event(
                running, "Updated", trigger, token=token, state=state
            )
        await self.refresh(evse.id)

    async def _start(self, evse: Evse, trigger: str, token: Payload | None) -> None:
        """Begin a transaction."""
        transaction = Transaction(
            str(uuid.uuid4()),
            evse.id,
            self.clock(),
            self.first_seq_no,
            start_wh=evse.meter_wh,
        )
        evse.transaction = transaction
        self._adopt(evse, transaction)
        real = trigger == "ChargingStateChanged"
        plain = "EVConnected" if evse.car is not None else "Idle"
        transaction.samples = self.samples(
            evse, "SampledDataCtrlr.TxEndedMeasurands", "Transaction.Begin"
        )
        await self.transaction_event(
            transaction,
            "Started",
            trigger,
            # Whoever was let in before the transaction started is told with its start.
            token=token or evse.token,
            state=None if real else plain,
            meter_value=self.samples(
                evse, "SampledDataCtrlr.TxStartedMeasurands", "Transaction.Begin"
            ),
        )

    def _adopt(self, evse: Evse, transaction: Transaction) -> None:
        """Let a transaction know of who charges, and why."""
        transaction.token = evse.token or transaction.token
        transaction.group = evse.group or transaction.group
        if evse.remote_start_id is not None:
            transaction.remote_start_id = evse.remote_start_id
            evse.remote_start_id = None
        if evse.reservation is not None and evse.token is not None:
            transaction.reservation = evse.reservation["id"]
            evse.reservation = None
        profile, evse.profile = evse.profile, None
        if profile is not None:
            profile = {**profile, "transactionId": transaction.id}
            self.profiles.install(evse.id, profile, self.clock())

    async def end(
        self,
        evse: Evse,
        trigger: str,
        reason: str | None = None,
        token: Payload | None = None,
    ) -> None:
        """End the transaction of an EVSE; the reason is Local unless given."""
        transaction = evse.transaction
        if transaction is None:
            raise ValueError(f"No transaction on EVSE {evse.id}")
        evse.token = evse.group = evse.remote_start_id = evse.profile = None
        evse.denied_at = None
        last = self.samples(
            evse, "SampledDataCtrlr.TxEndedMeasurands", "Transaction.End"
        )
        self.profiles.end_transaction(transaction.id)
        evse.transaction = None
        evse.points = self.points(evse)
        await self.transaction_event(
            transaction,
            "Ended",
            trigger,
            token=token,
            reason=transaction.stop_reason or reason or "Local",
            meter_value=[*transaction.samples, *last] if last else None,
        )
        await self.report_changes()
        self.ended(evse)

    def ended(self, evse: Evse) -> None:
        """Do what waited for the end of a transaction."""

    @override
    async def heard(self, event: Payload, answer: Payload) -> None:
        number = event["transactionInfo"]["transactionId"]
        if "totalCost" in answer:
            self.costs[number] = answer["totalCost"]
        evse = self.transaction(number)
        if evse is None or evse.transaction is None:
            return
        await self.counting.hear(evse.transaction, answer)
        info = answer.get("idTokenInfo")
        if info is None:
            return
        self.remember(event["idToken"], info)
        if info["status"] == "Accepted":
            evse.group = info.get("groupIdToken", {}).get("idToken", evse.group)
            evse.transaction.group = evse.group
        elif evse.token is not None:
            await self._deauthorize(evse)

    def remember(self, token: Payload, info: Payload) -> None:
        """Keep the verdict on a card."""

    async def _deauthorize(self, evse: Evse) -> None:
        """Withdraw the right to charge (E05)."""
        if self.variables.flag("TxCtrlr.StopTxOnInvalidId"):
            evse.token = None
            await self.advance(evse, "Deauthorized", reason="DeAuthorized")
            return
        evse.denied_at = evse.meter_wh + self.variables.number(
            "TxCtrlr.MaxEnergyOnInvalidId"
        )
        await self.refresh(evse.id)

    async def refresh(self, evse: int | None = None) -> None:
        """Report whether power flows, after limits or cars changed."""
        for state in self.evses.values():
            if evse not in (None, state.id):
                continue
            trigger = self.counting.reached(state) or "ChargingStateChanged"
            if self.points(state) != state.points:
                await self.advance(state, trigger, reason="StoppedByEV")
            running = state.transaction
            if running and running.charging_state != self.charging_state(state):
                flow = self.flow(state.id)
                used: Payload = (
                    {"numberOfPhasesUsed": flow.phases} if flow.current else {}
                )
                await self.transaction_event(running, "Updated", trigger, **used)

    # Meters

    async def sample(
        self,
        evse: int = 1,
        context: str = "Sample.Periodic",
        trigger: str = "MeterValuePeriodic",
        key: str = "SampledDataCtrlr.TxUpdatedMeasurands",
    ) -> None:
        """Send the meter values of a running transaction."""
        state = self.evses[evse]
        if state.transaction is None:
            raise ValueError(f"No transaction on EVSE {evse}")
        values = self.samples(state, key, context)
        await self.transaction_event(
            state.transaction, "Updated", trigger, meter_value=values
        )

    async def meter_values(
        self,
        evse: int = 1,
        samples: list[Payload] | None = None,
        context: str = "Sample.Clock",
        timestamp: str | None = None,
    ) -> None:
        """Send MeterValues, without a transaction; EVSE 0 is the main meter."""
        if samples is None:
            state = self.evses[evse or 1]
            found = self.samples(state, "AlignedDataCtrlr.Measurands", context)
            samples = [reading for value in found for reading in value["sampledValue"]]
        if not samples or not self.talking:
            return
        value = {"timestamp": timestamp or self.timestamp(), "sampledValue": samples}
        await self.call("MeterValues", {"evseId": evse, "meterValue": [value]})
