"""Prove that device models survive a restart, and a database that is away."""

from pathlib import Path

import pytest

from custom_components.ocpp.csms.store import Store, engine, writer
from custom_components.ocpp.csms.variables import (
    Attribute,
    Characteristics,
    KeptModel,
    Place,
    Variable,
    restored,
)

from .conftest import OpenStore
from .test_faults import SQLITE, Troubles, at_rest, garbage, locked

VARIABLES = (
    Variable(
        Place("EVSE", "Power", evse=1),
        (Attribute(value="7000", mutability="ReadOnly"), Attribute("MaxSet", "22000")),
        Characteristics("decimal", "W", 0, 22000.5, (), True),
    ),
    Variable(Place("Vendor", "Größe", "links", "a", 2, 1), (Attribute(value=None),)),
    Variable(
        Place("Vendor", "Light"),
        (),
        Characteristics("OptionList", values=("On", "Off")),
    ),
)
MODEL = KeptModel("1.0", VARIABLES)


def read(kept: KeptModel | None) -> KeptModel | None:
    """Return a model as it was before it was stored."""
    if kept is None:
        return None
    return KeptModel(
        kept.firmware,
        tuple(
            variable._replace(
                characteristics=variable.characteristics
                and variable.characteristics._replace(
                    values=tuple(variable.characteristics.values)
                )
            )
            for variable in map(restored, kept.variables)
        ),
    )


async def test_they_are_there_again_after_a_restart(open_store: OpenStore) -> None:
    """With all that is known of them, in place of what was known before."""
    store = await open_store()
    assert await store.load_device_model("CP1") is None
    store.save_device_model("CP1", KeptModel("0.9", VARIABLES[:1]))
    store.save_device_model("CP1", MODEL)
    store.save_device_model("CP2", KeptModel(None, ()))
    await store.close()
    store = await open_store()
    assert read(await store.load_device_model("CP1")) == MODEL
    assert read(await store.load_device_model("CP2")) == KeptModel(None, ())


async def test_they_go_with_their_station(open_store: OpenStore) -> None:
    """And no other's do."""
    store = await open_store()
    store.save_device_model("CP1", MODEL)
    store.save_device_model("CP2", MODEL)
    await store.forget_station("CP1")
    assert await store.load_device_model("CP1") is None
    assert await store.load_device_model("CP2") is not None


@SQLITE
async def test_they_are_known_while_the_database_is_away(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And written when it is back."""
    monkeypatch.setattr(engine, "_LONGEST_LOCK", 0.1)
    monkeypatch.setattr(writer, "FIRST_RETRY", 0.05)
    troubles = Troubles(store)
    store.save_device_model("CP1", KeptModel("0.9", ()))
    assert await store.load_device_model("CP1") is not None
    repair = await locked(store, tmp_path / "ocpp.db")
    store.save_device_model("CP1", MODEL)
    await troubles.until(lambda trouble: trouble is not None)
    assert await store.load_device_model("CP1") == MODEL
    await repair()
    await troubles.over()
    assert read(await store.load_device_model("CP1")) == MODEL


@SQLITE
async def test_they_are_written_to_a_new_file_when_the_old_one_is_damaged(
    store: Store, tmp_path: Path
) -> None:
    """Those that were written since the start; a station tells its own again."""
    path = tmp_path / "ocpp.db"
    store.save_device_model("CP1", MODEL)
    await at_rest(store)
    garbage(path)
    store.save_device_model("CP2", MODEL)
    assert read(await store.load_device_model("CP1")) == MODEL
    assert store.set_aside
    assert read(await store.load_device_model("CP2")) == MODEL
