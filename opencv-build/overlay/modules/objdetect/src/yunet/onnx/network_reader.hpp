// Reads a network of the YuNet family from an ONNX file.
//
// The graph must have the topology of `network.hpp`, as exports of yunet_n and yunet_s with static or dynamic shapes
// have, among them OpenCV Zoo's face_detection_yunet_2023mar.onnx. Its widths are free up to `MaxChannels`.
#ifndef OPENCV_OBJDETECT_YUNET_ONNX_NETWORK_READER_HPP
#define OPENCV_OBJDETECT_YUNET_ONNX_NETWORK_READER_HPP

#include <cstddef>
#include <cstdint>
#include <string>

#include "../network_arrays.hpp"

namespace cv { namespace yunet {

// Returns whether the file has been read. Otherwise `reason` is the first thing that does not fit, by name, as the rest
// of a sentence that begins with the name of the file: "it has no output `cls_8`".
bool readOnnxNetwork(const uint8_t* bytes, size_t length, OwnedNetwork& network, std::string& reason);

}}  // namespace cv::yunet

#endif
