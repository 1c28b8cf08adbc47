"""What Little CMS, called through Pillow, makes of 24 patches of two made scanners; makes icc-patches.json beside this file.

    node icc-profiles.ts FOLDER && pip install pillow==13.0.0 && python icc-patches.py FOLDER

icc-profiles.ts writes matrix.icc and table.icc.
"""
import json
import sys
from pathlib import Path

from PIL import Image, ImageCms

# The ColorChecker's patches, as numbers of a device.
PATCHES = [
    (115, 82, 68), (194, 150, 130), (98, 122, 157), (87, 108, 67), (133, 128, 177), (103, 189, 170),
    (214, 126, 44), (80, 91, 166), (193, 90, 99), (94, 60, 108), (157, 188, 64), (224, 163, 46),
    (56, 61, 150), (70, 148, 73), (175, 54, 60), (231, 199, 31), (187, 86, 149), (8, 133, 161),
    (243, 243, 242), (200, 200, 200), (160, 160, 160), (122, 122, 121), (85, 85, 85), (52, 52, 52),
]

picture = Image.new("RGB", (len(PATCHES), 1))
picture.putdata(PATCHES)
result = {"patches": PATCHES}
for kind in ["matrix", "table"]:
    seen = ImageCms.profileToProfile(
        picture, str(Path(sys.argv[1]) / f"{kind}.icc"), ImageCms.createProfile("sRGB"), ImageCms.Intent.PERCEPTUAL
    )
    result[kind] = [list(seen.getpixel((i, 0))) for i in range(len(PATCHES))]
(Path(__file__).parent / "icc-patches.json").write_text(json.dumps(result) + "\n")
