// Stubs for library functions that the function never uses. A linker takes the first definition, which is this one; the
// libraries' own, and all that only they need, are not part of the binary.
#include <stddef.h>

// For an uncaught C++ exception, the C++ runtime prints its type and aborts. Printing `cv::Exception` instead of
// `N2cv9ExceptionE` takes 170 KB. This reports that the name cannot be demangled; the runtime then prints it mangled.
char *__cxa_demangle(const char *mangled, char *buffer, size_t *length, int *status) {
    (void)mangled, (void)buffer, (void)length;
    if (status) *status = -2;
    return NULL;
}

// OpenCV also reads and writes gzip-compressed storages. The function has none, so these open nothing.
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
