"""Writes focus-reference.json: 1 - scikit-image's blur_effect of drawn patches (pip install scikit-image).

The patches are drawn by the same integer formula in focus.test.ts, so that no picture has to be stored.
"""
import json
import pathlib

import numpy as np
from skimage.measure import blur_effect

SIDE = 48


def patch(kind: int) -> np.ndarray:
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    noise = (x * 7919 + y * 104729 + x * y * 31) % 97
    disc = ((x - 20) ** 2 + (y - 26) ** 2 < 120).astype(int) * 90
    waves = ((x * (kind + 1)) // 5 % 2) * 40 + ((y * (kind + 2)) // 7 % 2) * 25
    shade = (x + 2 * y) * kind
    red = 60 + (noise * (kind % 2) + disc + waves) % 190
    green = 40 + (disc + waves * 2 + shade) % 200
    blue = 80 + (noise // 2 + shade) % 170
    return np.stack([red, green, blue], axis=-1).astype(np.uint8)


scores = [round(float(1 - blur_effect(patch(kind).astype(float), channel_axis=-1)), 9) for kind in range(6)]
path = pathlib.Path(__file__).with_name("focus-reference.json")
path.write_text(json.dumps({"side": SIDE, "focus": scores}, indent=2) + "\n")
print(scores)
