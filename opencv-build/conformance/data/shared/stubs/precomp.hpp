// Replaces the module's own header, which includes all of OpenCV.
#include <opencv2/core/hal/intrin.hpp>
