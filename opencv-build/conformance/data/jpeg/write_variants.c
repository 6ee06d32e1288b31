/* Writes JPEG files of every kind that libjpeg supports into the first folder, all of the same synthetic image: sizes
   around those of blocks; all usual and some unusual colour formats; several qualities; baseline, progressive and
   arithmetic coding; restart markers. Progressive files without their last scans go into the second folder. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

enum { MAX_WIDTH = 200 };

struct color_format {
    const char *name;
    J_COLOR_SPACE input, stored;
    int channels, h, v, adobe;
};
struct encoding_mode {
    const char *name;
    int progressive, arithmetic, optimise, restart, truncation;
};

static const struct color_format color_formats[] = {
    {"grey", JCS_GRAYSCALE, JCS_GRAYSCALE, 1, 1, 1, 0},
    {"444", JCS_RGB, JCS_YCbCr, 3, 1, 1, 0},
    {"422", JCS_RGB, JCS_YCbCr, 3, 2, 1, 0},
    {"420", JCS_RGB, JCS_YCbCr, 3, 2, 2, 0},
    {"440", JCS_RGB, JCS_YCbCr, 3, 1, 2, 0},
    {"411", JCS_RGB, JCS_YCbCr, 3, 4, 1, 0},
    {"410", JCS_RGB, JCS_YCbCr, 3, 4, 2, 0},
    {"441", JCS_RGB, JCS_YCbCr, 3, 1, 4, 0},
    {"rgb", JCS_RGB, JCS_RGB, 3, 1, 1, 1},
    {"cmyk", JCS_CMYK, JCS_CMYK, 4, 1, 1, 1},
    {"ycck", JCS_CMYK, JCS_YCCK, 4, 2, 2, 1},
};
static const struct encoding_mode encoding_modes[] = {
    {"baseline", 0, 0, 0, 0, 0},
    {"optimised", 0, 0, 1, 0, 0},
    {"restart", 0, 0, 0, 1, 0},
    {"progressive", 1, 0, 0, 0, 0},
    {"arithmetic", 0, 1, 0, 0, 0},
    {"progressive-arithmetic", 1, 1, 0, 0, 0},
    {"progressive-arithmetic-restart", 1, 1, 0, 3, 0},
    {"missing-scans", 1, 0, 0, 0, 1},
    {"dc-only", 1, 0, 0, 0, 2},
};
static const int sizes[][2] = {{1, 1}, {2, 3}, {7, 5}, {8, 8}, {16, 16}, {17, 33}, {35, 18}, {64, 48}, {131, 97}};
static const int qualities[] = {95, 75, 30, 100, 5};

/* Smooth colours, hard edges and noise, so that every stage of the codec has an effect. */
static void fill_row(JSAMPLE *out, int y, int width, int channels) {
    unsigned noise = 12345u + 977u * (unsigned)y;
    for (int x = 0; x < width; x++)
        for (int c = 0; c < channels; c++) {
            int value = (x * (3 + c) + y * (5 - c)) & 255;
            noise = noise * 1103515245u + 12345u;
            if ((x / 11 + y / 7) % 3 == 0) value = ((x ^ y) & 8) ? 255 * (c & 1) : 255 - 64 * c;
            if ((x / 5 + y / 13) % 4 == 0) value = (int)(noise >> 24);
            *out++ = (JSAMPLE)value;
        }
}

static void write_file(const char *folder, const struct color_format *s, const struct encoding_mode *m, int width,
                       int height, int quality) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s-%s-%dx%d-q%d.jpg", folder, s->name, m->name, width, height, quality);
    FILE *file = fopen(path, "wb");
    if (!file) {
        perror(path);
        exit(1);
    }
    struct jpeg_compress_struct info;
    struct jpeg_error_mgr errors;
    info.err = jpeg_std_error(&errors);
    jpeg_create_compress(&info);
    jpeg_stdio_dest(&info, file);
    info.image_width = (JDIMENSION)width;
    info.image_height = (JDIMENSION)height;
    info.input_components = s->channels;
    info.in_color_space = s->input;
    jpeg_set_defaults(&info);
    jpeg_set_colorspace(&info, s->stored);
    info.write_Adobe_marker = s->adobe;
    info.comp_info[0].h_samp_factor = s->h;
    info.comp_info[0].v_samp_factor = s->v;
    for (int c = 1; c < info.num_components; c++) {
        /* The fourth component, black, has the sampling factors of the first. */
        info.comp_info[c].h_samp_factor = c == 3 ? s->h : 1;
        info.comp_info[c].v_samp_factor = c == 3 ? s->v : 1;
    }
    jpeg_set_quality(&info, quality, TRUE);
    info.arith_code = m->arithmetic;
    info.optimize_coding = m->optimise;
    info.restart_interval = (unsigned)m->restart;
    if (m->progressive) jpeg_simple_progression(&info);
    /* The last scans refine coefficients; with only the first scan, each block has a single colour. */
    if (m->truncation == 1) info.num_scans = info.num_scans - 3 > 0 ? info.num_scans - 3 : 1;
    if (m->truncation == 2) info.num_scans = 1;
    jpeg_start_compress(&info, TRUE);
    JSAMPLE samples[MAX_WIDTH * 4], *rows[1] = {samples};
    while (info.next_scanline < info.image_height) {
        fill_row(samples, (int)info.next_scanline, width, s->channels);
        jpeg_write_scanlines(&info, rows, 1);
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    fclose(file);
}

#define COUNT(list) (sizeof(list) / sizeof *(list))

int main(int count, char **arguments) {
    if (count != 3) return 2;
    unsigned file_number = 0;
    for (unsigned s = 0; s < COUNT(color_formats); s++)
        for (unsigned m = 0; m < COUNT(encoding_modes); m++)
            for (unsigned z = 0; z < COUNT(sizes); z++)
                write_file(arguments[encoding_modes[m].truncation ? 2 : 1], &color_formats[s], &encoding_modes[m],
                           sizes[z][0], sizes[z][1], qualities[file_number++ % COUNT(qualities)]);
    return 0;
}
