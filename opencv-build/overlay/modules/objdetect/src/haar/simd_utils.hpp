// Operations that the universal intrinsics lack: combining two 32-bit masks into one of 16 bits, shuffles within
// 128-bit blocks, and gathering byte pairs. Each has a portable fallback.
#ifndef OPENCV_OBJDETECT_HAAR_SIMD_UTILS_HPP
#define OPENCV_OBJDETECT_HAAR_SIMD_UTILS_HPP

#include <cstdint>
#include <cstring>

#include "opencv2/core/hal/intrin.hpp"

namespace cv { namespace haar {

CV_CPU_OPTIMIZATION_NAMESPACE_BEGIN

// Windows that are evaluated together: one per 16-bit lane of a vector.
enum { Lanes = v_int16::nlanes };

// One bit per lane.
const uint64_t AllLanes = (uint64_t(1) << Lanes) - 1;

// The low halves of the 32-bit lanes of `even` and the high halves of those of `odd`.
inline v_int16 interleaveMasks(const v_float32& even, const v_float32& odd)
{
#if CV_AVX512_SKX
    return v_int16(_mm512_mask_blend_epi16(0xAAAAAAAA, _mm512_castps_si512(even.val), _mm512_castps_si512(odd.val)));
#elif CV_AVX2
    return v_int16(_mm256_blend_epi16(_mm256_castps_si256(even.val), _mm256_castps_si256(odd.val), 0xAA));
#elif CV_SSE4_1
    return v_int16(_mm_blend_epi16(_mm_castps_si128(even.val), _mm_castps_si128(odd.val), 0xAA));
#else
    const v_uint32 low = vx_setall_u32(0xFFFF);
    return v_reinterpret_as_s16(v_select(low, v_reinterpret_as_u32(even), v_reinterpret_as_u32(odd)));
#endif
}

// One bit per lane of two masks.
inline uint64_t laneMask(const v_int16& first, const v_int16& second)
{
#if CV_AVX512_SKX
    return uint64_t(uint32_t(_mm512_movepi16_mask(first.val))) | uint64_t(uint32_t(_mm512_movepi16_mask(second.val)))
                                                                     << 32;
#else
    return uint64_t(uint32_t(v_signmask(v_pack(first, second))));
#endif
}

// The same 32 bits in all lanes.
inline v_int16 splatPair(int32_t pair) { return v_reinterpret_as_s16(vx_setall_s32(pair)); }

#if CV_AVX512_SKX
typedef __m512i U16Vector;
inline U16Vector loadRows(const uint16_t* const* windows, size_t i)
{
    __m512i row = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i*)(windows[0] + i)));
    row = _mm512_inserti32x4(row, _mm_loadu_si128((const __m128i*)(windows[8] + i)), 1);
    row = _mm512_inserti32x4(row, _mm_loadu_si128((const __m128i*)(windows[16] + i)), 2);
    return _mm512_inserti32x4(row, _mm_loadu_si128((const __m128i*)(windows[24] + i)), 3);
}
inline void storeLanes(uint16_t* to, U16Vector lanes) { _mm512_storeu_si512((__m512i*)to, lanes); }
inline U16Vector unpackLow16(U16Vector a, U16Vector b) { return _mm512_unpacklo_epi16(a, b); }
inline U16Vector unpackHigh16(U16Vector a, U16Vector b) { return _mm512_unpackhi_epi16(a, b); }
inline U16Vector unpackLow32(U16Vector a, U16Vector b) { return _mm512_unpacklo_epi32(a, b); }
inline U16Vector unpackHigh32(U16Vector a, U16Vector b) { return _mm512_unpackhi_epi32(a, b); }
inline U16Vector unpackLow64(U16Vector a, U16Vector b) { return _mm512_unpacklo_epi64(a, b); }
inline U16Vector unpackHigh64(U16Vector a, U16Vector b) { return _mm512_unpackhi_epi64(a, b); }
#elif CV_AVX2
typedef __m256i U16Vector;
inline U16Vector loadRows(const uint16_t* const* windows, size_t i)
{
    const __m256i row = _mm256_castsi128_si256(_mm_loadu_si128((const __m128i*)(windows[0] + i)));
    return _mm256_inserti128_si256(row, _mm_loadu_si128((const __m128i*)(windows[8] + i)), 1);
}
inline void storeLanes(uint16_t* to, U16Vector lanes) { _mm256_storeu_si256((__m256i*)to, lanes); }
inline U16Vector unpackLow16(U16Vector a, U16Vector b) { return _mm256_unpacklo_epi16(a, b); }
inline U16Vector unpackHigh16(U16Vector a, U16Vector b) { return _mm256_unpackhi_epi16(a, b); }
inline U16Vector unpackLow32(U16Vector a, U16Vector b) { return _mm256_unpacklo_epi32(a, b); }
inline U16Vector unpackHigh32(U16Vector a, U16Vector b) { return _mm256_unpackhi_epi32(a, b); }
inline U16Vector unpackLow64(U16Vector a, U16Vector b) { return _mm256_unpacklo_epi64(a, b); }
inline U16Vector unpackHigh64(U16Vector a, U16Vector b) { return _mm256_unpackhi_epi64(a, b); }
#elif CV_SSE2
typedef __m128i U16Vector;
inline U16Vector loadRows(const uint16_t* const* windows, size_t i)
{
    return _mm_loadu_si128((const __m128i*)(windows[0] + i));
}
inline void storeLanes(uint16_t* to, U16Vector lanes) { _mm_storeu_si128((__m128i*)to, lanes); }
inline U16Vector unpackLow16(U16Vector a, U16Vector b) { return _mm_unpacklo_epi16(a, b); }
inline U16Vector unpackHigh16(U16Vector a, U16Vector b) { return _mm_unpackhi_epi16(a, b); }
inline U16Vector unpackLow32(U16Vector a, U16Vector b) { return _mm_unpacklo_epi32(a, b); }
inline U16Vector unpackHigh32(U16Vector a, U16Vector b) { return _mm_unpackhi_epi32(a, b); }
inline U16Vector unpackLow64(U16Vector a, U16Vector b) { return _mm_unpacklo_epi64(a, b); }
inline U16Vector unpackHigh64(U16Vector a, U16Vector b) { return _mm_unpackhi_epi64(a, b); }
#else
// 128-bit vectors: OpenCV's zips are equivalent to x86's unpack instructions.
typedef v_uint16 U16Vector;
inline U16Vector loadRows(const uint16_t* const* windows, size_t i) { return vx_load(windows[0] + i); }
inline void storeLanes(uint16_t* to, const U16Vector& lanes) { v_store(to, lanes); }
template <typename T> inline T zipHalf(const T& a, const T& b, bool high)
{
    T low, top;
    v_zip(a, b, low, top);
    return high ? top : low;
}
inline U16Vector unpackLow16(const U16Vector& a, const U16Vector& b) { return zipHalf(a, b, false); }
inline U16Vector unpackHigh16(const U16Vector& a, const U16Vector& b) { return zipHalf(a, b, true); }
inline U16Vector unpackLow32(const U16Vector& a, const U16Vector& b)
{
    return v_reinterpret_as_u16(zipHalf(v_reinterpret_as_u32(a), v_reinterpret_as_u32(b), false));
}
inline U16Vector unpackHigh32(const U16Vector& a, const U16Vector& b)
{
    return v_reinterpret_as_u16(zipHalf(v_reinterpret_as_u32(a), v_reinterpret_as_u32(b), true));
}
inline U16Vector unpackLow64(const U16Vector& a, const U16Vector& b) { return v_combine_low(a, b); }
inline U16Vector unpackHigh64(const U16Vector& a, const U16Vector& b) { return v_combine_high(a, b); }
#endif

// `word` must not be 0.
inline int lowestBit(uint64_t word) { return __builtin_ctzll(word); }

inline int popCount(uint64_t word) { return __builtin_popcountll(word); }

// Gathers eight byte pairs: pair i has the bytes mask[2 i] and mask[2 i + 1] of the 16 bytes at `from`.
inline v_uint16x8 shuffleBytePairs(const uint8_t* from, const uint8_t* mask)
{
#if CV_SSSE3
    return v_uint16x8(_mm_shuffle_epi8(_mm_loadu_si128((const __m128i*)from), _mm_loadu_si128((const __m128i*)mask)));
#elif CV_NEON && defined(__aarch64__)
    return v_uint16x8(vreinterpretq_u16_u8(vqtbl1q_u8(vld1q_u8(from), vld1q_u8(mask))));
#else
    uint16_t found[8];
    for (int i = 0; i < 8; i++)
        found[i] = uint16_t(from[mask[2 * i]] | from[mask[2 * i + 1]] << 8);
    return v_load(found);
#endif
}

inline v_uint16x8 broadcastLast(const v_uint16x8& a)
{
#if CV_SSSE3
    return v_uint16x8(_mm_shuffle_epi8(a.val, _mm_set1_epi16(0x0F0E)));
#else
    return v_setall_u16(v_extract_n<7>(a));
#endif
}

CV_CPU_OPTIMIZATION_NAMESPACE_END

}}  // namespace cv::haar

#endif
