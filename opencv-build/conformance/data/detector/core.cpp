// The detector's own files by themselves, without OpenCV, for a compiler's sanitizers: random cases
// against the reference, and damaged models.
//
//   core FOLDER SEED FIRST COUNT
//
// FOLDER holds what `plain` wrote. Prints what was compared, or what differs.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <functional>
#include <iostream>
#include <memory>
#include <sstream>
#include <thread>

#include "cascade.hpp"
#include "pictures.hpp"
#include "plain.hpp"
#include "reference.hpp"

// The reader of packed cascades is taken in whole for its checksum, which damaged ones must get past.
#include "detect.hpp"
#include "packed.cpp"

using namespace identity;

namespace {

// Those of the cascades whose trees are small, whether the detector takes them or not.
const char* const trained[] = {"frontalface_default", "frontalface_alt", "frontalface_alt_tree", "eye",
                               "frontalface_alt2",    "profileface",     "frontalcatface",       "fullbody",
                               "smile",               "upperbody",       "lowerbody",            "russian_plate_number",
                               "frontalcatface_extended"};

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
    cascade.stumps.push_back({stump.feature, stump.threshold, stump.left, stump.right, static_cast<cv::haar::Next>(stump.next)});
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

std::vector<Place> looked(cv::haar::Finder& finder, const cv::haar::Model& model, const View& view,
                          const std::vector<float>& scales, int threads) {
  const cv::haar::Photo photo = {view.pixels, view.stride, view.width, view.height};
  std::vector<Place> places;
  const std::vector<cv::haar::Layer> layers = cv::haar::layersOf(model, photo, scales);
  for (const cv::haar::Found& found : finder.find(photo, layers, threads, shared_by(threads), cv::haar::Stop()))
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
  // With the memory of before, and of two threads at once.
  cv::haar::Finder finder(model);
  const int several = random.between(2, 5);
  std::vector<Place> other;
  for (const int threads : {1, several, 1}) {
    std::thread beside;
    if (threads > 1) beside = std::thread([&] { other = looked(finder, model, view, scales, 1); });
    const std::vector<Place> found = looked(finder, model, view, scales, threads);
    if (beside.joinable()) beside.join();
    else other = found;
    std::string unlike = difference(expected, found);
    if (unlike.empty()) unlike = difference(expected, other);
    // A smaller picture in between.
    const View part = {view.pixels, view.stride, std::max(cascade.width, view.width / 2), std::max(cascade.height, view.height / 3)};
    const std::vector<float> first(1, 1.0f);
    if (unlike.empty() && threads > 1)
      unlike = difference(places_of(cascade, part, first), looked(finder, model, part, first, threads));
    if (unlike.empty()) continue;
    std::ostringstream text;
    text << cascade.name << " with a window of " << cascade.width << "x" << cascade.height << " in " << extent.width << "x"
         << extent.height << " pixels, factor " << factor << ", from " << least << " to " << most << ", " << threads
         << " threads: " << unlike;
    return text.str();
  }
  return "";
}

// Random bytes, pieces from elsewhere, and other lengths.
std::vector<uint8_t> spliced(Random& random, std::vector<uint8_t> bad, const std::vector<uint8_t>& from) {
  if (random.chance(0.5)) {
    const size_t length = static_cast<size_t>(random.between(1, 400));
    const size_t to = static_cast<size_t>(random.below(static_cast<int>(bad.size())));
    const size_t of = static_cast<size_t>(random.below(static_cast<int>(from.size())));
    for (size_t i = 0; i < length && to + i < bad.size() && of + i < from.size(); i++) bad[to + i] = from[of + i];
  } else {
    // Mostly in front, where the numbers are that lead to the others.
    const int most = static_cast<int>(bad.size()), reach = random.chance(0.7) ? std::min(300, most) : most;
    for (int flips = random.between(1, 6); flips > 0; flips--)
      bad[static_cast<size_t>(random.below(reach))] = static_cast<uint8_t>(random.below(256));
  }
  if (random.chance(0.3)) bad.resize(static_cast<size_t>(random.below(static_cast<int>(2 * bad.size()))));
  return bad;
}

// What opens damaged bytes: `open` says why not, and looks with what it accepts.
struct Damage {
  std::function<const char*(const Exact&)> open;
  long tried = 0, accepted = 0;
  std::string wrong;

  void try_one(const std::vector<uint8_t>& bytes, bool may_be_good) {
    const Exact exact(bytes);
    const char* const why = open(exact);
    tried++;
    if (why != nullptr && *why == '\0') wrong = "damaged bytes are refused without a reason";
    if (why != nullptr) return;
    accepted++;
    if (!may_be_good) wrong = "bytes that are cut short are accepted";
  }

  // Every length and every byte of `small`, and samples of both. `mend` is done to all but those cut short.
  void try_all(Random& random, const std::vector<uint8_t>& small, const std::vector<uint8_t>& large,
               const std::function<void(std::vector<uint8_t>&)>& mend) {
    for (size_t length = 0; length < small.size(); length++)
      try_one(std::vector<uint8_t>(small.begin(), small.begin() + static_cast<std::ptrdiff_t>(length)), false);
    for (size_t at = 0; at < small.size(); at++)
      for (const int flip : {1 << random.below(8), 0xFF}) {
        std::vector<uint8_t> bad = small;
        bad[at] = static_cast<uint8_t>(bad[at] ^ flip);
        mend(bad);
        try_one(bad, true);
      }
    for (int i = 0; i < 1500; i++) {
      std::vector<uint8_t> bad = spliced(random, random.chance(0.7) ? small : large, random.chance(0.5) ? small : large);
      mend(bad);
      try_one(bad, true);
    }
    if (wrong.empty() && accepted * 20 > tried * 19) wrong = "hardly any damaged bytes are refused";
  }
};

cv::haar::Description packable(const Cascade& from) {
  cv::haar::Description description;
  description.width = from.width;
  description.height = from.height;
  for (const Stage& stage : from.stages) description.stages.push_back({stage.threshold(), static_cast<uint32_t>(from.trees_of(stage))});
  for (size_t i = 0; i < from.stumps.size(); i++) {
    const Stump& root = from.stumps[i];
    const auto add = [&](const Stump& stump, int left, int right) {
      description.nodes.push_back({stump.threshold, static_cast<uint16_t>(stump.feature), static_cast<int8_t>(left), static_cast<int8_t>(right)});
    };
    const bool two = root.next != Next::none;
    if (two) {
      add(root, root.next == Next::left, root.next == Next::right);
      description.leaves.push_back(root.left);
      i++;
    }
    description.trees.push_back(two ? 2 : 1);
    add(from.stumps[i], two ? -1 : 0, two ? -2 : -1);
    description.leaves.push_back(from.stumps[i].left);
    description.leaves.push_back(from.stumps[i].right);
  }
  for (const Feature& feature : from.features) {
    cv::haar::PackedFeature packed = {};
    for (size_t i = 0; i < feature.boxes.size(); i++) {
      const Box& box = feature.boxes[i];
      const int sides[] = {box.x, box.y, box.width, box.height};
      for (int j = 0; j < 4; j++) packed.box[i][j] = static_cast<uint8_t>(sides[j]);
      packed.weight[i] = static_cast<int8_t>(box.weight);
    }
    packed.tilted = feature.tilted;
    description.features.push_back(packed);
  }
  return description;
}

// The checksum as it is for the bytes behind it, and the length, so that what is damaged is what is behind.
void mend(std::vector<uint8_t>& bytes) {
  cv::haar::Header header;
  if (bytes.size() < sizeof header) return;
  std::memcpy(&header, bytes.data(), sizeof header);
  header.length = static_cast<uint32_t>(bytes.size());
  const size_t from = offsetof(cv::haar::Header, width);
  cv::haar::checksum(&bytes[from], bytes.size() - from, header.check);
  std::memcpy(bytes.data(), &header, sizeof header);
}

// Every way through every tree of an accepted cascade, as OpenCV's own code would go it: it must end, within bounds.
void walk_trees(const cv::haar::Packed& packed) {
  const cv::haar::PackedNode* node = packed.node;
  const float* leaf = packed.leaf;
  volatile double sum = 0;
  for (uint32_t t = 0; t < packed.trees; t++) {
    for (const bool left : {true, false}) {
      int at = 0;
      do {
        const volatile uint8_t* box = packed.feature[node[at].feature].box[0];
        sum = sum + box[0];
        at = left ? node[at].left : node[at].right;
      } while (at > 0);
      sum = sum + static_cast<double>(leaf[-at]);
    }
    node += packed.tree[t];
    leaf += packed.tree[t] + 1;
  }
}

// The first stages of `trained` are damaged, by pieces of themselves and of `from`.
std::string try_damage(const Loaded& loaded, uint64_t seed, const Cascade& trained, const Cascade& from) {
  Random random(seed, 1);
  const Picture picture = piece(loaded.photos[2], 0, 0, 2.5, 52, 52);
  const View view = {picture.pixels.data(), 52, 52, 52};
  const std::vector<float> scales = {1.0f, 1.5f, 2.2f};
  const auto look = [&](const cv::haar::Model& model) {
    cv::haar::Finder finder(model);
    if (model.width <= view.width && model.height <= view.height) looked(finder, model, view, scales, 1);
  };
  Cascade small = trained;
  small.stages.resize(3);
  small.stumps.resize(static_cast<size_t>(small.stages[2].first + small.stages[2].count));
  // Only the features that are needed.
  std::vector<Feature> features;
  for (Stump& stump : small.stumps) {
    features.push_back(small.features[static_cast<size_t>(stump.feature)]);
    stump.feature = static_cast<int>(features.size()) - 1;
  }
  small.features = features;

  std::vector<uint8_t> block, other;
  if (cv::haar::compile(described(small), block) || cv::haar::compile(described(from), other))
    return "a trained cascade cannot be compiled";
  Damage models;
  models.open = [&](const Exact& bytes) {
    cv::haar::Model model;
    const char* const why = cv::haar::open(bytes.bytes.get(), bytes.length, model);
    if (why == nullptr) look(model);
    return why;
  };
  models.try_all(random, block, other, [](std::vector<uint8_t>&) {});

  Damage packed;
  packed.open = [&](const Exact& bytes) {
    cv::haar::Packed packed;
    const char* const why = cv::haar::open(bytes.bytes.get(), bytes.length, packed);
    if (why == nullptr) walk_trees(packed);
    if (why == nullptr && packed.block != nullptr) look(packed.model);
    return why;
  };
  const char* why = nullptr;
  const std::vector<uint8_t> good = cv::haar::pack(packable(small), true, &why);
  if (why != nullptr || packed.open(Exact(good)) != nullptr) return "a packed cascade is refused";
  const std::vector<uint8_t> large = cv::haar::pack(packable(from), true, &why);
  packed.try_all(random, good, large, mend);
  // Without the mending no changed byte gets by.
  for (size_t at = 0; at < good.size(); at++) {
    std::vector<uint8_t> bad = good;
    bad[at] = static_cast<uint8_t>(bad[at] ^ (1 << random.below(8)));
    packed.try_one(bad, false);
  }
  std::cout << models.tried << " damaged models, of which " << models.accepted << " could be looked with, and " << packed.tried
            << " damaged packed cascades, of which " << packed.accepted << std::endl;
  return models.wrong.empty() ? packed.wrong : models.wrong;
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
      const Cascade &faces = loaded.cascades[0], &eyes = loaded.cascades[3], &trees = loaded.cascades[4];
      for (const std::string& wrong : {try_damage(loaded, seed, eyes, faces), try_damage(loaded, seed, trees, faces)})
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
