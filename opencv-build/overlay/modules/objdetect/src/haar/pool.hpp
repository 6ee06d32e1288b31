// Windows that passed the first stages, from everywhere, gathered until they fill a vector.
//
// Survivors are far apart, so that vectors of neighbouring windows are mostly idle. As soon as there are enough for a
// vector their integral images are transposed, so that each corner is one load for all, and they go through the next
// stages together. Those that are left wait for others, as copies, a group of stages further.
//
// Why it is exact: a window's answer depends on its integral image and contrast alone, and both are copied. Found
// windows are sorted at the end.
#ifndef OPENCV_OBJDETECT_HAAR_POOL_HPP
#define OPENCV_OBJDETECT_HAAR_POOL_HPP

#include "buffer.hpp"
#include "detect.hpp"
#include "decide.hpp"
#include "layout.hpp"
#include "transpose.hpp"

namespace cv { namespace haar {

CV_CPU_OPTIMIZATION_NAMESPACE_BEGIN

// A copy's row has room for 32 columns, whatever the window's width.
enum { CopyRow = 32 };

// A window that waits.
struct Waiting
{
    Found place;
    float contrast;    // divided by 2^16
};

// Where a window's integral image is, and how its columns lie there.
struct Source
{
    const uint16_t* integral;
    size_t stride;
    Columns columns;
};

// As many as go through the stages at once.
enum { PoolVectors = Lanes >= 16 ? 1 : 16 / Lanes, PoolWindows = PoolVectors * Lanes };

// Windows before the stages from `first` to `last`.
class Pool
{
public:
    void start(const Model& model, Layout& layout, uint32_t first, uint32_t last, Pool* next,
               List<Found>& found);

    uint32_t last() const { return last_; }

    // Lets those that come begin with an earlier stage.
    void begin(uint32_t first) { first_ = first; }

    // Takes a window whose integral image stays where it is until the pool was flushed. All of them lie alike.
    void add(const Source& source, const Waiting& window);

    // Takes a window with a copy of its integral image.
    void addCopy(const Source& source, const Waiting& window);

    // Lets those that wait go on, few as they are.
    void flush();

    // The same, or hands them to a pool that begins earlier, if they are too few to pay for a vector of their own.
    void empty(Pool& earlier);

private:
    void pass();
    uint64_t stage(uint32_t s, const Group* groups, uint64_t in);

    const Model* model_;
    Layout* layout_;
    uint32_t first_, last_;
    Pool* next_;
    List<Found>* found_;
    int count_;
    Waiting waiting_[PoolWindows];
    const uint16_t* integrals_[PoolWindows];
    size_t size_;                        // of a vector's windows, transposed
    size_t stride_;
    Columns columns_;
    Buffer<uint16_t> copies_;            // one behind the other
    Buffer<uint16_t> transposed_;        // by row, column, and lane
    Buffer<float> answers_;
};

inline void Pool::start(const Model& model, Layout& layout, uint32_t first, uint32_t last, Pool* next,
                        List<Found>& found)
{
    model_ = &model;
    layout_ = &layout;
    first_ = first;
    last_ = last;
    next_ = next;
    found_ = &found;
    count_ = 0;
    size_ = size_t((model.width + 1) * (model.height + 1)) * Lanes;
}

inline void copyRow(const uint16_t* from, const Columns& columns, uint16_t* to)
{
    if (columns.step == 1)
    {
        for (int i = 0; i < CopyRow; i += v_uint16::nlanes)
            v_store(to + i, vx_load(from + i));
        return;
    }
    for (int i = 0; i < CopyRow; i += 16)
    {
        v_uint16x8 low, high;
        v_zip(v_load(from + i / 2), v_load(from + columns.odd + i / 2), low, high);
        v_store(to + i, low);
        v_store(to + i + 8, high);
    }
}

inline void Pool::add(const Source& source, const Waiting& window)
{
    stride_ = source.stride;
    columns_ = source.columns;
    integrals_[count_] = source.integral;
    waiting_[count_++] = window;
    if (count_ == PoolWindows)
        pass();
}

inline void Pool::addCopy(const Source& source, const Waiting& window)
{
    const size_t size = size_t(model_->height + 1) * CopyRow;
    copies_.need(size * PoolWindows);
    uint16_t* to = &copies_[size * size_t(count_)];
    for (int y = 0; y <= model_->height; y++)
        copyRow(source.integral + size_t(y) * source.stride, source.columns, to + y * CopyRow);
    add({to, CopyRow, {1, 0}}, window);
}

inline void Pool::flush()
{
    if (count_ > 0)
        pass();
}

inline void Pool::pass()
{
    // Behind the last place there is room for what a tile writes too much.
    transposed_.need(PoolVectors * size_ + 8 * Lanes);
    float contrasts[PoolVectors][2][Lanes / 2];
    Group groups[PoolVectors];
    for (int i = 0; i < PoolWindows; i++)
    {
        // Idle lanes do what the first one does.
        integrals_[i] = integrals_[i < count_ ? i : 0];
        contrasts[i / Lanes][i & 1][i % Lanes / 2] = waiting_[i < count_ ? i : 0].contrast;
    }
    for (int i = 0; i < PoolVectors; i++)
    {
        uint16_t* to = &transposed_[size_t(i) * size_];
        if (i * Lanes < count_)
            transpose(integrals_ + i * Lanes, stride_, columns_, model_->width + 1, model_->height + 1, to);
        groups[i].integral = to;
        groups[i].even = contrasts[i][0];
        groups[i].odd = contrasts[i][1];
    }
    uint64_t left = (uint64_t(2) << (count_ - 1)) - 1;
    for (uint32_t s = first_; s < last_ && left; s++)
        left = stage(s, groups, left);
    count_ = 0;
    for (; left; left &= left - 1)
    {
        const int i = lowest(left);
        if (next_)
            next_->addCopy({integrals_[i], stride_, columns_}, waiting_[i]);
        else
            found_->add(waiting_[i].place);
    }
}

inline void Pool::empty(Pool& earlier)
{
    if (2 * count_ > PoolWindows)
        return flush();
    for (int i = 0; i < count_; i++)
    {
        const Source source = {integrals_[i], stride_, columns_};
        earlier.addCopy(source, waiting_[i]);
    }
    count_ = 0;
}

// Those of the windows `in` that pass the stage.
inline uint64_t Pool::stage(uint32_t s, const Group* groups, uint64_t in)
{
    const StageTable& table = (*layout_)[s];
    v_int16 sums[PoolVectors + 1];
    sums[PoolVectors] = vx_setzero_s16();
    sum<PoolVectors, Coarse>(table, groups, sums);
    uint64_t left = 0;
    for (int i = 0; i < PoolVectors; i += 2)
    {
        const Decided found = decided(table, sums[i], sums[i + 1]);
        for (int j = i; j < i + 2 && j < PoolVectors; j++)
        {
            const int shift = (j - i) * Lanes;
            const uint64_t here = in >> (j * Lanes) & All;
            uint64_t passed = found.passed >> shift & here;
            const uint64_t open = here & ~passed & ~(found.failed >> shift);
            if (open)
                passed |= decide(table, groups[j], sums[j], open, [&](int lane) {
                    const int window = j * Lanes + lane;
                    const uint16_t* from = integrals_[window];
                    const auto integral = [&](int x, int y) { return from[size_t(y) * stride_ + columns_(x)]; };
                    return passes(*model_, s, integral, waiting_[window].contrast * 65536.f, answers_);
                });
            left |= passed << (j * Lanes);
        }
    }
    return left;
}

CV_CPU_OPTIMIZATION_NAMESPACE_END

}} // namespace cv::haar

#endif
