// The detector: where in a photo, and at which sizes, windows pass all stages of a model.
#ifndef OPENCV_OBJDETECT_HAAR_DETECT_HPP
#define OPENCV_OBJDETECT_HAAR_DETECT_HPP

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "control.hpp"
#include "model.hpp"

namespace cv { namespace haar {

// A grey photo that somebody else holds; rows are `stride` bytes apart.
struct ImageView
{
    const uint8_t* pixels;
    size_t stride;
    int width, height;
};

// The photo at one size, and the places of windows in it: every `step` pixels, `columns` by `rows` of them.
struct PyramidLevel
{
    float scale;
    int width, height;
    int step;
    int columns, rows;
};

// Rows of places in one level, from `first` to `last`.
struct Stripe
{
    size_t level;
    int first, last;
};

// A window that passed: its level, and its place in pixels of the level.
struct Candidate
{
    size_t level;
    int x, y;
};

inline bool operator<(const Candidate& a, const Candidate& b)
{
    return a.level != b.level ? a.level < b.level : a.y != b.y ? a.y < b.y : a.x < b.x;
}

// Levels for these scales, each 1 or more, as upstream has them.
std::vector<PyramidLevel> pyramidLevels(const Model& model, const ImageView& image, const std::vector<float>& scales);

// Runs the function for each number below the count, at once or one after the other.
typedef std::function<void(int count, const std::function<void(int)>& work)> ParallelFor;

class Worker;

// Looks for what a model is for, with tables and memory that serve again for the next photo.
class MultiScaleDetector
{
public:
    // The model must live as long.
    explicit MultiScaleDetector(const Model& model);
    ~MultiScaleDetector();
    MultiScaleDetector(const MultiScaleDetector&) = delete;
    MultiScaleDetector& operator=(const MultiScaleDetector&) = delete;

    // All windows that pass, in the order in which upstream finds them with one thread: by level, row and column. The
    // work is cut into pieces for `threads` threads; what is found does not depend on it. May be called by several
    // threads. Where it is told to stop it leaves out the rest.
    std::vector<Candidate> detect(const ImageView& image, const std::vector<PyramidLevel>& levels, int threads,
                                  const ParallelFor& parallel_for, const StopCallback& stop);

private:
    std::unique_ptr<Worker> acquireWorker();
    void releaseWorker(std::unique_ptr<Worker> worker);

    const Model& model_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Worker> > idle_workers_;
};

}}  // namespace cv::haar

#endif
