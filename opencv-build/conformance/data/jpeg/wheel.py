"""Compares the output of `decode.cpp` for each JPEG file of a folder with that of OpenCV's Python wheel. Prints the
first differences and the number of files; fails if any file differs."""
import pathlib
import sys

import cv2
import numpy

cv2.setNumThreads(1)
QUALITY, PROGRESSIVE = cv2.IMWRITE_JPEG_QUALITY, cv2.IMWRITE_JPEG_PROGRESSIVE
OPTIMISE, RESTART = cv2.IMWRITE_JPEG_OPTIMIZE, cv2.IMWRITE_JPEG_RST_INTERVAL


def compare_pixels(path, name, image):
    """Returns the difference between the image and the pixels in the file `PATH.NAME`, or None."""
    ours = numpy.fromfile(f"{path}.{name}", numpy.uint8)
    theirs = image.reshape(-1)
    if ours.size != theirs.size:
        return f"{path.name}: {name} has {ours.size} values, and {theirs.size} with the wheel"
    deviation = numpy.abs(ours.astype(int) - theirs)
    if deviation.any():
        count = numpy.count_nonzero(deviation)
        return f"{path.name}: {name} differs in {count} of {deviation.size} values, by {deviation.max()} at most"
    return None


def compare_encoding(path, name, image, parameters):
    """Returns the difference between the encoded image and the file `PATH.NAME`, or None."""
    theirs = cv2.imencode(".jpg", image, parameters)[1].tobytes()
    if pathlib.Path(f"{path}.{name}").read_bytes() == theirs:
        return None
    return f"{path.name}: {name} differs from the wheel's file"


def compare_file(path):
    file = numpy.fromfile(path, numpy.uint8)
    colour, grey = (cv2.imdecode(file, how) for how in (cv2.IMREAD_COLOR, cv2.IMREAD_GRAYSCALE))
    if colour is None or not pathlib.Path(f"{path}.colour").exists():
        if (colour is None) != pathlib.Path(f"{path}.colour").exists():
            return []
        return [f"{path.name}: only one of the SDK and the wheel can decode it"]
    found = [compare_pixels(path, "colour", colour), compare_pixels(path, "grey", grey)]
    if any(found):
        # Different pixels give different files.
        return found
    four_channels = numpy.dstack([colour, numpy.full(colour.shape[:2], 9, numpy.uint8)])
    return found + [
        compare_encoding(path, "95", colour, [QUALITY, 95]),
        compare_encoding(path, "50", colour, [QUALITY, 50]),
        compare_encoding(path, "1", colour, [QUALITY, 1]),
        compare_encoding(path, "100", colour, [QUALITY, 100, PROGRESSIVE, 1]),
        compare_encoding(path, "80", colour, [QUALITY, 80, OPTIMISE, 1, RESTART, 2]),
        compare_encoding(path, "grey95", grey, [QUALITY, 95]),
        compare_encoding(path, "four_channels", four_channels, [QUALITY, 95]),
    ]


files = sorted(pathlib.Path(sys.argv[1]).glob("*.jpg"))
wrong = [difference for path in files for difference in compare_file(path) if difference]
print("\n".join(wrong[:20]), file=sys.stderr)
print(f"OpenCV {cv2.__version__}: {len(files)} files, {len(wrong)} differences")
sys.exit(1 if wrong or not files else 0)
