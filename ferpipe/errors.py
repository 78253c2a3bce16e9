"""What a user can mend, told in one line."""


class Slip(Exception):
    """A user's slip: the message names the thing, what was got, what was wanted and the cure; exit status 2."""
