// Writes a compressed file and reads it: storage FILE.xml.gz. The exit code is 1 if that fails.
#include <opencv2/core.hpp>

#include <cxxabi.h>

#include <cstdio>
#include <cstdlib>

int main(int count, char** arguments)
{
    if (count != 2)
        return 2;
    int status = 0;
    std::free(abi::__cxa_demangle("N2cv9ExceptionE", nullptr, nullptr, &status));
    std::printf("demangling %s\n", status == 0 ? "works" : "is left out");
    cv::FileStorage written(arguments[1], cv::FileStorage::WRITE);
    if (!written.isOpened())
        return 1;
    written << "answer" << 42;
    written.release();
    const cv::FileStorage read(arguments[1], cv::FileStorage::READ);
    return read.isOpened() && static_cast<int>(read["answer"]) == 42 ? 0 : 1;
}
