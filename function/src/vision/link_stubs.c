// Stand-ins for what libraries hold and the function never uses. A linker takes the first definition that
// it sees, which is this one; the libraries' own, and all that only they need, stay out of the binary.
#include <stddef.h>

// When a C++ exception is caught by nobody, the C++ runtime says its name and ends the process. That it
// says `cv::Exception` and not `N2cv9ExceptionE` takes 170 KB. This says that the name cannot be made
// readable; the runtime then takes it as it is.
char *__cxa_demangle(const char *mangled, char *buffer, size_t *length, int *status) {
    (void)mangled, (void)buffer, (void)length;
    if (status) *status = -2;
    return NULL;
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
