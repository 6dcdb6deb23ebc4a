"""What the meter of an EVSE says, in the words of OCPP 2.x."""

from base64 import b64encode

from tests.simulator.car import PHASES, VOLTAGE, Car, Flow
from tests.simulator.link import Payload

_UNITS = {
    "Current.Import": "A",
    "Current.Offered": "A",
    "Energy.Active.Import.Register": "Wh",
    "Frequency": "Hertz",
    "Power.Active.Import": "W",
    "Power.Offered": "W",
    "SoC": "Percent",
    "Voltage": "V",
}


def sign(readings: list[Payload]) -> None:
    """Add to the energy readings what looks like a signature."""
    for reading in readings:
        if reading["measurand"].startswith("Energy"):
            text = f'OCMF|{{"RV":{reading["value"]}}}|{{"SD":"00"}}'
            reading["signedMeterValue"] = {
                "signedMeterData": b64encode(text.encode()).decode(),
                "signingMethod": "ECDSA-secp256r1-SHA256",
                "encodingMethod": "OCMF",
                "publicKey": b64encode(b"key").decode(),
            }


def sampled_values(
    measurands: list[str],
    *,
    meter_wh: float,
    flow: Flow,
    car: Car | None,
    context: str,
    multiplier: int = 0,
) -> list[Payload]:
    """Return the readings of some measurands, in the order asked for.

    With a multiplier the values of power and energy are given in tens of that power.
    """

    def sample(measurand: str, value: float, **more: str) -> Payload:
        unit: Payload = {"unit": _UNITS[measurand]}
        if multiplier and unit["unit"] in ("W", "Wh"):
            unit["multiplier"] = multiplier
            value /= 10**multiplier
        return {
            "value": round(value, 3),
            "context": context,
            "measurand": measurand,
            "location": "EV" if measurand == "SoC" else "Outlet",
            "unitOfMeasure": unit,
            **more,
        }

    readings: list[Payload] = []
    for name in measurands:
        match name:
            case "Energy.Active.Import.Register":
                readings.append(sample(name, meter_wh))
            case "Power.Active.Import":
                readings.append(sample(name, flow.power))
            case "Power.Offered":
                readings.append(sample(name, flow.offered * VOLTAGE * len(PHASES)))
            case "Current.Offered":
                readings.append(sample(name, flow.offered))
            case "Current.Import":
                readings.extend(
                    sample(name, flow.current if n < flow.phases else 0, phase=phase)
                    for n, phase in enumerate(PHASES)
                )
            case "Voltage":
                readings.extend(
                    sample(name, VOLTAGE, phase=f"{phase}-N") for phase in PHASES
                )
            case "Frequency":
                readings.append(sample(name, 50))
            case "SoC" if car is not None and car.soc is not None:
                readings.append(sample(name, car.soc))
    return readings
