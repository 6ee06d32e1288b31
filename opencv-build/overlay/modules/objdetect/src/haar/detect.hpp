// The detector: finds the positions and scales in an image at which windows pass all stages of a model.
#ifndef OPENCV_OBJDETECT_HAAR_DETECT_HPP
#define OPENCV_OBJDETECT_HAAR_DETECT_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "../shared/cancellation.hpp"
#include "../shared/parallel_for.hpp"
#include "model.hpp"

namespace cv { namespace haar {

// A grey image that is owned elsewhere; rows are `stride` bytes apart.
struct ImageView
{
    const uint8_t* pixels;
    size_t stride;
    int width, height;
};

// The image at one scale, and its grid of window positions: `columns` by `rows`, `step` pixels apart.
struct PyramidLevel
{
    float scale;
    int width, height;
    int step;
    int columns, rows;
};

// Rows of window positions in one level, from `first` up to but excluding `last`.
struct Stripe
{
    size_t level;
    int first, last;
};

// A window that passed all stages. `x` and `y` are pixels of the level.
struct Candidate
{
    size_t level;
    int x, y;
};

inline bool operator<(const Candidate& a, const Candidate& b)
{
    return a.level != b.level ? a.level < b.level : a.y != b.y ? a.y < b.y : a.x < b.x;
}

// The levels that upstream uses for these scales, each of which is at least 1.
std::vector<PyramidLevel> pyramidLevels(const Model& model, const ImageView& image, const std::vector<float>& scales);

class Worker;

// Detects by a model. Reuses tables and memory from call to call.
class MultiScaleDetector
{
public:
    // The model must outlive the detector.
    explicit MultiScaleDetector(const Model& model);
    ~MultiScaleDetector();
    MultiScaleDetector(const MultiScaleDetector&) = delete;
    MultiScaleDetector& operator=(const MultiScaleDetector&) = delete;

    // All windows that pass, in upstream's single-threaded order: by level, row and column. The number of threads does
    // not affect the result. Several threads may call it. Once `stop` returns true, it skips the rest.
    std::vector<Candidate> detect(const ImageView& image, const std::vector<PyramidLevel>& levels, int threads,
                                  const detection::ParallelFor& parallel_for, const detection::StopCallback& stop);

private:
    std::unique_ptr<Worker> acquireWorker();
    void releaseWorker(std::unique_ptr<Worker> worker);

    const Model& model_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Worker> > idle_workers_;
};

}}  // namespace cv::haar

#endif
