// The forms that ONNX files of one network have: exporters differ in operators, attributes and encoding.
#pragma once

#include <cstdint>

#include "network.hpp"
#include "random.hpp"

namespace conformance {

enum ResizeForm {
    AsymmetricResize,
    HalfPixelResize,         // the defaults of `Resize`; the same pixels
    PytorchHalfPixelResize,  // the same pixels
    ResizeOfOpset10,
    UpsampleOfOpset9,
    ResizeFormCount
};

struct GraphForm
{
    bool shared[cv::yunet::LevelCount];  // files have all or none
    bool dynamic;                        // the graph computes the shapes of its outputs
    bool states_defaults;                // attributes with the standard's default values are written
    bool sigmoid_first;                  // before `Transpose` and `Reshape`, not after them
    bool omits_biases;                   // some convolutions have none
    ResizeForm resize;
};

// What the file format leaves to the writer.
struct OnnxEncoding
{
    bool raw;        // numbers of tensors are in `raw_data`, not in `float_data` and `int64_data`
    bool packed;     // repeated numbers share a field
    bool constants;  // tensors are `Constant` nodes, not initializers
    bool domain;     // ONNX's own operators name their domain
    int64_t opset;
};

inline GraphForm random_form(Random& random)
{
    GraphForm form;
    form.shared[0] = form.shared[1] = form.shared[2] = random.chance(0.5);
    form.dynamic = random.chance(0.5);
    form.states_defaults = random.chance(0.5);
    form.sigmoid_first = random.chance(0.5);
    form.omits_biases = random.chance(0.5);
    form.resize = static_cast<ResizeForm>(random.below(ResizeFormCount));
    return form;
}

inline OnnxEncoding random_encoding(Random& random, ResizeForm resize)
{
    OnnxEncoding encoding;
    encoding.raw = random.chance(0.5);
    encoding.packed = random.chance(0.5);
    encoding.constants = random.chance(0.5);
    encoding.domain = random.chance(0.5);
    encoding.opset = resize == UpsampleOfOpset9 ? 9 : resize == ResizeOfOpset10 ? 10 : 13;
    return encoding;
}

}  // namespace conformance
