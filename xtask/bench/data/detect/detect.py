"""The wheel's side of `cargo xtask bench detect`, with the protocol of detect.cpp."""
import sys
import time

import cv2
import numpy


def now_ns():
    return time.perf_counter_ns()


def load_cascades(face, eye, form):
    """Loads two cascades and detects with each in one blank window."""
    if form != "xml":
        return "absent"
    cv2.setNumThreads(1)
    window = numpy.zeros((24, 24), numpy.uint8)
    start = now_ns()
    for path in (face, eye):
        cascade = cv2.CascadeClassifier(path)
        cascade.detectMultiScale(window)
    return f"ok {now_ns() - start}"


class RequestHandler:
    def __init__(self):
        self.photos, self.cascades, self.threads = {}, {}, None

    def cascade(self, name, path):
        self.cascades[name] = cv2.CascadeClassifier(path)
        return f"failed to load `{path}`" if self.cascades[name].empty() else "ok"

    def photo(self, name, path):
        photo = cv2.imread(path, cv2.IMREAD_COLOR)
        if photo is None:
            return f"failed to decode `{path}`"
        grey = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
        self.photos[name] = grey
        # A 64-bit FNV-1a hash would take seconds in Python; a sum and a sum weighted by position suffice.
        values = grey.reshape(-1).astype(numpy.uint64)
        positions = numpy.arange(1, values.size + 1, dtype=numpy.uint64)
        return f"ok {grey.shape[1]} {grey.shape[0]} {int(values.sum())} {int((values * positions).sum())}"

    def fast(self, on):
        return "absent"

    def detect(self, cascade, photo, x, y, width, height, neighbours, threads, repeat):
        x, y, width, height, neighbours, threads, repeat = map(
            int, (x, y, width, height, neighbours, threads, repeat)
        )
        if threads != self.threads:
            cv2.setNumThreads(threads)
            self.threads = threads
        region = self.photos[photo][y:y + height, x:x + width]
        cascade = self.cascades[cascade]
        best = None
        for _ in range(repeat):
            start = now_ns()
            found = cascade.detectMultiScale(region, 1.1, neighbours)
            took = now_ns() - start
            best = took if best is None else min(best, took)
        numbers = [str(int(number)) for rectangle in found for number in rectangle]
        return " ".join(["ok", str(best), *numbers])


def main():
    if sys.argv[1:2] == ["load"]:
        print(load_cascades(*sys.argv[2:]))
        return
    handler = RequestHandler()
    for line in sys.stdin:
        command, *arguments = line.rstrip("\n").split("\t")
        print(getattr(handler, command)(*arguments), flush=True)


main()
