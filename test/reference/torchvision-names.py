"""Names, shapes and features of torchvision's networks with formula weights; makes torchvision-names.json beside this file.

    pip install torch==2.15.0 torchvision==0.29.2 && python torchvision-names.py
"""
import json
from pathlib import Path

import numpy as np
import torch
from torchvision.models import mobilenet_v2, resnet50, vgg16

import formula

SIZE = 64
MEAN, SCALE = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def weight(name, shape):
    """By torchvision's name, in torchvision's layout; sizes as in formula.weight."""
    u = formula.uniform(name, int(np.prod(shape)))
    if name.endswith("running_var"):
        values = 1.25 + 0.5 * u
    elif len(shape) == 1 and name.endswith("weight"):
        values = 1 + 0.25 * u
    elif len(shape) > 1:
        values = u * np.sqrt(6 / np.prod(shape[1:]))
    else:
        values = 0.1 * u
    return values.astype(np.float32).reshape(shape)


def describe(model, features):
    state = model.eval().state_dict()
    names = {}
    for name, tensor in state.items():
        names[name] = list(tensor.shape)
        if not name.endswith("num_batches_tracked"):
            tensor.copy_(torch.from_numpy(weight(name, tuple(tensor.shape))))
    rgb = formula.pictures(1, SIZE).astype(np.float64)
    x = torch.from_numpy((((rgb / 255 - MEAN) / SCALE).transpose(0, 3, 1, 2)).astype(np.float32))
    with torch.no_grad():
        mapped = features(model, x)
        pooled = mapped.mean((2, 3))
    return {"names": names, "features": formula.summary(pooled.numpy())}


def resnet(model, x):
    x = model.maxpool(model.relu(model.bn1(model.conv1(x))))
    return model.layer4(model.layer3(model.layer2(model.layer1(x))))


result = {
    "resnet50": describe(resnet50(weights=None), resnet),
    "mobilenet-v2": describe(mobilenet_v2(weights=None), lambda model, x: model.features(x)),
    "vgg16": describe(vgg16(weights=None), lambda model, x: model.features(x)),
}
for name, one in result.items():
    print(name, len(one["names"]), one["features"])
lines = json.dumps(result).replace('], "', '],\n"').replace("}, ", "},\n")
Path(__file__).with_suffix(".json").write_text(lines + "\n")
