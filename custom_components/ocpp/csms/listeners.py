"""Telling who shows a part of a station that it changed, and who follows what happens."""

from collections import deque
from collections.abc import Callable

from .events import Event
from .model import Part

type Listener = Callable[[], None]
type Follower = Callable[[Event], None]


class Listeners:
    """Something whose parts are watched. Nobody is told before the station is answered."""

    def __init__(self) -> None:
        """Begin with nobody listening."""
        self._listeners: dict[Part, list[Listener]] = {}
        self._changes: dict[Part, None] = {}
        # How often it was told what changed.
        self.told = 0
        self._afterwards: deque[Callable[[], None]] = deque()
        self._followers: list[Follower] = []
        self._events: deque[Event] = deque()

    def watch(self, part: Part, listener: Listener) -> Callable[[], None]:
        """Call the listener whenever the part changed; return how to stop that."""
        self._listeners.setdefault(part, []).append(listener)
        return lambda: self._listeners[part].remove(listener)

    def follow(self, follower: Follower) -> Callable[[], None]:
        """Call the follower with whatever happens; return how to stop that."""
        self._followers.append(follower)
        return lambda: self._followers.remove(follower)

    def happened(self, event: Event) -> None:
        """Note an event; followers hear of it when the message is answered."""
        self._events.append(event)

    def changed(self, part: Part) -> None:
        """Note that a part changed; listeners hear of it when the message is answered."""
        self._changes[part] = None

    def afterwards(self, work: Callable[[], None]) -> None:
        """Do what an answer does not depend on when it is sent, before the next message."""
        self._afterwards.append(work)

    def flush(self) -> None:
        """Finish what was left for after the answer, and tell what changed and happened."""
        while self._afterwards:
            self._afterwards.popleft()()
        while self._changes:
            changes, self._changes = self._changes, {}
            self.told += 1
            for part in changes:
                for listener in tuple(self._listeners.get(part, ())):
                    listener()
        while self._events:
            event = self._events.popleft()
            for follower in tuple(self._followers):
                follower(event)
