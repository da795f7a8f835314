# %% [markdown]
# # From photos to a table and a picture
# Run as a script, `python photos_to_table.py PHOTOS... -o FOLDER`, or cell by cell in an editor that knows `# %%`.

# %%
import argparse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cotejo
import matplotlib
import pandas

matplotlib.use("Agg")
import matplotlib.pyplot as pyplot

arguments = argparse.ArgumentParser(description="Votes of a folder's sheets as a table and a picture")
arguments.add_argument("photos", nargs="+", type=Path)
arguments.add_argument("-o", "--out", type=Path, required=True)
given = arguments.parse_args()
given.out.mkdir(parents=True, exist_ok=True)

# %% [markdown]
# ## Read
# One reader for all threads; the interpreter is free while a photo is read.

# %%
reader = cotejo.Reader()
files = cotejo.files(given.photos)
with ThreadPoolExecutor() as pool:
    readings = [r for found in pool.map(lambda f: reader.read(f, strict=False), files) for r in found]

# %% [markdown]
# ## One record a sheet
# Photos of one sheet are joined by what was measured; what shows no sheet stays apart.

# %%
records = reader.join(r.evidence for r in readings if r.evidence is not None)
for reading in readings:
    if reading.evidence is None:
        print(reading.record["findings"][0]["message"])

# %% [markdown]
# ## A table
# Only accepted contests count; the others wait for a person (`cotejo review`).

# %%
votes = pandas.DataFrame(
    [
        {
            "centre": record["sheet"]["centre"],
            "table": record["sheet"]["table"],
            "contest": contest["id"],
            "candidate": choice["candidate"],
            "party": choice["party"],
            "votes": choice["votes"]["value"],
            "confidence": choice["votes"]["confidence"],
            "state": contest["state"],
        }
        for record in records
        for contest in record["contests"]
        for choice in contest["choices"]
    ],
    columns=["centre", "table", "contest", "candidate", "party", "votes", "confidence", "state"],
)
votes.to_csv(given.out / "votes.csv", index=False)
counted = votes[votes["state"] == "accepted"]
totals = counted.groupby("candidate")["votes"].sum().sort_values()
print(f"{len(records)} sheets, {counted.groupby(['centre', 'table']).ngroups} counted")
print(totals.sort_values(ascending=False).to_string())

# %% [markdown]
# ## A picture: the sums, and the least certain number as the photo shows it

# %%
figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4), gridspec_kw={"width_ratios": [3, 1]})
left.barh(list(totals.index), list(totals))
left.set_xlabel("votes on accepted sheets")
single = [r for r in readings if r.record["contests"]]
numbers = [
    (choice["votes"]["confidence"], reading, choice["id"])
    for reading in single
    for contest in reading.record["contests"]
    for choice in contest["choices"]
]
right.set_axis_off()
if numbers:
    confidence, reading, field = min(numbers, key=lambda n: n[0])
    cells = reader.crops(reading, fields=[field]).get(field, {})
    if "digits" in cells:
        right.imshow(cells["digits"], cmap="gray")
        right.set_title(f"{field}: {confidence:.6f}")
figure.tight_layout()
figure.savefig(given.out / "votes.png", dpi=120)
