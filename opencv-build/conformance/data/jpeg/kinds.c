/* Writes JPEG files of every kind that libjpeg knows into the first folder that it is told, each of the same made-up
   picture: sizes around those of blocks, all usual and some odd ways to store colours, qualities, baseline, progressive,
   arithmetic, and with restart markers. Progressive files that lack their last scans go into the second. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

enum { MAX = 200 };

struct space { const char *name; J_COLOR_SPACE in, stored; int channels, h, v, adobe; };
struct mode { const char *name; int progressive, arithmetic, optimise, restart, missing; };

static const struct space spaces[] = {
  { "grey", JCS_GRAYSCALE, JCS_GRAYSCALE, 1, 1, 1, 0 }, { "444", JCS_RGB, JCS_YCbCr, 3, 1, 1, 0 },
  { "422", JCS_RGB, JCS_YCbCr, 3, 2, 1, 0 },            { "420", JCS_RGB, JCS_YCbCr, 3, 2, 2, 0 },
  { "440", JCS_RGB, JCS_YCbCr, 3, 1, 2, 0 },            { "411", JCS_RGB, JCS_YCbCr, 3, 4, 1, 0 },
  { "410", JCS_RGB, JCS_YCbCr, 3, 4, 2, 0 },            { "441", JCS_RGB, JCS_YCbCr, 3, 1, 4, 0 },
  { "rgb", JCS_RGB, JCS_RGB, 3, 1, 1, 1 },              { "cmyk", JCS_CMYK, JCS_CMYK, 4, 1, 1, 1 },
  { "ycck", JCS_CMYK, JCS_YCCK, 4, 2, 2, 1 },
};
static const struct mode modes[] = {
  { "baseline", 0, 0, 0, 0, 0 },     { "optimised", 0, 0, 1, 0, 0 },   { "restart", 0, 0, 0, 1, 0 },
  { "progressive", 1, 0, 0, 0, 0 },  { "arithmetic", 0, 1, 0, 0, 0 },  { "both", 1, 1, 0, 0, 0 },
  { "both-restart", 1, 1, 0, 3, 0 }, { "missing", 1, 0, 0, 0, 1 },     { "missing-ac", 1, 0, 0, 0, 2 },
};
static const int sizes[][2] = { { 1, 1 }, { 2, 3 }, { 7, 5 }, { 8, 8 }, { 16, 16 }, { 17, 33 }, { 35, 18 }, { 64, 48 }, { 131, 97 } };
static const int qualities[] = { 95, 75, 30, 100, 5 };

/* Smooth colours, hard edges and noise, so that no stage has it easy. */
static void row(JSAMPLE *out, int y, int width, int channels)
{
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

static void write_file(const char *folder, const struct space *s, const struct mode *m, int width, int height, int quality)
{
  char path[1024];
  snprintf(path, sizeof path, "%s/%s-%s-%dx%d-q%d.jpg", folder, s->name, m->name, width, height, quality);
  FILE *file = fopen(path, "wb");
  if (!file) { perror(path); exit(1); }
  struct jpeg_compress_struct work;
  struct jpeg_error_mgr errors;
  work.err = jpeg_std_error(&errors);
  jpeg_create_compress(&work);
  jpeg_stdio_dest(&work, file);
  work.image_width = (JDIMENSION)width;
  work.image_height = (JDIMENSION)height;
  work.input_components = s->channels;
  work.in_color_space = s->in;
  jpeg_set_defaults(&work);
  jpeg_set_colorspace(&work, s->stored);
  work.write_Adobe_marker = s->adobe;
  work.comp_info[0].h_samp_factor = s->h;
  work.comp_info[0].v_samp_factor = s->v;
  for (int c = 1; c < work.num_components; c++) {
    /* Black of four colours is stored as finely as the first. */
    work.comp_info[c].h_samp_factor = c == 3 ? s->h : 1;
    work.comp_info[c].v_samp_factor = c == 3 ? s->v : 1;
  }
  jpeg_set_quality(&work, quality, TRUE);
  work.arith_code = m->arithmetic;
  work.optimize_coding = m->optimise;
  work.restart_interval = (unsigned)m->restart;
  if (m->progressive) jpeg_simple_progression(&work);
  /* The last of its scans make coefficients exact; without all but the first there are only blocks of one colour. */
  if (m->missing == 1) work.num_scans = work.num_scans - 3 > 0 ? work.num_scans - 3 : 1;
  if (m->missing == 2) work.num_scans = 1;
  jpeg_start_compress(&work, TRUE);
  JSAMPLE samples[MAX * 4], *rows[1] = { samples };
  while (work.next_scanline < work.image_height) {
    row(samples, (int)work.next_scanline, width, s->channels);
    jpeg_write_scanlines(&work, rows, 1);
  }
  jpeg_finish_compress(&work);
  jpeg_destroy_compress(&work);
  fclose(file);
}

#define COUNT(list) (sizeof(list) / sizeof *(list))

int main(int count, char **arguments)
{
  if (count != 3) return 2;
  unsigned turn = 0;
  for (unsigned s = 0; s < COUNT(spaces); s++)
    for (unsigned m = 0; m < COUNT(modes); m++)
      for (unsigned z = 0; z < COUNT(sizes); z++)
        write_file(arguments[modes[m].missing ? 2 : 1], &spaces[s], &modes[m], sizes[z][0], sizes[z][1], qualities[turn++ % COUNT(qualities)]);
  return 0;
}
