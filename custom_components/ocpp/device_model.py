"""Variables of chargers that speak OCPP 2.x as entities, and what their alerts tell.

Those of the controllers that can be set, and some that people like to look at: a charger
may have thousands. They are called what the charger calls them.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.components.number import NumberEntityDescription, NumberMode
from homeassistant.components.select import SelectEntityDescription
from homeassistant.components.sensor import SensorEntityDescription
from homeassistant.components.switch import SwitchEntityDescription
from homeassistant.components.text import TextEntityDescription
from homeassistant.const import (
    PERCENTAGE,
    EntityCategory,
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfFrequency,
    UnitOfInformation,
    UnitOfPower,
    UnitOfTemperature,
    UnitOfTime,
)

from .charger import Charger
from .csms.blocks.device_model import part
from .csms.blocks.monitoring import part as problem_part
from .csms.variables import READ_ONLY, READ_WRITE, Place, Variable
from .entity import OcppEntity
from .setting import (
    LONGEST_STATE,
    SettingBinarySensor,
    SettingNumber,
    SettingSelect,
    SettingSensor,
    SettingSwitch,
    SettingText,
    SettingTextSensor,
    SettingWholeNumber,
)

# The controllers of the specification, and the parts that every station has.
_COMPONENTS = frozenset(
    name.casefold()
    for name in (
        *("AlignedDataCtrlr", "AuthCacheCtrlr", "AuthCtrlr", "CHAdeMOCtrlr"),
        *("ClockCtrlr", "CustomizationCtrlr", "DeviceDataCtrlr"),
        *("DisplayMessageCtrlr", "ISO15118Ctrlr", "LocalAuthListCtrlr"),
        *("MonitoringCtrlr", "OCPPCommCtrlr", "ReservationCtrlr"),
        *("SampledDataCtrlr", "SecurityCtrlr", "SmartChargingCtrlr"),
        *("TariffCostCtrlr", "TxCtrlr"),
        *("BatterySwapCtrlr", "DERCtrlr", "PaymentCtrlr", "V2XChargingCtrlr"),
        *("WebPaymentsCtrlr", "ChargingStation", "EVSE", "Connector"),
    )
)
# What people like to look at, whatever has it, although they can't set it.
_LOOKED_AT = frozenset(
    name.casefold()
    for name in (
        *("ACPhaseSwitchingSupported", "ActiveMonitoringBase"),
        *("ActiveMonitoringLevel", "ActiveNetworkProfile", "CertificateEntries"),
        *("ConnectorType", "Current", "DisplayMessages", "Entries", "FanSpeed"),
        *("Humidity", "MonitoringBase", "MonitoringLevel", "PeriodsPerSchedule"),
        *("Phases3to1", "Power", "ProfileStackLevel", "RateUnit"),
        *("SecurityProfile", "SignalStrength", "Storage", "SupplyPhases"),
        *("Temperature", "Voltage"),
    )
)
# More than the controllers of the specification have.
_MOST = 400
_HIGHEST = 2**31 - 1
_BOOLEAN, _WHOLE, _NUMBERS = "boolean", "integer", frozenset({"integer", "decimal"})
_OPTIONS = "optionlist"
_UNITS = {
    "s": UnitOfTime.SECONDS,
    "seconds": UnitOfTime.SECONDS,
    "ms": UnitOfTime.MILLISECONDS,
    "minutes": UnitOfTime.MINUTES,
    "hours": UnitOfTime.HOURS,
    "wh": UnitOfEnergy.WATT_HOUR,
    "kwh": UnitOfEnergy.KILO_WATT_HOUR,
    "w": UnitOfPower.WATT,
    "kw": UnitOfPower.KILO_WATT,
    "a": UnitOfElectricCurrent.AMPERE,
    "v": UnitOfElectricPotential.VOLT,
    "hz": UnitOfFrequency.HERTZ,
    "percent": PERCENTAGE,
    "celsius": UnitOfTemperature.CELSIUS,
    "fahrenheit": UnitOfTemperature.FAHRENHEIT,
    "b": UnitOfInformation.BYTES,
    "bytes": UnitOfInformation.BYTES,
}


class VariableSetting:
    """A variable of 2.x."""

    def __init__(self, charger: Charger, place: Place) -> None:
        """Mean one variable of a charger."""
        self.part = part(place.key)
        self.evse = place.evse
        self._model = charger.station.device_model
        self._place = place

    @property
    def value(self) -> str | None:
        """Return what the charger told that it is."""
        known = self._model.find(self._place)
        return known.value if known is not None else None

    @property
    def waits(self) -> bool:
        """Return whether it only holds once the charger restarted."""
        return self._place.key in self._model.after_reboot

    async def write(self, value: str) -> None:
        """Set the variable."""
        # People may know better than we what it is.
        await self._model.set(self._place, value, anew=True)


def variable_numbers(charger: Charger) -> Iterator[OcppEntity]:
    """Yield the numbers that can be set in a charger."""
    for variable in _settable(charger):
        kind = _kind(variable)
        if kind in _NUMBERS:
            whole = kind == _WHOLE
            entity = SettingWholeNumber if whole else SettingNumber
            yield entity(charger, _number(variable), _setting(charger, variable))


def _number(variable: Variable) -> NumberEntityDescription:
    told = variable.characteristics
    smallest = told.minimum if told is not None else None
    largest = told.maximum if told is not None else None
    return NumberEntityDescription(
        **_words(variable),
        native_unit_of_measurement=_unit(variable),
        native_min_value=0 if smallest is None else smallest,
        # Some write zero where they mean none.
        native_max_value=largest or _HIGHEST,
        native_step=1 if _kind(variable) == _WHOLE else 0.01,
        mode=NumberMode.BOX,
    )


def variable_switches(charger: Charger) -> Iterator[OcppEntity]:
    """Yield what can be switched in a charger."""
    for variable in _settable(charger):
        if _kind(variable) == _BOOLEAN:
            description = SwitchEntityDescription(**_words(variable))
            yield SettingSwitch(charger, description, _setting(charger, variable))


def variable_selects(charger: Charger) -> Iterator[OcppEntity]:
    """Yield what is one of a few words in a charger."""
    for variable in _settable(charger):
        if options := _options(variable):
            description = SelectEntityDescription(**_words(variable), options=options)
            yield SettingSelect(charger, description, _setting(charger, variable))


def variable_texts(charger: Charger) -> Iterator[OcppEntity]:
    """Yield what else can be set in a charger: texts, lists and times."""
    for variable in _settable(charger):
        kind = _kind(variable)
        if kind != _BOOLEAN and kind not in _NUMBERS and not _options(variable):
            told = variable.characteristics
            longest = told.maximum if told is not None else None
            description = TextEntityDescription(
                **_words(variable),
                native_max=int(min(max(longest or LONGEST_STATE, 1), LONGEST_STATE)),
            )
            yield SettingText(charger, description, _setting(charger, variable))


def variable_sensors(charger: Charger) -> Iterator[OcppEntity]:
    """Yield what people like to look at and can't set."""
    for variable in _looked_at(charger):
        kind = _kind(variable)
        if kind != _BOOLEAN:
            entity = SettingSensor if kind in _NUMBERS else SettingTextSensor
            description = SensorEntityDescription(
                **_words(variable, EntityCategory.DIAGNOSTIC),
                native_unit_of_measurement=_unit(variable),
            )
            yield entity(charger, description, _setting(charger, variable))


def variable_binary_sensors(charger: Charger) -> Iterator[OcppEntity]:
    """Yield what is on or off and can't be switched, and what alerts told of."""
    for variable in _looked_at(charger):
        if _kind(variable) == _BOOLEAN:
            description = BinarySensorEntityDescription(
                **_words(variable, EntityCategory.DIAGNOSTIC)
            )
            yield SettingBinarySensor(charger, description, _setting(charger, variable))
    for place in charger.station.monitoring.seen.values():
        yield ProblemBinarySensor(charger, place)


def _settable(charger: Charger) -> Iterator[Variable]:
    return islice(
        (
            variable
            for key, variable in charger.station.device_model.variables.items()
            if key.component in _COMPONENTS
            and variable.actual.mutability == READ_WRITE
            and _is_shown(variable)
        ),
        _MOST,
    )


def _looked_at(charger: Charger) -> Iterator[Variable]:
    return islice(
        (
            variable
            for key, variable in charger.station.device_model.variables.items()
            if key.variable in _LOOKED_AT
            and variable.actual.mutability == READ_ONLY
            and _is_shown(variable)
        ),
        _MOST,
    )


def _is_shown(variable: Variable) -> bool:
    """Return whether enough is known of it, and anybody may see it."""
    return variable.characteristics is not None and not variable.place.is_secret


def _setting(charger: Charger, variable: Variable) -> VariableSetting:
    return VariableSetting(charger, variable.place)


def _words(
    variable: Variable, category: EntityCategory = EntityCategory.CONFIG
) -> dict[str, Any]:
    """Return what the descriptions of all platforms have."""
    return {
        "key": f"variable-{variable.place.key.text}",
        "name": _name(variable.place),
        "entity_category": category,
        "entity_registry_enabled_default": False,
    }


def _name(place: Place) -> str:
    """Return what a variable is called on the device of its EVSE."""
    return f"{place.name} {place.connector}" if place.connector else place.name


def _kind(variable: Variable) -> str:
    told = variable.characteristics
    return told.data_type.casefold() if told is not None else ""


def _unit(variable: Variable) -> str | None:
    told = variable.characteristics
    if told is None or not told.unit or _kind(variable) not in _NUMBERS:
        return None
    return _UNITS.get(told.unit.casefold(), told.unit)


def _options(variable: Variable) -> list[str]:
    """Return the words that a variable may be, where it is one of some."""
    told = variable.characteristics
    if told is None or told.data_type.casefold() != _OPTIONS:
        return []
    return list(dict.fromkeys(told.values))


class ProblemBinarySensor(OcppEntity, BinarySensorEntity):
    """Whether something is wrong with what an alert once told of."""

    def __init__(self, charger: Charger, place: Place) -> None:
        """Watch one variable."""
        description = BinarySensorEntityDescription(
            key=f"alert-{place.key.text}",
            name=_name(place),
            device_class=BinarySensorDeviceClass.PROBLEM,
            entity_category=EntityCategory.DIAGNOSTIC,
        )
        super().__init__(
            charger,
            description,
            evse=place.evse,
            watched=(problem_part(place.key),),
        )
        self._place = place.key

    @override
    def _present(self) -> Any:
        problem = self.station.monitoring.problems.get(self._place)
        self._attr_is_on = problem is not None
        told: dict[str, Any] = {}
        if problem is not None:
            told = {
                "since": problem.since,
                "value": problem.value,
                "severity": problem.severity,
                "tech_code": problem.tech_code or None,
                "tech_info": problem.tech_info or None,
            }
        self._attr_extra_state_attributes = told
        return problem
