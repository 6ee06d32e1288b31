// Cascades and pictures in files that need no library: numbers in text, and PGM.
#pragma once

#include <fstream>
#include <iomanip>
#include <stdexcept>
#include <string>

#include "cascade.hpp"
#include "pictures.hpp"

namespace identity {

inline void write_plain(const Cascade& cascade, const std::string& file) {
  std::ofstream to(file);
  // As many digits as tell any two floats apart.
  to << std::setprecision(9) << cascade.width << ' ' << cascade.height << '\n' << cascade.stages.size() << '\n';
  for (const Stage& stage : cascade.stages) to << stage.first << ' ' << stage.count << ' ' << stage.written << '\n';
  to << cascade.stumps.size() << '\n';
  for (const Stump& stump : cascade.stumps)
    to << stump.feature << ' ' << stump.threshold << ' ' << stump.left << ' ' << stump.right << ' '
       << static_cast<int>(stump.next) << '\n';
  to << cascade.features.size() << '\n';
  for (const Feature& feature : cascade.features) {
    to << feature.tilted << ' ' << feature.boxes.size();
    for (const Box& box : feature.boxes)
      to << ' ' << box.x << ' ' << box.y << ' ' << box.width << ' ' << box.height << ' ' << box.weight;
    to << '\n';
  }
}

inline Cascade read_plain(const std::string& file) {
  std::ifstream from(file);
  Cascade cascade;
  cascade.name = file.substr(file.rfind('/') + 1);
  size_t count = 0;
  from >> cascade.width >> cascade.height >> count;
  cascade.stages.resize(count);
  for (Stage& stage : cascade.stages) from >> stage.first >> stage.count >> stage.written;
  from >> count;
  cascade.stumps.resize(count);
  for (Stump& stump : cascade.stumps) {
    int next = 0;
    from >> stump.feature >> stump.threshold >> stump.left >> stump.right >> next;
    stump.next = static_cast<Next>(next);
  }
  from >> count;
  cascade.features.resize(count);
  for (Feature& feature : cascade.features) {
    from >> feature.tilted >> count;
    feature.boxes.resize(count);
    for (Box& box : feature.boxes)
      from >> box.x >> box.y >> box.width >> box.height >> box.weight;
  }
  if (!from) throw std::runtime_error("`" + file + "` is no plain cascade");
  return cascade;
}

inline void write_picture(const Picture& picture, const std::string& file) {
  std::ofstream to(file, std::ios::binary);
  to << "P5 " << picture.width << ' ' << picture.height << " 255\n";
  to.write(reinterpret_cast<const char*>(picture.pixels.data()), static_cast<std::streamsize>(picture.pixels.size()));
}

inline Picture read_picture(const std::string& file) {
  std::ifstream from(file, std::ios::binary);
  std::string form;
  int width = 0, height = 0, white = 0;
  from >> form >> width >> height >> white;
  from.get();
  if (!from || form != "P5" || white != 255) throw std::runtime_error("`" + file + "` is no grey picture");
  Picture picture(width, height);
  from.read(reinterpret_cast<char*>(picture.pixels.data()), static_cast<std::streamsize>(picture.pixels.size()));
  if (!from) throw std::runtime_error("`" + file + "` is cut short");
  return picture;
}

}  // namespace identity
