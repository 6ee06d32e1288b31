"""Detects faces by OpenCV's Python wheel 4.14.

    python3 wheel.py OUT photos MODEL PHOTO...
    python3 wheel.py OUT random FIRST COUNT MODEL PHOTO...

`photos` uses each photo as it is and scaled to 320 pixels, and scaled to odd sizes. `random` generates pictures; each
depends only on its number. Writes each picture's bytes, blue, green and red, to OUT, so that decoders are not compared,
and two files with the same number of lines. A line of `requests` is

    PICTURE width height score-threshold nms-threshold top-k

and a line of `expected` is the number of faces, followed for each by 15 numbers: left, top, width and height of the
box, x and y of five landmarks, and the score. It is `unreliable` where the wheel is no reference.
"""
import pathlib
import sys

import cv2
import numpy as np

from pictures import random_picture

cv2.setNumThreads(1)

# Score threshold, threshold of non-maximum suppression, and the number of candidates before it. Scores of at least 0.5
# are compared. With the second, all candidates remain.
USUAL = (0.45, 0.3, 5000)
ALL_CANDIDATES = (0.45, 1.0, 5000)
OTHERS = [(0.6, 0.3, 5000), (0.9, 0.3, 5000), (0.45, 0.1, 5000), (0.45, 0.6, 5000), (0.45, 0.3, 7), (0.45, 0.5, 1)]

# Around multiples of 32, to which images are padded, and of vector lengths; very narrow ones.
SIZES = [(33, 33), (33, 500), (500, 33), (64, 64), (65, 63), (97, 129), (127, 95), (161, 160), (319, 321), (640, 34)]
SIZES += [(34, 640), (1, 1), (1, 500), (500, 1), (2, 2), (31, 33), (33, 31), (32, 32), (640, 1), (32, 256), (700, 9)]

# If a side of the padded image is 32, the coarsest level has a single row or column. OpenCV 4.14's network library then
# reads outside of its buffers: the results differ from those of ONNX's own evaluator and from run to run.
SMALLEST_RELIABLE_SIDE = 33


def detect(detector, picture, request):
    height, width = picture.shape[:2]
    if min(width, height) < SMALLEST_RELIABLE_SIDE:
        return "unreliable"
    score, nms, top_k = request
    detector.setInputSize((width, height))
    detector.setScoreThreshold(score)
    detector.setNMSThreshold(nms)
    detector.setTopK(top_k)
    faces = detector.detect(picture)[1]
    faces = np.empty((0, 15)) if faces is None else faces
    return " ".join([str(len(faces))] + [f"{value:.9g}" for value in faces.ravel()])


def scaled_to(picture, longest):
    scale = longest / max(picture.shape[:2])
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else picture


def photo_requests(photos):
    """Yields the name of a picture, the picture, and a request."""
    for number, (name, photo) in enumerate(photos.items()):
        other = OTHERS[number % len(OTHERS)]
        for request in (USUAL, ALL_CANDIDATES, other):
            yield name, photo, request
            yield f"{name}-320", scaled_to(photo, 320), request
    every = list(photos.values())
    for number, size in enumerate(SIZES):
        picture = cv2.resize(every[number % len(every)], size, interpolation=cv2.INTER_AREA)
        yield f"size-{size[0]}x{size[1]}", picture, USUAL


def random_requests(photos, faces, first, count):
    for number in range(first, first + count):
        random = np.random.default_rng([1, number])
        picture = random_picture(random, photos, faces)
        request = OTHERS[number // 3 % len(OTHERS)] if number % 3 == 0 else USUAL
        yield f"random-{number}", picture, request


def find_faces(detector, photos):
    """The faces in the photos, with a margin, to be pasted into random pictures."""
    found = []
    for photo in photos:
        detector.setInputSize(photo.shape[1::-1])
        faces = detector.detect(photo)[1]
        for left, top, width, height in [] if faces is None else faces[:, :4].astype(int):
            margin = width // 3
            rows = slice(max(0, top - margin), top + height + margin)
            found.append(photo[rows, max(0, left - margin) : left + width + margin])
    return found


def main(out, mode, arguments):
    numbers = [int(arguments.pop(0)) for _ in range(2 if mode == "random" else 0)]
    model, *files = arguments
    detector = cv2.FaceDetectorYN.create(model, "", (320, 320), 0.8)
    photos = {pathlib.Path(file).stem: cv2.imread(file) for file in files}
    if mode == "photos":
        requests = photo_requests(photos)
    else:
        every = list(photos.values())
        requests = random_requests(every, find_faces(detector, every), *numbers)
    with open(out / "requests", "w") as requests_file, open(out / "expected", "w") as expected_file:
        for name, picture, request in requests:
            height, width = picture.shape[:2]
            (out / f"{name}.bgr").write_bytes(picture.tobytes())
            print(f"{name}.bgr", width, height, *request, file=requests_file)
            print(detect(detector, picture, request), file=expected_file)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
