// Decodes fields and numbers.
#include "protobuf_message.hpp"

#include <cstring>

namespace cv { namespace yunet {

bool ProtobufMessage::next()
{
    if (error_ || at_ == end_)
        return false;
    const uint64_t tag = readVarint();
    wire_type_ = int(tag & 7);
    number_ = tag >> 3;
    if (number_ == 0 || tag > UINT32_MAX)
        return fail("has a field with an invalid number");
    switch (wire_type_)
    {
    case Varint: value_ = readVarint(); break;
    case Fixed64: take(8); break;
    case Bytes: take(readVarint()); break;
    case Fixed32: take(4); break;
    default: return fail("has a field of an unsupported wire type");
    }
    return !error_;
}

int64_t ProtobufMessage::integer() { return isOfType(Varint) ? int64_t(value_) : 0; }

std::string ProtobufMessage::text()
{
    return isOfType(Bytes) ? std::string(reinterpret_cast<const char*>(content_), content_length_) : std::string();
}

ProtobufMessage ProtobufMessage::message()
{
    return isOfType(Bytes) ? ProtobufMessage(content_, content_length_) : ProtobufMessage(end_, 0);
}

void ProtobufMessage::appendIntegers(std::vector<int64_t>& integers)
{
    if (wire_type_ == Varint)
        return integers.push_back(integer());
    ProtobufMessage packed = message();
    while (!packed.error_ && packed.at_ != packed.end_)
        integers.push_back(int64_t(packed.readVarint()));
    if (packed.error_)
        fail(packed.error_);
}

void ProtobufMessage::appendFloats(std::vector<float>& floats)
{
    ProtobufMessage packed = wire_type_ == Fixed32 ? ProtobufMessage(content_, content_length_) : message();
    packed.appendRest(floats);
    if (packed.error_)
        fail(packed.error_);
}

void ProtobufMessage::appendRest(std::vector<int64_t>& integers) { appendNumbers(integers); }

void ProtobufMessage::appendRest(std::vector<float>& floats) { appendNumbers(floats); }

template <typename T> void ProtobufMessage::appendNumbers(std::vector<T>& numbers)
{
    const size_t bytes = size_t(end_ - at_), count = numbers.size();
    if (bytes % sizeof(T) != 0)
        return void(fail("ends within a number"));
    numbers.resize(count + bytes / sizeof(T));
    if (bytes)
        std::memcpy(numbers.data() + count, at_, bytes);
    at_ = end_;
}

bool ProtobufMessage::fail(const char* error)
{
    if (!error_)
        error_ = error;
    return false;
}

bool ProtobufMessage::isOfType(int wire_type)
{
    return wire_type_ == wire_type || fail("has a field of an unexpected type");
}

uint64_t ProtobufMessage::readVarint()
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7)
    {
        if (at_ == end_)
            return fail("ends within a number");
        const uint8_t byte = *at_++;
        // The tenth byte has the highest bit.
        if (shift == 63 && byte > 1)
            break;
        value |= uint64_t(byte & 0x7F) << shift;
        if (byte < 0x80)
            return value;
    }
    return fail("has a number of more than 64 bits");
}

void ProtobufMessage::take(uint64_t length)
{
    if (error_ || length > uint64_t(end_ - at_))
        return void(fail("ends within a field"));
    content_ = at_;
    content_length_ = size_t(length);
    at_ += content_length_;
}

}}  // namespace cv::yunet
