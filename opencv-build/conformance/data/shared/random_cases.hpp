// Runs the random cases of a test program.
#pragma once

#include <cstdint>
#include <iostream>
#include <string>

namespace conformance {

// Numbered cases of a seed: case N of a seed is always the same.
struct CaseRange
{
    uint64_t seed, first, count;
};

// From three arguments: SEED FIRST COUNT.
inline CaseRange case_range(char** arguments)
{
    return {std::stoull(arguments[0]), std::stoull(arguments[1]), std::stoull(arguments[2])};
}

// Calls `try_case(number)` for each case until several have failed. It returns what is wrong, or an empty text. Prints
// the failed cases with the command that repeats them, `command SEED NUMBER 1`, and returns their number.
template <class TryCase> int run_cases(const CaseRange& range, const std::string& command, const TryCase& try_case)
{
    const int enough_failures = 5;
    int failures = 0;
    for (uint64_t number = range.first; number < range.first + range.count && failures < enough_failures; number++)
    {
        const std::string wrong = try_case(number);
        if (wrong.empty())
            continue;
        failures++;
        std::cout << "case " << number << " of seed " << range.seed << ": " << wrong << "\n  repeat: " << command << ' '
                  << range.seed << ' ' << number << " 1" << std::endl;
    }
    return failures;
}

}  // namespace conformance
