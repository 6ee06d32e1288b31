// One detection by whatever function of OpenCV's, with all that it gives, for lists to be compared;
// and the switch between the fast detector and OpenCV's own code.
#pragma once

#include <opencv2/core.hpp>
#include <opencv2/objdetect.hpp>
#if __has_include(<opencv2/objdetect/packed_cascade.h>)
#include <opencv2/objdetect/packed_cascade.h>
#define IDENTITY_HAS_FAST 1
#else
#define IDENTITY_HAS_FAST 0
#endif

#include <iostream>
#include <sstream>
#include <string>
#include <vector>

namespace identity {

// Switches the fast detector on or off; an SDK without it always has OpenCV's own code.
inline void set_fast(bool on) {
#if IDENTITY_HAS_FAST
  opencv_haar_fast(on ? 1 : 0);
#else
  (void)on;
#endif
}

enum class Call { rectangles, counts, levels, no_levels };

// What a detection is asked.
struct Request {
  cv::Mat image;
  bool as_umat = false;
  Call call = Call::rectangles;
  double factor = 1.1;
  int neighbours = 3;
  cv::Size least, most;
  // What is in the list before.
  std::vector<cv::Rect> before;
};

// What it gives.
struct Answer {
  std::string error;
  std::vector<cv::Rect> rectangles;
  std::vector<int> numbers;
  std::vector<double> weights;
};

inline Answer look(cv::CascadeClassifier& classifier, const Request& request) {
  Answer answer;
  answer.rectangles = request.before;
  cv::UMat copy;
  if (request.as_umat) request.image.copyTo(copy);
  const cv::_InputArray image = request.as_umat ? cv::_InputArray(copy) : cv::_InputArray(request.image);
  try {
    switch (request.call) {
      case Call::rectangles:
        classifier.detectMultiScale(image, answer.rectangles, request.factor, request.neighbours, 0, request.least,
                                    request.most);
        break;
      case Call::counts:
        classifier.detectMultiScale(image, answer.rectangles, answer.numbers, request.factor, request.neighbours, 0,
                                    request.least, request.most);
        break;
      default:
        classifier.detectMultiScale(image, answer.rectangles, answer.numbers, answer.weights, request.factor,
                                    request.neighbours, 0, request.least, request.most, request.call == Call::levels);
    }
  } catch (const cv::Exception& error) {
    answer.error = error.err;
  }
  return answer;
}

template <class Item>
std::string list_difference(const char* what, const std::vector<Item>& expected, const std::vector<Item>& found) {
  size_t same = 0;
  while (same < expected.size() && same < found.size() && expected[same] == found[same]) same++;
  if (same == expected.size() && same == found.size()) return "";
  std::ostringstream text;
  text << expected.size() << ' ' << what << " expected and " << found.size() << " found; number " << same << " is ";
  if (same < found.size()) text << found[same]; else text << "missing";
  text << " instead of ";
  if (same < expected.size()) text << expected[same]; else text << "nothing";
  return text.str();
}

// In which way two answers differ; nothing if they do not.
inline std::string difference(const Answer& expected, const Answer& found) {
  if (expected.error != found.error) return "the error is `" + found.error + "` instead of `" + expected.error + "`";
  std::string text = list_difference("rectangles", expected.rectangles, found.rectangles);
  if (text.empty()) text = list_difference("counts or levels", expected.numbers, found.numbers);
  if (text.empty()) text = list_difference("weights", expected.weights, found.weights);
  return text;
}

inline std::ostream& operator<<(std::ostream& to, const Request& request) {
  const char* const calls[] = {"rectangles", "counts", "levels", "levels not asked for"};
  return to << calls[static_cast<int>(request.call)] << " in " << request.image.cols << "x" << request.image.rows
            << " pixels of " << request.image.channels() << " channels" << (request.as_umat ? " as a UMat" : "")
            << ", scale factor " << request.factor << ", " << request.neighbours << " neighbours, from "
            << request.least << " to " << request.most << ", " << request.before.size() << " in the list before";
}

// Keeps OpenCV from printing the errors that are compared.
inline void silence() {
  cv::redirectError([](int, const char*, const char*, const char*, int, void*) { return 0; });
}

}  // namespace identity
