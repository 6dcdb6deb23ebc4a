"""Telling who shows a part of a station that it changed."""

from collections import deque
from collections.abc import Callable

from .model import Part

type Listener = Callable[[], None]


class Listeners:
    """Something whose parts are watched. Nobody is told before the station is answered."""

    def __init__(self) -> None:
        """Begin with nobody listening."""
        self._listeners: dict[Part, list[Listener]] = {}
        self._changes: dict[Part, None] = {}
        self._afterwards: deque[Callable[[], None]] = deque()

    def watch(self, part: Part, listener: Listener) -> Callable[[], None]:
        """Call the listener whenever the part changed; return how to stop that."""
        self._listeners.setdefault(part, []).append(listener)
        return lambda: self._listeners[part].remove(listener)

    def changed(self, part: Part) -> None:
        """Note that a part changed; listeners hear of it when the message is answered."""
        self._changes[part] = None

    def afterwards(self, work: Callable[[], None]) -> None:
        """Do what an answer does not depend on when it is sent, before the next message."""
        self._afterwards.append(work)

    def flush(self) -> None:
        """Finish what was left for after the answer, and tell the listeners what changed."""
        while self._afterwards:
            self._afterwards.popleft()()
        while self._changes:
            changes, self._changes = self._changes, {}
            for part in changes:
                for listener in tuple(self._listeners.get(part, ())):
                    listener()
