"""What a station reports of its own safety."""

from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.model import RegistrationStatus, StationSettings
from tests.simulator import Charger


async def test_events(station: ChargingStation, charger: Charger) -> None:
    """The last ones are kept, without their text; they are always answered."""
    station.apply_settings(StationSettings(registration=RegistrationStatus.PENDING))
    for number in range(25):
        event = {"type": f"Event{number}", "timestamp": "2026-02-03T04:05:06Z"}
        await charger.call("SecurityEventNotification", event | {"techInfo": "secret"})
    assert [event.type for event in station.security.events] == [
        f"Event{number}" for number in range(5, 25)
    ]
    assert station.security.events[0].at.isoformat() == "2026-02-03T04:05:06+00:00"
    assert "secret" not in repr(station.security.events)


async def test_certificate(station: ChargingStation, charger: Charger) -> None:
    """There is nobody here who could sign one."""
    answer = await charger.call("SignCertificate", {"csr": "request"})
    assert answer == {"status": "Rejected"}
