"""Crops and their labels, as `examples/export_crops.rs` writes them, and what is done to them on the fly.

A set is a pair NAME.bin (grey bytes, crop after crop) and NAME.tsv (label, where the print's centre
stands in the crop, em in px, source, sheet, field, value of the field; for lines the pixel at which the
text ends). A label is what the crop spells, `?` in a number for print that nobody can read, empty for no
print.
"""

import re
from pathlib import Path

import numpy as np
import torch

from nets import FILES, HEIGHT, LINES, SIGNS, WIDTHS

# Advance widths of the face's digits and of the words with their comma and space, in em, for
# covering single characters (Liberation Sans; the space of the words is 0.525 em).
DIGIT = 0.556
WORDS = [2.33, 2.07, 2.15, 2.29, 3.19, 2.70, 2.46, 2.51, 2.50, 2.94]

# Contrast of print, grey levels, below which a crop is left out.
FLAT = 20

# What the network `codes` reads.
CODE = re.compile(r"\d{9}(\.\d{2}\.\d\.\d{4})?|\d{1,4} Electores")


class Crops:
    """A set in memory: `pixels` [n, h, w] bytes, `labels` [n, longest] classes with `lengths`."""

    def __init__(self, kind, folders):
        pixels, rows, self.folder = [], [], []
        for number, folder in enumerate(folders):
            files = Path(folder) / FILES[kind]
            table = files.with_suffix(".tsv").read_text(encoding="utf-8").splitlines()[1:]
            raw = np.fromfile(files.with_suffix(".bin"), dtype=np.uint8)
            pixels.append(raw.reshape(-1, HEIGHT, WIDTHS[kind]))
            assert len(table) == len(pixels[-1]), folder
            table = [line.split("\t") for line in table]
            # `~`: a line of words of which it is not known how much stands on it.
            sure = [i for i, row in enumerate(table) if row[0] != "~" and (kind != "codes" or CODE.fullmatch(row[0]))]
            # Print outside the picture, or without any contrast, is nobody's to read.
            ink, paper = np.quantile(pixels[-1].reshape(len(table), -1), [0.02, 0.5], axis=1) if table else ([], [])
            sure = [i for i in sure if not table[i][0] or paper[i] - ink[i] >= FLAT]
            pixels[-1] = pixels[-1][sure]
            rows += [table[i] for i in sure]
            self.folder += [number] * len(sure)
        self.kind = kind
        self.pixels = torch.from_numpy(np.concatenate(pixels))
        self.text = [r[0] for r in rows]
        self.centre = torch.tensor([[float(r[1]), float(r[2])] for r in rows])
        # Digits of a share in per cent do not stand one beside the other: none of them is covered alone.
        self.em = torch.tensor([0.0 if r[6].endswith("%") else float(r[3]) for r in rows])
        self.source = [r[4] for r in rows]
        self.lengths = torch.tensor([len(t) for t in self.text])
        self.unreadable = len(SIGNS[kind]) + 1
        self.labels = torch.zeros(len(rows), max(4, int(self.lengths.max())), dtype=torch.long)
        for i, t in enumerate(self.text):
            for k, c in enumerate(t):
                self.labels[i, k] = self.unreadable if c == "?" else SIGNS[kind].index(c) + 1
        # Most second lines of words are empty: one in eight of those is enough to learn from.
        empty = self.lengths == 0
        thin = empty & (torch.arange(len(rows)) % 8 != 0) if kind == "words" else torch.zeros_like(empty)
        folder = torch.tensor(self.folder)
        self.useful = [torch.nonzero(~thin & (folder == k)).flatten() for k in range(len(folders))]
        if kind in LINES:
            self.ends = torch.tensor([float(r[7]) for r in rows])
            # Lines of about the same length are drawn together.
            order = self.ends.argsort()
            self.alike = order.split(max(1, -(-len(order) // 12)))

    def draw(self, n):
        """Indices of `n` crops to train on; each folder's are as many, a folder given twice counts twice."""
        if self.kind in LINES:
            among = self.alike[int(torch.randint(len(self.alike), (1,)))]
            return among[torch.randint(len(among), (n,))]
        of = torch.randint(len(self.useful), (n,)).bincount(minlength=len(self.useful)).tolist()
        return torch.cat([among[torch.randint(len(among), (k,))] for among, k in zip(self.useful, of)])

    def cut(self, index):
        """Grey levels of crops; lines end a little behind their text, and paper fills them up."""
        x = self.pixels[index].float()
        if self.kind not in LINES:
            return x
        # A full stop whose ink is not found stands within 4 px of the last letter's.
        stop = (self.ends[index] + 4 + 5 * torch.rand(len(index))).clamp(max=x.shape[2])
        x = x[:, :, : int(stop.max().ceil())]
        beyond = torch.arange(x.shape[2])[None, :] >= stop[:, None]
        for i in range(len(x)):
            if beyond[i].any():
                x[i][:, beyond[i]] = x[i][:, ~beyond[i]].median()
        return x

    def __len__(self):
        return len(self.text)


def _pick(n, share):
    return torch.nonzero(torch.rand(n) < share).flatten()


def _segments(n, h, w, reach):
    """Distance of every pixel to a random segment a crop, [n, h, w]."""
    a = torch.stack([torch.rand(n) * w, torch.rand(n) * h], 1)
    angle = torch.rand(n) * 2 * np.pi
    length = (0.2 + torch.rand(n)) * reach
    d = torch.stack([angle.cos(), angle.sin()], 1) * length[:, None]
    gy, gx = torch.meshgrid(torch.arange(h).float(), torch.arange(w).float(), indexing="ij")
    px, py = gx[None] - a[:, 0, None, None], gy[None] - a[:, 1, None, None]
    dx, dy = d[:, 0, None, None], d[:, 1, None, None]
    t = ((px * dx + py * dy) / (dx * dx + dy * dy + 1e-6)).clamp(0, 1)
    return ((px - t * dx) ** 2 + (py - t * dy) ** 2).sqrt()


def cover(crops, x, labels, lengths, index):
    """Hides print: a whole crop, or one character of those whose place is known; relabels it."""
    h, w = x.shape[1:]
    gy, gx = torch.meshgrid(torch.arange(h).float(), torch.arange(w).float(), indexing="ij")
    whole = _pick(len(x), 0.02)
    for i in whole.tolist():
        if lengths[i] == 0:
            continue
        # An even grey is no texture: to the network it is empty paper.
        if torch.rand(1) < 0.5:
            x[i] = x[i].mean() + torch.randn(h, w) * 60
        else:
            for _ in range(24 if w < 100 else 100):
                gap = _segments(1, h, w, 40.0)[0]
                x[i] = torch.where(gap < 1.5, torch.full_like(gap, 40.0), x[i])
        labels[i] = 0
        labels[i, 0], lengths[i] = crops.unreadable, 1
    single = _pick(0 if crops.kind in LINES else len(x), 0.04)
    for i in single.tolist():
        n = int(lengths[i])
        em = float(crops.em[index[i]])
        if n == 0 or em <= 0 or crops.unreadable in labels[i, :n].tolist():
            continue
        spans = [DIGIT] * n if FILES[crops.kind] == "digits" else [WORDS[int(c) - 1] for c in labels[i, :n]]
        k = int(torch.randint(n, (1,)))
        cx, cy = crops.centre[index[i]].tolist()
        left = cx + (sum(spans[:k]) - sum(spans) / 2) * em
        right = left + spans[k] * em
        if crops.kind == "words":
            right -= 0.8 * em  # the comma and the space
        inside = (gx > left - 0.5) & (gx < right + 0.5) & ((gy - cy).abs() < 0.5 * em)
        style = torch.rand(1).item()
        if style < 0.5:
            x[i] = torch.where(inside, 20 + 60 * torch.rand(1) + 15 * torch.randn(h, w), x[i])
        else:
            x[i] = torch.where(inside, x[i].median() * (0.2 + 0.8 * torch.rand(h, w)), x[i])
        labels[i, k] = crops.unreadable


def alone(crops, x, lengths, index):
    """Numbers whose surroundings are covered with paper, as the number before a word in a line is cut."""
    gx = torch.arange(x.shape[2]).float()
    for i in _pick(len(x), 0.12).tolist():
        em, n = float(crops.em[index[i]]), int(lengths[i])
        if n == 0 or em <= 0:
            continue
        cx = float(crops.centre[index[i], 0])
        half = n * DIGIT * em / 2
        left, right = cx - half - em * float(torch.rand(1)) * 0.15, cx + half + em * float(torch.rand(1)) * 0.15
        beside = (gx < left) | (gx > right)
        x[i][:, beside] = x[i].flatten().kthvalue(x[i].numel() * 3 // 4).values


def outlines(x, some):
    """The watermark's letters as scanners with two levels show them: thin curves, dark on paper, light in ink."""
    _, h, w = x.shape
    gy, gx = torch.meshgrid(torch.arange(h).float(), torch.arange(w).float(), indexing="ij")
    for i in some.tolist():
        paper, ink = x[i].median(), x[i].flatten().kthvalue(h * w // 50 + 1).values
        for _ in range(int(torch.randint(1, 4, (1,)))):
            radius = 6 + 60 * float(torch.rand(1)) ** 2
            towards = 2 * np.pi * float(torch.rand(1))
            # The curve passes near a point of the crop.
            px, py = float(torch.rand(1)) * w, float(torch.rand(1)) * h
            away = ((gx - px - radius * np.cos(towards)) ** 2 + (gy - py - radius * np.sin(towards)) ** 2).sqrt()
            line = (1.2 - (away - radius).abs() / (0.5 + 0.7 * float(torch.rand(1)))).clamp(0, 1)
            strength = 0.4 + 0.6 * float(torch.rand(1))
            x[i] = x[i] + strength * line * (paper + ink - 2 * x[i])


def beside(x, index):
    """What stands beside a number: a part of the next print at either end, hairlines and rules through all of it."""
    n, h, w = x.shape
    for i in index.tolist():
        paper, ink = x[i].median(), x[i].flatten().kthvalue(h * w // 50 + 1).values
        if torch.rand(1) < 0.5:
            # The print of another crop, its own levels in place of these, cut off after a few columns.
            other = x[int(torch.randint(n, (1,)))]
            a, b = other.median(), other.flatten().kthvalue(h * w // 50 + 1).values
            k, at = int(torch.randint(1, 5, (1,))), int(torch.randint(w - 4, (1,)))
            cut = paper + (other[:, at : at + k] - a) * ((paper - ink) / (a - b).clamp(min=20))
            if torch.rand(1) < 0.8:
                x[i][:, w - k :] = cut
            else:
                x[i][:, :k] = cut
            continue
        along = w if torch.rand(1) < 0.7 else h
        at, half = float(torch.rand(1)) * along, 0.3 + 0.6 * float(torch.rand(1))
        if torch.rand(1) < 0.5:
            # Beside the print more often than through it.
            at = along - at / 8 if torch.rand(1) < 0.5 else at / 8
        lean = (torch.rand(1) - 0.5) * 0.04
        across = torch.arange(along).float()
        down = torch.arange(h + w - along).float()
        line = (1.0 - ((across[None] - at - lean * down[:, None]).abs() - half)).clamp(0, 1)
        line = line if along == w else line.T
        dark = ink + (paper - ink) * 0.6 * float(torch.rand(1)) ** 2
        x[i] = torch.minimum(x[i], x[i] + line * (dark - x[i]))


def stretched(x):
    """Lines with their signs a little wider, narrower, nearer or further, as no font file has them."""
    n, h, w = x.shape
    at = torch.arange(w).float()[None, :]
    scale = 1 + (torch.rand(n, 1) - 0.5) * 0.08
    wave = torch.rand(n, 1) * 1.2 * torch.sin(at / (8 + 40 * torch.rand(n, 1)) + 6.3 * torch.rand(n, 1))
    at = ((at - 5) * scale + 5 + wave).clamp(0, w - 1.001)
    low = at.floor().long()
    share = (at - low)[:, None, :]
    pick = lambda k: x.gather(2, k[:, None, :].expand(n, h, w))
    return pick(low) * (1 - share) + pick(low + 1) * share


def augment(crops, index):
    """A batch as the network may meet it: (grey levels, labels, lengths)."""
    x = crops.cut(index)
    if crops.kind in LINES:
        # The thin arm of a T is not always found: a crop then begins up to 3 px later.
        x = x[:, :, int(torch.randint(4, (1,))) :]
        # What a narrower line leaves behind is paper, or the end of the crop a little off.
        # Stretched by a twenty-fifth, the longest keep their last letter.
        x = torch.nn.functional.pad(x, (0, 8 + x.shape[2] // 25), mode="replicate")
        x = stretched(x)
    labels, lengths = crops.labels[index].clone(), crops.lengths[index].clone()
    n, h, w = x.shape
    cover(crops, x, labels, lengths, index)
    # Registration off by up to a pixel more than the export's jitter, subpixel by averaging.
    for i in _pick(n, 0.5).tolist():
        dy, dx = torch.randint(-1, 2, (2,)).tolist()
        shifted = torch.roll(x[i], (dy, dx), (0, 1))
        x[i] = shifted if torch.rand(1) < 0.6 else (x[i] + shifted) / 2
    # Pen strokes and ruling lines over the print.
    s = _pick(n, 0.12)
    if len(s):
        gap = _segments(len(s), h, w, min(w, 90) * 0.8)
        ink = (torch.rand(len(s), 1, 1) * 140 + 10).expand_as(gap)
        radius = 0.4 + torch.rand(len(s), 1, 1) * 1.1
        x[s] = torch.where(gap < radius, torch.minimum(x[s], ink), x[s])
    outlines(x, _pick(n, 0.2))
    if FILES[crops.kind] == "digits":
        beside(x, _pick(n, 0.15))
    if crops.kind == "digits-close":
        alone(crops, x, lengths, index)
    # Missing dots: a white line across or down.
    for i in _pick(n, 0.06).tolist():
        k, thick = int(torch.randint(h, (1,))), int(torch.randint(1, 3, (1,)))
        if torch.rand(1) < 0.5:
            x[i, k : k + thick] = x[i].max()
        else:
            k = int(torch.randint(w, (1,)))
            x[i, :, k : k + thick] = x[i].max()
    # Blots: light or dark, soft, smaller than a character.
    s = _pick(n, 0.10)
    if len(s):
        gy, gx = torch.meshgrid(torch.arange(h).float(), torch.arange(w).float(), indexing="ij")
        cx, cy = torch.rand(len(s), 1, 1) * w, torch.rand(len(s), 1, 1) * h
        rx, ry = 1 + torch.rand(len(s), 1, 1) * 3, 1 + torch.rand(len(s), 1, 1) * 3
        blot = (-(((gx - cx) / rx) ** 2 + ((gy - cy) / ry) ** 2)).exp()
        level = torch.where(torch.rand(len(s), 1, 1) < 0.5, 40.0, 250.0)
        x[s] = x[s] * (1 - blot) + level * blot
    # Blur, fade, uneven light, noise.
    s = _pick(n, 0.25)
    if len(s):
        soft = torch.nn.functional.avg_pool2d(
            torch.nn.functional.pad(x[s].unsqueeze(1), (1, 1, 1, 1), mode="replicate"), 3, 1
        ).squeeze(1)
        a = torch.rand(len(s), 1, 1)
        x[s] = x[s] * (1 - a) + soft * a
    paper = x.flatten(1).median(dim=1).values[:, None, None]
    fade = torch.ones(n, 1, 1)
    s = _pick(n, 0.3)
    fade[s] = 0.2 + 0.8 * torch.rand(len(s), 1, 1)
    x = paper + (x - paper) * fade
    tilt = torch.zeros(n, 1, 1)
    s = _pick(n, 0.3)
    tilt[s] = torch.rand(len(s), 1, 1) * 40
    angle = torch.rand(n, 1, 1) * 2 * np.pi
    gy, gx = torch.meshgrid(torch.linspace(-1, 1, h), torch.linspace(-1, 1, w), indexing="ij")
    x = x - tilt * (gx * angle.cos() + gy * angle.sin())
    sigma = torch.rand(n, 1, 1) ** 2 * 16
    # Three in ten stay as smooth as a clean scan is.
    sigma[_pick(n, 0.3)] = 0
    x = x + torch.randn_like(x) * sigma
    return x.round().clamp(0, 255), labels, lengths
