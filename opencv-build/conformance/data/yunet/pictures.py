"""Random pictures that a detector could get wrong: noise, gradients, flat ones, pieces of photos, and collages of faces
of all sizes. A picture is an array of rows of pixels of blue, green and red.
"""
import cv2
import numpy as np


def random_side(random):
    kind = random.random()
    if kind < 0.05:
        return int(random.integers(1, 33))
    if kind < 0.4:
        return 32 * int(random.integers(2, 13)) + int(random.integers(-1, 2))
    if kind < 0.45:
        return int(random.integers(400, 900))
    return int(random.integers(33, 400))


def noise(random, width, height):
    low, high = sorted(random.integers(0, 256, 2))
    return random.integers(low, high + 1, (height, width, 3)).astype(np.uint8)


def smooth_noise(random, width, height):
    blurred = cv2.blur(random.integers(0, 256, (height, width, 3)).astype(np.uint8), (int(random.integers(2, 20)),) * 2)
    return cv2.normalize(blurred, None, 0, int(random.integers(1, 256)), cv2.NORM_MINMAX)


def gradient(random, width, height):
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    channels = [random.uniform(0, 255) + random.uniform(-3, 3) * x + random.uniform(-3, 3) * y for _ in range(3)]
    return np.clip(np.stack(channels, axis=2), 0, 255).astype(np.uint8)


def flat(random, width, height):
    """One colour, in some of them with a few different pixels."""
    picture = np.full((height, width, 3), random.choice([0, 255, random.integers(256)]), np.uint8)
    for _ in range(int(random.integers(0, 9))):
        picture[random.integers(height), random.integers(width)] = random.integers(0, 256, 3)
    return picture


def piece(random, photos, width, height):
    """A part of a photo of any position and size, scaled without keeping its proportions."""
    photo = photos[random.integers(len(photos))]
    rows = sorted(random.choice(photo.shape[0], 2, replace=False))
    columns = sorted(random.choice(photo.shape[1], 2, replace=False))
    return cv2.resize(photo[rows[0] : rows[1] + 1, columns[0] : columns[1] + 1], (width, height))


def collage(random, photos, faces, width, height):
    """Faces of 8 pixels and more, some mirrored, turned, darker, or beyond an edge, on another picture."""
    picture = random_background(random, photos, width, height)
    for _ in range(int(random.integers(1, 9))):
        face = faces[random.integers(len(faces))]
        side = int(8 * (max(12, min(width, height)) / 8) ** random.random())
        face = cv2.resize(face, (side, side * face.shape[0] // face.shape[1]), interpolation=cv2.INTER_AREA)
        if random.random() < 0.5:
            face = face[:, ::-1]
        if random.random() < 0.2:
            face = np.rot90(face, int(random.integers(1, 4)))
        face = cv2.convertScaleAbs(np.ascontiguousarray(face), alpha=random.uniform(0.4, 1.3))
        left, top = int(random.integers(-side // 3, width)), int(random.integers(-side // 3, height))
        x, y = max(0, left), max(0, top)
        shown = face[y - top :, x - left :][: height - y, : width - x]
        picture[y : y + shown.shape[0], x : x + shown.shape[1]] = shown
    return picture


def random_background(random, photos, width, height):
    kind = random.integers(5)
    if kind == 4:
        return piece(random, photos, width, height)
    return (noise, smooth_noise, gradient, flat)[kind](random, width, height)


def random_picture(random, photos, faces):
    width, height = random_side(random), random_side(random)
    if random.random() < 0.25:
        return random_background(random, photos, width, height)
    picture = collage(random, photos, faces, width, height)
    if random.random() < 0.2:
        picture = cv2.add(picture, random.integers(0, int(random.integers(2, 60)), picture.shape).astype(np.uint8))
    return picture
