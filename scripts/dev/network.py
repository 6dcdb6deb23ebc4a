"""Ports and addresses of this machine."""

from contextlib import suppress
import socket

from .errors import DevelopError

# Ports above the wanted one that are tried before giving up.
PORTS_TRIED = 100


def port_is_free(host: str, port: int) -> bool:
    """Return if a server could listen there now."""
    with socket.socket() as server:
        # As servers do: a port in TIME_WAIT is free.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((host, port))
        except OSError:
            return False
    return True


def free_port(host: str, port: int) -> int:
    """Return this port, or the next free one."""
    for candidate in range(port, min(port + PORTS_TRIED, 65536)):
        if port_is_free(host, candidate):
            return candidate
    raise DevelopError(f"No free port on {host} from {port} on")


def lan_address() -> str | None:
    """Return the address others in the local network reach this machine by."""
    # Connecting a datagram socket sends nothing; it only selects the interface.
    with (
        suppress(OSError),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe,
    ):
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])
    return None


def reachable(host: str) -> str:
    """Return the address to connect to for a server listening on this host."""
    return "127.0.0.1" if host in ("0.0.0.0", "::", "") else host
