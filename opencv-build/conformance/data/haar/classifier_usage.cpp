// Tests how programs use classifiers besides detecting: copying them, loading another cascade into a used one, using
// one per thread, wrong arguments, damaged packed cascades. Everything must behave as with OpenCV's own code.
//
//   classifier_usage SHARE
//
// SHARE is the SDK's folder of cascades and samples. Prints what fails.
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <functional>
#include <iterator>
#include <thread>

#include "checks.hpp"
#include "detection.hpp"
#include "random.hpp"

using namespace conformance;

namespace {

std::string share;
std::vector<std::string> cascades;
std::vector<cv::Mat> images;

std::string path_of(const std::string& name) { return share + "/haarcascades/" + name; }

DetectionRequest make_request(const cv::Mat& image)
{
    DetectionRequest request;
    request.image = image;
    request.min_neighbors = 0;
    return request;
}

DetectionResult detect_with_upstream(const std::string& name, const DetectionRequest& request)
{
    set_fast_detector(false);
    cv::setNumThreads(1);
    cv::CascadeClassifier classifier(path_of(name));
    const DetectionResult result = detect(classifier, request);
    set_fast_detector(true);
    return result;
}

void test_errors()
{
    std::vector<DetectionRequest> wrong(3, make_request(images[0]));
    wrong[0].scale_factor = 1.0;
    images[0].convertTo(wrong[1].image, CV_16U);
    wrong[2].image = cv::Mat();
    for (size_t i = 0; i < wrong.size(); i++)
    {
        cv::CascadeClassifier classifier(path_of(cascades[0]));
        check(difference(detect_with_upstream(cascades[0], wrong[i]), detect(classifier, wrong[i])).empty(),
              "wrong arguments, " + std::to_string(i) + ": the error is not OpenCV's");
    }
    cv::CascadeClassifier nothing, other;
    set_fast_detector(false);
    const DetectionResult expected = detect(nothing, wrong[0]);
    set_fast_detector(true);
    check(!expected.error.empty() && difference(expected, detect(other, wrong[0])).empty(),
          "an empty classifier: the error is not OpenCV's");
}

void test_reloading()
{
    cv::CascadeClassifier classifier;
    for (int round = 0; round < 2; round++)
        for (const std::string& name : cascades)
        {
            check(classifier.load(path_of(name)) && !classifier.empty(), name + " cannot be loaded after others");
            const DetectionRequest request = make_request(images[round == 0 ? 2 : 1]);
            const std::string mismatch = difference(detect_with_upstream(name, request), detect(classifier, request));
            check(mismatch.empty(), name + " after another cascade: " + mismatch);
        }
    check(!classifier.load(path_of("nothing.xml")) && classifier.empty(), "a missing file leaves a cascade behind");
    check(!detect(classifier, make_request(images[0])).error.empty(), "an empty classifier detects");
}

void test_copying()
{
    for (const std::string& name : cascades)
    {
        const DetectionRequest small = make_request(images[1]), large = make_request(images[0]);
        cv::CascadeClassifier first(path_of(name));
        cv::CascadeClassifier before = first;
        detect(first, large);
        cv::CascadeClassifier after;
        after = first;
        check(difference(detect_with_upstream(name, small), detect(before, small)).empty(), name + ": a copy differs");
        check(difference(detect_with_upstream(name, large), detect(after, large)).empty(),
              name + ": a copy made after use differs");
        first.load(path_of(cascades[0]));
        check(difference(detect_with_upstream(name, small), detect(after, small)).empty(),
              name + ": a copy changes with its original");
    }
}

// Counts its calls and masks nothing.
class Mask : public cv::BaseCascadeClassifier::MaskGenerator
{
public:
    cv::Mat generateMask(const cv::Mat& image) override
    {
        calls++;
        return cv::Mat(image.size(), CV_8U, cv::Scalar(255));
    }
    void initializeMask(const cv::Mat&) override {}
    int calls = 0;
};

void test_masks()
{
    for (const std::string& name : cascades)
    {
        cv::CascadeClassifier classifier(path_of(name));
        const DetectionRequest request = make_request(images[1]);
        detect(classifier, request);
        const cv::Ptr<Mask> mask = cv::makePtr<Mask>();
        classifier.setMaskGenerator(mask);
        check(difference(detect_with_upstream(name, request), detect(classifier, request)).empty(),
              name + ": the result differs with a mask");
        check(mask->calls == 1, name + ": the mask is generated " + std::to_string(mask->calls) + " times");
        classifier.setMaskGenerator(cv::Ptr<cv::BaseCascadeClassifier::MaskGenerator>());
        check(difference(detect_with_upstream(name, request), detect(classifier, request)).empty(),
              name + ": the result differs after a mask");
    }
}

// One classifier detects in images of changing sizes; its buffers must adapt.
void test_changing_sizes()
{
    Random random(5, 0);
    for (const std::string& name : cascades)
    {
        cv::CascadeClassifier classifier(path_of(name));
        for (int i = 0; i < 8; i++)
        {
            cv::Mat image;
            const cv::Size size(random.between(1, 260), random.between(1, 260));
            cv::resize(images[static_cast<size_t>(random.below(static_cast<int>(images.size())))], image, size);
            const DetectionRequest request = make_request(image);
            cv::setNumThreads(1);
            check(difference(detect_with_upstream(name, request), detect(classifier, request)).empty(),
                  name + ": the result differs after a change of the image size");
        }
    }
}

// The program's own threads, each with its own classifiers, while OpenCV uses threads as well.
void test_threads()
{
    const size_t small[] = {1, 3};
    std::vector<std::vector<DetectionResult>> expected;
    for (const std::string& name : cascades)
    {
        expected.emplace_back();
        for (const size_t i : small)
            expected.back().push_back(detect_with_upstream(name, make_request(images[i])));
    }
    std::atomic<int> wrong(0);
    const auto work = [&](int number) {
        std::vector<cv::CascadeClassifier> own;
        for (const std::string& name : cascades)
            own.emplace_back(path_of(name));
        for (size_t round = 0; round < own.size(); round++)
        {
            const size_t which = (round + static_cast<size_t>(number)) % own.size();
            for (size_t i = 0; i < 2; i++)
                if (!difference(expected[which][i], detect(own[which], make_request(images[small[i]]))).empty())
                    wrong++;
        }
    };
    for (const int inner : {1, 3})
    {
        // With several threads only the fast detector has a fixed order; it supports all cascades used here.
        cv::setNumThreads(HAS_FAST_DETECTOR ? inner : 1);
        std::vector<std::thread> running;
        for (int i = 0; i < 4; i++)
            running.emplace_back(work, i);
        for (std::thread& thread : running)
            thread.join();
        check(wrong == 0, "in four parallel threads " + std::to_string(wrong) + " lists differ");
    }
}

#if HAS_FAST_DETECTOR
std::vector<unsigned char> read_packed(const std::string& name)
{
    std::ifstream file(path_of(name.substr(0, name.size() - 4) + ".packed"), std::ios::binary);
    return std::vector<unsigned char>(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

void test_packed()
{
    Random random(9, 0);
    const DetectionRequest request = make_request(images[1]);
    for (const std::string& name : cascades)
    {
        const std::vector<unsigned char> good = read_packed(name);
        check(!good.empty(), name + " has no packed form");
        if (good.empty())
            continue;
        const DetectionResult expected = detect_with_upstream(name, request);
        cv::CascadeClassifier classifier(path_of(cascades[0]));
        detect(classifier, request);
        check(opencv_packed_cascade_open(&classifier, good.data(), good.size()) == nullptr,
              name + ": the packed form is rejected");
        check(difference(expected, detect(classifier, request)).empty(),
              name + ": the packed form differs after another cascade");
        cv::CascadeClassifier copy = classifier;
        classifier.load(path_of(cascades[0]));
        check(difference(detect_with_upstream(cascades[0], request), detect(classifier, request)).empty(),
              name + ": another cascade differs after the packed form");
        check(difference(expected, detect(copy, request)).empty(), name + ": a copy of the packed form differs");

        // At any alignment: equal results, or rejected.
        std::vector<unsigned char> moved(good.size() + 64);
        for (size_t by = 0; by < 20; by++)
        {
            std::copy(good.begin(), good.end(), moved.begin() + static_cast<std::ptrdiff_t>(by));
            cv::CascadeClassifier other;
            if (opencv_packed_cascade_open(&other, moved.data() + by, good.size()) == nullptr)
                check(difference(expected, detect(other, request)).empty(),
                      name + ": the packed form differs at another address");
        }
        cv::CascadeClassifier empty;
        check(opencv_packed_cascade_open(&empty, good.data(), 0) != nullptr, name + ": empty input is accepted");
        check(opencv_packed_cascade_open(&empty, nullptr, 0) != nullptr, name + ": a null pointer is accepted");
        int rejected = 0;
        const int tries = 300;
        for (int i = 0; i < tries; i++)
        {
            std::vector<unsigned char> bad = good;
            if (i % 3 == 0)
                bad.resize(static_cast<size_t>(random.below(static_cast<int>(good.size()))));
            else
                for (int flips = random.between(1, 8); flips > 0; flips--)
                {
                    // Mostly near the start, where the counts and offsets are.
                    const int reach = random.chance(0.5) ? std::min<int>(400, static_cast<int>(bad.size()))
                                                         : static_cast<int>(bad.size());
                    bad[static_cast<size_t>(random.below(reach))] ^= static_cast<unsigned char>(1 << random.below(8));
                }
            cv::CascadeClassifier damaged;
            const char* const why = opencv_packed_cascade_open(&damaged, bad.data(), bad.size());
            if (why == nullptr)
                detect(damaged, request);
            else if (*why == '\0')
                check(false, name + ": a damaged cascade is rejected without a reason");
            else
                rejected++;
            if (bad.size() < good.size())
                check(why != nullptr, name + ": a truncated cascade is accepted");
        }
        check(rejected > tries / 10, name + ": only " + std::to_string(rejected) + " damaged cascades are rejected");
    }
}

// Checks that the fast detector exists and is used, which only its speed shows.
void test_speed()
{
    check(opencv_haar_set_fast(1) == 1 && opencv_haar_set_fast(0) == 1 && opencv_haar_set_fast(1) == 0,
          "opencv_haar_set_fast does not return the previous value");
    cv::setNumThreads(1);
    for (const std::string& name : cascades)
    {
        cv::CascadeClassifier classifier(path_of(name));
        double best[2] = {1e9, 1e9};
        for (int i = 0; i < 8; i++)
        {
            set_fast_detector(i % 2 == 1);
            const auto start = std::chrono::steady_clock::now();
            detect(classifier, make_request(images[0]));
            const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
            best[i % 2] = std::min(best[i % 2], taken.count());
        }
        set_fast_detector(true);
        check(best[1] * 1.5 < best[0], name + " takes " + std::to_string(best[1]) + " s with the fast detector and " +
                                           std::to_string(best[0]) + " s without: the fast detector is not used");
    }
}
#endif

}  // namespace

int main(int count, char** arguments)
{
    if (count != 2)
        return 2;
    share = arguments[1];
    silence_errors();
    for (const char* name :
         {"frontalface_default", "frontalface_alt", "frontalface_alt2", "eye", "profileface", "frontalcatface"})
        cascades.push_back(std::string("haarcascade_") + name + ".xml");
    for (const char* name : {"lena", "messi5"})
    {
        const cv::Mat photo = cv::imread(share + "/samples/" + name + ".jpg", cv::IMREAD_GRAYSCALE);
        if (photo.empty())
        {
            std::cout << "the sample " << name << " cannot be read" << std::endl;
            return 2;
        }
        images.push_back(photo);
        cv::Mat half;
        cv::resize(photo, half, cv::Size(), 0.4, 0.3);
        images.push_back(half);
    }
    set_fast_detector(true);
    const std::vector<std::pair<const char*, std::function<void()>>> checks = {
        {"errors", test_errors}, {"reloading", test_reloading},  {"copying", test_copying},
        {"masks", test_masks},   {"sizes", test_changing_sizes}, {"threads", test_threads},
#if HAS_FAST_DETECTOR
        {"packed", test_packed}, {"speed", test_speed},
#endif
    };
    for (const auto& it : checks)
    {
        cv::setNumThreads(1);
        try
        {
            it.second();
        }
        catch (const std::exception& error)
        {
            check(false, std::string(it.first) + ": " + error.what());
        }
    }
    return failures() == 0 ? 0 : 1;
}
