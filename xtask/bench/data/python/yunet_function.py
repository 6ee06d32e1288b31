"""The reference of `balanced`: a Lambda function in Python with OpenCV's own YuNet.

Reads a photo from S3, detects its faces and their landmarks, draws them, and writes the photo to S3 as JPEG. The
detector and the S3 client are created once, when the module is imported.
"""
import os

import cv2

from stored_photo import StoredPhoto

SCORE_THRESHOLD, NMS_THRESHOLD, TOP_K = 0.8, 0.3, 5000
DETECTOR = cv2.FaceDetectorYN.create(
    os.environ["BENCH_MODEL"], "", (320, 320), SCORE_THRESHOLD, NMS_THRESHOLD, TOP_K
)
LANDMARKS = ("right_eye", "left_eye", "nose", "right_mouth_corner", "left_mouth_corner")
BLUE, GREEN = (255, 0, 0), (0, 255, 0)


def handler(event, context):
    photo = StoredPhoto(event)
    DETECTOR.setInputSize((photo.pixels.shape[1], photo.pixels.shape[0]))
    found = DETECTOR.detect(photo.pixels)[1]
    faces = []
    for row in [] if found is None else found.tolist():
        x, y, width, height = (round(value) for value in row[:4])
        cv2.rectangle(photo.pixels, (x, y), (x + width, y + height), BLUE, 2)
        points = [(row[index], row[index + 1]) for index in range(4, 14, 2)]
        for point in points:
            cv2.circle(photo.pixels, (round(point[0]), round(point[1])), 2, GREEN, 2)
        faces.append({
            "box": [x, y, width, height],
            "score": round(row[14], 3),
            "landmarks": {name: [round(value, 1) for value in point] for name, point in zip(LANDMARKS, points)},
        })
    return photo.respond(faces)
