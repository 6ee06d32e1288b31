// Faces from the heads' outputs.
#ifndef OPENCV_OBJDETECT_YUNET_FACES_HPP
#define OPENCV_OBJDETECT_YUNET_FACES_HPP

#include <vector>

#include "chain.hpp"

namespace cv { namespace yunet {

// A row of `cv::FaceDetectorYN::detect`'s result, in pixels of the image.
struct Face
{
    float x, y, width, height;
    float landmarks[5][2];  // right and left eye, tip of the nose, right and left corner of the mouth
    float score;
};

// The faces with at least this score, in the order of levels, rows and columns; not all once `stop` returns true.
std::vector<Face> decodeFaces(const FeatureMap heads[LevelCount], float score_threshold,
                              const detection::StopCallback& stop);

// Keeps the `top_k` best faces (all if it is not positive), and of those whose overlap, as intersection over union,
// exceeds `nms_threshold`, the best. Sorted by falling score. A single face is always kept. Once `stop` returns true,
// the result is incomplete.
std::vector<Face> suppressOverlapping(const std::vector<Face>& faces, float score_threshold, float nms_threshold,
                                      int top_k, const detection::StopCallback& stop);

}}  // namespace cv::yunet

#endif
