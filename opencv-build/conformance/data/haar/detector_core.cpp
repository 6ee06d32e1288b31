// Tests the detector's own files without OpenCV, for a compiler's sanitizers: random cases against the reference, and
// damaged models.
//
//   detector_core FOLDER SEED FIRST COUNT
//
// FOLDER contains the output of `export_text`. Prints a summary, or what differs.
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <functional>
#include <iostream>
#include <sstream>
#include <thread>

#include "damaged_header.hpp"
#include "random_cases.hpp"
#include "sanitized.hpp"
#include "test_cascade.hpp"
#include "images.hpp"
#include "text_format.hpp"
#include "reference.hpp"

// Includes the source of the packed cascade reader, because damaged cascades need its header.
#include "detect.hpp"
#include "packed_cascade.cpp"

using namespace conformance;

namespace {

// The cascades with trees of one or two nodes, supported by the detector or not.
const char* const trained_names[] = {"frontalface_default",
                                     "frontalface_alt",
                                     "frontalface_alt_tree",
                                     "eye",
                                     "frontalface_alt2",
                                     "profileface",
                                     "frontalcatface",
                                     "fullbody",
                                     "smile",
                                     "upperbody",
                                     "lowerbody",
                                     "russian_plate_number",
                                     "frontalcatface_extended"};

struct TestInputs
{
    std::vector<Cascade> cascades;
    std::vector<Image> photos;
};

TestInputs load(const std::string& folder)
{
    TestInputs inputs;
    for (const char* name : trained_names)
        inputs.cascades.push_back(read_cascade_text(folder + "/haarcascade_" + name + ".txt"));
    for (const char* name : {"lena", "messi5"})
        inputs.photos.push_back(read_pgm(folder + "/" + name + ".pgm"));
    // Only the face.
    inputs.photos.push_back(crop_scaled(inputs.photos[0], 85, 75, 1, 130, 130));
    return inputs;
}

cv::haar::Cascade to_haar_cascade(const Cascade& from)
{
    cv::haar::Cascade cascade;
    cascade.width = from.width;
    cascade.height = from.height;
    for (const Feature& feature : from.features)
    {
        cv::haar::Feature made = {};
        for (size_t i = 0; i < feature.boxes.size(); i++)
        {
            const Box& box = feature.boxes[i];
            made.boxes[i] = {box.x, box.y, box.width, box.height, box.weight};
        }
        made.tilted = feature.tilted;
        cascade.features.push_back(made);
    }
    for (const Stage& stage : from.stages)
        cascade.stages.push_back({stage.first, stage.count, stage.threshold()});
    for (const Stump& stump : from.stumps)
        cascade.stumps.push_back(
            {stump.feature, stump.threshold, stump.left, stump.right, static_cast<cv::haar::ChildSide>(stump.child)});
    return cascade;
}

typedef ExactBuffer<uint8_t> ExactBytes;

std::vector<Candidate> run_detector(cv::haar::MultiScaleDetector& detector, const cv::haar::Model& model,
                                    const ImageView& view, const std::vector<float>& scales, int threads)
{
    const cv::haar::ImageView image = {view.pixels, view.stride, view.width, view.height};
    std::vector<Candidate> candidates;
    const std::vector<cv::haar::PyramidLevel> levels = cv::haar::pyramidLevels(model, image, scales);
    for (const cv::haar::Candidate& candidate :
         detector.detect(image, levels, threads, parallel_for_threads(threads), cv::detection::StopCallback()))
        candidates.push_back({candidate.level, candidate.x, candidate.y});
    return candidates;
}

struct Tally
{
    long cases = 0, rejected = 0, non_empty = 0, candidates = 0;
};

std::string difference(const std::vector<Candidate>& expected, const std::vector<Candidate>& found)
{
    size_t same = 0;
    while (same < expected.size() && same < found.size() && expected[same] == found[same])
        same++;
    if (same == expected.size() && same == found.size())
        return "";
    std::ostringstream text;
    const auto put = [&text](const std::vector<Candidate>& candidates, size_t i) {
        if (i < candidates.size())
            text << candidates[i].scale << ":(" << candidates[i].x << "," << candidates[i].y << ")";
        else
            text << "none";
    };
    text << expected.size() << " windows expected and " << found.size() << " found; number " << same << " is ";
    put(found, same);
    text << " instead of ";
    put(expected, same);
    return text.str();
}

std::string try_case(const TestInputs& inputs, uint64_t seed, uint64_t number, Tally& tally)
{
    Random random(seed, number);
    const int source_kind = random.below(10);
    const Cascade& picked =
        inputs.cascades[static_cast<size_t>(random.below(static_cast<int>(inputs.cascades.size())))];
    const Cascade cascade = source_kind < 5   ? random_cascade(random)
                            : source_kind < 8 ? relaxed(random, picked)
                                              : picked;
    tally.cases++;
    std::vector<uint8_t> block;
    const char* const why = cv::haar::compileModel(to_haar_cascade(cascade), block);
    const Implementation implementation = expected_implementation(cascade);
    if (why != nullptr)
    {
        tally.rejected++;
        if (*why == '\0')
            return cascade.name + " is rejected without a reason";
        return implementation == Implementation::fast ? cascade.name + " should be accepted and is rejected: " + why
                                                      : "";
    }
    if (implementation == Implementation::upstream)
        return cascade.name + " should be rejected and is accepted";
    const ExactBytes bytes(block);
    cv::haar::Model model;
    if (const char* const wrong = cv::haar::openModel(bytes.items.get(), bytes.length, model))
        return cascade.name + " is compiled and then rejected: " + wrong;

    ImageSize size = random_image_size(random, cascade.width, cascade.height);
    // OpenCV itself returns early for images smaller than the window, before it calls the detector.
    size.width = std::max(size.width, cascade.width);
    size.height = std::max(size.height, cascade.height);
    const Image image = random_image(random, inputs.photos, size.width, size.height);
    const size_t stride =
        static_cast<size_t>(size.width) + (random.chance(0.4) ? static_cast<size_t>(random.below(40)) : 0);
    std::vector<uint8_t> rows(stride * static_cast<size_t>(size.height - 1) + static_cast<size_t>(size.width), 77);
    for (int y = 0; y < size.height; y++)
        std::memcpy(&rows[static_cast<size_t>(y) * stride],
                    &image.pixels[static_cast<size_t>(y) * static_cast<size_t>(size.width)],
                    static_cast<size_t>(size.width));
    const ExactBytes pixels(rows);
    const ImageView view = {pixels.items.get(), stride, size.width, size.height};
    const bool large = size.width * size.height > 4000;
    const double factor = random.chance(0.4) ? 1.1 : random.between(large ? 1.1 : 1.01, large ? 3.0 : 1.6);
    const int least = random.chance(0.2) ? random.between(1, 80) : 0,
              most = random.chance(0.2) ? random.between(1, 120) : 0;
    const std::vector<float> scales = select_scales(cascade, size.width, size.height, factor, least, least, most, most);

    const std::vector<Candidate> expected = find_candidates(cascade, view, scales);
    tally.non_empty += !expected.empty();
    tally.candidates += static_cast<long>(expected.size());
    // The same detector repeatedly, and from two threads at once.
    cv::haar::MultiScaleDetector detector(model);
    const int several = random.between(2, 5);
    std::vector<Candidate> concurrent;
    for (const int threads : {1, several, 1})
    {
        std::thread second_thread;
        if (threads > 1)
            second_thread = std::thread([&] { concurrent = run_detector(detector, model, view, scales, 1); });
        const std::vector<Candidate> found = run_detector(detector, model, view, scales, threads);
        if (second_thread.joinable())
            second_thread.join();
        else
            concurrent = found;
        std::string mismatch = difference(expected, found);
        if (mismatch.empty())
            mismatch = difference(expected, concurrent);
        // A smaller image in between.
        const ImageView part = {view.pixels, view.stride, std::max(cascade.width, view.width / 2),
                                std::max(cascade.height, view.height / 3)};
        const std::vector<float> first(1, 1.0f);
        if (mismatch.empty() && threads > 1)
            mismatch =
                difference(find_candidates(cascade, part, first), run_detector(detector, model, part, first, threads));
        if (mismatch.empty())
            continue;
        std::ostringstream text;
        text << cascade.name << " with a window of " << cascade.width << "x" << cascade.height << " in " << size.width
             << "x" << size.height << " pixels, factor " << factor << ", from " << least << " to " << most << ", "
             << threads << " threads: " << mismatch;
        return text.str();
    }
    return "";
}

// Overwrites random bytes or a piece, and may change the length.
std::vector<uint8_t> corrupted(Random& random, std::vector<uint8_t> bad, const std::vector<uint8_t>& from)
{
    if (random.chance(0.5))
    {
        const size_t length = static_cast<size_t>(random.between(1, 400));
        const size_t to = static_cast<size_t>(random.below(static_cast<int>(bad.size())));
        const size_t of = static_cast<size_t>(random.below(static_cast<int>(from.size())));
        for (size_t i = 0; i < length && to + i < bad.size() && of + i < from.size(); i++)
            bad[to + i] = from[of + i];
    }
    else
    {
        // Mostly near the start, where the counts and offsets are.
        const int most = static_cast<int>(bad.size()), reach = random.chance(0.7) ? std::min(300, most) : most;
        for (int flips = random.between(1, 6); flips > 0; flips--)
            bad[static_cast<size_t>(random.below(reach))] = static_cast<uint8_t>(random.below(256));
    }
    if (random.chance(0.3))
        bad.resize(static_cast<size_t>(random.below(static_cast<int>(2 * bad.size()))));
    return bad;
}

// Tests damaged bytes. `open` returns the reason for rejecting them, and detects with those that it accepts.
struct CorruptionTest
{
    std::function<const char*(const ExactBytes&)> open;
    long attempts = 0, accepted = 0;
    std::string wrong;

    void try_one(const std::vector<uint8_t>& bytes, bool may_be_valid)
    {
        const ExactBytes exact(bytes);
        const char* const why = open(exact);
        attempts++;
        if (why != nullptr && *why == '\0')
            wrong = "damaged bytes are rejected without a reason";
        if (why != nullptr)
            return;
        accepted++;
        if (!may_be_valid)
            wrong = "truncated bytes are accepted";
    }

    // Tries every length and every byte of `small`, and samples of both. Truncated bytes keep their header.
    void try_all(Random& random, const std::vector<uint8_t>& small, const std::vector<uint8_t>& large,
                 const std::function<void(std::vector<uint8_t>&)>& correct)
    {
        for (size_t length = 0; length < small.size(); length++)
            try_one(std::vector<uint8_t>(small.begin(), small.begin() + static_cast<std::ptrdiff_t>(length)), false);
        for (size_t at = 0; at < small.size(); at++)
            for (const int flip : {1 << random.below(8), 0xFF})
            {
                std::vector<uint8_t> bad = small;
                bad[at] = static_cast<uint8_t>(bad[at] ^ flip);
                correct(bad);
                try_one(bad, true);
            }
        for (int i = 0; i < 1500; i++)
        {
            std::vector<uint8_t> bad =
                corrupted(random, random.chance(0.7) ? small : large, random.chance(0.5) ? small : large);
            correct(bad);
            try_one(bad, true);
        }
        if (wrong.empty() && accepted * 20 > attempts * 19)
            wrong = "hardly any damaged bytes are rejected";
    }
};

cv::haar::CascadeDescription to_description(const Cascade& from)
{
    cv::haar::CascadeDescription description;
    description.width = from.width;
    description.height = from.height;
    for (const Stage& stage : from.stages)
        description.stages.push_back({stage.threshold(), static_cast<uint32_t>(from.tree_count(stage))});
    for (size_t i = 0; i < from.stumps.size(); i++)
    {
        const Stump& root = from.stumps[i];
        const auto add = [&](const Stump& stump, int left, int right) {
            description.nodes.push_back({stump.threshold, static_cast<uint16_t>(stump.feature),
                                         static_cast<int8_t>(left), static_cast<int8_t>(right)});
        };
        const bool two = root.child != ChildSide::none;
        if (two)
        {
            add(root, root.child == ChildSide::left, root.child == ChildSide::right);
            description.leaves.push_back(root.left);
            i++;
        }
        description.tree_sizes.push_back(two ? 2 : 1);
        add(from.stumps[i], two ? -1 : 0, two ? -2 : -1);
        description.leaves.push_back(from.stumps[i].left);
        description.leaves.push_back(from.stumps[i].right);
    }
    for (const Feature& feature : from.features)
    {
        cv::haar::PackedFeature packed = {};
        for (size_t i = 0; i < feature.boxes.size(); i++)
        {
            const Box& box = feature.boxes[i];
            const int sides[] = {box.x, box.y, box.width, box.height};
            for (int j = 0; j < 4; j++)
                packed.box[i][j] = static_cast<uint8_t>(sides[j]);
            packed.weight[i] = static_cast<int8_t>(box.weight);
        }
        packed.tilted = feature.tilted;
        description.features.push_back(packed);
    }
    return description;
}

// Follows paths through every tree of an accepted cascade like OpenCV's own code: they must end, within bounds.
void traverse_trees(const cv::haar::PackedCascade& packed)
{
    const cv::haar::PackedNode* node = packed.nodes;
    const float* leaf = packed.leaves;
    volatile double sum = 0;
    for (uint32_t t = 0; t < packed.tree_count; t++)
    {
        for (const bool left : {true, false})
        {
            int at = 0;
            do
            {
                const volatile uint8_t* box = packed.features[node[at].feature].box[0];
                sum = sum + box[0];
                at = left ? node[at].left : node[at].right;
            } while (at > 0);
            sum = sum + static_cast<double>(leaf[-at]);
        }
        node += packed.tree_sizes[t];
        leaf += packed.tree_sizes[t] + 1;
    }
}

// Damages the first stages of `trained` with pieces of themselves and of `from`.
std::string test_corruption(const TestInputs& inputs, uint64_t seed, const Cascade& trained, const Cascade& from)
{
    Random random(seed, 1);
    const Image image = crop_scaled(inputs.photos[2], 0, 0, 2.5, 52, 52);
    const ImageView view = {image.pixels.data(), 52, 52, 52};
    const std::vector<float> scales = {1.0f, 1.5f, 2.2f};
    const auto detect_with_model = [&](const cv::haar::Model& model) {
        cv::haar::MultiScaleDetector detector(model);
        if (model.width <= view.width && model.height <= view.height)
            run_detector(detector, model, view, scales, 1);
    };
    Cascade small = trained;
    small.stages.resize(3);
    small.stumps.resize(static_cast<size_t>(small.stages[2].first + small.stages[2].count));
    // Only the features that are used.
    std::vector<Feature> features;
    for (Stump& stump : small.stumps)
    {
        features.push_back(small.features[static_cast<size_t>(stump.feature)]);
        stump.feature = static_cast<int>(features.size()) - 1;
    }
    small.features = features;

    std::vector<uint8_t> block, other;
    if (cv::haar::compileModel(to_haar_cascade(small), block) || cv::haar::compileModel(to_haar_cascade(from), other))
        return "a trained cascade cannot be compiled";
    CorruptionTest models;
    models.open = [&](const ExactBytes& bytes) {
        cv::haar::Model model;
        const char* const why = cv::haar::openModel(bytes.items.get(), bytes.length, model);
        if (why == nullptr)
            detect_with_model(model);
        return why;
    };
    models.try_all(random, block, other, [](std::vector<uint8_t>&) {});

    CorruptionTest packed;
    packed.open = [&](const ExactBytes& bytes) {
        cv::haar::PackedCascade packed;
        const char* const why = cv::haar::openPackedCascade(bytes.items.get(), bytes.length, packed);
        if (why == nullptr)
            traverse_trees(packed);
        if (why == nullptr && packed.model_bytes != nullptr)
            detect_with_model(packed.model);
        return why;
    };
    const char* why = nullptr;
    const std::vector<uint8_t> good = cv::haar::packCascade(to_description(small), true, &why);
    if (why != nullptr || packed.open(ExactBytes(good)) != nullptr)
        return "a packed cascade is rejected";
    const std::vector<uint8_t> large = cv::haar::packCascade(to_description(from), true, &why);
    packed.try_all(random, good, large, correct_header);
    // With a wrong checksum every changed byte is detected.
    for (size_t at = 0; at < good.size(); at++)
    {
        std::vector<uint8_t> bad = good;
        bad[at] = static_cast<uint8_t>(bad[at] ^ (1 << random.below(8)));
        packed.try_one(bad, false);
    }
    std::cout << models.attempts << " damaged models, " << models.accepted << " of them accepted, and "
              << packed.attempts << " damaged packed cascades, " << packed.accepted << " of them accepted" << std::endl;
    return models.wrong.empty() ? packed.wrong : models.wrong;
}

}  // namespace

int main(int count, char** arguments)
{
    if (count != 5)
        return 2;
    const CaseRange range = case_range(arguments + 2);
    const uint64_t seed = range.seed;
    int failures = 0;
    try
    {
        const TestInputs inputs = load(arguments[1]);
        Tally tally;
        failures = run_cases(range, "detector_core FOLDER",
                             [&](uint64_t number) { return try_case(inputs, seed, number, tally); });
        if (range.first == 0)
        {
            const Cascade &faces = inputs.cascades[0], &eyes = inputs.cascades[3], &trees = inputs.cascades[4];
            for (const std::string& wrong :
                 {test_corruption(inputs, seed, eyes, faces), test_corruption(inputs, seed, trees, faces)})
                if (!wrong.empty())
                    failures++, std::cout << wrong << std::endl;
        }
        std::cout << "{\"cases\":" << tally.cases << ",\"rejected\":" << tally.rejected
                  << ",\"non_empty\":" << tally.non_empty << ",\"candidates\":" << tally.candidates << "}" << std::endl;
    }
    catch (const std::exception& error)
    {
        std::cout << error.what() << std::endl;
        failures++;
    }
    return failures == 0 ? 0 : 1;
}
