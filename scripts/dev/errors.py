"""What can go wrong while Home Assistant is brought up."""


class DevelopError(Exception):
    """Something the developer has to know about; the message says what to do."""
