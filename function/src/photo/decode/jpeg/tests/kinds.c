// For tests: writes a JPEG file of a kind that no camera's tool writes by one call.
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

struct jpeg_kind {
    // Of the samples that are given and of those in the file: 1, 3 or 4, which is RGB or CMYK; and whether they are stored as
    // such and not as brightness and colour.
    int channels, plain;
    int horizontal, vertical;
    int width, height, quality;
    int progressive, arithmetic, restart, one_component_a_scan, without_tables;
    // The number of scans, if it is to be less than there would be.
    int scans;
};

static void ignore_errors(j_common_ptr info) {
    longjmp(*(jmp_buf *)info->client_data, 1);
}

// Gives the file's length, or none if it does not fit or libjpeg refuses.
size_t face_detect_jpeg_of_kind(const struct jpeg_kind *kind, const uint8_t *samples, uint8_t *file, size_t room) {
    struct jpeg_compress_struct info;
    struct jpeg_error_mgr errors;
    jmp_buf back;
    unsigned char *written = NULL;
    unsigned long length = 0;
    memset(&info, 0, sizeof info);
    info.err = jpeg_std_error(&errors);
    errors.error_exit = ignore_errors;
    info.client_data = &back;
    if (setjmp(back)) {
        jpeg_destroy_compress(&info);
        return 0;
    }
    jpeg_create_compress(&info);
    written = file;
    length = room;
    jpeg_mem_dest(&info, &written, &length);
    info.image_width = (JDIMENSION)kind->width;
    info.image_height = (JDIMENSION)kind->height;
    info.input_components = kind->channels;
    info.in_color_space = kind->channels == 1 ? JCS_GRAYSCALE : kind->channels == 3 ? JCS_RGB : JCS_CMYK;
    jpeg_set_defaults(&info);
    if (kind->plain) jpeg_set_colorspace(&info, info.in_color_space);
    else if (kind->channels == 4) jpeg_set_colorspace(&info, JCS_YCCK);
    for (int each = 0; each < info.num_components; each++) {
        int fine = each == 0 || each == 3;
        info.comp_info[each].h_samp_factor = fine ? kind->horizontal : 1;
        info.comp_info[each].v_samp_factor = fine ? kind->vertical : 1;
    }
    jpeg_set_quality(&info, kind->quality, TRUE);
    info.arith_code = kind->arithmetic;
    info.restart_interval = (unsigned)kind->restart;
    jpeg_scan_info alone[4];
    if (kind->progressive) jpeg_simple_progression(&info);
    if (kind->one_component_a_scan) {
        memset(alone, 0, sizeof alone);
        for (int each = 0; each < info.num_components; each++) {
            alone[each].comps_in_scan = 1;
            alone[each].component_index[0] = each;
            alone[each].Se = 63;
        }
        info.scan_info = alone;
        info.num_scans = info.num_components;
    }
    if (kind->scans) info.num_scans = kind->scans;
    if (kind->without_tables) jpeg_suppress_tables(&info, TRUE);
    jpeg_start_compress(&info, !kind->without_tables);
    if (kind->without_tables) {
        // The other tables are not everybody's.
        for (int table = 0; table < NUM_QUANT_TBLS; table++)
            if (info.quant_tbl_ptrs[table]) info.quant_tbl_ptrs[table]->sent_table = FALSE;
    }
    while (info.next_scanline < info.image_height) {
        size_t line = (size_t)kind->width * (size_t)kind->channels;
        JSAMPROW row = (JSAMPROW)(uintptr_t)(samples + info.next_scanline * line);
        jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    return written == file ? length : 0;
}
