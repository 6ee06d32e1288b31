// For an uncaught C++ exception, the C++ runtime prints its type and aborts. Printing `cv::Exception` instead of
// `N2cv9ExceptionE` takes 170 KB. This reports that the name cannot be demangled; the runtime then prints it mangled.
#include <stddef.h>

char *__cxa_demangle(const char *mangled, char *buffer, size_t *length, int *status) {
    (void)mangled, (void)buffer, (void)length;
    if (status) *status = -2;
    return NULL;
}
