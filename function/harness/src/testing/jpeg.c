// Encodes a JPEG file for tests, of a variant that common tools do not write with one call.
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

struct jpeg_variant {
    // The channels of the input samples and of the file: 1, 3 (RGB) or 4 (CMYK); and whether they are stored as such,
    // not as luma and chroma.
    int channels, untransformed_colours;
    int horizontal, vertical;
    int width, height, quality;
    int progressive, arithmetic, restart, non_interleaved, without_tables;
    // The maximum number of scans; 0 for all.
    int max_scans;
};

static void longjmp_on_error(j_common_ptr info) { longjmp(*(jmp_buf *)info->client_data, 1); }

// Returns the file's length, or 0 if it does not fit or libjpeg fails.
size_t harness_write_jpeg_variant(const struct jpeg_variant *variant, const uint8_t *samples, uint8_t *file,
                                  size_t room) {
    struct jpeg_compress_struct info;
    struct jpeg_error_mgr errors;
    jmp_buf back;
    unsigned char *written = NULL;
    unsigned long length = 0;
    memset(&info, 0, sizeof info);
    info.err = jpeg_std_error(&errors);
    errors.error_exit = longjmp_on_error;
    info.client_data = &back;
    if (setjmp(back)) {
        jpeg_destroy_compress(&info);
        return 0;
    }
    jpeg_create_compress(&info);
    written = file;
    length = room;
    jpeg_mem_dest(&info, &written, &length);
    info.image_width = (JDIMENSION)variant->width;
    info.image_height = (JDIMENSION)variant->height;
    info.input_components = variant->channels;
    info.in_color_space = variant->channels == 1 ? JCS_GRAYSCALE : variant->channels == 3 ? JCS_RGB : JCS_CMYK;
    jpeg_set_defaults(&info);
    if (variant->untransformed_colours)
        jpeg_set_colorspace(&info, info.in_color_space);
    else if (variant->channels == 4)
        jpeg_set_colorspace(&info, JCS_YCCK);
    for (int component = 0; component < info.num_components; component++) {
        int full_resolution = component == 0 || component == 3;
        info.comp_info[component].h_samp_factor = full_resolution ? variant->horizontal : 1;
        info.comp_info[component].v_samp_factor = full_resolution ? variant->vertical : 1;
    }
    jpeg_set_quality(&info, variant->quality, TRUE);
    info.arith_code = variant->arithmetic;
    info.restart_interval = (unsigned)variant->restart;
    jpeg_scan_info scans[4];
    if (variant->progressive) jpeg_simple_progression(&info);
    if (variant->non_interleaved) {
        memset(scans, 0, sizeof scans);
        for (int component = 0; component < info.num_components; component++) {
            scans[component].comps_in_scan = 1;
            scans[component].component_index[0] = component;
            scans[component].Se = 63;
        }
        info.scan_info = scans;
        info.num_scans = info.num_components;
    }
    if (variant->max_scans) info.num_scans = variant->max_scans;
    if (variant->without_tables) jpeg_suppress_tables(&info, TRUE);
    jpeg_start_compress(&info, !variant->without_tables);
    if (variant->without_tables) {
        // The quantisation tables are not standard ones, so the file must contain them.
        for (int table = 0; table < NUM_QUANT_TBLS; table++)
            if (info.quant_tbl_ptrs[table]) info.quant_tbl_ptrs[table]->sent_table = FALSE;
    }
    while (info.next_scanline < info.image_height) {
        size_t row_size = (size_t)variant->width * (size_t)variant->channels;
        JSAMPROW row = (JSAMPROW)(uintptr_t)(samples + info.next_scanline * row_size);
        jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    return written == file ? length : 0;
}
