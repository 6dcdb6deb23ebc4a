"""What the grid demands of chargers that feed into it: controls, and alarms."""

from collections.abc import Iterator
from typing import Any, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.components.sensor import (
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory

from .charger import Charger
from .csms.blocks.der_control import Control, ControlState
from .csms.commands.command import fold, snake
from .csms.happenings import GridAlarm
from .csms.model import Topic
from .entity import OcppEntity

ATTR_CONTROLS = "controls"
# What the attribute lists: one of many types has one default and some plans.
_MOST_LISTED = 60

# What can be wrong with the grid, as events name it.
GRID_FAULTS = {
    fault: snake(fault)
    for fault in (
        *("CurrentImbalance", "LocalEmergency", "LowInputPower", "OverCurrent"),
        *("OverFrequency", "OverVoltage", "PhaseRotation", "RemoteEmergency"),
        *("UnderFrequency", "UnderVoltage", "VoltageImbalance"),
    )
}
_FAULTS_FOLDED = {fold(fault): slug for fault, slug in GRID_FAULTS.items()}
# What is not named, and what is over.
OTHER_FAULT, ALARM_ENDED = "other", "ended"
GRID_ALARM_TYPES = [*GRID_FAULTS.values(), OTHER_FAULT, ALARM_ENDED]
CONTROL_TYPES = {
    fold(kind): snake(kind)
    for kind in (
        *("EnterService", "FixedPFAbsorb", "FixedPFInject", "FixedVar", "FreqDroop"),
        *("FreqWatt", "Gradients", "HFMayTrip", "HFMustTrip", "HVMayTrip"),
        *("HVMomCess", "HVMustTrip", "LFMustTrip", "LVMayTrip", "LVMomCess"),
        *("LVMustTrip", "LimitMaxDischarge", "PowerMonitoringMustTrip", "VoltVar"),
        *("VoltWatt", "WattPF", "WattVar"),
    )
}

ACTIVE_GRID_CONTROLS = SensorEntityDescription(
    key="active_grid_controls",
    translation_key="active_grid_controls",
    state_class=SensorStateClass.MEASUREMENT,
    entity_category=EntityCategory.DIAGNOSTIC,
)
GRID_ALARM = BinarySensorEntityDescription(
    key="grid_alarm",
    translation_key="grid_alarm",
    device_class=BinarySensorDeviceClass.PROBLEM,
)
GRID_SENSORS = (ACTIVE_GRID_CONTROLS,)
GRID_BINARY_SENSORS = (GRID_ALARM,)


def grid_sensors(charger: Charger) -> Iterator[OcppEntity]:
    """Yield the sensor of a charger that can be controlled, or once was told to be."""
    if charger.station.der_control.seen:
        yield GridControlsSensor(charger, ACTIVE_GRID_CONTROLS, watched=(Topic.GRID,))


def grid_binary_sensors(charger: Charger) -> Iterator[OcppEntity]:
    """Yield whether the grid makes such a charger deviate."""
    if charger.station.der_control.seen:
        yield GridAlarmBinarySensor(charger, GRID_ALARM, watched=(Topic.GRID,))


def grid_alarm(event: GridAlarm) -> tuple[str, dict[str, Any]]:
    """Return the type of an alarm's event, and what else it tells."""
    fault = _fault(event.fault)
    return ALARM_ENDED if event.ended else fault or OTHER_FAULT, {
        "fault": fault,
        "control": _control_type(event.control),
        "extra_info": event.info or None,
        "happened_at": event.at.isoformat(),
    }


def _fault(told: str) -> str | None:
    """Return a fault in words; what the specification does not have is another."""
    return _FAULTS_FOLDED.get(fold(told), OTHER_FAULT) if told else None


def _control_type(told: str) -> str | None:
    return CONTROL_TYPES.get(fold(told), told) if told else None


class GridControlsSensor(OcppEntity, SensorEntity):
    """How many controls are in force, and which a charger holds."""

    # Long, and of no use in a history.
    _unrecorded_attributes = frozenset({ATTR_CONTROLS})

    @override
    def _present(self) -> Any:
        held = self.station.der_control.controls
        active = sum(state is ControlState.ACTIVE for _, state in held)
        # Of many, what is in force is looked for first.
        held.sort(key=lambda one: one[1] is not ControlState.ACTIVE)
        listed = [_words(*one) for one in held[:_MOST_LISTED]]
        self._attr_native_value = active
        self._attr_extra_state_attributes = {ATTR_CONTROLS: listed}
        return active, listed


def _words(control: Control, state: ControlState) -> dict[str, Any]:
    """Return what is shown of a control; its values an action tells."""
    ends = control.ends
    return {
        "id": control.id,
        "control": _control_type(control.type),
        "state": state.value,
        "default": control.default,
        "priority": control.priority,
        "start": control.start,
        "end": ends.isoformat() if ends is not None else None,
    }


class GridAlarmBinarySensor(OcppEntity, BinarySensorEntity):
    """Whether the grid makes a charger do otherwise than it was told."""

    @override
    def _present(self) -> Any:
        alarm = self.station.der_control.alarm
        self._attr_is_on = alarm is not None
        told: dict[str, Any] = {}
        if alarm is not None:
            told = {
                "fault": _fault(alarm.fault),
                "control": _control_type(alarm.control),
                "extra_info": alarm.info or None,
                "since": alarm.since,
            }
        self._attr_extra_state_attributes = told
        return alarm
