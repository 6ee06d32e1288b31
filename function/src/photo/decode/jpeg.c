// Decodes and writes JPEG files with libjpeg-turbo, to the pixels of cv::imdecode and the bytes of cv::imencode.
// Errors come back as results: nothing is printed, and the jumps that libjpeg demands stay in this file.
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

// The results; jpeg.rs has the same.
enum { DONE, FAILED, STOPPED, ENDED_EARLY };

// Asks whether to go on. Called for every row, and for every row of blocks of each scan.
typedef bool (*face_detect_go_on)(void *watch);
typedef void (*face_detect_take)(void *sink, const uint8_t *bytes, size_t count);

struct face_detect_jpeg_decode {
    const uint8_t *file;
    size_t length;
    // What libjpeg may keep until the last scan, in bytes.
    size_t memory;
    // What the header said, to which the decoder must agree.
    uint32_t width, height;
    // Rows of blue, green and red; or of one value a pixel with one channel, for a file that has no colours.
    uint32_t channels;
    uint8_t *pixels;
    size_t stride;
    face_detect_go_on go_on;
    void *watch;
    char message[JMSG_LENGTH_MAX];
};

struct face_detect_jpeg_encode {
    // Rows of blue, green and red.
    const uint8_t *pixels;
    size_t stride;
    uint32_t width, height;
    int quality;
    face_detect_take take;
    void *sink;
    face_detect_go_on go_on;
    void *watch;
    char message[JMSG_LENGTH_MAX];
};

// How libjpeg comes back here: `error` is first, so that libjpeg's pointer to it is one to this.
struct way_back {
    struct jpeg_error_mgr error;
    jmp_buf point;
    int result;
    char *message;
    face_detect_go_on go_on;
    void *watch;
};

static void give_up(j_common_ptr info, int result) {
    struct way_back *back = (struct way_back *)info->err;
    back->result = result;
    longjmp(back->point, 1);
}

static void on_error(j_common_ptr info) {
    struct way_back *back = (struct way_back *)info->err;
    info->err->format_message(info, back->message);
    give_up(info, FAILED);
}

static void on_progress(j_common_ptr info) {
    struct way_back *back = (struct way_back *)info->err;
    if (!back->go_on(back->watch)) give_up(info, STOPPED);
}

static void print_nothing(j_common_ptr info) {
    (void)info;
}

static void prepare(struct way_back *back, char *message, face_detect_go_on go_on, void *watch) {
    jpeg_std_error(&back->error);
    back->error.error_exit = on_error;
    back->error.output_message = print_nothing;
    back->result = FAILED;
    back->message = message;
    back->go_on = go_on;
    back->watch = watch;
    message[0] = 0;
}

struct decoder {
    struct jpeg_decompress_struct info;
    struct way_back back;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    // Whether all of the file was read, so that libjpeg sees an end that is not in it.
    bool at_the_end;
};

static const uint8_t END[] = {0xff, JPEG_EOI};

static boolean fill(j_decompress_ptr info) {
    struct decoder *decoder = (struct decoder *)info;
    decoder->at_the_end = true;
    decoder->source.next_input_byte = END;
    decoder->source.bytes_in_buffer = sizeof END;
    return TRUE;
}

static void skip(j_decompress_ptr info, long count) {
    if (count <= 0) return;
    if ((size_t)count > info->src->bytes_in_buffer) {
        fill(info);
        return;
    }
    info->src->next_input_byte += count;
    info->src->bytes_in_buffer -= (size_t)count;
}

static void do_nothing(j_decompress_ptr info) {
    (void)info;
}

// Warnings are of damage that libjpeg goes on after. One is of blocks that are missing because the picture's end came before
// them. Some encoders leave out the last bits, so that an end within the last row of blocks is taken if the file has it.
static void on_message(j_common_ptr info, int level) {
    if (level >= 0) return;
    info->err->num_warnings++;
    const struct decoder *decoder = (const struct decoder *)info;
    if (info->err->msg_code != JWRN_HIT_MARKER || decoder->info.unread_marker != JPEG_EOI) return;
    bool last = decoder->info.input_iMCU_row + 1 >= decoder->info.total_iMCU_rows;
    if (decoder->at_the_end || !last) give_up(info, ENDED_EARLY);
}

// OpenCV's arithmetic. Adobe's CMYK has all values the other way round, which this takes them for.
static void cmyk_to_bgr(const uint8_t *from, uint8_t *to, uint32_t width) {
    for (; width > 0; width--, from += 4, to += 3) {
        int black = from[3];
        for (int ink = 0; ink < 3; ink++) to[2 - ink] = (uint8_t)(black - (((255 - from[ink]) * black) >> 8));
    }
}

static void decode(struct decoder *decoder, struct face_detect_jpeg_decode *job) {
    j_decompress_ptr info = &decoder->info;
    jpeg_create_decompress(info);
    info->mem->max_memory_to_use = (long)job->memory;
    info->progress = &decoder->progress;
    decoder->progress.progress_monitor = on_progress;
    info->src = &decoder->source;
    decoder->source.init_source = do_nothing;
    decoder->source.fill_input_buffer = fill;
    decoder->source.skip_input_data = skip;
    decoder->source.resync_to_restart = jpeg_resync_to_restart;
    decoder->source.term_source = do_nothing;
    decoder->source.next_input_byte = job->file;
    decoder->source.bytes_in_buffer = job->length;
    jpeg_read_header(info, TRUE);
    if (info->image_width != job->width || info->image_height != job->height ||
        (job->channels == 1 && info->num_components != 1)) {
        snprintf(job->message, sizeof job->message, "its decoder finds %ux%u pixels of %d components",
                 (unsigned)info->image_width, (unsigned)info->image_height, info->num_components);
        give_up((j_common_ptr)info, FAILED);
    }
    bool four = info->num_components == 4;
    info->out_color_space = four ? JCS_CMYK : job->channels == 1 ? JCS_GRAYSCALE : JCS_EXT_BGR;
    jpeg_start_decompress(info);
    JSAMPROW inks = NULL;
    if (four) inks = info->mem->alloc_large((j_common_ptr)info, JPOOL_IMAGE, 4 * (size_t)job->width);
    while (info->output_scanline < info->output_height) {
        uint8_t *row = job->pixels + info->output_scanline * job->stride;
        JSAMPROW rows[] = {four ? inks : row};
        jpeg_read_scanlines(info, rows, 1);
        if (four) cmyk_to_bgr(inks, row, job->width);
    }
    decoder->back.result = DONE;
}

int face_detect_decode_jpeg(struct face_detect_jpeg_decode *job) {
    struct decoder decoder;
    memset(&decoder, 0, sizeof decoder);
    prepare(&decoder.back, job->message, job->go_on, job->watch);
    decoder.back.error.emit_message = on_message;
    decoder.info.err = &decoder.back.error;
    if (setjmp(decoder.back.point) == 0) decode(&decoder, job);
    jpeg_destroy_decompress(&decoder.info);
    return decoder.back.result;
}

struct encoder {
    struct jpeg_compress_struct info;
    struct way_back back;
    struct jpeg_destination_mgr destination;
    struct jpeg_progress_mgr progress;
    face_detect_take take;
    void *sink;
    uint8_t buffer[1 << 14];
};

static void start_buffer(j_compress_ptr info) {
    struct encoder *encoder = (struct encoder *)info;
    encoder->destination.next_output_byte = encoder->buffer;
    encoder->destination.free_in_buffer = sizeof encoder->buffer;
}

static boolean empty_buffer(j_compress_ptr info) {
    struct encoder *encoder = (struct encoder *)info;
    encoder->take(encoder->sink, encoder->buffer, sizeof encoder->buffer);
    start_buffer(info);
    return TRUE;
}

static void end_buffer(j_compress_ptr info) {
    struct encoder *encoder = (struct encoder *)info;
    size_t count = sizeof encoder->buffer - encoder->destination.free_in_buffer;
    encoder->take(encoder->sink, encoder->buffer, count);
}

static void encode(struct encoder *encoder, const struct face_detect_jpeg_encode *job) {
    j_compress_ptr info = &encoder->info;
    jpeg_create_compress(info);
    info->progress = &encoder->progress;
    encoder->progress.progress_monitor = on_progress;
    info->dest = &encoder->destination;
    encoder->destination.init_destination = start_buffer;
    encoder->destination.empty_output_buffer = empty_buffer;
    encoder->destination.term_destination = end_buffer;
    info->image_width = job->width;
    info->image_height = job->height;
    info->input_components = 3;
    info->in_color_space = JCS_EXT_BGR;
    jpeg_set_defaults(info);
    jpeg_set_quality(info, job->quality, TRUE);
    jpeg_start_compress(info, TRUE);
    while (info->next_scanline < info->image_height) {
        // libjpeg only reads them.
        JSAMPROW rows[] = {(JSAMPROW)(uintptr_t)(job->pixels + info->next_scanline * job->stride)};
        jpeg_write_scanlines(info, rows, 1);
    }
    jpeg_finish_compress(info);
    encoder->back.result = DONE;
}

int face_detect_encode_jpeg(struct face_detect_jpeg_encode *job) {
    struct encoder encoder;
    memset(&encoder, 0, offsetof(struct encoder, buffer));
    prepare(&encoder.back, job->message, job->go_on, job->watch);
    encoder.info.err = &encoder.back.error;
    encoder.take = job->take;
    encoder.sink = job->sink;
    if (setjmp(encoder.back.point) == 0) encode(&encoder, job);
    jpeg_destroy_compress(&encoder.info);
    return encoder.back.result;
}
