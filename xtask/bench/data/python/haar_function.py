"""The reference of `original`: the same work for the same event, as a Lambda function in Python.

Reads a photo from S3, detects its faces and their eyes, draws them, and writes the photo to S3 as JPEG. Cascades and
the S3 client are created once, when the module is imported.
"""
import os

import cv2

from stored_photo import StoredPhoto

CASCADES = os.environ["BENCH_CASCADES"]
FACE = cv2.CascadeClassifier(os.path.join(CASCADES, "haarcascade_frontalface_default.xml"))
EYE = cv2.CascadeClassifier(os.path.join(CASCADES, "haarcascade_eye.xml"))
BLUE, GREEN = (255, 0, 0), (0, 255, 0)


def handler(event, context):
    photo = StoredPhoto(event)
    grey = cv2.cvtColor(photo.pixels, cv2.COLOR_BGR2GRAY)
    faces = []
    for x, y, width, height in FACE.detectMultiScale(grey, 1.1, 4):
        cv2.rectangle(photo.pixels, (x, y), (x + width, y + height), BLUE, 2)
        eyes = []
        for left, top, across, down in EYE.detectMultiScale(grey[y:y + height, x:x + width]):
            corner = (x + left, y + top)
            cv2.rectangle(photo.pixels, corner, (corner[0] + across, corner[1] + down), GREEN, 2)
            eyes.append([int(corner[0]), int(corner[1]), int(across), int(down)])
        faces.append({"box": [int(x), int(y), int(width), int(height)], "eyes": eyes})
    return photo.respond(faces)
