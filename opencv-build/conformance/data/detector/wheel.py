"""What the Python wheel of OpenCV finds in photos with every Haar cascade.

    python3 wheel.py CASCADES OUT PHOTO...

OUT gets each photo's grey pixels as a PGM file, so that decoding is not what is compared, and two
files of as many lines: `requests`, each with

    CASCADE PICTURE left top width height factor neighbours least-width least-height most-width most-height levels

and `expected`, each with the number of rectangles and then x y width height and the count of each, or
where levels are asked for its level and its weight.
"""
import pathlib
import sys

import cv2

# With more, the order of the rectangles is a race.
cv2.setNumThreads(1)

# What is asked of a cascade in a whole photo: factor, neighbours, least and most size, levels. The
# first in two of three photos, because it gives all windows that pass, the others in turn.
ALL_WINDOWS = (1.1, 0, (0, 0), (0, 0), False)
ALTERNATIVES = [
    (1.1, 4, (0, 0), (0, 0), False),
    (1.05, 3, (60, 60), (0, 0), False),
    (1.3, 2, (0, 0), (120, 120), False),
    (1.2, 3, (30, 30), (30, 30), False),
    (1.15, 1, (40, 40), (0, 0), True),
]
# What is looked for in faces, and how.
FACE_CASCADES = ("eye", "lefteye_2splits", "righteye_2splits", "eye_tree_eyeglasses", "smile")
FACE_REQUEST = (1.1, 4, (0, 0), (0, 0), False)
IN_FACE_REQUEST = (1.1, 3, (0, 0), (0, 0), False)


def detect(classifier, grey, request):
    factor, neighbours, least, most, levels = request
    limits = {"scaleFactor": factor, "minNeighbors": neighbours, "minSize": least, "maxSize": most}
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
    """Each as the name of a cascade, of a picture, a region or None, and a request."""
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


def main(folder, out, photos):
    files = sorted(pathlib.Path(folder).glob("*.xml"))
    classifiers = {file.name: cv2.CascadeClassifier(str(file)) for file in files}
    images = {}
    for photo in map(pathlib.Path, photos):
        grey = cv2.cvtColor(cv2.imread(str(photo)), cv2.COLOR_BGR2GRAY)
        height, width = grey.shape
        name = f"{photo.stem}.pgm"
        (out / name).write_bytes(f"P5 {width} {height} 255\n".encode() + grey.tobytes())
        images[name] = grey
    with open(out / "requests", "w") as requests_file, open(out / "expected", "w") as expected_file:
        for name, image, region, request in requests(classifiers, images):
            grey = images[image]
            x, y, width, height = region or (0, 0, grey.shape[1], grey.shape[0])
            factor, neighbours, least, most, levels = request
            print(name, image, x, y, width, height, factor, neighbours, *least, *most, int(levels), file=requests_file)
            print(detect(classifiers[name], grey[y : y + height, x : x + width], request), file=expected_file)


if __name__ == "__main__":
    main(sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:])
