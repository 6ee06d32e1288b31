// A simple implementation of the network, for comparison: each layer for the whole image, one value at a time, in
// double. Weights and layouts are those of `network.hpp`.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "chain.hpp"

namespace conformance {

struct Map
{
    int width, height;
    size_t channels;
    std::vector<double> values;

    Map(int w, int h, size_t c) : width(w), height(h), channels(c), values(static_cast<size_t>(w) * h * c) {}

    double& at(int x, int y, size_t channel)
    {
        return values[(static_cast<size_t>(y) * width + x) * channels + channel];
    }
    double at(int x, int y, size_t channel) const
    {
        return values[(static_cast<size_t>(y) * width + x) * channels + channel];
    }
    bool contains(int x, int y) const { return x >= 0 && y >= 0 && x < width && y < height; }
};

// The image, padded with black at its right and bottom.
inline Map padded(const cv::yunet::ImageView& image)
{
    const auto up = [](int side) {
        return (side + cv::yunet::LargestStride - 1) / cv::yunet::LargestStride * cv::yunet::LargestStride;
    };
    Map map(up(image.width), up(image.height), cv::yunet::ImageChannels);
    for (int y = 0; y < image.height; y++)
        for (int x = 0; x < image.width; x++)
            for (size_t c = 0; c < map.channels; c++)
                map.at(x, y, c) = image.pixels[static_cast<size_t>(y) * image.stride + static_cast<size_t>(x) * 3 + c];
    return map;
}

inline Map convolve_first(const Map& from, const cv::yunet::FirstConvolution& first)
{
    Map to(from.width / 2, from.height / 2, first.outputs);
    for (int y = 0; y < to.height; y++)
        for (int x = 0; x < to.width; x++)
            for (size_t output = 0; output < to.channels; output++)
            {
                double sum = static_cast<double>(first.bias[output]);
                for (int row = 0; row < 3; row++)
                    for (int column = 0; column < 3; column++)
                        for (size_t c = 0; c < from.channels; c++)
                        {
                            const int px = 2 * x + column - 1, py = 2 * y + row - 1;
                            const size_t tap = static_cast<size_t>(row * 3 + column) * from.channels + c;
                            if (from.contains(px, py))
                                sum +=
                                    from.at(px, py, c) * static_cast<double>(first.weights[tap * to.channels + output]);
                        }
                to.at(x, y, output) = std::max(sum, 0.0);
            }
    return to;
}

inline Map convolve_pointwise(const Map& from, const cv::yunet::ConvolutionPair& pair)
{
    Map to(from.width, from.height, pair.outputs);
    for (int y = 0; y < to.height; y++)
        for (int x = 0; x < to.width; x++)
            for (size_t output = 0; output < to.channels; output++)
            {
                double sum = static_cast<double>(pair.pointwise_bias[output]);
                for (size_t input = 0; input < pair.inputs; input++)
                    sum += from.at(x, y, input) * static_cast<double>(pair.pointwise[input * to.channels + output]);
                to.at(x, y, output) = sum;
            }
    return to;
}

inline Map convolve(const Map& input, const cv::yunet::ConvolutionPair& pair, bool relu)
{
    const Map from = convolve_pointwise(input, pair);
    Map to(from.width, from.height, pair.outputs);
    for (int y = 0; y < to.height; y++)
        for (int x = 0; x < to.width; x++)
            for (size_t c = 0; c < to.channels; c++)
            {
                double sum = static_cast<double>(pair.depthwise_bias[c]);
                for (int row = 0; row < 3; row++)
                    for (int column = 0; column < 3; column++)
                        if (from.contains(x + column - 1, y + row - 1))
                            sum += from.at(x + column - 1, y + row - 1, c) *
                                   static_cast<double>(
                                       pair.depthwise[static_cast<size_t>(row * 3 + column) * to.channels + c]);
                to.at(x, y, c) = relu ? std::max(sum, 0.0) : sum;
            }
    return to;
}

// The maximum of 2x2 pixels.
inline Map pool(const Map& from)
{
    Map to(from.width / 2, from.height / 2, from.channels);
    for (int y = 0; y < to.height; y++)
        for (int x = 0; x < to.width; x++)
            for (size_t c = 0; c < to.channels; c++)
                to.at(x, y, c) = std::max({from.at(2 * x, 2 * y, c), from.at(2 * x + 1, 2 * y, c),
                                           from.at(2 * x, 2 * y + 1, c), from.at(2 * x + 1, 2 * y + 1, c)});
    return to;
}

// Adds `coarse`, enlarged twice.
inline Map sum(const Map& fine, const Map& coarse)
{
    Map to = fine;
    for (int y = 0; y < to.height; y++)
        for (int x = 0; x < to.width; x++)
            for (size_t c = 0; c < to.channels; c++)
                to.at(x, y, c) += coarse.at(x / 2, y / 2, c);
    return to;
}

template <size_t Count>
Map convolve_all(Map map, const cv::yunet::ConvolutionPair (&pairs)[Count])
{
    for (const cv::yunet::ConvolutionPair& pair : pairs)
        map = convolve(map, pair, true);
    return map;
}

// The heads' outputs for strides 8, 16 and 32.
inline std::vector<Map> run_network(const cv::yunet::Network& network, const cv::yunet::ImageView& image)
{
    Map map = pool(convolve_all(convolve_first(padded(image), network.first), network.stem));
    map = convolve_all(map, network.stage4);
    std::vector<Map> stages;
    for (const auto& pairs : network.stages)
    {
        map = convolve_all(pool(map), pairs);
        stages.push_back(map);
    }
    std::vector<Map> heads(stages.size(), Map(0, 0, 0));
    for (size_t level = stages.size(); level-- > 0;)
    {
        if (level + 1 < stages.size())
            map = sum(stages[level], map);
        map = convolve(map, network.laterals[level], true);
        const cv::yunet::ConvolutionPair& shared = network.shared[level];
        heads[level] = convolve(shared.outputs ? convolve(map, shared, true) : map, network.heads[level], false);
    }
    return heads;
}

}  // namespace conformance
