"""Who may connect: what the URL says a station is called."""

from urllib.parse import unquote_to_bytes, urlsplit

_LONGEST_IDENTITY = 48


def identity_of(path: str) -> str | None:
    """Return the identity that a station's URL ends in, or None when there is none.

    The last segment, percent-decoded once; a trailing slash and a query are not part of
    it. 1 to 48 characters, none of them a control character.
    """
    # A path such as "//x" would be taken for a host.
    segments = urlsplit(f"ws://station/{path.lstrip('/')}").path.rstrip("/").split("/")
    try:
        identity = unquote_to_bytes(segments[-1]).decode()
    except UnicodeDecodeError:
        return None
    if not 1 <= len(identity) <= _LONGEST_IDENTITY or not identity.isprintable():
        return None
    return identity if identity.strip() == identity else None
