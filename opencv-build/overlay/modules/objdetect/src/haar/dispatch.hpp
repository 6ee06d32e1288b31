// Selects the worker for the processor's instruction set.
#ifndef OPENCV_OBJDETECT_HAAR_DISPATCH_HPP
#define OPENCV_OBJDETECT_HAAR_DISPATCH_HPP

#include "detect.hpp"

namespace cv { namespace haar {

typedef void (*CandidateSink)(const Candidate* candidates, size_t count, void* context);

// The state of one thread: tables and memory that are reused for the next image.
class Worker
{
public:
    // Not inline: code that is compiled for several instruction sets must not emit its own copy.
    virtual ~Worker();

    // Detects in the stripes until `stop` returns true, and passes the candidates to `sink` in no particular order.
    virtual void detect(const ImageView& image, const PyramidLevel* levels, const Stripe* stripes, size_t count,
                        const detection::StopCallback& stop, CandidateSink sink, void* sink_context) = 0;
};

// The model must outlive the worker.
Worker* createWorker(const Model& model);

}}  // namespace cv::haar

#endif
