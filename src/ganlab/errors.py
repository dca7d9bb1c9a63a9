"""The errors a user can cause, each with one message: what, where, why, and what to do."""

from __future__ import annotations


class GanlabError(Exception):
    """Something the user can put right. Printed as one message, never as a traceback.

    Args:
        message: what is wrong, where and why, in one or a few sentences.
        hint: what to do about it.
    """

    exit_code = 2

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class ConfigError(GanlabError):
    """The experiment file or an override says something ganlab cannot run."""


class DataError(GanlabError):
    """The data set is missing, broken, or too small for what is asked of it."""


class RunError(GanlabError):
    """A run directory cannot be found, read, written or resumed."""


class DeviceError(GanlabError):
    """The device or precision asked for is not there."""


class Interrupted(GanlabError):
    """A run was ended from outside (a signal, a full disk) after it had saved what it could.

    `exit_code` is 130 after SIGINT, 75 after SIGTERM or when the disk is full.
    """

    def __init__(self, message: str, hint: str, exit_code: int) -> None:
        super().__init__(message, hint)
        self.exit_code = exit_code
