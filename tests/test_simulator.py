"""Prove the simulated charger against a central system of the ocpp package."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
import signal
import sys
from typing import Any

from ocpp import messages
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
import pytest
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from .simulator import CallError, Charger, ConfigKey, Silence
from .simulator.peer import check_loopback
from .simulator.profiles import Profiles

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
ACCEPTED = {"status": "Accepted"}


class Point(ChargePoint):
    """The central system's end of one connection."""

    def __init__(self, central: Central, socket: ServerConnection) -> None:
        """Bind to a socket."""
        super().__init__(socket.request.path, socket, response_timeout=2)
        self.central = central
        self.socket = socket

    @on("BootNotification")
    def boot(self, **fields: Any) -> call_result.BootNotification:
        """Answer as the test wants, else accept."""
        plan = self.central.boots
        status, interval = plan.pop(0) if plan else ("Accepted", 300)
        return call_result.BootNotification(NOW.isoformat(), interval, status)

    @on("StatusNotification")
    def status(self, **fields: Any) -> call_result.StatusNotification:
        """Note the state."""
        self.central.statuses.append((fields["connector_id"], fields["status"]))
        return call_result.StatusNotification()

    @on("Heartbeat")
    def heartbeat(self) -> call_result.Heartbeat:
        """Tell the time."""
        return call_result.Heartbeat(NOW.isoformat())

    @on("Authorize")
    def authorize(self, id_tag: str) -> call_result.Authorize:
        """Know the cards."""
        return call_result.Authorize(self.central.verdict(id_tag))

    @on("StartTransaction")
    def start_transaction(self, id_tag: str, **_: Any) -> call_result.StartTransaction:
        """Give the next id."""
        self.central.transactions += 1
        return call_result.StartTransaction(
            self.central.transactions, self.central.verdict(id_tag)
        )

    @on("StopTransaction")
    def stop_transaction(self, **fields: Any) -> call_result.StopTransaction:
        """Note the end."""
        self.central.stops.append(fields)
        return call_result.StopTransaction()

    @on("MeterValues")
    def meter_values(self, **_: Any) -> call_result.MeterValues:
        """Agree."""
        return call_result.MeterValues()

    @on("FirmwareStatusNotification")
    def firmware(self, **_: Any) -> call_result.FirmwareStatusNotification:
        """Agree."""
        return call_result.FirmwareStatusNotification()

    @on("SignedFirmwareStatusNotification")
    def signed(self, **_: Any) -> call_result.SignedFirmwareStatusNotification:
        """Agree."""
        return call_result.SignedFirmwareStatusNotification()

    @on("DiagnosticsStatusNotification")
    def diagnostics(self, **_: Any) -> call_result.DiagnosticsStatusNotification:
        """Agree."""
        return call_result.DiagnosticsStatusNotification()

    @on("LogStatusNotification")
    def log(self, **_: Any) -> call_result.LogStatusNotification:
        """Agree."""
        return call_result.LogStatusNotification()

    @on("SignCertificate")
    def sign(self, **_: Any) -> call_result.SignCertificate:
        """Agree."""
        return call_result.SignCertificate("Accepted")


class Central:
    """A small central system."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.boots: list[tuple[str, int]] = []
        self.statuses: list[tuple[int, str]] = []
        self.stops: list[dict[str, Any]] = []
        self.transactions = 0
        self.paths: list[str] = []
        self.point: Point | None = None
        self.server: Server | None = None

    @property
    def url(self) -> str:
        """Return where it listens."""
        assert self.server is not None
        port = next(iter(self.server.sockets)).getsockname()[1]
        return f"ws://127.0.0.1:{port}/"

    def verdict(self, tag: str) -> dict[str, str]:
        """Return what is thought of a card."""
        return {"status": "Blocked" if tag == "BAD" else "Accepted"}

    async def serve(self, socket: ServerConnection) -> None:
        """Live through a connection."""
        assert socket.request is not None
        self.paths.append(socket.request.path)
        self.point = Point(self, socket)
        with suppress(ConnectionClosed):
            await self.point.start()

    async def call(self, payload: Any) -> Any:
        """Send a command; a CALLERROR raises."""
        assert self.point is not None
        return await self.point.call(payload, suppress=False)


@pytest.fixture
async def central(
    socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[Central]:
    """Run a central system."""
    # The executor of the package's own validation would outlive the test.
    monkeypatch.setattr(messages, "ASYNC_VALIDATION", False)
    central = Central()
    async with serve(
        central.serve,
        "127.0.0.1",
        0,
        # Unlike a plain list, this lets in those who offer nothing.
        select_subprotocol=lambda _, offered: next(iter(offered), None),
        ping_interval=None,
    ) as central.server:
        yield central


@asynccontextmanager
async def booted(central: Central, **options: Any) -> AsyncGenerator[Charger]:
    """Run a charger that is up, and check that it heard no nonsense."""
    async with Charger(central.url, "CP 1", **options) as charger:
        await charger.power_up()
        yield charger
    assert charger.violations == []


def profile(amps: float, level: int = 0, **fields: Any) -> dict[str, Any]:
    """Return a charging profile."""
    return {
        "chargingProfileId": fields.pop("number", 1),
        "stackLevel": level,
        "chargingProfilePurpose": fields.pop("purpose", "TxDefaultProfile"),
        "chargingProfileKind": fields.pop("kind", "Relative"),
        "chargingSchedule": {
            "chargingRateUnit": fields.pop("unit", "A"),
            "chargingSchedulePeriod": fields.pop(
                "periods", [{"startPeriod": 0, "limit": amps}]
            ),
            **fields.pop("schedule", {}),
        },
        **fields,
    }


def values(charger: Charger) -> dict[str, str]:
    """Return the latest samples by measurand and phase."""
    samples = charger.sent_calls("MeterValues")[-1]["meterValue"][0]["sampledValue"]
    return {
        ".".join(filter(None, (s["measurand"], s.get("phase")))): s["value"]
        for s in samples
    }


async def test_boot(central: Central) -> None:
    """It boots, reports its connectors and talks."""
    async with booted(central, connectors=2, boot_fields={"iccid": "0"}) as charger:
        assert central.paths == ["/CP%201"]
        assert charger.subprotocol == "ocpp1.6"
        assert charger.sent_calls("BootNotification") == [
            {
                "chargePointVendor": "Simulator",
                "chargePointModel": "Wallbox",
                "chargePointSerialNumber": "SIM0001",
                "firmwareVersion": "1.0.0",
                "iccid": "0",
            }
        ]
        assert (charger.boot_status, charger.interval) == ("Accepted", 300)
        assert central.statuses == [(n, "Available") for n in (0, 1, 2)]
        assert await charger.heartbeat() == {"currentTime": NOW.isoformat()}
        assert await charger.authorize("CARD1") == "Accepted"
        assert await charger.authorize("BAD") == "Blocked"


async def test_pending(central: Central) -> None:
    """A pending charger boots again after the interval, or when triggered."""
    central.boots = [("Pending", 1), ("Pending", 600)]
    async with Charger(central.url, "CP1") as charger:
        boot = asyncio.create_task(charger.boot_until_accepted())
        await charger.until(lambda: charger.interval == 600)
        await central.call(call.TriggerMessage("BootNotification"))
        assert (await boot)["status"] == "Accepted"
        assert len(charger.sent_calls("BootNotification")) == 3
        await central.call(call.TriggerMessage("BootNotification"))
        await charger.settle()
        assert len(charger.sent_calls("BootNotification")) == 4


async def test_session(central: Central) -> None:
    """A car charges by card, with energy that follows from time and power."""
    async with booted(central) as charger:
        car = await charger.plug_in(soc=40, capacity_wh=60000)
        assert await charger.present_card("CARD1")
        transaction = charger.connectors[1].transaction
        assert transaction is not None
        assert (transaction.id, transaction.meter_start) == (1, 1000)
        await charger.tick(3600)
        assert charger.sent_calls("MeterValues")[-1]["transactionId"] == 1
        assert values(charger) == {
            "Energy.Active.Import.Register": "12040",
            "Power.Active.Import": "11040.0",
            **{f"Current.Import.L{n}": "16.0" for n in (1, 2, 3)},
            **{f"Voltage.L{n}-N": "230.0" for n in (1, 2, 3)},
            "Temperature": "36.0",
            "Current.Offered": "32.0",
            "SoC": "58",
        }
        await charger.tick(3 * 3600)
        assert car.soc == 100
        assert charger.connectors[1].meter_wh == 37000
        assert central.statuses[-1] == (1, "SuspendedEV")
        assert await charger.present_card("card1")
        assert central.stops[0]["meter_stop"] == 37000
        assert central.stops[0]["reason"] == "Local"
        await charger.unplug()
        assert [status for n, status in central.statuses if n == 1] == [
            "Available",
            "Preparing",
            "Charging",
            "SuspendedEV",
            "Finishing",
            "Available",
        ]


async def test_refused_card(central: Central) -> None:
    """A refused card starts nothing, or not for long."""
    async with booted(central) as charger:
        await charger.plug_in()
        assert not await charger.present_card("BAD")
        assert charger.sent_calls("StartTransaction") == []
        await charger.start(1, "BAD", meter_start=5, timestamp="2026-01-01T00:00:00Z")
        assert central.stops[0]["reason"] == "DeAuthorized"
        assert charger.sent_calls("StartTransaction")[0]["meterStart"] == 5


async def test_single_phase_and_no_soc(central: Central) -> None:
    """A small car draws on one phase and need not tell its charge."""
    async with booted(central) as charger:
        await charger.plug_in(phases=1, max_current=10, soc=None)
        await charger.start()
        await charger.tick(60)
        assert values(charger)["Power.Active.Import"] == "2300.0"
        assert values(charger)["Current.Import.L2"] == "0.0"
        assert "SoC" not in values(charger)


async def test_limits(central: Central) -> None:
    """Power follows the profiles at once."""
    async with booted(central) as charger:
        await charger.plug_in()
        await charger.start()

        async def limit(profile: dict[str, Any], connector: int = 1) -> float:
            answer = await central.call(call.SetChargingProfile(connector, profile))
            assert answer.status == "Accepted"
            assert await charger.wait_for_call("SetChargingProfile")
            return charger.flow().power

        assert await limit(profile(10.4)) == pytest.approx(10.4 * 690)
        assert await limit(profile(8, 3, number=2)) == 8 * 690
        assert await limit(profile(12, 1, number=3)) == 8 * 690
        session = profile(14, number=4, purpose="TxProfile", transactionId=1)
        assert await limit(session) == 14 * 690
        maximum = profile(7, number=5, purpose="ChargePointMaxProfile", kind="Absolute")
        assert await limit(maximum, 0) == 7 * 690
        await limit(
            profile(
                0, number=5, purpose=maximum["chargingProfilePurpose"], kind="Absolute"
            ),
            0,
        )
        await charger.settle()
        assert central.statuses[-1] == (1, "SuspendedEVSE")
        answer = await central.call(call.ClearChargingProfile())
        assert answer.status == "Accepted"
        await charger.settle()
        assert central.statuses[-1] == (1, "Charging")
        assert (await central.call(call.ClearChargingProfile())).status == "Unknown"


@pytest.mark.parametrize(
    ("connector", "wrong"),
    [
        (1, profile(6, 9)),
        (1, profile(6, unit="W")),
        (1, profile(6, purpose="TxProfile")),
        (1, profile(6, purpose="ChargePointMaxProfile", kind="Absolute")),
        (0, profile(6, purpose="ChargePointMaxProfile")),
        (1, profile(6, periods=[{"startPeriod": 5, "limit": 6}])),
        (1, profile(6, kind="Recurring")),
        (1, profile(6, schedule={"startSchedule": "2026-01-01T00:00:00Z"})),
        (2, profile(6)),
    ],
)
async def test_wrong_profiles(
    central: Central, connector: int, wrong: dict[str, Any]
) -> None:
    """A profile that cannot be obeyed is rejected."""
    async with booted(central) as charger:
        answer = await central.call(call.SetChargingProfile(connector, wrong))
        assert answer.status == "Rejected"
        assert charger.profiles.installed == []


async def test_composite_schedule(central: Central) -> None:
    """The composite is the minimum over time."""
    units = ConfigKey("Current,Power", readonly=True)
    async with booted(
        central,
        clock=lambda: NOW,
        configuration={"ChargingScheduleAllowedChargingRateUnit": units},
    ):
        steps = [
            {"startPeriod": 0, "limit": 16},
            {"startPeriod": 3600, "limit": 10.5, "numberPhases": 1},
        ]
        yesterday = NOW - timedelta(days=1, minutes=30)
        schedule = {"startSchedule": yesterday.isoformat(), "duration": 7200}
        daily = profile(
            0,
            kind="Recurring",
            recurrencyKind="Daily",
            periods=steps,
            schedule=schedule,
        )
        await central.call(call.SetChargingProfile(1, daily))
        answer = await central.call(call.GetCompositeSchedule(1, 7200, "A"))
        assert answer.charging_schedule == {
            "duration": 7200,
            "charging_rate_unit": "A",
            "charging_schedule_period": [
                {"start_period": 0, "limit": 16, "number_phases": 3},
                {"start_period": 1800, "limit": 10.5, "number_phases": 1},
                {"start_period": 5400, "limit": 32, "number_phases": 3},
            ],
        }
        answer = await central.call(call.GetCompositeSchedule(1, 60, "W"))
        period = answer.charging_schedule["charging_schedule_period"][0]
        assert period["limit"] == 16 * 690


def test_profile_time() -> None:
    """A profile counts from its validity and for its duration only."""
    profiles = Profiles({}, 32)
    profiles.install(
        1,
        profile(
            6,
            kind="Absolute",
            validFrom="2026-05-04T13:00:00Z",
            validTo="2026-05-04T15:00:00Z",
            schedule={"startSchedule": "2026-05-04T12:30:00", "duration": 5400},
        ),
        NOW,
    )
    amps = [profiles.limit(1, NOW + timedelta(hours=h)).amps for h in range(4)]
    assert amps == [32, 6, 32, 32]


async def test_remote_start_and_stop(central: Central) -> None:
    """A remote start waits for the car and brings its own limit."""
    async with booted(
        central, configuration={"AuthorizeRemoteTxRequests": ConfigKey("true")}
    ) as charger:
        own = profile(9, purpose="TxProfile")
        answer = await central.call(call.RemoteStartTransaction("CARD2", None, own))
        assert answer.status == "Accepted"
        assert (await charger.wait_for_call("RemoteStartTransaction"))["idTag"]
        await charger.settle()
        assert charger.sent_calls("Authorize") == [{"idTag": "CARD2"}]
        assert central.statuses[-1] == (1, "Preparing")
        await charger.plug_in()
        assert charger.flow().current == 9
        answer = await central.call(call.RemoteStartTransaction("CARD3", 1))
        assert answer.status == "Rejected"
        answer = await central.call(call.RemoteStopTransaction(77))
        assert answer.status == "Rejected"
        answer = await central.call(call.RemoteStopTransaction(1))
        assert answer.status == "Accepted"
        await charger.settle()
        assert central.stops[0]["reason"] == "Remote"
        assert charger.profiles.installed == []


async def test_configuration(central: Central) -> None:
    """Configuration can be read and changed within reason."""
    async with booted(central) as charger:
        answer = await central.call(call.GetConfiguration(["numberofconnectors", "X"]))
        assert answer.configuration_key == [
            {"key": "NumberOfConnectors", "readonly": True, "value": "1"}
        ]
        assert answer.unknown_key == ["X"]
        answer = await central.call(call.GetConfiguration())
        assert len(answer.configuration_key) == len(charger.configuration)
        for key, value, expected in (
            ("HeartbeatInterval", "60", "Accepted"),
            ("HeartbeatInterval", "often", "Rejected"),
            ("LocalPreAuthorize", "maybe", "Rejected"),
            ("NumberOfConnectors", "2", "Rejected"),
            ("AuthorizationKey", "secret", "RebootRequired"),
            ("Unheard", "1", "NotSupported"),
            ("MeterValuesSampledData", "Voltage,RPM", "Rejected"),
            ("MeterValuesSampledData", "Frequency,Power.Offered", "Accepted"),
        ):
            answer = await central.call(call.ChangeConfiguration(key, value))
            assert (key, answer.status) == (key, expected)
        await charger.meter_values()
        assert list(values(charger)) == ["Frequency", "Power.Offered"]
        answer = await central.call(call.GetConfiguration(["AuthorizationKey"]))
        assert answer.configuration_key == [
            {"key": "AuthorizationKey", "readonly": False}
        ]


async def test_availability_and_unlock(central: Central) -> None:
    """Connectors leave service after their transaction."""
    async with booted(central) as charger:
        await charger.plug_in()
        await charger.start()
        answer = await central.call(call.ChangeAvailability(1, "Inoperative"))
        assert answer.status == "Scheduled"
        answer = await central.call(call.UnlockConnector(1))
        assert answer.status == "Unlocked"
        await charger.settle()
        assert central.stops[0]["reason"] == "UnlockCommand"
        assert central.statuses[-1] == (1, "Unavailable")
        answer = await central.call(call.ChangeAvailability(0, "Operative"))
        assert answer.status == "Accepted"
        await charger.settle()
        assert central.statuses[-1] == (1, "Preparing")
        assert (await central.call(call.UnlockConnector(0))).status == "NotSupported"


async def test_triggers(central: Central) -> None:
    """Triggered messages come after the answer."""
    async with booted(central) as charger:
        for message in (
            "StatusNotification",
            "MeterValues",
            "Heartbeat",
            "FirmwareStatusNotification",
            "DiagnosticsStatusNotification",
        ):
            before = len(charger.sent)
            answer = await central.call(call.TriggerMessage(message, 1))
            assert answer.status == "Accepted"
            await charger.settle()
            first, second, *_ = charger.sent[before:]
            assert (first[0], second[2]) == (3, message)
        assert charger.sent_calls("MeterValues")[-1]["connectorId"] == 1
        answer = await central.call(call.TriggerMessage("StatusNotification", 9))
        assert answer.status == "Rejected"


@pytest.mark.parametrize(
    ("command", "status", "sends"),
    [
        (call.CancelReservation(1), "Rejected", None),
        (call.CertificateSigned("chain"), "Accepted", None),
        (call.ClearCache(), "Accepted", None),
        (call.DataTransfer("Vendor"), "UnknownVendorId", None),
        (
            call.DeleteCertificate(
                {
                    "hashAlgorithm": "SHA256",
                    "issuerNameHash": "a",
                    "issuerKeyHash": "b",
                    "serialNumber": "1",
                }
            ),
            "NotFound",
            None,
        ),
        (
            call.ExtendedTriggerMessage("SignChargePointCertificate"),
            "Accepted",
            "SignCertificate",
        ),
        (
            call.ExtendedTriggerMessage("LogStatusNotification"),
            "Accepted",
            "LogStatusNotification",
        ),
        (
            call.GetDiagnostics("ftp://127.0.0.1/"),
            None,
            "DiagnosticsStatusNotification",
        ),
        (
            call.GetInstalledCertificateIds("CentralSystemRootCertificate"),
            "NotFound",
            None,
        ),
        (call.GetLocalListVersion(), None, None),
        (
            call.GetLog({"remoteLocation": "ftp://127.0.0.1/"}, "SecurityLog", 4),
            "Accepted",
            "LogStatusNotification",
        ),
        (
            call.InstallCertificate("CentralSystemRootCertificate", "PEM"),
            "Accepted",
            None,
        ),
        (
            call.ReserveNow(1, "2030-01-01T00:00:00Z", "CARD1", 3),
            "Accepted",
            "StatusNotification",
        ),
        (call.ReserveNow(0, "2030-01-01T00:00:00Z", "CARD1", 3), "Rejected", None),
        (call.SendLocalList(1, "Differential"), "Accepted", None),
        (call.SendLocalList(0, "Differential"), "VersionMismatch", None),
        (
            call.SignedUpdateFirmware(
                7,
                {
                    "location": "ftp://127.0.0.1/",
                    "retrieveDateTime": "2026-01-01T00:00:00Z",
                    "signingCertificate": "PEM",
                    "signature": "x",
                },
            ),
            "Accepted",
            "SignedFirmwareStatusNotification",
        ),
        (
            call.UpdateFirmware("ftp://127.0.0.1/", "2026-01-01T00:00:00Z"),
            None,
            "FirmwareStatusNotification",
        ),
    ],
)
async def test_other_commands(
    central: Central, command: Any, status: str | None, sends: str | None
) -> None:
    """Every other command has a sensible answer and consequence."""
    async with booted(central) as charger:
        before = len(charger.sent_calls(sends or ""))
        answer = await central.call(command)
        assert getattr(answer, "status", None) == status
        await charger.settle()
        assert (len(charger.sent_calls(sends or "")) > before) == (sends is not None)


async def test_reservation(central: Central) -> None:
    """A reserved connector starts for its card only."""
    async with booted(central) as charger:
        await central.call(call.ReserveNow(1, "2030-01-01T00:00:00Z", "CARD1", 3))
        answer = await central.call(call.RemoteStartTransaction("OTHER", 1))
        assert answer.status == "Rejected"
        await charger.plug_in()
        await charger.present_card("CARD1")
        assert charger.sent_calls("StartTransaction")[0]["reservationId"] == 3


async def test_certificates(central: Central) -> None:
    """What is installed can be listed and deleted."""
    async with booted(central) as charger:
        kind = "ManufacturerRootCertificate"
        await central.call(call.InstallCertificate(kind, "PEM"))
        answer = await central.call(call.GetInstalledCertificateIds(kind))
        assert answer.status == "Accepted"
        ((_, hashes),) = charger.maintenance.certificates
        answer = await central.call(call.DeleteCertificate(hashes))
        assert answer.status == "Accepted"


async def test_overridden_answers(central: Central) -> None:
    """A test can make the charger answer otherwise, or not at all."""
    async with booted(central, response_timeout=5) as charger:

        def level_zero_only(payload: dict[str, Any]) -> dict[str, Any] | None:
            level = payload["csChargingProfiles"]["stackLevel"]
            return {"status": "Rejected"} if level else None

        charger.answers["SetChargingProfile"] = level_zero_only
        answer = await central.call(call.SetChargingProfile(1, profile(6, 1)))
        assert answer.status == "Rejected"
        answer = await central.call(call.SetChargingProfile(1, profile(6)))
        assert answer.status == "Accepted"
        assert len(charger.profiles.installed) == 1

        charger.answers["ClearCache"] = lambda _: CallError("GenericError", "no")
        with pytest.raises(Exception, match="no"):
            await central.call(call.ClearCache())

        gate = asyncio.Event()

        async def late(_: dict[str, Any]) -> dict[str, Any]:
            await gate.wait()
            return {"status": "NotSupported"}

        charger.answers["UnlockConnector"] = late
        unlock = asyncio.create_task(central.call(call.UnlockConnector(1)))
        await charger.until(lambda: charger.received[-1][2] == "UnlockConnector")
        assert await charger.heartbeat()
        gate.set()
        assert (await unlock).status == "NotSupported"

        charger.answers["Reset"] = Silence
        silent = asyncio.create_task(central.call(call.Reset("Soft")))
        assert await charger.wait_for_call("Reset") == {"type": "Soft"}
        assert charger.connected
        silent.cancel()


@pytest.mark.parametrize("kind", ["Soft", "Hard"])
async def test_reset(central: Central, kind: str) -> None:
    """A reset ends transactions, reconnects and boots."""
    async with booted(central) as charger:
        await charger.plug_in()
        await charger.start()
        assert (await central.call(call.Reset(kind))).status == "Accepted"
        await charger.settle()
        assert charger.connected
        assert len(central.paths) == 2
        assert central.stops[0]["reason"] == f"{kind}Reset"
        assert charger.boot_status == "Accepted"
        assert central.statuses[-2:] == [(0, "Available"), (1, "Preparing")]


async def test_offline(central: Central) -> None:
    """Transaction messages wait for the connection, in order."""
    async with booted(central) as charger:
        await charger.plug_in()
        await charger.start()
        waiting = asyncio.create_task(charger.frame([2, "x", "Heartbeat", {}]))
        await waiting
        charger.drop()
        assert not charger.connected
        with pytest.raises(ConnectionError):
            await charger.heartbeat()
        await charger.tick(60)
        await charger.stop()
        assert [action for action, _ in charger.queue] == [
            "MeterValues",
            "StopTransaction",
        ]
        await charger.connect()
        await charger.flush()
        assert central.stops[0]["transaction_id"] == 1
        assert len(charger.sent_calls("BootNotification")) == 1
        await charger.disconnect()
        await charger.connect()
        assert (await charger.boot())["status"] == "Accepted"


async def test_pending_call_fails_when_the_socket_closes(central: Central) -> None:
    """Nobody waits for an answer that cannot come."""
    async with booted(central) as charger:
        assert central.point is not None
        released = asyncio.Event()

        async def stuck(_: str) -> None:
            released.set()
            await socket.wait_closed()

        socket = central.point.socket
        central.point.route_message = stuck
        beat = asyncio.create_task(charger.heartbeat())
        await released.wait()
        socket.transport.abort()
        with pytest.raises(ConnectionError):
            await beat
        await charger.wait_closed()


async def test_raw_frames(central: Central) -> None:
    """Anything can be sent, and everything received is seen."""
    async with Charger(central.url, "CP1") as charger:
        await charger.raw('[2, "a", "Heartbeat", {}]')
        assert await charger.next_frame() == [3, "a", {"currentTime": NOW.isoformat()}]
        await charger.frame([2, "b", "Bogus", {}])
        reply = await charger.wait_for_reply("b")
        assert reply[:2] == [4, "b"]
        assert await charger.next_frame() == reply
        assert charger.sent[0] == [2, "a", "Heartbeat", {}]
        with pytest.raises(CallError):
            await charger.call("Bogus", {}, validate=False)
        with pytest.raises(TimeoutError):
            await charger.wait_for_call("Reset", timeout=0)


async def test_violations(central: Central) -> None:
    """What breaks the rules is refused and noted."""
    async with Charger(central.url, "CP1") as charger:
        assert central.point is not None
        send = central.point.socket.send
        await send("nonsense")
        await send("[]")
        await send('[3, "never-asked", {}]')
        await send('[2, "1", ["Reset"], {}]')
        await send('[2, "2", "Reset", {"type": "Hot"}]')
        await send('[2, "3", "Reset", {}]')
        await send('[2, "4", "Brew", {}]')
        await charger.until(lambda: len(charger.violations) == 7)
        await charger.wait_for_call("Brew")
        assert [frame[:3] for frame in charger.sent] == [
            [4, "1", "FormationViolation"],
            [4, "2", "PropertyConstraintViolation"],
            [4, "3", "OccurenceConstraintViolation"],
            [4, "4", "NotImplemented"],
        ]


async def test_handshake(central: Central) -> None:
    """The subprotocol can be left out and credentials be sent."""
    async with Charger(
        central.url, "CP1", subprotocols=None, compression="deflate", password="secret"
    ) as charger:
        assert charger.subprotocol is None
        assert central.point is not None
        assert central.point.socket.request is not None
        headers = central.point.socket.request.headers
        assert headers["Authorization"] == "Basic Q1AxOnNlY3JldA=="
        assert "permessage-deflate" in headers["Sec-WebSocket-Extensions"]


@pytest.mark.parametrize("host", ["192.0.2.1", "example.com", "localhost.example.com"])
def test_loopback_only(host: str) -> None:
    """No other machine is ever called."""
    with pytest.raises(ValueError, match="this machine"):
        Charger(f"ws://{host}:9000/", "CP1")
    check_loopback("ws://[::1]:9000/")


async def test_command_line(central: Central) -> None:
    """The command line charges, follows commands and ends when told."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.simulator",
        "--url",
        central.url,
        "--interval",
        "0.05",
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None

    async def read_until(text: str) -> None:
        async with asyncio.timeout(10):
            while text not in (line := (await process.stdout.readline()).decode()):
                assert line, f"ended without {text!r}"

    try:
        await read_until("connector 1: Charging")
        await central.call(call.SetChargingProfile(1, profile(0)))
        await read_until("connector 1: SuspendedEVSE")
        await central.call(call.Reset("Hard"))
        await read_until("disconnected")
        await read_until("sent late: StopTransaction")
    finally:
        process.send_signal(signal.SIGTERM)
        output, _ = await process.communicate()
    assert output.decode().endswith("ended\n")
    assert process.returncode == 0
    assert central.paths == ["/simulator"] * 2
    assert central.stops[0]["reason"] == "HardReset"
