// Replaces the header that OpenCV's build generates for CPU dispatch: here there is one instruction set.
#define CV_CPU_DISPATCH_MODES_ALL BASELINE
