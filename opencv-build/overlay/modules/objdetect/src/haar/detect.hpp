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
struct Photo
{
    const uint8_t* pixels;
    size_t stride;
    int width, height;
};

// The photo at one size, and the places of windows in it: every `step` pixels, `columns` by `rows` of them.
struct Layer
{
    float scale;
    int width, height;
    int step;
    int columns, rows;
};

// Rows of places in one layer, from `first` to `last`.
struct Stripe
{
    size_t layer;
    int first, last;
};

// A window that passed: its layer, and its place in pixels of the layer.
struct Found
{
    size_t layer;
    int x, y;
};

inline bool operator<(const Found& a, const Found& b)
{
    return a.layer != b.layer ? a.layer < b.layer : a.y != b.y ? a.y < b.y : a.x < b.x;
}

// Layers for these scales, each 1 or more, as stock has them.
std::vector<Layer> layersOf(const Model& model, const Photo& photo, const std::vector<float>& scales);

// Runs the function for each number below the count, at once or one after the other.
typedef std::function<void(int count, const std::function<void(int)>& work)> Parallel;

class Worker;

// Looks for what a model is for, with tables and memory that serve again for the next photo.
class Finder
{
public:
    // The model must live as long.
    explicit Finder(const Model& model);
    ~Finder();
    Finder(const Finder&) = delete;
    Finder& operator=(const Finder&) = delete;

    // All windows that pass, in the order in which stock finds them with one thread: by layer, row and column. The work
    // is cut into pieces for `threads` threads; what is found does not depend on it. May be called by several threads.
    // Where it is told to stop it leaves out the rest.
    std::vector<Found> find(const Photo& photo, const std::vector<Layer>& layers, int threads, const Parallel& parallel,
                            const Stop& stop);

private:
    std::unique_ptr<Worker> take();
    void give(std::unique_ptr<Worker> worker);

    const Model& model_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Worker> > idle_;
};

}} // namespace cv::haar

#endif
