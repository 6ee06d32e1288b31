#include "../precomp.hpp"

#include "classifier.hpp"

#include "detect.hpp"
#include "opencv2/objdetect/packed_models.h"
#include "packed_cascade.hpp"

namespace cv { namespace haar {

// State that we add to upstream's classifier.
class ClassifierState
{
public:
    PackedCascade packed;  // if it was opened from one
    bool upstream_ready;   // whether upstream's part of the classifier is filled in
    bool has_model;
    Model model;
    std::vector<uint8_t> bytes;  // the packed cascade or the model, if this object owns it
#ifdef OPENCV_HAAR_DETECTOR
    MultiScaleDetector detector;

    ClassifierState() : packed(), upstream_ready(true), has_model(false), model(), detector(model) {}
#else
    ClassifierState() : packed(), upstream_ready(true), has_model(false), model() {}
#endif
};

// The only class with access to the private members of upstream's classes (`friend`).
struct ClassifierAccess
{
    typedef CascadeClassifierImpl Impl;
    typedef Impl::Data Data;

    static const Data& data(const Impl& impl) { return impl.data; }
    static Ptr<ClassifierState>& state(Impl& impl) { return impl.haar_state; }
    static bool isMasked(const Impl& impl) { return !impl.maskGenerator.empty(); }
    static Mutex& mutex(Impl& impl) { return impl.mtx; }
    static bool extractCascade(const Impl& impl, Cascade& cascade);
    static void initFromPacked(Impl& impl, const Ptr<ClassifierState>& state);
    static void unpackForUpstream(Impl& impl);
};

// Extracts the cascade of a classifier that upstream loaded. Returns false if it does not use Haar features or has
// unsupported trees.
bool ClassifierAccess::extractCascade(const Impl& impl, Cascade& cascade)
{
    const Data& data = impl.data;
    if (impl.oldCascade || data.featureType != FeatureEvaluator::HAAR || data.nodes.empty() || !impl.featureEvaluator)
        return false;
    const HaarEvaluator& evaluator = static_cast<const HaarEvaluator&>(*impl.featureEvaluator);
    cascade.width = data.origWinSize.width;
    cascade.height = data.origWinSize.height;
    const Data::DTreeNode* node = data.nodes.data();
    const float* leaf = data.leaves.data();
    for (const Data::Stage& source : data.stages)
    {
        cascade.stages.push_back({int(cascade.stumps.size()), 0, source.threshold});
        for (int t = source.first; t < source.first + source.ntrees; t++)
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
    for (const HaarEvaluator::Feature& source : *evaluator.features)
    {
        Feature feature;
        feature.tilted = source.tilted;
        for (int i = 0; i < 3; i++)
        {
            const Rect& box = source.rect[i].r;
            const Box plain = {box.x, box.y, box.width, box.height, source.rect[i].weight};
            feature.boxes[i] = plain;
        }
        cascade.features.push_back(feature);
    }
    return true;
}

// Sets the fields that upstream reads before it detects.
void ClassifierAccess::initFromPacked(Impl& impl, const Ptr<ClassifierState>& state)
{
    const PackedCascade& packed = state->packed;
    Data& data = impl.data;
    data.stageType = Impl::BOOST;
    data.featureType = FeatureEvaluator::HAAR;
    data.ncategories = 0;
    data.origWinSize = Size(int(packed.width), int(packed.height));
    data.minNodesPerTree = 255;
    data.maxNodesPerTree = 0;
    for (uint32_t t = 0; t < packed.tree_count; t++)
    {
        data.minNodesPerTree = std::min(data.minNodesPerTree, int(packed.tree_sizes[t]));
        data.maxNodesPerTree = std::max(data.maxNodesPerTree, int(packed.tree_sizes[t]));
    }
    data.stages.resize(packed.stage_count);
    int first = 0;
    for (uint32_t s = 0; s < packed.stage_count; s++)
    {
        data.stages[s].first = first;
        data.stages[s].ntrees = int(packed.stages[s].tree_count);
        data.stages[s].threshold = packed.stages[s].threshold;
        first += data.stages[s].ntrees;
    }
    impl.featureEvaluator = FeatureEvaluator::create(FeatureEvaluator::HAAR);
    impl.haar_state = state;
}

// Fills in everything that upstream's detection needs.
void ClassifierAccess::unpackForUpstream(Impl& impl)
{
    const PackedCascade& packed = impl.haar_state->packed;
    Data& data = impl.data;
    // An earlier attempt may have run out of memory halfway.
    data.classifiers.clear();
    data.nodes.clear();
    data.stumps.clear();
    for (uint32_t t = 0; t < packed.tree_count; t++)
    {
        Data::DTree tree;
        tree.nodeCount = packed.tree_sizes[t];
        data.classifiers.push_back(tree);
    }
    for (uint32_t n = 0; n < packed.node_count; n++)
    {
        const PackedNode& source = packed.nodes[n];
        Data::DTreeNode node;
        node.featureIdx = source.feature;
        node.threshold = source.threshold;
        node.left = source.left;
        node.right = source.right;
        data.nodes.push_back(node);
    }
    data.leaves.assign(packed.leaves, packed.leaves + packed.leaf_count);
    if (data.maxNodesPerTree == 1)
        for (uint32_t n = 0; n < packed.node_count; n++)
        {
            const float* leaves = packed.leaves + 2 * n;
            data.stumps.push_back(
                Data::Stump(packed.nodes[n].feature, packed.nodes[n].threshold, leaves[0], leaves[1]));
        }
    HaarEvaluator& evaluator = static_cast<HaarEvaluator&>(*impl.featureEvaluator);
    std::vector<HaarEvaluator::Feature> features(packed.feature_count);
    bool tilted = false;
    for (uint32_t f = 0; f < packed.feature_count; f++)
    {
        const PackedFeature& source = packed.features[f];
        features[f].tilted = source.tilted != 0;
        tilted = tilted || source.tilted;
        for (int i = 0; i < 3; i++)
        {
            const uint8_t* box = source.box[i];
            features[f].rect[i].r = Rect(box[0], box[1], box[2], box[3]);
            features[f].rect[i].weight = source.weight[i];
        }
    }
    // Leaves the same state as HaarEvaluator::read.
    evaluator.origWinSize = data.origWinSize;
    evaluator.features = makePtr<std::vector<HaarEvaluator::Feature> >(features);
    evaluator.optfeatures = makePtr<std::vector<HaarEvaluator::OptFeature> >();
    evaluator.optfeatures_lbuf = makePtr<std::vector<HaarEvaluator::OptFeature> >();
    evaluator.hasTiltedFeatures = tilted;
    evaluator.nchannels = tilted ? 3 : 2;
    evaluator.normrect = Rect(1, 1, data.origWinSize.width - 2, data.origWinSize.height - 2);
    evaluator.sbufSize = evaluator.localSize = evaluator.lbufSize = Size();
    impl.haar_state->upstream_ready = true;
}

// The classifier's state, created on first use.
static ClassifierState& getState(CascadeClassifierImpl& classifier)
{
    AutoLock lock(ClassifierAccess::mutex(classifier));
    Ptr<ClassifierState>& state = ClassifierAccess::state(classifier);
    if (!state)
    {
        const Ptr<ClassifierState> created = makePtr<ClassifierState>();
#ifdef OPENCV_HAAR_DETECTOR
        Cascade cascade;
        created->has_model = ClassifierAccess::extractCascade(classifier, cascade) &&
                             !compileModel(cascade, created->bytes) &&
                             !openModel(created->bytes.data(), created->bytes.size(), created->model);
#endif
        state = created;
    }
    return *state;
}

#ifdef OPENCV_HAAR_DETECTOR

// The minimum number of windows for several threads: fewer are finished before another thread has woken up.
static const double MinWindowsForThreads = 30000;

static void detectFast(ClassifierState& state, const Mat& grey, const std::vector<float>& scales,
                       std::vector<Rect>& candidates)
{
    const Model& model = state.model;
    const ImageView image = {grey.data, grey.step, grey.cols, grey.rows};
    const std::vector<PyramidLevel> levels = pyramidLevels(model, image, scales);
    double windows = 0;
    for (const PyramidLevel& level : levels)
        windows += double(level.columns) * level.rows;
    const int threads = windows < MinWindowsForThreads ? 1 : getNumThreads();
    const detection::StopCallback stop = detection::threadStopCallback();
    const std::vector<Candidate> found = state.detector.detect(image, levels, threads, detection::runInParallel, stop);
    detection::throwIfStopped(stop());
    for (const Candidate& candidate : found)
    {
        const float scale = levels[candidate.level].scale;
        candidates.push_back(Rect(cvRound(candidate.x * scale), cvRound(candidate.y * scale),
                                  cvRound(model.width * scale), cvRound(model.height * scale)));
    }
}

#else

static void detectFast(ClassifierState&, const Mat&, const std::vector<float>&, std::vector<Rect>&) {}

#endif

// Corner offsets have 32 bits.
static const int MaxImageWidth = 1 << 24;

bool detectCandidates(CascadeClassifierImpl& classifier, const Mat& grey, const std::vector<float>& scales,
                      bool reject_levels, std::vector<Rect>& candidates)
{
    ClassifierState& state = getState(classifier);
    if (state.has_model && !reject_levels && isFastEnabled() && !ClassifierAccess::isMasked(classifier) &&
        grey.type() == CV_8UC1 && grey.cols <= MaxImageWidth)
    {
        detectFast(state, grey, scales, candidates);
        return true;
    }
    AutoLock lock(ClassifierAccess::mutex(classifier));
    if (!state.upstream_ready)
        ClassifierAccess::unpackForUpstream(classifier);
    return false;
}

}}  // namespace cv::haar

CV_EXPORTS const char* opencv_packed_cascade_open(void* classifier, const unsigned char* bytes, size_t length)
{
    using namespace cv;
    CascadeClassifier& target = *static_cast<CascadeClassifier*>(classifier);
    target.cc.release();
    try
    {
        const Ptr<haar::ClassifierState> state = makePtr<haar::ClassifierState>();
        if (reinterpret_cast<uintptr_t>(bytes) % 4 != 0)
        {
            state->bytes.assign(bytes, bytes + length);
            bytes = state->bytes.data();
        }
        if (const char* reason = haar::openPackedCascade(bytes, length, state->packed))
            return reason;
        state->upstream_ready = false;
#ifdef OPENCV_HAAR_DETECTOR
        state->has_model = state->packed.model_bytes != NULL;
#endif
        state->model = state->packed.model;
        const Ptr<CascadeClassifierImpl> impl = makePtr<CascadeClassifierImpl>();
        haar::ClassifierAccess::initFromPacked(*impl, state);
        target.cc = impl.staticCast<BaseCascadeClassifier>();
        return NULL;
    }
    catch (const std::exception&)
    {
        return "out of memory";
    }
}
