// Random cases through OpenCV's own detector and through the fast one, in the same build: the lists
// must be the same, in the same order. A case is made from the seed and its number alone.
//
//   against_stock SHARE SEED FIRST COUNT
//
// SHARE is the SDK's folder of cascades and samples. Prints what was compared, or the first cases
// that differ and how to try them again.
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <fstream>
#include <iomanip>
#include <iterator>
#include <map>
#include <memory>

#include "look.hpp"
#include "pictures.hpp"
#include "reference.hpp"
#include "stored.hpp"

using namespace identity;

namespace {

// A cascade as each way of loading it has it. Classifiers are used again from case to case, as
// programs do; `stock` never sees the fast detector.
struct Source {
  std::string name;
  cv::Size window;
  Way way = Way::stock;
  cv::CascadeClassifier stock, ours;
  std::unique_ptr<cv::CascadeClassifier> packed;
  std::vector<unsigned char> blob;
  // What it finds in the samples, with some of what is around it.
  std::vector<Picture> finds;
  // If it has stumps.
  Cascade plain;
};

std::vector<std::unique_ptr<Source>> sources;
std::vector<Picture> photos;

[[noreturn]] void give_up(const std::string& why) {
  std::cout << why << std::endl;
  std::exit(2);
}

Way expected_way(const Cascade& cascade) { return IDENTITY_HAS_FAST ? way_of(cascade) : Way::stock; }

void load_sources(const std::string& share) {
  std::vector<cv::String> files, more;
  cv::glob(share + "/haarcascades/*.xml", files);
  cv::glob(share + "/lbpcascades/*.xml", more);
  files.insert(files.end(), more.begin(), more.end());
  for (const std::string& file : files) {
    std::unique_ptr<Source> source(new Source);
    source->name = file.substr(file.rfind('/') + 1);
    if (!source->stock.load(file) || !source->ours.load(file)) give_up("`" + file + "` cannot be loaded");
    source->window = source->stock.getOriginalWindowSize();
    if (!read_cascade(file, source->plain)) source->plain = Cascade();
    else source->way = expected_way(source->plain);
    source->plain.name = source->name;
#if IDENTITY_HAS_FAST
    std::ifstream packed(file.substr(0, file.size() - 4) + ".packed", std::ios::binary);
    if (packed) {
      source->blob.assign(std::istreambuf_iterator<char>(packed), std::istreambuf_iterator<char>());
      source->packed.reset(new cv::CascadeClassifier);
      const char* const why =
          opencv_packed_cascade_open(source->packed.get(), source->blob.data(), source->blob.size());
      if (why != nullptr) give_up("the packed form of `" + file + "` is refused: " + why);
    }
#endif
    sources.push_back(std::move(source));
  }
  if (sources.empty()) give_up("there are no cascades in `" + share + "`");
}

Picture picture_of(const cv::Mat& grey) {
  Picture picture(grey.cols, grey.rows);
  grey.copyTo(cv::Mat(grey.rows, grey.cols, CV_8U, picture.pixels.data()));
  return picture;
}

void load_photos(const std::string& share) {
  set_fast(false);
  cv::setNumThreads(1);
  std::vector<cv::String> files;
  cv::glob(share + "/samples/*.jpg", files);
  for (const std::string& file : files) {
    const cv::Mat grey = cv::imread(file, cv::IMREAD_GRAYSCALE);
    if (grey.empty()) give_up("`" + file + "` cannot be read");
    photos.push_back(picture_of(grey));
    for (const auto& source : sources) {
      std::vector<cv::Rect> found;
      source->stock.detectMultiScale(grey, found, 1.1, 1, 0, cv::Size(40, 30));
      found.resize(std::min<size_t>(found.size(), 5));
      for (const cv::Rect& it : found) {
        const cv::Point margin(it.width / 4, it.height / 4);
        const cv::Rect whole(cv::Point(), grey.size());
        source->finds.push_back(picture_of(grey(cv::Rect(it.tl() - margin, it.br() + margin) & whole)));
      }
    }
  }
  if (photos.empty()) give_up("there are no photos in `" + share + "`");
}

// The picture as OpenCV gets it: a whole one, a part of a larger one, or in colours.
cv::Mat image_of(Random& random, Picture& picture) {
  const cv::Mat grey(picture.height, picture.width, CV_8U, picture.pixels.data());
  if (random.chance(0.25)) {
    const int right = random.between(0, 40), down = random.between(0, 3);
    const int left = random.between(0, 17), top = random.between(0, 3);
    cv::Mat around(grey.rows + top + down, grey.cols + left + right, CV_8U);
    for (int i = 0; i < around.rows; i++)
      for (int j = 0; j < around.cols; j++) around.at<uchar>(i, j) = static_cast<uchar>(random.below(256));
    const cv::Mat part = around(cv::Rect(left, top, grey.cols, grey.rows));
    grey.copyTo(part);
    return part;
  }
  if (random.chance(0.1)) {
    const int channels = random.chance(0.7) ? 3 : 4;
    const std::vector<cv::Mat> planes(static_cast<size_t>(channels), grey);
    cv::Mat colours;
    cv::merge(planes, colours);
    for (int i = random.between(0, 400); i > 0; i--)
      colours.ptr(random.below(colours.rows))[random.below(colours.cols * channels)] =
          static_cast<uchar>(random.below(256));
    return colours;
  }
  return grey.clone();
}

double random_factor(Random& random, double pixels) {
  if (random.chance(0.03)) return 3.0;
  // How many times as many pixels as the picture itself all its scales have: the fewer the larger it is.
  const double least = pixels > 20000 ? 1.1 : pixels > 5000 ? 1.03 : 1.01;
  const double usual[] = {1.1, 1.1, 1.05, 1.2, 1.3, 1.5};
  const double factor = random.chance(0.5) ? usual[random.below(6)] : random.between(least, 1.6);
  return std::max(least, factor);
}

cv::Size random_limit(Random& random, const cv::Size& window, const cv::Size& image) {
  switch (random.below(4)) {
    case 0:
      return cv::Size(random.below(image.width + 10), random.below(image.height + 10));
    case 1: {
      const double scale = random.between(0.5, 3.0);
      return cv::Size(cvRound(window.width * scale), cvRound(window.height * scale));
    }
    case 2: {
      const int side = random.between(1, 120);
      return cv::Size(side, side);
    }
    default:
      return cv::Size(random.chance(0.5) ? 0 : window.width, window.height);
  }
}

struct Case {
  Source* source;
  std::unique_ptr<Source> made;
  Request request;
};

std::unique_ptr<Source> as_loaded(const Cascade& cascade) {
  std::unique_ptr<Source> made(new Source);
  made->name = cascade.name;
  made->window = cv::Size(cascade.width, cascade.height);
  made->way = expected_way(cascade);
  made->plain = cascade;
  const cv::FileStorage storage = stored(cascade);
  const cv::FileNode root = storage.getFirstTopLevelNode();
  if (!made->stock.read(root) || !made->ours.read(root)) give_up(cascade.name + " cannot be read");
  return made;
}

Case random_case(uint64_t seed, uint64_t number) {
  Random random(seed, number);
  Case made;
  made.source = sources[static_cast<size_t>(random.below(static_cast<int>(sources.size())))].get();
  // What only OpenCV's own code does needs fewer cases.
  if (made.source->way == Way::stock && random.chance(0.6))
    made.source = sources[static_cast<size_t>(random.below(static_cast<int>(sources.size())))].get();
  const bool random_one = random.chance(0.35), stumps = !made.source->plain.stages.empty();
  const std::vector<Picture>& own = made.source->finds.empty() || random.chance(0.4) ? photos : made.source->finds;
  if (random_one || (stumps && random.chance(0.5))) {
    const Cascade cascade = random_one ? random_cascade(random) : relaxed(random, made.source->plain);
    made.made = as_loaded(cascade);
    made.source = made.made.get();
  }
  const cv::Size window = made.source->window;
  const Extent extent = random_extent(random, window.width, window.height);
  Picture picture = random_picture(random, own, extent.width, extent.height);
  Request& request = made.request;
  request.image = image_of(random, picture);
  request.as_umat = random.chance(0.05);
  if (random.chance(0.2)) request.call = static_cast<Call>(random.between(1, 3));
  const double pixels = static_cast<double>(extent.width) * extent.height;
  request.factor = random_factor(random, pixels);
  const int neighbours[] = {0, 0, 0, 1, 3, 4};
  request.neighbours = neighbours[random.below(6)];
  // Grouping takes the square of the number of candidates, and of a random cascade there can be many.
  if (made.made && pixels > 8000) request.neighbours = 0;
  if (random.chance(0.25)) request.least = random_limit(random, window, request.image.size());
  if (random.chance(0.2)) request.most = random_limit(random, window, request.image.size());
  if (random.chance(0.05)) request.most = request.least;
  if (random.chance(0.05))
    for (int i = random.between(1, 5); i > 0; i--)
      request.before.push_back(cv::Rect(random.below(50), random.below(50), random.between(1, 50), random.between(1, 50)));
  return made;
}

// Order without meaning: what OpenCV's own code gives with several threads.
void sort(std::vector<cv::Rect>& rectangles) {
  std::sort(rectangles.begin(), rectangles.end(), [](const cv::Rect& a, const cv::Rect& b) {
    return std::make_tuple(a.y, a.x, a.width, a.height) < std::make_tuple(b.y, b.x, b.width, b.height);
  });
}

Answer look_with(cv::CascadeClassifier& classifier, const Request& request, bool fast, int threads) {
  set_fast(fast);
  cv::setNumThreads(threads);
  return look(classifier, request);
}

// What the reference finds for a request that it can answer.
bool referred(const Cascade& cascade, const Request& request, Answer& answer) {
  for (const Feature& feature : cascade.features)
    if (feature.tilted) return false;
  const bool plain = request.call == Call::rectangles && request.neighbours == 0 && request.before.empty() &&
                     request.image.channels() == 1;
  if (!plain || cascade.stages.empty() || request.image.empty()) return false;
  const View view = {request.image.data, request.image.step, request.image.cols, request.image.rows};
  const std::vector<float> scales =
      scales_of(cascade, view.width, view.height, request.factor, request.least.width, request.least.height,
                request.most.width, request.most.height);
  const cv::Rect whole(0, 0, view.width, view.height);
  for (const Place& it : places_of(cascade, view, scales)) {
    const float scale = scales[it.scale];
    const auto scaled = [scale](int length) { return rounded(static_cast<float>(length) * scale); };
    const cv::Rect window(scaled(it.x), scaled(it.y), scaled(cascade.width), scaled(cascade.height));
    if (!(whole & window).empty()) answer.rectangles.push_back(whole & window);
  }
  return true;
}

struct Tally {
  long cases = 0, fast = 0, lists = 0, filled = 0, rectangles = 0, errors = 0, referred = 0;
};

// Compares one case in all ways; says what differs.
std::string try_case(uint64_t seed, uint64_t number, Tally& tally) {
  Case it = random_case(seed, number);
  Source& source = *it.source;
  Random random(seed, ~number);
  Answer expected = look_with(source.stock, it.request, false, 1);
  tally.cases++;
  tally.fast += source.way == Way::fast;
  tally.filled += !expected.rectangles.empty();
  tally.rectangles += static_cast<long>(expected.rectangles.size());
  tally.errors += !expected.error.empty();

  std::string found;
  const auto describe = [&](const char* what, const char* by, int threads, const std::string& unlike) {
    if (unlike.empty() || !found.empty()) return;
    std::ostringstream text;
    text << "case " << number << " of seed " << seed << ": " << source.name << ", " << what << ", by " << by << ", "
         << threads << " threads, " << it.request << ": " << unlike;
    found = text.str();
  };
  const auto compare = [&](cv::CascadeClassifier& classifier, const char* what, bool fast, int threads) {
    Answer answer = look_with(classifier, it.request, fast, threads);
    Answer ordered = expected;
    const bool by_stock = !fast || source.way != Way::fast || it.request.call == Call::levels;
    if (threads > 1 && by_stock) {
      // Then grouping is a matter of luck, too.
      if (it.request.neighbours > 0 || it.request.call == Call::levels) return;
      sort(answer.rectangles);
      sort(ordered.rectangles);
    }
    tally.lists++;
    describe(what, fast ? "the fast detector" : "OpenCV's own code", threads, difference(ordered, answer));
  };
  compare(source.ours, "loaded as it is", true, 1);
  const bool cheap = source.way != Way::stock;
  if (cheap || random.chance(0.3)) compare(source.ours, "loaded as it is", true, random.chance(0.5) ? 2 : 4);
  if (random.chance(0.1)) compare(source.ours, "loaded as it is", false, 1);
  if (source.packed) {
    if (cheap || random.chance(0.4)) compare(*source.packed, "packed", true, random.chance(0.6) ? 1 : 3);
    if (random.chance(0.2)) compare(*source.packed, "packed", false, 1);
  }
  Answer plain;
  if (random.chance(0.3) && referred(source.plain, it.request, plain)) {
    tally.referred++;
    describe("plain numbers", "the reference", 1, difference(expected, plain));
  }
  return found;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 5) give_up("usage: against_stock SHARE SEED FIRST COUNT");
  const std::string share = arguments[1];
  const uint64_t seed = std::stoull(arguments[2]), first = std::stoull(arguments[3]);
  const uint64_t cases = std::stoull(arguments[4]);
  silence();
  load_sources(share);
  load_photos(share);
  Tally tally;
  int failures = 0;
  for (uint64_t number = first; number < first + cases && failures < 5; number++) {
    const std::string found = try_case(seed, number, tally);
    if (found.empty()) continue;
    failures++;
    std::cout << found << "\n  alone: against_stock SHARE " << seed << ' ' << number << " 1" << std::endl;
  }
  size_t packed = 0;
  for (const auto& source : sources) packed += source->packed != nullptr;
  std::cout << "{\"features\":\"" << cv::getCPUFeaturesLine() << "\",\"fast_detector\":"
            << (IDENTITY_HAS_FAST ? "true" : "false") << ",\"cascades\":" << sources.size() << ",\"packed\":" << packed
            << ",\"cases\":" << tally.cases << ",\"fast\":" << tally.fast << ",\"lists\":" << tally.lists
            << ",\"filled\":" << tally.filled << ",\"rectangles\":" << tally.rectangles
            << ",\"errors\":" << tally.errors << ",\"referred\":" << tally.referred << "}" << std::endl;
  return failures == 0 ? 0 : 1;
}
