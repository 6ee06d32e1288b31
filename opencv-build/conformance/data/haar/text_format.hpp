// Cascades and images in files that need no library: numbers as text, and PGM.
#pragma once

#include <fstream>
#include <iomanip>
#include <stdexcept>
#include <string>

#include "test_cascade.hpp"
#include "images.hpp"

namespace conformance {

inline void write_cascade_text(const Cascade& cascade, const std::string& file)
{
    std::ofstream to(file);
    // Nine digits distinguish any two floats.
    to << std::setprecision(9) << cascade.width << ' ' << cascade.height << '\n' << cascade.stages.size() << '\n';
    for (const Stage& stage : cascade.stages)
        to << stage.first << ' ' << stage.count << ' ' << stage.stored_threshold << '\n';
    to << cascade.stumps.size() << '\n';
    for (const Stump& stump : cascade.stumps)
        to << stump.feature << ' ' << stump.threshold << ' ' << stump.left << ' ' << stump.right << ' '
           << static_cast<int>(stump.child) << '\n';
    to << cascade.features.size() << '\n';
    for (const Feature& feature : cascade.features)
    {
        to << feature.tilted << ' ' << feature.boxes.size();
        for (const Box& box : feature.boxes)
            to << ' ' << box.x << ' ' << box.y << ' ' << box.width << ' ' << box.height << ' ' << box.weight;
        to << '\n';
    }
}

inline Cascade read_cascade_text(const std::string& file)
{
    std::ifstream from(file);
    Cascade cascade;
    cascade.name = file.substr(file.rfind('/') + 1);
    size_t count = 0;
    from >> cascade.width >> cascade.height >> count;
    cascade.stages.resize(count);
    for (Stage& stage : cascade.stages)
        from >> stage.first >> stage.count >> stage.stored_threshold;
    from >> count;
    cascade.stumps.resize(count);
    for (Stump& stump : cascade.stumps)
    {
        int child = 0;
        from >> stump.feature >> stump.threshold >> stump.left >> stump.right >> child;
        stump.child = static_cast<ChildSide>(child);
    }
    from >> count;
    cascade.features.resize(count);
    for (Feature& feature : cascade.features)
    {
        from >> feature.tilted >> count;
        feature.boxes.resize(count);
        for (Box& box : feature.boxes)
            from >> box.x >> box.y >> box.width >> box.height >> box.weight;
    }
    if (!from)
        throw std::runtime_error("`" + file + "` is not a cascade in text form");
    return cascade;
}

inline void write_pgm(const Image& image, const std::string& file)
{
    std::ofstream to(file, std::ios::binary);
    to << "P5 " << image.width << ' ' << image.height << " 255\n";
    to.write(reinterpret_cast<const char*>(image.pixels.data()), static_cast<std::streamsize>(image.pixels.size()));
}

inline Image read_pgm(const std::string& file)
{
    std::ifstream from(file, std::ios::binary);
    std::string format;
    int width = 0, height = 0, white = 0;
    from >> format >> width >> height >> white;
    from.get();
    if (!from || format != "P5" || white != 255)
        throw std::runtime_error("`" + file + "` is not a greyscale PGM file");
    Image image(width, height);
    from.read(reinterpret_cast<char*>(image.pixels.data()), static_cast<std::streamsize>(image.pixels.size()));
    if (!from)
        throw std::runtime_error("`" + file + "` is truncated");
    return image;
}

}  // namespace conformance
