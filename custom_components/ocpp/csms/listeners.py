"""Telling who shows a part of a station that it changed, and who follows what happens."""

from collections.abc import Callable
from functools import partial
from typing import Any

from .events import Event
from .model import Part

type Listener = Callable[[], None]
type Follower = Callable[[Event], None]


class Listeners:
    """Something whose parts are watched. Nobody is told before the station is answered."""

    def __init__(self) -> None:
        """Begin with nobody listening."""
        # Not lists: who is being told may watch something else, or watch no more.
        self._listeners: dict[Part, tuple[Listener, ...]] = {}
        self._changes: dict[Part, None] = {}
        # How often it was told what changed.
        self.told = 0
        self._afterwards: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
        self._followers: tuple[Follower, ...] = ()
        self._events: list[Event] = []

    def watch(self, part: Part, listener: Listener) -> Callable[[], None]:
        """Call the listener whenever the part changed; return how to stop that."""
        self._listeners[part] = (*self._listeners.get(part, ()), listener)
        return partial(self.unwatch, part, listener)

    def unwatch(self, part: Part, listener: Listener) -> None:
        """Call the listener no more."""
        self._listeners[part] = _without(listener, self._listeners[part])

    def follow(self, follower: Follower) -> Callable[[], None]:
        """Call the follower with whatever happens; return how to stop that."""
        self._followers = (*self._followers, follower)
        return partial(self._unfollow, follower)

    def _unfollow(self, follower: Follower) -> None:
        self._followers = _without(follower, self._followers)

    def happened(self, event: Event) -> None:
        """Note an event; followers hear of it when the message is answered."""
        self._events.append(event)

    def changed(self, part: Part) -> None:
        """Note that a part changed; who watches it hears of that after the answer."""
        if part in self._listeners:
            self._changes[part] = None

    def afterwards[*P](self, work: Callable[[*P], None], *said: *P) -> None:
        """Do what an answer does not depend on when it is sent, before the next message."""
        self._afterwards.append((work, said))

    def flush(self) -> None:
        """Finish what was left for after the answer, and tell what changed and happened."""
        while self._afterwards:
            work, said = self._afterwards.pop(0)
            work(*said)
        while self._changes:
            changes, self._changes = self._changes, {}
            self.told += 1
            for part in changes:
                for listener in self._listeners.get(part, ()):
                    listener()
        while self._events:
            # One message may tell of any number of them.
            events, self._events = self._events, []
            for event in events:
                for follower in self._followers:
                    follower(event)


def _without[T](one: T, them: tuple[T, ...]) -> tuple[T, ...]:
    """Return them without the first that is that one."""
    found = them.index(one)
    return them[:found] + them[found + 1 :]
