// Tests the readers of model files without OpenCV, for a compiler's sanitizers: damaged files are refused with a
// reason, or give a network that runs.
//
//   damaged_models FOLDER SEED COUNT
//
// FOLDER is the SDK's folder of YuNet models. Prints a summary, or what is wrong.
#include <cctype>
#include <cstring>
#include <iostream>

#include "faces.hpp"
#include "damaged_header.hpp"
#include "inference.hpp"
#include "onnx/network_reader.hpp"
#include "onnx_files.hpp"
#include "sanitized.hpp"
#include "test_network.hpp"

// Includes the source of the reader, because damaged files need its header.
#include "packed_network.cpp"

using namespace conformance;

namespace {

struct Tally
{
    long refused = 0, accepted = 0;
};

// Runs a network on a small image. Weights may be anything finite.
void run(const cv::yunet::Network& network)
{
    const size_t side = 40;
    const TestImage image(side, side, 3 * side, Bytes(3 * side * side, 77));
    cv::yunet::Inference inference(network);
    const cv::yunet::FeatureMap* heads =
        inference.run(image.view, 1, parallel_for_threads(1), cv::detection::StopCallback());
    const cv::detection::StopCallback never = {};
    cv::yunet::suppressOverlapping(cv::yunet::decodeFaces(heads, 0.1f, never), 0.1f, 0.3f, 100, never);
}

// Returns the reason, or NULL if the bytes are accepted.
const char* open_packed(const Bytes& bytes, Tally& tally)
{
    const ExactBuffer<uint8_t> exact(bytes);
    cv::yunet::Network network;
    const char* const reason = cv::yunet::openPackedNetwork(exact.items.get(), exact.length, network);
    (reason ? tally.refused : tally.accepted)++;
    if (reason == nullptr)
        run(network);
    else if (*reason == '\0')
        throw std::runtime_error("a damaged packed network is refused without a reason");
    return reason;
}

bool open_onnx(const Bytes& bytes, Tally& tally)
{
    const ExactBuffer<uint8_t> exact(bytes);
    cv::yunet::OwnedNetwork owned;
    std::string reason;
    const bool accepted = cv::yunet::readOnnxNetwork(exact.items.get(), exact.length, owned, reason);
    (accepted ? tally.accepted : tally.refused)++;
    if (accepted)
        run(TestNetwork(owned.network, owned.weights).network);
    else if (reason.empty())
        throw std::runtime_error("a damaged ONNX file is refused without a reason");
    return accepted;
}

void require(bool condition, const std::string& problem)
{
    if (!condition)
        throw std::runtime_error(problem);
}

size_t position(Random& random, size_t length) { return static_cast<size_t>(random.below(static_cast<int>(length))); }

void flip(Random& random, uint8_t& byte)
{
    byte = static_cast<uint8_t>(random.chance(0.5) ? byte ^ (1 << random.below(8)) : random.below(256));
}

Bytes truncated(const Bytes& from, size_t length)
{
    return Bytes(from.begin(), from.begin() + static_cast<long>(length));
}

void test_packed(Random& random, const Bytes& good, int count, Tally& tally)
{
    if (const char* const reason = open_packed(good, tally))
        throw std::runtime_error(std::string("an undamaged packed network is refused: ") + reason);
    for (size_t length = 0; length < good.size(); length += length < 600 ? 1 : 1 + position(random, 1000))
        require(open_packed(truncated(good, length), tally) != nullptr, "a truncated packed network is accepted");
    for (int i = 0; i < count; i++)
    {
        Bytes bad = good;
        const size_t at = position(random, bad.size());
        bad[at] = static_cast<uint8_t>(bad[at] ^ (1 << random.below(8)));
        require(open_packed(bad, tally) != nullptr, "a packed network with a changed bit is accepted");
    }
    for (int i = 0; i < count; i++)
    {
        Bytes bad = good;
        for (int flips = random.between(1, 6); flips > 0; flips--)
            flip(random, bad[position(random, random.chance(0.7) ? sizeof(cv::yunet::NetworkHeader) : bad.size())]);
        if (random.chance(0.2))
            bad.resize(position(random, 2 * bad.size()));
        correct_header(bad);
        open_packed(bad, tally);
    }
}

// Positions next to text are numbers and lengths of the graph; most of the file are weights.
std::vector<size_t> positions_near_text(const Bytes& bytes)
{
    std::vector<size_t> positions;
    for (size_t i = 0; i + 4 < bytes.size(); i++)
    {
        bool text = true;
        for (size_t j = i; j < i + 4; j++)
            text = text && (std::isalnum(bytes[j]) != 0 || bytes[j] == '_');
        for (size_t j = i < 12 ? 0 : i - 12; text && j < std::min(i + 16, bytes.size()); j++)
            if (positions.empty() || positions.back() < j)
                positions.push_back(j);
    }
    return positions;
}

void test_onnx(Random& random, const Bytes& good, int count, Tally& tally)
{
    require(open_onnx(good, tally), "the undamaged ONNX file is refused");
    const std::vector<size_t> positions = positions_near_text(good);
    for (int i = 0; i < count; i++)
        require(!open_onnx(truncated(good, position(random, good.size())), tally), "a truncated ONNX file is accepted");
    for (int i = 0; i < 4 * count; i++)
    {
        Bytes bad = good;
        for (int flips = random.between(1, 4); flips > 0; flips--)
            flip(
                random,
                bad[random.chance(0.9) ? positions[position(random, positions.size())] : position(random, bad.size())]);
        if (random.chance(0.2))
        {
            // Removes or repeats a part.
            const size_t at = positions[position(random, positions.size())];
            const long from = static_cast<long>(at),
                       to = static_cast<long>(std::min(at + position(random, 300), bad.size()));
            if (random.chance(0.5))
                bad.erase(bad.begin() + from, bad.begin() + to);
            else
                bad.insert(bad.begin() + to, good.begin() + from, good.begin() + to);
        }
        open_onnx(bad, tally);
    }
}

}  // namespace

int main(int count, char** arguments)
{
    if (count != 4)
        return 2;
    try
    {
        const std::string models = std::string(arguments[1]) + "/face_detection_yunet";
        Random random(std::stoull(arguments[2]), 0);
        const int attempts = std::stoi(arguments[3]);
        Tally packed, onnx;
        test_packed(random, read_file(models + ".packed"), attempts, packed);
        const Bytes random_model = cv::yunet::packNetwork(random_network(random)->network);
        test_packed(random, random_model, attempts, packed);
        test_onnx(random, read_file(models + ".onnx"), attempts, onnx);
        // Other encodings than that of the SDK's file.
        for (int i = 0; i < 4; i++)
            test_onnx(random, random_onnx_file(random).bytes, attempts / 4, onnx);
        std::cout << "{\"packed_refused\":" << packed.refused << ",\"packed_accepted\":" << packed.accepted
                  << ",\"onnx_refused\":" << onnx.refused << ",\"onnx_accepted\":" << onnx.accepted << "}" << std::endl;
    }
    catch (const std::exception& error)
    {
        std::cout << error.what() << std::endl;
        return 1;
    }
    return 0;
}
