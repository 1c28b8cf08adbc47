"""What Keras gives for the same settings of training; makes training-keras.json beside this file.

    pip install keras==3.15.1 tensorflow-cpu==2.21.0 scipy==1.17.1 && KERAS_BACKEND=tensorflow python training-keras.py
"""
import json
import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import keras
import numpy as np
from keras.src.legacy.preprocessing.image import ImageDataGenerator, apply_affine_transform

import formula

STEPS = [[0.5, -2.0], [0.1, 0.3], [-1.0, 0.0], [3.0, 4.0]]
CURVES = [
    [5, 4, 3, 2, 1],
    [1, 2, 3, 4],
    [1, 1, 1, 1],
    [1, 0.95, 0.9, 0.85, 0.7, 0.69, 0.68],
    [1, 0.95, 0.85, 0.8, 0.8, 0.8],
    [3, 4, 2, 4, 1, 4, 4, 4, 0.5],
    [0, 9, 5, 6, 7, 8],
    [2, float("nan"), float("nan"), 1, 3, 3, 3],
    [0.3, 0.2, 0.25, 0.2, 0.1999, 0.19, 0.3, 0.3],
    [9, 8, 7, 7, 7, 7, 7, 7],
    [1, 2, 1, 2, 0.9999, 2, 2],
    [4],
]
STOPS = [
    {"patience": 2, "min_delta": 0, "start_from_epoch": 0, "mode": "min"},
    {"patience": 0, "min_delta": 0, "start_from_epoch": 0, "mode": "min"},
    {"patience": 3, "min_delta": 0.1, "start_from_epoch": 0, "mode": "min"},
    {"patience": 2, "min_delta": 0, "start_from_epoch": 2, "mode": "min"},
    {"patience": 2, "min_delta": 0.01, "start_from_epoch": 0, "mode": "max"},
]
PLATEAUS = [
    {"factor": 0.1, "patience": 2, "min_delta": 0.01, "cooldown": 0, "min_lr": 0.005, "mode": "min"},
    {"factor": 0.5, "patience": 1, "min_delta": 0.0001, "cooldown": 2, "min_lr": 0, "mode": "min"},
    {"factor": 0.5, "patience": 0, "min_delta": 0, "cooldown": 1, "min_lr": 0.1, "mode": "max"},
]
STEPS_PER_EPOCH, EPOCHS = 7, 6
TOTAL = STEPS_PER_EPOCH * EPOCHS


def optimizer_path(kind, **settings):
    """Weights after each step from (1, -1)."""
    optimizer = {"adam": keras.optimizers.Adam, "adamw": keras.optimizers.AdamW}[kind](learning_rate=0.01, epsilon=1e-7, **settings)
    weights = keras.Variable(np.array([1.0, -1.0], "float32"))
    optimizer.build([weights])
    path = []
    for step in STEPS:
        optimizer.apply([np.array(step, "float32")], [weights])
        path.append([float(x) for x in keras.ops.convert_to_numpy(weights.value)])
    return path


class FakeModel:
    """What the callbacks ask of a model."""

    def __init__(self):
        self.stop_training = False
        self.optimizer = keras.optimizers.SGD(learning_rate=1.0)

    def get_weights(self):
        return []

    def set_weights(self, weights):
        pass


def stopping(curve, settings):
    model = FakeModel()
    callback = keras.callbacks.EarlyStopping(monitor="value", restore_best_weights=True, **settings)
    callback.set_model(model)
    callback.on_train_begin()
    ran = 0
    for epoch, value in enumerate(curve):
        callback.on_epoch_end(epoch, {"value": value})
        ran += 1
        if model.stop_training:
            break
    judged = ran > settings["start_from_epoch"]
    return {"ran": ran, "best": int(callback.best_epoch) if judged else None}


def plateau(curve, settings):
    model = FakeModel()
    callback = keras.callbacks.ReduceLROnPlateau(monitor="value", **settings)
    callback.set_model(model)
    callback.on_train_begin()
    rates = []
    for epoch, value in enumerate(curve):
        callback.on_epoch_end(epoch, {"value": value})
        rates.append(float(keras.ops.convert_to_numpy(model.optimizer.learning_rate.value)))
    return rates


def schedules():
    """The rate of every step of six epochs of seven steps, beside the settings of a recipe that should give it."""
    kinds = keras.optimizers.schedules
    pairs = [
        ({"kind": "step", "factor": 0.5, "everyEpochs": 2}, kinds.ExponentialDecay(0.01, 2 * STEPS_PER_EPOCH, 0.5, staircase=True)),
        ({"kind": "exponential", "factor": 0.9, "everyEpochs": 1}, kinds.ExponentialDecay(0.01, STEPS_PER_EPOCH, 0.9)),
        ({"kind": "cosine", "floor": 0.1}, kinds.CosineDecay(0.01, TOTAL, alpha=0.1)),
        ({"kind": "cosine", "floor": 0.05, "warmUpSteps": 10}, kinds.CosineDecay(0.0, TOTAL - 10, alpha=0.05, warmup_target=0.01, warmup_steps=10)),
        (
            {"kind": "cosine", "floor": 0.1, "restarts": {"firstEpochs": 1, "lengthFactor": 2, "rateFactor": 0.8}},
            kinds.CosineDecayRestarts(0.01, STEPS_PER_EPOCH, t_mul=2.0, m_mul=0.8, alpha=0.1),
        ),
        (
            {"kind": "cosine", "restarts": {"firstEpochs": 2, "lengthFactor": 1, "rateFactor": 0.5}},
            kinds.CosineDecayRestarts(0.01, 2 * STEPS_PER_EPOCH, t_mul=1.0, m_mul=0.5),
        ),
    ]
    return [{"schedule": settings, "rates": [float(schedule(step)) for step in range(TOTAL)]} for settings, schedule in pairs]


def cross_entropy():
    logits = np.array([[2.0, -1.0, 0.5], [0.1, 0.2, 0.3]], "float32")
    target = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], "float32")
    out = {}
    for smoothing in (0.0, 0.1):
        loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing, reduction=None)
        out[str(smoothing)] = [float(x) for x in loss(target, logits)]
    return out


def network(optimizer, smoothing=0.0, class_weight=None, l2=0.0):
    """The loss of each of five steps of model.train_on_batch on a network of two dense layers, and its weights afterwards."""
    penalty = keras.regularizers.L2(l2) if l2 else None
    inputs = keras.Input((6,))
    hidden = keras.layers.Dense(5, activation="relu", kernel_regularizer=penalty, name="hidden")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax", kernel_regularizer=penalty, name="out")(hidden))
    for layer in model.layers[1:]:
        for variable in layer.weights:
            variable.assign(formula.weight(f"{layer.name}/{variable.name}", tuple(variable.shape)))
    if optimizer.weight_decay:
        optimizer.exclude_from_weight_decay(var_names=["bias"])
    model.compile(optimizer, keras.losses.CategoricalCrossentropy(label_smoothing=smoothing))
    x = formula.uniform("inputs", 8 * 6).reshape(8, 6).astype("float32")
    y = keras.utils.to_categorical([0, 1, 2, 0, 0, 1, 0, 0], 3)
    losses = [float(model.train_on_batch(x, y, class_weight=class_weight)) for _ in range(5)]
    weights = {f"{layer.name}/{v.name}": [float(a) for a in np.array(v).reshape(-1)] for layer in model.layers[1:] for v in layer.weights}
    return {"losses": losses, "weights": weights}


def networks():
    kinds = keras.optimizers
    balanced = {0: 8 / 15, 1: 8 / 6, 2: 8 / 3}
    return {
        "adam": network(kinds.Adam(0.01)),
        "adamw": network(kinds.AdamW(0.01, weight_decay=0.1)),
        "sgd": network(kinds.SGD(0.1)),
        "momentum": network(kinds.SGD(0.1, momentum=0.9)),
        "nesterov": network(kinds.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.05, global_clipnorm=0.3)),
        "smoothed": network(kinds.Adam(0.01), smoothing=0.1),
        "weighted": network(kinds.Adam(0.01), smoothing=0.1, class_weight=balanced),
        "penalised": network(kinds.Adam(0.01), l2=0.01),
    }


AFFINE = [
    {"theta": 20, "tx": 0, "ty": 0, "shear": 0, "zx": 1, "zy": 1},
    {"theta": 0, "tx": 3.2, "ty": 0, "shear": 0, "zx": 1, "zy": 1},
    {"theta": 0, "tx": 0, "ty": -2.5, "shear": 0, "zx": 1, "zy": 1},
    {"theta": 0, "tx": 0, "ty": 0, "shear": 25, "zx": 1, "zy": 1},
    {"theta": 0, "tx": 0, "ty": 0, "shear": 0, "zx": 0.8, "zy": 1.2},
    {"theta": -17.3, "tx": 1.7, "ty": -2.9, "shear": 12, "zx": 1.15, "zy": 0.83},
    {"theta": 11, "tx": -3, "ty": 2.2, "shear": -0.2, "zx": 0.9, "zy": 1.1, "flip_horizontal": True},
    {"theta": -5, "tx": 2, "ty": 2, "shear": 4, "zx": 1.05, "zy": 0.95, "flip_horizontal": True, "flip_vertical": True},
]
AFFINE_SIZE = 16


def affine():
    """One picture under stored parameters, through ImageDataGenerator.apply_transform."""
    picture = formula.pictures(1, AFFINE_SIZE)[0].astype("float32")
    generator = ImageDataGenerator(fill_mode="nearest")
    out = []
    for parameters in AFFINE:
        given = {key: value for key, value in parameters.items()}
        pixels = generator.apply_transform(picture, given)
        straight = {key: value for key, value in parameters.items() if not key.startswith("flip")}
        assert len(parameters) > 6 or np.array_equal(pixels, apply_affine_transform(picture, row_axis=0, col_axis=1, channel_axis=2, **straight))
        out.append({**parameters, "pixels": [round(float(v), 1) for v in pixels.reshape(-1)]})
    return out


def draws():
    """Mean and standard deviation of what the classic settings draw, over 20,000 pictures."""
    np.random.seed(1)
    generator = ImageDataGenerator(rotation_range=20, width_shift_range=0.2, height_shift_range=0.2, shear_range=0.2, zoom_range=0.2, horizontal_flip=True)
    drawn = [generator.get_random_transform((100, 100, 3)) for _ in range(20000)]
    keys = ["theta", "tx", "ty", "shear", "zx", "zy", "flip_horizontal"]
    return {key: {"mean": float(np.mean([d[key] for d in drawn])), "deviation": float(np.std([d[key] for d in drawn]))} for key in keys}


numbers = {
    "keras": keras.__version__,
    "steps": STEPS,
    "adam": optimizer_path("adam"),
    "adamw": optimizer_path("adamw", weight_decay=0.1),
    "adamClipped": optimizer_path("adam", global_clipnorm=1.0),
    "stopping": [
        {"curve": [None if value != value else value for value in curve], **settings, **stopping(curve, settings)} for curve in CURVES for settings in STOPS
    ],
    "plateau": [
        {"curve": [None if value != value else value for value in curve], **settings, "rates": plateau(curve, settings)}
        for curve in CURVES
        for settings in PLATEAUS
    ],
    "stepsPerEpoch": STEPS_PER_EPOCH,
    "epochs": EPOCHS,
    "schedules": schedules(),
    "crossEntropy": cross_entropy(),
    "networks": networks(),
    "affineSizePx": AFFINE_SIZE,
    "affine": affine(),
    "draws": draws(),
}


def text(value, depth=0):
    """JSON with one line for each entry of the first two levels."""
    if depth < 2 and isinstance(value, (dict, list)) and value and not all(isinstance(v, (int, float)) for v in value):
        pad = " " * (depth + 1)
        items = value.items() if isinstance(value, dict) else enumerate(value)
        lines = [pad + (json.dumps(k) + ": " if isinstance(value, dict) else "") + text(v, depth + 1) for k, v in items]
        ends = "{}" if isinstance(value, dict) else "[]"
        return ends[0] + "\n" + ",\n".join(lines) + "\n" + " " * depth + ends[1]
    return json.dumps(value)


Path(__file__).with_suffix(".json").write_text(text(numbers) + "\n")
