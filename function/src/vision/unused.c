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

// The same for what writes PNG, and with it all of zlib that compresses. Where no writer can be made, OpenCV
// does not go on to the functions below it, but for cleaning up.
void *png_create_write_struct(const char *version, void *error, void *on_error, void *on_warning) {
    (void)version, (void)error, (void)on_error, (void)on_warning;
    return NULL;
}

void png_destroy_write_struct(void **writer, void **info) {
    (void)writer, (void)info;
}

void png_free_buffer_list(void *writer, void **list) {
    (void)writer, (void)list;
}

void png_set_compression_level(void *writer, int level) {
    (void)writer, (void)level;
}

void png_set_compression_strategy(void *writer, int strategy) {
    (void)writer, (void)strategy;
}

void png_set_filter(void *writer, int method, int filters) {
    (void)writer, (void)method, (void)filters;
}

void png_set_write_fn(void *writer, void *file, void *write, void *flush) {
    (void)writer, (void)file, (void)write, (void)flush;
}

void png_write_info(void *writer, const void *info) {
    (void)writer, (void)info;
}

void png_write_image(void *writer, uint8_t **rows) {
    (void)writer, (void)rows;
}

void png_write_end(void *writer, void *info) {
    (void)writer, (void)info;
}

// Reading needs this one: a number of four bytes as PNG has it, the highest first.
void png_save_uint_32(uint8_t *bytes, uint32_t number) {
    for (int byte = 0; byte < 4; byte++) bytes[byte] = (uint8_t)(number >> (24 - 8 * byte));
}

// OpenCV reads and writes its storages packed as well, in files. The function has none: these open nothing.
void *gzopen(const char *path, const char *mode) {
    (void)path, (void)mode;
    return NULL;
}

int gzclose(void *file) {
    (void)file;
    return -1;
}

int gzeof(void *file) {
    (void)file;
    return 1;
}

char *gzgets(void *file, char *line, int length) {
    (void)file, (void)line, (void)length;
    return NULL;
}

int gzputs(void *file, const char *text) {
    (void)file, (void)text;
    return -1;
}

int gzrewind(void *file) {
    (void)file;
    return -1;
}
