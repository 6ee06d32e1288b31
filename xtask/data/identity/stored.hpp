// Cascades as OpenCV stores them: read as plain numbers, and written for OpenCV to read.
#pragma once

#include <opencv2/core.hpp>
#include <opencv2/objdetect.hpp>

#include "cascade.hpp"

namespace identity {

// False for cascades of other features, of deeper trees or of the old form.
inline bool read_cascade(const std::string& file, Cascade& cascade) {
  const cv::FileStorage storage(file, cv::FileStorage::READ);
  if (!storage.isOpened()) return false;
  const cv::FileNode root = storage.getFirstTopLevelNode();
  if (static_cast<std::string>(root["featureType"]) != "HAAR") return false;
  cascade.width = static_cast<int>(root["width"]);
  cascade.height = static_cast<int>(root["height"]);
  for (const cv::FileNode node : root["stages"]) {
    const cv::FileNode weak = node["weakClassifiers"];
    cascade.stages.push_back({static_cast<int>(cascade.stumps.size()), static_cast<int>(weak.size()),
                              static_cast<float>(node["stageThreshold"])});
    for (const cv::FileNode tree : weak) {
      const cv::FileNode nodes = tree["internalNodes"], leaves = tree["leafValues"];
      if (nodes.size() != 4) return false;
      cascade.stumps.push_back({static_cast<int>(nodes[2]), static_cast<float>(nodes[3]),
                                static_cast<float>(leaves[0]), static_cast<float>(leaves[1])});
    }
  }
  for (const cv::FileNode node : root["features"]) {
    Feature feature;
    feature.tilted = static_cast<int>(node["tilted"]) != 0;
    for (const cv::FileNode box : node["rects"])
      feature.boxes.push_back({static_cast<int>(box[0]), static_cast<int>(box[1]), static_cast<int>(box[2]),
                               static_cast<int>(box[3]), static_cast<float>(box[4])});
    cascade.features.push_back(feature);
  }
  return true;
}

inline cv::FileStorage stored(const Cascade& cascade) {
  cv::FileStorage to(".yml", cv::FileStorage::WRITE | cv::FileStorage::MEMORY);
  to << "cascade" << "{" << "stageType" << "BOOST" << "featureType" << "HAAR" << "width" << cascade.width << "height"
     << cascade.height << "featureParams" << "{" << "maxCatCount" << 0 << "}" << "stages" << "[";
  for (const Stage& stage : cascade.stages) {
    to << "{" << "stageThreshold" << stage.written << "weakClassifiers" << "[";
    for (int i = 0; i < stage.count; i++) {
      const Stump& stump = cascade.stumps[static_cast<size_t>(stage.first + i)];
      to << "{" << "internalNodes" << "[:" << 0 << -1 << stump.feature << stump.threshold << "]" << "leafValues"
         << "[:" << stump.left << stump.right << "]" << "}";
    }
    to << "]" << "}";
  }
  to << "]" << "features" << "[";
  for (const Feature& feature : cascade.features) {
    to << "{" << "rects" << "[";
    for (const Box& box : feature.boxes)
      to << "[:" << box.x << box.y << box.width << box.height << box.weight << "]";
    to << "]" << "tilted" << (feature.tilted ? 1 : 0) << "}";
  }
  to << "]" << "}";
  return cv::FileStorage(to.releaseAndGetString(), cv::FileStorage::READ | cv::FileStorage::MEMORY);
}

}  // namespace identity
