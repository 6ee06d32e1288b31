use std::collections::BTreeMap;

use super::onnx::{GraphProto, ModelProto, NodeProto, TensorProto};
use super::*;

impl FaceModel<'static> {
    /// The wheel that a test has put into `root`.
    pub(crate) fn at(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            pin: &Pins::embedded().face_model,
        }
    }
}

/// The tensors of a library, by the name of the symbol: each weight is its index.
struct Library(BTreeMap<String, Vec<u8>>);

impl Library {
    /// All tensors of the network.
    fn new() -> Self {
        let mut library = Self(BTreeMap::new());
        library.add("backbone__model0_pw", 16, 32 * 16);
        for output in library
            .0
            .get_mut("backbone__model0_pw_weight")
            .unwrap()
            .chunks_mut(32 * 4)
        {
            output[27 * 4..].fill(0);
        }
        library.add_pair("backbone__model0_dp", 16, 16);
        library.add_pair("backbone__model1_dp1", 16, 16);
        library.add_pair("backbone__model1_dp2", 16, 32);
        library.add_pair("backbone__model2_dp1", 32, 32);
        library.add_pair("backbone__model2_dp2", 32, 64);
        for stage in [
            "model3_dp1",
            "model3_dp2",
            "model4_dp1",
            "model4_dp2",
            "model5_dp1",
            "model5_dp2",
        ] {
            library.add_pair(&format!("backbone__{stage}"), 64, 64);
        }
        for level in 0..3 {
            library.add_pair(&format!("neck__lateral_convs__{level}"), 64, 64);
            for (head, outputs) in [("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)] {
                library.add_pair(&format!("bbox_head__multi_level_{head}__{level}"), 64, outputs);
            }
        }
        library
    }

    fn add_pair(&mut self, layer: &str, inputs: u16, outputs: u16) {
        self.add(&format!("{layer}_pw"), outputs, inputs * outputs);
        self.add(&format!("{layer}_dw"), outputs, 9 * outputs);
    }

    fn add(&mut self, layer: &str, outputs: u16, weights: u16) {
        for (kind, count) in [("weight", weights), ("bias", outputs)] {
            let bytes = (0..count).flat_map(|index| f32::from(index).to_le_bytes());
            self.0.insert(format!("{layer}_{kind}"), bytes.collect());
        }
    }

    fn model(&self) -> Result<ModelProto> {
        let symbols = self.0.iter();
        let symbols = symbols.map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
        graph::model(&Weights::of(symbols), "wheel of a test")
    }

    /// The model of the encoded bytes.
    fn decoded(&self) -> GraphProto {
        let model = self.model().unwrap();
        let bytes = model.encode_to_vec();
        let decoded = ModelProto::decode(bytes.as_slice()).unwrap();
        assert_eq!(decoded, model);
        assert_eq!((decoded.ir_version, decoded.opset_import[0].version), (6, 11));
        decoded.graph.unwrap()
    }
}

fn node<'a>(graph: &'a GraphProto, name: &str) -> &'a NodeProto {
    graph.node.iter().find(|node| node.name == name).unwrap()
}

fn ints<'a>(node: &'a NodeProto, name: &str) -> &'a [i64] {
    &node
        .attribute
        .iter()
        .find(|attribute| attribute.name == name)
        .unwrap()
        .ints
}

/// The shape and the elements of a tensor.
fn floats<'a>(graph: &'a GraphProto, name: &str) -> (&'a [i64], Vec<f32>) {
    let tensor: &TensorProto = graph.initializer.iter().find(|tensor| tensor.name == name).unwrap();
    assert_eq!(tensor.data_type, onnx::FLOAT);
    let (values, rest) = tensor.raw_data.as_ref().unwrap().as_chunks::<4>();
    assert!(rest.is_empty());
    (
        &tensor.dims,
        values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
    )
}

#[test]
fn weights_are_in_the_order_of_onnx() {
    let graph = Library::new().decoded();
    let (shape, first) = floats(&graph, "backbone__model0_pw_weight");
    assert_eq!(shape, [16, 3, 3, 3]);
    // From [output][row][column][channel], of which each output has 32.
    let second_channel = [1.0, 4.0, 7.0, 10.0, 13.0, 16.0, 19.0, 22.0, 25.0];
    assert_eq!(first[9..18], second_channel);
    let of_last_output = second_channel.map(|index| index + 15.0 * 32.0);
    assert_eq!(first[15 * 27 + 9..15 * 27 + 18], of_last_output);

    let (shape, pointwise) = floats(&graph, "backbone__model2_dp2_pw_weight");
    assert_eq!(shape, [64, 32, 1, 1]);
    assert_eq!(pointwise[31..34], [31.0, 32.0, 33.0]);

    let (shape, depthwise) = floats(&graph, "bbox_head__multi_level_bbox__1_dw_weight");
    assert_eq!(shape, [4, 1, 3, 3]);
    // From [row and column][channel].
    assert_eq!(
        depthwise[..10],
        [0.0, 4.0, 8.0, 12.0, 16.0, 20.0, 24.0, 28.0, 32.0, 1.0]
    );
    assert_eq!(
        floats(&graph, "bbox_head__multi_level_bbox__1_dw_bias"),
        (&[4][..], vec![0.0, 1.0, 2.0, 3.0])
    );
}

#[test]
fn nodes_follow_what_they_use() {
    let graph = Library::new().decoded();
    let mut known: Vec<_> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
    known.push("input");
    for node in &graph.node {
        for input in &node.input {
            assert!(
                known.contains(&input.as_str()),
                "{} has the unknown input {input}",
                node.name
            );
        }
        known.extend(node.output.iter().map(String::as_str));
    }
    let outputs: Vec<_> = graph.output.iter().map(|output| output.name.as_str()).collect();
    let expected = [
        "cls_8", "cls_16", "cls_32", "obj_8", "obj_16", "obj_32", "bbox_8", "bbox_16", "bbox_32", "kps_8", "kps_16",
        "kps_32",
    ];
    assert_eq!(outputs, expected);
    for output in outputs {
        assert!(known.contains(&output), "{output}");
    }
    let operators = |operator: &str| graph.node.iter().filter(|node| node.op_type == operator).count();
    let counted = [
        "Conv",
        "Relu",
        "MaxPool",
        "Resize",
        "Add",
        "Transpose",
        "Reshape",
        "Sigmoid",
    ]
    .map(operators);
    assert_eq!(counted, [53, 15, 4, 2, 2, 12, 12, 6]);
}

#[test]
fn convolutions_have_their_shapes() {
    let graph = Library::new().decoded();
    let group = |node: &NodeProto| node.attribute.iter().find(|one| one.name == "group").unwrap().i;
    for (name, kernel, stride, padding, groups) in [
        ("backbone__model0_pw", 3, 2, 1, 1),
        ("backbone__model2_dp2_pw", 1, 1, 0, 1),
        ("backbone__model2_dp2_dw", 3, 1, 1, 64),
        ("bbox_head__multi_level_cls__0_dw", 3, 1, 1, 1),
    ] {
        let node = node(&graph, name);
        assert_eq!(ints(node, "kernel_shape"), [kernel; 2], "{name}");
        assert_eq!(ints(node, "strides"), [stride; 2], "{name}");
        assert_eq!(ints(node, "pads"), [padding; 4], "{name}");
        assert_eq!(group(node), Some(groups), "{name}");
    }
}

#[test]
fn each_missing_or_wrong_tensor_is_named() {
    let library = Library::new();
    assert_eq!(library.0.len(), 106);
    for symbol in library.0.keys() {
        let mut missing = Library(library.0.clone());
        missing.0.remove(symbol);
        let error = missing.model().unwrap_err().to_string();
        assert!(
            error.contains(&format!("no data with the symbol `{symbol}`")),
            "{error}"
        );
        let mut short = Library(library.0.clone());
        short.0.get_mut(symbol).unwrap().truncate(3);
        let error = short.model().unwrap_err().to_string();
        assert!(error.contains(&format!("its symbol `{symbol}` has 3 bytes")), "{error}");
    }
}

#[test]
fn unexpected_padding_of_the_first_convolution_is_an_error() {
    let mut library = Library::new();
    let weights = library.0.get_mut("backbone__model0_pw_weight").unwrap();
    weights[27 * 4] = 1;
    let error = library.model().unwrap_err().to_string();
    assert!(
        error.contains("`backbone__model0_pw_weight` has other weights where 5 zeros"),
        "{error}"
    );
}
