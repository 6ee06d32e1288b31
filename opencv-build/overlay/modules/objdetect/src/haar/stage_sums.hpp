// The sums of a stage's stumps for many windows at once, in 16 bits.
//
// Why it is exact:
// - A feature value is an integer that fits int16 (the model guarantees it), so sums of corners modulo 2^16 give it
//   despite overflows. Values of several parts are added in 32 bits.
// - The comparison is upstream's: value times normalisation factor, one product of floats, rounded once, is below the
//   threshold. The value is multiplied and the factor divided by 2^16, which changes no bit of the product.
// - The sum of the leaf values is rounded, with a known maximum error (ModelStage::margin). Sums within it are not
//   decided here (see `stage_decision.hpp`).
#ifndef OPENCV_OBJDETECT_HAAR_STAGE_SUMS_HPP
#define OPENCV_OBJDETECT_HAAR_STAGE_SUMS_HPP

#include "simd_utils.hpp"
#include "model.hpp"

namespace cv { namespace haar {

CV_CPU_OPTIMIZATION_NAMESPACE_BEGIN

// Vectors that a stage is summed for at a time: each loaded offset serves all of them.
enum { UnrollFactor = Lanes >= 32 ? 2 : 4 };

// The windows of one vector. `integral` points to the integral image of the first window; the others follow it. `even`
// and `odd` are the normalisation factors of the even and odd lanes, divided by 2^16.
struct WindowBatch
{
    const uint16_t* integral;
    const float* even;
    const float* odd;
};

// Indexes the parts of a stage's sum.
enum Precision { Coarse, Fine };

// A stump for one layout of the integral image: the offsets of its corners from the window's first element, then its
// threshold and leaf delta.
template <int Corners> struct StumpEntry
{
    uint32_t offsets[Corners];
    float threshold;
    int32_t leaf_delta[2];  // coarse and fine, each as two equal 16-bit halves, for splatPair
};

typedef StumpEntry<EdgeCorners> EdgeEntry;
typedef StumpEntry<LineCorners> LineEntry;
typedef StumpEntry<CheckerCorners> CheckerEntry;

inline v_int16 loadCorner(const uint16_t* integral, uint32_t offset)
{
    return v_reinterpret_as_s16(vx_load(integral + offset));
}

inline v_int16 featureValues(const uint16_t* from, const EdgeEntry& stump)
{
    const uint32_t* offsets = stump.offsets;
    const v_int16 once = v_sub_wrap(v_add_wrap(loadCorner(from, offsets[0]), loadCorner(from, offsets[1])),
                                    v_add_wrap(loadCorner(from, offsets[2]), loadCorner(from, offsets[3])));
    const v_int16 twice = v_sub_wrap(loadCorner(from, offsets[5]), loadCorner(from, offsets[4]));
    return v_add_wrap(once, v_add_wrap(twice, twice));
}

inline v_int16 featureValues(const uint16_t* from, const LineEntry& stump)
{
    const uint32_t* offsets = stump.offsets;
    const v_int16 once = v_sub_wrap(v_add_wrap(loadCorner(from, offsets[0]), loadCorner(from, offsets[1])),
                                    v_add_wrap(loadCorner(from, offsets[2]), loadCorner(from, offsets[3])));
    const v_int16 thrice = v_sub_wrap(v_add_wrap(loadCorner(from, offsets[4]), loadCorner(from, offsets[5])),
                                      v_add_wrap(loadCorner(from, offsets[6]), loadCorner(from, offsets[7])));
    return v_add_wrap(once, v_add_wrap(v_add_wrap(thrice, thrice), thrice));
}

inline v_int16 featureValues(const uint16_t* from, const CheckerEntry& stump)
{
    const uint32_t* offsets = stump.offsets;
    const v_int16 once = v_add_wrap(v_add_wrap(loadCorner(from, offsets[0]), loadCorner(from, offsets[1])),
                                    v_add_wrap(loadCorner(from, offsets[2]), loadCorner(from, offsets[3])));
    const v_int16 twice = v_add_wrap(v_add_wrap(loadCorner(from, offsets[4]), loadCorner(from, offsets[5])),
                                     v_add_wrap(loadCorner(from, offsets[6]), loadCorner(from, offsets[7])));
    const v_int16 middle = loadCorner(from, offsets[8]);
    const v_int16 half = v_sub_wrap(v_add_wrap(middle, middle), twice);
    return v_add_wrap(once, v_add_wrap(half, half));
}

// The normalisation factors of a vector's windows, as in WindowBatch.
struct NormFactors
{
    v_float32 even, odd;
};

// The mask of the lanes that go left. `even` and `odd` are the feature values times 2^16.
inline v_int16 goesLeft(const v_float32& even, const v_float32& odd, const NormFactors& norm_factors, float threshold)
{
    const v_float32 limit = vx_setall_f32(threshold);
    return interleaveMasks(even * norm_factors.even < limit, odd * norm_factors.odd < limit);
}

inline v_int16 goesLeft(const v_int16& value, const NormFactors& norm_factors, float threshold)
{
    const v_int32 pairs = v_reinterpret_as_s32(value);
    const v_float32 even = v_cvt_f32(v_shl<16>(pairs));
    const v_float32 odd = v_cvt_f32(pairs & vx_setall_s32(int(0xFFFF0000)));
    return goesLeft(even, odd, norm_factors, threshold);
}

// Unrolls the loop over vectors, so that sums and addresses stay in registers.
template <int Count, Precision P> struct Unrolled
{
    template <typename E>
    static inline void add(const E& stump, const uint16_t* const* from, const NormFactors* norm_factors, v_int16* sums)
    {
        Unrolled<Count - 1, P>::add(stump, from, norm_factors, sums);
        const int i = Count - 1;
        sums[i] = v_add_wrap(sums[i], goesLeft(featureValues(from[i], stump), norm_factors[i], stump.threshold) &
                                          splatPair(stump.leaf_delta[P]));
    }
    template <typename E>
    static inline void compare(const E& node, const uint16_t* const* from, const NormFactors* norm_factors,
                               v_int16* left)
    {
        Unrolled<Count - 1, P>::compare(node, from, norm_factors, left);
        const int i = Count - 1;
        left[i] = goesLeft(featureValues(from[i], node), norm_factors[i], node.threshold);
    }
    static inline void load(const WindowBatch* batches, const uint16_t** from, NormFactors* norm_factors, v_int16* sums,
                            const v_int16& base)
    {
        Unrolled<Count - 1, P>::load(batches, from, norm_factors, sums, base);
        const int i = Count - 1;
        from[i] = batches[i].integral;
        norm_factors[i].even = vx_load(batches[i].even);
        norm_factors[i].odd = vx_load(batches[i].odd);
        sums[i] = base;
    }
};

template <Precision P> struct Unrolled<0, P>
{
    template <typename E> static inline void add(const E&, const uint16_t* const*, const NormFactors*, v_int16*) {}
    template <typename E> static inline void compare(const E&, const uint16_t* const*, const NormFactors*, v_int16*) {}
    static inline void load(const WindowBatch*, const uint16_t**, NormFactors*, v_int16*, const v_int16&) {}
};

// The mask of the lanes in which a Generic goes left. Its entry: the number of parts; per part the number of corners,
// each with offset and weight; then threshold and leaf delta. Advances `at`.
inline v_int16 goesLeft(const uint32_t*& at, const uint16_t* from, const NormFactors& norm_factors)
{
    v_int32 even = vx_setzero_s32(), odd = even;
    for (uint32_t parts = *at++; parts > 0; parts--)
    {
        v_int16 part = vx_setzero_s16();
        for (uint32_t corners = *at++; corners > 0; corners--, at += 2)
            part = v_add_wrap(part, v_mul_wrap(loadCorner(from, at[0]), splatPair(int32_t(at[1]))));
        const v_int32 pairs = v_reinterpret_as_s32(part);
        even = even + v_shr<16>(v_shl<16>(pairs));
        odd = odd + v_shr<16>(pairs);
    }
    float threshold;
    std::memcpy(&threshold, at, sizeof threshold);
    at += 3;
    // The normalisation factors are divided by 2^16; a power of two changes no bit.
    const v_float32 scale = vx_setall_f32(65536.f);
    return goesLeft(v_cvt_f32(even) * scale, v_cvt_f32(odd) * scale, norm_factors, threshold);
}

// The leaf delta of the entry that ends at `end`.
inline v_int16 leafDeltaBefore(const uint32_t* end, Precision precision)
{
    return splatPair(int32_t(end[precision - 2]));
}

// Computes the masks of the lanes that go left, for `Count` vectors. Returns the end of the entry.
template <int Count, typename E>
inline const uint32_t* compareNodeAs(const uint32_t* at, const uint16_t* const* from, const NormFactors* norm_factors,
                                     v_int16* left)
{
    Unrolled<Count, Coarse>::compare(*reinterpret_cast<const E*>(at), from, norm_factors, left);
    return at + sizeof(E) / sizeof *at;
}

template <int Count>
inline const uint32_t* compareNode(Shape shape, const uint32_t* at, const uint16_t* const* from,
                                   const NormFactors* norm_factors, v_int16* left)
{
    switch (shape)
    {
    case Edge: return compareNodeAs<Count, EdgeEntry>(at, from, norm_factors, left);
    case Line: return compareNodeAs<Count, LineEntry>(at, from, norm_factors, left);
    case Checker: return compareNodeAs<Count, CheckerEntry>(at, from, norm_factors, left);
    default: break;
    }
    const uint32_t* end = at;
    for (int i = 0; i < Count; i++)
    {
        end = at;
        left[i] = goesLeft(end, from[i], norm_factors[i]);
    }
    return end;
}

// Adds the leaf deltas of a tree. Its entry: its form, then the entries of both nodes.
template <int Count, Precision P>
inline const uint32_t* addTree(const uint32_t* at, const uint16_t* const* from, const NormFactors* norm_factors,
                               v_int16* sums)
{
    const int form = int(*at++);
    v_int16 first[Count], second[Count];
    at = compareNode<Count>(firstShape(form), at, from, norm_factors, first);
    const v_int16 first_delta = leafDeltaBefore(at, P), reaches_second = splatPair(form & SecondIsLeftChild ? 0 : -1);
    at = compareNode<Count>(secondShape(form), at, from, norm_factors, second);
    const v_int16 second_delta = leafDeltaBefore(at, P);
    for (int i = 0; i < Count; i++)
        sums[i] = v_add_wrap(
            sums[i], v_add_wrap(first[i] & first_delta, (first[i] ^ reaches_second) & second[i] & second_delta));
    return at;
}

// A stage for one layout of the integral image.
struct StageTable
{
    const EdgeEntry* edges;
    const LineEntry* lines;
    const CheckerEntry* checkers;
    const uint32_t* generics;
    const uint32_t* trees;
    int shape_counts[ShapeCount], tree_count;
    int32_t base[2];
    int fine_per_coarse;
    int16_t margin, fine_margin;
};

// One part of the sums of a stage for `Count` vectors, less the stage's threshold.
template <int Count, Precision P> inline void stageSums(const StageTable& stage, const WindowBatch* batches,
                                                        v_int16* result)
{
    const uint16_t* from[Count];
    NormFactors norm_factors[Count];
    v_int16 sums[Count];
    Unrolled<Count, P>::load(batches, from, norm_factors, sums, splatPair(stage.base[P]));
    for (const EdgeEntry *stump = stage.edges, *end = stump + stage.shape_counts[Edge]; stump != end; stump++)
        Unrolled<Count, P>::add(*stump, from, norm_factors, sums);
    for (const LineEntry *stump = stage.lines, *end = stump + stage.shape_counts[Line]; stump != end; stump++)
        Unrolled<Count, P>::add(*stump, from, norm_factors, sums);
    for (const CheckerEntry *stump = stage.checkers, *end = stump + stage.shape_counts[Checker]; stump != end; stump++)
        Unrolled<Count, P>::add(*stump, from, norm_factors, sums);
    const uint32_t* entry = stage.generics;
    for (int count = stage.shape_counts[Generic]; count > 0; count--)
    {
        const uint32_t* next = entry;
        for (int i = 0; i < Count; i++)
        {
            next = entry;
            const v_int16 left = goesLeft(next, from[i], norm_factors[i]);
            sums[i] = v_add_wrap(sums[i], left & leafDeltaBefore(next, P));
        }
        entry = next;
    }
    entry = stage.trees;
    for (int count = stage.tree_count; count > 0; count--)
        entry = addTree<Count, P>(entry, from, norm_factors, sums);
    for (int i = 0; i < Count; i++)
        result[i] = sums[i];
}

CV_CPU_OPTIMIZATION_NAMESPACE_END

}}  // namespace cv::haar

#endif
