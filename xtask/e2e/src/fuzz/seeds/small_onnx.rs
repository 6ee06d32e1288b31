//! Cuts a small model out of an ONNX file: the same graph, with two channels where the network has 16 or more.

use anyhow::{Context, Result};
use opencv_build::internals::onnx::{FLOAT, Message, ModelProto, TensorProto};

/// The numbers of channels that are replaced, and by what.
const CHANNELS: [i64; 3] = [16, 32, 64];
const FEW: i64 = 2;

/// # Errors
/// The file is not an ONNX file, or has no graph, or a tensor has a negative dimension or its values are not in
/// `raw_data`.
pub fn cut(model: &[u8]) -> Result<Vec<u8>> {
    let mut model = ModelProto::decode(model).context("failed to decode the ONNX file")?;
    let graph = model.graph.as_mut().context("the ONNX file has no graph")?;
    // Depthwise convolutions have as many groups as channels.
    let attributes = graph.node.iter_mut().flat_map(|node| &mut node.attribute);
    for groups in attributes.filter(|attribute| attribute.name == "group") {
        groups.i = groups.i.map(few);
    }
    for tensor in graph.initializer.iter_mut().filter(|tensor| tensor.data_type == FLOAT) {
        cut_tensor(tensor).with_context(|| format!("failed to cut the tensor `{}`", tensor.name))?;
    }
    Ok(model.encode_to_vec())
}

/// Keeps the first channels of each dimension.
fn cut_tensor(tensor: &mut TensorProto) -> Result<()> {
    let bytes = tensor.raw_data.as_mut().context("its values are not in `raw_data`")?;
    *bytes = cut_dimensions(bytes, &tensor.dims)?;
    for length in &mut tensor.dims {
        *length = few(*length);
    }
    Ok(())
}

/// Cuts an array of the outermost dimension first.
fn cut_dimensions(bytes: &[u8], shape: &[i64]) -> Result<Vec<u8>> {
    let Some((&length, rest)) = shape.split_first() else {
        return Ok(bytes.to_vec());
    };
    let kept = usize::try_from(few(length))?;
    let items = usize::try_from(length)?;
    if items == 0 {
        return Ok(Vec::new());
    }
    let parts = bytes.chunks_exact((bytes.len() / items).max(1)).take(kept);
    let parts: Vec<_> = parts.map(|part| cut_dimensions(part, rest)).collect::<Result<_>>()?;
    Ok(parts.concat())
}

fn few(channels: i64) -> i64 {
    if CHANNELS.contains(&channels) { FEW } else { channels }
}

#[cfg(test)]
mod tests {
    use opencv_build::internals::onnx::{AttributeProto, GraphProto, NodeProto};

    use super::*;

    fn model(graph: Option<GraphProto>) -> Vec<u8> {
        let model = ModelProto {
            ir_version: 300,
            graph,
            ..ModelProto::default()
        };
        model.encode_to_vec()
    }

    #[test]
    fn tensors_and_groups_are_cut() {
        let values: Vec<_> = (0..64_u8).map(f32::from).collect();
        let graph = |groups, weights, bias| {
            let node = NodeProto {
                op_type: "Conv".to_owned(),
                attribute: vec![AttributeProto::int("group", groups), AttributeProto::int("other", 64)],
                ..NodeProto::default()
            };
            let shape = TensorProto::int64s("shape", &[1], &[16]);
            model(Some(GraphProto {
                node: vec![node],
                initializer: vec![weights, bias, shape, TensorProto::floats("empty", &[0], &[])],
                ..GraphProto::default()
            }))
        };
        // Of 16 inputs or outputs, the first two remain.
        let weights = |dims: &[i64], values: &[f32]| TensorProto::floats("weights", dims, values);
        let bias = |values: &[f32]| TensorProto::floats("bias", &[i64::try_from(values.len()).unwrap()], values);
        let before = graph(64, weights(&[4, 16, 1], &values), bias(&values[..16]));
        let kept = [0.0, 1.0, 16.0, 17.0, 32.0, 33.0, 48.0, 49.0];
        let after = graph(2, weights(&[4, 2, 1], &kept), bias(&values[..2]));
        assert_eq!(cut(&before).unwrap(), after);
        let before = graph(64, weights(&[16, 3], &values[..48]), bias(&values));
        let after = graph(2, weights(&[2, 3], &values[..6]), bias(&values[..2]));
        assert_eq!(cut(&before).unwrap(), after);
        let other = graph(4, weights(&[10, 3], &values[..30]), bias(&values[..4]));
        assert_eq!(cut(&other).unwrap(), other);
    }

    #[test]
    fn damaged_files_are_errors() {
        for wrong in [&b"\x0a\x05a"[..], b"\x08", b"\x09\0\0\0\0\0\0\0\0", &[0xff; 12]] {
            let error = cut(wrong).unwrap_err().to_string();
            assert_eq!(error, "failed to decode the ONNX file");
        }
        let error = cut(&model(None)).unwrap_err().to_string();
        assert_eq!(error, "the ONNX file has no graph");
        let negative = TensorProto::floats("weights", &[-1], &[1.0]);
        let graph = GraphProto {
            initializer: vec![negative],
            ..GraphProto::default()
        };
        let error = cut(&model(Some(graph))).unwrap_err().to_string();
        assert!(error.contains("`weights`"), "{error}");
    }
}
