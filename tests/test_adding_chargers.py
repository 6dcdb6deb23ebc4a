"""Adding a charger by hand: with a password from its first connection on."""

import asyncio
from typing import Any

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from websockets.exceptions import InvalidStatus

from custom_components.ocpp import charger_flow
from custom_components.ocpp.const import DOMAIN
from custom_components.ocpp.csms import passwords
from custom_components.ocpp.csms.model import RegistrationStatus
from custom_components.ocpp.hub import OcppHub

from .conftest import Connect
from .test_options_flow import shown

PASSWORD = "correct-horse-staple"
FORM = {
    "identity": "NEW",
    "name": "Carport",
    "maximum_current": 16,
    "phases": "3",
    "password": "remove",
    "security_profile": "0",
}


async def choose(hass: HomeAssistant, entry: MockConfigEntry, **chosen: Any) -> Any:
    """Fill in the form of a new charger."""
    form = await hass.config_entries.subentries.async_init(
        (entry.entry_id, "charger"), context={"source": SOURCE_USER}
    )
    return await go_on(hass, form, FORM | chosen)


async def go_on(hass: HomeAssistant, form: Any, chosen: dict[str, Any]) -> Any:
    """Fill in the form of a step."""
    result = await hass.config_entries.subentries.async_configure(
        form["flow_id"], chosen
    )
    await hass.async_block_till_done()
    return result


def added(entry: MockConfigEntry) -> dict[str, Any] | None:
    """Return what is kept of the new charger, where it was added."""
    found = [it for it in entry.subentries.values() if it.unique_id == "NEW"]
    return dict(found[0].data) if found else None


async def refused(connect: Connect, **options: Any) -> None:
    """Have somebody turned away who comes as the new charger."""
    with pytest.raises(InvalidStatus) as turned_away:
        await connect("NEW", **options)
    assert turned_away.value.response.status_code == 401


async def test_a_password_is_made_up_and_shown_once_with_all_that_the_charger_needs(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    connect: Connect,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    form = await choose(hass, entry, password="generate")
    assert form["step_id"] == "connection"
    told = form["description_placeholders"]
    assert told["url"] == "ws://192.0.2.10:0/NEW"
    assert told["identity"] == "NEW"
    password = told["password"]
    assert passwords.fits(password, 20)
    assert added(entry) is None

    assert password not in str(hass.config_entries.subentries.async_progress())
    result = await go_on(hass, form, {})
    assert not hass.config_entries.subentries._progress
    assert result["type"] is FlowResultType.CREATE_ENTRY
    kept = added(entry)
    assert kept is not None
    assert passwords.matches(kept.pop("password_hash"), password.encode())
    assert kept == {
        "identity": "NEW",
        "maximum_current": 16,
        "phases": 3,
        "security_profile": "1",
    }
    for place in (entry.as_dict(), result, caplog.text):
        assert password not in str(place)

    await refused(connect)
    await refused(connect, password=PASSWORD)
    charger = await connect("NEW", password=password)
    assert (await charger.boot())["status"] == "Accepted"


async def test_who_agrees_twice_adds_the_charger_with_the_password_that_was_shown(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is hashed once, and nothing else is."""
    hash_of, hashed = passwords.hash_of, []

    def hash_seen(password: bytes) -> str:
        hashed.append(password)
        return hash_of(password)

    monkeypatch.setattr(passwords, "hash_of", hash_seen)
    form = await choose(hass, entry, password="generate")
    password = form["description_placeholders"]["password"]
    flows = hass.config_entries.subentries
    done, again = await asyncio.gather(
        *(flows.async_configure(form["flow_id"], {}) for _ in range(2))
    )
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert again["reason"] == "already_configured"
    assert hashed == [password.encode()]
    kept = added(entry)
    assert kept is not None
    assert passwords.matches(kept["password_hash"], password.encode())


async def test_who_asks_twice_is_shown_one_password(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def look_for_address(hass: HomeAssistant) -> str:
        await asyncio.sleep(0)
        return "192.0.2.10"

    monkeypatch.setattr(charger_flow, "async_own_address", look_for_address)
    flows = hass.config_entries.subentries
    form = await flows.async_init(
        (entry.entry_id, "charger"), context={"source": SOURCE_USER}
    )
    chosen = FORM | {"password": "generate"}
    told = await asyncio.gather(
        *(flows.async_configure(form["flow_id"], dict(chosen)) for _ in range(2))
    )
    (password,) = {it["description_placeholders"]["password"] for it in told}
    await go_on(hass, form, {})
    kept = added(entry)
    assert kept is not None
    assert passwords.matches(kept["password_hash"], password.encode())


async def test_nothing_is_left_of_a_flow_that_was_closed(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Who begins again is shown another password."""
    made = set()
    for _ in range(2):
        form = await choose(hass, entry, password="generate")
        made.add(form["description_placeholders"]["password"])
        hass.config_entries.subentries.async_abort(form["flow_id"])
    assert len(made) == 2
    assert added(entry) is None
    form = await choose(hass, entry, password="set")
    hass.config_entries.subentries.async_abort(form["flow_id"])
    assert added(entry) is None


async def test_a_password_is_entered(
    hass: HomeAssistant, entry: MockConfigEntry, connect: Connect
) -> None:
    form = await choose(hass, entry, password="set")
    assert form["step_id"] == "password"
    for unfit in ("", "x" * 15, "x" * 65, "with blanks between", "säulensäulensäulen"):
        form = await go_on(hass, form, {"password": unfit})
        assert form["errors"] == {"password": "unfit_password"}
        # Not even what was wrong with it is shown again.
        assert shown(form, "password") is None
    result = await go_on(hass, form, {"password": PASSWORD})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert PASSWORD not in str(entry.as_dict())
    await refused(connect)
    await connect("NEW", password=PASSWORD)


async def test_a_charger_can_be_added_without_a_password(
    hass: HomeAssistant, entry: MockConfigEntry, connect: Connect
) -> None:
    result = await choose(hass, entry)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    kept = added(entry)
    assert kept is not None
    assert "password_hash" not in kept
    assert kept["security_profile"] == "0"
    await connect("NEW")


async def test_who_waits_already_has_to_come_again_with_the_password(
    hass: HomeAssistant, entry: MockConfigEntry, hub: OcppHub, connect: Connect
) -> None:
    """It may be anybody."""
    waiting = await connect("NEW")
    assert (await waiting.boot())["status"] == "Pending"
    await hass.async_block_till_done()
    form = await choose(hass, entry, password="set")
    assert waiting.connected
    await go_on(hass, form, {"password": PASSWORD})
    await waiting.wait_closed()
    await refused(connect)
    charger = await connect("NEW", password=PASSWORD)
    assert (await charger.boot())["status"] == "Accepted"
    station = hub.chargers["NEW"].station
    assert station.registration is RegistrationStatus.ACCEPTED
    # It has the one that people gave it, and needs no other.
    assert not station.passwords.wanted


async def test_a_charger_that_was_added_meanwhile_is_not_added_again(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    form = await choose(hass, entry, password="generate")
    await choose(hass, entry, identity="new")
    result = await go_on(hass, form, {})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


@pytest.mark.parametrize(
    ("chosen", "errors"),
    [
        ({"security_profile": "1"}, {"password": "password_missing"}),
        ({"security_profile": "2"}, {"security_profile": "not_encrypted"}),
        (
            {"security_profile": "3", "identity": "a/b"},
            {"security_profile": "not_encrypted", "identity": "invalid_identity"},
        ),
    ],
)
async def test_what_cannot_be_is_told_and_can_be_corrected(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    chosen: dict[str, Any],
    errors: dict[str, str],
) -> None:
    form = await choose(hass, entry, **chosen)
    assert form["errors"] == errors
    assert shown(form, "name") == "Carport"
    form = await go_on(
        hass, form, FORM | {"security_profile": "1", "password": "generate"}
    )
    assert form["step_id"] == "connection"
    await go_on(hass, form, {})
    assert (added(entry) or {})["security_profile"] == "1"


@pytest.mark.usefixtures("enable_custom_integrations", "own_address")
@pytest.mark.parametrize(
    ("options", "profile", "begin"),
    [
        ({}, "0", "ws://192.0.2.10:9000/"),
        ({"tls_port": 9001.0}, "0", "ws://192.0.2.10:9000/"),
        ({"tls_port": 9001.0}, "2", "wss://192.0.2.10:9001/"),
        ({"tls_port": 9001, "allow_plain": False}, "0", "wss://192.0.2.10:9001/"),
        # Left over from when there was encryption.
        ({"allow_plain": False}, "0", "ws://192.0.2.10:9000/"),
    ],
)
async def test_the_address_is_the_one_that_lets_the_charger_in(
    hass: HomeAssistant, options: dict[str, Any], profile: str, begin: str
) -> None:
    """Encrypted where that is required, and with the identity as it is in a URL.

    Also while the integration does not run.
    """
    entry = MockConfigEntry(
        domain=DOMAIN, version=3, data={"port": 9000}, options=options
    )
    entry.add_to_hass(hass)
    form = await choose(
        hass,
        entry,
        identity="Säule #1",
        password="generate",
        security_profile=profile,
    )
    assert form["description_placeholders"]["url"] == f"{begin}S%C3%A4ule%20%231"
    assert form["description_placeholders"]["identity"] == "Säule #1"
