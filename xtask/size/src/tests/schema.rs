//! Tests that `data/report.schema.json` accepts documents and rejects malformed ones.

use jsonschema::Validator;
use serde_json::{Value, json};

use super::sample::{document, report};
use crate::part::{Kind, Part};
use crate::report::{Document, SCHEMA};

const TEXT: &str = include_str!("../../data/report.schema.json");

fn schema() -> Value {
    serde_json::from_str(TEXT).unwrap()
}

fn validator() -> Validator {
    let draft = jsonschema::draft202012::options();
    jsonschema::meta::validate(&schema()).unwrap();
    draft.build(&schema()).unwrap()
}

fn schema_errors(value: &Value) -> Vec<String> {
    let validator = validator();
    let errors = validator.iter_errors(value);
    errors
        .map(|error| format!("{} at `{}`", error, error.instance_path()))
        .collect()
}

/// A document with a value for every field.
fn full_document() -> Value {
    serde_json::to_value(document()).unwrap()
}

#[test]
fn document_matches_the_schema() {
    assert_eq!(schema_errors(&full_document()), Vec::<String>::new());
}

#[test]
fn empty_document_matches_the_schema() {
    let mut report = report(Vec::new());
    report.revision = None;
    let bare = Document {
        report,
        previous_report: None,
        competitors: Vec::new(),
        budgets: Vec::new(),
        history: Vec::new(),
        baseline: None,
        ablation: Vec::new(),
        degraded: Vec::new(),
        ..document()
    };
    let bare = serde_json::to_value(bare).unwrap();
    assert_eq!(bare.as_object().unwrap().len(), 5, "{bare}");
    assert_eq!(schema_errors(&bare), Vec::<String>::new());
}

#[test]
fn schema_lists_every_kind() {
    let kinds = [
        Kind::Code,
        Kind::Constants,
        Kind::Data,
        Kind::Unwind,
        Kind::Relocations,
        Kind::Linking,
        Kind::Padding,
        Kind::File,
    ];
    let mut value = full_document();
    let parts = kinds.map(|kind| Part::leaf(kind.label(), 1, kind));
    value["report"]["artefacts"] = json!([Part::branch("bootstrap", parts.to_vec())]);
    assert_eq!(schema_errors(&value), Vec::<String>::new());
    let named = schema()["$defs"]["part"]["properties"]["kind"]["enum"].clone();
    assert_eq!(named, json!(kinds));
}

#[test]
fn schema_rejects_malformed_documents() {
    let mutations: [(&str, Value); 22] = [
        ("/schema", json!(SCHEMA + 1)),
        ("/schema", json!("1")),
        ("/report", Value::Null),
        ("/report/architecture", json!("riscv64")),
        ("/report/revision", json!(5)),
        ("/report/artefacts", json!({})),
        ("/report/artefacts/0/bytes", json!(-1)),
        ("/report/artefacts/0/bytes", json!(1.5)),
        ("/report/artefacts/0/bytes", json!("1")),
        ("/report/artefacts/0/name", Value::Null),
        ("/report/artefacts/0/parts", json!([])),
        ("/report/artefacts/0/parts/0/parts/0/bytes", json!(-1)),
        ("/report/artefacts/0/parts/0/parts/0/parts/0/kind", json!("text")),
        ("/previous_report/report", json!("v1")),
        ("/previous_report/label", Value::Null),
        ("/competitors/0/measure", json!("zipped")),
        ("/competitors/0/ratio", json!("2x")),
        ("/budgets/0/limit_bytes", json!("12 MB")),
        ("/history/0/compressed_bytes", Value::Null),
        ("/baseline/modules/0/compile_seconds", json!(-1.0)),
        ("/baseline/missing/0", json!(0)),
        ("/ablation/0/compressed_bytes", json!(0.5)),
    ];
    for (pointer, broken) in mutations {
        let mut value = full_document();
        *value.pointer_mut(pointer).unwrap() = broken.clone();
        assert_eq!(
            schema_errors(&value).len(),
            1,
            "{pointer} {broken}: {:?}",
            schema_errors(&value)
        );
    }
}

/// The JSON pointers of all objects in a value.
fn objects(value: &Value, pointer: &str, found: &mut Vec<String>) {
    let below: Vec<(String, &Value)> = match value {
        Value::Object(fields) => {
            found.push(pointer.to_owned());
            fields.iter().map(|(name, value)| (name.clone(), value)).collect()
        }
        Value::Array(values) => values
            .iter()
            .enumerate()
            .map(|(at, value)| (at.to_string(), value))
            .collect(),
        _ => Vec::new(),
    };
    for (name, value) in below {
        objects(value, &format!("{pointer}/{name}"), found);
    }
}

#[test]
fn schema_rejects_unknown_and_missing_fields() {
    let optional = [
        "previous_report",
        "baseline",
        "ablation",
        "kind",
        "degraded",
        "linked_bytes",
        "compressed_bytes",
        "parts",
    ];
    let mut pointers = Vec::new();
    objects(&full_document(), "", &mut pointers);
    assert!(pointers.len() > 30);
    for pointer in pointers {
        let mut more = full_document();
        more.pointer_mut(&pointer).unwrap()["surplus"] = json!(1);
        assert_eq!(schema_errors(&more).len(), 1, "{pointer}");
        let fields = full_document().pointer(&pointer).unwrap().as_object().unwrap().clone();
        for name in fields.keys() {
            let mut less = full_document();
            less.pointer_mut(&pointer)
                .unwrap()
                .as_object_mut()
                .unwrap()
                .remove(name);
            // They are optional only in a part: milestones, features and modules always have them.
            let may = optional.contains(&name.as_str())
                && !pointer.starts_with("/history")
                && !pointer.starts_with("/ablation")
                && !pointer.starts_with("/baseline");
            assert_eq!(schema_errors(&less).is_empty(), may, "{pointer}/{name}");
        }
    }
}

#[test]
fn every_number_has_a_unit_in_its_description() {
    let schema = schema();
    let definitions = schema["$defs"].as_object().unwrap().values();
    for object in definitions.chain([&schema]) {
        assert!(object["description"].is_string(), "{object}");
        for (name, field) in object["properties"].as_object().unwrap() {
            let text = field["description"].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{name}");
            if ["integer", "number"].iter().any(|kind| field["type"] == *kind) {
                let units = ["in bytes", "in seconds", "without a unit"];
                assert!(units.iter().any(|unit| text.contains(unit)), "{name}: {text}");
            }
        }
    }
}
