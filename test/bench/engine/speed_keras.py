"""Peer of the engine bench: NETWORK BATCH -> {"imagesPerSecond": n}. Training of all layers, BatchNormalization in inference mode."""
import json, os, resource, sys, time
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras, numpy as np

network, batch = sys.argv[1], int(sys.argv[2])
build = {"mobilenet-v2": keras.applications.MobileNetV2, "resnet50": keras.applications.ResNet50}[network]
base = build(weights=None, include_top=False, input_shape=(224, 224, 3), pooling="avg")
inputs = keras.Input((224, 224, 3))
model = keras.Model(inputs, keras.layers.Dense(5, activation="softmax")(base(inputs, training=False)))
model.compile(optimizer=keras.optimizers.Adam(1e-5), loss="categorical_crossentropy")
x = np.random.rand(batch, 224, 224, 3).astype("float32")
y = np.eye(5, dtype="float32")[np.arange(batch) % 5]
for _ in range(2):
    model.train_on_batch(x, y)
best = 0.0
for _ in range(2):
    start = time.perf_counter()
    for _ in range(6):
        model.train_on_batch(x, y)
    best = max(best, 6 * batch / (time.perf_counter() - start))
print(json.dumps({"imagesPerSecond": best, "peakMb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}))
