"""A reference of `cargo xtask eval`: what a wheel of OpenCV detects in photos.

    reference.py haar CASCADE
    reference.py yunet MODEL

Each line of stdin is a request with tab-separated fields: the path of a photo, and the longest side in pixels to which
YuNet's input is scaled down (0: as it is). Each response is a line of JSON: `faces`, each with `box` (left, top, width,
height) in pixels of the photo, and of YuNet `score` and `landmarks`; and the milliseconds of `decode` and `detect`,
which includes scaling and conversion to grey. If it failed, the line has `error`.
"""
import json
import sys
import time

import cv2

# The lowest threshold that is evaluated: `MIN_SCORE` in `detectors.rs`.
SCORE_THRESHOLD, NMS_THRESHOLD, TOP_K = 0.3, 0.3, 5000
LANDMARKS = ("right_eye", "left_eye", "nose", "right_mouth_corner", "left_mouth_corner")


class Haar:
    def __init__(self, path):
        self.cascade = cv2.CascadeClassifier(path)
        if self.cascade.empty():
            sys.exit(f"failed to load the cascade `{path}`")

    def detect(self, photo, longest_side):
        grey = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
        return [{"box": [int(value) for value in box]} for box in self.cascade.detectMultiScale(grey, 1.1, 4)]


class Yunet:
    def __init__(self, path):
        self.detector = cv2.FaceDetectorYN.create(path, "", (320, 320), SCORE_THRESHOLD, NMS_THRESHOLD, TOP_K)

    def detect(self, photo, longest_side):
        scale = min(1.0, longest_side / max(photo.shape[:2])) if longest_side else 1.0
        if scale < 1.0:
            photo = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        self.detector.setInputSize((photo.shape[1], photo.shape[0]))
        found = self.detector.detect(photo)[1]
        return [self.face(row, scale) for row in ([] if found is None else found.tolist())]

    @staticmethod
    def face(row, scale):
        points = [[row[index] / scale, row[index + 1] / scale] for index in range(4, 14, 2)]
        return {
            "box": [value / scale for value in row[:4]],
            "score": row[14],
            "landmarks": dict(zip(LANDMARKS, points)),
        }


def respond(detector, path, longest_side):
    times = [time.perf_counter()]
    photo = cv2.imread(path, cv2.IMREAD_COLOR)
    if photo is None:
        return {"error": f"failed to decode `{path}`"}
    times.append(time.perf_counter())
    faces = detector.detect(photo, int(longest_side))
    times.append(time.perf_counter())
    decode, detect = (1e3 * (end - start) for start, end in zip(times, times[1:]))
    return {"faces": faces, "decode": decode, "detect": detect}


def main():
    kind, model = sys.argv[1:]
    detector = {"haar": Haar, "yunet": Yunet}[kind](model)
    for line in sys.stdin:
        print(json.dumps(respond(detector, *line.rstrip("\n").split("\t"))), flush=True)


main()
