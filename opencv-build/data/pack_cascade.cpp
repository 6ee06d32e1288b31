// Writes a packed cascade from the numbers on standard input, in the order in which `src/cascade_xml.rs` writes them.
// Compiled with the detector's own files, so that the format written is the format read.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "packed_cascade.hpp"

using namespace cv::haar;

static long long readInteger(long long min, long long max)
{
    long long number;
    if (std::scanf("%lld", &number) != 1)
        throw std::runtime_error("a number is missing");
    if (number < min || number > max)
        throw std::runtime_error("the number " + std::to_string(number) + " is not from " + std::to_string(min) +
                                 " to " + std::to_string(max));
    return number;
}

static float readFloat()
{
    const uint32_t bits = uint32_t(readInteger(0, 0xFFFFFFFFLL));
    float number;
    std::memcpy(&number, &bits, sizeof number);
    return number;
}

static CascadeDescription readDescription()
{
    CascadeDescription cascade;
    cascade.width = int(readInteger(3, 255));
    cascade.height = int(readInteger(3, 255));
    cascade.stages.resize(size_t(readInteger(1, 10000)));
    for (PackedStage& stage : cascade.stages)
    {
        stage.threshold = readFloat();
        stage.tree_count = uint32_t(readInteger(1, 100000));
        for (uint32_t tree = 0; tree < stage.tree_count; tree++)
        {
            const int nodes = int(readInteger(1, 127));
            cascade.tree_sizes.push_back(uint8_t(nodes));
            for (int i = 0; i < nodes; i++)
            {
                PackedNode node;
                node.left = int8_t(readInteger(-127, 127));
                node.right = int8_t(readInteger(-127, 127));
                node.feature = uint16_t(readInteger(0, 65535));
                node.threshold = readFloat();
                cascade.nodes.push_back(node);
            }
            for (int i = 0; i <= nodes; i++)
                cascade.leaves.push_back(readFloat());
        }
    }
    cascade.features.resize(size_t(readInteger(1, 65536)));
    for (PackedFeature& feature : cascade.features)
    {
        feature.tilted = uint8_t(readInteger(0, 1));
        for (int i = 0; i < 3; i++)
        {
            for (uint8_t& side : feature.box[i])
                side = uint8_t(readInteger(0, 255));
            feature.weight[i] = int8_t(readInteger(-127, 127));
        }
    }
    return cascade;
}

// usage: pack FILE with-model|without-model
int main(int count, char** arguments)
{
    try
    {
        if (count != 3)
            throw std::runtime_error("usage: pack FILE with-model|without-model");
        const char* reason = NULL;
        const bool with_model = std::strcmp(arguments[2], "with-model") == 0;
        const std::vector<uint8_t> bytes = packCascade(readDescription(), with_model, &reason);
        // A vector's buffer is aligned as a packed cascade must be.
        PackedCascade packed;
        if (const char* wrong = openPackedCascade(bytes.data(), bytes.size(), packed))
            throw std::runtime_error(wrong);
        std::FILE* file = std::fopen(arguments[1], "wb");
        if (!file || std::fwrite(bytes.data(), 1, bytes.size(), file) != bytes.size() || std::fclose(file) != 0)
            throw std::runtime_error("failed to write the file");
        if (reason)
            std::printf("not supported by the fast detector, OpenCV's own code is used: %s\n", reason);
        else
            std::printf("supported by the fast detector\n");
        return 0;
    }
    catch (const std::exception& error)
    {
        std::printf("%s\n", error.what());
        return 1;
    }
}
