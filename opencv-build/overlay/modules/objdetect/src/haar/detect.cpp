// Layers, and how the work on them is cut into pieces.
#ifdef OPENCV_HAAR_DETECTOR

#include "detect.hpp"

#include <algorithm>
#include <cmath>

#include "dispatch.hpp"

namespace cv { namespace haar {

namespace {

// Stripes for one thread to work on, one after the other.
struct Piece
{
    std::vector<Stripe> stripes;
    std::vector<Found> found;
};

void keep(const Found* found, size_t count, void* to)
{
    static_cast<std::vector<Found>*>(to)->assign(found, found + count);
}

// What a row of windows costs beside its windows: the rows above a stripe are made smaller and added up again, so
// that short stripes cost more than they share out.
const int ShortestStripe = 24;

std::vector<Piece> cut(const std::vector<Layer>& layers, int pieces)
{
    if (pieces <= 1)
    {
        Piece whole;
        for (size_t i = 0; i < layers.size(); i++)
        {
            const Stripe stripe = {i, 0, layers[i].rows};
            if (stripe.last > 0)
                whole.stripes.push_back(stripe);
        }
        return std::vector<Piece>(1, whole);
    }
    double all = 0;
    for (const Layer& layer : layers)
        all += double(layer.columns) * layer.rows;
    const double share = all / pieces;
    std::vector<Piece> cut(1);
    double room = share;
    for (size_t i = 0; i < layers.size(); i++)
    {
        const Layer& layer = layers[i];
        for (int row = 0; row < layer.rows;)
        {
            int rows = layer.rows - row;
            if (layer.columns * double(rows) > room * 1.25)
                rows = std::min(rows, std::max(int(room / layer.columns), int(ShortestStripe)));
            if (layer.rows - row - rows < ShortestStripe / 2)
                rows = layer.rows - row;
            const Stripe stripe = {i, row, row + rows};
            cut.back().stripes.push_back(stripe);
            row += rows;
            room -= layer.columns * double(rows);
            if (room < share / 16)
            {
                cut.push_back(Piece());
                room = share;
            }
        }
    }
    if (cut.back().stripes.empty())
        cut.pop_back();
    return cut;
}

}  // namespace

std::vector<Layer> layersOf(const Model& model, const Photo& photo, const std::vector<float>& scales)
{
    std::vector<Layer> layers;
    int stripes = 0;
    for (float scale : scales)
    {
        Layer layer;
        layer.scale = scale;
        // cvRound's rounding, to nearest even.
        layer.width = int(std::lrint(double(photo.width / scale)));
        layer.height = int(std::lrint(double(photo.height / scale)));
        layer.step = scale >= 2 ? 1 : 2;
        const int across = std::max(layer.width + 1 - model.width, 0), down = std::max(layer.height + 1 - model.height, 0);
        // Stock cuts every layer into as many stripes as the first one is wide in units of 32, each of so many steps, and
        // so leaves out a last row that no stripe has.
        if (layers.empty())
            stripes = std::max((across + 31) / 32, 1);
        const int steps = std::max((down / layer.step + stripes - 1) / stripes, 1);
        const int last = std::min(stripes * steps * layer.step, down);
        layer.columns = (across + layer.step - 1) / layer.step;
        layer.rows = (last + layer.step - 1) / layer.step;
        layers.push_back(layer);
    }
    return layers;
}

Worker::~Worker() {}

Finder::Finder(const Model& model) : model_(model) {}

Finder::~Finder() {}

std::unique_ptr<Worker> Finder::take()
{
    std::lock_guard<std::mutex> lock(mutex_);
    if (idle_.empty())
        return std::unique_ptr<Worker>(makeWorker(model_));
    std::unique_ptr<Worker> worker = std::move(idle_.back());
    idle_.pop_back();
    return worker;
}

void Finder::give(std::unique_ptr<Worker> worker)
{
    std::lock_guard<std::mutex> lock(mutex_);
    idle_.push_back(std::move(worker));
}

std::vector<Found> Finder::find(const Photo& photo, const std::vector<Layer>& layers, int threads, const Parallel& parallel,
                                const Stop& stop)
{
    // More pieces than threads, because some have more to do than their number of windows tells.
    std::vector<Piece> pieces = cut(layers, threads > 1 ? 4 * threads : 1);
    const auto work = [&](int i) {
        Piece& piece = pieces[size_t(i)];
        // A worker that failed is not used again.
        std::unique_ptr<Worker> worker = take();
        worker->look(photo, layers.data(), piece.stripes.data(), piece.stripes.size(), stop, keep, &piece.found);
        give(std::move(worker));
        std::sort(piece.found.begin(), piece.found.end());
    };
    if (threads <= 1)
        work(0);
    else
        parallel(int(pieces.size()), work);
    std::vector<Found> found;
    for (const Piece& piece : pieces)
        found.insert(found.end(), piece.found.begin(), piece.found.end());
    return found;
}

}} // namespace cv::haar

#endif
