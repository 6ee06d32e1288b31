// The sum of a stage's stumps for many windows at once, in 16 bits.
//
// Why it is exact:
// - A feature's value is a whole number that fits int16 (the model sees to that), so that sums of corners modulo 2^16
//   give it, whatever overflows on the way. Values of several parts are added in 32 bits.
// - The comparison is stock's: value times contrast, one product of floats, rounded once, is below the threshold.
//   Value and contrast come multiplied and divided by 2^16, which changes no bit of the product.
// - The sum of the answers is rounded, and by how much at most is known (ModelStage::margin): within it nothing is
//   decided here (see `decide.hpp`).
#ifndef OPENCV_OBJDETECT_HAAR_FEATURES_HPP
#define OPENCV_OBJDETECT_HAAR_FEATURES_HPP

#include "lanes.hpp"
#include "model.hpp"

namespace cv { namespace haar {

CV_CPU_OPTIMIZATION_NAMESPACE_BEGIN

// Vectors that a stage is summed for in one go: an offset that was read serves all of them.
enum { Abreast = Lanes >= 32 ? 2 : 4 };

// Windows in one vector: where their integral images are, of which the first one's is the address and the others'
// follow it, and their contrasts' inverse divided by 2^16, those of the even lanes and those of the odd ones.
struct Group
{
    const uint16_t* integral;
    const float* even;
    const float* odd;
};

// Parts of a stage's sum, as the model has them.
enum Part { Coarse, Fine };

// A stump of a stage for one layout of the integral image: where its corners are, from the window's first, then
// threshold and answer.
template <int Corners> struct Entry
{
    uint32_t at[Corners];
    float threshold;
    int32_t answer[2];  // coarse and fine, each twice 16 bits, to fill a vector with
};

typedef Entry<EdgeCorners> EdgeEntry;
typedef Entry<LineCorners> LineEntry;
typedef Entry<CheckerCorners> CheckerEntry;

inline v_int16 corner(const uint16_t* integral, uint32_t at)
{
    return v_reinterpret_as_s16(vx_load(integral + at));
}

inline v_int16 value(const uint16_t* from, const EdgeEntry& stump)
{
    const uint32_t* at = stump.at;
    const v_int16 once = v_sub_wrap(v_add_wrap(corner(from, at[0]), corner(from, at[1])),
                                    v_add_wrap(corner(from, at[2]), corner(from, at[3])));
    const v_int16 twice = v_sub_wrap(corner(from, at[5]), corner(from, at[4]));
    return v_add_wrap(once, v_add_wrap(twice, twice));
}

inline v_int16 value(const uint16_t* from, const LineEntry& stump)
{
    const uint32_t* at = stump.at;
    const v_int16 once = v_sub_wrap(v_add_wrap(corner(from, at[0]), corner(from, at[1])),
                                    v_add_wrap(corner(from, at[2]), corner(from, at[3])));
    const v_int16 thrice = v_sub_wrap(v_add_wrap(corner(from, at[4]), corner(from, at[5])),
                                      v_add_wrap(corner(from, at[6]), corner(from, at[7])));
    return v_add_wrap(once, v_add_wrap(v_add_wrap(thrice, thrice), thrice));
}

inline v_int16 value(const uint16_t* from, const CheckerEntry& stump)
{
    const uint32_t* at = stump.at;
    const v_int16 once = v_add_wrap(v_add_wrap(corner(from, at[0]), corner(from, at[1])),
                                    v_add_wrap(corner(from, at[2]), corner(from, at[3])));
    const v_int16 twice = v_add_wrap(v_add_wrap(corner(from, at[4]), corner(from, at[5])),
                                     v_add_wrap(corner(from, at[6]), corner(from, at[7])));
    const v_int16 middle = corner(from, at[8]);
    const v_int16 half = v_sub_wrap(v_add_wrap(middle, middle), twice);
    return v_add_wrap(once, v_add_wrap(half, half));
}

// Contrasts of a vector's windows, as in Group.
struct Contrast
{
    v_float32 even, odd;
};

// Where the even and the odd values, times 2^16, say `left`.
inline v_int16 isLeft(const v_float32& even, const v_float32& odd, const Contrast& contrast, float threshold)
{
    const v_float32 limit = vx_setall_f32(threshold);
    return interleave(even * contrast.even < limit, odd * contrast.odd < limit);
}

inline v_int16 isLeft(const v_int16& value, const Contrast& contrast, float threshold)
{
    const v_int32 pairs = v_reinterpret_as_s32(value);
    const v_float32 even = v_cvt_f32(v_shl<16>(pairs));
    const v_float32 odd = v_cvt_f32(pairs & vx_setall_s32(int(0xFFFF0000)));
    return isLeft(even, odd, contrast, threshold);
}

// Does the same for each vector, unrolled, so that sums and addresses stay in registers.
template <int Count, Part P> struct Each
{
    template <typename E>
    static inline void add(const E& stump, const uint16_t* const* from, const Contrast* contrasts, v_int16* sums)
    {
        Each<Count - 1, P>::add(stump, from, contrasts, sums);
        const int i = Count - 1;
        sums[i] = v_add_wrap(sums[i], isLeft(value(from[i], stump), contrasts[i], stump.threshold) & both(stump.answer[P]));
    }
    template <typename E>
    static inline void compare(const E& node, const uint16_t* const* from, const Contrast* contrasts, v_int16* left)
    {
        Each<Count - 1, P>::compare(node, from, contrasts, left);
        const int i = Count - 1;
        left[i] = isLeft(value(from[i], node), contrasts[i], node.threshold);
    }
    static inline void load(const Group* groups, const uint16_t** from, Contrast* contrasts, v_int16* sums, const v_int16& base)
    {
        Each<Count - 1, P>::load(groups, from, contrasts, sums, base);
        const int i = Count - 1;
        from[i] = groups[i].integral;
        contrasts[i].even = vx_load(groups[i].even);
        contrasts[i].odd = vx_load(groups[i].odd);
        sums[i] = base;
    }
};

template <Part P> struct Each<0, P>
{
    template <typename E> static inline void add(const E&, const uint16_t* const*, const Contrast*, v_int16*) {}
    template <typename E> static inline void compare(const E&, const uint16_t* const*, const Contrast*, v_int16*) {}
    static inline void load(const Group*, const uint16_t**, Contrast*, v_int16*, const v_int16&) {}
};

// Where an Other says `left`. Its entry: how many parts; for each, how many corners; for each, where, and its weight; then
// threshold and answer.
inline v_int16 isLeft(const uint32_t*& at, const uint16_t* from, const Contrast& contrast)
{
    v_int32 even = vx_setzero_s32(), odd = even;
    for (uint32_t parts = *at++; parts > 0; parts--)
    {
        v_int16 part = vx_setzero_s16();
        for (uint32_t corners = *at++; corners > 0; corners--, at += 2)
            part = v_add_wrap(part, v_mul_wrap(corner(from, at[0]), both(int32_t(at[1]))));
        const v_int32 pairs = v_reinterpret_as_s32(part);
        even = even + v_shr<16>(v_shl<16>(pairs));
        odd = odd + v_shr<16>(pairs);
    }
    float threshold;
    std::memcpy(&threshold, at, sizeof threshold);
    at += 3;
    // Times 2^16, as the contrasts expect; a power of two changes no bit.
    const v_float32 scale = vx_setall_f32(65536.f);
    return isLeft(v_cvt_f32(even) * scale, v_cvt_f32(odd) * scale, contrast, threshold);
}

// The answer of an entry that ends at `end`.
inline v_int16 answerBefore(const uint32_t* end, Part part)
{
    return both(int32_t(end[part - 2]));
}

// Where the node of a tree says `left`, for `Count` vectors; returns the end of its entry.
template <int Count, typename E>
inline const uint32_t* compareAs(const uint32_t* at, const uint16_t* const* from, const Contrast* contrasts, v_int16* left)
{
    Each<Count, Coarse>::compare(*reinterpret_cast<const E*>(at), from, contrasts, left);
    return at + sizeof(E) / sizeof *at;
}

template <int Count>
inline const uint32_t* compare(Shape shape, const uint32_t* at, const uint16_t* const* from, const Contrast* contrasts,
                               v_int16* left)
{
    switch (shape)
    {
    case Edge: return compareAs<Count, EdgeEntry>(at, from, contrasts, left);
    case Line: return compareAs<Count, LineEntry>(at, from, contrasts, left);
    case Checker: return compareAs<Count, CheckerEntry>(at, from, contrasts, left);
    default: break;
    }
    const uint32_t* end = at;
    for (int i = 0; i < Count; i++)
    {
        end = at;
        left[i] = isLeft(end, from[i], contrasts[i]);
    }
    return end;
}

// Adds the answers of a tree. Its entry: its form, and those of its nodes.
template <int Count, Part P>
inline const uint32_t* addTree(const uint32_t* at, const uint16_t* const* from, const Contrast* contrasts, v_int16* sums)
{
    const int form = int(*at++);
    v_int16 first[Count], second[Count];
    at = compare<Count>(firstShape(form), at, from, contrasts, first);
    const v_int16 answer = answerBefore(at, P), leads = both(form & SecondIsLeft ? 0 : -1);
    at = compare<Count>(secondShape(form), at, from, contrasts, second);
    const v_int16 further = answerBefore(at, P);
    for (int i = 0; i < Count; i++)
        sums[i] = v_add_wrap(sums[i], v_add_wrap(first[i] & answer, (first[i] ^ leads) & second[i] & further));
    return at;
}

// A stage for one layout.
struct StageTable
{
    const EdgeEntry* edges;
    const LineEntry* lines;
    const CheckerEntry* checkers;
    const uint32_t* others;
    const uint32_t* trees;
    int count[Shapes], tree_count;
    int32_t base[2];
    int fineness;
    int16_t margin, fine_margin;
};

// One part of the sums of a stage for `Count` groups, less the stage's threshold.
template <int Count, Part P> inline void sum(const StageTable& stage, const Group* groups, v_int16* result)
{
    const uint16_t* from[Count];
    Contrast contrasts[Count];
    v_int16 sums[Count];
    Each<Count, P>::load(groups, from, contrasts, sums, both(stage.base[P]));
    for (const EdgeEntry *stump = stage.edges, *end = stump + stage.count[Edge]; stump != end; stump++)
        Each<Count, P>::add(*stump, from, contrasts, sums);
    for (const LineEntry *stump = stage.lines, *end = stump + stage.count[Line]; stump != end; stump++)
        Each<Count, P>::add(*stump, from, contrasts, sums);
    for (const CheckerEntry *stump = stage.checkers, *end = stump + stage.count[Checker]; stump != end; stump++)
        Each<Count, P>::add(*stump, from, contrasts, sums);
    const uint32_t* entry = stage.others;
    for (int count = stage.count[Other]; count > 0; count--)
    {
        const uint32_t* next = entry;
        for (int i = 0; i < Count; i++)
        {
            next = entry;
            const v_int16 left = isLeft(next, from[i], contrasts[i]);
            sums[i] = v_add_wrap(sums[i], left & answerBefore(next, P));
        }
        entry = next;
    }
    entry = stage.trees;
    for (int count = stage.tree_count; count > 0; count--)
        entry = addTree<Count, P>(entry, from, contrasts, sums);
    for (int i = 0; i < Count; i++)
        result[i] = sums[i];
}

CV_CPU_OPTIMIZATION_NAMESPACE_END

}} // namespace cv::haar

#endif
