"""What the tests of the store share."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from custom_components.ocpp.csms.store import Store, engine

from .servers import MariaDB, PostgreSQL, Servers

BACKENDS = ("sqlite", "postgresql", "mariadb")

type OpenStore = Callable[[], Awaitable[Store]]


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Return the database servers of this run; each is started when it is wanted."""
    servers = Servers()
    yield servers
    servers.stop()


def new_database(backend: str, servers: Servers, folder: Path) -> str:
    """Return the URL of an empty database."""
    match backend:
        case "postgresql":
            return servers.get(PostgreSQL).create()
        case "mariadb":
            return servers.get(MariaDB).create()
    return f"sqlite:///{folder / 'ocpp.db'}"


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """Return the kind of database: a test that has this runs on all of them."""
    return str(request.param)


@pytest.fixture
def database(backend: str, servers: Servers, tmp_path: Path) -> str:
    """Return the URL of an empty database."""
    return new_database(backend, servers, tmp_path)


@pytest.fixture
async def open_store(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[OpenStore]:
    """Return what opens one more store on the database; all are closed in the end."""
    monkeypatch.setattr(engine, "synchronous", "OFF")
    async with AsyncExitStack() as stack:

        async def open_store() -> Store:
            store = Store(database)
            await store.open()
            stack.push_async_callback(store.close)
            return store

        yield open_store


@pytest.fixture
async def store(open_store: OpenStore) -> Store:
    """Return an open store."""
    return await open_store()
