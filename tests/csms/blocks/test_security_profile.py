"""Moving a station to another security profile, with real sockets and TLS (A05)."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
import pytest
from websockets.exceptions import InvalidStatus

from custom_components.ocpp.csms import passwords
from custom_components.ocpp.csms.blocks import security_profile as module
from custom_components.ocpp.csms.blocks.security_profile import Entrance, Step, papers
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import (
    CannotMove,
    CommandRejected,
    CommandTimedOut,
    MoveFailed,
    StationOffline,
)
from custom_components.ocpp.csms.model import Part, StationSettings, Topic
from tests.csms.conftest import IDENTITY, PATIENCE, Listen, prepared, until
from tests.csms.papers import client_context, new_key, request
from tests.simulator import Charger
from tests.simulator.link import CallError
from tests.simulator.peer import Peer
from tests.simulator.secure import SecureCharger
from tests.simulator_v2.secure import SecureStation

type Make = Callable[..., Awaitable[Any]]

KINDS = ("ocpp1.6", "ocpp2.0.1", "ocpp2.1")
every_version = pytest.mark.parametrize("version", KINDS)


@pytest.fixture
async def central(listen: Listen) -> CentralSystem:
    """Return a central system with both ports."""
    return await listen()


@pytest.fixture
def entrance(central: CentralSystem) -> Entrance:
    """Return the encrypted way in."""
    assert central.tls is not None
    root = central.tls.authority.root
    return Entrance(
        url=secure_url(central),
        is_open=True,
        root=root.public_bytes(Encoding.PEM).decode(),
        root_serial=f"{root.serial_number:x}",
    )


def secure_url(central: CentralSystem) -> str:
    """Return where the encrypted port is."""
    return f"wss://localhost:{central.tls_port}"


@pytest.fixture
async def make(
    central: CentralSystem, url: str, station: ChargingStation
) -> AsyncGenerator[Make]:
    """Return what connects a station of some version at profile 0, known and prepared."""
    async with AsyncExitStack() as stack:

        async def make(version: str, **options: Any) -> Peer:
            peer: SecureCharger | SecureStation
            if version == "ocpp1.6":
                options = {"secure_url": secure_url(central), **options}
                peer = SecureCharger(url, IDENTITY, **options)
            else:
                peer = SecureStation(url, IDENTITY, version=version, **options)
            await stack.enter_async_context(peer)
            await peer.power_up()
            await prepared(station)
            await peer.settle()
            return peer

        yield make


def profile_of(station: ChargingStation) -> int:
    """Return what is asked of the station."""
    return station.settings.security_profile


async def turned_away(peer: Any) -> None:
    """Have a station, or somebody who poses as it, come in and be turned away."""
    with pytest.raises(InvalidStatus):
        await peer.connect()


class TestMovingUp:
    """The old way in is closed by the first success at the new one."""

    @every_version
    async def test_to_profile_2_with_a_password_and_the_root(
        self,
        version: str,
        station: ChargingStation,
        entrance: Entrance,
        url: str,
        make: Make,
    ) -> None:
        peer = await make(version)
        raised: list[int] = []
        station.security_profile.on_moved = raised.append
        moved = await station.security_profile.change(2, entrance)
        assert station.security.arrival is not None
        assert station.security.arrival.encrypted
        assert station.passwords.is_set
        assert peer.trust.profile == 2
        assert profile_of(station) == 2
        assert raised == [2]
        assert moved.steps[:2] == (Step.PASSWORD, Step.INSTALL_ROOT)
        assert moved.steps[-1] == Step.RETURN
        await peer.disconnect()
        await turned_away(Charger(url, IDENTITY))

    @every_version
    async def test_to_profile_3_with_a_certificate_that_is_signed_for_it(
        self,
        version: str,
        station: ChargingStation,
        entrance: Entrance,
        make: Make,
    ) -> None:
        peer = await make(version)
        moved = await station.security_profile.change(3, entrance)
        assert station.security.arrival is not None
        shown = station.security.arrival.certificate
        assert shown is not None
        assert shown.issued_to == IDENTITY.casefold()
        assert profile_of(station) == 3
        assert Step.SIGN_CERTIFICATE in moved.steps
        assert Step.PASSWORD not in moved.steps
        await peer.settle()
        assert peer.violations == []

    @every_version
    async def test_to_profile_3_nothing_that_was_issued_before_counts_any_more(
        self,
        version: str,
        central: CentralSystem,
        station: ChargingStation,
        entrance: Entrance,
        make: Make,
        tmp_path: Path,
    ) -> None:
        """Whoever came before may have had it signed, as nothing was asked for then."""
        assert central.tls is not None
        authority, key = central.tls.authority, new_key()
        chain = authority.sign(request(key), station=IDENTITY, names=[IDENTITY])
        peer = await make(version)
        await station.security_profile.change(3, entrance)
        assert profile_of(station) == 3
        context = client_context(authority.root_file, tmp_path, chain, key)
        await turned_away(Charger(secure_url(central), IDENTITY, tls=context))
        await peer.disconnect()
        await peer.connect()
        assert peer.connected

    async def test_to_profile_3_also_where_the_password_was_never_shown(
        self, station: ChargingStation, entrance: Entrance, make: Make
    ) -> None:
        """The certificate that it was given on the way stands in for that."""
        await make("ocpp1.6")
        kept = passwords.hash_of(b"entered by people")
        station.apply_settings(StationSettings(password_hash=kept))
        await station.security_profile.change(3, entrance)
        assert profile_of(station) == 3

    @pytest.mark.parametrize("version", KINDS[:2])
    async def test_a_root_that_the_station_listed_is_not_installed_again(
        self,
        version: str,
        station: ChargingStation,
        entrance: Entrance,
        make: Make,
    ) -> None:
        peer = await make(version)
        peer.trust.install(entrance.root)
        kind = "CentralSystem" if version == "ocpp1.6" else "CSMS"
        station.certificates.held = {
            f"{kind}RootCertificate": [
                {"serialNumber": f"00{entrance.root_serial.upper()}"}
            ]
        }
        moved = await station.security_profile.change(3, entrance)
        assert Step.INSTALL_ROOT not in moved.steps
        assert profile_of(station) == 3

    @every_version
    async def test_one_step_after_the_other(
        self,
        version: str,
        station: ChargingStation,
        entrance: Entrance,
        make: Make,
    ) -> None:
        """To profile 1, 2 and 3; what is there already is not done again."""
        await make(version)
        profiles = station.security_profile
        if version == "ocpp1.6":
            await profiles.change(1, Entrance(url="ws:", is_open=True))
        await profiles.change(2, entrance)
        moved = await profiles.change(3, entrance)
        assert Step.PASSWORD not in moved.steps
        assert profile_of(station) == 3

    async def test_a_station_that_is_there_already_is_only_held_to_it(
        self,
        station: ChargingStation,
        entrance: Entrance,
        make: Make,
    ) -> None:
        peer = await make("ocpp1.6")
        await station.security_profile.change(3, entrance)
        station.apply_settings(StationSettings())
        sent = len(peer.received)
        moved = await station.security_profile.change(3, entrance)
        assert moved.steps == ()
        assert profile_of(station) == 3
        assert not [it for it in peer.received[sent:] if it[0] == 2]

    async def test_2_x_tries_the_new_connection_first_and_the_old_one_then(
        self, station: ChargingStation, entrance: Entrance, make: Make
    ) -> None:
        peer = await make("ocpp2.0.1")
        sent: list[Any] = []
        original = peer.handle

        def listening(action: str, payload: Any) -> Any:
            sent.append((action, payload))
            return original(action, payload)

        peer.handle = listening
        await station.security_profile.change(2, entrance)
        said = dict(it for it in sent if it[0] in ("SetNetworkProfile", "Reset"))
        assert said["SetNetworkProfile"]["configurationSlot"] == 2
        assert said["SetNetworkProfile"]["connectionData"] == {
            "ocppVersion": "OCPP20",
            "ocppTransport": "JSON",
            "ocppCsmsUrl": entrance.url,
            "messageTimeout": 30,
            "securityProfile": 2,
            "ocppInterface": "Wired0",
        }
        assert said["Reset"] == {"type": "OnIdle"}
        orders = [
            item["attributeValue"]
            for action, payload in sent
            if action == "SetVariables"
            for item in payload["setVariableData"]
            if item["variable"]["name"] == "NetworkConfigurationPriority"
        ]
        assert orders == ["2,1"]

    async def test_2_1_may_have_variables_for_its_connections_only(
        self, station: ChargingStation, entrance: Entrance, make: Make
    ) -> None:
        peer = await make("ocpp2.1")
        told: dict[str, str] = {}

        def taken(payload: Any) -> Any:
            (item,) = payload["setVariableData"]
            if item["component"]["name"] != "NetworkConfiguration":
                return None
            told[item["variable"]["name"]] = item["attributeValue"]
            peer.state.network_profiles[2] = {
                "ocppCsmsUrl": told["OcppCsmsUrl"],
                "securityProfile": int(told.get("SecurityProfile", "2")),
            }
            result = {key: item[key] for key in ("component", "variable")}
            return {"setVariableResult": [result | {"attributeStatus": "Accepted"}]}

        peer.answers["SetNetworkProfile"] = CallError("NotImplemented")
        peer.answers["SetVariables"] = taken
        await station.security_profile.change(2, entrance)
        assert told == {
            "OcppCsmsUrl": entrance.url,
            "SecurityProfile": "2",
            "OcppInterface": "Any",
            "OcppTransport": "JSON",
            "MessageTimeout": "30",
        }
        assert profile_of(station) == 2

    async def test_1_6_is_restarted_where_it_wants_to_be(
        self, station: ChargingStation, entrance: Entrance, make: Make
    ) -> None:
        await make("ocpp1.6", reboot=True)
        moved = await station.security_profile.change(3, entrance)
        assert moved.steps[-2:] == (Step.RESTART, Step.RETURN)
        assert profile_of(station) == 3

    @pytest.mark.parametrize("version", KINDS[:2])
    async def test_a_session_is_not_ended_for_it(
        self, version: str, station: ChargingStation, entrance: Entrance, make: Make
    ) -> None:
        """It is told that this takes longer, and goes on when nobody charges."""
        peer = await make(version, **({"reboot": True} if version == "ocpp1.6" else {}))
        await peer.plug_in()
        await (
            peer.present_card("CARD1")
            if version == "ocpp1.6"
            else peer.present_card(token="CARD1")
        )
        assert station.transactions.running(1) is not None
        moved = await station.security_profile.change(3, entrance)
        assert moved.waits
        assert profile_of(station) == 0
        assert peer.connected
        # It is gone before all is answered.
        peer.spawn(peer.unplug())
        await until(station, Part(Topic.INFO), lambda: profile_of(station) == 3)

    async def test_one_that_is_away_for_a_moment_meanwhile_is_not_given_up(
        self,
        station: ChargingStation,
        entrance: Entrance,
        make: Make,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        peer = await make("ocpp2.0.1")
        await peer.plug_in()
        await peer.present_card(token="CARD1")
        moved = await station.security_profile.change(3, entrance, patience=0.1)
        assert moved.waits
        peer.drop()
        await peer.wait_closed()
        peer.variables["OCPPCommCtrlr.NetworkConfigurationPriority"].value = "1"
        await peer.connect()
        await until(station, Part(Topic.CONNECTION), lambda: station.connected)
        # Each time that it may not stay away for longer, it is looked at why it does.
        looked, is_scheduled = asyncio.Semaphore(0), station.restarts.is_scheduled

        def look() -> bool:
            looked.release()
            return is_scheduled()

        with monkeypatch.context() as patch:
            patch.setattr(station.restarts, "is_scheduled", look)
            async with asyncio.timeout(PATIENCE):
                for _ in range(2):
                    await looked.acquire()
        assert station.security_profile.busy
        peer.variables["OCPPCommCtrlr.NetworkConfigurationPriority"].value = "2,1"
        station.security_profile._move.patience = 5
        peer.spawn(peer.unplug())
        await until(station, Part(Topic.INFO), lambda: profile_of(station) == 3)

    async def test_what_waits_for_a_session_can_be_asked_for_anew(
        self, station: ChargingStation, entrance: Entrance, make: Make
    ) -> None:
        peer = await make("ocpp1.6", reboot=True)
        await peer.plug_in()
        await peer.present_card("CARD1")
        assert (await station.security_profile.change(3, entrance)).waits
        with pytest.raises(CannotMove):
            await station.security_profile.change(2, Entrance(url="ws:"))
        assert station.security_profile.busy
        again = await station.security_profile.change(2, entrance)
        assert again.waits
        assert again.steps == (Step.PASSWORD, Step.INSTALL_ROOT, Step.CHANGE_PROFILE)
        peer.spawn(peer.unplug())
        await until(station, Part(Topic.INFO), lambda: profile_of(station) == 2)
        assert peer.trust.profile == 2

    @pytest.mark.parametrize("version", KINDS[:2])
    async def test_it_goes_on_after_a_restart_of_home_assistant(
        self,
        version: str,
        central: CentralSystem,
        station: ChargingStation,
        entrance: Entrance,
        make: Make,
    ) -> None:
        peer = await make(version, stays_away=True)
        moving = asyncio.create_task(station.security_profile.change(3, entrance))
        await until(station, Part(Topic.CONNECTION), lambda: not station.connected)
        del central.stations[IDENTITY.casefold()]
        await station.stop()
        with pytest.raises(StationOffline):
            await moving
        again = await central.add_station(IDENTITY, StationSettings())
        assert again.security_profile.busy
        assert profile_of(again) == 0
        peer.stays_away = False
        await (peer.move() if version == "ocpp1.6" else peer.connect())
        await until(again, Part(Topic.INFO), lambda: profile_of(again) == 3)


class TestNotMoving:
    """Whatever goes wrong, the station comes in as before."""

    @every_version
    async def test_a_station_that_does_not_come_back_is_not_locked_out(
        self,
        version: str,
        station: ChargingStation,
        entrance: Entrance,
        url: str,
        make: Make,
    ) -> None:
        peer = await make(version, stays_away=True)
        with pytest.raises(MoveFailed) as failed:
            await station.security_profile.change(2, entrance, patience=0.2)
        assert failed.value.step is Step.RETURN
        assert failed.value.cause is None
        assert station.security_profile.failed == 2
        assert profile_of(station) == 0
        assert not station.passwords.is_set
        # Somebody takes it back by hand.
        peer.trust.use(0, url)
        await Peer.connect(peer)
        await peer.power_up()
        assert peer.boot_status == "Accepted"
        await until(station, Part(Topic.CONNECTION), lambda: station.connected)

    @every_version
    async def test_one_that_comes_back_the_old_way_goes_on_as_before(
        self, version: str, station: ChargingStation, entrance: Entrance, make: Make
    ) -> None:
        wrong = "wss://localhost:1"
        peer = await make(
            version, **({"secure_url": wrong} if version == "ocpp1.6" else {})
        )
        moving = asyncio.create_task(
            station.security_profile.change(
                3, Entrance(**vars(entrance) | {"url": wrong}), patience=1
            )
        )
        with pytest.raises(MoveFailed):
            await moving
        await prepared(station)
        assert station.connected
        assert profile_of(station) == 0
        if version != "ocpp1.6":
            order = peer.variables["OCPPCommCtrlr.NetworkConfigurationPriority"]
            assert order.value == "1"

    @pytest.mark.parametrize(
        ("version", "action", "step"),
        [
            ("ocpp1.6", "InstallCertificate", Step.INSTALL_ROOT),
            ("ocpp1.6", "CertificateSigned", Step.SIGN_CERTIFICATE),
            ("ocpp1.6", "ChangeConfiguration", Step.CHANGE_PROFILE),
            ("ocpp2.0.1", "InstallCertificate", Step.INSTALL_ROOT),
            ("ocpp2.0.1", "CertificateSigned", Step.SIGN_CERTIFICATE),
            ("ocpp2.0.1", "SetNetworkProfile", Step.SET_CONNECTION),
            ("ocpp2.0.1", "Reset", Step.RESTART),
        ],
    )
    async def test_a_refusal_ends_it_at_that_step(
        self,
        version: str,
        action: str,
        step: Step,
        station: ChargingStation,
        entrance: Entrance,
        make: Make,
    ) -> None:
        peer = await make(version)
        peer.answers[action] = {"status": "Rejected"}
        with pytest.raises(MoveFailed) as failed:
            await station.security_profile.change(3, entrance)
        assert failed.value.step is step
        assert isinstance(failed.value.cause, CommandRejected)
        assert failed.value.cause.action == action
        assert not station.security_profile.busy
        assert station.security_profile.failed is None
        assert station.connected
        assert profile_of(station) == 0
        if action == "Reset":
            order = peer.variables["OCPPCommCtrlr.NetworkConfigurationPriority"]
            assert order.value == "1"

    @every_version
    async def test_going_down_is_refused_by_the_station(
        self, version: str, station: ChargingStation, entrance: Entrance, make: Make
    ) -> None:
        """And nobody else comes in for it."""
        await make(version)
        await station.security_profile.change(3, entrance)
        with pytest.raises(MoveFailed) as failed:
            await station.security_profile.change(2, entrance)
        assert isinstance(failed.value.cause, CommandRejected)
        assert profile_of(station) == 3
        assert station.security_profile.least == 3

    @pytest.mark.parametrize("version", KINDS[:2])
    async def test_going_down_where_the_station_does(
        self, version: str, station: ChargingStation, entrance: Entrance, make: Make
    ) -> None:
        peer = await make(version)
        await station.security_profile.change(3, entrance)
        # What some have a switch for.
        peer.trust.allows = lambda _: True
        if version != "ocpp1.6":
            peer.variables["SecurityCtrlr.SecurityProfile"].value = "0"
        await station.security_profile.change(2, entrance)
        assert station.security.arrival is not None
        assert station.security.arrival.certificate is None
        assert profile_of(station) == 2

    async def test_nobody_stays_who_came_in_while_a_station_went_down(
        self, station: ChargingStation, entrance: Entrance, url: str, make: Make
    ) -> None:
        peer = await make("ocpp1.6")
        await station.security_profile.change(3, entrance)
        await peer.settle()
        peer.trust.allows = lambda _: True
        peer.stays_away = True
        peer.answers["ChangeConfiguration"] = lambda it: (
            {"status": "Accepted"} if it["key"] == "AuthorizationKey" else None
        )
        plain = Entrance(url="ws:", is_open=True)
        moving = asyncio.create_task(
            station.security_profile.change(1, plain, patience=0.5)
        )
        await until(station, Part(Topic.CONNECTION), lambda: not station.connected)
        async with Charger(url, IDENTITY) as other:
            # Without the password, which nobody has shown yet.
            with pytest.raises(MoveFailed):
                await moving
            await other.wait_closed()
        assert profile_of(station) == 3
        await turned_away(Charger(url, IDENTITY))

    async def test_one_that_asks_for_no_certificate_is_not_waited_for(
        self,
        station: ChargingStation,
        entrance: Entrance,
        make: Make,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(papers, "_SIGNED_WITHIN", 0.1)
        peer = await make("ocpp1.6")
        peer.answers["ExtendedTriggerMessage"] = {"status": "Accepted"}
        with pytest.raises(MoveFailed) as failed:
            await station.security_profile.change(3, entrance)
        assert isinstance(failed.value.cause, CommandTimedOut)
        assert failed.value.cause.action == "SignCertificate"

    async def test_one_that_agrees_and_stays_is_disconnected(
        self,
        station: ChargingStation,
        entrance: Entrance,
        make: Make,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(module, "_LEAVES_WITHIN", 0.1)
        peer = await make("ocpp1.6")
        peer.answers["ChangeConfiguration"] = {"status": "Accepted"}
        with pytest.raises(MoveFailed):
            await station.security_profile.change(3, entrance, patience=0.3)
        await peer.wait_closed()

    async def test_what_can_be_known_before_is_said_before(
        self, station: ChargingStation, entrance: Entrance, make: Make
    ) -> None:
        with pytest.raises(StationOffline):
            await station.security_profile.change(2, entrance)
        peer = await make("ocpp2.0.1")
        with pytest.raises(CannotMove, match="no encryption"):
            await station.security_profile.change(2, Entrance(url="ws://localhost"))
        peer.variables["OCPPCommCtrlr.NetworkConfigurationPriority"].value = "1,2,3"
        with pytest.raises(CannotMove, match="no free slot"):
            await station.security_profile.change(2, entrance)
        may_answer = asyncio.Event()

        async def later(_: Any) -> dict[str, str]:
            await may_answer.wait()
            return {"status": "Rejected"}

        peer.answers["CertificateSigned"] = later
        first = asyncio.create_task(station.security_profile.change(3, entrance))
        async with asyncio.timeout(PATIENCE):
            while station.security_profile.step is not Step.SIGN_CERTIFICATE:
                await asyncio.sleep(0)
        with pytest.raises(CannotMove, match="already moving"):
            await station.security_profile.change(3, entrance)
        may_answer.set()
        with pytest.raises(MoveFailed):
            await first
