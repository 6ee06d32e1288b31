// Makes a packed cascade of the numbers on its input, in the order in which `src/cascades.rs` writes them. Compiled with
// the detector's own files, so that what is packed is what is read.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "packed.hpp"

using namespace cv::haar;

static long long next(long long least, long long most) {
    long long number;
    if (std::scanf("%lld", &number) != 1) throw std::runtime_error("a number is missing");
    if (number < least || number > most)
        throw std::runtime_error("the number " + std::to_string(number) + " is not from " + std::to_string(least) + " to " +
                                 std::to_string(most));
    return number;
}

static float fraction() {
    const uint32_t bits = uint32_t(next(0, 0xFFFFFFFFLL));
    float number;
    std::memcpy(&number, &bits, sizeof number);
    return number;
}

static Description read() {
    Description cascade;
    cascade.width = int(next(3, 255));
    cascade.height = int(next(3, 255));
    cascade.stages.resize(size_t(next(1, 10000)));
    for (PackedStage& stage : cascade.stages) {
        stage.threshold = fraction();
        stage.trees = uint32_t(next(1, 100000));
        for (uint32_t tree = 0; tree < stage.trees; tree++) {
            const int nodes = int(next(1, 127));
            cascade.trees.push_back(uint8_t(nodes));
            for (int i = 0; i < nodes; i++) {
                PackedNode node;
                node.left = int8_t(next(-127, 127));
                node.right = int8_t(next(-127, 127));
                node.feature = uint16_t(next(0, 65535));
                node.threshold = fraction();
                cascade.nodes.push_back(node);
            }
            for (int i = 0; i <= nodes; i++) cascade.leaves.push_back(fraction());
        }
    }
    cascade.features.resize(size_t(next(1, 65536)));
    for (PackedFeature& feature : cascade.features) {
        feature.tilted = uint8_t(next(0, 1));
        for (int i = 0; i < 3; i++) {
            for (uint8_t& side : feature.box[i]) side = uint8_t(next(0, 255));
            feature.weight[i] = int8_t(next(-127, 127));
        }
    }
    return cascade;
}

// pack FILE models|plain
int main(int count, char** arguments) {
    try {
        if (count != 3) throw std::runtime_error("usage: pack FILE models|plain");
        const char* why = NULL;
        const bool models = std::strcmp(arguments[2], "models") == 0;
        const std::vector<uint8_t> bytes = pack(read(), models, &why);
        // Packed bytes begin where memory does, which is aligned.
        Packed packed;
        if (const char* wrong = open(bytes.data(), bytes.size(), packed)) throw std::runtime_error(wrong);
        std::FILE* file = std::fopen(arguments[1], "wb");
        if (!file || std::fwrite(bytes.data(), 1, bytes.size(), file) != bytes.size() || std::fclose(file) != 0)
            throw std::runtime_error("the file cannot be written");
        if (why)
            std::printf("OpenCV's own code detects by it: %s\n", why);
        else
            std::printf("the fast detector takes it\n");
        return 0;
    } catch (const std::exception& error) {
        std::printf("%s\n", error.what());
        return 1;
    }
}
