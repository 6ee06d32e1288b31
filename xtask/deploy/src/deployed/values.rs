//! Values in the output of the AWS CLI.

use std::collections::BTreeMap;

use serde_json::Value;

pub type Tags = BTreeMap<String, String>;

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Of an object.
pub fn tag_map(value: &Value) -> Tags {
    let pairs = value.as_object().into_iter().flatten();
    pairs.map(|(name, value)| (name.clone(), text(value))).collect()
}

/// Of a list of objects with `Key` and `Value`.
pub(super) fn tag_list(value: &Value) -> Tags {
    let pairs = value.as_array().into_iter().flatten();
    pairs.map(|pair| (text(&pair["Key"]), text(&pair["Value"]))).collect()
}
