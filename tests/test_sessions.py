"""Sessions as people get them: by actions, as a file, and as a download."""

from collections.abc import Awaitable, Callable
import csv
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
import io
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.components.http.auth import async_sign_path
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
from homeassistant.helpers import device_registry as dr
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.const import DOMAIN
from custom_components.ocpp.csms.id_tokens import IdToken
from custom_components.ocpp.csms.model import Transaction
from custom_components.ocpp.csms.store import StoreUnavailable
from custom_components.ocpp.hub import OcppHub
from custom_components.ocpp.sessions import COLUMNS
from tests.simulator import Charger

from .conftest import charger_subentry, eventually

NOON = datetime(2026, 10, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)

type Keep = Callable[..., Awaitable[Transaction]]


@pytest.fixture
def subentries() -> list[Any]:
    """Have two chargers."""
    return [charger_subentry(), charger_subentry("CP2", title="Yard")]


@pytest.fixture
def keep(hub: OcppHub) -> Keep:
    """Return how to have a session in the store."""

    async def keep(station: str = "CP1", **fields: Any) -> Transaction:
        session = Transaction(
            **{
                "number": 0,
                "id": "",
                "station": station,
                "evse": 1,
                "started": NOON,
                "id_token": "04A2B3C4D5E6F7",
                "meter_start": 1000,
                "energy": 7500,
                "ended": NOON + timedelta(hours=2),
                "meter_stop": 8500,
                "stop_reason": "local",
            }
            | fields
        )
        begun, new = await hub.store.begin(replace(session, ended=None), dated=True)
        assert new
        session = replace(session, number=begun.number, id=begun.id)
        await hub.store.save(session, {})
        return session

    return keep


async def get(hass: HomeAssistant, **filters: Any) -> list[dict[str, Any]]:
    """Return sessions as an automation gets them."""
    answer = await hass.services.async_call(
        DOMAIN, "get_sessions", filters, blocking=True, return_response=True
    )
    return answer["sessions"]  # type: ignore[return-value]


async def export(hass: HomeAssistant, **fields: Any) -> dict[str, Any]:
    """Export sessions as an automation does."""
    return await hass.services.async_call(
        DOMAIN, "export_sessions", fields, blocking=True, return_response=True
    )


async def another(hass: HomeAssistant, options: dict[str, Any]) -> OcppHub:
    """Have another central system with a charger of its own."""
    other = MockConfigEntry(
        domain=DOMAIN,
        title="Office",
        version=3,
        entry_id="other",
        data={"host": "127.0.0.1", "port": 0},
        options=options,
        subentries_data=[charger_subentry("CP3", title="Office")],
    )
    other.add_to_hass(hass)
    assert await hass.config_entries.async_setup(other.entry_id)
    await hass.async_block_till_done()
    return other.runtime_data  # type: ignore[no-any-return]


def table(text: str) -> list[dict[str, str]]:
    """Read an export as a spreadsheet does."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


class TestGettingSessions:
    """`ocpp.get_sessions`."""

    async def test_everything_about_a_session(
        self, hass: HomeAssistant, keep: Keep
    ) -> None:
        session = await keep(
            cost=2.34567, currency="EUR", card="Anna", stop_reason="ev_disconnected"
        )
        assert await get(hass) == [
            {
                "id": session.number,
                "charger": "Garage",
                "evse": 1,
                "card": "Anna",
                "start": "2026-10-20T12:00:00+00:00",
                "end": "2026-10-20T14:00:00+00:00",
                "meter_start": 1.0,
                "meter_stop": 8.5,
                "energy": 7.5,
                "duration": 7200,
                "cost": 2.3457,
                "currency": "EUR",
                "stop_reason": "ev_disconnected",
                "complete": True,
                "energy_export": None,
            }
        ]

    async def test_there_may_be_none(
        self, hass: HomeAssistant, entry: MockConfigEntry
    ) -> None:
        assert await get(hass) == []

    async def test_a_card_without_a_name_shows_its_end_only(
        self, hass: HomeAssistant, keep: Keep
    ) -> None:
        await keep()
        await keep(id_token="", started=NOON + DAY)
        assert [session["card"] for session in await get(hass)] == ["…E6F7", None]

    @pytest.mark.parametrize(
        ("fields", "complete"),
        [
            ({}, True),
            ({"cost": 1, "cost_complete": False}, False),
            ({"stop_reason": "unknown_end"}, False),
            ({"ended": None, "stop_reason": None}, False),
        ],
    )
    async def test_complete_means_that_end_and_cost_are_known(
        self, hass: HomeAssistant, keep: Keep, fields: dict[str, Any], complete: bool
    ) -> None:
        await keep(**fields)
        assert [session["complete"] for session in await get(hass)] == [complete]

    async def test_of_one_charger(
        self, hass: HomeAssistant, hub: OcppHub, keep: Keep
    ) -> None:
        await keep()
        await keep("CP2", evse=2, started=NOON + DAY)
        everything = await get(hass)
        assert [session["charger"] for session in everything] == ["Garage", "Yard"]
        yard = await get(hass, device_id=hub.chargers["CP2"].device_id)
        assert [session["charger"] for session in yard] == ["Yard"]

    async def test_of_one_connector(
        self,
        hass: HomeAssistant,
        hub: OcppHub,
        keep: Keep,
        device_registry: dr.DeviceRegistry,
        entry: MockConfigEntry,
    ) -> None:
        await keep("CP2")
        await keep("CP2", evse=2, started=NOON + DAY)
        station = hub.chargers["CP2"].station
        station.add_evse(2)
        station.flush()
        await hass.async_block_till_done()
        device = device_registry.async_get_child_device_by_identifier(
            (DOMAIN, "CP2\x1f2"), entry.entry_id
        )
        assert [
            session["evse"] for session in await get(hass, device_id=device.id)
        ] == [2]

    async def test_of_a_device_that_is_no_charger(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        device_registry: dr.DeviceRegistry,
    ) -> None:
        device = device_registry.async_get_device_by_identifier(
            (DOMAIN, entry.entry_id), entry.entry_id
        )
        with pytest.raises(ServiceValidationError) as error:
            await get(hass, device_id=device.id)
        assert error.value.translation_key == "not_a_charger"

    @pytest.mark.parametrize(
        "card", ["anna", "ANNA ", "04a2b3c4d5e6f7", "04A2B3C4D5E6F7"]
    )
    async def test_of_one_card_by_name_or_number(
        self, hass: HomeAssistant, keep: Keep, card: str
    ) -> None:
        session = await keep(card="Anna")
        await keep(card="Ben", id_token="BEN", started=NOON + DAY)
        assert [found["id"] for found in await get(hass, card=card)] == [session.number]

    async def test_a_card_that_got_a_name_later_or_another_one(
        self, hass: HomeAssistant, hub: OcppHub, keep: Keep
    ) -> None:
        await keep()
        await keep(card="Anna", started=NOON + DAY)
        listed = IdToken(token="04a2b3c4d5e6f7", name="Anna B.")
        hub.central.shared.id_tokens.replace([listed])
        cards = [session["card"] for session in await get(hass, card="anna b.")]
        assert cards == ["Anna B.", "Anna"]

    async def test_of_a_card_nobody_used(self, hass: HomeAssistant, keep: Keep) -> None:
        await keep()
        assert await get(hass, card="Carl") == []

    async def test_of_some_time(self, hass: HomeAssistant, keep: Keep) -> None:
        for day in (2, 0, 1):
            await keep(started=NOON + day * DAY, ended=NOON + day * DAY + DAY)
        found = await get(hass, start=NOON + DAY, end=NOON + 2 * DAY)
        assert [session["start"][:10] for session in found] == ["2026-10-21"]
        found = await get(hass, start=(NOON + DAY).isoformat())
        assert [session["start"][:10] for session in found] == [
            "2026-10-21",
            "2026-10-22",
        ]

    async def test_times_without_a_zone_are_those_of_home_assistant(
        self, hass: HomeAssistant, keep: Keep
    ) -> None:
        await hass.config.async_set_time_zone("Europe/Berlin")
        await keep()
        # Noon in UTC is two in the afternoon there.
        assert len(await get(hass, start="2026-10-20 14:00:00")) == 1
        assert await get(hass, start="2026-10-20 14:00:01") == []

    @pytest.mark.parametrize(
        "filters",
        [
            {"start": "0001-01-01 00:00:00+14:00"},
            {"end": "9999-12-31 23:59:59-11:00"},
        ],
    )
    async def test_of_a_time_that_no_calendar_has(
        self, hass: HomeAssistant, entry: MockConfigEntry, filters: dict[str, str]
    ) -> None:
        with pytest.raises(ServiceValidationError) as error:
            await get(hass, **filters)
        assert error.value.translation_key == "moment_out_of_range"

    @pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Los_Angeles", "UTC"])
    async def test_of_all_time(
        self, hass: HomeAssistant, keep: Keep, zone: str
    ) -> None:
        await keep()
        await hass.config.async_set_time_zone(zone)
        assert len(await get(hass, start="0001-01-03", end="9999-12-30")) == 1

    async def test_of_a_charger_that_was_deleted(
        self, hass: HomeAssistant, keep: Keep, entry: MockConfigEntry
    ) -> None:
        await keep("CP2")
        hass.config_entries.async_remove_subentry(entry, "subentry_CP2")
        await hass.async_block_till_done()
        assert [session["charger"] for session in await get(hass)] == ["CP2"]

    async def test_a_running_session_is_told_as_it_is_now(
        self, hass: HomeAssistant, charging: Charger
    ) -> None:
        (session,) = await get(hass)
        # The store does not know this yet.
        assert session["energy"] == 1.84
        assert session["end"] is None
        assert session["duration"] >= 0
        assert not session["complete"]

    async def test_while_the_store_is_away(
        self, hass: HomeAssistant, hub: OcppHub
    ) -> None:
        with (
            patch.object(hub.store, "sessions", side_effect=StoreUnavailable("gone")),
            pytest.raises(HomeAssistantError) as error,
        ):
            await get(hass)
        assert error.value.translation_key == "sessions_unavailable"


class TestSeveralCentralSystems:
    """Entries that keep their sessions in the same place."""

    @pytest.fixture
    async def other(self, hass: HomeAssistant, entry: MockConfigEntry) -> OcppHub:
        """Have another central system with a charger of its own."""
        return await another(hass, {})

    async def test_each_session_is_told_once(
        self, hass: HomeAssistant, keep: Keep, other: OcppHub
    ) -> None:
        await keep()
        await keep("CP3", started=NOON + DAY)
        await keep("GONE", started=NOON + 2 * DAY)
        assert [session["charger"] for session in await get(hass)] == [
            "Garage",
            "Office",
            "GONE",
        ]

    async def test_a_download_holds_those_of_its_own(
        self,
        hass: HomeAssistant,
        keep: Keep,
        other: OcppHub,
        hass_client: ClientSessionGenerator,
    ) -> None:
        await keep()
        await keep("CP3", started=NOON + DAY)
        client = await hass_client()
        response = await client.get("/api/ocpp/other/sessions.csv")
        assert [row["charger"] for row in table(await response.text())] == ["Office"]
        garage = hass.config_entries.async_get_entry("central_system").runtime_data
        response = await client.get(
            "/api/ocpp/other/sessions.csv",
            params={"device_id": garage.chargers["CP1"].device_id},
        )
        assert response.status == 400


class TestExport:
    """`ocpp.export_sessions`."""

    async def test_the_table_is_returned(self, hass: HomeAssistant, keep: Keep) -> None:
        session = await keep(
            cost=1.5, currency="EUR", card="Anna", meter_stop=None, exported=250.0
        )
        answer = await export(hass)
        assert answer["csv"] == (
            ",".join(COLUMNS) + "\r\n"
            f"{session.number},Garage,1,Anna,2026-10-20T12:00:00+00:00,"
            "2026-10-20T14:00:00+00:00,1.0,,7.5,7200,1.5,EUR,local,true,0.25\r\n"
        )

    async def test_there_may_be_nothing_but_the_header(
        self, hass: HomeAssistant, entry: MockConfigEntry
    ) -> None:
        assert await export(hass) == {"csv": ",".join(COLUMNS) + "\r\n"}

    @pytest.mark.parametrize(
        ("name", "cell"),
        [
            ('Anna, "the boss"', 'Anna, "the boss"'),
            ("Jürgen Ærø 🚗", "Jürgen Ærø 🚗"),
            ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
            ("+49", "'+49"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            (" =1+1", "' =1+1"),
            ("＝1", "'＝1"),
            ("\t=1", "' =1"),
            ("one\r\ntwo", "one  two"),
        ],
    )
    async def test_no_text_is_carried_out_by_a_spreadsheet(
        self, hass: HomeAssistant, keep: Keep, name: str, cell: str
    ) -> None:
        await keep(card=name)
        (row,) = table((await export(hass))["csv"])
        assert row["card"] == cell

    async def test_a_file_is_written_below_the_configuration(
        self, hass: HomeAssistant, keep: Keep, tmp_path: Path
    ) -> None:
        await keep(card="Jürgen")
        answer = await export(hass, filename="exports/2026/sessions.CSV")
        path = tmp_path / "exports" / "2026" / "sessions.CSV"
        assert answer == {"path": str(path)}
        assert table(path.read_bytes().decode())[0]["card"] == "Jürgen"
        # A second one takes its place.
        await keep(card="Anna", started=NOON + DAY)
        await hass.services.async_call(
            DOMAIN,
            "export_sessions",
            {"filename": "exports/2026/sessions.CSV", "card": "anna"},
            blocking=True,
        )
        assert [row["card"] for row in table(path.read_bytes().decode())] == ["Anna"]

    @pytest.mark.parametrize(
        "filename",
        [
            "",
            "/tmp/sessions.csv",
            "../sessions.csv",
            "exports/../../sessions.csv",
            "exports\\..\\..\\sessions.csv",
            "C:\\sessions.csv",
            ".storage/sessions.csv",
            ".csv",
            "sessions.txt",
            "configuration.yaml",
            "sessions.csv\0.txt",
            "a\0b.csv",
            "linked/sessions.csv",
            "link.csv",
        ],
    )
    async def test_nothing_is_written_anywhere_else(
        self, hass: HomeAssistant, keep: Keep, tmp_path: Path, filename: str
    ) -> None:
        outside = tmp_path.parent / f"{tmp_path.name}_outside"
        outside.mkdir()
        (tmp_path / "linked").symlink_to(outside)
        (tmp_path / "link.csv").symlink_to(outside / "sessions.csv")
        with pytest.raises(ServiceValidationError) as error:
            await export(hass, filename=filename)
        assert error.value.translation_key == "export_not_allowed"
        assert list(outside.iterdir()) == []
        assert not (tmp_path.parent / "sessions.csv").exists()

    async def test_a_file_that_cannot_be_written(
        self, hass: HomeAssistant, keep: Keep, tmp_path: Path
    ) -> None:
        (tmp_path / "exports").write_text("not a folder")
        with pytest.raises(HomeAssistantError) as error:
            await export(hass, filename="exports/sessions.csv")
        assert error.value.translation_key == "export_failed"

    async def test_an_export_to_nowhere(
        self, hass: HomeAssistant, entry: MockConfigEntry
    ) -> None:
        with pytest.raises(ServiceValidationError) as error:
            await hass.services.async_call(DOMAIN, "export_sessions", {}, blocking=True)
        assert error.value.translation_key == "export_nowhere"

    async def test_only_administrators_and_automations_read_sessions(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        hass_read_only_user: MockUser,
        hass_admin_user: MockUser,
        tmp_path: Path,
    ) -> None:
        for action, fields in (
            ("get_sessions", {}),
            ("export_sessions", {}),
            ("export_sessions", {"filename": "sessions.csv"}),
        ):
            ask = partial(
                hass.services.async_call,
                *(DOMAIN, action, fields),
                blocking=True,
                return_response=True,
            )
            for user_id in (hass_read_only_user.id, "somebody who was removed"):
                with pytest.raises(Unauthorized):
                    await ask(context=Context(user_id=user_id))
            assert not (tmp_path / "sessions.csv").exists()
            await ask(context=Context(user_id=hass_admin_user.id))
            await ask(context=Context())
        assert (tmp_path / "sessions.csv").exists()


class TestDeleting:
    """`ocpp.delete_session`."""

    async def delete(self, hass: HomeAssistant, number: int, **more: Any) -> None:
        """Delete a session as an automation does."""
        await hass.services.async_call(
            DOMAIN, "delete_session", {"id": number}, blocking=True, **more
        )

    async def test_a_session_is_gone_for_good(
        self, hass: HomeAssistant, keep: Keep
    ) -> None:
        first = await keep()
        second = await keep(started=NOON + DAY)
        await self.delete(hass, first.number)
        assert [session["id"] for session in await get(hass)] == [second.number]
        with pytest.raises(ServiceValidationError) as error:
            await self.delete(hass, first.number)
        assert error.value.translation_key == "session_unknown"

    async def test_a_running_session_stays(
        self, hass: HomeAssistant, garage: HubCharger, charging: Charger
    ) -> None:
        (session,) = await get(hass)
        with pytest.raises(ServiceValidationError) as error:
            await self.delete(hass, session["id"])
        assert error.value.translation_key == "session_running"
        assert garage.station.transactions.running(1) is not None

    async def test_the_last_session_is_shown_no_more(
        self, hass: HomeAssistant, charging: Charger
    ) -> None:
        await charging.stop()
        await charging.present_card("CARD2")
        await charging.tick(3600)
        await charging.stop()
        await eventually(
            hass, lambda: hass.states.get("switch.garage_charging").state == "off"
        )
        last = hass.states.get("sensor.garage_last_session")
        first, second = await get(hass)
        await self.delete(hass, second["id"])
        await hass.async_block_till_done()
        before = hass.states.get("sensor.garage_last_session")
        assert before.attributes["energy"] == first["energy"]
        assert before.attributes["energy"] != last.attributes["energy"]
        await self.delete(hass, first["id"])
        await hass.async_block_till_done()
        for key in ("last_session", "session_energy"):
            assert hass.states.get(f"sensor.garage_{key}").state == "unknown"

    async def test_a_session_of_a_charger_that_was_removed_while_it_ran(
        self, hass: HomeAssistant, hub: OcppHub, keep: Keep
    ) -> None:
        session = await keep("GONE", ended=None, stop_reason=None)
        (told,) = await get(hass)
        assert (told["end"], told["duration"]) == (None, None)
        await self.delete(hass, session.number)
        assert await get(hass) == []

    async def test_while_the_store_is_away(
        self, hass: HomeAssistant, hub: OcppHub, keep: Keep
    ) -> None:
        session = await keep()
        with (
            patch.object(
                hub.store, "delete_session", side_effect=StoreUnavailable("gone")
            ),
            pytest.raises(HomeAssistantError) as error,
        ):
            await self.delete(hass, session.number)
        assert error.value.translation_key == "sessions_unavailable"
        assert len(await get(hass)) == 1
        await self.delete(hass, session.number)
        assert await get(hass) == []

    @pytest.mark.parametrize("number", [0, -1, 2**63, 10**30])
    async def test_what_can_be_no_session(
        self, hass: HomeAssistant, entry: MockConfigEntry, number: int
    ) -> None:
        with pytest.raises(probatio.Invalid):
            await self.delete(hass, number)
        with pytest.raises(ServiceValidationError) as error:
            await self.delete(hass, 2**63 - 1)
        assert error.value.translation_key == "session_unknown"

    async def test_of_two_sessions_with_one_id_the_charger_tells_which(
        self, hass: HomeAssistant, hub: OcppHub, keep: Keep, apart: OcppHub
    ) -> None:
        session = await keep()
        await apart.store.save(
            replace(session, station="CP3", started=NOON + DAY, ended=NOON + 2 * DAY),
            {},
        )
        assert len(await get(hass)) == 2
        with pytest.raises(ServiceValidationError) as error:
            await self.delete(hass, session.number)
        assert error.value.translation_key == "session_ambiguous"
        device_id = apart.chargers["CP3"].device_id
        await hass.services.async_call(
            DOMAIN,
            "delete_session",
            {"id": session.number, "device_id": device_id},
            blocking=True,
        )
        assert [it["charger"] for it in await get(hass)] == ["Garage"]
        await self.delete(hass, session.number)
        assert await get(hass) == []

    @pytest.fixture
    async def apart(
        self, hass: HomeAssistant, entry: MockConfigEntry, tmp_path: Path
    ) -> OcppHub:
        """Have another central system with a database of its own."""
        return await another(hass, {"db_url": f"sqlite:///{tmp_path / 'other.db'}"})

    async def test_a_session_that_may_run_at_a_disabled_central_system_stays(
        self, hass: HomeAssistant, keep: Keep
    ) -> None:
        other = await another(hass, {})
        session = await keep("CP3", ended=None, stop_reason=None)
        await hass.config_entries.async_unload(other.entry.entry_id)
        with pytest.raises(ServiceValidationError) as error:
            await self.delete(hass, session.number)
        assert error.value.translation_key == "session_running"
        assert [it["id"] for it in await get(hass)] == [session.number]

    async def test_a_session_in_a_shared_database_is_deleted_once(
        self, hass: HomeAssistant, keep: Keep
    ) -> None:
        await another(hass, {})
        gone = await keep("GONE", ended=None, stop_reason=None)
        over = await keep(started=NOON + DAY)
        for session in (gone, over):
            await self.delete(hass, session.number)
        assert await get(hass) == []

    async def test_only_administrators_may(
        self, hass: HomeAssistant, keep: Keep, hass_read_only_user: MockUser
    ) -> None:
        session = await keep()
        with pytest.raises(Unauthorized):
            await self.delete(
                hass, session.number, context=Context(user_id=hass_read_only_user.id)
            )
        assert len(await get(hass)) == 1


class TestDownload:
    """`/api/ocpp/{entry_id}/sessions.csv`."""

    URL = "/api/ocpp/central_system/sessions.csv"

    async def test_the_table_is_downloaded(
        self, hass: HomeAssistant, keep: Keep, hass_client: ClientSessionGenerator
    ) -> None:
        await keep(card="Jürgen")
        client = await hass_client()
        response = await client.get(self.URL)
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert "sessions.csv" in response.headers["Content-Disposition"]
        assert (await response.read()).decode() == (await export(hass))["csv"]

    async def test_the_query_filters(
        self,
        hass: HomeAssistant,
        hub: OcppHub,
        keep: Keep,
        hass_client: ClientSessionGenerator,
    ) -> None:
        await keep(card="Anna")
        await keep(card="Ben", id_token="BEN", started=NOON + DAY)
        await keep("CP2", card="Anna", started=NOON + DAY)
        client = await hass_client()
        for query, count in (
            ({"card": "anna"}, 2),
            ({"start": "2026-10-21T00:00:00Z"}, 2),
            ({"end": "2026-10-21T00:00:00Z"}, 1),
            ({"device_id": hub.chargers["CP2"].device_id}, 1),
        ):
            response = await client.get(self.URL, params=query)
            assert len(table(await response.text())) == count

    @pytest.mark.parametrize(
        "query",
        [
            {"start": "yesterday"},
            {"start": "0001-01-01T00:00:00+14:00"},
            {"end": "9999-12-31T23:59:59-11:00"},
            {"color": "red"},
            {"device_id": "none"},
        ],
    )
    async def test_what_is_not_understood_is_refused(
        self,
        entry: MockConfigEntry,
        hass_client: ClientSessionGenerator,
        query: dict[str, str],
    ) -> None:
        client = await hass_client()
        assert (await client.get(self.URL, params=query)).status == 400

    async def test_of_an_entry_that_is_not_there(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        hass_client: ClientSessionGenerator,
    ) -> None:
        MockConfigEntry(domain="other", entry_id="foreign").add_to_hass(hass)
        client = await hass_client()
        for entry_id in ("unknown", "foreign"):
            response = await client.get(f"/api/ocpp/{entry_id}/sessions.csv")
            assert response.status == 404
        await hass.config_entries.async_unload(entry.entry_id)
        assert (await client.get(self.URL)).status == 404

    async def test_while_the_store_is_away(
        self, hub: OcppHub, hass_client: ClientSessionGenerator
    ) -> None:
        client = await hass_client()
        with patch.object(hub.store, "sessions", side_effect=StoreUnavailable("gone")):
            assert (await client.get(self.URL)).status == 503

    async def test_strangers_get_nothing(
        self, entry: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator
    ) -> None:
        client = await hass_client_no_auth()
        assert (await client.get(self.URL)).status == 401

    async def test_who_is_no_administrator_gets_nothing(
        self,
        entry: MockConfigEntry,
        hass_client: ClientSessionGenerator,
        hass_read_only_access_token: str,
    ) -> None:
        client = await hass_client(hass_read_only_access_token)
        assert (await client.get(self.URL)).status == 401

    async def test_a_signed_link_needs_nothing_else(
        self,
        hass: HomeAssistant,
        keep: Keep,
        hass_client_no_auth: ClientSessionGenerator,
        hass_access_token: str,
    ) -> None:
        await keep(card="Anna")
        await keep(card="Ben", id_token="BEN", started=NOON + DAY)
        token = hass.auth.async_validate_access_token(hass_access_token)
        client = await hass_client_no_auth()
        path = async_sign_path(
            hass,
            f"{self.URL}?card=Anna",
            timedelta(minutes=1),
            refresh_token_id=token.id,
        )
        response = await client.get(path)
        assert [row["card"] for row in table(await response.text())] == ["Anna"]


async def test_full_numbers_of_cards_are_told_nobody(
    hass: HomeAssistant,
    keep: Keep,
) -> None:
    await keep()
    assert "04A2B3C4D5" not in str(await get(hass))
    assert "04A2B3C4D5" not in str(await export(hass, filename="sessions.csv"))
    assert "04A2B3C4D5" not in Path(hass.config.path("sessions.csv")).read_text()
