// Runs random cases through OpenCV's own detector and the fast one, in the same build: the lists must be the same, in
// the same order. A case depends only on the seed and its number.
//
//   compare_detection SHARE SEED FIRST COUNT
//
// SHARE is the SDK's folder of cascades and samples. Prints a summary, or the first cases that differ and how to repeat
// them.
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <fstream>
#include <iomanip>
#include <iterator>
#include <map>
#include <memory>

#include "checks.hpp"
#include "detection.hpp"
#include "images.hpp"
#include "random_cases.hpp"
#include "reference.hpp"
#include "opencv_storage.hpp"

using namespace conformance;

namespace {

// A cascade, loaded in every way. Classifiers are reused from case to case, as in programs; `upstream` is never used
// with the fast detector.
struct LoadedCascade
{
    std::string name;
    cv::Size window;
    Implementation implementation = Implementation::upstream;
    cv::CascadeClassifier upstream, ours;
    std::unique_ptr<cv::CascadeClassifier> packed;
    std::vector<unsigned char> packed_data;
    // Its detections in the samples, with a margin.
    std::vector<Image> detections;
    // Empty if `read_cascade` does not support it.
    Cascade cascade;
};

std::vector<std::unique_ptr<LoadedCascade>> loaded_cascades;
std::vector<Image> photos;

[[noreturn]] void fail(const std::string& why)
{
    std::cout << why << std::endl;
    std::exit(2);
}

Implementation implementation_in_this_sdk(const Cascade& cascade)
{
    return HAS_FAST_DETECTOR ? expected_implementation(cascade) : Implementation::upstream;
}

void load_cascades(const std::string& share)
{
    std::vector<cv::String> files, more;
    cv::glob(share + "/haarcascades/*.xml", files);
    cv::glob(share + "/lbpcascades/*.xml", more);
    files.insert(files.end(), more.begin(), more.end());
    for (const std::string& file : files)
    {
        std::unique_ptr<LoadedCascade> source(new LoadedCascade);
        source->name = file.substr(file.rfind('/') + 1);
        if (!source->upstream.load(file) || !source->ours.load(file))
            fail("`" + file + "` cannot be loaded");
        source->window = source->upstream.getOriginalWindowSize();
        if (!read_cascade(file, source->cascade))
            source->cascade = Cascade();
        else
            source->implementation = implementation_in_this_sdk(source->cascade);
        source->cascade.name = source->name;
#if HAS_FAST_DETECTOR
        std::ifstream packed(file.substr(0, file.size() - 4) + ".packed", std::ios::binary);
        if (packed)
        {
            source->packed_data.assign(std::istreambuf_iterator<char>(packed), std::istreambuf_iterator<char>());
            source->packed.reset(new cv::CascadeClassifier);
            const char* const why = opencv_packed_cascade_open(source->packed.get(), source->packed_data.data(),
                                                               source->packed_data.size());
            if (why != nullptr)
                fail("the packed form of `" + file + "` is rejected: " + why);
        }
#endif
        loaded_cascades.push_back(std::move(source));
    }
    if (loaded_cascades.empty())
        fail("there are no cascades in `" + share + "`");
}

Image to_image(const cv::Mat& grey)
{
    Image image(grey.cols, grey.rows);
    grey.copyTo(cv::Mat(grey.rows, grey.cols, CV_8U, image.pixels.data()));
    return image;
}

void load_photos(const std::string& share)
{
    set_fast_detector(false);
    cv::setNumThreads(1);
    std::vector<cv::String> files;
    cv::glob(share + "/samples/*.jpg", files);
    for (const std::string& file : files)
    {
        const cv::Mat grey = cv::imread(file, cv::IMREAD_GRAYSCALE);
        if (grey.empty())
            fail("`" + file + "` cannot be read");
        photos.push_back(to_image(grey));
        for (const auto& source : loaded_cascades)
        {
            std::vector<cv::Rect> found;
            source->upstream.detectMultiScale(grey, found, 1.1, 1, 0, cv::Size(40, 30));
            found.resize(std::min<size_t>(found.size(), 5));
            for (const cv::Rect& it : found)
            {
                const cv::Point margin(it.width / 4, it.height / 4);
                const cv::Rect whole(cv::Point(), grey.size());
                source->detections.push_back(to_image(grey(cv::Rect(it.tl() - margin, it.br() + margin) & whole)));
            }
        }
    }
    if (photos.empty())
        fail("there are no photos in `" + share + "`");
}

// The image that OpenCV gets: unchanged, part of a larger one, or in colour.
cv::Mat to_mat(Random& random, Image& image)
{
    const cv::Mat grey(image.height, image.width, CV_8U, image.pixels.data());
    if (random.chance(0.25))
    {
        const int right = random.between(0, 40), down = random.between(0, 3);
        const int left = random.between(0, 17), top = random.between(0, 3);
        cv::Mat around(grey.rows + top + down, grey.cols + left + right, CV_8U);
        for (int i = 0; i < around.rows; i++)
            for (int j = 0; j < around.cols; j++)
                around.at<uchar>(i, j) = static_cast<uchar>(random.below(256));
        const cv::Mat part = around(cv::Rect(left, top, grey.cols, grey.rows));
        grey.copyTo(part);
        return part;
    }
    if (random.chance(0.1))
    {
        const int channels = random.chance(0.7) ? 3 : 4;
        const std::vector<cv::Mat> planes(static_cast<size_t>(channels), grey);
        cv::Mat colours;
        cv::merge(planes, colours);
        for (int i = random.between(0, 400); i > 0; i--)
            colours.ptr(random.below(colours.rows))[random.below(colours.cols * channels)] =
                static_cast<uchar>(random.below(256));
        return colours;
    }
    return grey.clone();
}

double random_scale_factor(Random& random, double pixels)
{
    if (random.chance(0.03))
        return 3.0;
    // Smaller factors mean more pixels over all scales, so larger images have a larger minimum.
    const double least = pixels > 20000 ? 1.1 : pixels > 5000 ? 1.03 : 1.01;
    const double usual[] = {1.1, 1.1, 1.05, 1.2, 1.3, 1.5};
    const double factor = random.chance(0.5) ? usual[random.below(6)] : random.between(least, 1.6);
    return std::max(least, factor);
}

cv::Size random_size_limit(Random& random, const cv::Size& window, const cv::Size& image)
{
    switch (random.below(4))
    {
    case 0: return cv::Size(random.below(image.width + 10), random.below(image.height + 10));
    case 1: {
        const double scale = random.between(0.5, 3.0);
        return cv::Size(cvRound(window.width * scale), cvRound(window.height * scale));
    }
    case 2: {
        const int side = random.between(1, 120);
        return cv::Size(side, side);
    }
    default: return cv::Size(random.chance(0.5) ? 0 : window.width, window.height);
    }
}

struct Case
{
    LoadedCascade* cascade;
    std::unique_ptr<LoadedCascade> generated;
    DetectionRequest request;
};

std::unique_ptr<LoadedCascade> load_from_storage(const Cascade& cascade)
{
    std::unique_ptr<LoadedCascade> made(new LoadedCascade);
    made->name = cascade.name;
    made->window = cv::Size(cascade.width, cascade.height);
    made->implementation = implementation_in_this_sdk(cascade);
    made->cascade = cascade;
    const cv::FileStorage storage = to_file_storage(cascade);
    const cv::FileNode root = storage.getFirstTopLevelNode();
    if (!made->upstream.read(root) || !made->ours.read(root))
        fail(cascade.name + " cannot be read");
    return made;
}

Case random_case(uint64_t seed, uint64_t number)
{
    Random random(seed, number);
    Case result;
    result.cascade = loaded_cascades[static_cast<size_t>(random.below(static_cast<int>(loaded_cascades.size())))].get();
    // Cascades that only OpenCV's own code supports need fewer cases.
    if (result.cascade->implementation == Implementation::upstream && random.chance(0.6))
        result.cascade =
            loaded_cascades[static_cast<size_t>(random.below(static_cast<int>(loaded_cascades.size())))].get();
    const bool is_random = random.chance(0.35), stumps = !result.cascade->cascade.stages.empty();
    const std::vector<Image>& own =
        result.cascade->detections.empty() || random.chance(0.4) ? photos : result.cascade->detections;
    if (is_random || (stumps && random.chance(0.5)))
    {
        const Cascade cascade = is_random ? random_cascade(random) : relaxed(random, result.cascade->cascade);
        result.generated = load_from_storage(cascade);
        result.cascade = result.generated.get();
    }
    const cv::Size window = result.cascade->window;
    const ImageSize size = random_image_size(random, window.width, window.height);
    Image image = random_image(random, own, size.width, size.height);
    DetectionRequest& request = result.request;
    request.image = to_mat(random, image);
    request.as_umat = random.chance(0.05);
    if (random.chance(0.2))
        request.overload = static_cast<Overload>(random.between(1, 3));
    const double pixels = static_cast<double>(size.width) * size.height;
    request.scale_factor = random_scale_factor(random, pixels);
    const int neighbours[] = {0, 0, 0, 1, 3, 4};
    request.min_neighbors = neighbours[random.below(6)];
    // Grouping takes quadratic time in the number of candidates, of which a random cascade can have many.
    if (result.generated && pixels > 8000)
        request.min_neighbors = 0;
    if (random.chance(0.25))
        request.min_size = random_size_limit(random, window, request.image.size());
    if (random.chance(0.2))
        request.max_size = random_size_limit(random, window, request.image.size());
    if (random.chance(0.05))
        request.max_size = request.min_size;
    if (random.chance(0.05))
        for (int i = random.between(1, 5); i > 0; i--)
            request.existing.push_back(
                cv::Rect(random.below(50), random.below(50), random.between(1, 50), random.between(1, 50)));
    return result;
}

// For results whose order is arbitrary: OpenCV's own code with several threads.
void sort_rectangles(std::vector<cv::Rect>& rectangles)
{
    std::sort(rectangles.begin(), rectangles.end(), [](const cv::Rect& a, const cv::Rect& b) {
        return std::make_tuple(a.y, a.x, a.width, a.height) < std::make_tuple(b.y, b.x, b.width, b.height);
    });
}

DetectionResult detect_with(cv::CascadeClassifier& classifier, const DetectionRequest& request, bool fast, int threads)
{
    set_fast_detector(fast);
    cv::setNumThreads(threads);
    return detect(classifier, request);
}

// The reference's result. Returns false if the reference does not support the request.
bool reference_result(const Cascade& cascade, const DetectionRequest& request, DetectionResult& result)
{
    for (const Feature& feature : cascade.features)
        if (feature.tilted)
            return false;
    const bool plain = request.overload == Overload::rectangles && request.min_neighbors == 0 &&
                       request.existing.empty() && request.image.channels() == 1;
    if (!plain || cascade.stages.empty() || request.image.empty())
        return false;
    const ImageView view = {request.image.data, request.image.step, request.image.cols, request.image.rows};
    const std::vector<float> scales =
        select_scales(cascade, view.width, view.height, request.scale_factor, request.min_size.width,
                      request.min_size.height, request.max_size.width, request.max_size.height);
    const cv::Rect whole(0, 0, view.width, view.height);
    for (const Candidate& it : find_candidates(cascade, view, scales))
    {
        const float scale = scales[it.scale];
        const auto scaled = [scale](int length) { return rounded(static_cast<float>(length) * scale); };
        const cv::Rect window(scaled(it.x), scaled(it.y), scaled(cascade.width), scaled(cascade.height));
        if (!(whole & window).empty())
            result.rectangles.push_back(whole & window);
    }
    return true;
}

struct Tally
{
    long cases = 0, fast = 0, lists = 0, non_empty = 0, rectangles = 0, errors = 0, checked_by_reference = 0;
    // The sum of the digests of all rectangles, which does not depend on how the cases are split between processes.
    uint64_t digest = 0;
};

// FNV-1a of a case's number and rectangles. Source: http://www.isthe.com/chongo/tech/comp/fnv/.
uint64_t digest_of(uint64_t number, const std::vector<cv::Rect>& rectangles)
{
    uint64_t hash = 0xcbf29ce484222325;
    const auto add = [&hash](uint64_t value) {
        for (int byte = 0; byte < 8; byte++)
            hash = (hash ^ (value >> (8 * byte) & 0xff)) * 0x100000001b3;
    };
    add(number);
    for (const cv::Rect& it : rectangles)
        for (int value : {it.x, it.y, it.width, it.height})
            add(static_cast<uint32_t>(value));
    return hash;
}

// Compares one case in all ways. Returns the first difference, or nothing.
std::string try_case(uint64_t seed, uint64_t number, Tally& tally)
{
    Case it = random_case(seed, number);
    LoadedCascade& source = *it.cascade;
    Random random(seed, ~number);
    DetectionResult expected = detect_with(source.upstream, it.request, false, 1);
    tally.cases++;
    tally.fast += source.implementation == Implementation::fast;
    tally.non_empty += !expected.rectangles.empty();
    tally.rectangles += static_cast<long>(expected.rectangles.size());
    tally.errors += !expected.error.empty();
    tally.digest += digest_of(number, expected.rectangles);

    std::string found;
    const auto describe = [&](const char* what, const char* by, int threads, const std::string& mismatch) {
        if (mismatch.empty() || !found.empty())
            return;
        std::ostringstream text;
        text << source.name << ", " << what << ", by " << by << ", " << threads << " threads, " << it.request << ": "
             << mismatch;
        found = text.str();
    };
    const auto compare = [&](cv::CascadeClassifier& classifier, const char* what, bool fast, int threads) {
        DetectionResult result = detect_with(classifier, it.request, fast, threads);
        DetectionResult ordered = expected;
        const bool uses_upstream =
            !fast || source.implementation != Implementation::fast || it.request.overload == Overload::levels;
        if (threads > 1 && uses_upstream)
        {
            // Grouping depends on the order, which is then nondeterministic.
            if (it.request.min_neighbors > 0 || it.request.overload == Overload::levels)
                return;
            sort_rectangles(result.rectangles);
            sort_rectangles(ordered.rectangles);
        }
        tally.lists++;
        describe(what, fast ? "the fast detector" : "OpenCV's own code", threads, difference(ordered, result));
    };
    compare(source.ours, "not packed", true, 1);
    const bool is_fast = source.implementation != Implementation::upstream;
    if (is_fast || random.chance(0.3))
        compare(source.ours, "not packed", true, random.chance(0.5) ? 2 : 4);
    if (random.chance(0.1))
        compare(source.ours, "not packed", false, 1);
    if (source.packed)
    {
        if (is_fast || random.chance(0.4))
            compare(*source.packed, "packed", true, random.chance(0.6) ? 1 : 3);
        if (random.chance(0.2))
            compare(*source.packed, "packed", false, 1);
    }
    DetectionResult plain;
    if (random.chance(0.3) && reference_result(source.cascade, it.request, plain))
    {
        tally.checked_by_reference++;
        describe("as numbers", "the reference", 1, difference(expected, plain));
    }
    return found;
}

}  // namespace

int main(int count, char** arguments)
{
    if (count != 5)
        fail("usage: compare_detection SHARE SEED FIRST COUNT");
    const std::string share = arguments[1];
    const CaseRange range = case_range(arguments + 2);
    silence_errors();
    load_cascades(share);
    load_photos(share);
    Tally tally;
    const int failures = run_cases(range, "compare_detection SHARE",
                                   [&](uint64_t number) { return try_case(range.seed, number, tally); });
    size_t packed = 0;
    for (const auto& source : loaded_cascades)
        packed += source->packed != nullptr;
    std::cout << "{\"cpu_features\":\"" << cv::getCPUFeaturesLine()
              << "\",\"fast_detector\":" << (HAS_FAST_DETECTOR ? "true" : "false")
              << ",\"cascades\":" << loaded_cascades.size() << ",\"packed_cascades\":" << packed
              << ",\"cases\":" << tally.cases << ",\"fast_cases\":" << tally.fast << ",\"lists\":" << tally.lists
              << ",\"non_empty\":" << tally.non_empty << ",\"rectangles\":" << tally.rectangles
              << ",\"errors\":" << tally.errors << ",\"checked_by_reference\":" << tally.checked_by_reference
              << ",\"digest\":" << tally.digest << "}" << std::endl;
    return failures == 0 ? 0 : 1;
}
