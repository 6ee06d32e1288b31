// Tests what happens with model files that are missing, damaged or of another kind: errors name the file and the
// reason.
//
//   model_files SHARE
//
// SHARE is the SDK's folder of models and samples. Prints what fails.
#include <opencv2/core/utility.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/objdetect.hpp>
#include <opencv2/objdetect/packed_models.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <vector>

#include "checks.hpp"
#include "files.hpp"
#include "random.hpp"

using namespace conformance;

namespace {

// A file that is removed at the end.
struct TemporaryFile
{
    const std::string path = cv::tempfile(".model");

    explicit TemporaryFile(const Bytes& bytes)
    {
        std::ofstream to(path, std::ios::binary);
        to.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    }
    ~TemporaryFile() { std::remove(path.c_str()); }
};

// `create` must throw an error with the path and a reason, which contains `part`.
void check_refused(const std::string& path, const std::string& what, const std::string& part = "")
{
    try
    {
        cv::FaceDetectorYN::create(path, "", cv::Size(32, 32));
        check(false, what + " is accepted");
    }
    catch (const cv::Exception& error)
    {
        const size_t at = error.err.find("`" + path + "`");
        check(at != std::string::npos, what + ": the error does not name the file: " + error.err);
        // The words after the path and a colon say what is wrong.
        const size_t reason = at + ("`" + path + "`: ").size();
        check(at != std::string::npos && error.err.size() > reason, what + ": the error has no reason: " + error.err);
        check(error.err.find(part) != std::string::npos, what + ": the error lacks `" + part + "`: " + error.err);
    }
}

void check_bytes_refused(const Bytes& bytes, const std::string& what, const std::string& part = "")
{
    const TemporaryFile file(bytes);
    check_refused(file.path, what, part);
}

// Any changed bit of a packed file is detected. In an ONNX file it may be in a name, or give another valid weight.
void test_damage(const Bytes& packed, const Bytes& onnx)
{
    Random random(1, 0);
    for (int i = 0; i < 100; i++)
    {
        Bytes bad = packed;
        const size_t at = static_cast<size_t>(random.below(static_cast<int>(bad.size())));
        bad[at] = static_cast<unsigned char>(bad[at] ^ (1 << random.below(8)));
        check_bytes_refused(bad, "a packed file with a changed bit in byte " + std::to_string(at));
    }
    for (const Bytes* bytes : {&packed, &onnx})
        for (int i = 0; i < 100; i++)
        {
            const int length = i < 40 ? i : random.below(static_cast<int>(bytes->size()));
            check_bytes_refused(Bytes(bytes->begin(), bytes->begin() + length),
                                "a model file truncated to " + std::to_string(length) + " bytes");
        }
    Bytes longer = packed;
    longer.push_back(0);
    check_bytes_refused(longer, "a packed file with a trailing byte");
}

void test_other_files(const std::string& share)
{
    check_refused(share + "/yunet/missing.onnx", "a missing file");
    check_refused(share + "/yunet", "a folder");
    check_refused(share + "/haarcascades/haarcascade_eye.xml", "a cascade");
    check_refused(share + "/haarcascades/haarcascade_eye.packed", "a packed cascade");
    check_refused(share + "/samples/lena.jpg", "a photo");
    check_bytes_refused(Bytes(), "an empty file");
    check_bytes_refused(Bytes(300000, 0), "a file of zeros");
    check_bytes_refused(Bytes(300000, 255), "a file of ones");
    check_bytes_refused(Bytes((8 << 20) + 1, 0), "a large file", "larger than 8 MiB");
}

// Takes the detector from `opencv_packed_face_detector_create`.
struct EmbeddedDetector
{
    void* created = this;
    const char* reason;
    std::unique_ptr<cv::Ptr<cv::FaceDetectorYN>> detector;

    EmbeddedDetector(const unsigned char* bytes, size_t length)
        : reason(opencv_packed_face_detector_create(&created, bytes, length)),
          detector(static_cast<cv::Ptr<cv::FaceDetectorYN>*>(created))
    {
    }
};

void test_embedded_models(const Bytes& packed, const std::string& file, const cv::Mat& photo)
{
    cv::Mat expected;
    cv::FaceDetectorYN::create(file, "", photo.size())->detect(photo, expected);
    check(!expected.empty(), "the sample has no face");
    // At every address: only aligned bytes are used where they are.
    for (size_t by = 0; by < 5; by++)
    {
        Bytes moved(by, 0);
        moved.insert(moved.end(), packed.begin(), packed.end());
        const EmbeddedDetector made(moved.data() + by, packed.size());
        if (made.reason != nullptr)
        {
            check(false, std::string("embedded bytes are refused: ") + made.reason);
            continue;
        }
        cv::FaceDetectorYN& detector = **made.detector;
        check(detector.getInputSize().empty() && detector.getScoreThreshold() == 0.9f &&
                  detector.getNMSThreshold() == 0.3f && detector.getTopK() == 5000,
              "an embedded detector has other settings than the header says");
        cv::Mat faces;
        detector.setInputSize(photo.size());
        detector.detect(photo, faces);
        check(same(faces, expected), "an embedded detector finds other faces");
    }
    const auto refused = [](const EmbeddedDetector& made) {
        return made.reason != nullptr && *made.reason != '\0' && made.created == nullptr;
    };
    check(refused(EmbeddedDetector(packed.data(), 0)), "no bytes are accepted");
    check(refused(EmbeddedDetector(nullptr, 0)), "a null pointer is accepted");
    check(refused(EmbeddedDetector(packed.data(), packed.size() - 1)), "truncated bytes are accepted");
    for (size_t at = 0; at < packed.size(); at += 997)
    {
        Bytes bad = packed;
        bad[at] = static_cast<unsigned char>(~bad[at]);
        check(refused(EmbeddedDetector(bad.data(), bad.size())), "damaged bytes are accepted");
    }
}

}  // namespace

int main(int count, char** arguments)
{
    if (count != 2)
        return 2;
    const std::string share = arguments[1], models = share + "/yunet/face_detection_yunet";
    silence_errors();
    try
    {
        const Bytes packed = read_file(models + ".packed"), onnx = read_file(models + ".onnx");
        test_other_files(share);
        test_damage(packed, onnx);
        test_embedded_models(packed, models + ".packed", cv::imread(share + "/samples/lena.jpg"));
    }
    catch (const std::exception& error)
    {
        check(false, error.what());
    }
    return failures() == 0 ? 0 : 1;
}
