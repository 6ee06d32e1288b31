// Answers the questions that `wheel.py` wrote down, in its form.
//
//   in_photos CASCADES FOLDER THREADS xml|packed
//
// CASCADES is the SDK's folder of Haar cascades, FOLDER the one with `questions` and the pictures.
// Where OpenCV's own code would answer with several threads, whose order is a race, the answer is `race`;
// where a cascade has no packed form, `unpacked`.
#include <fstream>
#include <iomanip>
#include <iterator>
#include <map>

#include "look.hpp"
#include "plain.hpp"
#include "stored.hpp"

using namespace identity;

namespace {

struct Loaded {
  cv::CascadeClassifier classifier;
  std::vector<unsigned char> blob;
  bool there = false, fast = false;
};

void load(Loaded& loaded, const std::string& file, bool packed) {
  Cascade cascade;
  loaded.fast = IDENTITY_HAS_FAST && read_cascade(file, cascade) && way_of(cascade) == Way::fast;
  if (!packed) {
    loaded.there = loaded.classifier.load(file);
    if (!loaded.there) throw std::runtime_error("`" + file + "` cannot be loaded");
    return;
  }
#if IDENTITY_HAS_FAST
  std::ifstream from(file.substr(0, file.size() - 4) + ".packed", std::ios::binary);
  if (!from) return;
  loaded.blob.assign(std::istreambuf_iterator<char>(from), std::istreambuf_iterator<char>());
  const char* const why = opencv_packed_cascade_open(&loaded.classifier, loaded.blob.data(), loaded.blob.size());
  if (why != nullptr) throw std::runtime_error("the packed form of `" + file + "` is refused: " + why);
  loaded.there = true;
#endif
}

void answer(cv::CascadeClassifier& classifier, const Request& request) {
  const Answer found = look(classifier, request);
  if (!found.error.empty()) throw std::runtime_error(found.error);
  std::cout << found.rectangles.size() << std::setprecision(17);
  for (size_t i = 0; i < found.rectangles.size(); i++) {
    const cv::Rect& it = found.rectangles[i];
    std::cout << ' ' << it.x << ' ' << it.y << ' ' << it.width << ' ' << it.height << ' ' << found.numbers[i];
    if (request.call == Call::levels) std::cout << ' ' << found.weights[i];
  }
  std::cout << '\n';
}

void answer_all(const std::string& cascades, const std::string& folder, int threads, bool packed) {
  std::map<std::string, Loaded> classifiers;
  std::map<std::string, Picture> pictures;
  std::ifstream questions(folder + "/questions");
  std::string name, picture;
  cv::Rect part;
  Request request;
  bool levels;
  cv::setNumThreads(threads);
  while (questions >> name >> picture >> part.x >> part.y >> part.width >> part.height >> request.factor >>
         request.neighbours >> request.least.width >> request.least.height >> request.most.width >>
         request.most.height >> levels) {
    if (classifiers.count(name) == 0) load(classifiers[name], cascades + "/" + name, packed);
    if (pictures.count(picture) == 0) pictures[picture] = read_picture(folder + "/" + picture);
    Loaded& loaded = classifiers[name];
    request.call = levels ? Call::levels : Call::counts;
    Picture& whole = pictures[picture];
    request.image = cv::Mat(whole.height, whole.width, CV_8U, whole.pixels.data())(part);
    if (!loaded.there) std::cout << "unpacked\n";
    else if (threads > 1 && (levels || !loaded.fast)) std::cout << "race\n";
    else answer(loaded.classifier, request);
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 5) return 2;
  set_fast(true);
  try {
    answer_all(arguments[1], arguments[2], std::stoi(arguments[3]), std::string(arguments[4]) == "packed");
  } catch (const std::exception& error) {
    std::cerr << error.what() << std::endl;
    return 1;
  }
  return 0;
}
