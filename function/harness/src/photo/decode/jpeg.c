// Decodes and encodes JPEG files with libjpeg-turbo, with the pixels of cv::imdecode and the bytes of cv::imencode.
// Errors are returned as results: nothing is printed, and the jumps that libjpeg requires stay in this file.
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

// Must match jpeg.rs.
enum { DONE, FAILED, STOPPED, TRUNCATED };

// Returns whether to continue. Called for every row, and for every row of blocks of each scan.
typedef bool (*harness_should_continue)(void *limits);
typedef void (*harness_write_bytes)(void *sink, const uint8_t *bytes, size_t count);

struct harness_jpeg_decode {
    const uint8_t *file;
    size_t length;
    // The memory that libjpeg may keep until the last scan, in bytes.
    size_t memory;
    // The size in the header, with which the decoder must agree.
    uint32_t width, height;
    // Rows of BGR pixels, or of grey ones with one channel, for a grey file.
    uint32_t channels;
    // 1, 2, 4 or 8: the rows have sides divided by this and rounded up.
    uint32_t reduction;
    uint8_t *pixels;
    size_t stride;
    harness_should_continue should_continue;
    void *limits;
    char message[JMSG_LENGTH_MAX];
};

struct harness_jpeg_encode {
    // Rows of BGR pixels.
    const uint8_t *pixels;
    size_t stride;
    uint32_t width, height;
    int quality;
    harness_write_bytes write_bytes;
    void *sink;
    harness_should_continue should_continue;
    void *limits;
    char message[JMSG_LENGTH_MAX];
};

// The target of libjpeg's jumps: `error` is first, so that libjpeg's pointer to it also points to this.
struct error_context {
    struct jpeg_error_mgr error;
    jmp_buf point;
    int result;
    char *message;
    harness_should_continue should_continue;
    void *limits;
};

static void longjmp_with(j_common_ptr info, int result) {
    struct error_context *errors = (struct error_context *)info->err;
    errors->result = result;
    longjmp(errors->point, 1);
}

static void on_error(j_common_ptr info) {
    struct error_context *errors = (struct error_context *)info->err;
    info->err->format_message(info, errors->message);
    longjmp_with(info, FAILED);
}

static void on_progress(j_common_ptr info) {
    struct error_context *errors = (struct error_context *)info->err;
    if (!errors->should_continue(errors->limits)) longjmp_with(info, STOPPED);
}

static void ignore_message(j_common_ptr info) { (void)info; }

static void init_error_context(struct error_context *errors, char *message, harness_should_continue should_continue,
                               void *limits) {
    jpeg_std_error(&errors->error);
    errors->error.error_exit = on_error;
    errors->error.output_message = ignore_message;
    errors->result = FAILED;
    errors->message = message;
    errors->should_continue = should_continue;
    errors->limits = limits;
    message[0] = 0;
}

struct decoder {
    struct jpeg_decompress_struct info;
    struct error_context errors;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    // Whether the whole file was read, so that libjpeg gets an EOI that is not in the file.
    bool source_exhausted;
};

static const uint8_t END_OF_IMAGE[] = {0xff, JPEG_EOI};

static boolean fill_input_buffer(j_decompress_ptr info) {
    struct decoder *decoder = (struct decoder *)info;
    decoder->source_exhausted = true;
    decoder->source.next_input_byte = END_OF_IMAGE;
    decoder->source.bytes_in_buffer = sizeof END_OF_IMAGE;
    return TRUE;
}

static void skip_input_data(j_decompress_ptr info, long count) {
    if (count <= 0) return;
    if ((size_t)count > info->src->bytes_in_buffer) {
        fill_input_buffer(info);
        return;
    }
    info->src->next_input_byte += count;
    info->src->bytes_in_buffer -= (size_t)count;
}

static void do_nothing(j_decompress_ptr info) { (void)info; }

// Warnings report damage after which libjpeg continues. One reports missing blocks, because EOI comes before them. Some
// encoders omit the last bits, so EOI in the last row of blocks is accepted if the file contains it.
static void on_message(j_common_ptr info, int level) {
    if (level >= 0) return;
    info->err->num_warnings++;
    const struct decoder *decoder = (const struct decoder *)info;
    if (info->err->msg_code != JWRN_HIT_MARKER || decoder->info.unread_marker != JPEG_EOI) return;
    bool last = decoder->info.input_iMCU_row + 1 >= decoder->info.total_iMCU_rows;
    if (decoder->source_exhausted || !last) longjmp_with(info, TRUNCATED);
}

// OpenCV's arithmetic. All values are assumed to be inverted, as in Adobe's CMYK.
static void cmyk_to_bgr(const uint8_t *from, uint8_t *to, uint32_t width) {
    for (; width > 0; width--, from += 4, to += 3) {
        int black = from[3];
        for (int ink = 0; ink < 3; ink++) to[2 - ink] = (uint8_t)(black - (((255 - from[ink]) * black) >> 8));
    }
}

static uint32_t divide_rounding_up(uint32_t number, uint32_t by) { return number / by + (number % by != 0); }

static void decode(struct decoder *decoder, struct harness_jpeg_decode *job) {
    j_decompress_ptr info = &decoder->info;
    jpeg_create_decompress(info);
    info->mem->max_memory_to_use = (long)job->memory;
    info->progress = &decoder->progress;
    decoder->progress.progress_monitor = on_progress;
    info->src = &decoder->source;
    decoder->source.init_source = do_nothing;
    decoder->source.fill_input_buffer = fill_input_buffer;
    decoder->source.skip_input_data = skip_input_data;
    decoder->source.resync_to_restart = jpeg_resync_to_restart;
    decoder->source.term_source = do_nothing;
    decoder->source.next_input_byte = job->file;
    decoder->source.bytes_in_buffer = job->length;
    jpeg_read_header(info, TRUE);
    if (info->image_width != job->width || info->image_height != job->height ||
        (job->channels == 1 && info->num_components != 1)) {
        snprintf(job->message, sizeof job->message, "its decoder finds %ux%u pixels of %d components",
                 (unsigned)info->image_width, (unsigned)info->image_height, info->num_components);
        longjmp_with((j_common_ptr)info, FAILED);
    }
    bool is_cmyk = info->num_components == 4;
    info->out_color_space = is_cmyk ? JCS_CMYK : job->channels == 1 ? JCS_GRAYSCALE : JCS_EXT_BGR;
    info->scale_num = 1;
    info->scale_denom = job->reduction;
    jpeg_start_decompress(info);
    uint32_t width = divide_rounding_up(job->width, job->reduction);
    if (info->output_width != width || info->output_height != divide_rounding_up(job->height, job->reduction)) {
        snprintf(job->message, sizeof job->message, "its decoder makes %ux%u pixels of it",
                 (unsigned)info->output_width, (unsigned)info->output_height);
        longjmp_with((j_common_ptr)info, FAILED);
    }
    JSAMPROW cmyk_row = NULL;
    if (is_cmyk) cmyk_row = info->mem->alloc_large((j_common_ptr)info, JPOOL_IMAGE, 4 * (size_t)width);
    while (info->output_scanline < info->output_height) {
        uint8_t *row = job->pixels + info->output_scanline * job->stride;
        JSAMPROW rows[] = {is_cmyk ? cmyk_row : row};
        jpeg_read_scanlines(info, rows, 1);
        if (is_cmyk) cmyk_to_bgr(cmyk_row, row, width);
    }
    decoder->errors.result = DONE;
}

int harness_decode_jpeg(struct harness_jpeg_decode *job) {
    struct decoder decoder;
    memset(&decoder, 0, sizeof decoder);
    init_error_context(&decoder.errors, job->message, job->should_continue, job->limits);
    decoder.errors.error.emit_message = on_message;
    decoder.info.err = &decoder.errors.error;
    if (setjmp(decoder.errors.point) == 0) decode(&decoder, job);
    jpeg_destroy_decompress(&decoder.info);
    return decoder.errors.result;
}

struct encoder {
    struct jpeg_compress_struct info;
    struct error_context errors;
    struct jpeg_destination_mgr destination;
    struct jpeg_progress_mgr progress;
    harness_write_bytes write_bytes;
    void *sink;
    uint8_t buffer[1 << 14];
};

static void init_destination(j_compress_ptr info) {
    struct encoder *encoder = (struct encoder *)info;
    encoder->destination.next_output_byte = encoder->buffer;
    encoder->destination.free_in_buffer = sizeof encoder->buffer;
}

static boolean empty_output_buffer(j_compress_ptr info) {
    struct encoder *encoder = (struct encoder *)info;
    encoder->write_bytes(encoder->sink, encoder->buffer, sizeof encoder->buffer);
    init_destination(info);
    return TRUE;
}

static void term_destination(j_compress_ptr info) {
    struct encoder *encoder = (struct encoder *)info;
    size_t count = sizeof encoder->buffer - encoder->destination.free_in_buffer;
    encoder->write_bytes(encoder->sink, encoder->buffer, count);
}

static void encode(struct encoder *encoder, const struct harness_jpeg_encode *job) {
    j_compress_ptr info = &encoder->info;
    jpeg_create_compress(info);
    info->progress = &encoder->progress;
    encoder->progress.progress_monitor = on_progress;
    info->dest = &encoder->destination;
    encoder->destination.init_destination = init_destination;
    encoder->destination.empty_output_buffer = empty_output_buffer;
    encoder->destination.term_destination = term_destination;
    info->image_width = job->width;
    info->image_height = job->height;
    info->input_components = 3;
    info->in_color_space = JCS_EXT_BGR;
    jpeg_set_defaults(info);
    jpeg_set_quality(info, job->quality, TRUE);
    jpeg_start_compress(info, TRUE);
    while (info->next_scanline < info->image_height) {
        // libjpeg only reads the rows.
        JSAMPROW rows[] = {(JSAMPROW)(uintptr_t)(job->pixels + info->next_scanline * job->stride)};
        jpeg_write_scanlines(info, rows, 1);
    }
    jpeg_finish_compress(info);
    encoder->errors.result = DONE;
}

int harness_encode_jpeg(struct harness_jpeg_encode *job) {
    struct encoder encoder;
    memset(&encoder, 0, offsetof(struct encoder, buffer));
    init_error_context(&encoder.errors, job->message, job->should_continue, job->limits);
    encoder.info.err = &encoder.errors.error;
    encoder.write_bytes = job->write_bytes;
    encoder.sink = job->sink;
    if (setjmp(encoder.errors.point) == 0) encode(&encoder, job);
    jpeg_destroy_compress(&encoder.info);
    return encoder.errors.result;
}
