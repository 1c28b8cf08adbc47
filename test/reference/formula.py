"""The same formula weights and pictures as test/networks/formula-weights.ts: a hash of a tensor's name and an index."""
import numpy as np


def uniform(name, count):
    """`count` numbers in [-1, 1) that the name and the index decide."""
    seed = np.uint32(2166136261)
    with np.errstate(over="ignore"):
        for byte in name.encode():
            seed = np.uint32((seed ^ np.uint32(byte)) * np.uint32(16777619))
        x = np.arange(count, dtype=np.uint32) * np.uint32(2654435761) + seed
        for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
            x = (x ^ (x >> np.uint32(shift))) * np.uint32(factor)
        x = x ^ (x >> np.uint32(16))
    return x.astype(np.float64) / 2**31 - 1


def weight(name, shape):
    """Kernels keep the size of what runs through them (He 2015); averages and scales stay near those of a trained network."""
    u = uniform(name, int(np.prod(shape)))
    kind = name.split("/")[-1]
    if kind in ("kernel", "depthwise_kernel"):
        fan_in = np.prod(shape[:2]) if kind == "depthwise_kernel" else np.prod(shape[:-1])
        values = u * np.sqrt(6 / fan_in)
    elif kind == "gamma":
        values = 1 + 0.25 * u
    elif kind == "moving_variance":
        values = 1.25 + 0.5 * u
    else:
        values = 0.1 * u
    return values.astype(np.float32).reshape(shape)


def pictures(count, size):
    """uint8 `[count, size, size, rgb]`: waves and noise."""
    i = np.arange(count * size * size * 3)
    channel, x, y = i % 3, i // 3 % size, i // 3 // size
    waves = 127 + 70 * np.sin(x * 0.11 * (channel + 1)) * np.cos(y * 0.07)
    return np.floor(waves + 50 * uniform("pictures", len(i))).astype(np.uint8).reshape(count, size, size, 3)


def summary(values):
    """The Euclidean norm and four values of a tensor: enough to tell it from any other."""
    flat = np.asarray(values, np.float64).reshape(-1)
    places = [(k * 7919 + len(flat) // 3) % len(flat) for k in range(4)]
    return {"norm": float(np.linalg.norm(flat)), "values": [float(flat[p]) for p in places]}
