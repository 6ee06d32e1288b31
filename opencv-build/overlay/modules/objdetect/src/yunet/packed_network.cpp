// Writes and reads packed networks.
#include "packed_network.hpp"

#include <cstring>

#include "network_arrays.hpp"
#include "../shared/packed_header.hpp"

namespace cv { namespace yunet {

namespace {

const char MAGIC[8] = {'Y', 'U', 'N', 'E', 'T', 'N', 'E', '\n'};
const uint32_t VERSION = 1;

struct NetworkHeader
{
    detection::PackedHeader common;
    uint32_t widths[WidthCount];
};

}  // namespace

std::vector<uint8_t> packNetwork(const Network& network)
{
    const std::vector<float> weights = collectWeights(network);
    const size_t weight_bytes = weights.size() * sizeof(float);
    std::vector<uint8_t> bytes(sizeof(NetworkHeader) + weight_bytes);
    NetworkHeader header;
    header.common = detection::newHeader(MAGIC, VERSION);
    getWidths(network, header.widths);
    std::memcpy(bytes.data(), &header, sizeof header);
    std::memcpy(bytes.data() + sizeof header, weights.data(), weight_bytes);
    detection::sealPacked(bytes);
    return bytes;
}

bool isPackedNetwork(const uint8_t* bytes, size_t length) { return detection::hasMagic(bytes, length, MAGIC); }

const char* openPackedNetwork(const uint8_t* bytes, size_t length, Network& network)
{
    if (!isPackedNetwork(bytes, length))
        return "it is not a packed network";
    NetworkHeader header;
    if (const char* reason = detection::readPackedHeader(bytes, length, VERSION, header))
        return reason;
    if (const char* reason = setWidths(header.widths, network))
        return reason;
    const size_t count = countWeights(network);
    if (length - sizeof header != count * sizeof(float))
        return "its widths do not match its length";
    const float* weights = reinterpret_cast<const float*>(bytes + sizeof header);
    if (!areFinite(weights, count))
        return "it has weights that are infinite or not numbers";
    placeArrays(weights, network);
    return NULL;
}

}}  // namespace cv::yunet
