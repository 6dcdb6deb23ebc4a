"""What a station reports of its own safety."""

from typing import Any

from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.events import SecurityReported
from custom_components.ocpp.csms.model import RegistrationStatus, StationSettings
from tests.simulator import Charger


async def test_events(station: ChargingStation, charger: Charger) -> None:
    """The last ones are kept, without their text; they are always answered."""
    told: list[Any] = []
    station.follow(told.append)
    station.apply_settings(StationSettings(registration=RegistrationStatus.PENDING))
    for number in range(25):
        event = {"type": f"Event{number}", "timestamp": "2026-02-03T04:05:06Z"}
        await charger.call("SecurityEventNotification", event | {"techInfo": "secret"})
    assert [event.type for event in station.security.events] == [
        f"Event{number}" for number in range(5, 25)
    ]
    assert station.security.events[0].at.isoformat() == "2026-02-03T04:05:06+00:00"
    assert "secret" not in repr(station.security.events)
    # Whoever follows the station hears the text once, cut to a sane length.
    assert len(told) == 25
    assert isinstance(told[0], SecurityReported)
    assert (told[0].type, told[0].tech_info) == ("Event0", "secret")
    long = {"type": "x" * 99, "timestamp": "never", "techInfo": "y" * 999}
    await charger.call("SecurityEventNotification", long, validate=False)
    assert (len(told[-1].type), len(told[-1].tech_info)) == (50, 255)


async def test_a_certificate_to_sign(
    station: ChargingStation, charger: Charger
) -> None:
    """There is nobody here who could sign one, and diagnostics say so."""
    answer = await charger.call("SignCertificate", {"csr": "request"})
    assert answer == {"status": "Rejected"}
    assert station.notes["SignCertificate: rejected, nobody here can sign"] == 1
