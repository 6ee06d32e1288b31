"""`wheel.py make FOLDER FORMAT...` writes files of every kind of these formats. `wheel.py compare FOLDER` compares the
output of `decode.cpp` for each of them with that of OpenCV's Python wheel. It prints the first differences and the
number of files, and fails if any file differs."""
import itertools
import pathlib
import struct
import sys
import zlib

import cv2
import numpy

cv2.setNumThreads(1)
SIZES = [(1, 1), (2, 3), (7, 5), (8, 8), (16, 16), (17, 33), (35, 18), (64, 48), (131, 97)]
random = numpy.random.default_rng(13)


def test_images(width, height, channels):
    """Noise, a gradient, and shapes with sharp edges."""
    noise = random.integers(0, 256, (height, width, channels), numpy.uint8)
    x, y = numpy.meshgrid(numpy.arange(width), numpy.arange(height))
    gradient = numpy.dstack([(x * (5 + c) + y * 3 + c * 40) % 256 for c in range(channels)]).astype(numpy.uint8)
    shapes = numpy.zeros((height, width, channels), numpy.uint8)
    cv2.circle(shapes, (width // 2, height // 2), max(1, min(width, height) // 3), (200, 90, 30, 255)[:channels], -1)
    cv2.line(shapes, (0, height - 1), (width - 1, 0), (10, 250, 120, 128)[:channels], 2)
    return [noise, gradient, shapes.reshape(height, width, channels)]


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def orientation(value):
    return chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01" + struct.pack(">HHI", value, 0, 0))


def transparency(colour, bits):
    """Makes the first colours of a palette, or one colour, transparent."""
    content = {0: b"\0\1", 2: b"\0\1\0\1\0\1", 3: bytes([0, 128])[: 1 << bits]}.get(colour)
    return chunk(b"tRNS", content) if content else b""


CHROMATICITIES = struct.pack(">8I", 31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000)
# Optional chunks: before the palette, and after it.
EXTRA_CHUNKS = {
    "plain": (b"", lambda colour, bits: b""),
    "transparent": (b"", transparency),
    "gamma": (chunk(b"gAMA", struct.pack(">I", 45455)), lambda colour, bits: b""),
    "linear": (chunk(b"gAMA", struct.pack(">I", 100000)), transparency),
    "gamma-0": (chunk(b"gAMA", struct.pack(">I", 0)), lambda colour, bits: b""),
    "srgb": (chunk(b"sRGB", b"\0"), lambda colour, bits: b""),
    "primaries": (chunk(b"cHRM", CHROMATICITIES), lambda colour, bits: b""),
    "primaries-gamma": (
        chunk(b"gAMA", struct.pack(">I", 30000)) + chunk(b"cHRM", CHROMATICITIES),
        lambda colour, bits: b"",
    ),
    "hdr": (chunk(b"cICP", bytes([9, 16, 0, 1])) + chunk(b"cLLI", bytes(8)), lambda colour, bits: b""),
    "profile": (chunk(b"iCCP", b"none\0\0" + zlib.compress(bytes(200))), lambda colour, bits: b""),
    "background": (
        b"",
        lambda colour, bits: chunk(b"bKGD", {0: b"\0\1", 4: b"\0\1", 3: b"\0"}.get(colour, b"\0\1" * 3)),
    ),
    "text": (chunk(b"tEXt", b"Title\0text") + chunk(b"zTXt", b"a\0\0" + zlib.compress(b"b")), lambda colour, bits: b""),
    "rotated": (b"", lambda colour, bits: orientation(6)),
    "mirrored": (b"", lambda colour, bits: orientation(2)),
}
BITS = {0: (1, 2, 4, 8, 16), 3: (1, 2, 4, 8), 2: (8, 16), 4: (8, 16), 6: (8, 16)}
COLOUR_TYPES = [(colour, bits) for colour in BITS for bits in BITS[colour]]
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def scanlines(width, height, bits, colour, content):
    """Encodes rows with each of the filters in turn. `content` has one element per sample."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    step = max(1, channels * bits // 8)
    before, out = bytes((width * channels * bits + 7) // 8), []
    for y in range(height):
        row = content[y]
        if bits == 16:
            row = row.astype(">u2").tobytes()
        elif bits == 8:
            row = row.astype(numpy.uint8).tobytes()
        else:
            sample_bits = numpy.unpackbits(row.astype(numpy.uint8)[:, None], axis=1)[:, 8 - bits :]
            row = numpy.packbits(sample_bits.reshape(-1)).tobytes()
        kind = y % 5
        filtered = ((value - predict(kind, row, before, i, step)) & 255 for i, value in enumerate(row))
        out.append(bytes([kind]) + bytes(filtered))
        before = row
    return b"".join(out)


def predict(kind, row, before, i, step):
    left = row[i - step] if i >= step else 0
    corner = before[i - step] if i >= step else 0
    up = before[i]
    if kind < 4:
        return (0, left, up, (left + up) // 2)[kind]
    distances = [(abs(left + up - corner - value), order, value) for order, value in enumerate((left, up, corner))]
    return min(distances)[2]


def png(width, height, bits, colour, interlaced, extra):
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    first, second = EXTRA_CHUNKS[extra]
    smooth = numpy.add.outer(numpy.arange(height) * 7, numpy.arange(width * channels) * 5)
    content = (smooth * (1 << bits) // 256 + random.integers(0, 1 << bits, smooth.shape) // 8) % (1 << bits)
    content = content.reshape(height, width, channels)
    data = b""
    for x, y, dx, dy in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        part = content[y::dy, x::dx]
        if part.size:
            rows = part.reshape(part.shape[0], -1)
            data += scanlines(part.shape[1], part.shape[0], bits, colour, rows)
    palette = random.integers(0, 256, 3 << bits, numpy.uint8).tobytes() if colour == 3 else b""
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlaced))
        + first
        + (chunk(b"PLTE", palette) if palette else b"")
        + second(colour, bits)
        + chunk(b"IDAT", zlib.compress(data))
        + chunk(b"IEND", b"")
    )


def make_png():
    for (colour, bits), interlaced, (width, height) in itertools.product(COLOUR_TYPES, (0, 1), SIZES):
        yield f"{colour}-{bits}-{interlaced}-{width}x{height}", png(width, height, bits, colour, interlaced, "plain")
    for (colour, bits), extra in itertools.product(COLOUR_TYPES, EXTRA_CHUNKS):
        yield f"{colour}-{bits}-{extra}", png(33, 17, bits, colour, 0, extra)


def make_webp():
    for (width, height), channels, quality in itertools.product(SIZES, (3, 4), (1, 40, 80, 100, 101)):
        for what, image in zip(("noise", "gradient", "shapes"), test_images(width, height, channels)):
            file = cv2.imencode(".webp", image, [cv2.IMWRITE_WEBP_QUALITY, quality])[1].tobytes()
            yield f"{channels}-q{quality}-{width}x{height}-{what}", file


def make_tiff():
    for (width, height), channels, how in itertools.product(SIZES, (1, 3, 4), (1, 5, 8, 32773, 32946)):
        for what, image in zip(("noise", "gradient", "shapes"), test_images(width, height, channels)):
            for bits, kind in ((8, numpy.uint8), (16, numpy.uint16), (32, numpy.float32)):
                file = cv2.imencode(".tiff", image.astype(kind) * (bits // 8), [cv2.IMWRITE_TIFF_COMPRESSION, how])[1]
                yield f"{channels}-{bits}-{how}-{width}x{height}-{what}", file.tobytes()


def make_jpeg2000():
    for (width, height), channels, quality in itertools.product(SIZES, (1, 3, 4), (1000, 300, 20)):
        for what, image in zip(("noise", "gradient", "shapes"), test_images(width, height, channels)):
            written, file = cv2.imencode(".jp2", image, [cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, quality])
            if written:
                yield f"{channels}-x{quality}-{width}x{height}-{what}", file.tobytes()


def compare_file(path):
    """Returns the first difference for a file, or None."""
    file = numpy.fromfile(path, numpy.uint8)
    for mode in (-1, 0, 1, 2, 6):
        theirs = cv2.imdecode(file, mode)
        ours = pathlib.Path(f"{path}.{mode}")
        if theirs is None or not ours.exists():
            if (theirs is None) == ours.exists():
                return f"{path.name}: mode {mode}: only one of the SDK and the wheel can decode it"
            continue
        theirs = theirs.reshape(theirs.shape[0], theirs.shape[1], -1)
        height, width, channels = theirs.shape
        depth = {"uint8": 0, "uint16": 2, "float32": 5, "float64": 6}[theirs.dtype.name]
        kind = struct.pack("<3i", depth + 8 * (channels - 1), width, height)
        content = ours.read_bytes()
        if content[:12] != kind:
            found, expected = struct.unpack("<3i", content[:12]), struct.unpack("<3i", kind)
            return f"{path.name}: mode {mode}: type and size are {found}, not {expected}"
        different = numpy.frombuffer(content[12:], theirs.dtype) != theirs.reshape(-1)
        if different.any():
            return f"{path.name}: mode {mode}: {numpy.count_nonzero(different)} of {different.size} values differ"
        reencoded = pathlib.Path(f"{path}.reencoded")
        if mode == -1 and reencoded.exists():
            again = cv2.imdecode(numpy.fromfile(reencoded, numpy.uint8), -1)
            if again is None or not numpy.array_equal(again.reshape(theirs.shape), theirs):
                return f"{path.name}: the wheel decodes different pixels from the re-encoded file"
    return None


def main():
    command, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    if command == "make":
        for name in sys.argv[3:]:
            for kind, content in globals()[f"make_{name}"]():
                (folder / f"{name}-{kind}").write_bytes(content)
        return
    files = sorted(path for path in folder.iterdir() if not path.suffix)
    wrong = [found for found in map(compare_file, files) if found]
    print("\n".join(wrong[:20]), file=sys.stderr)
    print(f"OpenCV {cv2.__version__}: {len(files)} files, {len(wrong)} differences")
    sys.exit(1 if wrong or not files else 0)


main()
