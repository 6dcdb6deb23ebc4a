"""What a station of 2.0.1 reports of its own safety."""

import json
import logging
from typing import Any

import pytest

from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import InvalidRequest, OcppError
from custom_components.ocpp.csms.events import SecurityReported
from custom_components.ocpp.csms.model import RegistrationStatus, StationSettings
from tests.simulator_v2 import Station as Two

PASSWORD = "correct-horse-battery"


async def test_a01_a_new_password_is_neither_kept_nor_logged(
    station: ChargingStation, two: Two, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether the station takes it or not, and whether or not it is one at all."""
    caplog.set_level(logging.DEBUG)

    async def send(value: Any) -> None:
        item = {
            "component": {"name": "SecurityCtrlr"},
            "variable": {"name": "BasicAuthPassword"},
            "attributeValue": value,
        }
        await station.sending.command("SetVariables", {"setVariableData": [item]})

    await send(PASSWORD)
    assert two.variables["SecurityCtrlr.BasicAuthPassword"].value == PASSWORD
    with pytest.raises(OcppError) as refused:
        await send(PASSWORD * 9)
    with pytest.raises(InvalidRequest) as invalid:
        await send([PASSWORD])
    await station.save()
    # The station of the test has logs of its own.
    logged = "".join(
        record.getMessage()
        for record in caplog.records
        if record.name.startswith("custom_components")
    )
    assert "SetVariables" in logged
    kept = await station.store.load_facts(station.identity)
    model = station.device_model.shown()
    for where in (kept, model, logged, str(refused.value), str(invalid.value)):
        assert PASSWORD not in json.dumps(where, default=str)
    assert not any(
        PASSWORD in str(variable)
        for variable in station.device_model.variables.values()
    )


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("SignChargingStationCertificate", "ChargingStationCertificate"),
        ("SignV2GCertificate", "V2GCertificate"),
    ],
)
async def test_a02_a_certificate_that_was_asked_for_can_not_be_signed_here(
    station: ChargingStation, two: Two, message: str, kind: str
) -> None:
    """The station is told why, and no chain follows."""
    await station.remote_control.trigger(message)
    await two.settle()
    (sent,) = two.sent_calls("SignCertificate")
    assert sent["certificateType"] == kind
    answer = two.received[-1][2]
    assert answer["status"] == "Rejected"
    assert answer["statusInfo"]["reasonCode"] == "NotEnabled"
    assert two.state.chains == []


async def test_a03_a_certificate_that_the_station_asks_for(
    station: ChargingStation, two: Two
) -> None:
    """It is told no, and diagnostics say so."""
    answer = await two.call("SignCertificate", {"csr": "no request"})
    assert answer["status"] == "Rejected"
    assert station.notes["SignCertificate: rejected, nobody here can sign"] == 1


async def test_a04_a_security_event_is_told_and_always_answered(
    station: ChargingStation, two: Two
) -> None:
    """Also that of a station which is kept waiting."""
    told: list[Any] = []
    station.follow(told.append)
    station.apply_settings(StationSettings(registration=RegistrationStatus.PENDING))
    event = {"type": "TamperDetectionActivated", "timestamp": "2026-02-03T04:05:06Z"}
    assert await two.call("SecurityEventNotification", event) == {}
    assert (
        await two.call("SecurityEventNotification", event | {"techInfo": "lid"}) == {}
    )
    assert [(one.type, one.tech_info) for one in told] == [
        ("TamperDetectionActivated", ""),
        ("TamperDetectionActivated", "lid"),
    ]
    assert isinstance(told[0], SecurityReported)
    assert told[0].at.isoformat() == "2026-02-03T04:05:06+00:00"
