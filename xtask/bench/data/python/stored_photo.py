"""The photo of an event: read from S3, and written back with what was drawn on it as `KEY_rs.jpg`."""
from urllib.parse import unquote_plus

import boto3
import cv2
import numpy

S3 = boto3.client("s3")


class StoredPhoto:
    """The photo that a direct event or an S3 notification names, decoded."""

    def __init__(self, event):
        if "Records" in event:
            stored = event["Records"][0]["s3"]
            # S3 encodes keys in notifications like form fields.
            self.bucket, self.key = stored["bucket"]["name"], unquote_plus(stored["object"]["key"])
        else:
            self.bucket, self.key = event["BUCKET_NAME"], event["S3_KEY"]
        content = S3.get_object(Bucket=self.bucket, Key=self.key)["Body"].read()
        self.pixels = cv2.imdecode(numpy.frombuffer(content, numpy.uint8), cv2.IMREAD_COLOR)

    def respond(self, faces):
        """Writes the photo as JPEG, and returns the function's response."""
        annotated = f"{self.key}_rs.jpg"
        written, jpeg = cv2.imencode(".jpg", self.pixels)
        if not written:
            raise RuntimeError(f"{self.key} could not be encoded")
        S3.put_object(Bucket=self.bucket, Key=annotated, Body=jpeg.tobytes(), ContentType="image/jpeg")
        message = f"Find {len(faces)} face(s),image saved to s3://{self.bucket}/{annotated}"
        return {
            "statusCode": 200,
            "headers": {"Content-Type": "application/json"},
            "body": {"message": message, "faces": faces},
        }
