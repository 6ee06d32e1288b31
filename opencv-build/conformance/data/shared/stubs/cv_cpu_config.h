// Replaces the header that OpenCV's build generates with the instruction sets of a file: here those of the compiler
// flags.
#ifdef __SSE2__
#define CV_CPU_COMPILE_SSE 1
#define CV_CPU_BASELINE_COMPILE_SSE 1
#define CV_CPU_COMPILE_SSE2 1
#define CV_CPU_BASELINE_COMPILE_SSE2 1
#endif
#ifdef __SSE3__
#define CV_CPU_COMPILE_SSE3 1
#define CV_CPU_BASELINE_COMPILE_SSE3 1
#endif
#ifdef __SSSE3__
#define CV_CPU_COMPILE_SSSE3 1
#define CV_CPU_BASELINE_COMPILE_SSSE3 1
#endif
#ifdef __SSE4_1__
#define CV_CPU_COMPILE_SSE4_1 1
#define CV_CPU_BASELINE_COMPILE_SSE4_1 1
#endif
#ifdef __SSE4_2__
#define CV_CPU_COMPILE_SSE4_2 1
#define CV_CPU_BASELINE_COMPILE_SSE4_2 1
#endif
#ifdef __AVX__
#define CV_CPU_COMPILE_AVX 1
#define CV_CPU_BASELINE_COMPILE_AVX 1
#endif
#ifdef __AVX2__
#define CV_CPU_COMPILE_AVX2 1
#define CV_CPU_BASELINE_COMPILE_AVX2 1
#endif
#if defined __AVX512F__ && defined __AVX512BW__ && defined __AVX512DQ__ && defined __AVX512VL__
#define CV_CPU_COMPILE_AVX512_COMMON 1
#define CV_CPU_BASELINE_COMPILE_AVX512_COMMON 1
#define CV_CPU_COMPILE_AVX512_SKX 1
#define CV_CPU_BASELINE_COMPILE_AVX512_SKX 1
#endif
#ifdef __ARM_NEON
#define CV_CPU_COMPILE_NEON 1
#define CV_CPU_BASELINE_COMPILE_NEON 1
#endif
