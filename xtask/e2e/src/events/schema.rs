//! Schemas of answers, written after AWS's documentation; where AWS asks for no form, after ours.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// Which schema holds for which events, by how their folders' names begin.
const SCHEMAS: [(&str, &str); 8] = [
    ("direct", include_str!("../../data/schemas/direct.json")),
    ("s3", NOTIFICATION),
    ("sns", NOTIFICATION),
    ("eventbridge", NOTIFICATION),
    ("sqs", include_str!("../../data/schemas/sqs.json")),
    ("batch", include_str!("../../data/schemas/batch.json")),
    ("function-url", HTTP),
    ("api-gateway", HTTP),
];
const NOTIFICATION: &str = include_str!("../../data/schemas/notification.json");
const HTTP: &str = include_str!("../../data/schemas/http.json");
/// The schema for invocations that fail.
const ERROR: &str = include_str!("../../data/schemas/error.json");

/// Refuses an answer that AWS would not understand.
pub fn check(name: &str, response: &Value) -> Result<()> {
    let schema = if response.get("errorType").is_some() {
        ERROR
    } else {
        let found = SCHEMAS.iter().find(|(prefix, _)| name.starts_with(prefix));
        found
            .map(|(_, schema)| *schema)
            .context("no schema is known for such an event")?
    };
    let schema = serde_json::from_str(schema).context("a schema is no JSON")?;
    let validator = jsonschema::validator_for(&schema)
        .map_err(|error| anyhow::anyhow!("a schema is none: {error}"))?;
    let errors: Vec<_> = validator
        .iter_errors(response)
        .map(|error| format!("{error} at `{}`", error.instance_path()))
        .collect();
    ensure!(
        errors.is_empty(),
        "the answer does not hold to the schema: {}\n  {response}",
        errors.join("; ")
    );
    Ok(())
}
