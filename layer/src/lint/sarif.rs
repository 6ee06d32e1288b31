//! Findings as SARIF, which code hosts show beside the code. Source: OASIS, "Static Analysis Results Interchange Format
//! (SARIF) Version 2.1.0"; for what GitHub requires of it: GitHub, "SARIF support for code scanning".

use serde_json::{Value, json};

use super::finding::{Finding, Severity};
use super::rule::Rule;
use crate::Digest;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// A SARIF log with one run by the command `tool`. `checked` has each path or reference that was checked, with its
/// findings.
pub fn sarif(tool: &str, checked: &[(&str, &[Finding])]) -> Value {
    let rules: Vec<_> = Rule::all().map(rule_object).collect();
    let mut artifacts = Vec::new();
    let mut results = Vec::new();
    for (index, (artefact, findings)) in checked.iter().enumerate() {
        let uri = artefact_uri(artefact);
        let location = json!({"uri": uri, "index": index});
        results.extend(findings.iter().map(|finding| result(finding, &location)));
        artifacts.push(json!({"location": {"uri": uri}}));
    }
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": tool, "version": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "artifacts": artifacts,
            "results": results,
        }],
    })
}

fn rule_object(rule: Rule) -> Value {
    let about = rule.description();
    let help = format!(
        "{}\n\nSource: {}\n\nExample: {}\n\nRemedy: {}",
        about.why, about.source, about.example, about.remedy
    );
    json!({
        "id": rule,
        "shortDescription": {"text": about.requirement},
        "fullDescription": {"text": about.why},
        "help": {"text": help},
    })
}

fn result(finding: &Finding, artefact_location: &Value) -> Value {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    // The same finding of another run has the same fingerprint.
    let fingerprint = Digest::of(format!("{} {}", finding.rule, finding.message).as_bytes());
    json!({
        "ruleId": finding.rule,
        // Rules are listed in the order of their declaration.
        "ruleIndex": finding.rule as usize,
        "level": level,
        "message": {"text": format!("{}. Remedy: {}", finding.message, finding.remedy)},
        // GitHub shows only results with a line.
        "locations": [{"physicalLocation": {
            "artifactLocation": artefact_location,
            "region": {"startLine": 1},
        }}],
        "partialFingerprints": {"finding/v1": fingerprint.hex()},
    })
}

/// The URI of a path or a reference: absolute for absolute paths, otherwise relative. A colon in the first part of a
/// relative one would be read as the end of a scheme.
fn artefact_uri(artefact: &str) -> String {
    let mut uri = match artefact.starts_with('/') {
        true => "file://".to_owned(),
        false => String::new(),
    };
    for byte in artefact.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(byte.into()),
            _ => uri += &format!("%{byte:02X}"),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_refer_to_rules_by_id_and_index() {
        let finding = |rule: Rule, severity| Finding {
            rule,
            severity,
            message: "a message".into(),
            requirement: &rule.description().requirement,
            remedy: &rule.description().remedy,
        };
        let findings = [
            finding(Rule::Entrypoint, Severity::Error),
            finding(Rule::ZipLayerPaths, Severity::Warning),
            finding(Rule::Intact, Severity::Note),
        ];
        let log = sarif(
            "a tool",
            &[("image", &findings[..1]), ("target/a b.zip", &findings[1..])],
        );
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"][0];
        let rules = &run["tool"]["driver"]["rules"];
        for (number, level) in ["error", "warning", "note"].into_iter().enumerate() {
            let result = &run["results"][number];
            assert_eq!(result["level"], level);
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
            assert!(
                result["message"]["text"]
                    .as_str()
                    .unwrap()
                    .starts_with("a message. Remedy: ")
            );
            let location = &result["locations"][0]["physicalLocation"];
            assert_eq!(location["region"]["startLine"], 1);
            let place = usize::try_from(location["artifactLocation"]["index"].as_u64().unwrap()).unwrap();
            assert_eq!(
                run["artifacts"][place]["location"]["uri"],
                location["artifactLocation"]["uri"]
            );
            let expected = ["image", "target/a%20b.zip", "target/a%20b.zip"][number];
            assert_eq!(location["artifactLocation"]["uri"], expected);
        }
        let fingerprint = |number: usize| run["results"][number]["partialFingerprints"]["finding/v1"].clone();
        assert_ne!(fingerprint(0), fingerprint(1));
    }

    /// What the schema of SARIF and GitHub require of rules.
    #[test]
    fn rules_have_texts_of_permitted_length_and_ids_of_their_own() {
        let log = sarif("a tool", &[("a.zip", &[])]);
        let run = &log["runs"][0];
        assert_eq!(run["results"], json!([]));
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        let ids: std::collections::BTreeSet<_> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), rules.len());
        for rule in rules {
            for name in ["shortDescription", "fullDescription"] {
                let text = rule[name]["text"].as_str().unwrap();
                assert!((1..=1024).contains(&text.len()), "{}: {name}", rule["id"]);
            }
            assert!(rule["help"]["text"].as_str().unwrap().contains("Remedy: "));
        }
    }

    #[test]
    fn references_are_uris() {
        assert_eq!(artefact_uri("/a/b#c"), "file:///a/b%23c");
        assert_eq!(artefact_uri("localhost:5000/a:v1"), "localhost%3A5000/a%3Av1");
    }
}
