"""Detects in photos with every Haar cascade, by OpenCV's Python wheel.

    python3 wheel.py OUT FILE...

The files are Haar cascades (.xml) and photos. Writes to OUT each photo's grey pixels as a PGM file, so that decoders
are not compared, and two files with the same number of lines. A line of `requests` is

    CASCADE IMAGE left top width height factor neighbours min-width min-height max-width max-height levels

and a line of `expected` is the number of rectangles, followed for each by x y width height and its count, or by its
level and weight if levels are requested.
"""
import pathlib
import sys

import cv2

# With more threads, the order of the rectangles is nondeterministic.
cv2.setNumThreads(1)

# Requests for whole photos: factor, neighbours, minimum and maximum size, levels. Two of three photos use the first,
# because it returns all windows that pass; the others take turns.
ALL_WINDOWS = (1.1, 0, (0, 0), (0, 0), False)
ALTERNATIVES = [
    (1.1, 4, (0, 0), (0, 0), False),
    (1.05, 3, (60, 60), (0, 0), False),
    (1.3, 2, (0, 0), (120, 120), False),
    (1.2, 3, (30, 30), (30, 30), False),
    (1.15, 1, (40, 40), (0, 0), True),
]
# Cascades that are run within detected faces, and the requests for both steps.
FACE_CASCADES = ("eye", "lefteye_2splits", "righteye_2splits", "eye_tree_eyeglasses", "smile")
FACE_REQUEST = (1.1, 4, (0, 0), (0, 0), False)
IN_FACE_REQUEST = (1.1, 3, (0, 0), (0, 0), False)


def detect(classifier, grey, request):
    factor, neighbours, min_size, max_size, levels = request
    limits = {"scaleFactor": factor, "minNeighbors": neighbours, "minSize": min_size, "maxSize": max_size}
    if levels:
        rectangles, numbers, weights = classifier.detectMultiScale3(grey, outputRejectLevels=True, **limits)
    else:
        rectangles, numbers = classifier.detectMultiScale2(grey, **limits)
        weights = None
    words = [str(len(rectangles))]
    for i, rectangle in enumerate(rectangles):
        words += [str(int(value)) for value in rectangle]
        words.append(str(int(numbers[i])))
        if weights is not None:
            words.append(f"{float(weights[i]):.17g}")
    return " ".join(words)


def requests(classifiers, images):
    """Yields the name of a cascade, the name of an image, a region or None, and a request."""
    for turn, name in enumerate(classifiers):
        for number, image in enumerate(images):
            if (turn + number) % 3 > 0:
                yield name, image, None, ALL_WINDOWS
            else:
                yield name, image, None, ALTERNATIVES[(turn + number) // 3 % len(ALTERNATIVES)]
    faces = classifiers["haarcascade_frontalface_default.xml"]
    for image, grey in images.items():
        for face in faces.detectMultiScale(grey, *FACE_REQUEST[:2]):
            for short in FACE_CASCADES:
                yield f"haarcascade_{short}.xml", image, [int(value) for value in face], IN_FACE_REQUEST


def main(out, files):
    cascades = [file for file in files if file.suffix == ".xml"]
    classifiers = {file.name: cv2.CascadeClassifier(str(file)) for file in cascades}
    images = {}
    for photo in (file for file in files if file.suffix != ".xml"):
        grey = cv2.cvtColor(cv2.imread(str(photo)), cv2.COLOR_BGR2GRAY)
        height, width = grey.shape
        name = f"{photo.stem}.pgm"
        (out / name).write_bytes(f"P5 {width} {height} 255\n".encode() + grey.tobytes())
        images[name] = grey
    with open(out / "requests", "w") as requests_file, open(out / "expected", "w") as expected_file:
        for name, image, region, request in requests(classifiers, images):
            grey = images[image]
            x, y, width, height = region or (0, 0, grey.shape[1], grey.shape[0])
            factor, neighbours, min_size, max_size, levels = request
            fields = name, image, x, y, width, height, factor, neighbours, *min_size, *max_size, int(levels)
            print(*fields, file=requests_file)
            print(detect(classifiers[name], grey[y : y + height, x : x + width], request), file=expected_file)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), [pathlib.Path(name) for name in sys.argv[2:]])
