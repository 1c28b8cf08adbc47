"""Peer of the training bench: FOLDER with job.json and pictures -> a line of JSON an epoch.

Recipe `quick` as a Keras user writes it, without a cache: every epoch goes through the frozen part again. The clock starts when
the libraries are imported and the pictures are in memory. The pictures are Eosin's own augmented views, so augmentation costs
nothing here; weights, depth of the head, batch, epochs, rates, schedules and early stopping are the recipe's. What Keras has not is
left out: the head starts at random, not at the linear probe, and the groups that learn share one rate (no layer-wise decay).
XLA is off: compiling takes longer here than it saves.
"""
import json, os, sys, time
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras, numpy as np, tensorflow as tf

folder = sys.argv[1]
job = json.load(open(f"{folder}/job.json"))
size, batch, views = job["sizePx"], job["batchSize"], job["views"]
pictures = np.fromfile(f"{folder}/train.u8", "uint8").reshape(-1, size, size, 3)  # patch * views + view
held = np.fromfile(f"{folder}/validation.u8", "uint8").reshape(-1, size, size, 3)
labels, held_labels = np.array(job["labels"]), np.array(job["heldLabels"])
numbers = np.fromfile(f"{folder}/weights.f32", "float32")
keras.utils.set_random_seed(job["seed"])
random = np.random.default_rng(job["seed"])

start = time.perf_counter()


def network():
    whole = keras.applications.MobileNetV2(weights=None, include_top=False, input_shape=(size, size, 3))
    base = keras.Model(whole.input, whole.get_layer(job["output"]).output)
    for layer in base.layers:
        if not layer.weights:
            continue
        values = []
        for weight in layer.weights:
            key = f"{layer.name}/{weight.name}"
            at = job["weights"].get(key) or job["weights"][key.replace("/kernel", "/depthwise_kernel")]
            values.append(numbers[at["offset"] : at["offset"] + at["length"]].reshape(at["shape"]))
        layer.set_weights(values)
    inputs = keras.Input((size, size, 3))
    mean, scale = np.array(job["mean"], "float32"), np.array(job["scale"], "float32")
    x = keras.layers.Rescaling(1 / scale, -mean / scale)(inputs)
    features = keras.layers.GlobalAveragePooling2D()(base(x, training=False))
    outputs = keras.layers.Dense(len(job["classes"]), activation="softmax")(features)
    return base, keras.Model(inputs, features), keras.Model(inputs, outputs)


base, features, model = network()
golden = features.predict(held[:1], verbose=0)[0]
print(json.dumps({"featureDifference": float(np.abs(golden - np.array(job["golden"])).max())}), flush=True)


def epoch_draws():
    """A class as often as any other, a view at random: rows of `pictures`."""
    count = job["patchesPerEpoch"]
    by_class = [np.flatnonzero(labels == c) for c in range(len(job["classes"]))]
    patches = np.array([random.choice(by_class[i % len(by_class)]) for i in range(count)])
    random.shuffle(patches)
    return patches * views + random.integers(0, views, count)


def batches():
    while True:
        rows = epoch_draws()
        for at in range(0, len(rows), batch):
            part = rows[at : at + batch]
            yield pictures[part], labels[part // views]


steps = -(-job["patchesPerEpoch"] // batch)
signature = (tf.TensorSpec((None, size, size, 3), tf.uint8), tf.TensorSpec((None,), tf.int64))
validation = tf.data.Dataset.from_tensor_slices((held, held_labels)).batch(batch)


class Tell(keras.callbacks.Callback):
    def __init__(self, phase):
        super().__init__()
        self.phase = phase

    def on_epoch_end(self, epoch, logs):
        told = {"phase": self.phase, "epoch": epoch + 1, "seconds": time.perf_counter() - start}
        print(json.dumps({**told, "valLoss": logs["val_loss"], "valAccuracy": logs["val_accuracy"]}), flush=True)


for phase in job["phases"]:
    learning = set(phase["layers"])
    base.trainable = True
    for layer in base.layers:
        layer.trainable = layer.name in learning
    warm_up, total = phase["warmUpSteps"], phase["epochs"] * steps
    rate = keras.optimizers.schedules.CosineDecay(
        0.0 if warm_up else phase["learningRate"],
        max(1, total - warm_up),
        warmup_target=phase["learningRate"] if warm_up else None,
        warmup_steps=warm_up,
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=job["weightDecay"], global_clipnorm=job["clipNorm"])
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    patience = phase["patience"] or phase["epochs"]
    stop = keras.callbacks.EarlyStopping("val_loss", patience=patience, restore_best_weights=True)
    data = tf.data.Dataset.from_generator(batches, output_signature=signature).prefetch(2)
    model.fit(
        data,
        steps_per_epoch=steps,
        epochs=phase["epochs"],
        validation_data=validation,
        callbacks=[stop, Tell(phase["name"])],
        verbose=0,
    )
