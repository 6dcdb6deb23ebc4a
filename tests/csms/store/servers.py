"""PostgreSQL and MariaDB for the tests: started when the first test wants one."""

from contextlib import closing
import os
from pathlib import Path
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from typing import Any, override
from urllib.parse import quote
from uuid import uuid4

import psycopg
import pymysql
import pytest

USER = "ocpp"
# With all that an URL has to quote.
PASSWORD = "s3:cr/t@%ß"
_PATIENCE = 30


def url_of(backend: str, port: int, database: str) -> str:
    """Return the URL as people write it."""
    return f"{backend}://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/{database}"


def free_port() -> int:
    """Return a port that nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """One database server of our own, in a directory of its own."""

    backend = ""
    account = ""

    def __init__(self) -> None:
        """Prepare a place for it."""
        # Not below pytest's own directory, which nobody else may enter.
        self.folder = Path(tempfile.mkdtemp(prefix=f"ocpp-{self.backend}-"))
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self._user = self._unprivileged()
        if self._user is not None:
            shutil.chown(self.folder, self._user)

    def begin(self) -> None:
        """Start it; skips the test where its programs are not installed."""
        raise NotImplementedError

    def _unprivileged(self) -> str | None:
        """Return who to be: neither server wants to be started by root."""
        if os.geteuid() != 0:
            return None
        for name in (self.account, "nobody"):
            try:
                return pwd.getpwnam(name).pw_name
            except KeyError:
                continue
        return None

    @staticmethod
    def program(*patterns: str) -> str:
        """Return where a program is, or skip."""
        for pattern in patterns:
            for found in sorted(Path("/").glob(pattern), reverse=True):
                return str(found)
        pytest.skip(f"{Path(patterns[0]).name} is not installed: see scripts/databases")

    def run(self, *command: str | Path) -> None:
        """Run a program to its end."""
        subprocess.run(
            [str(part) for part in command],
            user=self._user,
            cwd=self.folder,
            env=os.environ | {"HOME": str(self.folder), "TMPDIR": str(self.folder)},
            check=True,
            capture_output=True,
            timeout=_PATIENCE,
        )

    def start(self, *command: str | Path) -> None:
        """Start the server itself."""
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                user=self._user,
                cwd=self.folder,
                env=os.environ | {"HOME": str(self.folder), "TMPDIR": str(self.folder)},
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                self.execute("SELECT 1")
            except psycopg.Error, pymysql.Error:
                assert self.process.poll() is None, self.log()
                assert time.monotonic() < end, self.log()
                time.sleep(0.05)
            else:
                return

    def log(self) -> str:
        """Return what the server said."""
        return (self.folder / "server.log").read_text(errors="replace")

    def execute(self, *statements: str) -> None:
        """Do something as its administrator."""
        raise NotImplementedError

    def create(self) -> str:
        """Create an empty database; return its URL."""
        name = f"ocpp_{uuid4().hex}"
        self.execute(*(line.format(name=name) for line in self.creation))
        return url_of(self.backend, self.port, name)

    creation: tuple[str, ...] = ()

    def stop(self) -> None:
        """End the server and remove what it left."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(_PATIENCE)
        shutil.rmtree(self.folder, ignore_errors=True)


class PostgreSQL(Server):
    """PostgreSQL."""

    backend = "postgresql"
    account = "postgres"
    creation = ("CREATE DATABASE {name} OWNER " + USER,)

    @override
    def begin(self) -> None:
        """Create a cluster and start it."""
        initdb = self.program(
            "usr/lib/postgresql/*/bin/initdb", "usr/*/pgsql/bin/initdb"
        )
        self.run(
            *(initdb, "--no-sync", "--auth=trust", "--username=postgres"),
            *("--encoding=UTF8", "--locale=C", "--pgdata", self.folder / "data"),
        )
        # Those who come with a password must have the right one.
        (self.folder / "data" / "pg_hba.conf").write_text(
            "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
        )
        self.start(
            *(Path(initdb).with_name("postgres"), "-D", self.folder / "data"),
            *("-p", str(self.port), "-c", "listen_addresses=127.0.0.1"),
            *("-c", f"unix_socket_directories={self.folder}"),
            *("-c", "fsync=off", "-c", "shared_buffers=16MB"),
        )
        self.execute(f"CREATE USER {USER} PASSWORD '{PASSWORD}'")

    @override
    def execute(self, *statements: str) -> None:
        with psycopg.connect(
            f"host=127.0.0.1 port={self.port} user=postgres dbname=postgres",
            autocommit=True,
        ) as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[call-overload]


class MariaDB(Server):
    """MariaDB."""

    backend = "mysql"
    account = "mysql"
    # As it is where nobody thought of characters.
    creation = (
        "CREATE DATABASE {name} CHARACTER SET latin1",
        "GRANT ALL ON {name}.* TO " + USER,
    )

    @override
    def begin(self) -> None:
        """Create a data directory and start a server on it."""
        install = self.program("usr/bin/mariadb-install-db")
        mariadbd = self.program("usr/sbin/mariadbd", "usr/bin/mariadbd")
        data = f"--datadir={self.folder / 'data'}"
        self.run(
            *(install, "--no-defaults", data, "--skip-test-db", "--skip-name-resolve"),
            # Two runs at once would take each other's tables away in /tmp.
            f"--tmpdir={self.folder}",
            "--auth-root-authentication-method=normal",
        )
        self.start(
            *(mariadbd, "--no-defaults", data, f"--port={self.port}"),
            *("--bind-address=127.0.0.1", f"--socket={self.folder / 'socket'}"),
            *("--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=16M"),
            *("--skip-name-resolve", "--innodb-log-file-size=8M"),
            f"--tmpdir={self.folder}",
        )
        self.execute(f"CREATE USER {USER}@'%' IDENTIFIED BY '{PASSWORD}'")

    @override
    def execute(self, *statements: str) -> None:
        connection: Any = pymysql.connect(
            host="127.0.0.1", port=self.port, user="root", autocommit=True
        )
        with connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


class Servers:
    """The servers of one test run."""

    def __init__(self) -> None:
        """Have none yet."""
        self._servers: dict[type[Server], Server] = {}

    def get(self, kind: type[Server]) -> Server:
        """Return a server, started if it is the first time."""
        # Known before it is started, so that it is ended whatever happens then.
        server = self._servers.get(kind) or self._servers.setdefault(kind, kind())
        if server.process is None:
            server.begin()
        return server

    def stop(self) -> None:
        """Stop them all."""
        for server in self._servers.values():
            server.stop()
