// Pyramid levels, and how their work is split between threads.
#ifdef OPENCV_HAAR_DETECTOR

#include "detect.hpp"

#include <algorithm>
#include <cmath>

#include "dispatch.hpp"

namespace cv { namespace haar {

namespace {

// Stripes that one thread processes in order.
struct WorkItem
{
    std::vector<Stripe> stripes;
    std::vector<Candidate> candidates;
};

void storeCandidates(const Candidate* candidates, size_t count, void* context)
{
    static_cast<std::vector<Candidate>*>(context)->assign(candidates, candidates + count);
}

// Stripes overlap by a window's height, and each rescales and sums those rows again. Shorter stripes would cost more
// than the parallelism gains.
const int MinStripeRows = 24;

std::vector<WorkItem> splitWork(const std::vector<PyramidLevel>& levels, int count)
{
    if (count <= 1)
    {
        WorkItem single;
        for (size_t i = 0; i < levels.size(); i++)
        {
            const Stripe stripe = {i, 0, levels[i].rows};
            if (stripe.last > 0)
                single.stripes.push_back(stripe);
        }
        return std::vector<WorkItem>(1, single);
    }
    double windows = 0;
    for (const PyramidLevel& level : levels)
        windows += double(level.columns) * level.rows;
    const double target = windows / count;
    std::vector<WorkItem> items(1);
    double remaining = target;
    for (size_t i = 0; i < levels.size(); i++)
    {
        const PyramidLevel& level = levels[i];
        for (int row = 0; row < level.rows;)
        {
            int rows = level.rows - row;
            if (level.columns * double(rows) > remaining * 1.25)
                rows = std::min(rows, std::max(int(remaining / level.columns), int(MinStripeRows)));
            if (level.rows - row - rows < MinStripeRows / 2)
                rows = level.rows - row;
            const Stripe stripe = {i, row, row + rows};
            items.back().stripes.push_back(stripe);
            row += rows;
            remaining -= level.columns * double(rows);
            if (remaining < target / 16)
            {
                items.push_back(WorkItem());
                remaining = target;
            }
        }
    }
    if (items.back().stripes.empty())
        items.pop_back();
    return items;
}

}  // namespace

std::vector<PyramidLevel> pyramidLevels(const Model& model, const ImageView& image, const std::vector<float>& scales)
{
    std::vector<PyramidLevel> levels;
    int stripes = 0;
    for (float scale : scales)
    {
        PyramidLevel level;
        level.scale = scale;
        // Rounds like cvRound, to nearest even.
        level.width = int(std::lrint(double(image.width / scale)));
        level.height = int(std::lrint(double(image.height / scale)));
        level.step = scale >= 2 ? 1 : 2;
        const int positions_x = std::max(level.width + 1 - model.width, 0),
                  positions_y = std::max(level.height + 1 - model.height, 0);
        // Upstream splits every level into the same number of stripes: the first level's width in units of 32, rounded
        // up. All stripes of a level have the same number of steps, so it can skip a last row that no stripe covers.
        if (levels.empty())
            stripes = std::max((positions_x + 31) / 32, 1);
        const int steps = std::max((positions_y / level.step + stripes - 1) / stripes, 1);
        const int last = std::min(stripes * steps * level.step, positions_y);
        level.columns = (positions_x + level.step - 1) / level.step;
        level.rows = (last + level.step - 1) / level.step;
        levels.push_back(level);
    }
    return levels;
}

Worker::~Worker() {}

MultiScaleDetector::MultiScaleDetector(const Model& model) : model_(model) {}

MultiScaleDetector::~MultiScaleDetector() {}

std::unique_ptr<Worker> MultiScaleDetector::acquireWorker()
{
    std::lock_guard<std::mutex> lock(mutex_);
    if (idle_workers_.empty())
        return std::unique_ptr<Worker>(createWorker(model_));
    std::unique_ptr<Worker> worker = std::move(idle_workers_.back());
    idle_workers_.pop_back();
    return worker;
}

void MultiScaleDetector::releaseWorker(std::unique_ptr<Worker> worker)
{
    std::lock_guard<std::mutex> lock(mutex_);
    idle_workers_.push_back(std::move(worker));
}

std::vector<Candidate> MultiScaleDetector::detect(const ImageView& image, const std::vector<PyramidLevel>& levels,
                                                  int threads, const detection::ParallelFor& parallel_for,
                                                  const detection::StopCallback& stop)
{
    // More items than threads, because their cost varies beyond their number of windows.
    std::vector<WorkItem> items = splitWork(levels, threads > 1 ? 4 * threads : 1);
    const auto work = [&](int i) {
        WorkItem& item = items[size_t(i)];
        // A worker that throws is not reused.
        std::unique_ptr<Worker> worker = acquireWorker();
        worker->detect(image, levels.data(), item.stripes.data(), item.stripes.size(), stop, storeCandidates,
                       &item.candidates);
        releaseWorker(std::move(worker));
        std::sort(item.candidates.begin(), item.candidates.end());
    };
    if (threads <= 1)
        work(0);
    else
        parallel_for(int(items.size()), work);
    std::vector<Candidate> candidates;
    for (const WorkItem& item : items)
        candidates.insert(candidates.end(), item.candidates.begin(), item.candidates.end());
    return candidates;
}

}}  // namespace cv::haar

#endif
