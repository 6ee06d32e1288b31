// Tests the reader of ONNX files without OpenCV, for a compiler's sanitizers: random networks in the forms that exports
// have are read and run as the reference does; graphs of other networks are refused with the exact reason.
//
//   onnx_variants SEED FIRST COUNT
//
// Prints a summary, or what differs.
#include <iostream>

#include "heads.hpp"
#include "onnx/network_reader.hpp"
#include "onnx_files.hpp"
#include "onnx_refusals.hpp"
#include "random_cases.hpp"

using namespace conformance;

namespace {

// Returns the reason of a refusal, or an empty string.
std::string read(const Bytes& bytes, cv::yunet::OwnedNetwork& owned)
{
    const ExactBuffer<uint8_t> file(bytes);
    std::string reason;
    if (cv::yunet::readOnnxNetwork(file.items.get(), file.length, owned, reason))
        return "";
    return reason.empty() ? "refused without a reason" : reason;
}

std::string try_file(uint64_t seed, uint64_t number)
{
    Random random(seed, number);
    const OnnxFile file = random_onnx_file(random);
    cv::yunet::OwnedNetwork owned;
    const std::string reason = read(file.bytes, owned);
    if (!reason.empty())
        return "the file is refused: " + reason;
    if (owned.weights != cv::yunet::collectWeights(file.network->network))
        return "other weights are read";
    const int width = random.between(1, 40), height = random.between(1, 40);
    Bytes pixels(static_cast<size_t>(3 * width * height));
    for (uint8_t& pixel : pixels)
        pixel = static_cast<uint8_t>(random.below(256));
    const TestImage image(width, height, static_cast<size_t>(3 * width), pixels);
    const TestNetwork network(owned.network, owned.weights);
    cv::yunet::Inference inference(network.network);
    return difference(run_network(file.network->network, image.view), run_heads(inference, image.view, 1));
}

// The number of wrong answers.
int try_refusals(Random& random, const std::vector<OnnxRefusal>& refusals)
{
    int failures = 0;
    for (const OnnxRefusal& refusal : refusals)
    {
        cv::yunet::OwnedNetwork owned;
        const std::string reason = read(write_onnx(refusal.graph, random_encoding(random, AsymmetricResize)), owned);
        if (reason == refusal.reason)
            continue;
        failures++;
        std::cout << (reason.empty() ? "accepted" : "refused because " + reason) << "\n  instead of refused because "
                  << refusal.reason << std::endl;
    }
    return failures;
}

}  // namespace

int main(int count, char** arguments)
{
    if (count != 4)
        return 2;
    const CaseRange range = case_range(arguments + 1);
    try
    {
        Random random(range.seed, range.first);
        const std::vector<OnnxRefusal> refusals = onnx_refusals(random);
        int failures = try_refusals(random, refusals);
        if (failures > 0)
            std::cout << "repeat: onnx_variants " << range.seed << " " << range.first << " 0" << std::endl;
        failures += run_cases(range, "onnx_variants", [&](uint64_t number) { return try_file(range.seed, number); });
        if (failures == 0)
            std::cout << "{\"read\":" << range.count << ",\"refused\":" << refusals.size() << "}" << std::endl;
        return failures == 0 ? 0 : 1;
    }
    catch (const std::exception& error)
    {
        std::cout << error.what() << std::endl;
        return 1;
    }
}
