"""The peers of `npm run bench slides`: OpenSlide 4 through its C API, and fastslide.

One JSON object a line in, one out; times in milliseconds. Every read goes into one buffer that was there before, so that
nothing of Python's is measured but the call itself, which `callMs` states (the cheapest call of the same library, as often).
"""
import ctypes
import glob
import io
import json
import os
import resource
import sys
import time


def load_openslide():
    import openslide_bin

    folder = os.path.dirname(openslide_bin.__file__)
    library = ctypes.CDLL(glob.glob(os.path.join(folder, "libopenslide*"))[0])
    pointer, number, text = ctypes.c_void_p, ctypes.c_int64, ctypes.c_char_p
    library.openslide_open.restype, library.openslide_open.argtypes = pointer, [text]
    library.openslide_close.restype, library.openslide_close.argtypes = None, [pointer]
    library.openslide_get_error.restype, library.openslide_get_error.argtypes = text, [pointer]
    library.openslide_get_level_count.restype, library.openslide_get_level_count.argtypes = ctypes.c_int32, [pointer]
    library.openslide_get_version.restype, library.openslide_get_version.argtypes = text, []
    library.openslide_read_region.restype = None
    library.openslide_read_region.argtypes = [pointer, pointer, number, number, ctypes.c_int32, number, number]
    return library


openslide = load_openslide()


def open_slide(path):
    slide = openslide.openslide_open(path.encode())
    check(slide, path)
    return slide


def check(slide, path):
    error = openslide.openslide_get_error(slide) if slide else b"not a slide"
    if error:
        raise RuntimeError(f"{path}: {error.decode()}")


def timed(task):
    def cpu():
        used = resource.getrusage(resource.RUSAGE_SELF)
        return (used.ru_utime + used.ru_stime) * 1000

    cpu_before, before = cpu(), time.perf_counter()
    task()
    return {"cpuMs": cpu() - cpu_before, "wallMs": (time.perf_counter() - before) * 1000}


def read(path, boxes, jpeg=None):
    """Boxes are [x, y, level, width, height], x and y in level-0 px; `jpeg` encodes each one at that quality."""
    slide = open_slide(path)
    buffer = ctypes.create_string_buffer(max(width * height for _, _, _, width, height in boxes) * 4)
    address = ctypes.addressof(buffer)
    call = openslide.openslide_read_region

    def plain():
        for x, y, level, width, height in boxes:
            call(slide, address, x, y, level, width, height)

    def encoded():
        from PIL import Image

        for x, y, level, width, height in boxes:
            call(slide, address, x, y, level, width, height)
            image = Image.frombuffer("RGB", (width, height), buffer, "raw", "BGRX", 0, 1)
            image.save(io.BytesIO(), "JPEG", quality=jpeg)

    def cheapest():
        for x, y, level, width, height in boxes:
            openslide.openslide_get_level_count(slide)

    try:
        result = timed(encoded if jpeg else plain)
        check(slide, path)
        result["callMs"] = timed(cheapest)["cpuMs"]
        return result
    finally:
        openslide.openslide_close(slide)


def read_fastslide(path, boxes):
    import fastslide

    slide = fastslide.FastSlide.from_file_path(path)

    def task():
        for x, y, level, width, height in boxes:
            slide.read_region((x, y), level, (width, height))

    return timed(task)


def open_only(path):
    slides = []
    result = timed(lambda: slides.append(open_slide(path)))
    openslide.openslide_close(slides[0])
    return result


def forget(path):
    """Drops the file's pages from the system's cache; needs no rights beyond reading it."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)
    return {}


def versions():
    from importlib.metadata import PackageNotFoundError, version

    try:
        fastslide = version("fastslide")
    except PackageNotFoundError:
        fastslide = None
    return {"openslide": openslide.openslide_get_version().decode(), "fastslide": fastslide}


tasks = {"read": read, "fastslide": read_fastslide, "open": open_only, "forget": forget, "versions": versions}

for line in sys.stdin:
    request = json.loads(line)
    task = tasks[request.pop("task")]
    try:
        answer = task(**request)
    except Exception as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
