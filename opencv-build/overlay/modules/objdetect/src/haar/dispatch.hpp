// The detector's work for the processor that it runs on.
#ifndef OPENCV_OBJDETECT_HAAR_DISPATCH_HPP
#define OPENCV_OBJDETECT_HAAR_DISPATCH_HPP

#include "detect.hpp"

namespace cv { namespace haar {

// Takes what was found.
typedef void (*CandidateSink)(const Candidate* candidates, size_t count, void* context);

// What one thread works with: tables and memory that serve again for the next photo.
class Worker
{
public:
    // Not inline: what is compiled for several instruction sets must not bring one of its own.
    virtual ~Worker();

    // Looks at the stripes, until it is told to stop, and hands over what passes, in no order.
    virtual void detect(const ImageView& image, const PyramidLevel* levels, const Stripe* stripes, size_t count,
                        const StopCallback& stop, CandidateSink sink, void* sink_context) = 0;
};

// A worker for a model, which must live as long.
Worker* createWorker(const Model& model);

}}  // namespace cv::haar

#endif
