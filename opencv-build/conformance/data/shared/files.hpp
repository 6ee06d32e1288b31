// Files as bytes.
#pragma once

#include <cstdint>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

namespace conformance {

typedef std::vector<uint8_t> Bytes;

inline Bytes read_file(const std::string& path)
{
    std::ifstream from(path, std::ios::binary);
    const Bytes bytes((std::istreambuf_iterator<char>(from)), std::istreambuf_iterator<char>());
    if (bytes.empty())
        throw std::runtime_error("`" + path + "` is missing or empty");
    return bytes;
}

}  // namespace conformance
