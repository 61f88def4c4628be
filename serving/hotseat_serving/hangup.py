"""What a SIGHUP means: its terminal is gone, or somebody wants the configuration read again."""

import os
import signal


class Hangup:
    """Tells the two apart; to be made when the process starts to listen to signals."""

    def __init__(self) -> None:
        self._had_terminal = has_terminal()
        # As `nohup` starts a program that is to outlive its terminal.
        self._was_ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN

    def means_end(self) -> bool:
        """Whether the process is to end."""
        return self._had_terminal and not self._was_ignored and not has_terminal()


def has_terminal() -> bool:
    """Whether this process can be reached from a terminal."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
