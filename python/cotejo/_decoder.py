"""PDF and TIFF files and very large pictures are decoded by a process of their own, which may die; as a script, that process."""

import sys
from pathlib import Path


def apart() -> None:
    """From now on; where Python does not know its own program they are decoded in this process."""
    from ._cotejo import decode_by

    if sys.executable:
        decode_by(sys.executable, [str(Path(__file__).resolve())])


if __name__ == "__main__":
    # This script's folder is the package's: what lies in it is no module of its own.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from cotejo._cotejo import command

    sys.exit(command(["cotejo", *sys.argv[1:]]))
