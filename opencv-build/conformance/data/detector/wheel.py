"""What the Python wheel of OpenCV finds in photos with every Haar cascade.

    python3 wheel.py CASCADES OUT PHOTO...

OUT gets each photo's grey pixels as a PGM file, so that decoding is not what is compared, and two
files of as many lines: `questions`, each with

    CASCADE PICTURE left top width height factor neighbours least-width least-height most-width most-height levels

and `answers`, each with the number of rectangles and then x y width height and the count of each, or
where levels are asked for its level and its weight.
"""
import pathlib
import sys

import cv2

# With more, the order of the rectangles is a race.
cv2.setNumThreads(1)

# What is asked of a cascade in a whole photo: factor, neighbours, least and most size, levels. The
# first in two of three photos, because it gives all windows that pass, the others in turn.
OFTEN = (1.1, 0, (0, 0), (0, 0), False)
IN_TURN = [
    (1.1, 4, (0, 0), (0, 0), False),
    (1.05, 3, (60, 60), (0, 0), False),
    (1.3, 2, (0, 0), (120, 120), False),
    (1.2, 3, (30, 30), (30, 30), False),
    (1.15, 1, (40, 40), (0, 0), True),
]
# What is looked for in faces, and how.
IN_FACES = ("eye", "lefteye_2splits", "righteye_2splits", "eye_tree_eyeglasses", "smile")
FACES = (1.1, 4, (0, 0), (0, 0), False)
IN_FACE = (1.1, 3, (0, 0), (0, 0), False)


def ask(classifier, grey, request):
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


def questions(classifiers, pictures):
    """Each as the name of a cascade, of a picture, a region or None, and a request."""
    for turn, name in enumerate(classifiers):
        for number, picture in enumerate(pictures):
            if (turn + number) % 3 > 0:
                yield name, picture, None, OFTEN
            else:
                yield name, picture, None, IN_TURN[(turn + number) // 3 % len(IN_TURN)]
    faces = classifiers["haarcascade_frontalface_default.xml"]
    for picture, grey in pictures.items():
        for face in faces.detectMultiScale(grey, *FACES[:2]):
            for short in IN_FACES:
                yield f"haarcascade_{short}.xml", picture, [int(value) for value in face], IN_FACE


def main(folder, out, photos):
    files = sorted(pathlib.Path(folder).glob("*.xml"))
    classifiers = {file.name: cv2.CascadeClassifier(str(file)) for file in files}
    pictures = {}
    for photo in map(pathlib.Path, photos):
        grey = cv2.cvtColor(cv2.imread(str(photo)), cv2.COLOR_BGR2GRAY)
        height, width = grey.shape
        name = f"{photo.stem}.pgm"
        (out / name).write_bytes(f"P5 {width} {height} 255\n".encode() + grey.tobytes())
        pictures[name] = grey
    with open(out / "questions", "w") as asked, open(out / "answers", "w") as answered:
        for name, picture, region, request in questions(classifiers, pictures):
            grey = pictures[picture]
            x, y, width, height = region or (0, 0, grey.shape[1], grey.shape[0])
            factor, neighbours, least, most, levels = request
            print(name, picture, x, y, width, height, factor, neighbours, *least, *most, int(levels), file=asked)
            print(ask(classifiers[name], grey[y : y + height, x : x + width], request), file=answered)


if __name__ == "__main__":
    main(sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:])
