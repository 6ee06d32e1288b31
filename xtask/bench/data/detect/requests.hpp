// The loop of the detection programs: reads requests, lines of stdin with tab-separated fields, and writes a line with
// the response to each, which begins with `ok` or is an error message.
#ifndef DETECT_REQUESTS_HPP
#define DETECT_REQUESTS_HPP

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

using Clock = std::chrono::steady_clock;

inline int64_t nanoseconds_since(Clock::time_point start)
{
    return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
}

// A file mapped until the process ends, because packed models are read in place. Without bytes if it cannot be read.
struct MappedFile
{
    const unsigned char* bytes = nullptr;
    size_t length = 0;

    explicit MappedFile(const std::string& path)
    {
        const int file = open(path.c_str(), O_RDONLY);
        if (file < 0)
            return;
        struct stat found{};
        void* at = MAP_FAILED;
        if (fstat(file, &found) == 0)
            at = mmap(nullptr, found.st_size, PROT_READ, MAP_PRIVATE, file, 0);
        close(file);
        if (at == MAP_FAILED)
            return;
        bytes = static_cast<const unsigned char*>(at);
        length = found.st_size;
    }
};

inline std::vector<std::string> split(const std::string& line)
{
    std::vector<std::string> fields;
    std::istringstream rest(line);
    for (std::string field; std::getline(rest, field, '\t');)
        fields.push_back(field);
    return fields;
}

// Responds to all requests with `handle`, which gets their fields.
template <class Handle>
void serve_requests(Handle handle)
{
    for (std::string line; std::getline(std::cin, line);)
    {
        std::string response;
        try
        {
            response = handle(split(line));
        }
        catch (const std::exception& error)
        {
            response = error.what();
            std::replace(response.begin(), response.end(), '\n', ' ');
        }
        std::cout << response << std::endl;
    }
}

#endif
