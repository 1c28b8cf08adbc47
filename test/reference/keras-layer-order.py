"""The order in which Keras keeps the layers that have weights; makes keras-layer-order.json beside this file.

    pip install keras==3.15.1 tensorflow-cpu==2.21.0 && python keras-layer-order.py
"""
import json
from pathlib import Path

import keras

result = {}
for name, make in {"resnet50": keras.applications.ResNet50, "mobilenet-v2": keras.applications.MobileNetV2}.items():
    model = make(weights=None, include_top=False, input_shape=(64, 64, 3))
    result[name] = " ".join(layer.name for layer in model.layers if layer.weights)
Path(__file__).with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
