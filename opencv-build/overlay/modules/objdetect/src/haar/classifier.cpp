#include "../precomp.hpp"

#include "classifier.hpp"

#include "detect.hpp"
#include "opencv2/objdetect/packed_cascade.h"
#include "packed.hpp"

namespace cv { namespace haar {

// What a classifier has beside what stock gives it.
class Detector
{
public:
    Packed packed;                  // if it was opened as one
    bool unpacked;                  // whether stock's part of the classifier is there
    bool has_model;
    Model model;
    std::vector<uint8_t> bytes;     // of the packed cascade or the model, where they are this object's own
#ifdef OPENCV_HAAR_DETECTOR
    Finder finder;

    Detector() : packed(), unpacked(true), has_model(false), model(), finder(model) {}
#else
    Detector() : packed(), unpacked(true), has_model(false), model() {}
#endif
};

// The one friend of stock's classes.
struct Access
{
    typedef CascadeClassifierImpl Impl;
    typedef Impl::Data Data;

    static const Data& data(const Impl& impl) { return impl.data; }
    static Ptr<Detector>& detector(Impl& impl) { return impl.detector; }
    static bool isMasked(const Impl& impl) { return !impl.maskGenerator.empty(); }
    static Mutex& mutex(Impl& impl) { return impl.mtx; }
    static bool describe(const Impl& impl, Cascade& cascade);
    static void open(Impl& impl, const Ptr<Detector>& detector);
    static void unpack(Impl& impl);
};

// What a classifier that stock read is compiled from; false if it is none of Haar features or has other trees.
bool Access::describe(const Impl& impl, Cascade& cascade)
{
    const Data& data = impl.data;
    if (impl.oldCascade || data.featureType != FeatureEvaluator::HAAR || data.nodes.empty() || !impl.featureEvaluator)
        return false;
    const HaarEvaluator& evaluator = static_cast<const HaarEvaluator&>(*impl.featureEvaluator);
    cascade.width = data.origWinSize.width;
    cascade.height = data.origWinSize.height;
    const Data::DTreeNode* node = data.nodes.data();
    const float* leaf = data.leaves.data();
    for (const Data::Stage& from : data.stages)
    {
        cascade.stages.push_back({int(cascade.stumps.size()), 0, from.threshold});
        for (int t = from.first; t < from.first + from.ntrees; t++)
        {
            const int count = data.classifiers[size_t(t)].nodeCount;
            std::vector<TreeNode> nodes;
            for (int i = 0; i < count; i++, node++)
                nodes.push_back({node->featureIdx, node->threshold, node->left, node->right});
            if (!addTree(cascade, nodes.data(), count, leaf))
                return false;
            leaf += count + 1;
        }
    }
    for (const HaarEvaluator::Feature& from : *evaluator.features)
    {
        Feature feature;
        feature.tilted = from.tilted;
        for (int i = 0; i < 3; i++)
        {
            const Rect& box = from.rect[i].r;
            const Box plain = {box.x, box.y, box.width, box.height, from.rect[i].weight};
            feature.boxes[i] = plain;
        }
        cascade.features.push_back(feature);
    }
    return true;
}

// What stock asks of a classifier before it detects.
void Access::open(Impl& impl, const Ptr<Detector>& detector)
{
    const Packed& packed = detector->packed;
    Data& data = impl.data;
    data.stageType = Impl::BOOST;
    data.featureType = FeatureEvaluator::HAAR;
    data.ncategories = 0;
    data.origWinSize = Size(int(packed.width), int(packed.height));
    data.minNodesPerTree = 255;
    data.maxNodesPerTree = 0;
    for (uint32_t t = 0; t < packed.trees; t++)
    {
        data.minNodesPerTree = std::min(data.minNodesPerTree, int(packed.tree[t]));
        data.maxNodesPerTree = std::max(data.maxNodesPerTree, int(packed.tree[t]));
    }
    data.stages.resize(packed.stages);
    int first = 0;
    for (uint32_t s = 0; s < packed.stages; s++)
    {
        data.stages[s].first = first;
        data.stages[s].ntrees = int(packed.stage[s].trees);
        data.stages[s].threshold = packed.stage[s].threshold;
        first += data.stages[s].ntrees;
    }
    impl.featureEvaluator = FeatureEvaluator::create(FeatureEvaluator::HAAR);
    impl.detector = detector;
}

// All that stock's detection needs.
void Access::unpack(Impl& impl)
{
    const Packed& packed = impl.detector->packed;
    Data& data = impl.data;
    // Of an attempt that found no memory.
    data.classifiers.clear();
    data.nodes.clear();
    data.stumps.clear();
    for (uint32_t t = 0; t < packed.trees; t++)
    {
        Data::DTree tree;
        tree.nodeCount = packed.tree[t];
        data.classifiers.push_back(tree);
    }
    for (uint32_t n = 0; n < packed.nodes; n++)
    {
        const PackedNode& from = packed.node[n];
        Data::DTreeNode node;
        node.featureIdx = from.feature;
        node.threshold = from.threshold;
        node.left = from.left;
        node.right = from.right;
        data.nodes.push_back(node);
    }
    data.leaves.assign(packed.leaf, packed.leaf + packed.leaves);
    if (data.maxNodesPerTree == 1)
        for (uint32_t n = 0; n < packed.nodes; n++)
        {
            const float* leaves = packed.leaf + 2 * n;
            data.stumps.push_back(Data::Stump(packed.node[n].feature, packed.node[n].threshold, leaves[0], leaves[1]));
        }
    HaarEvaluator& evaluator = static_cast<HaarEvaluator&>(*impl.featureEvaluator);
    std::vector<HaarEvaluator::Feature> features(packed.features);
    bool tilted = false;
    for (uint32_t f = 0; f < packed.features; f++)
    {
        const PackedFeature& from = packed.feature[f];
        features[f].tilted = from.tilted != 0;
        tilted = tilted || from.tilted;
        for (int i = 0; i < 3; i++)
        {
            const uint8_t* box = from.box[i];
            features[f].rect[i].r = Rect(box[0], box[1], box[2], box[3]);
            features[f].rect[i].weight = from.weight[i];
        }
    }
    // As HaarEvaluator::read leaves it.
    evaluator.origWinSize = data.origWinSize;
    evaluator.features = makePtr<std::vector<HaarEvaluator::Feature> >(features);
    evaluator.optfeatures = makePtr<std::vector<HaarEvaluator::OptFeature> >();
    evaluator.optfeatures_lbuf = makePtr<std::vector<HaarEvaluator::OptFeature> >();
    evaluator.hasTiltedFeatures = tilted;
    evaluator.nchannels = tilted ? 3 : 2;
    evaluator.normrect = Rect(1, 1, data.origWinSize.width - 2, data.origWinSize.height - 2);
    evaluator.sbufSize = evaluator.localSize = evaluator.lbufSize = Size();
    impl.detector->unpacked = true;
}

// The classifier's detector, which is made when it is first asked for.
static Detector& detectorOf(CascadeClassifierImpl& classifier)
{
    AutoLock lock(Access::mutex(classifier));
    Ptr<Detector>& detector = Access::detector(classifier);
    if (!detector)
    {
        const Ptr<Detector> made = makePtr<Detector>();
#ifdef OPENCV_HAAR_DETECTOR
        Cascade cascade;
        made->has_model = Access::describe(classifier, cascade) && !compile(cascade, made->bytes) &&
                          !open(made->bytes.data(), made->bytes.size(), made->model);
#endif
        detector = made;
    }
    return *detector;
}

#ifdef OPENCV_HAAR_DETECTOR

// Fewer windows than this are done before another thread has woken up.
static const double WindowsForThreads = 30000;

static void runInParallel(int count, const std::function<void(int)>& work)
{
    const auto body = [&](const Range& range) {
        for (int i = range.start; i < range.end; i++)
            work(i);
    };
    parallel_for_(Range(0, count), body, count);
}

static void detectFast(Detector& detector, const Mat& grey, const std::vector<float>& scales, std::vector<Rect>& candidates)
{
    const Model& model = detector.model;
    const Photo photo = {grey.data, grey.step, grey.cols, grey.rows};
    const std::vector<Layer> layers = layersOf(model, photo, scales);
    double windows = 0;
    for (const Layer& layer : layers)
        windows += double(layer.columns) * layer.rows;
    const int threads = windows < WindowsForThreads ? 1 : getNumThreads();
    const Stop stop = stopOfThread();
    const std::vector<Found> all = detector.finder.find(photo, layers, threads, runInParallel, stop);
    throwIf(stop());
    for (const Found& found : all)
    {
        const float scale = layers[found.layer].scale;
        candidates.push_back(Rect(cvRound(found.x * scale), cvRound(found.y * scale), cvRound(model.width * scale),
                                  cvRound(model.height * scale)));
    }
}

#else

static void detectFast(Detector&, const Mat&, const std::vector<float>&, std::vector<Rect>&) {}

#endif

// Offsets of corners have 32 bits.
static const int WidestPicture = 1 << 24;

bool detectCandidates(CascadeClassifierImpl& classifier, const Mat& grey, const std::vector<float>& scales, bool levels,
                      std::vector<Rect>& candidates)
{
    Detector& detector = detectorOf(classifier);
    if (detector.has_model && !levels && isFast() && !Access::isMasked(classifier) && grey.type() == CV_8UC1 &&
        grey.cols <= WidestPicture)
    {
        detectFast(detector, grey, scales, candidates);
        return true;
    }
    AutoLock lock(Access::mutex(classifier));
    if (!detector.unpacked)
        Access::unpack(classifier);
    return false;
}

}} // namespace cv::haar

CV_EXPORTS const char* opencv_packed_cascade_open(void* classifier, const unsigned char* bytes, size_t length)
{
    using namespace cv;
    CascadeClassifier& made = *static_cast<CascadeClassifier*>(classifier);
    made.cc.release();
    try
    {
        const Ptr<haar::Detector> detector = makePtr<haar::Detector>();
        if (reinterpret_cast<uintptr_t>(bytes) % 4 != 0)
        {
            detector->bytes.assign(bytes, bytes + length);
            bytes = detector->bytes.data();
        }
        if (const char* why = haar::open(bytes, length, detector->packed))
            return why;
        detector->unpacked = false;
#ifdef OPENCV_HAAR_DETECTOR
        detector->has_model = detector->packed.block != NULL;
#endif
        detector->model = detector->packed.model;
        const Ptr<CascadeClassifierImpl> impl = makePtr<CascadeClassifierImpl>();
        haar::Access::open(*impl, detector);
        made.cc = impl.staticCast<BaseCascadeClassifier>();
        return NULL;
    }
    catch (const std::exception&)
    {
        return "there is no memory for it";
    }
}
