"""The networks: their shape, and the one way in which crops become their input.

In: grey crops as `cotejo` cuts them (24 px high; 48 px wide for digits, 248 px for words, as wide as
the text for lines and codes). Out: logits [crop, frame, class] for a CTC loss; class 0 is the blank,
then for digits and words the digits 0 to 9, for lines the signs of models/signs.txt, for codes
CODE_SIGNS (src/read/glyphs/net/mod.rs has the same); the last is a character that cannot be read.
`normalise` mirrors src/read/glyphs/net/network.rs; a test there holds the two together.
"""

from pathlib import Path

import torch
from torch import nn

CLASSES = 12
HEIGHT = 24
WIDTHS = {"digits": 48, "digits-close": 48, "words": 248, "lines": 432, "codes": 432}
# Kinds whose crops are as wide as their text.
LINES = ("lines", "codes")
LINE_SIGNS = (Path(__file__).parents[2] / "models" / "signs.txt").read_text(encoding="utf-8")
CODE_SIGNS = "0123456789. Electors"
NUMBERS = "0123456789"
SIGNS = {
    "digits": NUMBERS,
    "digits-close": NUMBERS,
    "words": NUMBERS,
    "lines": LINE_SIGNS,
    "codes": CODE_SIGNS,
}
# The crops that a network is trained on, by the name of their files.
FILES = {"digits": "digits", "digits-close": "digits", "words": "words", "lines": "lines", "codes": "lines"}
# As in src/read/glyphs/net.rs.
LEAST_CONTRAST = 40.0
INK_SHARE = 0.02


def conv(i, o, kernel, stride=1, padding=0):
    return nn.Sequential(nn.Conv2d(i, o, kernel, stride, padding, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))


class Digits(nn.Module):
    """2.6 M multiplications a cell, 12 frames of 4 px; a digit is 9 px wide."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            conv(1, 16, 3, 2, 1),
            conv(16, 32, 3, (2, 1), 1),
            conv(32, 48, 3, (2, 2), 1),
            conv(48, 64, 3, 1, 1),
            conv(64, 64, 3, 1, (0, 1)),
        )
        self.drop = nn.Dropout(0.1)
        self.head = nn.Conv2d(64, CLASSES, 1)

    def forward(self, x):
        return self.head(self.drop(self.body(x))).squeeze(2).permute(0, 2, 1)


class DigitsClose(nn.Module):
    """7.7 M multiplications a cell, 12 frames of 4 px; a digit is 9 px wide."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            conv(1, 20, 3, 2, 1),
            conv(20, 32, 3, 1, 1),
            conv(32, 48, 3, (2, 1), 1),
            conv(48, 64, 3, (2, 2), 1),
            conv(64, 96, 3, 1, 1),
            conv(96, 96, 3, 1, (0, 1)),
        )
        self.drop = nn.Dropout(0.1)
        self.head = nn.Conv2d(96, CLASSES, 1)

    def forward(self, x):
        return self.head(self.drop(self.body(x))).squeeze(2).permute(0, 2, 1)


class Words(nn.Module):
    """4.8 M multiplications a line, 31 frames of 8 px; the shortest word is about 30 px wide with its comma."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            conv(1, 12, 3, 2, 1),
            conv(12, 24, 3, 2, 1),
            conv(24, 40, 3, (2, 1), 1),
            conv(40, 64, 3, 1, (0, 1)),
            conv(64, 64, (1, 5), (1, 2), (0, 2)),
            conv(64, 64, (1, 5), 1, (0, 2)),
        )
        self.drop = nn.Dropout(0.1)
        self.head = nn.Conv2d(64, CLASSES, 1)

    def forward(self, x):
        return self.head(self.drop(self.body(x))).squeeze(2).permute(0, 2, 1)


class Lines(nn.Module):
    """0.09 M multiplications a pixel of width, frames of 2 px; the narrowest sign is 3.6 px wide."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            conv(1, 16, 3, 2, 1),
            conv(16, 32, 3, (2, 1), 1),
            conv(32, 48, 3, (2, 1), 1),
            conv(48, 80, 3, 1, (0, 1)),
            conv(80, 80, (1, 5), 1, (0, 2)),
            conv(80, 80, (1, 5), 1, (0, 2)),
        )
        self.drop = nn.Dropout(0.1)
        self.head = nn.Conv2d(80, len(LINE_SIGNS) + 2, 1)

    def forward(self, x):
        return self.head(self.drop(self.body(x))).squeeze(2).permute(0, 2, 1)


class Codes(nn.Module):
    """0.22 M multiplications a pixel of width, frames of 2 px; a digit is 9 px wide, a dot 4.5."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            conv(1, 20, 3, 2, 1),
            conv(20, 40, 3, (2, 1), 1),
            conv(40, 64, 3, (1, 1), 1),
            conv(64, 80, 3, (2, 1), 1),
            conv(80, 96, 3, 1, (0, 1)),
            conv(96, 96, (1, 5), 1, (0, 2)),
        )
        self.drop = nn.Dropout(0.1)
        self.head = nn.Conv2d(96, len(CODE_SIGNS) + 2, 1)

    def forward(self, x):
        return self.head(self.drop(self.body(x))).squeeze(2).permute(0, 2, 1)


NETS = {"digits": Digits, "digits-close": DigitsClose, "words": Words, "lines": Lines, "codes": Codes}


def normalise(crops):
    """Grey levels [n, h, w] to network input [n, 1, h, w]: 0 paper (median), 1 ink."""
    flat = crops.flatten(1)
    total = flat.shape[1]
    paper = flat.kthvalue(total // 2 + 1, dim=1).values
    ink = flat.kthvalue(int(total * INK_SHARE) + 1, dim=1).values
    scale = (paper - ink).clamp(min=LEAST_CONTRAST)
    x = (paper[:, None, None] - crops) / scale[:, None, None]
    return x.clamp(-0.5, 1.5).unsqueeze(1)
