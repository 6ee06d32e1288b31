// In place of the module's own header, which brings all of OpenCV.
#include <opencv2/core/hal/intrin.hpp>
