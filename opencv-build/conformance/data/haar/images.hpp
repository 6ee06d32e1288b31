// Grey images of every kind that a detector could get wrong: noise, flat and nearly flat, black and white, patterns,
// and pieces of photos.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "random.hpp"

namespace conformance {

struct Image
{
    int width = 0, height = 0;
    std::vector<uint8_t> pixels;

    Image() = default;
    Image(int w, int h, int level = 0)
        : width(w), height(h), pixels(static_cast<size_t>(w) * h, static_cast<uint8_t>(level))
    {
    }

    uint8_t& at(int x, int y) { return pixels[static_cast<size_t>(y) * width + x]; }
    int at(int x, int y) const { return pixels[static_cast<size_t>(y) * width + x]; }
};

inline uint8_t clamp_to_byte(double level)
{
    return static_cast<uint8_t>(std::min(255.0, std::max(0.0, std::floor(level + 0.5))));
}

// Pixel (x, y) is `level(x, y)`, rounded and clamped.
template <class Level>
Image generate(int width, int height, Level level)
{
    Image image(width, height);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            image.at(x, y) = clamp_to_byte(level(x, y));
    return image;
}

// A box blur: the mean over `radius` pixels on each side, in rows, then in columns.
inline Image smooth(const Image& from, int radius)
{
    const auto mean = [radius](int position, int length, auto pixel) {
        int sum = 0, count = 0;
        for (int i = std::max(0, position - radius); i <= std::min(length - 1, position + radius); i++, count++)
            sum += pixel(i);
        return static_cast<double>(sum) / count;
    };
    const Image rows = generate(from.width, from.height, [&](int x, int y) {
        return mean(x, from.width, [&](int i) { return from.at(i, y); });
    });
    return generate(from.width, from.height,
                    [&](int x, int y) { return mean(y, from.height, [&](int i) { return rows.at(x, i); }); });
}

// Scales grey levels linearly so that the darkest is `low` and the lightest `high`.
inline Image stretch_contrast(const Image& from, double low, double high)
{
    const auto ends = std::minmax_element(from.pixels.begin(), from.pixels.end());
    const double darkest = *ends.first, range = std::max(1.0, *ends.second - darkest);
    return generate(from.width, from.height,
                    [&](int x, int y) { return low + (from.at(x, y) - darkest) * (high - low) / range; });
}

// Samples `width` x `height` pixels of a photo from (left, top) on, `step` photo pixels apart.
inline Image crop_scaled(const Image& photo, double left, double top, double step, int width, int height)
{
    const auto clamped = [](double position, int length) { return std::min(std::max(position, 0.0), length - 1.001); };
    return generate(width, height, [&](int x, int y) {
        const double px = clamped(left + x * step, photo.width), py = clamped(top + y * step, photo.height);
        const int column = static_cast<int>(px), row = static_cast<int>(py);
        const double right = px - column, down = py - row;
        const auto interpolated = [&](int line) {
            return photo.at(column, line) * (1 - right) + photo.at(column + 1, line) * right;
        };
        return interpolated(row) * (1 - down) + interpolated(row + 1) * down;
    });
}

inline Image random_crop(Random& random, const std::vector<Image>& photos, int width, int height)
{
    const Image& photo = photos[static_cast<size_t>(random.below(static_cast<int>(photos.size())))];
    const double across = static_cast<double>(photo.width) / width, down = static_cast<double>(photo.height) / height;
    if (random.chance(0.6))
    {
        // The whole photo, which can be a face, in the middle or at an edge; beyond the photo its border continues.
        const double step = std::max(across, down) * random.between(0.7, 2.5);
        const double left = (photo.width - width * step) * random.between(0.2, 0.8);
        return crop_scaled(photo, left, (photo.height - height * step) * random.between(0.2, 0.8), step, width, height);
    }
    const double step = std::min(across, down) * random.real() + 0.05;
    const double left = random.real() * std::max(0.0, photo.width - width * step);
    const double top = random.real() * std::max(0.0, photo.height - height * step);
    return crop_scaled(photo, left, top, step, width, height);
}

inline void paste(Image& onto, const Image& from, int left, int top)
{
    for (int y = std::max(0, -top); y < from.height && top + y < onto.height; y++)
        for (int x = std::max(0, -left); x < from.width && left + x < onto.width; x++)
            onto.at(left + x, top + y) = static_cast<uint8_t>(from.at(x, y));
}

inline Image noise(Random& random, int width, int height, int low, int high)
{
    return generate(width, height, [&](int, int) { return random.between(low, high); });
}

// An image of one of the kinds, before the modifications by `random_image`.
inline Image random_base_image(Random& random, const std::vector<Image>& photos, int width, int height)
{
    const int level = random.below(256);
    switch (random.below(18))
    {
    case 0: return noise(random, width, height, 0, 255);
    case 1: {
        // Nearly flat: noise of a few levels.
        const int most = std::min(255, level + random.between(1, 4));
        return noise(random, width, height, level, most);
    }
    case 2: {
        const Image rough = noise(random, width, height, 0, 255);
        return stretch_contrast(smooth(rough, random.between(1, 6)), 0, random.between(1, 255));
    }
    case 3: {
        const int ends[] = {0, 255, level, level};
        Image flat(width, height, ends[random.below(4)]);
        // Or nearly flat: a window has a single different pixel.
        for (int count = random.chance(0.5) ? 0 : random.between(1, 1 + width * height / 200); count > 0; count--)
            flat.at(random.below(width), random.below(height)) ^= random.chance(0.5) ? 1 : 255;
        return flat;
    }
    case 4: return generate(width, height, [&](int, int) { return random.chance(0.5) ? 255 : 0; });
    case 5: {
        // White on black or black on white, in large blocks, for the largest possible sums.
        Image blocks(width, height, random.chance(0.5) ? 255 : 0);
        for (int count = random.between(1, 30); count > 0; count--)
        {
            const Image block(random.between(1, 24), random.between(1, 24), random.chance(0.5) ? 255 : 0);
            paste(blocks, block, random.below(width), random.below(height));
        }
        return blocks;
    }
    case 6: {
        const double right = random.between(-4.0, 4.0), down = random.between(-4.0, 4.0);
        return generate(width, height, [&](int x, int y) { return level + right * x + down * y; });
    }
    case 7: {
        const int wide = random.between(1, 12), high = random.between(1, 12), other = random.below(256);
        return generate(width, height, [&](int x, int y) { return (x / wide + y / high) % 2 == 0 ? level : other; });
    }
    case 8: {
        const double across = random.between(0.05, 1.5), down = random.between(0.05, 1.5);
        return generate(width, height,
                        [&](int x, int y) { return 128 + 127 * std::sin(x * across) * std::cos(y * down); });
    }
    case 9: {
        Image collage = smooth(noise(random, width, height, 0, 255), random.between(0, 3));
        for (int count = random.between(2, 8); count > 0; count--)
        {
            const int wide = random.between(1, width), high = random.between(1, height);
            paste(collage, random_crop(random, photos, wide, high), random.below(width), random.below(height));
        }
        return collage;
    }
    default: return random_crop(random, photos, width, height);
    }
}

inline Image random_image(Random& random, const std::vector<Image>& photos, int width, int height)
{
    Image image = random_base_image(random, photos, width, height);
    if (random.chance(0.2))
        image = smooth(image, random.between(1, 3));
    if (random.chance(0.15))
        image = stretch_contrast(image, 0, 255);
    if (random.chance(0.1))
    {
        const double low = random.between(0, 250);
        image = stretch_contrast(image, low, low + random.between(1, 30));
    }
    if (random.chance(0.15))
        for (uint8_t& pixel : image.pixels)
            pixel = static_cast<uint8_t>(255 - pixel);
    if (random.chance(0.1))
    {
        const int most = random.between(1, 20);
        image = generate(width, height, [&](int x, int y) { return image.at(x, y) + random.between(-most, most); });
    }
    return image;
}

// A size at a boundary of the loops over windows, vectors and stripes.
struct ImageSize
{
    int width, height;
};

inline ImageSize random_image_size(Random& random, int window_width, int window_height)
{
    const auto side = [&random](int window) {
        const int steps[] = {8, 16, 32, 64};
        switch (random.below(10))
        {
        case 0: return random.between(1, 40);
        case 1:
            // The window itself or slightly more.
            return window + random.between(-1, 3);
        case 2: return static_cast<int>(window * random.between(1.0, 4.0)) + random.between(-1, 1);
        case 3:
        case 4: {
            const int step = steps[random.below(4)];
            return step * random.between(1, 192 / step) + random.between(-1, 1);
        }
        default: return random.between(20, 150);
        }
    };
    ImageSize size = {side(window_width), side(window_height)};
    if (random.chance(0.04))
        size = {random.between(200, 900), window_height + random.below(12)};
    if (random.chance(0.04))
        size = {window_width + random.below(12), random.between(200, 900)};
    // Enough windows for several threads.
    if (random.chance(0.05))
        size = {random.between(150, 400), random.between(150, 400)};
    return {std::max(1, size.width), std::max(1, size.height)};
}

}  // namespace conformance
