// Detection and grouping that are told to stop: they end soon, with an error, and what is asked afterwards gets the
// answer that it got before.
//
//   stopping SHARE
//
// SHARE is the SDK's folder of cascades and samples. Prints what fails.
#include <opencv2/imgcodecs.hpp>

#include <atomic>
#include <climits>

#include "look.hpp"

using namespace identity;

namespace {

const char* const expected_error = "the detection was stopped";
int failures = 0;

void check(bool good, const std::string& what) {
  if (good) return;
  failures++;
  std::cout << what << std::endl;
}

// Says to stop when it was asked `most` times.
struct Patience {
  long most;
  std::atomic<long> asked;

  explicit Patience(long times) : most(times), asked(0) { opencv_detection_stop(is_over, this); }
  ~Patience() { opencv_detection_stop(nullptr, nullptr); }

  static int is_over(void* context) {
    Patience& it = *static_cast<Patience*>(context);
    return it.asked++ >= it.most;
  }
};

void detection(const std::string& name, const std::string& file, const cv::Mat& picture, int threads) {
  cv::setNumThreads(threads);
  cv::CascadeClassifier classifier(file);
  Request request;
  request.image = picture;
  request.neighbours = 2;
  const Answer expected = look(classifier, request);
  long all;
  {
    Patience patience(LONG_MAX);
    check(difference(expected, look(classifier, request)).empty() || threads > 1, name + " finds something else when it may be stopped");
    all = patience.asked;
  }
  check(all > 20, name + " asks " + std::to_string(all) + " times whether to stop");
  for (long most : {0L, 1L, all / 2}) {
    Patience patience(most);
    const Answer answer = look(classifier, request);
    check(answer.error == expected_error, name + " is not stopped: `" + answer.error + "`");
    // What is left of the work asks once more for each of its pieces.
    check(patience.asked < all / 2 + all / 4, name + " goes on after it was stopped: it asks " + std::to_string(patience.asked) + " times");
  }
  // With several threads the order of OpenCV's own code, and with it grouping, is a matter of luck.
  check(difference(expected, look(classifier, request)).empty() || threads > 1, name + " finds something else after it was stopped");
}

void grouping() {
  std::vector<cv::Rect> many;
  for (int i = 0; i < 100000; i++) many.push_back(cv::Rect(i % 500, i / 500, 24, 24));
  Patience patience(3);
  std::string error;
  try {
    cv::groupRectangles(many, 2);
  } catch (const cv::Exception& stopped) {
    error = stopped.err;
  }
  check(error == expected_error && patience.asked == 4, "grouping is not stopped");
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  const std::string share = arguments[1];
  silence();
  const cv::Mat photo = cv::imread(share + "/samples/lena.jpg", cv::IMREAD_GRAYSCALE);
  // By the last one OpenCV's own code detects.
  for (const char* name : {"frontalface_default", "frontalface_alt2", "eye_tree_eyeglasses"})
    for (int threads : {1, 2}) detection(name, share + "/haarcascades/haarcascade_" + name + ".xml", photo, threads);
  grouping();
  return failures == 0 ? 0 : 1;
}
