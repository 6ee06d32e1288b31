// A message in the wire format of protocol buffers, field by field, within the bounds of its bytes.
// The format: https://protobuf.dev/programming-guides/encoding/
#ifndef OPENCV_OBJDETECT_YUNET_ONNX_PROTOBUF_MESSAGE_HPP
#define OPENCV_OBJDETECT_YUNET_ONNX_PROTOBUF_MESSAGE_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace cv { namespace yunet {

// After an error, `next` returns false, and `error` says what is wrong, as the rest of a sentence about the message.
class ProtobufMessage
{
public:
    ProtobufMessage(const uint8_t* bytes, size_t length) : at_(bytes), end_(bytes + length) {}

    // Reads the next field. Returns false at the end of the message and at an error.
    bool next();

    // NULL if there is none.
    const char* error() const { return error_; }

    // The number of the field that was read.
    uint64_t number() const { return number_; }

    // The value of the field. A field of another wire type is an error.
    int64_t integer();
    std::string text();
    ProtobufMessage message();

    // Appends the values of a repeated field, which are packed into one field or are a field each.
    void appendIntegers(std::vector<int64_t>& integers);
    void appendFloats(std::vector<float>& floats);

    // Appends the rest of the message, which consists of numbers without fields.
    void appendRest(std::vector<int64_t>& integers);
    void appendRest(std::vector<float>& floats);

private:
    enum { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };

    bool fail(const char* error);
    bool isOfType(int wire_type);
    uint64_t readVarint();
    void take(uint64_t length);
    template <typename T> void appendNumbers(std::vector<T>& numbers);

    const uint8_t *at_, *end_;
    const char* error_ = NULL;
    uint64_t number_ = 0, value_ = 0;
    int wire_type_ = Varint;
    const uint8_t* content_ = NULL;
    size_t content_length_ = 0;
};

}}  // namespace cv::yunet

#endif
