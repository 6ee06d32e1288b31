// The detector's own files by themselves, without OpenCV, for a compiler's sanitizers: random cases
// against the reference, and damaged models.
//
//   core FOLDER SEED FIRST COUNT
//
// FOLDER holds what `plain` wrote. Prints what was compared, or what differs.
#include <algorithm>
#include <atomic>
#include <cstring>
#include <iostream>
#include <memory>
#include <sstream>
#include <thread>

#include "cascade.hpp"
#include "pictures.hpp"
#include "plain.hpp"
#include "reference.hpp"

// The files under test. What OpenCV's build compiles once for each instruction set is compiled here for one.
#include "detect.simd.hpp"
#include "dispatch.hpp"

namespace cv { namespace haar {

void detectStripes(const Model& model, const Photo& photo, const std::vector<Layer>& layers, const Stripe* stripes,
                   size_t count, std::vector<Found>& found) {
  CV_CPU_OPTIMIZATION_NAMESPACE::detectStripes(model, photo, layers, stripes, count, found);
}

}}  // namespace cv::haar

using namespace identity;

namespace {

// Fewer characters than names of what is tried; each file of `plain` has the form of one cascade.
const char* const trained[] = {"frontalface_default", "frontalface_alt", "frontalface_alt_tree", "eye",
                               "profileface",         "frontalcatface",  "fullbody",             "smile",
                               "upperbody",           "lowerbody",       "russian_plate_number", "frontalcatface_extended"};

struct Loaded {
  std::vector<Cascade> cascades;
  std::vector<Picture> photos;
};

Loaded load(const std::string& folder) {
  Loaded loaded;
  for (const char* name : trained) loaded.cascades.push_back(read_plain(folder + "/haarcascade_" + name + ".plain"));
  for (const char* name : {"lena", "messi5"}) loaded.photos.push_back(read_picture(folder + "/" + name + ".pgm"));
  // The face by itself.
  loaded.photos.push_back(piece(loaded.photos[0], 85, 75, 1, 130, 130));
  return loaded;
}

cv::haar::Cascade described(const Cascade& from) {
  cv::haar::Cascade cascade;
  cascade.width = from.width;
  cascade.height = from.height;
  for (const Feature& feature : from.features) {
    cv::haar::Feature made = {};
    for (size_t i = 0; i < feature.boxes.size(); i++) {
      const Box& box = feature.boxes[i];
      made.boxes[i] = {box.x, box.y, box.width, box.height, box.weight};
    }
    made.tilted = feature.tilted;
    cascade.features.push_back(made);
  }
  for (const Stage& stage : from.stages) cascade.stages.push_back({stage.first, stage.count, stage.threshold()});
  for (const Stump& stump : from.stumps)
    cascade.stumps.push_back({stump.feature, stump.threshold, stump.left, stump.right});
  return cascade;
}

// Numbers below the count to several threads, or backwards: what is found must not depend on it.
cv::haar::Parallel shared_by(int threads) {
  return [threads](int count, const std::function<void(int)>& work) {
    if (threads == 1) {
      for (int i = count - 1; i >= 0; i--) work(i);
      return;
    }
    std::atomic<int> next(0);
    std::vector<std::thread> running;
    for (int i = 0; i < threads; i++)
      running.emplace_back([&] {
        for (int number = next++; number < count; number = next++) work(number);
      });
    for (std::thread& thread : running) thread.join();
  };
}

// Bytes that end where their memory ends, and begin where it begins, so that a sanitizer sees every step beyond.
struct Exact {
  std::unique_ptr<uint8_t[]> bytes;
  size_t length;

  explicit Exact(const std::vector<uint8_t>& from) : bytes(new uint8_t[from.size()]), length(from.size()) {
    std::copy(from.begin(), from.end(), bytes.get());
  }
};

std::vector<Place> looked(const cv::haar::Model& model, const View& view, const std::vector<float>& scales, int threads) {
  const cv::haar::Photo photo = {view.pixels, view.stride, view.width, view.height};
  std::vector<Place> places;
  const std::vector<cv::haar::Layer> layers = cv::haar::layersOf(model, photo, scales);
  for (const cv::haar::Found& found : cv::haar::detect(model, photo, layers, threads, shared_by(threads)))
    places.push_back({found.layer, found.x, found.y});
  return places;
}

struct Tally {
  long cases = 0, refused = 0, filled = 0, places = 0;
};

std::string difference(const std::vector<Place>& expected, const std::vector<Place>& found) {
  size_t same = 0;
  while (same < expected.size() && same < found.size() && expected[same] == found[same]) same++;
  if (same == expected.size() && same == found.size()) return "";
  std::ostringstream text;
  const auto put = [&text](const std::vector<Place>& places, size_t i) {
    if (i < places.size()) text << places[i].scale << ":(" << places[i].x << "," << places[i].y << ")";
    else text << "none";
  };
  text << expected.size() << " windows expected and " << found.size() << " found; number " << same << " is ";
  put(found, same);
  text << " instead of ";
  put(expected, same);
  return text.str();
}

std::string try_case(const Loaded& loaded, uint64_t seed, uint64_t number, Tally& tally) {
  Random random(seed, number);
  const int kind = random.below(10);
  const Cascade& picked = loaded.cascades[static_cast<size_t>(random.below(static_cast<int>(loaded.cascades.size())))];
  const Cascade cascade = kind < 5 ? random_cascade(random) : kind < 8 ? relaxed(random, picked) : picked;
  tally.cases++;
  std::vector<uint8_t> block;
  const char* const why = cv::haar::compile(described(cascade), block);
  const Way way = way_of(cascade);
  if (why != nullptr) {
    tally.refused++;
    if (*why == '\0') return cascade.name + " is refused without a reason";
    return way == Way::fast ? cascade.name + " should be taken, and is refused: " + why : "";
  }
  if (way == Way::stock) return cascade.name + " should be refused, and is taken";
  const Exact bytes(block);
  cv::haar::Model model;
  if (const char* const wrong = cv::haar::open(bytes.bytes.get(), bytes.length, model))
    return cascade.name + " is compiled and then refused: " + wrong;

  Extent extent = random_extent(random, cascade.width, cascade.height);
  // OpenCV itself gives up on pictures that are smaller than the window before the detector is asked.
  extent.width = std::max(extent.width, cascade.width);
  extent.height = std::max(extent.height, cascade.height);
  const Picture picture = random_picture(random, loaded.photos, extent.width, extent.height);
  const size_t stride = static_cast<size_t>(extent.width) + (random.chance(0.4) ? static_cast<size_t>(random.below(40)) : 0);
  std::vector<uint8_t> rows(stride * static_cast<size_t>(extent.height - 1) + static_cast<size_t>(extent.width), 77);
  for (int y = 0; y < extent.height; y++)
    std::memcpy(&rows[static_cast<size_t>(y) * stride], &picture.pixels[static_cast<size_t>(y) * static_cast<size_t>(extent.width)],
                static_cast<size_t>(extent.width));
  const Exact pixels(rows);
  const View view = {pixels.bytes.get(), stride, extent.width, extent.height};
  const bool large = extent.width * extent.height > 4000;
  const double factor = random.chance(0.4) ? 1.1 : random.between(large ? 1.1 : 1.01, large ? 3.0 : 1.6);
  const int least = random.chance(0.2) ? random.between(1, 80) : 0, most = random.chance(0.2) ? random.between(1, 120) : 0;
  const std::vector<float> scales = scales_of(cascade, extent.width, extent.height, factor, least, least, most, most);

  const std::vector<Place> expected = places_of(cascade, view, scales);
  tally.filled += !expected.empty();
  tally.places += static_cast<long>(expected.size());
  for (const int threads : {1, random.between(2, 5)}) {
    const std::string unlike = difference(expected, looked(model, view, scales, threads));
    if (unlike.empty()) continue;
    std::ostringstream text;
    text << cascade.name << " with a window of " << cascade.width << "x" << cascade.height << " in " << extent.width << "x"
         << extent.height << " pixels, factor " << factor << ", from " << least << " to " << most << ", " << threads
         << " threads: " << unlike;
    return text.str();
  }
  return "";
}

// Models that are cut short or damaged must be refused with a reason, or looked with like any other.
struct Damage {
  const View& view;
  std::vector<float> scales = {1.0f, 1.5f, 2.2f};
  long tried = 0, accepted = 0;
  std::string wrong;

  void open(const std::vector<uint8_t>& bytes, bool may_be_good) {
    const Exact exact(bytes);
    cv::haar::Model model;
    const char* const why = cv::haar::open(exact.bytes.get(), exact.length, model);
    tried++;
    if (why != nullptr && *why == '\0') wrong = "a damaged model is refused without a reason";
    if (why != nullptr) return;
    accepted++;
    if (!may_be_good) wrong = "a model that is cut short is accepted";
    if (model.width <= view.width && model.height <= view.height) looked(model, view, scales, 1);
  }
};

std::string try_damage(const Loaded& loaded, uint64_t seed) {
  Random random(seed, 1);
  const Picture picture = piece(loaded.photos[2], 0, 0, 2.5, 52, 52);
  const View view = {picture.pixels.data(), 52, 52, 52};
  Damage damage = {view};
  // A whole small model, byte by byte, and samples of a large one.
  Cascade small = loaded.cascades[3];
  small.stages.resize(3);
  std::vector<uint8_t> block, other;
  if (cv::haar::compile(described(small), block) || cv::haar::compile(described(loaded.cascades[0]), other))
    return "a trained cascade cannot be compiled";
  for (size_t length = 0; length < block.size(); length++)
    damage.open(std::vector<uint8_t>(block.begin(), block.begin() + static_cast<std::ptrdiff_t>(length)), false);
  for (size_t at = 0; at < block.size(); at++)
    for (const int flip : {1 << random.below(8), 0xFF}) {
      std::vector<uint8_t> bad = block;
      bad[at] = static_cast<uint8_t>(bad[at] ^ flip);
      damage.open(bad, true);
    }
  for (int i = 0; i < 1500; i++) {
    std::vector<uint8_t> bad = random.chance(0.7) ? block : other;
    const std::vector<uint8_t>& from = random.chance(0.5) ? block : other;
    if (random.chance(0.5)) {
      // A piece of another, or of itself, elsewhere.
      const int length = random.between(1, 400);
      const size_t to = static_cast<size_t>(random.below(static_cast<int>(bad.size())));
      const size_t of = static_cast<size_t>(random.below(static_cast<int>(from.size())));
      for (size_t j = 0; j < static_cast<size_t>(length) && to + j < bad.size() && of + j < from.size(); j++)
        bad[to + j] = from[of + j];
    } else {
      for (int flips = random.between(1, 6); flips > 0; flips--) {
        const int reach = random.chance(0.7) ? 300 : static_cast<int>(bad.size());
        bad[static_cast<size_t>(random.below(reach))] = static_cast<uint8_t>(random.below(256));
      }
    }
    if (random.chance(0.3)) bad.resize(static_cast<size_t>(random.below(static_cast<int>(2 * bad.size()))));
    damage.open(bad, true);
  }
  if (damage.wrong.empty() && damage.accepted * 20 > damage.tried * 19) return "hardly any damaged model is refused";
  std::cout << damage.tried << " damaged models, of which " << damage.accepted << " could be looked with" << std::endl;
  return damage.wrong;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 5) return 2;
  const uint64_t seed = std::stoull(arguments[2]), first = std::stoull(arguments[3]);
  const uint64_t cases = std::stoull(arguments[4]);
  int failures = 0;
  try {
    const Loaded loaded = load(arguments[1]);
    Tally tally;
    for (uint64_t number = first; number < first + cases && failures < 5; number++) {
      const std::string wrong = try_case(loaded, seed, number, tally);
      if (wrong.empty()) continue;
      failures++;
      std::cout << "case " << number << " of seed " << seed << ": " << wrong << "\n  alone: core FOLDER " << seed << ' '
                << number << " 1" << std::endl;
    }
    if (first == 0) {
      const std::string wrong = try_damage(loaded, seed);
      if (!wrong.empty()) failures++, std::cout << wrong << std::endl;
    }
    std::cout << "{\"cases\":" << tally.cases << ",\"refused\":" << tally.refused << ",\"filled\":" << tally.filled
              << ",\"places\":" << tally.places << "}" << std::endl;
  } catch (const std::exception& error) {
    std::cout << error.what() << std::endl;
    failures++;
  }
  return failures == 0 ? 0 : 1;
}
