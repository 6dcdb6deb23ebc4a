"""Prove who may charge at a station that speaks 2.x: use cases C01 to C16."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
import logging
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID
import pytest

from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import CommandRejected
from custom_components.ocpp.csms.events import CardPresented
from custom_components.ocpp.csms.id_tokens import IdToken
from custom_components.ocpp.csms.model import (
    Options,
    StationSettings,
    timestamp,
    utcnow,
)
from custom_components.ocpp.csms.store import Store
from tests.csms.conftest import MakeTwo, prepared
from tests.csms.responder import HASHES, Responder, responding
from tests.simulator_v2 import Station as Two

UNTIL = datetime(2099, 1, 2, 3, 4, 5, tzinfo=UTC)
FAMILY = {"idToken": "Family", "type": "Central"}
ACCEPTED = {"status": "Accepted"}


@pytest.fixture
def presented(station: ChargingStation) -> list[CardPresented]:
    """Return the cards that are presented, as they are told of."""
    cards: list[CardPresented] = []
    station.follow(
        lambda event: cards.append(event) if isinstance(event, CardPresented) else None
    )
    return cards


@pytest.fixture(autouse=True)
def refuse(central: CentralSystem) -> None:
    """Refuse cards that nobody listed."""
    choose(central, accept_unknown=False)


def choose(central: CentralSystem, **changes: Any) -> None:
    """Change options."""
    central.apply_options(Options(**vars(central.options) | changes))


def listed(station: ChargingStation, *id_tokens: IdToken) -> None:
    """List cards."""
    station.shared.id_tokens.replace(id_tokens)


def card(**other: Any) -> IdToken:
    """Return Anna's card, of which something else can be said."""
    return IdToken(**{"token": "04AB", "name": "Anna"} | other)


async def tell(
    two: Two,
    kind: str = "Started",
    number: int = 0,
    token: str | None = "04AB",
    type: str = "ISO14443",
    *,
    evse: int = 1,
    ago: float = 1,
    reason: str | None = None,
    trigger: str = "Authorized",
    **fields: Any,
) -> dict[str, Any]:
    """Send a TransactionEvent of an EVSE's transaction and return the answer."""
    info = {"transactionId": f"tx-{evse}"}
    if reason is not None:
        info["stoppedReason"] = reason
    payload: dict[str, Any] = {
        "eventType": kind,
        "timestamp": timestamp(utcnow() - timedelta(seconds=ago)),
        "triggerReason": trigger,
        "seqNo": number,
        "transactionInfo": info,
        "evse": {"id": evse, "connectorId": 1},
    }
    if token is not None:
        payload["idToken"] = {"idToken": token, "type": type}
    return await two.call("TransactionEvent", payload | fields)


def is_running(station: ChargingStation, evse: int = 1) -> bool:
    """Return whether a session runs."""
    return station.transactions.running(evse) is not None


# --- C01, C08: cards ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "status"),
    [
        ({}, "Accepted"),
        ({"blocked": True}, "Blocked"),
        ({"valid_until": datetime(2020, 1, 1, tzinfo=UTC)}, "Expired"),
        ({"stations": frozenset({"other"})}, "NotAtThisLocation"),
        # In 1.6 this is Invalid.
        ({"token": "04CD"}, "Unknown"),
    ],
)
async def test_c01_a_card_is_judged_whatever_it_is_presented_for(
    station: ChargingStation, two: Two, other: dict[str, Any], status: str
) -> None:
    listed(station, card(**other))
    for spelled in ("04AB", "04ab"):
        assert (await two.authorize(spelled))["status"] == status
    answer = await tell(two)
    assert answer["idTokenInfo"]["status"] == status
    assert is_running(station) is (status == "Accepted")


async def test_c01_a_card_has_36_characters(station: ChargingStation, two: Two) -> None:
    listed(station, card(token="A" * 36))
    assert (await two.authorize("a" * 36))["status"] == "Accepted"
    assert (await two.authorize("a" * 35))["status"] == "Unknown"


@pytest.mark.parametrize(
    ("kept", "presented", "status"),
    [
        # Readers name one card either way.
        ("ISO14443", "ISO15693", "Accepted"),
        ("ISO15693", "ISO14443", "Accepted"),
        ("eMAID", "eMAID", "Accepted"),
        ("MacAddress", "MacAddress", "Accepted"),
        ("ISO14443", "MacAddress", "Unknown"),
        ("eMAID", "ISO14443", "Unknown"),
        ("ISO14443", "KeyCode", "Invalid"),
        ("KeyCode", "ISO14443", "Unknown"),
        # It is what starts made here are sent as.
        ("ISO14443", "Central", "Accepted"),
    ],
)
async def test_c01_a_token_is_only_what_it_is_listed_as(
    station: ChargingStation, two: Two, kept: str, presented: str, status: str
) -> None:
    listed(station, card(type=kept))
    assert (await two.authorize("04AB", presented))["status"] == status


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"priority": 9}, {"status": "Accepted", "chargingPriority": 9}),
        ({"priority": -9}, {"status": "Accepted", "chargingPriority": -9}),
        # Which is what stations take it for.
        ({}, {"status": "Accepted"}),
        # Who may not charge charges neither first nor last.
        ({"priority": 9, "blocked": True}, {"status": "Blocked"}),
    ],
)
async def test_c01_who_is_to_charge_first_is_told(
    station: ChargingStation, two: Two, other: dict[str, Any], told: dict[str, Any]
) -> None:
    """Stations that have to share power may go by it (K03)."""
    listed(station, card(**other))
    assert await two.authorize("04AB") == told
    number = {"idToken": "04AB", "type": "ISO14443"}
    answer = await two.call(
        "TransactionEvent",
        {
            "eventType": "Started",
            "timestamp": two.timestamp(),
            "triggerReason": "Authorized",
            "seqNo": 0,
            "transactionInfo": {"transactionId": "tx-1"},
            "evse": {"id": 1, "connectorId": 1},
            "idToken": number,
        },
    )
    assert answer["idTokenInfo"] == told


async def test_c08_a_card_at_a_car_that_could_do_without_is_a_card(
    station: ChargingStation, two: Two
) -> None:
    listed(station, card())
    await two.plug_in(1)
    assert await two.present_card(1, "04AB", "ISO15693")
    await two.settle()
    assert is_running(station)


async def test_what_is_presented_is_told_with_its_type(
    station: ChargingStation, two: Two, presented: list[CardPresented]
) -> None:
    listed(station, card())
    await two.authorize("04AB", "ISO15693")
    await tell(two, token="DE8AA1B2C3", type="eMAID")
    told = [(it.id_token, it.type, it.info.status) for it in presented]
    assert told == [
        ("04AB", "ISO15693", "Accepted"),
        ("DE8AA1B2C3", "eMAID", "Unknown"),
    ]


# --- C02: a button ------------------------------------------------------------------------


@pytest.mark.proves("C02", ocpp="2.0.1")
async def test_c02_who_presses_a_button_may_charge(
    station: ChargingStation, two: Two, presented: list[CardPresented]
) -> None:
    listed(station, card())
    answer = await two.authorize("", "NoAuthorization")
    assert answer == ACCEPTED
    answer = await tell(two, token="", type="NoAuthorization")
    assert answer["idTokenInfo"] == ACCEPTED
    running = station.transactions.running(1)
    assert running is not None
    assert running.id_token == ""
    assert presented == []


# --- C03, C05: tokens from here -------------------------------------------------------------


@pytest.mark.parametrize("asks", ["true", "false"])
@pytest.mark.parametrize("token", [None, "PAID-4711"])
@pytest.mark.proves("C03", ocpp="2.0.1")
@pytest.mark.proves("C05", ocpp="2.0.1")
async def test_c03_c05_a_token_from_here_is_accepted_when_it_comes_back(
    station: ChargingStation,
    two: Two,
    presented: list[CardPresented],
    token: str | None,
    asks: str,
) -> None:
    listed(station, card())
    two.variables["AuthCtrlr.AuthorizeRemoteStart"].value = asks
    await two.plug_in(1)
    await station.remote_control.start(1, id_token=token)
    await two.settle()
    running = station.transactions.running(1)
    assert running is not None
    assert running.id_token == (token or "HomeAssistant")
    assert presented == []


async def test_c05_a_card_that_is_named_for_a_start_is_judged_as_that_card(
    station: ChargingStation, two: Two
) -> None:
    listed(station, card(group="Family"), card(token="04CD", blocked=True))
    two.variables["AuthCtrlr.AuthorizeRemoteStart"].value = "true"
    for evse, token in ((1, "04AB"), (2, "04CD")):
        await two.plug_in(evse)
        await station.remote_control.start(evse, id_token=token)
        await two.settle()
    running = station.transactions.running(1)
    assert running is not None
    assert running.card == "Anna"
    assert running.token_info.group == "Family"
    assert not station.transactions.running(2) or not is_charging(station, 2)


def is_charging(station: ChargingStation, evse: int) -> bool:
    """Return whether a session runs for somebody."""
    running = station.transactions.running(evse)
    return running is not None and running.id_token != ""


# --- C04: PIN codes -------------------------------------------------------------------------


class TestPinCodes:
    """Whoever reads a PIN can use it."""

    PIN = "73195"

    @pytest.fixture(autouse=True)
    def door(self, station: ChargingStation) -> None:
        """List a PIN."""
        listed(station, card(), card(token=self.PIN, name="Door", type="KeyCode"))

    @pytest.mark.proves("C04", ocpp="2.0.1")
    async def test_c04_a_pin_that_is_listed_as_one_is_accepted(self, two: Two) -> None:
        assert (await two.authorize(self.PIN, "KeyCode"))["status"] == "Accepted"
        assert (await two.authorize("73196", "KeyCode"))["status"] == "Invalid"

    @pytest.mark.parametrize("pin", ["73196", "HomeAssistant"])
    async def test_c04_no_other_is_whatever_people_chose(
        self, central: CentralSystem, two: Two, pin: str
    ) -> None:
        choose(central, accept_unknown=True)
        assert (await two.authorize("04EF"))["status"] == "Accepted"
        assert (await two.authorize(pin, "KeyCode"))["status"] == "Invalid"

    @pytest.mark.proves("C04", ocpp="2.0.1")
    async def test_c04_it_is_found_nowhere(
        self,
        central: CentralSystem,
        station: ChargingStation,
        store: Store,
        two: Two,
        presented: list[CardPresented],
        caplog: pytest.LogCaptureFixture,
        tmp_path: Path,
    ) -> None:
        """Neither in logs, events and notes nor in what is stored; also with a list."""
        caplog.set_level(logging.DEBUG)
        choose(central, local_list=True)
        station.preparation.begin_in(0, booted=True)
        await prepared(station)
        assert self.PIN in two.state.local_list
        await two.plug_in(1)
        assert await two.present_card(1, self.PIN, "KeyCode")
        await two.settle()
        running = station.transactions.running(1)
        assert running is not None
        assert running.card == "Door"
        assert self.PIN not in str(running)
        await two.present_card(1, self.PIN, "KeyCode")
        await two.unplug(1)
        await two.settle()
        session = station.transactions.session(1)
        assert session is not None
        assert not session.running
        assert presented == []
        assert self.PIN not in str(station.notes)
        await station.save()
        await store.close()
        kept = b"".join(it.read_bytes() for it in tmp_path.glob("ocpp.db*"))
        assert b"Door" in kept
        assert self.PIN.encode() not in kept
        logged = [
            record.getMessage()
            for record in caplog.records
            if record.name.startswith("custom_components")
        ]
        assert logged
        assert self.PIN not in str(logged)


# --- C06: other tokens ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["Local", "MacAddress"])
@pytest.mark.proves("C06", ocpp="2.0.1")
async def test_c06_what_a_station_names_itself_is_judged_like_a_card(
    station: ChargingStation, two: Two, kind: str
) -> None:
    listed(station, card(type=kind))
    assert (await two.authorize("04AB", kind))["status"] == "Accepted"
    assert (await two.authorize("04CD", kind))["status"] == "Unknown"


async def test_c06_nobody_held_up_what_a_station_made_up(
    two: Two, presented: list[CardPresented]
) -> None:
    await two.authorize("5d1f", "Local")
    await two.authorize("AABBCCDDEEFF", "MacAddress")
    assert [it.type for it in presented] == ["MacAddress"]


# --- C09: groups ----------------------------------------------------------------------------


async def test_c09_a_group_is_told_with_every_answer(
    station: ChargingStation, two: Two
) -> None:
    listed(
        station, card(group="Family"), card(token="04CD", name="Ben", group="FAMILY")
    )
    assert (await two.authorize())["status"] == "Unknown"
    for token in ("04AB", "04CD"):
        assert (await two.authorize(token))["groupIdToken"] == FAMILY
    begun = await tell(two)
    assert begun["idTokenInfo"]["groupIdToken"] == FAMILY
    again = await tell(two, "Updated", 1, token="04ab")
    assert again["idTokenInfo"]["groupIdToken"] == FAMILY
    # Whoever is in the group may end it.
    ended = await tell(two, "Ended", 2, token="04CD", trigger="StopAuthorized")
    assert ended["idTokenInfo"] == {**ACCEPTED, "groupIdToken": FAMILY}
    assert not is_running(station)


async def test_c09_a_card_of_the_group_ends_the_session_at_the_charger(
    station: ChargingStation, two: Two
) -> None:
    listed(
        station, card(group="Family"), card(token="04CD", name="Ben", group="Family")
    )
    await two.plug_in(1)
    assert await two.present_card(1, "04AB")
    assert await two.present_card(1, "04CD")
    await two.unplug(1)
    await two.settle()
    assert not is_running(station)


# --- C10, C11: what stations remember -------------------------------------------------------


@pytest.mark.proves("C10", ocpp="2.0.1")
async def test_c10_a_station_may_remember_a_card_until_it_expires(
    station: ChargingStation, two: Two
) -> None:
    listed(station, card(valid_until=UNTIL), card(token="04CD", name="Ben"))
    expected = {**ACCEPTED, "cacheExpiryDateTime": "2099-01-02T03:04:05.000Z"}
    assert await two.authorize("04AB") == expected
    assert (await tell(two))["idTokenInfo"] == expected
    assert await two.authorize("04CD") == ACCEPTED


async def test_c10_no_card_is_remembered_that_expired_meanwhile(
    station: ChargingStation, two: Two
) -> None:
    """It was used an hour ago, while the station was offline, and was good then."""
    listed(station, card(valid_until=utcnow() - timedelta(minutes=30)))
    answer = await tell(two, ago=3600, offline=True)
    info = answer["idTokenInfo"]
    assert info["status"] == "Accepted"
    until = datetime.fromisoformat(info["cacheExpiryDateTime"])
    assert timedelta(0) < until - utcnow() <= timedelta(minutes=1)


@pytest.mark.parametrize(("on", "accepted"), [("true", True), ("false", False)])
async def test_c11_what_a_station_remembers_can_be_cleared(
    station: ChargingStation, two: Two, on: str, accepted: bool
) -> None:
    listed(station, card())
    two.variables["AuthCacheCtrlr.Enabled"].value = on
    await two.authorize("04AB")
    if accepted:
        assert "04ab" in two.state.cache
        await station.sending.command("ClearCache", {})
        assert two.state.cache == {}
    else:
        with pytest.raises(CommandRejected):
            await station.sending.command("ClearCache", {})


# --- C12 to C15: what stations decide themselves --------------------------------------------


@pytest.mark.proves("C12", ocpp="2.0.1")
async def test_c12_a_card_the_station_remembers_is_judged_again(
    station: ChargingStation, two: Two
) -> None:
    listed(station, card())
    two.variables["AuthCacheCtrlr.Enabled"].value = "true"
    two.variables["AuthCtrlr.LocalPreAuthorize"].value = "true"
    await two.authorize("04AB")
    listed(station, card(blocked=True))
    await two.plug_in(1)
    # The station lets it in, and hears that it must not.
    assert await two.present_card(1, "04AB")
    await two.settle()
    assert not is_charging(station, 1)
    assert two.evses[1].token is None


async def test_c13_a_start_while_offline_is_judged_when_it_is_told(
    station: ChargingStation, two: Two
) -> None:
    listed(station, card(blocked=True))
    answer = await tell(two, ago=7200, offline=True)
    assert answer["idTokenInfo"]["status"] == "Blocked"
    kept = await station.store.find(station.identity, "tx-1")
    assert kept is not None
    assert kept.token_info.status == "Blocked"
    ended = await tell(two, "Ended", 1, None, ago=3600, reason="DeAuthorized")
    assert "idTokenInfo" not in ended


@pytest.mark.proves("C14", ocpp="2.0.1")
async def test_c14_a_card_of_the_local_list_is_judged_again(
    central: CentralSystem, station: ChargingStation, two: Two
) -> None:
    listed(station, card())
    choose(central, local_list=True)
    station.preparation.begin_in(0, booted=True)
    await prepared(station)
    assert set(two.state.local_list) == {"04ab"}
    two.variables["AuthCtrlr.LocalPreAuthorize"].value = "true"
    await two.plug_in(1)
    assert await two.present_card(1, "04AB")
    await two.settle()
    assert is_charging(station, 1)
    # Nobody was asked before it began.
    listed(station, card(blocked=True))
    await two.plug_in(2)
    await two.present_card(2, "04AB")
    await two.settle()
    assert not is_charging(station, 2)


async def test_c15_an_unknown_card_that_charged_while_offline_is_told_so(
    station: ChargingStation, two: Two
) -> None:
    listed(station, card())
    two.variables["AuthCtrlr.OfflineTxForUnknownIdEnabled"].value = "true"
    answer = await tell(two, token="04CD", ago=600, offline=True)
    assert answer["idTokenInfo"] == {"status": "Unknown"}
    kept = await station.store.find(station.identity, "tx-1")
    assert kept is not None
    await tell(two, "Ended", 1, None, reason="DeAuthorized", trigger="Deauthorized")
    kept = await station.store.find(station.identity, "tx-1")
    assert kept is not None
    assert kept.stop_reason == "de_authorized"


# --- C16: master pass -----------------------------------------------------------------------


async def test_c16_a_master_pass_ends_every_session(
    station: ChargingStation, two: Two
) -> None:
    """The group of the card is the one that the station has for master passes."""
    listed(
        station,
        card(),
        card(token="04CD", name="Ben"),
        card(token="MASTER", name="Caretaker", group="Service"),
    )
    two.variables["AuthCtrlr.MasterPassGroupId"].value = "Service"
    for evse, token in ((1, "04AB"), (2, "04CD")):
        await two.plug_in(evse)
        assert await two.present_card(evse, token)
    await two.settle()
    assert is_running(station, 1)
    assert is_running(station, 2)
    assert await two.present_card(1, "MASTER")
    for evse in (1, 2):
        await two.unplug(evse)
    await two.settle()
    for evse in (1, 2):
        session = station.transactions.session(evse)
        assert session is not None
        assert session.stop_reason == "master_pass"


async def test_a_station_that_is_not_ours_is_told_that_no_token_is_good(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    listed(station, card())
    two = await connect_station("STRANGER")
    await two.boot()
    answer = await tell(two)
    assert answer["idTokenInfo"] == {"status": "Invalid"}
    assert station.settings == StationSettings()


# --- C07: contracts -------------------------------------------------------------------------


class TestContracts:
    """A car that pays by a contract shows a certificate, or the hashes of one."""

    MOMENT = datetime(2026, 5, 4, tzinfo=UTC)

    @pytest.fixture(autouse=True)
    def contract(self, station: ChargingStation) -> None:
        """List the contract of Anna's car."""
        listed(station, card(token="DE8AA1B2C3", type="eMAID"))

    @pytest.fixture
    async def responder(self) -> AsyncGenerator[Responder]:
        """Return who tells whether certificates hold."""
        async with responding() as responder:
            yield responder

    async def show(
        self, two: Two, token: str = "DE8AA1B2C3", **fields: Any
    ) -> dict[str, Any]:
        """Have a car show its contract and return the answer."""
        named = {"idToken": token, "type": "eMAID"}
        return await two.call("Authorize", {"idToken": named, **fields})

    async def ask(
        self,
        two: Two,
        responder: Responder,
        status: ocsp.OCSPCertStatus,
        token: str = "DE8AA1B2C3",
        *,
        serial: int = 0x1F3A,
        over: datetime | None = None,
    ) -> dict[str, Any]:
        """Have a car show hashes of which the responder says something."""
        revoked = status is ocsp.OCSPCertStatus.REVOKED
        responder.body = (
            ocsp.OCSPResponseBuilder()
            .add_response_by_hash(
                issuer_name_hash=bytes.fromhex(HASHES["issuerNameHash"]),
                issuer_key_hash=bytes.fromhex(HASHES["issuerKeyHash"]),
                serial_number=serial,
                algorithm=SHA256(),
                cert_status=status,
                this_update=self.MOMENT,
                next_update=over,
                revocation_time=self.MOMENT if revoked else None,
                revocation_reason=None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, responder._certificate)
            .sign(responder._key, SHA256())
            .public_bytes(Encoding.DER)
        )
        hashes = HASHES | {"responderURL": responder.url}
        return await self.show(two, token, iso15118CertificateHashData=[hashes])

    @pytest.mark.proves("C07", ocpp="2.0.1")
    @pytest.mark.proves("TC_C_50_CSMS", ocpp="2.0.1")
    async def test_c07_one_that_holds_may_charge(
        self, two: Two, responder: Responder
    ) -> None:
        answer = await self.ask(two, responder, ocsp.OCSPCertStatus.GOOD)
        assert answer == {"idTokenInfo": ACCEPTED, "certificateStatus": "Accepted"}
        assert len(responder.asked) == 1

    @pytest.mark.proves("C07", ocpp="2.0.1")
    @pytest.mark.proves("TC_C_51_CSMS", ocpp="2.0.1")
    async def test_c07_one_that_was_revoked_may_not(
        self, two: Two, responder: Responder
    ) -> None:
        answer = await self.ask(two, responder, ocsp.OCSPCertStatus.REVOKED)
        assert answer == {
            "idTokenInfo": {"status": "Invalid"},
            "certificateStatus": "CertificateRevoked",
        }

    @pytest.mark.proves("C07", ocpp="2.0.1")
    async def test_c07_a_certificate_is_of_no_use_without_a_contract(
        self, two: Two, responder: Responder
    ) -> None:
        good = ocsp.OCSPCertStatus.GOOD
        answer = await self.ask(two, responder, good, "DE8AAOTHER")
        assert answer == {
            "idTokenInfo": {"status": "Unknown"},
            "certificateStatus": "ContractCancelled",
        }

    @pytest.mark.parametrize(
        "other",
        [
            {"status": ocsp.OCSPCertStatus.UNKNOWN},
            {"serial": 7},
            {"over": datetime(2026, 5, 5, tzinfo=UTC)},
        ],
        ids=["unknown", "of another", "old"],
    )
    async def test_c07_what_is_not_told_is_not_believed(
        self, two: Two, responder: Responder, other: dict[str, Any]
    ) -> None:
        said = {"status": ocsp.OCSPCertStatus.GOOD} | other
        answer = await self.ask(two, responder, **said)
        assert answer["certificateStatus"] == "CertChainError"
        assert answer["idTokenInfo"] == ACCEPTED

    async def test_c07_nobody_may_be_there_to_tell(
        self, two: Two, responder: Responder
    ) -> None:
        responder.status = "404 Not Found"
        answer = await self.ask(two, responder, ocsp.OCSPCertStatus.GOOD)
        assert answer["certificateStatus"] == "CertChainError"

    @pytest.mark.parametrize(
        ("days", "status"), [(1, "CertChainError"), (-1, "CertificateExpired")]
    )
    async def test_c07_a_certificate_can_not_be_checked_here_but_can_be_over(
        self, two: Two, days: int, status: str
    ) -> None:
        """Stations show it whole when they lack the root; so does the central system."""
        answer = await self.show(two, certificate=pem(utcnow() + timedelta(days=days)))
        assert answer["certificateStatus"] == status
        told = "Expired" if days < 0 else "Accepted"
        assert answer["idTokenInfo"] == {"status": told}

    async def test_c07_what_is_no_certificate_is_not_one(self, two: Two) -> None:
        answer = await self.show(two, certificate="none")
        assert answer["certificateStatus"] == "CertChainError"
        answer = await self.show(two, certificate="")
        assert answer["certificateStatus"] == "NoCertificateAvailable"
        assert "certificateStatus" not in await self.show(two)


def pem(until: datetime) -> str:
    """Return a certificate that holds until a moment."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "DE8AA1B2C3")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(until - timedelta(days=30))
        .not_valid_after(until)
        .sign(key, SHA256())
        .public_bytes(Encoding.PEM)
        .decode()
    )
