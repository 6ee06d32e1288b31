//! The packages in an SPDX document.

use serde_json::Value;

pub(super) fn packages(document: &Value) -> impl Iterator<Item = &Value> {
    document["packages"].as_array().into_iter().flatten()
}
