"""Sensors of what a session costs, how long it takes, and how the last one was."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import UnitOfEnergy, UnitOfTime
from homeassistant.helpers.typing import StateType

from .charger import Charger
from .csms.blocks.metering import EXPORT_REGISTER
from .csms.charging_station import ChargingStation
from .csms.model import Topic, Transaction
from .entity import OcppEntity
from .sessions import amount, card_of, duration_of, kwh


class Shown(NamedTuple):
    """What a sensor shows. `since` is when what it counts began."""

    value: StateType | datetime = None
    attributes: dict[str, Any] | None = None
    since: datetime | None = None
    currency: str | None = None


@dataclass(frozen=True, kw_only=True)
class SessionSensorDescription(SensorEntityDescription):
    """A sensor of an EVSE's sessions."""

    watched: tuple[Topic, ...]
    show_fn: Callable[[ChargingStation, int], Shown]
    # Whether it shows money, and is only there when sessions cost some.
    priced: bool = False
    # Whether it is of what cars give back, and only there where a meter counts that.
    exported: bool = False
    # Whether it can also be told of a charger that is away.
    lasting: bool = False


def _cost(station: ChargingStation, evse: int) -> Shown:
    session = station.transactions.session(evse)
    if session is None or session.cost is None:
        return Shown(currency=station.tariff.currency)
    return Shown(
        amount(session.cost),
        {"complete": session.cost_complete} | _cost_at_charger(station, session),
        session.started,
        session.currency,
    )


def _cost_at_charger(station: ChargingStation, session: Transaction) -> dict[str, Any]:
    """Return what the charger counted by itself; nothing where it does not."""
    counted = station.tariffs.local_cost(session.number)
    return {} if counted is None else {"cost_at_charger": amount(counted.total)}


def _payment(station: ChargingStation, session: Transaction) -> dict[str, Any]:
    """Return how the payment at the charger ended; nothing where nobody paid there."""
    if (settled := station.payment.settlement(session.number)) is None:
        return {}
    return {
        "payment": settled.status,
        "payment_amount": amount(settled.amount),
        "payment_time": settled.at,
        "receipt": settled.receipt or None,
    }


def _energy_export(station: ChargingStation, evse: int) -> Shown:
    session = station.transactions.session(evse)
    return Shown(kwh(session.exported) if session is not None else None)


def _duration(station: ChargingStation, evse: int) -> Shown:
    if (duration := station.transactions.duration(evse)) is None:
        return Shown()
    seconds = round(duration.total_seconds())
    if station.transactions.running(evse) is not None:
        # No more than is told of: not another state for each sample.
        seconds -= seconds % 60
    return Shown(seconds)


def _last(station: ChargingStation, evse: int) -> Shown:
    session = station.transactions.ended.get(evse)
    if session is None:
        return Shown()
    return Shown(
        session.ended,
        {
            "energy": kwh(session.energy),
            "energy_export": kwh(session.exported),
            "duration": duration_of(session),
            "cost": amount(session.cost),
            "currency": session.currency,
            "card": card_of(station.shared.id_tokens, session),
        }
        | _cost_at_charger(station, session)
        | _payment(station, session),
    )


SESSION_SENSORS = (
    SessionSensorDescription(
        key="session_cost",
        translation_key="session_cost",
        device_class=SensorDeviceClass.MONETARY,
        state_class=SensorStateClass.TOTAL,
        suggested_display_precision=2,
        watched=(Topic.TRANSACTION, Topic.ENERGY),
        show_fn=_cost,
        priced=True,
    ),
    SessionSensorDescription(
        key="session_energy_export",
        translation_key="session_energy_export",
        device_class=SensorDeviceClass.ENERGY,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        state_class=SensorStateClass.TOTAL_INCREASING,
        suggested_display_precision=2,
        watched=(Topic.TRANSACTION, Topic.ENERGY),
        show_fn=_energy_export,
        exported=True,
    ),
    SessionSensorDescription(
        key="session_duration",
        translation_key="session_duration",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_unit_of_measurement=UnitOfTime.MINUTES,
        suggested_display_precision=0,
        watched=(Topic.TRANSACTION, Topic.DURATION),
        show_fn=_duration,
    ),
    SessionSensorDescription(
        key="last_session",
        translation_key="last_session",
        device_class=SensorDeviceClass.TIMESTAMP,
        watched=(Topic.TRANSACTION,),
        show_fn=_last,
        lasting=True,
    ),
)


def session_sensors(charger: Charger, evse: int) -> Iterator[OcppEntity]:
    """Yield the sensors of an EVSE's sessions."""
    station = charger.station
    exports = EXPORT_REGISTER in station.metering.seen.get(evse, ())
    for description in SESSION_SENSORS:
        if (station.tariff.exists or not description.priced) and (
            exports or not description.exported
        ):
            yield OcppSessionSensor(charger, description, evse)


class OcppSessionSensor(OcppEntity, SensorEntity):
    """A sensor of an EVSE's sessions."""

    entity_description: SessionSensorDescription
    _shown: Shown

    def __init__(
        self, charger: Charger, description: SessionSensorDescription, evse: int
    ) -> None:
        """Watch the sessions of an EVSE."""
        super().__init__(
            charger,
            description,
            evse=evse,
            watched=description.watched,
            lasting=description.lasting,
        )
        self._show = description.show_fn
        self._shown = Shown()

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """Return what is shown."""
        return self._shown.value

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return what is shown beside that."""
        return self._shown.attributes or {}

    @override
    def _present(self) -> Shown:
        shown = self._show(self.station, self.evse)
        if self.entity_description.priced:
            self._attr_last_reset = shown.since
            self._attr_native_unit_of_measurement = shown.currency
        return shown
