// The heads' outputs for an image, and how they differ from those of the reference.
#pragma once

#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include "inference.hpp"
#include "reference.hpp"
#include "sanitized.hpp"

namespace conformance {

inline std::vector<float> run_heads(cv::yunet::Inference& inference, const cv::yunet::ImageView& image, int threads)
{
    const cv::yunet::FeatureMap* const heads =
        inference.run(image, threads, parallel_for_threads(threads), cv::detection::StopCallback());
    std::vector<float> values;
    for (int level = 0; level < cv::yunet::LevelCount; level++)
    {
        const size_t count = static_cast<size_t>(heads[level].height) * rowLength(heads[level]);
        values.insert(values.end(), heads[level].values, heads[level].values + count);
    }
    return values;
}

// The first value that differs from the reference, as text; empty if all are close enough.
inline std::string difference(const std::vector<Map>& expected, const std::vector<float>& found)
{
    size_t at = 0;
    for (size_t level = 0; level < expected.size(); level++)
        for (double value : expected[level].values)
        {
            if (at == found.size())
                return "the heads have too few values";
            const double other = static_cast<double>(found[at]);
            // Float has 24 bits; the sums of some twenty layers lose about ten of them.
            if (!(std::abs(value - other) <= 1e-3 * (1 + std::abs(value))))
            {
                std::ostringstream text;
                text << "value " << at << ", of level " << level << ", is " << other << " instead of " << value;
                return text.str();
            }
            at++;
        }
    return at == found.size() ? "" : "the heads have too many values";
}

}  // namespace conformance
