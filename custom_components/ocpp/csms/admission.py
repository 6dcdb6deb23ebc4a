"""Who may connect: what the URL says a station is called."""

from urllib.parse import unquote_to_bytes

_LONGEST_IDENTITY = 48


def identity_of(path: str) -> str | None:
    """Return the identity that a station's URL ends in, or None when there is none.

    The last segment, percent-decoded once; a trailing slash and a query are not part of
    it. 1 to 48 characters, none of them a control character.
    """
    segment = path.partition("?")[0].rstrip("/").rpartition("/")[2]
    try:
        # Bytes that should have been percent-encoded arrive as surrogates.
        raw = segment.encode(errors="surrogateescape")
        identity = unquote_to_bytes(raw).decode()
    except UnicodeError:
        return None
    if not 1 <= len(identity) <= _LONGEST_IDENTITY:
        return None
    return identity if identity.isprintable() else None
