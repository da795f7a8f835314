"""Weights to start from: what an earlier run kept, or a network as the program embeds it.

In: a path to weights (*.pt) or to an ONNX file, the network, for ONNX also crops of its kind. Out: the
network with those weights. In ONNX files each batch normalisation is part of its convolution; it is put
back as one that changes nothing on crops like those to be trained on. Refuses an ONNX file whose
convolutions are not the network's.
"""

import torch
from torch import nn

from crops import augment
from nets import normalise

# Batches over which means and variances are measured: 40 batches of 32 lines hold about a million frames.
BATCHES = 40


def start(net, path, crops):
    """Loads `path` into `net`."""
    if not path.endswith(".onnx"):
        net.load_state_dict(torch.load(path))
        return
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(path).graph
    known = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in graph.initializer}
    folded = [node for node in graph.node if node.op_type == "Conv"]
    own = [m for m in net.modules() if isinstance(m, nn.Conv2d)]
    assert len(folded) == len(own), f"{path}: {len(folded)} convolutions, not {len(own)}"
    norms = iter(m for m in net.modules() if isinstance(m, nn.BatchNorm2d))
    with torch.no_grad():
        pairs = []
        for node, conv in zip(folded, own):
            weight, bias = (known[name] for name in node.input[1:3])
            assert weight.shape == conv.weight.shape, f"{path}: {tuple(weight.shape)}"
            conv.weight.copy_(weight)
            if conv.bias is not None:
                conv.bias.copy_(bias)
                continue
            norm = next(norms)
            norm.running_mean.zero_()
            norm.running_var.fill_(1.0 - norm.eps)
            norm.weight.fill_(1.0)
            norm.bias.copy_(bias)
            pairs.append((conv, norm))
        # What each convolution gives as the network stands; its normalisation then takes it away and puts it back.
        seen = {}

        def note(conv, _, out):
            n, sums, squares = seen.get(conv, (0, 0.0, 0.0))
            out = out.double()
            seen[conv] = (
                n + out.numel() // out.shape[1],
                sums + out.sum((0, 2, 3)),
                squares + (out**2).sum((0, 2, 3)),
            )

        hooks = [conv.register_forward_hook(note) for conv, _ in pairs]
        net.eval()
        for _ in range(BATCHES):
            net(normalise(augment(crops, crops.draw(32))[0]))
        net.train()
        for hook in hooks:
            hook.remove()
        for conv, norm in pairs:
            n, sums, squares = seen[conv]
            mean = sums / n
            variance = squares / n - mean**2
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(variance)
            norm.weight.copy_((variance + norm.eps).sqrt())
            norm.bias.add_(mean)
