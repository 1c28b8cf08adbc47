"""The presets as a Keras user writes them, at small size with formula weights; makes presets-keras.json beside this file.

    pip install keras==3.15.1 tensorflow-cpu==2.21.0 scipy==1.17.1 && KERAS_BACKEND=tensorflow python presets-keras.py

Batches and augmentation come from presets-draws.json, so that both sides see the same pictures. Training and validation loss
of five epochs of one batch each.
"""
import json
import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import keras
import numpy as np
import tensorflow as tf
from keras.src.legacy.preprocessing.image import ImageDataGenerator

import formula

DRAWS = json.loads(Path(__file__).with_name("presets-draws.json").read_text())
COUNT, CLASSES, EPOCHS = 12, 3, 5
LABELS = keras.utils.to_categorical([i % CLASSES for i in range(COUNT)], CLASSES)


GENERATOR = ImageDataGenerator(fill_mode="nearest")


def augmented(rgb, view):
    """One picture as ImageDataGenerator makes it from drawn numbers."""
    side = rgb.shape[0]
    parameters = {
        "theta": view["rotation"],
        "tx": view["heightShift"] * side,
        "ty": view["widthShift"] * side,
        "shear": view["shear"],
        "zx": view["zoom"][0],
        "zy": view["zoom"][1],
        "flip_horizontal": view["flipHorizontal"],
        "flip_vertical": view["flipVertical"],
    }
    # Eosin's pictures are of 8 bits; that they are Keras' to half a grey value is tested by itself.
    return np.floor(GENERATOR.apply_transform(rgb, parameters) + 0.5)


class Inference(keras.layers.Layer):
    """Normalisation keeps its averages. model(x, training=False) inside a functional model is not enough: fit overrules it."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def call(self, x):
        return self.model(x, training=False)


def fill(model, shrink):
    """Formula weights, some of them made small, so that formula features give ordinary logits."""
    for layer in model.layers:
        for variable in layer.weights:
            kind = "depthwise_kernel" if isinstance(layer, keras.layers.DepthwiseConv2D) else variable.name
            name = f"{layer.name}/{kind}"
            factor = next((f for ending, f in shrink.items() if name.endswith(ending)), 1)
            variable.assign(formula.weight(name, tuple(variable.shape)) * factor)


def caffe(rgb):
    return keras.applications.imagenet_utils.preprocess_input(rgb, mode="caffe")


def minus_one_to_one(rgb):
    return keras.applications.imagenet_utils.preprocess_input(rgb, mode="tf")


def classic(base, output, learns, feed, shrink, rate, callbacks=(), views=None, keep_averages=True):
    for layer in base.layers:
        layer.trainable = learns(layer.name)
    features = keras.Model(base.input, base.get_layer(output).output)
    inputs = keras.Input(base.input_shape[1:])
    x = Inference(features)(inputs) if keep_averages else features(inputs)
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dense(1024, activation="relu", name="head_dense_1")(x)
    model = keras.Model(inputs, keras.layers.Dense(CLASSES, activation="softmax", name="head_logits")(x))
    fill(features, shrink)
    fill(keras.Sequential(model.layers[-2:]), shrink)
    rgb = formula.pictures(COUNT, base.input_shape[1]).astype("float32")
    model.compile(keras.optimizers.Adam(rate), "categorical_crossentropy")
    for callback in callbacks:
        callback.set_model(model)
        callback.on_train_begin()
    out = {"sizePx": base.input_shape[1], "shrink": shrink, "loss": [], "valLoss": []}
    out["learning"] = sum(int(np.prod(v.shape)) for v in model.trainable_weights)
    for epoch, order in enumerate(DRAWS["order"]):
        batch = [augmented(rgb[i], views[epoch][i]) if views else rgb[i].copy() for i in order]
        out["loss"].append(float(model.train_on_batch(feed(np.stack(batch)), LABELS[order])))
        out["valLoss"].append(float(model.test_on_batch(feed(rgb.copy()), LABELS)))
        for callback in callbacks:
            callback.on_epoch_end(epoch, {"val_loss": out["valLoss"][-1]})
    return out


def full():
    """Layer-wise decay, which Keras has no setting for: one AdamW a layer group, gradients clipped together."""
    base = keras.applications.MobileNetV2(weights=None, include_top=False, input_shape=(64, 64, 3))
    x = keras.layers.GlobalAveragePooling2D()(base.output)
    model = keras.Model(base.input, keras.layers.Dense(CLASSES, activation="softmax", name="head_logits")(x))
    fill(model, {})
    groups = ["stem"] + [f"block_{i}" for i in range(1, 17)] + ["top"]

    def depth(layer):
        if layer == "head_logits":
            return 0
        if layer.startswith("block_"):
            group = "_".join(layer.split("_")[:2])
        else:
            group = "top" if layer.startswith(("Conv_1", "out_relu")) else "stem"
        return len(groups) - groups.index(group)

    rate = keras.optimizers.schedules.CosineDecay(0.0, EPOCHS - 2, warmup_target=1e-4, warmup_steps=2)
    optimizers, learning = {}, []
    for layer in model.layers:
        for v in layer.trainable_weights:
            learning.append((depth(layer.name), v))
    for d in {d for d, _ in learning}:
        optimizers[d] = keras.optimizers.AdamW(0.0, weight_decay=1e-4)
        optimizers[d].exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        optimizers[d].build([v for dd, v in learning if dd == d])
    rgb = formula.pictures(COUNT, 64).astype("float32")
    x = minus_one_to_one(rgb.copy())
    entropy = keras.losses.CategoricalCrossentropy()
    out = {"sizePx": 64, "shrink": {}, "loss": [], "valLoss": []}
    out["learning"] = sum(int(np.prod(v.shape)) for _, v in learning)
    for epoch in range(EPOCHS):
        order = DRAWS["order"][epoch]
        with tf.GradientTape() as tape:
            loss = entropy(LABELS[order], model(x[order], training=False))
        gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, [v.value for _, v in learning]), 1.0)
        for d, optimizer in optimizers.items():
            optimizer.learning_rate = float(rate(epoch)) * 0.8**d
            optimizer.apply([g for g, (dd, _) in zip(gradients, learning) if dd == d])
        out["loss"].append(float(loss))
        out["valLoss"].append(float(entropy(LABELS, model(x, training=False))))
    return out


def resnet50():
    return keras.applications.ResNet50(weights=None, include_top=False, input_shape=(64, 64, 3))


def vgg16():
    return keras.applications.VGG16(weights=None, include_top=False, input_shape=(32, 32, 3))


def mobilenet():
    return keras.applications.MobileNetV2(weights=None, include_top=False, input_shape=(64, 64, 3))


def plateau():
    return keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.1, patience=3)


last_five = {layer.name for layer in vgg16().layers[-5:]}
none = lambda name: False
head_scale = {"head_dense_1/kernel": 1e-2}
resnet_scale = {"_3_bn/gamma": 0.2, "_0_bn/gamma": 0.2, "head_dense_1/kernel": 0.1}
top_block = lambda name: name.startswith("block_10_")
result = {
    "frozen-resnet50": classic(resnet50(), "conv5_block3_out", none, caffe, resnet_scale, 1e-3),
    "frozen-resnet50-light": classic(mobilenet(), "block_10_project_BN", none, minus_one_to_one, {}, 1e-3),
    "vgg16-top": classic(vgg16(), "block5_pool", lambda name: name in last_five, caffe, head_scale, 1e-4),
    "vgg16-top-light": classic(mobilenet(), "block_10_project_BN", top_block, minus_one_to_one, {}, 1e-4),
    "augmented": classic(vgg16(), "block5_pool", lambda name: name in last_five, caffe, head_scale, 1e-5, [plateau()], DRAWS["views"]),
    "augmented-light": classic(mobilenet(), "block_10_project_BN", top_block, minus_one_to_one, {}, 1e-5, [plateau()], DRAWS["views"]),
    "full": full(),
    "vgg16-top-light batchNorm=training": classic(
        mobilenet(), "block_10_project_BN", top_block, minus_one_to_one, {}, 1e-4, keep_averages=False
    ),
}
lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(one)}" for name, one in result.items())
print(lines)
Path(__file__).with_suffix(".json").write_text("{\n" + lines + "\n}\n")
