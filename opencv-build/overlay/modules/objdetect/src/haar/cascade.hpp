// A cascade of stumps as its file describes it: what the model is compiled from.
#ifndef OPENCV_OBJDETECT_HAAR_CASCADE_HPP
#define OPENCV_OBJDETECT_HAAR_CASCADE_HPP

#include <vector>

namespace cv { namespace haar {

// A weighted rectangle of a feature, in pixels of the window.
struct Box
{
    int x, y, width, height;
    float weight;
};

// The sum of up to three boxes; those that are not used have the weight 0.
struct Feature
{
    Box boxes[3];
    bool tilted;
};

// `left` if the feature's value, divided by the window's contrast, is below the threshold, else `right`.
struct Stump
{
    int feature;
    float threshold, left, right;
};

// A window passes if the sum of its stumps' answers is not below the threshold.
struct Stage
{
    int first, count;
    float threshold;
};

struct Cascade
{
    int width, height;
    std::vector<Feature> features;
    std::vector<Stage> stages;
    std::vector<Stump> stumps;
};

}} // namespace cv::haar

#endif
