// The network's outputs for an image: chains of layers, in bands of rows for threads.
#ifndef OPENCV_OBJDETECT_YUNET_INFERENCE_HPP
#define OPENCV_OBJDETECT_YUNET_INFERENCE_HPP

#include <vector>

#include "../shared/parallel_for.hpp"
#include "chain.hpp"

namespace cv { namespace yunet {

// Runs a network. Reuses its memory from call to call. Not for several threads at the same time.
class Inference
{
public:
    // The network must outlive this object.
    explicit Inference(const Network& network);
    Inference(const Inference&) = delete;
    Inference& operator=(const Inference&) = delete;

    // Computes the heads' outputs for strides 8, 16 and 32, which are valid until the next call. The number of threads
    // does not affect them. If `stop` returns true, they are incomplete. `image` is at least 1x1.
    const FeatureMap* run(const ImageView& image, int threads, const detection::ParallelFor& parallel_for,
                          const detection::StopCallback& stop);

private:
    void layOut(int width, int height);
    void runInBands(const Chain& chain);

    const Network& network_;
    FeatureMap stages_[LevelCount], laterals_[LevelCount], heads_[LevelCount];
    std::vector<float> maps_, scratch_;
    int threads_;
    detection::ParallelFor parallel_for_;
    detection::StopCallback stop_;
};

}}  // namespace cv::yunet

#endif
