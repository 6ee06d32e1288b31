/* libjpeg-turbo 3 has most of its stages in three versions, for 8, 12 and 16 bits per sample. OpenCV supports only 8,
   so only those are compiled. These stubs replace the functions that initialise the 12-bit stages and reject such a
   file, as the library did before. Only lossless JPEG has 16 bits, and it is turned off. */
#define JPEG_INTERNALS
#include "jinclude.h"
#include "jpeglib.h"
#include "jerror.h"

#define DEFINE_STUB(name, INFO) \
    GLOBAL(void) name(INFO cinfo) { ERREXIT1(cinfo, JERR_BAD_PRECISION, cinfo->data_precision); }
#define DEFINE_STUB_WITH_FLAG(name, INFO)                           \
    GLOBAL(void) name(INFO cinfo, boolean flag) {                   \
        (void)flag;                                                 \
        ERREXIT1(cinfo, JERR_BAD_PRECISION, cinfo->data_precision); \
    }

DEFINE_STUB_WITH_FLAG(j12init_c_coef_controller, j_compress_ptr)
DEFINE_STUB_WITH_FLAG(j12init_c_main_controller, j_compress_ptr)
DEFINE_STUB_WITH_FLAG(j12init_c_prep_controller, j_compress_ptr)
DEFINE_STUB(j12init_color_converter, j_compress_ptr)
DEFINE_STUB(j12init_downsampler, j_compress_ptr)
DEFINE_STUB(j12init_forward_dct, j_compress_ptr)
DEFINE_STUB_WITH_FLAG(j12init_d_coef_controller, j_decompress_ptr)
DEFINE_STUB_WITH_FLAG(j12init_d_main_controller, j_decompress_ptr)
DEFINE_STUB_WITH_FLAG(j12init_d_post_controller, j_decompress_ptr)
DEFINE_STUB(j12init_color_deconverter, j_decompress_ptr)
DEFINE_STUB(j12init_inverse_dct, j_decompress_ptr)
DEFINE_STUB(j12init_upsampler, j_decompress_ptr)
