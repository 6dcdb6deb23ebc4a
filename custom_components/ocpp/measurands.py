"""How each measurand of a charger is shown as a sensor."""

from collections.abc import Iterator
from dataclasses import dataclass

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    PERCENTAGE,
    REVOLUTIONS_PER_MINUTE,
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfFrequency,
    UnitOfPower,
    UnitOfReactiveEnergy,
    UnitOfReactivePower,
    UnitOfTemperature,
    UnitOfTime,
)

from .csms.blocks.metering import (
    ENERGY_REGISTER,
    EXPORT_REGISTER,
    PHASES,
    key as reading_key,
)

# Shown from the start, since most chargers have them. Only those that charge with direct
# current know the state of the car's battery.
ALWAYS = frozenset(
    {
        ENERGY_REGISTER,
        "Power.Active.Import",
        "Power.Offered",
        "Current.Import",
        "Current.Offered",
        "Voltage",
        "Temperature",
    }
)
_MEASUREMENT = SensorStateClass.MEASUREMENT
_COUNTER = SensorStateClass.TOTAL_INCREASING


@dataclass(frozen=True, kw_only=True)
class MeasurandDescription(SensorEntityDescription):
    """A measurand, or one phase of it.

    `reading` is its key in the metering block; readings there are in Wh, W, A, V and so on,
    and `factor` brings them into the unit shown.
    """

    reading: str
    factor: float = 1


@dataclass(frozen=True)
class _Measurand:
    name: str
    key: str
    device_class: SensorDeviceClass | None
    unit: str | None
    state_class: SensorStateClass | None = _MEASUREMENT
    precision: int = 1
    factor: float = 1
    usual: bool = False
    # Whether its phases are shown one by one, where they come so.
    phased: bool = True


_KWH = (SensorDeviceClass.ENERGY, UnitOfEnergy.KILO_WATT_HOUR)
_KVARH = (
    SensorDeviceClass.REACTIVE_ENERGY,
    UnitOfReactiveEnergy.KILO_VOLT_AMPERE_REACTIVE_HOUR,
)
_W = (SensorDeviceClass.POWER, UnitOfPower.WATT)
_VAR = (SensorDeviceClass.REACTIVE_POWER, UnitOfReactivePower.VOLT_AMPERE_REACTIVE)
_A = (SensorDeviceClass.CURRENT, UnitOfElectricCurrent.AMPERE)
_V = (SensorDeviceClass.VOLTAGE, UnitOfElectricPotential.VOLT)
_STORED = (SensorDeviceClass.ENERGY_STORAGE, UnitOfEnergy.KILO_WATT_HOUR)


def _agreed() -> Iterator[_Measurand]:
    """Yield what a station of 2.1 and a car agreed on, and what comes of it."""
    for way in ("Import", "Export"):
        for bound in ("Offered", "Minimum"):
            end = f"{way}_{bound}".lower()
            yield _Measurand(f"Current.{way}.{bound}", f"current_{end}", *_A)
            yield _Measurand(f"Power.{way}.{bound}", f"power_{end}", *_W, precision=0)
    yield _Measurand("Power.Active.Setpoint", "power_setpoint", *_W, precision=0)
    yield _Measurand("Power.Active.Residual", "power_residual", *_W, precision=0)
    for bound in ("Minimum", "Maximum"):
        key = f"voltage_{bound.lower()}"
        yield _Measurand(f"Voltage.{bound}", key, *_V, phased=False)
    for name, key, state_class in (
        ("Energy.Active.Import.CableLoss", "energy_cable_loss", _COUNTER),
        (
            "Energy.Active.Import.LocalGeneration.Register",
            "energy_local_generation",
            _COUNTER,
        ),
        ("Energy.Active.Setpoint.Interval", "energy_setpoint_interval", None),
    ):
        yield _Measurand(name, key, *_KWH, state_class, 3, 0.001, phased=False)


def _of_the_car() -> Iterator[_Measurand]:
    """Yield what a car says of itself and its battery at a station of 2.1."""
    yield _Measurand(
        "Display.PresentSOC",
        "display_soc",
        SensorDeviceClass.BATTERY,
        PERCENTAGE,
        precision=0,
        usual=True,
        phased=False,
    )
    for bound in ("Minimum", "Target", "Maximum"):
        low = bound.lower()
        yield _Measurand(
            f"Display.{bound}SOC",
            f"display_{low}_soc",
            None,
            PERCENTAGE,
            precision=0,
            phased=False,
        )
        yield _Measurand(
            f"Display.RemainingTimeTo{bound}SOC",
            f"time_to_{low}_soc",
            SensorDeviceClass.DURATION,
            UnitOfTime.SECONDS,
            precision=0,
            usual=bound == "Target",
            phased=False,
        )
        yield _stored(f"EnergyRequest.{bound}", f"energy_request_{low}")
    for bound in ("Minimum", "Maximum"):
        key = f"energy_request_{bound.lower()}_v2x"
        yield _stored(f"EnergyRequest.{bound}.V2X", key)
    yield _stored("EnergyRequest.Bulk", "energy_request_bulk")
    yield _stored("Display.BatteryEnergyCapacity", "ev_battery_capacity")


def _stored(name: str, key: str) -> _Measurand:
    """Return an energy that is, or is to be, in the battery of a car."""
    return _Measurand(name, key, *_STORED, precision=1, factor=0.001, phased=False)


_MEASURANDS = (
    _Measurand(ENERGY_REGISTER, "energy", *_KWH, _COUNTER, 2, 0.001, True),
    _Measurand("Power.Active.Import", "power", *_W, precision=0, usual=True),
    _Measurand("Current.Import", "current", *_A, usual=True),
    _Measurand("Voltage", "voltage", *_V, usual=True),
    _Measurand(
        "SoC", "soc", SensorDeviceClass.BATTERY, PERCENTAGE, precision=0, usual=True
    ),
    _Measurand(
        "Temperature",
        "temperature",
        SensorDeviceClass.TEMPERATURE,
        UnitOfTemperature.CELSIUS,
        usual=True,
    ),
    _Measurand("Current.Offered", "current_offered", *_A, usual=True),
    _Measurand("Power.Offered", "power_offered", *_W, precision=0, usual=True),
    _Measurand(
        "Frequency",
        "frequency",
        SensorDeviceClass.FREQUENCY,
        UnitOfFrequency.HERTZ,
        precision=2,
    ),
    _Measurand(
        "Power.Factor",
        "power_factor",
        SensorDeviceClass.POWER_FACTOR,
        None,
        precision=2,
    ),
    _Measurand("Current.Export", "current_export", *_A),
    _Measurand("Power.Active.Export", "power_export", *_W, precision=0, usual=True),
    _Measurand("Power.Reactive.Import", "power_reactive_import", *_VAR, precision=0),
    _Measurand("Power.Reactive.Export", "power_reactive_export", *_VAR, precision=0),
    _Measurand(EXPORT_REGISTER, "energy_export", *_KWH, _COUNTER, 2, 0.001, True),
    # What one interval added is neither a measurement nor a sum.
    _Measurand(
        "Energy.Active.Import.Interval", "energy_interval", *_KWH, None, 3, 0.001
    ),
    _Measurand(
        "Energy.Active.Export.Interval", "energy_export_interval", *_KWH, None, 3, 0.001
    ),
    _Measurand(
        "Energy.Reactive.Import.Register",
        "energy_reactive_import",
        *_KVARH,
        _COUNTER,
        2,
        0.001,
    ),
    _Measurand(
        "Energy.Reactive.Export.Register",
        "energy_reactive_export",
        *_KVARH,
        _COUNTER,
        2,
        0.001,
    ),
    _Measurand(
        "Energy.Reactive.Import.Interval",
        "energy_reactive_import_interval",
        *_KVARH,
        None,
        3,
        0.001,
    ),
    _Measurand(
        "Energy.Reactive.Export.Interval",
        "energy_reactive_export_interval",
        *_KVARH,
        None,
        3,
        0.001,
    ),
    _Measurand("RPM", "rpm", None, REVOLUTIONS_PER_MINUTE, precision=0),
    *_agreed(),
    *_of_the_car(),
)


def _describe(measurand: _Measurand, phase: str) -> MeasurandDescription:
    suffix = f"_{phase.lower().replace('-', '_')}" if phase else ""
    # One translation for all phases: what differs is only the conductor's name.
    translation_key = f"{measurand.key}_phase" if phase else measurand.key
    return MeasurandDescription(
        key=f"{measurand.key}{suffix}",
        translation_key=translation_key,
        translation_placeholders={"phase": phase} if phase else None,
        device_class=measurand.device_class,
        native_unit_of_measurement=measurand.unit,
        state_class=measurand.state_class,
        suggested_display_precision=measurand.precision,
        entity_registry_enabled_default=measurand.usual and not phase,
        reading=reading_key(measurand.name, phase),
        factor=measurand.factor,
    )


DESCRIPTIONS: dict[str, MeasurandDescription] = {
    description.reading: description
    for measurand in _MEASURANDS
    for phase in (PHASES if measurand.phased else PHASES[:1])
    for description in (_describe(measurand, phase),)
}


def descriptions_for(seen: set[str]) -> Iterator[MeasurandDescription]:
    """Return what to show of an EVSE that was seen to report these readings."""
    for reading, description in DESCRIPTIONS.items():
        if reading in seen or reading in ALWAYS:
            yield description
