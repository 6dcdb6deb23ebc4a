"""A central system on the `ocpp` package's own ChargePoint, as its documentation shows."""

from datetime import UTC, datetime
import time
from typing import Any

from ocpp.routing import after, on
from ocpp.v16 import ChargePoint, call, call_result
from ocpp.v16.enums import Action
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from .charger import Charger


async def listen(chargers: dict[str, Charger], port: int) -> None:
    """Serve the chargers."""

    async def handle(connection: ServerConnection) -> None:
        assert connection.request
        charger = chargers[connection.request.path[1:]]
        try:
            await _Station(charger, connection).start()
        except ConnectionClosed:
            charger.connected(False)

    await serve(handle, "127.0.0.1", port, subprotocols=["ocpp1.6"], compression=None)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")[:23] + "Z"


class _Station(ChargePoint):
    def __init__(self, charger: Charger, connection: ServerConnection) -> None:
        super().__init__(charger.identity, connection)
        self._charger = charger
        charger.set_limit = self._set_limit

    async def _set_limit(self, limit: float) -> None:
        schedule = {
            "charging_rate_unit": "A",
            "charging_schedule_period": [{"start_period": 0, "limit": limit}],
        }
        profile = {
            "charging_profile_id": 1,
            "stack_level": 0,
            "charging_profile_purpose": "TxDefaultProfile",
            "charging_profile_kind": "Relative",
            "charging_schedule": schedule,
        }
        await self.call(
            call.SetChargingProfile(connector_id=1, cs_charging_profiles=profile)
        )

    @on(Action.boot_notification)
    def _on_boot(self, **_: Any) -> call_result.BootNotification:
        return call_result.BootNotification(_now(), 300, "Accepted")

    @after(Action.boot_notification)
    def _after_boot(self, **_: Any) -> None:
        self._charger.connected(True)

    @on(Action.heartbeat)
    def _on_heartbeat(self) -> call_result.Heartbeat:
        return call_result.Heartbeat(_now())

    @on(Action.status_notification)
    def _on_status(self, **_: Any) -> call_result.StatusNotification:
        return call_result.StatusNotification()

    @after(Action.status_notification)
    def _after_status(self, connector_id: int, status: str, **_: Any) -> None:
        if connector_id:
            self._charger.show(status=status)

    @on(Action.start_transaction)
    def _on_start(self, meter_start: int, **_: Any) -> call_result.StartTransaction:
        self._charger.start(meter_start)
        return call_result.StartTransaction(int(time.time()), {"status": "Accepted"})

    @on(Action.meter_values)
    def _on_meter_values(self, **_: Any) -> call_result.MeterValues:
        return call_result.MeterValues()

    @after(Action.meter_values)
    def _after_meter_values(self, meter_value: list[dict[str, Any]], **_: Any) -> None:
        self._charger.meter(meter_value, "sampled_value")
