"""Passwords of stations: how they are shown, kept and compared. Never kept in clear text."""

import asyncio
from base64 import b64decode, b64encode
import binascii
from collections.abc import Sequence
import hmac
import secrets
import string

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

# In characters: what 2.x asks for, and what its stations take at least (A00.FR.205). Keys
# of 1.6 have 20 bytes at most.
SHORTEST, LONGEST_16, LONGEST_V2, LONGEST_V21 = 16, 20, 40, 64
# Nothing that is easily taken for something else: people may have to type it.
_LETTERS = "".join(set(string.ascii_letters + string.digits) - set("0O1lI"))
# 16 MiB and some 100 ms of a small computer.
_COST, _BLOCK, _LANES = 14, 8, 1
# Those of older and newer releases, up to 128 MiB.
_COSTS = {str(cost) for cost in range(10, 18)}
_SALT, _LENGTH = 16, 32
# What stations are known by in memory is of no use to anybody else.
_KEY = secrets.token_bytes(32)
_REMEMBERED = 16
# Comparisons that may wait for their turn.
_MOST_WAITING = 50


class TooBusy(Exception):
    """More passwords have to be compared than can be in time."""


def generate(length: int) -> str:
    """Return a random password."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def fits(password: str, longest: int) -> bool:
    """Return whether a password is one that OCPP has (A00.FR.205)."""
    return (
        SHORTEST <= len(password) <= longest
        and password.isascii()
        and password.isprintable()
        and " " not in password
    )


def shown(headers: Sequence[str], identity: str) -> bytes | None:
    """Return the password of HTTP Basic authentication, None where there is none.

    The name has to be the identity, in any letter case; what is behind the colon that follows
    it is the password, which may have colons and any bytes in it.
    """
    if len(headers) != 1:
        return None
    scheme, _, encoded = headers[0].strip().partition(" ")
    if scheme.casefold() != "basic":
        return None
    try:
        raw = b64decode(encoded.strip(), validate=True)
    except binascii.Error, ValueError:
        return None
    length = len(identity.encode())
    try:
        name = raw[:length].decode()
    except UnicodeDecodeError:
        return None
    if name.casefold() != identity.casefold() or raw[length : length + 1] != b":":
        return None
    return raw[length + 1 :]


def canonical(password: bytes) -> bytes:
    """Return the one form of a password that has several.

    AuthorizationKey of 1.6 is sent as hexadecimal digits; some stations then show the bytes
    that these stand for, some the digits. Both are the same password.
    """
    while password and len(password) % 2 == 0:
        try:
            # Not bytes.fromhex by itself, which passes over blanks.
            password = binascii.unhexlify(password)
        except binascii.Error:
            break
    return password


def fingerprint(password: bytes) -> bytes:
    """Return what a password is known by while this process runs."""
    return hmac.digest(_KEY, canonical(password), "sha256")


def _scrypt(salt: bytes, cost: int = _COST) -> Scrypt:
    return Scrypt(salt=salt, length=_LENGTH, n=2**cost, r=_BLOCK, p=_LANES)


def hash_of(password: bytes) -> str:
    """Return what is kept of a password; an empty one raises `ValueError`. Blocks for a while."""
    if not password:
        raise ValueError("an empty password is none")
    salt = secrets.token_bytes(_SALT)
    key = _scrypt(salt).derive(canonical(password))
    return f"scrypt${_COST}${_text(salt)}${_text(key)}"


def matches(kept: str, password: bytes) -> bool:
    """Return whether a password is the one that a hash is of; an empty one never is.

    Blocks for a while.
    """
    if not password:
        return False
    match kept.split("$"):
        case ["scrypt", cost, salt, key] if cost in _COSTS:
            try:
                _scrypt(b64decode(salt, validate=True), int(cost)).verify(
                    canonical(password), b64decode(key, validate=True)
                )
            except InvalidKey, binascii.Error, ValueError:
                return False
            return True
    return False


def _text(data: bytes) -> str:
    return b64encode(data).decode()


class Hashing:
    """Hashes passwords beside the event loop, one at a time."""

    def __init__(self) -> None:
        """Begin with nothing to do."""
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def hash(self, password: bytes) -> str:
        """Return what is kept of a password."""
        async with self._turn:
            return await asyncio.to_thread(hash_of, password)

    async def matches(self, kept: str, password: bytes) -> bool:
        """Return whether a password is the one that a hash is of; raises `TooBusy`."""
        if self._waiting >= _MOST_WAITING:
            raise TooBusy
        self._waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(matches, kept, password)
        finally:
            self._waiting -= 1


class Secret:
    """A password of a station: its hash, and once it was seen what it is known by.

    A station that comes again is known without hashing anything.
    """

    def __init__(self, kept: str = "", mark: bytes | None = None) -> None:
        """Begin with a hash, or with what it is known by until there is one."""
        self.hash = kept
        self.mark = mark
        self._wrong: list[bytes] = []

    def __bool__(self) -> bool:
        """Return whether there is a password at all."""
        return bool(self.hash) or self.mark is not None

    @property
    def salt(self) -> str:
        """Return what tells its hash from any other, and says nothing of the password."""
        return self.hash.rpartition("$")[0]

    def known(self, password: bytes) -> bool:
        """Return whether it was seen before that this is the password."""
        return self.mark is not None and hmac.compare_digest(
            self.mark, fingerprint(password)
        )

    def has(self, mark: bytes | None) -> bool:
        """Return whether that is what the password is known by."""
        if self.mark is None or mark is None:
            return False
        return hmac.compare_digest(self.mark, mark)

    def was_wrong(self, password: bytes) -> bool:
        """Return whether it was seen lately that this is not the password."""
        return fingerprint(password) in self._wrong

    async def is_(self, password: bytes, hashing: Hashing) -> bool:
        """Return whether this is the password; raises `TooBusy`."""
        mark = fingerprint(password)
        if mark in self._wrong:
            return False
        if self.mark is not None:
            if not (right := hmac.compare_digest(self.mark, mark)):
                self._on_wrong(mark)
            return right
        if not self.hash:
            return False
        if await hashing.matches(self.hash, password):
            self.mark = mark
            return True
        self._on_wrong(mark)
        return False

    def _on_wrong(self, mark: bytes) -> None:
        self._wrong.append(mark)
        del self._wrong[:-_REMEMBERED]
