"""Reads every export with other programs than the one that wrote it; see scripts/check-exports."""
import csv
import json
import pathlib
import sqlite3
import sys

import duckdb
import jsonschema

to = pathlib.Path(sys.argv[1])
tally = json.loads((to / "tally.json").read_text(encoding="utf-8"))
country = tally["lines"][0]
truth = {item["id"]: figure["votes"] for item, figure in zip(tally["items"], country["figures"])}
units = country["coverage"]["counted"]
votes = {k: v for k, v in truth.items() if "_" in k and k.split("_")[0].isupper()}
candidates = {}
for party, n in votes.items():
    candidates[party.split("_")[0]] = candidates.get(party.split("_")[0], 0) + n


def same(what, found, expected):
    if found != expected:
        sys.exit(f"check-exports: {what}: {found}, tally says {expected}")


# Parquet, in DuckDB.
db = duckdb.connect()
wide = f"read_parquet('{to / 'parquet.parquet'}')"
same("parquet rows", db.sql(f"SELECT count(*) FROM {wide}").fetchone()[0], units)
for candidate, n in candidates.items():
    same(f"parquet {candidate}", db.sql(f'SELECT sum("{candidate}") FROM {wide}').fetchone()[0], n)
for party, n in votes.items():
    same(f"parquet {party}", db.sql(f'SELECT sum("{party.replace(" ", "_")}") FROM {wide}').fetchone()[0], n)
widths = db.sql(f"SELECT min(length(CENTRO)), max(length(CENTRO)) FROM {wide}").fetchone()
same("parquet codes", widths, (9, 9))
by_state = f"read_parquet('{to / 'tally.parquet'}')"
for candidate, n in candidates.items():
    found = db.sql(f"SELECT sum(VOTES) FROM {by_state} WHERE ITEM = '{candidate}'").fetchone()[0]
    same(f"tally.parquet {candidate}", found, n)
# CSV, in Python and in DuckDB.
for name in ("published", "wide"):
    with open(to / f"{name}.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    same(f"{name} rows", len(rows), units)
    same(f"{name} codes", {len(r["CENTRO"]) for r in rows}, {9})
    for candidate, n in candidates.items():
        same(f"{name} {candidate}", sum(int(r[candidate]) for r in rows if r[candidate]), n)
for name in ("openelections", "long"):
    rows = f"read_csv('{to / name}.csv', header = true, all_varchar = true)"
    found = db.sql(f"SELECT sum(CAST(votes AS BIGINT)) FROM {rows} WHERE office = 'President'").fetchone()[0]
    same(name, found, sum(votes.values()))
with open(to / "openelections.csv", encoding="utf-8", newline="") as file:
    head = next(csv.reader(file))[:10]
columns = "county,precinct,office,district,party,candidate,votes,election_day,absentee,early_voting"
same("openelections columns", ",".join(head), columns)
verified = json.loads((to / "verify" / "verify.json").read_text(encoding="utf-8"))
same("verify, units", verified["agree"] + len(verified["left_only"]) + len(verified["open"]) >= units, True)
same("verify, rows without a counterpart", verified.get("unmatched", []), [])
same("verify, differences", verified["differ"], [])
# SQLite, in the sqlite3 of Python.
sqlite = sqlite3.connect(f"file:{to / 'sqlite.sqlite'}?mode=ro", uri=True)
same("sqlite integrity", sqlite.execute("PRAGMA integrity_check").fetchone()[0], "ok")
sums = dict(
    sqlite.execute(
        "SELECT f.id, sum(n.value) FROM unit u JOIN number n ON n.sheet = u.sheet JOIN field f ON f.field = n.field "
        "WHERE u.standing = 'counted' AND f.kind = 'vote' GROUP BY f.id"
    )
)
same("sqlite", sums, votes)
# NIST JSON, in a JSON Schema validator.
schema = json.loads((pathlib.Path(__file__).parent / "nist-subset.schema.json").read_text(encoding="utf-8"))
report = json.loads((to / "nist.json").read_text(encoding="utf-8"))
validator = jsonschema.Draft202012Validator
validator.check_schema(schema)
problems = [f"{e.json_path}: {e.message[:200]}" for e in validator(schema).iter_errors(report)]
if problems:
    sys.exit("check-exports: NIST: " + "; ".join(problems[:5]))
# Every reference leads to an object of a kind that the published schema allows there.
KINDS = {
    "CandidateIds": {"Candidate"},
    "ComposingGpUnitIds": {"ReportingUnit"},
    "ElectionDistrictId": {"ReportingUnit"},
    "ElectionScopeId": {"ReportingUnit"},
    "EndorsementPartyIds": {"Party"},
    "GpUnitId": {"ReportingUnit"},
}


def objects(value):
    if isinstance(value, dict):
        yield value
    for below in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(below)


ids = {}
for item in objects(report):
    if "@id" in item:
        same(f"NIST id {item['@id']}, how often before", item["@id"] in ids, False)
        ids[item["@id"]] = item["@type"].removeprefix("ElectionResults.")
for item in objects(report):
    for name, value in item.items():
        if name.endswith("Id") and name != "VendorApplicationId" or name.endswith("Ids"):
            for target in value if isinstance(value, list) else [value]:
                if ids.get(target) not in KINDS[name]:
                    sys.exit(f"check-exports: NIST: {name} {target} leads to {ids.get(target)}")
# The schema refuses what it should: a report without a status, a count that is text.
broken = json.loads(json.dumps(report))
broken["Election"][0]["Contest"][0]["ContestSelection"][0]["VoteCounts"][0]["Count"] = "7"
del broken["Status"]
same("NIST schema on a broken report", len(list(validator(schema).iter_errors(broken))) >= 2, True)
for selection in report["Election"][0]["Contest"][0]["ContestSelection"]:
    candidate = selection["CandidateIds"][0].removeprefix("candidate-")
    same(f"NIST {candidate}", sum(c["Count"] for c in selection["VoteCounts"]), candidates[candidate])
print(f"exports: {units} units, {sum(votes.values())} votes, the same in DuckDB, sqlite3, csv and NIST JSON")
