"""The wheel's side of `cargo xtask bench detect` for YuNet, with the protocol of yunet.cpp.

    yunet.py MODEL SCORE_THRESHOLD NMS_THRESHOLD TOP_K

It also prepares the photos for both sides, so that they detect in the same pixels: `photo NAME PATH LONGEST_SIDE FILE`
decodes a photo, scales it down to the longest side (0: not), writes its pixels to FILE and responds `ok WIDTH HEIGHT`.
"""
import sys
import time

import cv2


class RequestHandler:
    def __init__(self, model, score_threshold, nms_threshold, top_k):
        self.detector = cv2.FaceDetectorYN.create(
            model, "", (320, 320), float(score_threshold), float(nms_threshold), int(top_k)
        )
        self.photos, self.threads = {}, None

    def photo(self, name, path, longest_side, file):
        photo = cv2.imread(path, cv2.IMREAD_COLOR)
        if photo is None:
            return f"failed to decode `{path}`"
        scale = int(longest_side) / max(photo.shape[:2])
        if 0 < scale < 1:
            photo = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        self.photos[name] = photo
        photo.tofile(file)
        return f"ok {photo.shape[1]} {photo.shape[0]}"

    def detect(self, name, threads, repeat):
        if threads != self.threads:
            cv2.setNumThreads(int(threads))
            self.threads = threads
        photo = self.photos[name]
        size = (photo.shape[1], photo.shape[0])
        if tuple(self.detector.getInputSize()) != size:
            self.detector.setInputSize(size)
            # OpenCV allocates its network for a new size in the first detection, which is not timed.
            self.detector.detect(photo)
        best = None
        for _ in range(int(repeat)):
            start = time.perf_counter_ns()
            _, found = self.detector.detect(photo)
            took = time.perf_counter_ns() - start
            best = took if best is None else min(best, took)
        faces = [] if found is None else found.reshape(-1).tolist()
        return " ".join(["ok", str(best), *(f"{value:.6g}" for value in faces)])


def main():
    handler = RequestHandler(*sys.argv[1:])
    for line in sys.stdin:
        command, *arguments = line.rstrip("\n").split("\t")
        print(getattr(handler, command)(*arguments), flush=True)


main()
