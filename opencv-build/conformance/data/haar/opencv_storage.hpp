// Reads cascades from OpenCV's storage as numbers, and writes them for OpenCV to read.
#pragma once

#include <opencv2/core.hpp>
#include <opencv2/objdetect.hpp>

#include "test_cascade.hpp"

namespace conformance {

// Returns false for other feature types, for deeper trees and for the old file format.
inline bool read_cascade(const std::string& file, Cascade& cascade)
{
    const cv::FileStorage storage(file, cv::FileStorage::READ);
    if (!storage.isOpened())
        return false;
    const cv::FileNode root = storage.getFirstTopLevelNode();
    if (static_cast<std::string>(root["featureType"]) != "HAAR")
        return false;
    cascade.width = static_cast<int>(root["width"]);
    cascade.height = static_cast<int>(root["height"]);
    for (const cv::FileNode node : root["stages"])
    {
        const cv::FileNode weak_classifiers = node["weakClassifiers"];
        Stage stage = {static_cast<int>(cascade.stumps.size()), 0, static_cast<float>(node["stageThreshold"])};
        for (const cv::FileNode tree : weak_classifiers)
        {
            const cv::FileNode nodes = tree["internalNodes"], leaves = tree["leafValues"];
            if (nodes.size() > 8)
                return false;
            const auto number = [&](int at) { return static_cast<int>(nodes[at]); };
            const auto leaf = [&](int at) { return static_cast<float>(leaves[-number(at)]); };
            const bool left = number(0) > 0, right = number(1) > 0;
            Stump root = {number(2), static_cast<float>(nodes[3]), leaf(left ? 1 : 0), leaf(right ? 0 : 1)};
            root.child = left ? ChildSide::left : right ? ChildSide::right : ChildSide::none;
            cascade.stumps.push_back(root);
            if (nodes.size() == 8)
                cascade.stumps.push_back({number(6), static_cast<float>(nodes[7]), leaf(4), leaf(5)});
        }
        stage.count = static_cast<int>(cascade.stumps.size()) - stage.first;
        cascade.stages.push_back(stage);
    }
    for (const cv::FileNode node : root["features"])
    {
        Feature feature;
        feature.tilted = static_cast<int>(node["tilted"]) != 0;
        for (const cv::FileNode box : node["rects"])
            feature.boxes.push_back({static_cast<int>(box[0]), static_cast<int>(box[1]), static_cast<int>(box[2]),
                                     static_cast<int>(box[3]), static_cast<float>(box[4])});
        cascade.features.push_back(feature);
    }
    return true;
}

inline cv::FileStorage to_file_storage(const Cascade& cascade)
{
    cv::FileStorage to(".yml", cv::FileStorage::WRITE | cv::FileStorage::MEMORY);
    to << "cascade" << "{" << "stageType" << "BOOST" << "featureType" << "HAAR" << "width" << cascade.width << "height"
       << cascade.height << "featureParams" << "{" << "maxCatCount" << 0 << "}" << "stages" << "[";
    for (const Stage& stage : cascade.stages)
    {
        to << "{" << "stageThreshold" << stage.stored_threshold << "weakClassifiers" << "[";
        for (int i = stage.first; i < stage.first + stage.count; i += cascade.tree_size_at(i))
        {
            const Stump& root = cascade.stumps[static_cast<size_t>(i)];
            const Stump& last = cascade.stumps[static_cast<size_t>(i + cascade.tree_size_at(i) - 1)];
            to << "{" << "internalNodes" << "[:";
            if (root.child != ChildSide::none)
                to << (root.child == ChildSide::left ? 1 : 0) << (root.child == ChildSide::left ? 0 : 1) << root.feature
                   << root.threshold << -1 << -2;
            else
                to << 0 << -1;
            to << last.feature << last.threshold << "]" << "leafValues" << "[:";
            if (root.child != ChildSide::none)
                to << root.left;
            to << last.left << last.right << "]" << "}";
        }
        to << "]" << "}";
    }
    to << "]" << "features" << "[";
    for (const Feature& feature : cascade.features)
    {
        to << "{" << "rects" << "[";
        for (const Box& box : feature.boxes)
            to << "[:" << box.x << box.y << box.width << box.height << box.weight << "]";
        to << "]" << "tilted" << (feature.tilted ? 1 : 0) << "}";
    }
    to << "]" << "}";
    return cv::FileStorage(to.releaseAndGetString(), cv::FileStorage::READ | cv::FileStorage::MEMORY);
}

}  // namespace conformance
