// Stand-ins for what libraries hold and the function never uses. A linker takes the first definition that
// it sees, which is this one; the libraries' own, and all that only they need, stay out of the binary.
#include <stddef.h>
#include <stdint.h>

// When a C++ exception is caught by nobody, the C++ runtime says its name and ends the process. That it
// says `cv::Exception` and not `N2cv9ExceptionE` takes 170 KB. This says that the name cannot be made
// readable; the runtime then takes it as it is.
char *__cxa_demangle(const char *mangled, char *buffer, size_t *length, int *status) {
    (void)mangled, (void)buffer, (void)length;
    if (status) *status = -2;
    return NULL;
}

// OpenCV lists what writes WebP beside what reads it, so that a program that only reads holds both. The
// function writes JPEG. These say that nothing was written, which OpenCV makes an error of: 240 KB.
size_t WebPEncodeBGR(const uint8_t *pixels, int width, int height, int stride, float quality, uint8_t **file) {
    (void)pixels, (void)width, (void)height, (void)stride, (void)quality;
    *file = NULL;
    return 0;
}

size_t WebPEncodeBGRA(const uint8_t *pixels, int width, int height, int stride, float quality, uint8_t **file) {
    return WebPEncodeBGR(pixels, width, height, stride, quality, file);
}

size_t WebPEncodeLosslessBGR(const uint8_t *pixels, int width, int height, int stride, uint8_t **file) {
    return WebPEncodeBGR(pixels, width, height, stride, 100, file);
}

size_t WebPEncodeLosslessBGRA(const uint8_t *pixels, int width, int height, int stride, uint8_t **file) {
    return WebPEncodeBGR(pixels, width, height, stride, 100, file);
}
