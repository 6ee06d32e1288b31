// Tests the index used by grouping, for a compiler's sanitizers: labels and containers of random rectangles, against a
// comparison of all pairs.
//
//   grouping_index SEED FIRST COUNT
//
// Prints a summary, or what differs.
#include <cmath>
#include <iostream>
#include <numeric>
#include <string>

#include "random.hpp"
#include "random_cases.hpp"

// Includes the source: OpenCV's libraries, of which it needs little, are not built for this compiler.
#include "grouping.cpp"

namespace cv {

[[noreturn]] void error(int, const String&, const char* function, const char*, int) { throw std::string(function); }

namespace haar {

bool isFastEnabled() { return true; }

}  // namespace haar

namespace detection {

StopCallback threadStopCallback() { return StopCallback(); }
void throwIfStopped(bool) {}

}  // namespace detection
}  // namespace cv

using conformance::CaseRange;
using conformance::Random;

namespace {

std::vector<cv::Rect> random_list(Random& random)
{
    std::vector<cv::Rect> list;
    const int largest = random.chance(0.1) ? 1 << 27 : random.between(1, 300), side = random.between(1, largest);
    const int distinct = random.chance(0.2) ? random.between(1, 20) : 400;
    for (int count = random.between(1, 400); count > 0; count--)
    {
        if (static_cast<int>(list.size()) >= distinct)
        {
            list.push_back(list[static_cast<size_t>(random.below(distinct))]);
            continue;
        }
        const int width = random.between(random.chance(0.05) ? -side : 0, side),
                  height = random.chance(0.7) ? width : random.below(side);
        list.push_back(cv::Rect(random.between(-largest, largest), random.between(-largest, largest), width, height));
    }
    return list;
}

// Propagates the smallest index among similar rectangles until nothing changes.
std::vector<int> label_all_pairs(const std::vector<cv::Rect>& list, double eps)
{
    const cv::SimilarRects similar(eps);
    std::vector<int> first(list.size()), numbers(list.size(), -1), labels;
    std::iota(first.begin(), first.end(), 0);
    for (bool changed = true; changed;)
    {
        changed = false;
        for (size_t i = 0; i < list.size(); i++)
            for (size_t j = 0; j < list.size(); j++)
                if (i != j && first[j] < first[i] && similar(list[i], list[j]))
                    first[i] = first[j], changed = true;
    }
    int count = 0;
    for (int it : first)
    {
        int& number = numbers[static_cast<size_t>(it)];
        if (number < 0)
            number = count++;
        labels.push_back(number);
    }
    return labels;
}

bool contains(const cv::Rect& outer, int outer_members, const cv::Rect& inner, int members, double eps)
{
    const int dx = cv::saturate_cast<int>(outer.width * eps), dy = cv::saturate_cast<int>(outer.height * eps);
    return inner.x >= outer.x - dx && inner.y >= outer.y - dy && inner.x + inner.width <= outer.x + outer.width + dx &&
           inner.y + inner.height <= outer.y + outer.height + dy &&
           (outer_members > std::max(3, members) || members < 3);
}

std::string try_case(uint64_t seed, uint64_t number, long& contained)
{
    Random random(seed, number);
    const std::vector<cv::Rect> list = random_list(random);
    const double factors[] = {0.2, 0.2, 0.2, 0, 0.01, 1, 3};
    const double eps = factors[random.below(7)];
    std::vector<int> labels;
    const int classes = cv::haar::partitionSimilar(list, labels, eps);
    const std::vector<int> expected = label_all_pairs(list, eps);
    if (labels != expected || classes != *std::max_element(expected.begin(), expected.end()) + 1)
        return "labels differ";
    std::vector<int> members;
    for (size_t i = 0; i < list.size(); i++)
        members.push_back(random.between(1, 8));
    const int threshold = random.between(1, 3);
    const cv::haar::ContainerIndex containers(list, members, threshold, eps);
    const int count = static_cast<int>(list.size());
    for (int i = 0; i < count; i++)
    {
        const auto is_container = [&](int j) {
            const size_t inner = static_cast<size_t>(i), outer = static_cast<size_t>(j);
            return i != j && members[outer] > threshold &&
                   contains(list[outer], members[outer], list[inner], members[inner], eps);
        };
        bool any = false;
        for (int j = 0; j < count; j++)
            any = any || is_container(j);
        contained += any;
        const int found = containers.firstContainer(i);
        // The caller's loop tries the groups from `found` on.
        bool later = false;
        for (int j = found; j < count; j++)
            later = later || is_container(j);
        if (any != later || (found > 0 && any && !is_container(found)))
            return "the container of " + std::to_string(i) + " differs";
    }
    return "";
}

}  // namespace

int main(int count, char** arguments)
{
    if (count != 4)
        return 2;
    const CaseRange range = conformance::case_range(arguments + 1);
    long contained = 0;
    const int failures = conformance::run_cases(
        range, "grouping_index", [&](uint64_t number) { return try_case(range.seed, number, contained); });
    if (failures > 0)
        return 1;
    std::cout << "{\"cases\":" << range.count << ",\"rejected\":0,\"non_empty\":" << contained << "}" << std::endl;
    return 0;
}
