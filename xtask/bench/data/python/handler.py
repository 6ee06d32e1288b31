"""The reference function: the same work for the same event, as a Lambda function in Python.

Reads a photo from S3, detects its faces and their eyes, draws them, and writes the photo to S3 as JPEG, with `_rs.jpg`
appended to its key. Cascades and the S3 client are created once, when the module is imported.
"""
import os

import boto3
import cv2
import numpy

CASCADES = os.environ["BENCH_CASCADES"]
FACE = cv2.CascadeClassifier(os.path.join(CASCADES, "haarcascade_frontalface_default.xml"))
EYE = cv2.CascadeClassifier(os.path.join(CASCADES, "haarcascade_eye.xml"))
S3 = boto3.client("s3")
BLUE, GREEN = (255, 0, 0), (0, 255, 0)


def handler(event, context):
    bucket, key = event["BUCKET_NAME"], event["S3_KEY"]
    content = S3.get_object(Bucket=bucket, Key=key)["Body"].read()
    photo = cv2.imdecode(numpy.frombuffer(content, numpy.uint8), cv2.IMREAD_COLOR)
    grey = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
    faces = []
    for x, y, width, height in FACE.detectMultiScale(grey, 1.1, 4):
        cv2.rectangle(photo, (x, y), (x + width, y + height), BLUE, 2)
        eyes = []
        for left, top, across, down in EYE.detectMultiScale(grey[y:y + height, x:x + width]):
            corner = (x + left, y + top)
            cv2.rectangle(photo, corner, (corner[0] + across, corner[1] + down), GREEN, 2)
            eyes.append([int(corner[0]), int(corner[1]), int(across), int(down)])
        faces.append({"box": [int(x), int(y), int(width), int(height)], "eyes": eyes})
    annotated = f"{key}_rs.jpg"
    written, jpeg = cv2.imencode(".jpg", photo)
    if not written:
        raise RuntimeError(f"{key} could not be encoded")
    S3.put_object(Bucket=bucket, Key=annotated, Body=jpeg.tobytes(), ContentType="image/jpeg")
    message = f"Find {len(faces)} face(s),image saved to s3://{bucket}/{annotated}"
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json"},
        "body": {"message": message, "faces": faces},
    }
