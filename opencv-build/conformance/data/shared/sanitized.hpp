// Helpers of the programs that test a detector without OpenCV, with sanitizers.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace conformance {

// An allocation of exactly this length, so that a sanitizer detects every access out of bounds.
template <class Item>
struct ExactBuffer
{
    std::unique_ptr<Item[]> items;
    size_t length;

    explicit ExactBuffer(const std::vector<Item>& from) : items(new Item[from.size()]), length(from.size())
    {
        std::copy(from.begin(), from.end(), items.get());
    }
};

// Runs the work in several threads, or in reverse order with one thread: the result must not depend on it.
inline std::function<void(int, const std::function<void(int)>&)> parallel_for_threads(int threads)
{
    return [threads](int count, const std::function<void(int)>& work) {
        if (threads == 1)
        {
            for (int i = count - 1; i >= 0; i--)
                work(i);
            return;
        }
        std::atomic<int> next(0);
        std::vector<std::thread> running;
        for (int i = 0; i < threads; i++)
            running.emplace_back([&] {
                for (int number = next++; number < count; number = next++)
                    work(number);
            });
        for (std::thread& thread : running)
            thread.join();
    };
}

}  // namespace conformance
