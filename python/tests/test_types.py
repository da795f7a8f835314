"""The types say what the schema says."""

import json
import subprocess
import sys
import typing
from pathlib import Path

import cotejo
from cotejo import schema


def test_the_types_of_a_record_are_those_of_its_schema() -> None:
    command = [Path(sys.executable).with_name("cotejo"), "schema"]
    said = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    known = {"Record": said, "Rung": said["$defs"]["RungRecord"], **said["$defs"]}
    types = {name: t for name, t in vars(schema).items() if hasattr(t, "__required_keys__")}
    assert len(types) == 21
    for name, entry in types.items():
        there = known[name]
        assert set(typing.get_type_hints(entry)) == set(there["properties"]), name
        # A key that the types promise is always there; the schema also takes older records, which lack some.
        assert set(there.get("required", ())) <= entry.__required_keys__, name


def test_every_public_name_is_documented() -> None:
    for name in cotejo.__all__:
        entry = getattr(cotejo, name)
        assert name in ("__version__", "Status") or entry.__doc__, name
    for owner in (cotejo.Reader, cotejo.Reading):
        for name, entry in vars(owner).items():
            assert name.startswith("_") or entry.__doc__, f"{owner.__name__}.{name}"
