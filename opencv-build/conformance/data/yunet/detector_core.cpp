// Tests the detector's own files without OpenCV, for a compiler's sanitizers: random networks and images against the
// reference, faces with any values, and cancellation.
//
//   detector_core MODEL SEED FIRST COUNT
//
// MODEL is the SDK's ONNX file. Prints a summary, or what differs.
#include <cstring>
#include <iostream>
#include <limits>
#include <sstream>

#include "call_counter.hpp"
#include "faces.hpp"
#include "heads.hpp"
#include "inference.hpp"
#include "onnx/network_reader.hpp"
#include "random_cases.hpp"
#include "reference.hpp"
#include "sanitized.hpp"
#include "test_network.hpp"

using namespace conformance;
using cv::yunet::Face;
using cv::yunet::FeatureMap;
using cv::yunet::Inference;

namespace {

struct Tally
{
    long cases = 0, candidates = 0, faces = 0;
};

std::string try_suppression(Random& random, std::vector<Face> faces)
{
    const float special[] = {std::numeric_limits<float>::infinity(),
                             -std::numeric_limits<float>::infinity(),
                             std::numeric_limits<float>::quiet_NaN(),
                             3e38f,
                             -3e38f,
                             1e10f,
                             0,
                             -0.0f};
    if (random.chance(0.5))
        for (int count = random.between(1, 20); count > 0 && !faces.empty(); count--)
        {
            Face& face = faces[static_cast<size_t>(random.below(static_cast<int>(faces.size())))];
            float* const fields[] = {&face.x, &face.y, &face.width, &face.height, &face.score};
            *fields[random.below(5)] = special[random.below(8)];
        }
    const float score = static_cast<float>(random.between(0.0, 0.9)), nms = static_cast<float>(random.real());
    const int top_k = random.between(-1, 40);
    const std::vector<Face> kept =
        cv::yunet::suppressOverlapping(faces, score, nms, top_k, cv::detection::StopCallback());
    if (kept.size() > faces.size() || (top_k > 0 && faces.size() > 1 && kept.size() > static_cast<size_t>(top_k)))
        return "suppression keeps too many faces";
    for (size_t i = 1; i < kept.size(); i++)
        if (!(kept[i].score <= kept[i - 1].score))
            return "suppression does not sort faces by score";
    return "";
}

std::string try_faces(Random& random, const FeatureMap* heads, Tally& tally)
{
    const float threshold = static_cast<float>(random.between(0.1, 0.9));
    const std::vector<Face> faces = cv::yunet::decodeFaces(heads, threshold, cv::detection::StopCallback());
    tally.candidates += static_cast<long>(faces.size());
    for (const Face& face : faces)
        if (!(face.score >= threshold && face.score <= 1))
            return "a face has a wrong score";
    const std::vector<Face> kept =
        cv::yunet::suppressOverlapping(faces, threshold, 0.3f, 5000, cv::detection::StopCallback());
    tally.faces += static_cast<long>(kept.size());
    return try_suppression(random, faces);
}

// The network in the same inference object repeatedly, from several threads, and with another image in between.
std::string try_network(Random& random, const TestNetwork& network, Tally& tally)
{
    const std::unique_ptr<TestImage> image = random_image(random), other = random_image(random);
    const std::vector<Map> expected = run_network(network.network, image->view);
    Inference inference(network.network);
    std::string wrong = difference(expected, run_heads(inference, image->view, 1));
    const std::vector<float> one_thread = run_heads(inference, image->view, 1);
    for (const int threads : {2, 3, 4})
    {
        run_heads(inference, other->view, threads);
        const std::vector<float> found = run_heads(inference, image->view, threads);
        if (found.size() != one_thread.size() ||
            std::memcmp(found.data(), one_thread.data(), found.size() * sizeof(float)) != 0)
            wrong += " with " + std::to_string(threads) + " threads the result differs";
    }
    const int threads = random.between(1, 4);
    CallCounter all(std::numeric_limits<long>::max());
    inference.run(image->view, threads, parallel_for_threads(threads), {CallCounter::should_stop, &all});
    CallCounter soon(all.calls / 3);
    inference.run(image->view, threads, parallel_for_threads(threads), {CallCounter::should_stop, &soon});
    if (soon.calls >= all.calls)
        wrong += " a stopped detection does as much work as a complete one";
    const FeatureMap* heads =
        inference.run(image->view, threads, parallel_for_threads(threads), cv::detection::StopCallback());
    if (wrong.empty())
        wrong = try_faces(random, heads, tally);
    if (wrong.empty())
        return "";
    std::ostringstream text;
    text << image->view.width << "x" << image->view.height << " pixels: " << wrong;
    return text.str();
}

// Faces beside each other: each is compared with all before it.
std::string try_stopped_suppression()
{
    std::vector<Face> faces(2000, Face());
    for (size_t i = 0; i < faces.size(); i++)
    {
        faces[i].x = 30 * static_cast<float>(i);
        faces[i].width = faces[i].height = 20;
        faces[i].score = 0.9f;
    }
    CallCounter stop(0);
    const std::vector<Face> kept =
        cv::yunet::suppressOverlapping(faces, 0.3f, 0.3f, 0, {CallCounter::should_stop, &stop});
    if (stop.calls != 1 || kept.size() >= faces.size() / 2)
        return "suppression does not stop when it is requested";
    return "";
}

std::string try_case(const TestNetwork& trained, uint64_t seed, uint64_t number, Tally& tally)
{
    Random random(seed, number);
    tally.cases++;
    if (random.chance(0.6))
        return try_network(random, trained, tally);
    return try_network(random, *random_network(random), tally);
}

}  // namespace

int main(int count, char** arguments)
{
    if (count != 5)
        return 2;
    const CaseRange range = case_range(arguments + 2);
    int failures = 0;
    try
    {
        const Bytes bytes = read_file(arguments[1]);
        cv::yunet::OwnedNetwork owned;
        std::string reason;
        if (!cv::yunet::readOnnxNetwork(bytes.data(), bytes.size(), owned, reason))
            throw std::runtime_error("the model is refused: " + reason);
        const TestNetwork trained(owned.network, owned.weights);
        const std::string wrong = try_stopped_suppression();
        if (!wrong.empty())
            throw std::runtime_error(wrong);
        Tally tally;
        failures = run_cases(range, "detector_core MODEL",
                             [&](uint64_t number) { return try_case(trained, range.seed, number, tally); });
        std::cout << "{\"cases\":" << tally.cases << ",\"candidates\":" << tally.candidates
                  << ",\"faces\":" << tally.faces << "}" << std::endl;
    }
    catch (const std::exception& error)
    {
        std::cout << error.what() << std::endl;
        failures++;
    }
    return failures == 0 ? 0 : 1;
}
