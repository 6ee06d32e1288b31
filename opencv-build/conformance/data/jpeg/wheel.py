"""Compares what `decode.cpp` left beside each JPEG file of a folder with what the Python wheel of OpenCV makes of the file.
Prints each difference and, last, how many files were compared; fails if one differs."""
import pathlib
import sys

import cv2
import numpy

cv2.setNumThreads(1)
QUALITY, PROGRESSIVE = cv2.IMWRITE_JPEG_QUALITY, cv2.IMWRITE_JPEG_PROGRESSIVE
OPTIMISE, RESTART = cv2.IMWRITE_JPEG_OPTIMIZE, cv2.IMWRITE_JPEG_RST_INTERVAL


def compare_pixels(path, name, image):
    """What is wrong with the pixels in the file that is named."""
    ours = numpy.fromfile(f"{path}.{name}", numpy.uint8)
    theirs = image.reshape(-1)
    if ours.size != theirs.size:
        return f"{path.name}: {name} has {ours.size} values, the wheel's {theirs.size}"
    deviation = numpy.abs(ours.astype(int) - theirs)
    if deviation.any():
        return f"{path.name}: {name} differs in {numpy.count_nonzero(deviation)} of {deviation.size} values, by {deviation.max()} at most"
    return None


def compare_encoding(path, name, image, parameters):
    """What is wrong with the file that is named, which is the image encoded again."""
    theirs = cv2.imencode(".jpg", image, parameters)[1].tobytes()
    if pathlib.Path(f"{path}.{name}").read_bytes() == theirs:
        return None
    return f"{path.name}: the wheel writes other bytes than {name}"


def compare_file(path):
    file = numpy.fromfile(path, numpy.uint8)
    colour, grey = (cv2.imdecode(file, how) for how in (cv2.IMREAD_COLOR, cv2.IMREAD_GRAYSCALE))
    if colour is None or not pathlib.Path(f"{path}.colour").exists():
        if (colour is None) != pathlib.Path(f"{path}.colour").exists():
            return []
        return [f"{path.name}: only one of the two can read it"]
    found = [compare_pixels(path, "colour", colour), compare_pixels(path, "grey", grey)]
    if any(found):
        # Of other pixels other files are written.
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
