// What OpenCV's build writes to choose between instruction sets: here there is one.
#define CV_CPU_DISPATCH_MODES_ALL BASELINE
