// The detector's work for the processor that it runs on.
#ifndef OPENCV_OBJDETECT_HAAR_DISPATCH_HPP
#define OPENCV_OBJDETECT_HAAR_DISPATCH_HPP

#include "detect.hpp"

namespace cv { namespace haar {

// Takes what was found.
typedef void (*Keep)(const Found* found, size_t count, void* to);

// What one thread works with: tables and memory that serve again for the next photo.
class Worker
{
public:
    // Not inline: what is compiled for several instruction sets must not bring one of its own.
    virtual ~Worker();

    // Looks at the stripes, until it is told to stop, and hands over what passes, in no order.
    virtual void look(const Photo& photo, const Layer* layers, const Stripe* stripes, size_t count, const Stop& stop, Keep keep,
                      void* kept) = 0;
};

// A worker for a model, which must live as long.
Worker* makeWorker(const Model& model);

}} // namespace cv::haar

#endif
