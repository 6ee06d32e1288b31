// Runs the detections that `wheel.py` requests and prints the results in its format.
//
//   detect_photos CASCADES FOLDER THREADS xml|packed
//
// CASCADES is the SDK's folder of Haar cascades, FOLDER the one with `requests` and the images. Prints `race` where
// OpenCV's own code would use several threads, which makes the order nondeterministic, and `no-packed-form` where a
// cascade has no packed form.
#include <fstream>
#include <iomanip>
#include <iterator>
#include <map>

#include "detection.hpp"
#include "text_format.hpp"
#include "opencv_storage.hpp"

using namespace conformance;

namespace {

struct LoadedClassifier
{
    cv::CascadeClassifier classifier;
    std::vector<unsigned char> bytes;
    bool available = false, fast = false;
};

void load(LoadedClassifier& loaded, const std::string& file, bool packed)
{
    Cascade cascade;
    loaded.fast =
        HAS_FAST_DETECTOR && read_cascade(file, cascade) && expected_implementation(cascade) == Implementation::fast;
    if (!packed)
    {
        loaded.available = loaded.classifier.load(file);
        if (!loaded.available)
            throw std::runtime_error("`" + file + "` cannot be loaded");
        return;
    }
#if HAS_FAST_DETECTOR
    std::ifstream from(file.substr(0, file.size() - 4) + ".packed", std::ios::binary);
    if (!from)
        return;
    loaded.bytes.assign(std::istreambuf_iterator<char>(from), std::istreambuf_iterator<char>());
    const char* const why = opencv_packed_cascade_open(&loaded.classifier, loaded.bytes.data(), loaded.bytes.size());
    if (why != nullptr)
        throw std::runtime_error("the packed form of `" + file + "` is rejected: " + why);
    loaded.available = true;
#endif
}

void print_result(cv::CascadeClassifier& classifier, const DetectionRequest& request)
{
    const DetectionResult found = detect(classifier, request);
    if (!found.error.empty())
        throw std::runtime_error(found.error);
    std::cout << found.rectangles.size() << std::setprecision(17);
    for (size_t i = 0; i < found.rectangles.size(); i++)
    {
        const cv::Rect& it = found.rectangles[i];
        std::cout << ' ' << it.x << ' ' << it.y << ' ' << it.width << ' ' << it.height << ' ' << found.numbers[i];
        if (request.overload == Overload::levels)
            std::cout << ' ' << found.weights[i];
    }
    std::cout << '\n';
}

void run_requests(const std::string& cascades, const std::string& folder, int threads, bool packed)
{
    std::map<std::string, LoadedClassifier> classifiers;
    std::map<std::string, Image> images;
    std::ifstream requests(folder + "/requests");
    std::string name, image_name;
    cv::Rect region;
    DetectionRequest request;
    bool levels;
    cv::setNumThreads(threads);
    while (requests >> name >> image_name >> region.x >> region.y >> region.width >> region.height >>
           request.scale_factor >> request.min_neighbors >> request.min_size.width >> request.min_size.height >>
           request.max_size.width >> request.max_size.height >> levels)
    {
        if (classifiers.count(name) == 0)
            load(classifiers[name], cascades + "/" + name, packed);
        if (images.count(image_name) == 0)
            images[image_name] = read_pgm(folder + "/" + image_name);
        LoadedClassifier& loaded = classifiers[name];
        request.overload = levels ? Overload::levels : Overload::counts;
        Image& image = images[image_name];
        request.image = cv::Mat(image.height, image.width, CV_8U, image.pixels.data())(region);
        if (!loaded.available)
            std::cout << "no-packed-form\n";
        else if (threads > 1 && (levels || !loaded.fast))
            std::cout << "race\n";
        else
            print_result(loaded.classifier, request);
    }
}

}  // namespace

int main(int count, char** arguments)
{
    if (count != 5)
        return 2;
    set_fast_detector(true);
    try
    {
        run_requests(arguments[1], arguments[2], std::stoi(arguments[3]), std::string(arguments[4]) == "packed");
    }
    catch (const std::exception& error)
    {
        std::cerr << error.what() << std::endl;
        return 1;
    }
    return 0;
}
