// Networks and images for tests without OpenCV: the SDK's network, random networks of other widths, random images.
#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include "chain.hpp"
#include "files.hpp"
#include "network_arrays.hpp"
#include "random.hpp"
#include "sanitized.hpp"

namespace conformance {

// A network with its weights in an allocation of exactly their length.
struct TestNetwork
{
    cv::yunet::Network network;
    ExactBuffer<float> weights;

    TestNetwork(const cv::yunet::Network& widths, const std::vector<float>& values) : network(widths), weights(values)
    {
        cv::yunet::placeArrays(weights.items.get(), network);
    }
};

// Weights are small enough for activations to keep their magnitude from layer to layer.
inline std::unique_ptr<TestNetwork> random_network(Random& random)
{
    using namespace cv::yunet;
    Network network = Network();
    uint32_t widths[WidthCount];
    for (uint32_t& width : widths)
        width = static_cast<uint32_t>(random.between(1, 3)) * ChannelStep;
    // Laterals and what they are added to have the same width; heads have one; shared pairs are optional.
    for (int level = 0; level < LevelCount; level++)
    {
        widths[FirstSharedWidth - LevelCount - 1 - StagePairs * level] = widths[0];
        widths[FirstSharedWidth - LevelCount + level] = widths[0];
        widths[FirstSharedWidth + LevelCount + level] = HeadOutputCount;
        if (random.chance(0.5))
            widths[FirstSharedWidth + level] = 0;
    }
    if (const char* reason = setWidths(widths, network))
        throw std::runtime_error(std::string("a random network is refused: ") + reason);
    std::vector<float> weights(countWeights(network));
    for (float& weight : weights)
        weight = static_cast<float>(random.between(-1.0, 1.0) * std::sqrt(3.0 / 32));
    // Pixels are up to 255.
    for (size_t i = 0; i < 27 * network.first.outputs; i++)
        weights[i] /= 100;
    return std::unique_ptr<TestNetwork>(new TestNetwork(network, weights));
}

// An image in an allocation of exactly its length; the last row ends where its pixels end.
struct TestImage
{
    cv::yunet::ImageView view;
    ExactBuffer<uint8_t> bytes;

    TestImage(int width, int height, size_t stride, const Bytes& pixels)
        : view{nullptr, stride, width, height}, bytes(pixels)
    {
        view.pixels = bytes.items.get();
    }
};

// Noise, of few or all levels, only black and white, or one level.
inline std::unique_ptr<TestImage> random_image(Random& random)
{
    const auto side = [&random] {
        if (random.chance(0.4))
            return 32 * random.between(1, 3) + random.between(-1, 1);
        return random.chance(0.1) ? random.between(100, 300) : random.between(1, 100);
    };
    const int width = side(), height = side();
    const size_t row = 3 * static_cast<size_t>(width);
    const size_t stride = row + static_cast<size_t>(random.chance(0.5) ? random.below(70) : 0);
    Bytes pixels(stride * static_cast<size_t>(height - 1) + row);
    const int low = random.below(256), high = random.between(low, 255), kind = random.below(3);
    for (uint8_t& pixel : pixels)
        pixel = static_cast<uint8_t>(kind == 0   ? random.below(256)
                                     : kind == 1 ? random.between(low, high)
                                                 : 255 * random.below(2));
    return std::unique_ptr<TestImage>(new TestImage(width, height, stride, pixels));
}

}  // namespace conformance
