//! `data/report.schema.json` says for other programs what a document is: it takes what is written, and
//! refuses what is not of that form.

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

/// What the schema has against a value.
fn complaints(value: &Value) -> Vec<String> {
    let validator = validator();
    let errors = validator.iter_errors(value);
    errors
        .map(|error| format!("{} at `{}`", error, error.instance_path()))
        .collect()
}

/// A document with all that a document can have.
fn full() -> Value {
    serde_json::to_value(document()).unwrap()
}

#[test]
fn a_document_is_of_the_schema() {
    assert_eq!(complaints(&full()), Vec::<String>::new());
}

#[test]
fn a_document_with_nothing_in_it_is_of_the_schema() {
    let mut report = report(Vec::new());
    report.revision = None;
    let bare = Document {
        report,
        before: None,
        peers: Vec::new(),
        budgets: Vec::new(),
        history: Vec::new(),
        baseline: None,
        ablation: Vec::new(),
        lacks: Vec::new(),
        ..document()
    };
    let bare = serde_json::to_value(bare).unwrap();
    assert_eq!(bare.as_object().unwrap().len(), 5, "{bare}");
    assert_eq!(complaints(&bare), Vec::<String>::new());
}

#[test]
fn every_kind_of_bytes_is_in_the_schema_and_no_other() {
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
    let mut value = full();
    let parts = kinds.map(|kind| Part::leaf(kind.word(), 1, kind));
    value["report"]["artefacts"] = json!([Part::whole("bootstrap", parts.to_vec())]);
    assert_eq!(complaints(&value), Vec::<String>::new());
    let named = schema()["$defs"]["part"]["properties"]["kind"]["enum"].clone();
    assert_eq!(named, json!(kinds));
}

/// What other programs would read wrongly.
#[test]
fn what_is_no_document_is_refused() {
    let breaks: [(&str, Value); 22] = [
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
        (
            "/report/artefacts/0/parts/0/parts/0/parts/0/kind",
            json!("text"),
        ),
        ("/before/report", json!("v1")),
        ("/before/label", Value::Null),
        ("/peers/0/measure", json!("zipped")),
        ("/peers/0/ratio", json!("2x")),
        ("/budgets/0/most", json!("12 MB")),
        ("/history/0/packed", Value::Null),
        ("/baseline/modules/0/seconds", json!(-1.0)),
        ("/baseline/missing/0", json!(0)),
        ("/ablation/0/packed", json!(0.5)),
    ];
    for (place, broken) in breaks {
        let mut value = full();
        *value.pointer_mut(place).unwrap() = broken.clone();
        assert_eq!(
            complaints(&value).len(),
            1,
            "{place} {broken}: {:?}",
            complaints(&value)
        );
    }
}

/// The places of all objects in a value.
fn objects(value: &Value, place: &str, found: &mut Vec<String>) {
    let below: Vec<(String, &Value)> = match value {
        Value::Object(fields) => {
            found.push(place.to_owned());
            fields
                .iter()
                .map(|(name, value)| (name.clone(), value))
                .collect()
        }
        Value::Array(values) => values
            .iter()
            .enumerate()
            .map(|(at, value)| (at.to_string(), value))
            .collect(),
        _ => Vec::new(),
    };
    for (name, value) in below {
        objects(value, &format!("{place}/{name}"), found);
    }
}

#[test]
fn no_object_may_have_a_field_more_or_lack_one_that_is_always_there() {
    let optional = [
        "before", "baseline", "ablation", "kind", "lacks", "linked", "packed", "parts",
    ];
    let mut places = Vec::new();
    objects(&full(), "", &mut places);
    assert!(places.len() > 30);
    for place in places {
        let mut more = full();
        more.pointer_mut(&place).unwrap()["surplus"] = json!(1);
        assert_eq!(complaints(&more).len(), 1, "{place}");
        let fields = full().pointer(&place).unwrap().as_object().unwrap().clone();
        for name in fields.keys() {
            let mut less = full();
            less.pointer_mut(&place)
                .unwrap()
                .as_object_mut()
                .unwrap()
                .remove(name);
            // Only a part's is optional: a milestone and a feature have always a packed size.
            let may = optional.contains(&name.as_str())
                && !place.starts_with("/history")
                && !place.starts_with("/ablation");
            assert_eq!(complaints(&less).is_empty(), may, "{place}/{name}");
        }
    }
}

#[test]
fn every_field_is_described_with_its_unit() {
    let schema = schema();
    let definitions = schema["$defs"].as_object().unwrap().values();
    for object in definitions.chain([&schema]) {
        assert!(object["description"].is_string(), "{object}");
        for (name, field) in object["properties"].as_object().unwrap() {
            let text = field["description"].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{name}");
            if ["integer", "number"]
                .iter()
                .any(|kind| field["type"] == *kind)
            {
                let units = ["in bytes", "in seconds", "without a unit"];
                assert!(
                    units.iter().any(|unit| text.contains(unit)),
                    "{name}: {text}"
                );
            }
        }
    }
}
