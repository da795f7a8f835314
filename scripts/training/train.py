"""Trains one network and writes it as ONNX.

    train.py digits --crops DIR... --held-out DIR... --steps N --out models/digits.onnx

The same crops, seed and numbers of threads and workers give, on a CPU, the same network. Prints, every `--every` steps, the
loss and the share of held-out crops whose best path is right.
"""

import argparse
import copy
import time

import torch
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset

from crops import Crops, augment
from nets import HEIGHT, LINES, NETS, SIGNS, WIDTHS, normalise
from weights import start


def best_paths(logits, signs):
    out = []
    for row in logits.argmax(2).tolist():
        labels, last = [], 0
        for c in row:
            if c != 0 and c != last:
                labels.append((signs + "?")[c - 1])
            last = c
        out.append("".join(labels))
    return out


class Batches(IterableDataset):
    """Batches without end: grey levels, labels, lengths. Each worker has dice of its own."""

    def __init__(self, made_up, real, batch, real_share, seed):
        self.made_up, self.real, self.batch, self.seed = made_up, real, batch, seed
        self.real_share = real_share if real else 0.0

    def __iter__(self):
        worker = torch.utils.data.get_worker_info()
        torch.manual_seed(self.seed + 1000 * (worker.id + 1 if worker else 0))
        n_real = int(self.batch * self.real_share)
        while True:
            if self.made_up.kind in LINES:
                # Lines of one batch are about as long: a batch comes from one set.
                crops = self.real if n_real and float(torch.rand(1)) < self.real_share else self.made_up
                parts = [augment(crops, crops.draw(self.batch))]
            else:
                parts = [augment(self.made_up, self.made_up.draw(self.batch - n_real))]
                if n_real:
                    parts.append(augment(self.real, self.real.draw(n_real)))
            yield tuple(torch.cat([part[k] for part in parts]) for k in range(3))


def right(net, crops, device):
    """Share right by source."""
    net.eval()
    tally = {}
    with torch.no_grad():
        order = crops.ends.argsort() if crops.kind in LINES else torch.arange(len(crops))
        for index in order.split(256):
            found = best_paths(net(normalise(crops.cut(index).to(device))), SIGNS[crops.kind])
            for k, text in zip(index.tolist(), found):
                hit = tally.setdefault(crops.source[k], [0, 0])
                hit[0] += text == crops.text[k]
                hit[1] += 1
    net.train()
    return {s: f"{a}/{b} {a / b:.4%}" for s, (a, b) in sorted(tally.items())}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("kind", choices=sorted(NETS))
    p.add_argument("--crops", nargs="+", required=True)
    p.add_argument("--held-out", nargs="*", default=[])
    p.add_argument("--real", nargs="*", default=[])
    p.add_argument("--real-share", type=float, default=0.25)
    p.add_argument("--steps", type=int, default=10000)
    p.add_argument("--batch", type=int, default=128)
    p.add_argument("--rate", type=float, default=3e-3)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--workers", type=int, default=0, help="processes that make batches beside the one that trains")
    p.add_argument("--device", default="cpu")
    p.add_argument("--start", help="weights to start from, *.pt or *.onnx")
    p.add_argument("--settled", action="store_true", help="batch normalisation keeps the means it starts with")
    p.add_argument("--weights", help="where to keep the weights for a later start")
    p.add_argument("--every", type=int, default=1000, help="steps from one report to the next")
    p.add_argument("--out", required=True)
    a = p.parse_args()
    torch.manual_seed(a.seed)
    torch.set_num_threads(a.threads)
    torch.set_flush_denormal(True)
    made_up = Crops(a.kind, a.crops)
    real = Crops(a.kind, a.real) if a.real else None
    held_out = {d: Crops(a.kind, [d]) for d in a.held_out}
    net = NETS[a.kind]().to(memory_format=torch.channels_last)
    if a.start:
        start(net, a.start, made_up)
        # Few steps at a low rate, and batches of several forms: the means stay as they are.
        for norm in net.modules():
            if a.settled and isinstance(norm, torch.nn.BatchNorm2d):
                norm.eval()
    net = net.to(a.device)
    mean = copy.deepcopy(net)
    optimiser = torch.optim.AdamW(net.parameters(), lr=a.rate, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, a.rate, total_steps=a.steps, pct_start=0.1)
    began, total = time.time(), 0.0
    batches = DataLoader(
        Batches(made_up, real, a.batch, a.real_share, a.seed), batch_size=None, num_workers=a.workers
    )
    for step, batch in zip(range(1, a.steps + 1), batches):
        pixels, labels, lengths = (part.to(a.device, non_blocking=True) for part in batch)
        logits = net(normalise(pixels).to(memory_format=torch.channels_last))
        frames = torch.full((len(pixels),), logits.shape[1], dtype=torch.long, device=a.device)
        loss = functional.ctc_loss(
            functional.log_softmax(logits, 2).permute(1, 0, 2), labels, frames, lengths, zero_infinity=True
        )
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        optimiser.step()
        schedule.step()
        total += float(loss.detach())
        with torch.no_grad():
            keep = min(0.998, step / (step + 20))
            for q, w in zip(mean.state_dict().values(), net.state_dict().values()):
                if q.dtype.is_floating_point:
                    q.mul_(keep).add_(w, alpha=1 - keep)
                else:
                    q.copy_(w)
        if step % a.every == 0 or step == a.steps:
            print(f"{step} {time.time() - began:.0f} s loss {total / a.every:.5f}", flush=True)
            total = 0.0
            for d, c in held_out.items():
                print("   ", d, right(mean, c, a.device), flush=True)
            if a.weights:
                torch.save(mean.state_dict(), a.weights)
            write(mean, a.kind, a.out)


def write(net, kind, path):
    net = copy.deepcopy(net).cpu().eval()
    example = torch.zeros(1, 1, HEIGHT, WIDTHS[kind])
    axes = {"crops": {0: "n"}, "logits": {0: "n"}}
    # A number's crop is as wide as its field needs, a line's as its text.
    if kind != "words":
        axes["crops"][3], axes["logits"][1] = "width", "frames"
    names = {"input_names": ["crops"], "output_names": ["logits"]}
    torch.onnx.export(net, example, path, **names, dynamic_axes=axes, opset_version=17, dynamo=False)


if __name__ == "__main__":
    main()
