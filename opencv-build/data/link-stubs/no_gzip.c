// `cv::FileStorage` also reads and writes compressed files, `*.gz`. With these functions it opens none of them.
#include <stddef.h>

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
