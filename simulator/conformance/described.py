"""What can be wrong with the file that describes a system under test, whatever kind of system it is."""


class BadSystem(ValueError):
    """The file does not describe a system; the message says what is missing and what to write."""
