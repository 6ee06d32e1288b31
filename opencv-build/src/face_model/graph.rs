//! The graph of the face detection network (YuNet) with its weights, as an ONNX model. Nodes and outputs are those of
//! the model `face_detection_yunet_2023mar` of OpenCV Zoo, so that OpenCV's class `FaceDetectorYN` reads it. The input
//! is declared with that model's size of 640x640 pixels; OpenCV uses other multiples of 32 as well.

use anyhow::Result;

use super::onnx::{ModelProto, OperatorSetIdProto, ValueInfoProto};
use super::operators::GraphWriter;
use super::weights::Weights;

/// ONNX 1.6, whose operators are set 11.
const IR_VERSION: i64 = 6;
const OPERATOR_SET: i64 = 11;

const INPUT: &str = "input";
/// Width and height of the input.
const INPUT_SIZE: i64 = 640;
/// Blue, green and red.
const IMAGE_CHANNELS: u16 = 3;
const STEM_CHANNELS: u16 = 16;
/// The number of channels of the three levels.
const CHANNELS: u16 = 64;
/// The size in pixels of a cell, for each level.
const STRIDES: [i64; 3] = [8, 16, 32];

/// The units between the first two poolings and the third one: their layers, inputs and outputs.
const STAGE4: [(&str, u16, u16); 4] = [
    ("backbone__model1_dp1", 16, 16),
    ("backbone__model1_dp2", 16, 32),
    ("backbone__model2_dp1", 32, 32),
    ("backbone__model2_dp2", 32, 64),
];
const STAGES: [&str; 3] = ["backbone__model3", "backbone__model4", "backbone__model5"];

/// The outputs for each cell of each level: a name, the number of values, and whether they are probabilities.
const HEADS: [(&str, u16, bool); 4] = [
    ("cls", 1, true),
    ("obj", 1, true),
    ("bbox", 4, false),
    ("kps", 10, false),
];

/// The model with `weights`, which are from `source`.
pub fn model(weights: &Weights<'_>, source: &str) -> Result<ModelProto> {
    let mut graph = GraphWriter::new(weights);
    let [stride8, stride16, stride32] = backbone(&mut graph)?;
    let stride32 = graph.unit(&stride32, "neck__lateral_convs__2", CHANNELS, CHANNELS)?;
    let stride16 = graph.add_upsampled(&stride16, &stride32, 16);
    let stride16 = graph.unit(&stride16, "neck__lateral_convs__1", CHANNELS, CHANNELS)?;
    let stride8 = graph.add_upsampled(&stride8, &stride16, 8);
    let stride8 = graph.unit(&stride8, "neck__lateral_convs__0", CHANNELS, CHANNELS)?;
    for (head, values, probabilities) in HEADS {
        for (level, features) in [&stride8, &stride16, &stride32].into_iter().enumerate() {
            let layer = format!("bbox_head__multi_level_{head}__{level}");
            let cells = graph.pair(features, &layer, CHANNELS, values)?;
            graph.output(&cells, &format!("{head}_{}", STRIDES[level]), values, probabilities);
        }
    }
    let mut graph = graph.finish();
    let size = [1, IMAGE_CHANNELS.into(), INPUT_SIZE, INPUT_SIZE];
    graph.input.push(ValueInfoProto::floats(INPUT, &size));
    for (head, values, _) in HEADS {
        for stride in STRIDES {
            let cells = (INPUT_SIZE / stride).pow(2);
            let output = ValueInfoProto::floats(&format!("{head}_{stride}"), &[1, cells, values.into()]);
            graph.output.push(output);
        }
    }
    Ok(ModelProto {
        ir_version: IR_VERSION,
        producer_name: "opencv-build".to_owned(),
        doc_string: format!("Weights: libfacedetection, BSD-3-Clause, from the {source}"),
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto {
            domain: String::new(),
            version: OPERATOR_SET,
        }],
    })
}

/// Adds the layers up to the three levels, and returns the names of the levels' features.
fn backbone(graph: &mut GraphWriter<'_>) -> Result<[String; 3]> {
    let mut features = graph.first_convolution(INPUT, "backbone__model0_pw", IMAGE_CHANNELS, STEM_CHANNELS)?;
    features = graph.unit(&features, "backbone__model0_dp", STEM_CHANNELS, STEM_CHANNELS)?;
    features = graph.max_pool(&features, 4);
    for (layer, inputs, outputs) in STAGE4 {
        features = graph.unit(&features, layer, inputs, outputs)?;
    }
    let mut levels = STAGES.map(str::to_owned);
    for (level, stride) in levels.iter_mut().zip(STRIDES) {
        features = graph.max_pool(&features, stride);
        for part in ["dp1", "dp2"] {
            features = graph.unit(&features, &format!("{level}_{part}"), CHANNELS, CHANNELS)?;
        }
        level.clone_from(&features);
    }
    Ok(levels)
}
