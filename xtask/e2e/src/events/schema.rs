//! Schemas of responses, derived from AWS's documentation, or from the project's where AWS does not require a format.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// The schemas by the prefix of an event's folder.
const SCHEMAS: [(&str, &str); 14] = [
    ("direct", include_str!("../../data/schemas/direct.json")),
    ("s3", NOTIFICATION),
    ("sns", NOTIFICATION),
    ("eventbridge", NOTIFICATION),
    ("destination", NOTIFICATION),
    ("pipes-sqs", SQS),
    ("pipes", NOTIFICATION),
    ("sqs", SQS),
    ("batch", include_str!("../../data/schemas/batch.json")),
    ("step-functions", include_str!("../../data/schemas/step-functions.json")),
    ("load-balancer", include_str!("../../data/schemas/load-balancer.json")),
    ("function-url", HTTP),
    ("api-gateway", HTTP),
    ("vpc-lattice", HTTP),
];
const NOTIFICATION: &str = include_str!("../../data/schemas/notification.json");
const SQS: &str = include_str!("../../data/schemas/sqs.json");
const HTTP: &str = include_str!("../../data/schemas/http.json");
/// The schema for failed invocations.
const ERROR: &str = include_str!("../../data/schemas/error.json");

/// Fails if a response does not match the schema of its event.
pub fn check(name: &str, response: &Value) -> Result<()> {
    let schema = if response.get("errorType").is_some() {
        ERROR
    } else {
        let found = SCHEMAS.iter().find(|(prefix, _)| name.starts_with(prefix));
        found
            .map(|(_, schema)| *schema)
            .context("there is no schema for this type of event")?
    };
    let schema = serde_json::from_str(schema).context("a schema is not JSON")?;
    let validator =
        jsonschema::validator_for(&schema).map_err(|error| anyhow::anyhow!("a schema is invalid: {error}"))?;
    let errors: Vec<_> = validator
        .iter_errors(response)
        .map(|error| format!("{error} at `{}`", error.instance_path()))
        .collect();
    ensure!(
        errors.is_empty(),
        "the response does not match the schema: {}\n  {response}",
        errors.join("; ")
    );
    Ok(())
}
