// Groups random lists of rectangles by OpenCV's own code and by the indexed code, in the same build: groups, counts and
// weights must be the same, in the same order. Then groups long lists of each kind by the indexed code alone, whose
// time must grow roughly linearly.
//
//   compare_grouping SEED FIRST COUNT
//
// Prints a summary, or the first cases that differ and how to repeat them.
#include <algorithm>
#include <climits>
#include <cmath>
#include <ctime>
#include <functional>
#include <limits>
#include <sstream>
#include <string>

#include "detection.hpp"
#include "random.hpp"
#include "random_cases.hpp"

using namespace conformance;

namespace {

typedef std::vector<cv::Rect> Rects;

// Windows of the sizes of a pyramid, at random positions.
Rects scattered(Random& random, int count)
{
    Rects rects;
    const int side = random.between(30, 3000);
    for (int i = 0; i < count; i++)
    {
        const int size = cvRound(24 * std::pow(1.1, random.below(20)));
        rects.push_back(cv::Rect(random.below(side), random.below(side), size, size));
    }
    return rects;
}

// Windows around faces, as detection finds them.
Rects clustered(Random& random, int count)
{
    Rects rects;
    const int around = random.between(1, 40), side = 100 + static_cast<int>(20 * std::sqrt(count));
    while (static_cast<int>(rects.size()) < count)
    {
        const int size = random.between(20, 60), spread = random.between(0, size / 3);
        const cv::Rect face(random.below(side), random.below(side), size, size);
        for (int i = random.between(1, around); i > 0 && static_cast<int>(rects.size()) < count; i--)
        {
            const int larger = random.between(-spread, spread);
            rects.push_back(cv::Rect(face.x + random.between(-spread, spread), face.y + random.between(-spread, spread),
                                     size + larger, size + larger));
        }
    }
    return rects;
}

// A grid of equal rectangles, sometimes so narrow that neighbours are similar.
Rects tiled(Random& random, int count)
{
    Rects rects;
    const int size = random.between(5, 50), pitch = random.between(1, 60),
              columns = std::max(static_cast<int>(std::sqrt(count)), 1);
    for (int i = 0; i < count; i++)
        rects.push_back(cv::Rect(i % columns * pitch, i / columns * pitch, size, size));
    std::reverse(rects.begin() + count / 2, rects.end());
    return rects;
}

// A chain in which each rectangle is similar only to its neighbours.
Rects chain(Random& random, int count)
{
    Rects rects;
    const int size = random.between(20, 100);
    for (int i = 0; i < count; i++)
        rects.push_back(cv::Rect(i * (size / 5), i * random.between(0, 1), size, size));
    for (int i = count - 1; i > 0; i--)
        std::swap(rects[static_cast<size_t>(i)], rects[static_cast<size_t>(random.below(i + 1))]);
    return rects;
}

// Concentric rectangles, each larger than the previous one.
Rects nested(Random& random, int count)
{
    Rects rects;
    const int step = random.between(1, 4);
    for (int i = 1; i <= count; i++)
        rects.push_back(cv::Rect(-i * step, -i * step, 2 * i * step, 2 * i * step));
    return rects;
}

// Two clusters whose rectangles are almost similar to those of the other.
Rects almost_similar_clusters(Random& random, int count)
{
    Rects rects;
    const int size = 400, allowed = size / 5;
    for (int i = 0; i < count; i++)
    {
        const int near = random.between(0, 30), across = random.between(-20, 20);
        rects.push_back(i % 2 ? cv::Rect(-near, across + near, size, size)
                              : cv::Rect(allowed + 1 + near, across - near, size, size));
    }
    return rects;
}

// Faces of many windows, with smaller faces of fewer windows around their edges.
Rects surrounded(Random& random, int count)
{
    Rects rects;
    const int side = 200 + static_cast<int>(60 * std::sqrt(count));
    while (static_cast<int>(rects.size()) < count)
    {
        const int size = random.between(30, 90), within = size * random.between(3, 7) / 10, slack = cvRound(size * 0.2);
        const cv::Rect face(random.below(side), random.below(side), size, size);
        rects.insert(rects.end(), static_cast<size_t>(random.between(2, 9)), face);
        for (int i = random.between(0, 5); i > 0; i--)
        {
            const int off = random.between(-2, 2);
            const int x = random.chance(0.5) ? face.x - slack + off : face.x + size - within + slack + off;
            const cv::Rect inner(x, face.y + random.between(-slack - 1, size - within + slack + 1), within, within);
            rects.insert(rects.end(), static_cast<size_t>(random.between(1, 6)), inner);
        }
    }
    rects.resize(static_cast<size_t>(count));
    return rects;
}

Rects identical(Random& random, int count)
{
    const int width = random.between(-3, 60), height = random.between(-3, 60);
    return Rects(static_cast<size_t>(count), cv::Rect(random.below(100), random.below(100), width, height));
}

// Tiny rectangles, most of which overlap, with zero and negative sides.
Rects small(Random& random, int count)
{
    Rects rects;
    const int most = random.between(1, 12);
    const auto any = [&]() { return random.between(-most, most); };
    for (int i = 0; i < count; i++)
        rects.push_back({any(), any(), any(), any()});
    return rects;
}

// Large coordinates, at the limit of the index or where upstream's sums overflow.
Rects near_overflow(Random& random, int count)
{
    Rects rects;
    const int edges[] = {1 << 27, 1 << 26, INT_MAX, INT_MIN, INT_MAX / 2, 1 << 29};
    const int edge = edges[random.below(6)], spread = random.between(1, 100);
    const auto any = [&]() {
        const int sign = random.chance(0.3) ? -1 : 1, from = random.chance(0.5) ? edge : random.between(0, 1000);
        return static_cast<int>(static_cast<unsigned>(sign) * static_cast<unsigned>(from) -
                                static_cast<unsigned>(random.below(spread)));
    };
    for (int i = 0; i < count; i++)
        rects.push_back({any(), any(), any(), any()});
    return rects;
}

// Several kinds in one list.
Rects mixed(Random& random, int count);

struct Generator
{
    const char* name;
    Rects (*make)(Random& random, int count);
};

const Generator generators[] = {{"scattered", scattered},
                                {"clustered", clustered},
                                {"tiled", tiled},
                                {"chain", chain},
                                {"nested", nested},
                                {"almost similar clusters", almost_similar_clusters},
                                {"surrounded", surrounded},
                                {"identical", identical},
                                {"small", small},
                                {"mixed", mixed},
                                {"near overflow", near_overflow}};

Rects mixed(Random& random, int count)
{
    Rects rects;
    while (static_cast<int>(rects.size()) < count)
    {
        const Rects more = generators[random.below(9)].make(random, random.between(1, count / 2 + 1));
        rects.insert(rects.end(), more.begin(), more.end());
    }
    rects.resize(static_cast<size_t>(count));
    return rects;
}

struct Case
{
    DetectionResult list;
    Overload overload;
    int threshold;
    double eps;
    std::string name;
};

Case random_case(uint64_t seed, uint64_t number)
{
    Random random(seed, number);
    Case test_case;
    const Generator& generator = generators[random.below(11)];
    const int sizes[] = {3, 60, 100, 250, 250, 800};
    const int count = random.between(1, sizes[random.below(6)]);
    test_case.list.rectangles = generator.make(random, count);
    test_case.name = std::string(generator.name) + ", " + std::to_string(count);
    const double infinity = std::numeric_limits<double>::infinity();
    const double rare[] = {0, 0.01, 0.1, 0.5, 1, 3, 1e5, 1e300, -0.2, infinity, std::nan("")};
    test_case.eps = random.chance(0.6) ? 0.2 : rare[random.below(11)];
    test_case.threshold = random.below(4);
    test_case.overload = static_cast<Overload>(random.below(4));
    // Existing levels and weights; without them the function counts.
    if (test_case.overload == Overload::levels ||
        (test_case.overload == Overload::levels_not_requested && random.chance(0.5)))
        for (int i = 0; i < count; i++)
        {
            test_case.list.numbers.push_back(random.between(-2, 25));
            test_case.list.weights.push_back(random.between(-3.0, 3.0));
        }
    return test_case;
}

DetectionResult group(const Case& it, bool indexed)
{
    set_fast_detector(indexed);
    DetectionResult result = it.list;
    switch (it.overload)
    {
    case Overload::rectangles: cv::groupRectangles(result.rectangles, it.threshold, it.eps); break;
    case Overload::counts: cv::groupRectangles(result.rectangles, result.numbers, it.threshold, it.eps); break;
    case Overload::levels:
        cv::groupRectangles(result.rectangles, result.numbers, result.weights, it.threshold, it.eps);
        break;
    case Overload::levels_not_requested:
        cv::groupRectangles(result.rectangles, it.threshold, it.eps, nullptr, &result.weights);
    }
    return result;
}

double measure_seconds(const Rects& rectangles, int threshold)
{
    Rects list = rectangles;
    std::vector<int> counts;
    // CPU time, which other processes barely affect.
    const std::clock_t start = std::clock();
    cv::groupRectangles(list, counts, threshold, 0.2);
    return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

// Sets `worst` to the maximum growth of the time for 16 times as many rectangles. Comparing all pairs would give 256.
std::string time_growth(uint64_t seed, double& worst)
{
    set_fast_detector(true);
    const int count = 12500, times = 16;
    const double most = 100;
    for (const Generator& generator : generators)
    {
        // Upstream's code handles the overflowing lists, by comparing all pairs.
        if (generator.make == near_overflow)
            continue;
        for (int threshold = 1; threshold <= 3; threshold += 2)
        {
            Random one(seed, 1), other(seed, 1);
            const Rects few = generator.make(one, count), many = generator.make(other, count * times);
            double shorter = 1e9, longer = 1e9;
            for (int i = 0; i < 5; i++)
            {
                shorter = std::min(shorter, measure_seconds(few, threshold));
                longer = std::min(longer, measure_seconds(many, threshold));
            }
            worst = std::max(worst, longer / shorter);
            if (longer > most * shorter)
            {
                std::ostringstream text;
                text << "grouping " << times << " times as many rectangles as " << count << ", " << generator.name
                     << ", takes " << longer / shorter << " times as long: " << longer << " s instead of " << shorter
                     << " s";
                return text.str();
            }
        }
    }
    return "";
}

}  // namespace

int main(int count, char** arguments)
{
    if (count != 4)
    {
        std::cout << "usage: compare_grouping SEED FIRST COUNT" << std::endl;
        return 2;
    }
    const CaseRange range = case_range(arguments + 1);
    long groups = 0, partly_grouped = 0;
    const auto try_case = [&](uint64_t number) -> std::string {
        const Case it = random_case(range.seed, number);
        const DetectionResult expected = group(it, false);
        groups += static_cast<long>(expected.rectangles.size());
        partly_grouped += expected.rectangles.size() > 1 && expected.rectangles.size() < it.list.rectangles.size();
        const std::string mismatch = difference(expected, group(it, true));
        if (mismatch.empty())
            return "";
        std::ostringstream text;
        text << it.name << ", threshold " << it.threshold << ", eps " << it.eps << ", overload "
             << static_cast<int>(it.overload) << ": " << mismatch;
        return text.str();
    };
    const int failures = run_cases(range, "compare_grouping", try_case);
    double worst = 0;
    const std::string slow = time_growth(range.seed, worst);
    if (!slow.empty())
        std::cout << slow << std::endl;
    std::cout << "{\"cases\":" << range.count << ",\"partly_grouped\":" << partly_grouped << ",\"groups\":" << groups
              << ",\"time_growth\":" << worst << "}" << std::endl;
    return failures == 0 && slow.empty() ? 0 : 1;
}
