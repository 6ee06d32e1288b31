//! Writes the layers of the face detection network as nodes of ONNX, with their weights in ONNX's order.

use anyhow::{Result, ensure};

use super::onnx::{AttributeProto, GraphProto, NodeProto, TensorProto};
use super::weights::Weights;

/// The width and height of every kernel that is not pointwise.
const KERNEL: u16 = 3;
/// The library pads the inputs of an output of the first convolution to a multiple of this, with zeros.
const INPUT_STEP: usize = 32;

/// A graph to which layers are added. Nodes and weights are named like the library's symbols, the output of a node like
/// the node.
pub struct GraphWriter<'a> {
    weights: &'a Weights<'a>,
    graph: GraphProto,
}

#[derive(Clone, Copy)]
struct Convolution {
    inputs: u16,
    outputs: u16,
    kernel: u16,
    stride: i64,
    groups: u16,
}

/// Each method that adds nodes returns the name of the last one's output.
impl<'a> GraphWriter<'a> {
    pub fn new(weights: &'a Weights<'a>) -> Self {
        let graph = GraphProto::default();
        Self { weights, graph }
    }

    /// The graph, without its inputs and outputs.
    pub fn finish(self) -> GraphProto {
        GraphProto {
            name: "yunet".to_owned(),
            ..self.graph
        }
    }

    /// A convolution with stride 2, followed by `ReLU`.
    pub fn first_convolution(&mut self, image: &str, layer: &str, inputs: u16, outputs: u16) -> Result<String> {
        let name = format!("{layer}_weight");
        let (kernel, channels) = (usize::from(KERNEL * KERNEL), usize::from(inputs));
        let step = (kernel * channels).next_multiple_of(INPUT_STEP);
        let padded = self.weights.floats(&name, step * usize::from(outputs))?;
        let mut weights = Vec::new();
        for output in padded.chunks_exact(step) {
            let (used, unused) = output.split_at(kernel * channels);
            ensure!(
                unused.iter().all(|weight| weight.to_bits() == 0),
                "its symbol `{name}` has other weights where {} zeros were expected",
                unused.len()
            );
            weights.extend(transposed(used, channels));
        }
        let convolution = Convolution {
            inputs,
            outputs,
            kernel: KERNEL,
            stride: 2,
            groups: 1,
        };
        let sums = self.convolution(image, layer, convolution, &weights)?;
        Ok(self.relu(&sums, layer))
    }

    /// A pointwise and a depthwise convolution, `layer`_pw and `layer`_dw.
    pub fn pair(&mut self, features: &str, layer: &str, inputs: u16, outputs: u16) -> Result<String> {
        let pointwise = Convolution {
            inputs,
            outputs,
            kernel: 1,
            stride: 1,
            groups: 1,
        };
        let depthwise = Convolution {
            inputs: outputs,
            outputs,
            kernel: KERNEL,
            stride: 1,
            groups: outputs,
        };
        let channels = usize::from(outputs);
        let layers = [format!("{layer}_pw"), format!("{layer}_dw")];
        let [pointwise_name, depthwise_name] = layers.each_ref().map(|layer| format!("{layer}_weight"));
        let weights = self.weights.floats(&pointwise_name, usize::from(inputs) * channels)?;
        let mixed = self.convolution(features, &layers[0], pointwise, &weights)?;
        let weights = self
            .weights
            .floats(&depthwise_name, usize::from(KERNEL * KERNEL) * channels)?;
        self.convolution(&mixed, &layers[1], depthwise, &transposed(&weights, channels))
    }

    /// A pair of convolutions, followed by `ReLU`.
    pub fn unit(&mut self, features: &str, layer: &str, inputs: u16, outputs: u16) -> Result<String> {
        let sums = self.pair(features, layer, inputs, outputs)?;
        Ok(self.relu(&sums, layer))
    }

    /// The maxima of 2x2 cells, which makes cells of `stride` pixels.
    pub fn max_pool(&mut self, features: &str, stride: i64) -> String {
        let attributes = vec![
            AttributeProto::int("ceil_mode", 0),
            AttributeProto::ints("kernel_shape", &[2; 2]),
            AttributeProto::ints("pads", &[0; 4]),
            AttributeProto::ints("strides", &[2; 2]),
        ];
        self.node("MaxPool", &format!("max_pool_{stride}"), &[features], attributes)
    }

    /// The sum of `features`, with cells of `stride` pixels, and of `coarse` ones, of which each cell becomes 2x2.
    pub fn add_upsampled(&mut self, features: &str, coarse: &str, stride: i64) -> String {
        let attributes = vec![
            AttributeProto::string("coordinate_transformation_mode", "asymmetric"),
            AttributeProto::string("mode", "nearest"),
            AttributeProto::string("nearest_mode", "floor"),
        ];
        let (region, scales) = ("resize_region", "resize_scales");
        self.initializer(TensorProto::floats(region, &[0], &[]));
        self.initializer(TensorProto::floats(scales, &[4], &[1.0, 1.0, 2.0, 2.0]));
        let name = format!("resize_{stride}");
        let finer = self.node("Resize", &name, &[coarse, region, scales], attributes);
        self.node("Add", &format!("add_{stride}"), &[features, &finer], Vec::new())
    }

    /// The output `name` of the graph: for each cell, in rows, `values` numbers.
    pub fn output(&mut self, cells: &str, name: &str, values: u16, probabilities: bool) {
        let shape = format!("shape_{values}");
        self.initializer(TensorProto::int64s(&shape, &[3], &[1, -1, values.into()]));
        let order = vec![AttributeProto::ints("perm", &[0, 2, 3, 1])];
        let rows = self.node("Transpose", &format!("{name}_transpose"), &[cells], order);
        if probabilities {
            let logits = self.node("Reshape", &format!("{name}_reshape"), &[&rows, &shape], Vec::new());
            self.node("Sigmoid", name, &[&logits], Vec::new());
        } else {
            self.node("Reshape", name, &[&rows, &shape], Vec::new());
        }
    }

    fn convolution(&mut self, input: &str, layer: &str, shape: Convolution, weights: &[f32]) -> Result<String> {
        let [name, bias_name] = ["weight", "bias"].map(|kind| format!("{layer}_{kind}"));
        let bias = self.weights.floats(&bias_name, shape.outputs.into())?;
        let kernel = [i64::from(shape.kernel); 2];
        let [outputs, inputs] = [shape.outputs, shape.inputs / shape.groups].map(i64::from);
        let dims = [outputs, inputs, kernel[0], kernel[1]];
        self.initializer(TensorProto::floats(&name, &dims, weights));
        self.initializer(TensorProto::floats(&bias_name, &[outputs], &bias));
        let attributes = vec![
            AttributeProto::ints("dilations", &[1; 2]),
            AttributeProto::int("group", shape.groups.into()),
            AttributeProto::ints("kernel_shape", &kernel),
            AttributeProto::ints("pads", &[kernel[0] / 2; 4]),
            AttributeProto::ints("strides", &[shape.stride; 2]),
        ];
        Ok(self.node("Conv", layer, &[input, &name, &bias_name], attributes))
    }

    fn relu(&mut self, sums: &str, layer: &str) -> String {
        self.node("Relu", &format!("{layer}_relu"), &[sums], Vec::new())
    }

    fn node(&mut self, operator: &str, name: &str, inputs: &[&str], attributes: Vec<AttributeProto>) -> String {
        self.graph.node.push(NodeProto {
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: vec![name.to_owned()],
            name: name.to_owned(),
            op_type: operator.to_owned(),
            attribute: attributes,
        });
        name.to_owned()
    }

    /// Adds a tensor, unless one with its name is present.
    fn initializer(&mut self, tensor: TensorProto) {
        if self.graph.initializer.iter().all(|present| present.name != tensor.name) {
            self.graph.initializer.push(tensor);
        }
    }
}

/// The weights [position][channel] of `channels` channels, as [channel][position].
fn transposed(weights: &[f32], channels: usize) -> Vec<f32> {
    let channel = |channel| weights.iter().skip(channel).step_by(channels).copied();
    (0..channels).flat_map(channel).collect()
}
