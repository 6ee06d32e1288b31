// Writes a packed network from an ONNX file. Compiled with the detector's own files, so that the format written is the
// format read.
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

#include "onnx/network_reader.hpp"
#include "packed_network.hpp"

using namespace cv::yunet;

static std::vector<uint8_t> readFile(const std::string& path)
{
    std::FILE* file = std::fopen(path.c_str(), "rb");
    if (!file)
        throw std::runtime_error("failed to open `" + path + "`");
    std::vector<uint8_t> bytes;
    uint8_t buffer[65536];
    while (const size_t count = std::fread(buffer, 1, sizeof buffer, file))
        bytes.insert(bytes.end(), buffer, buffer + count);
    const bool failed = std::ferror(file) != 0;
    std::fclose(file);
    if (failed)
        throw std::runtime_error("failed to read `" + path + "`");
    return bytes;
}

static void writeFile(const std::string& path, const std::vector<uint8_t>& bytes)
{
    std::FILE* file = std::fopen(path.c_str(), "wb");
    if (!file)
        throw std::runtime_error("failed to create `" + path + "`");
    const bool written = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
    if (std::fclose(file) != 0 || !written)
        throw std::runtime_error("failed to write `" + path + "`");
}

// usage: pack INPUT.onnx OUTPUT.packed
int main(int count, char** arguments)
{
    try
    {
        if (count != 3)
            throw std::runtime_error("usage: pack INPUT.onnx OUTPUT.packed");
        const std::string input = arguments[1], output = arguments[2];
        const std::vector<uint8_t> onnx = readFile(input);
        OwnedNetwork owned;
        std::string reason;
        if (!readOnnxNetwork(onnx.data(), onnx.size(), owned, reason))
            throw std::runtime_error("failed to pack `" + input + "`: " + reason);
        const std::vector<uint8_t> packed = packNetwork(owned.network);
        // A vector's buffer is aligned as a packed network must be.
        Network network;
        if (const char* wrong = openPackedNetwork(packed.data(), packed.size(), network))
            throw std::runtime_error("failed to open what was packed from `" + input + "`: " + wrong);
        writeFile(output, packed);
        return 0;
    }
    catch (const std::exception& error)
    {
        std::printf("%s\n", error.what());
        return 1;
    }
}
