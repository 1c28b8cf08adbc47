"""What efficientnet_lite_pytorch gives for EfficientNet-Lite0 with formula weights; makes
backbones-torch.json beside this file. Adam's step is Keras' arithmetic.

    pip install torch==2.15.0 efficientnet_lite_pytorch==0.1.0 && python backbones-torch.py
"""
import json
from pathlib import Path

import numpy as np
import torch
from efficientnet_lite_pytorch import EfficientNet

import formula

SIZE = 64
LABELS = [0, 2]
RATE = 1e-4
REPEATS = [1, 2, 2, 3, 3, 4, 1]
BLOCKS = [f"block{s + 1}{'abcd'[r]}" for s, repeats in enumerate(REPEATS) for r in range(repeats)]
NORMS = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}
GROUPS = {"stem_activation": None, "block1a_project_bn": 0, "block3b_add": 4, "block6a_project_bn": 11, "top_activation": None}


def keras_name(torch_name):
    """`_blocks.1._bn0.weight` -> `block2a_expand_bn/gamma`"""
    parts = torch_name.split(".")
    if parts[0] == "_blocks":
        block, layer = BLOCKS[int(parts[1])], parts[2]
        own = {
            "_expand_conv": "_expand_conv", "_bn0": "_expand_bn", "_depthwise_conv": "_dwconv",
            "_bn1": "_bn", "_project_conv": "_project_conv", "_bn2": "_project_bn",
        }[layer]
        name = block + own
    else:
        layer = parts[0]
        name = {"_conv_stem": "stem_conv", "_bn0": "stem_bn", "_conv_head": "top_conv", "_bn1": "top_bn"}[layer]
    if "bn" in layer:
        return f"{name}/{NORMS[parts[-1]]}"
    return f"{name}/{'depthwise_kernel' if layer == '_depthwise_conv' else 'kernel'}"


def to_keras(name, tensor):
    values = tensor.detach().numpy()
    if name.endswith("depthwise_kernel"):
        return values.transpose(2, 3, 0, 1)
    return values.transpose(2, 3, 1, 0) if values.ndim == 4 else values


model = EfficientNet.from_name("efficientnet-lite0", image_size=SIZE).eval()
state = model.state_dict()
for name, tensor in state.items():
    if name.startswith("_fc") or name.endswith("num_batches_tracked"):
        continue
    ours = keras_name(name)
    shape = to_keras(ours, tensor).shape
    values = formula.weight(ours, shape)
    if ours.endswith("depthwise_kernel"):
        values = values.transpose(2, 3, 0, 1)
    elif values.ndim == 4:
        values = values.transpose(3, 2, 0, 1)
    tensor.copy_(torch.from_numpy(values.copy()))

kernel = torch.tensor(formula.weight("head_logits/kernel", (1280, 3)), requires_grad=True)
bias = torch.tensor(formula.weight("head_logits/bias", (3,)), requires_grad=True)
rgb = formula.pictures(2, SIZE).astype(np.float32)
x = torch.from_numpy(((rgb - 127) / 128).transpose(0, 3, 1, 2).copy())


def forward():
    groups = {}
    y = model._swish(model._bn0(model._conv_stem(x)))
    groups["stem_activation"] = y
    for i, block in enumerate(model._blocks):
        y = block(y)
        for name, index in GROUPS.items():
            if index == i:
                groups[name] = y
    y = model._swish(model._bn1(model._conv_head(y)))
    groups["top_activation"] = y
    logits = y.mean((2, 3)) @ kernel + bias
    return groups, logits, torch.nn.functional.cross_entropy(logits, torch.tensor(LABELS))


named = dict(model.named_parameters())
learning = [(keras_name(n), p) for n, p in named.items() if n.startswith(("_blocks.15.", "_conv_head", "_bn1"))]
learning += [("head_logits/kernel", kernel), ("head_logits/bias", bias)]
groups, logits, loss = forward()
loss.backward()
before = {name: p.detach().clone() for name, p in learning}
with torch.no_grad():
    for _, p in learning:
        m, v = 0.1 * p.grad, 0.001 * p.grad**2
        p -= RATE * np.sqrt(1 - 0.999) / (1 - 0.9) * m / (v.sqrt() + 1e-7)
    after = forward()[2]
result = {
    "efficientnet-lite0": {
        "sizePx": SIZE,
        "headScale": 1.0,
        "groups": {n: formula.summary(groups[n].detach().numpy().transpose(0, 2, 3, 1)) for n in GROUPS},
        "logits": [float(v) for v in logits.detach().reshape(-1)],
        "loss": float(loss),
        "gradients": {n: formula.summary(to_keras(n, p.grad)) for n, p in learning},
        "steps": {n: formula.summary(to_keras(n, p.detach() - before[n])) for n, p in learning},
        "lossAfter": float(after),
    }
}
one = result["efficientnet-lite0"]
print(one["logits"], one["loss"], one["lossAfter"], {k: v["norm"] for k, v in one["groups"].items()})
lines = json.dumps(result, indent=1).replace("\n    ", " ").replace("\n   }", " }")
Path(__file__).with_suffix(".json").write_text(lines + "\n")
