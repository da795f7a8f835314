"""The ``cotejo`` command."""

import signal
import sys

from . import _decoder
from ._cotejo import command


def main() -> int:
    """Runs the command of ``sys.argv``; its exit code."""
    # Ctrl-C is the command's to hear, also where it does not come back to Python.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _decoder.apart()
    return command(["cotejo", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
