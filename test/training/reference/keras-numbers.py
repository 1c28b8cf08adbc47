"""Numbers that Keras gives for the same settings; makes keras-numbers.json beside this file.

    pip install keras==3.15.1 && KERAS_BACKEND=numpy python keras-numbers.py
"""
import json
import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "numpy")
import keras
import numpy as np

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
    {"patience": 2, "min_delta": 0, "start_from_epoch": 0},
    {"patience": 0, "min_delta": 0, "start_from_epoch": 0},
    {"patience": 3, "min_delta": 0.1, "start_from_epoch": 0},
    {"patience": 2, "min_delta": 0, "start_from_epoch": 2},
]


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
    callback = keras.callbacks.EarlyStopping(monitor="val_loss", mode="min", restore_best_weights=True, **settings)
    callback.set_model(model)
    callback.on_train_begin()
    ran = 0
    for epoch, value in enumerate(curve):
        callback.on_epoch_end(epoch, {"val_loss": value})
        ran += 1
        if model.stop_training:
            break
    judged = ran > settings["start_from_epoch"]
    return {"ran": ran, "best": int(callback.best_epoch) if judged else None}


def plateau(curve):
    model = FakeModel()
    callback = keras.callbacks.ReduceLROnPlateau(monitor="val_loss", mode="min", factor=0.1, patience=2, min_delta=0.01, min_lr=0.005)
    callback.set_model(model)
    callback.on_train_begin()
    rates = []
    for epoch, value in enumerate(curve):
        callback.on_epoch_end(epoch, {"val_loss": value})
        rates.append(float(keras.ops.convert_to_numpy(model.optimizer.learning_rate.value)))
    return rates


def cross_entropy():
    logits = np.array([[2.0, -1.0, 0.5], [0.1, 0.2, 0.3]], "float32")
    target = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], "float32")
    out = {}
    for smoothing in (0.0, 0.1):
        loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing, reduction=None)
        out[str(smoothing)] = [float(x) for x in loss(target, logits)]
    return out


numbers = {
    "keras": keras.__version__,
    "steps": STEPS,
    "adam": optimizer_path("adam"),
    "adamw": optimizer_path("adamw", weight_decay=0.1),
    "adamClipped": optimizer_path("adam", global_clipnorm=1.0),
    "stopping": [
        {"curve": [None if value != value else value for value in curve], **settings, **stopping(curve, settings)} for curve in CURVES for settings in STOPS
    ],
    "plateau": [{"curve": curve, "rates": plateau(curve)} for curve in CURVES if all(value == value for value in curve)],
    "crossEntropy": cross_entropy(),
}
Path(__file__).with_suffix(".json").write_text(json.dumps(numbers, indent=1))
