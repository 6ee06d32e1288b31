// Writes and reads packed networks.
#include "packed_network.hpp"

#include <cstring>

#include "network_arrays.hpp"
#include "../shared/checksum.hpp"

namespace cv { namespace yunet {

namespace {

const char MAGIC[8] = {'Y', 'U', 'N', 'E', 'T', 'N', 'E', '\n'};
const uint32_t VERSION = 1;

struct PackedHeader
{
    char magic[8];
    uint32_t version, length, checksum[2];
    uint32_t widths[WidthCount];
};

const size_t CHECKSUMMED_FROM = offsetof(PackedHeader, widths);

}  // namespace

std::vector<uint8_t> packNetwork(const Network& network)
{
    const std::vector<float> weights = collectWeights(network);
    const size_t weight_bytes = weights.size() * sizeof(float);
    std::vector<uint8_t> bytes(sizeof(PackedHeader) + weight_bytes);
    PackedHeader header = {};
    std::memcpy(header.magic, MAGIC, sizeof MAGIC);
    header.version = VERSION;
    header.length = uint32_t(bytes.size());
    getWidths(network, header.widths);
    std::memcpy(bytes.data(), &header, sizeof header);
    std::memcpy(bytes.data() + sizeof header, weights.data(), weight_bytes);
    detection::checksum(&bytes[CHECKSUMMED_FROM], bytes.size() - CHECKSUMMED_FROM, header.checksum);
    std::memcpy(bytes.data(), &header, sizeof header);
    return bytes;
}

bool isPackedNetwork(const uint8_t* bytes, size_t length)
{
    return length >= sizeof MAGIC && std::memcmp(bytes, MAGIC, sizeof MAGIC) == 0;
}

const char* openPackedNetwork(const uint8_t* bytes, size_t length, Network& network)
{
    if (!isPackedNetwork(bytes, length))
        return "it is not a packed network";
    PackedHeader header;
    if (length < sizeof header)
        return "it is truncated";
    std::memcpy(&header, bytes, sizeof header);
    if (header.version != VERSION)
        return "it is a packed network of an unsupported version";
    if (header.length != length)
        return "it is truncated or has trailing bytes";
    uint32_t expected[2];
    detection::checksum(bytes + CHECKSUMMED_FROM, length - CHECKSUMMED_FROM, expected);
    if (expected[0] != header.checksum[0] || expected[1] != header.checksum[1])
        return "its checksum does not match";
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
