#include "../precomp.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "opencv2/objdetect/packed_models.h"

#include "../shared/cancellation.hpp"
#include "../shared/parallel_for.hpp"
#include "faces.hpp"
#include "inference.hpp"
#include "onnx/graph_reader.hpp"
#include "onnx/network_reader.hpp"
#include "packed_network.hpp"

namespace cv {

namespace {

using namespace yunet;

// Numbers of values in a row fit an `int`.
const int MaxSide = 1 << 24;

// With fewer pixels, starting threads takes longer than they save.
const int MinPixelsForThreads = 128 * 128;

static_assert(sizeof(Face) == 15 * sizeof(float), "faces are rows of 15 floats");

// A network and the memory that its weights are in, if that is not the caller's.
struct Model
{
    OwnedNetwork owned;          // without weights of its own for a packed network
    std::vector<uint8_t> bytes;  // the packed network
};

class FaceDetectorYNImpl CV_FINAL : public FaceDetectorYN
{
public:
    FaceDetectorYNImpl(const Ptr<Model>& model, const Size& input_size, float score_threshold, float nms_threshold,
                       int top_k)
        : model_(model),
          inference_(model->owned.network),
          input_size_(input_size),
          score_threshold_(score_threshold),
          nms_threshold_(nms_threshold),
          top_k_(top_k)
    {
    }

    void setInputSize(const Size& input_size) CV_OVERRIDE { input_size_ = input_size; }
    Size getInputSize() CV_OVERRIDE { return input_size_; }
    void setScoreThreshold(float score_threshold) CV_OVERRIDE { score_threshold_ = score_threshold; }
    float getScoreThreshold() CV_OVERRIDE { return score_threshold_; }
    void setNMSThreshold(float nms_threshold) CV_OVERRIDE { nms_threshold_ = nms_threshold; }
    float getNMSThreshold() CV_OVERRIDE { return nms_threshold_; }
    void setTopK(int top_k) CV_OVERRIDE { top_k_ = top_k; }
    int getTopK() CV_OVERRIDE { return top_k_; }

    int detect(InputArray input_image, OutputArray faces) CV_OVERRIDE
    {
        if (input_image.empty())
            return 0;
        CV_CheckEQ(input_image.size(), input_size_, "call setInputSize with the size of the image");
        CV_CheckTypeEQ(input_image.type(), CV_8UC3, "the image must have 8-bit blue, green and red");
        CV_CheckLE(std::max(input_size_.width, input_size_.height), MaxSide, "the image is too large");
        CV_CheckGE(score_threshold_, 0.f, "the score threshold must not be negative");
        CV_CheckGE(nms_threshold_, 0.f, "the threshold of overlaps must not be negative");
        const Mat image = input_image.getMat();
        const ImageView view = {image.data, image.step, image.cols, image.rows};
        const int threads = image.total() < size_t(MinPixelsForThreads) ? 1 : getNumThreads();
        const detection::StopCallback stop = detection::threadStopCallback();
        const FeatureMap* heads = inference_.run(view, threads, detection::runInParallel, stop);
        detection::throwIfStopped(stop());
        std::vector<Face> found = decodeFaces(heads, score_threshold_, stop);
        found = suppressOverlapping(found, score_threshold_, nms_threshold_, top_k_, stop);
        detection::throwIfStopped(stop());
        if (found.empty())
            faces.release();
        else
            Mat(int(found.size()), 15, CV_32FC1, found.data()).copyTo(faces);
        return 1;
    }

private:
    const Ptr<Model> model_;
    Inference inference_;
    Size input_size_;
    float score_threshold_, nms_threshold_;
    int top_k_;
};

// The content of a file, or if it is too large for a model, its beginning.
std::vector<uint8_t> readFile(const String& path)
{
    std::vector<uint8_t> bytes(MaxOnnxBytes + 1);
    errno = 0;
    FILE* const file = std::fopen(path.c_str(), "rb");
    const size_t length = file ? std::fread(bytes.data(), 1, bytes.size(), file) : 0;
    const bool failed = !file || std::ferror(file);
    const int error = errno;
    if (file)
        std::fclose(file);
    if (failed)
        CV_Error(Error::StsError, "failed to read the face detection model `" + path + "`: " + std::strerror(error));
    bytes.resize(length);
    bytes.shrink_to_fit();
    return bytes;
}

Ptr<Model> loadModel(const String& path)
{
    const Ptr<Model> model = makePtr<Model>();
    model->bytes = readFile(path);
    const uint8_t* bytes = model->bytes.data();
    const size_t length = model->bytes.size();
    std::string reason;
    if (isPackedNetwork(bytes, length))
    {
        if (const char* packed_reason = openPackedNetwork(bytes, length, model->owned.network))
            reason = packed_reason;
    }
    else if (readOnnxNetwork(bytes, length, model->owned, reason))
        std::vector<uint8_t>().swap(model->bytes);
    if (!reason.empty())
        CV_Error(Error::StsParseError, "failed to use the face detection model `" + path + "`: " + reason);
    return model;
}

}  // namespace

Ptr<FaceDetectorYN> FaceDetectorYN::create(const String& model, const String&, const Size& input_size,
                                           float score_threshold, float nms_threshold, int top_k, int, int)
{
    return makePtr<FaceDetectorYNImpl>(loadModel(model), input_size, score_threshold, nms_threshold, top_k);
}

}  // namespace cv

CV_EXPORTS const char* opencv_packed_face_detector_create(void** detector, const unsigned char* bytes, size_t length)
{
    using namespace cv;
    *detector = NULL;
    try
    {
        const Ptr<Model> model = makePtr<Model>();
        if (reinterpret_cast<uintptr_t>(bytes) % 4 != 0)
        {
            model->bytes.assign(bytes, bytes + length);
            bytes = model->bytes.data();
        }
        if (const char* reason = openPackedNetwork(bytes, length, model->owned.network))
            return reason;
        const Ptr<FaceDetectorYN> created = makePtr<FaceDetectorYNImpl>(model, Size(), 0.9f, 0.3f, 5000);
        *detector = new Ptr<FaceDetectorYN>(created);
        return NULL;
    }
    catch (const std::exception&)
    {
        return "out of memory";
    }
}
