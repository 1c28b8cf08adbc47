"""What Keras gives for MobileNetV2, ResNet50 and VGG16 with formula weights; makes backbones-keras.json beside this file.

    pip install keras==3.15.1 tensorflow-cpu==2.21.0 && KERAS_BACKEND=tensorflow python backbones-keras.py
"""
import json
import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import keras
import numpy as np
import tensorflow as tf

import formula

LABELS = [0, 2]
RATE = 1e-4

NETWORKS = {
    "mobilenet-v2": {
        "make": keras.applications.MobileNetV2,
        "size": 64,
        "groups": ["expanded_conv_project_BN", "block_3_project_BN", "block_8_add", "block_13_project_BN", "out_relu"],
        "learn": ("block_16_", "Conv_1"),
        "feed": lambda rgb: rgb / 127.5 - 1,
        "head": 1.0,
    },
    "resnet50": {
        "make": keras.applications.ResNet50,
        "size": 64,
        "groups": ["pool1_pool", "conv2_block3_out", "conv4_block1_out", "conv5_block3_out"],
        "learn": ("conv5_block2_", "conv5_block3_"),
        "feed": keras.applications.resnet50.preprocess_input,
        "head": 3e-4,
    },
    "vgg16": {
        "make": keras.applications.VGG16,
        "size": 32,
        "groups": [f"block{i}_pool" for i in range(1, 6)],
        "learn": ("block4_", "block5_"),
        "feed": keras.applications.vgg16.preprocess_input,
        "head": 1e-2,
    },
}


def fill(model):
    for layer in model.layers:
        for variable in layer.weights:
            kind = "depthwise_kernel" if isinstance(layer, keras.layers.DepthwiseConv2D) else variable.name
            variable.assign(formula.weight(f"{layer.name}/{kind}", tuple(variable.shape)))


def learn(settings, base, features):
    """Forward, gradients and one Adam step of what learns, with averages of normalisation as they are."""
    logits = keras.layers.Dense(3, name="head_logits")(features)
    model = keras.Model(base.inputs, [base.get_layer(name).output for name in settings["groups"]] + [logits])
    fill(model)
    head = model.get_layer("head_logits").kernel
    head.assign(head * settings["head"])
    rgb = formula.pictures(2, settings["size"]).astype(np.float32)
    x = settings["feed"](rgb.copy())
    learning = [
        (f"{layer.name}/{'depthwise_kernel' if isinstance(layer, keras.layers.DepthwiseConv2D) else v.name}", v)
        for layer in model.layers
        if layer.name.startswith(settings["learn"]) or layer.name == "head_logits"
        for v in layer.trainable_weights
    ]

    def loss_of():
        *groups, out = model([x], training=False)
        return groups, out, keras.ops.mean(keras.losses.sparse_categorical_crossentropy(np.array(LABELS), out, from_logits=True))

    with tf.GradientTape() as tape:
        groups, out, loss = loss_of()
    gradients = tape.gradient(loss, [v.value for _, v in learning])
    before = [np.array(v) for _, v in learning]
    optimizer = keras.optimizers.Adam(learning_rate=RATE)
    optimizer.apply(gradients, [v for _, v in learning])
    after = float(loss_of()[2])
    return {
        "sizePx": settings["size"],
        "headScale": settings["head"],
        "groups": {name: formula.summary(value) for name, value in zip(settings["groups"], groups)},
        "logits": [float(v) for v in np.array(out).reshape(-1)],
        "loss": float(loss),
        "gradients": {name: formula.summary(g) for (name, _), g in zip(learning, gradients)},
        "steps": {name: formula.summary(np.array(v) - b) for (name, v), b in zip(learning, before)},
        "lossAfter": after,
    }


def own_head():
    """VGG16 with its own dense layers, as a kept head has them."""
    settings = {**NETWORKS["vgg16"], "groups": ["block5_pool", "fc1", "fc2"], "learn": ("fc1", "fc2"), "head": 1e-2}
    base = keras.applications.VGG16(weights=None, input_shape=(32, 32, 3), classes=3)
    return learn(settings, base, base.get_layer("fc2").output)


def network(settings):
    base = settings["make"](weights=None, include_top=False, input_shape=(settings["size"],) * 2 + (3,))
    return learn(settings, base, keras.layers.GlobalAveragePooling2D()(base.output))


result = {name: network(settings) for name, settings in NETWORKS.items()} | {"vgg16 with its own head": own_head()}
for name, one in result.items():
    print(name, one["logits"], one["loss"], one["lossAfter"], {k: v["norm"] for k, v in one["groups"].items()})
lines = json.dumps(result, indent=1).replace("\n    ", " ").replace("\n   }", " }")
Path(__file__).with_suffix(".json").write_text(lines + "\n")
