"""What a run from Python costs over the command: seconds of the processor for the samples, one at a time.

In: the command. Out: a line; fails where it is more than 3 %. Both read the photos and write a run's folder; the command
also keeps pictures of what is doubtful.
"""

import os
import resource
import subprocess
import sys
import tempfile

from conftest import SAMPLES

ROUNDS = 5
SCRIPT = """
import cotejo, sys
reader, out, photos = cotejo.Reader(), sys.argv[1], sys.argv[2:]
reader.write_run((r.line() for photo in photos for r in reader.read(photo, strict=False)), out)
"""


def seconds(command: list[str]) -> float:
    """What a command uses of the processor."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> int:
    """Compares, and prints."""
    binary, ours, theirs = os.path.abspath(sys.argv[1]), [], []
    with tempfile.TemporaryDirectory() as folder:
        # Three times each, under other bytes: the command reads what is there twice once.
        for round_ in range(3):
            for path in SAMPLES.glob("*.jpg"):
                with open(f"{folder}/{round_}-{path.name}", "wb") as file:
                    file.write(path.read_bytes() + b"\0" * round_)
        for turn in range(ROUNDS):
            out = f"{folder}/out-{turn}"
            pictures = [f"{folder}/{name}" for name in sorted(os.listdir(folder)) if name.endswith(".jpg")]
            theirs.append(seconds([binary, "run", *pictures, "-o", out, "--reader", "net", "--jobs", "1"]))
            ours.append(seconds([sys.executable, "-c", SCRIPT, f"{out}-ours", *pictures]))
    more = min(ours) / min(theirs) - 1
    print(f"cost: 30 photos {min(ours):.2f} s from Python, {min(theirs):.2f} s by the command: {more:+.1%}")
    return int(more > 0.03)


if __name__ == "__main__":
    sys.exit(main())
