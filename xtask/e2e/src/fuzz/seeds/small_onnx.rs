//! Cuts a small model out of an ONNX file: the same graph, with two channels where the network has 16 or more.
//!
//! The file is a message of protocol buffers, so a list of fields, some of which are messages themselves:
//! <https://protobuf.dev/programming-guides/encoding/>. Numbers of fields are those of `onnx.proto`.

use anyhow::{Context, Result, bail};

/// The numbers of channels that are replaced, and by what.
const CHANNELS: [u64; 3] = [16, 32, 64];
const FEW: u64 = 2;

const MODEL_GRAPH: u64 = 7;
const GRAPH_NODE: u64 = 1;
const GRAPH_TENSOR: u64 = 5;
const NODE_ATTRIBUTE: u64 = 5;
const ATTRIBUTE_NAME: u64 = 1;
const ATTRIBUTE_INT: u64 = 3;
const TENSOR_DIMENSION: u64 = 1;
const TENSOR_TYPE: u64 = 2;
const TENSOR_BYTES: u64 = 9;
/// `TensorProto.DataType.FLOAT`
const FLOAT: u64 = 1;

/// A field's value: a number, or bytes.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Number(u64),
    Bytes(Vec<u8>),
}

type Fields = Vec<(u64, Value)>;

/// # Errors
/// The file is not an ONNX file with the types of fields that `opencv-build` writes.
pub fn cut(model: &[u8]) -> Result<Vec<u8>> {
    edit(model, |fields| {
        edit_each(fields, MODEL_GRAPH, |graph| {
            edit_each(graph, GRAPH_NODE, |node| {
                edit_each(node, NODE_ATTRIBUTE, |attribute| {
                    cut_groups(attribute);
                    Ok(())
                })
            })?;
            edit_each(graph, GRAPH_TENSOR, cut_tensor)
        })
    })
}

/// Depthwise convolutions have as many groups as channels.
fn cut_groups(attribute: &mut Fields) {
    if attribute.contains(&(ATTRIBUTE_NAME, Value::Bytes(b"group".to_vec()))) {
        for (field, value) in attribute {
            if let (ATTRIBUTE_INT, Value::Number(groups)) = (*field, value) {
                *groups = few(*groups);
            }
        }
    }
}

/// Keeps the first channels of each dimension.
fn cut_tensor(tensor: &mut Fields) -> Result<()> {
    if !tensor.contains(&(TENSOR_TYPE, Value::Number(FLOAT))) {
        return Ok(());
    }
    let mut shape = Vec::new();
    for (field, value) in tensor.iter_mut() {
        match (*field, value) {
            (TENSOR_DIMENSION, Value::Number(length)) => {
                shape.push(*length);
                *length = few(*length);
            }
            (TENSOR_BYTES, Value::Bytes(bytes)) => *bytes = cut_dimensions(bytes, &shape)?,
            _ => {}
        }
    }
    Ok(())
}

/// Cuts an array of the outermost dimension first.
fn cut_dimensions(bytes: &[u8], shape: &[u64]) -> Result<Vec<u8>> {
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

fn few(channels: u64) -> u64 {
    if CHANNELS.contains(&channels) { FEW } else { channels }
}

/// Edits the messages in all fields of a number.
fn edit_each(fields: &mut Fields, number: u64, mut change: impl FnMut(&mut Fields) -> Result<()>) -> Result<()> {
    for (field, value) in fields {
        if let (true, Value::Bytes(bytes)) = (*field == number, value) {
            *bytes = edit(bytes, &mut change)?;
        }
    }
    Ok(())
}

fn edit(message: &[u8], change: impl FnOnce(&mut Fields) -> Result<()>) -> Result<Vec<u8>> {
    let mut fields = parse(message)?;
    change(&mut fields)?;
    Ok(encode(&fields))
}

fn parse(mut message: &[u8]) -> Result<Fields> {
    let mut fields = Vec::new();
    while !message.is_empty() {
        let key = take_number(&mut message)?;
        let value = match key & 7 {
            0 => Value::Number(take_number(&mut message)?),
            2 => {
                let length = usize::try_from(take_number(&mut message)?)?;
                let (bytes, rest) = message.split_at_checked(length).context("the ONNX file is truncated")?;
                message = rest;
                Value::Bytes(bytes.to_vec())
            }
            other => bail!("the ONNX file has a field of the unexpected type {other}"),
        };
        fields.push((key >> 3, value));
    }
    Ok(fields)
}

/// A number has seven bits per byte, the lowest first; the eighth says that more follow.
fn take_number(message: &mut &[u8]) -> Result<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = message.split_first().context("the ONNX file is truncated")?;
        *message = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    bail!("the ONNX file has a number of more than 64 bits")
}

fn encode(fields: &Fields) -> Vec<u8> {
    let mut message = Vec::new();
    for (field, value) in fields {
        match value {
            Value::Number(number) => {
                put_number(&mut message, field << 3);
                put_number(&mut message, *number);
            }
            Value::Bytes(bytes) => {
                put_number(&mut message, field << 3 | 2);
                put_number(&mut message, bytes.len() as u64);
                message.extend(bytes);
            }
        }
    }
    message
}

fn put_number(message: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        message.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    message.push(number.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(fields: &[(u64, Value)]) -> Value {
        Value::Bytes(encode(&fields.to_vec()))
    }

    #[test]
    fn tensors_and_groups_are_cut() {
        // [16][3] floats: the tensor keeps the first two rows.
        let tensor = |rows: u64, length| {
            let bytes: Vec<_> = (0..192).take(length).collect();
            message(&[
                (TENSOR_DIMENSION, Value::Number(rows)),
                (TENSOR_DIMENSION, Value::Number(3)),
                (TENSOR_TYPE, Value::Number(FLOAT)),
                (TENSOR_BYTES, Value::Bytes(bytes)),
            ])
        };
        let node = |groups: u64| {
            let name = Value::Bytes(b"group".to_vec());
            let attribute = message(&[(ATTRIBUTE_NAME, name), (ATTRIBUTE_INT, Value::Number(groups))]);
            message(&[(4, Value::Bytes(b"Conv".to_vec())), (NODE_ATTRIBUTE, attribute)])
        };
        let model = |rows, length, groups| {
            let graph = message(&[(GRAPH_NODE, node(groups)), (GRAPH_TENSOR, tensor(rows, length))]);
            encode(&vec![(1, Value::Number(300)), (MODEL_GRAPH, graph)])
        };
        assert_eq!(cut(&model(16, 192, 64)).unwrap(), model(2, 24, 2));
        assert_eq!(cut(&model(10, 120, 4)).unwrap(), model(10, 120, 4));
    }

    #[test]
    fn damaged_files_are_errors() {
        for wrong in [&b"\x0a\x05a"[..], b"\x08", b"\x09\0\0\0\0\0\0\0\0", &[0xff; 12]] {
            let error = cut(wrong).unwrap_err().to_string();
            assert!(error.starts_with("the ONNX file"), "{error}");
        }
    }
}
