//! Writes a product's findings as an OpenVEX document, which scanners read. It is reproducible: the same findings give
//! the same bytes. Source: <https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md>.

use anyhow::Result;
use layer::{Digest, rfc3339};
use serde_json::{Value, json};

use super::check::{Finding, Status};

const CONTEXT: &str = "https://openvex.dev/ns/v0.2.0";

/// The document of `findings` for the product `name`, whose package URL is `product`. `time` is in seconds since 1970.
pub fn document(name: &str, product: &str, findings: &[&Finding], time: u64) -> Result<Vec<u8>> {
    let statements = findings.iter().map(|finding| statement(product, finding));
    let statements: Vec<_> = statements.collect();
    let mut document = json!({
        "@context": CONTEXT,
        "@id": "",
        "author": format!("the maintainers of {name}"),
        "timestamp": rfc3339(time)?,
        "version": 1,
        "tooling": format!("xtask-{}", env!("CARGO_PKG_VERSION")),
        "statements": statements,
    });
    let digest = Digest::of(&serde_json::to_vec(&document)?).hex();
    document["@id"] = format!("https://openvex.dev/docs/{name}/{digest}").into();
    let mut text = serde_json::to_vec_pretty(&document)?;
    text.push(b'\n');
    Ok(text)
}

fn statement(product: &str, finding: &Finding) -> Value {
    let part = &finding.component;
    let plain = || format!("{}@{}", part.base_purl, part.version);
    let purl = part.purl.clone().unwrap_or_else(plain);
    let mut vulnerability = json!({
        "name": finding.id,
        "description": format!("{} ({})", finding.summary, finding.source),
    });
    if !finding.aliases.is_empty() {
        vulnerability["aliases"] = json!(finding.aliases);
    }
    let product = json!({
        "@id": product,
        "identifiers": {"purl": product},
        "subcomponents": [{"@id": purl, "identifiers": {"purl": purl}}],
    });
    let mut statement = json!({"vulnerability": vulnerability, "products": [product]});
    let mut set = |key: &str, value: Value| statement[key] = value;
    match &finding.status {
        Status::Affected => {
            let action = match &finding.fixed_in {
                Some(fixed) => format!("Update {} to {fixed}.", part.name),
                None => format!("No fixed version of {} is known.", part.name),
            };
            set("status", "affected".into());
            set("action_statement", action.into());
        }
        Status::Fixed => set("status", "fixed".into()),
        Status::NotAffected {
            justification,
            impact,
            decision,
        } => {
            set("status", "not_affected".into());
            set("justification", json!(justification));
            set("impact_statement", impact.as_str().into());
            if let Some(decision) = decision {
                set("status_notes", format!("Decided {decision}.").into());
            }
        }
    }
    statement
}

#[cfg(test)]
mod tests {
    use super::super::component::AuditedComponent;
    use super::super::data::Justification;
    use super::*;

    fn finding(id: &str, status: Status) -> Finding {
        Finding {
            product: "face-detect".to_owned(),
            component: AuditedComponent::new("libwebp", "pkg:generic/libwebp", "1.2.0"),
            id: id.to_owned(),
            aliases: vec!["CVE-2023-5129".to_owned()],
            summary: "An overflow".to_owned(),
            source: "https://example.org/1".to_owned(),
            fixed_in: Some("1.3.2".to_owned()),
            status,
        }
    }

    #[test]
    fn every_status_has_the_fields_openvex_requires() {
        let not_affected = Status::NotAffected {
            justification: Justification::VulnerableCodeNotInExecutePath,
            impact: "Nothing decodes WebP.".to_owned(),
            decision: Some("by somebody on 2026-11-28".to_owned()),
        };
        let findings = [
            finding("CVE-1", Status::Affected),
            finding("CVE-2", Status::Fixed),
            finding("CVE-3", not_affected),
        ];
        let findings: Vec<_> = findings.iter().collect();
        let make = || document("face-detect", "pkg:oci/face-detect@1", &findings, 0).unwrap();
        assert_eq!(make(), make());
        let document: Value = serde_json::from_slice(&make()).unwrap();
        assert_eq!(document["@context"], CONTEXT);
        assert_eq!(document["timestamp"], "1970-01-01T00:00:00Z");
        let id = document["@id"].as_str().unwrap();
        assert!(id.starts_with("https://") && id.len() > 100, "{id}");
        let statements = document["statements"].as_array().unwrap();
        let statuses = statements.iter().map(|statement| &statement["status"]);
        assert_eq!(statuses.collect::<Vec<_>>(), ["affected", "fixed", "not_affected"]);
        assert_eq!(statements[0]["action_statement"], "Update libwebp to 1.3.2.");
        assert_eq!(statements[2]["justification"], "vulnerable_code_not_in_execute_path");
        assert_eq!(statements[2]["impact_statement"], "Nothing decodes WebP.");
        assert_eq!(statements[2]["status_notes"], "Decided by somebody on 2026-11-28.");
        let part = &statements[0]["products"][0]["subcomponents"][0]["@id"];
        assert_eq!(part, "pkg:generic/libwebp@1.2.0");
    }
}
