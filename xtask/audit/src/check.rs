//! Checks every component of every product against every advisory; each pair has one of VEX's statuses.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde::Serialize;

use super::component::AuditedComponent;
use super::data::{Advisory, AdvisoryDatabase, Justification, WatchedComponent};

pub struct Product {
    pub name: String,
    pub components: Vec<AuditedComponent>,
    /// The functions that its programs import from shared libraries; `None` for a product without programs.
    pub imports: Option<BTreeSet<String>>,
}

pub fn distinct_components(products: &[Product]) -> Vec<AuditedComponent> {
    let parts = products.iter().flat_map(|product| &product.components);
    let parts: BTreeSet<_> = parts.collect();
    parts.into_iter().cloned().collect()
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Status {
    Affected,
    Fixed,
    NotAffected {
        justification: Justification,
        impact: String,
        /// By whom and when it was decided, if it needed a decision.
        decision: Option<String>,
    },
}

impl Status {
    pub fn has_decision(&self) -> bool {
        matches!(self, Self::NotAffected { decision, .. } if decision.is_some())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub product: String,
    pub component: AuditedComponent,
    pub id: String,
    pub aliases: Vec<String>,
    pub summary: String,
    pub source: String,
    /// The first fixed version, for an affected component.
    pub fixed_in: Option<String>,
    #[serde(flatten)]
    pub status: Status,
}

#[derive(Debug, Default, Serialize)]
pub struct Report {
    pub findings: Vec<Finding>,
    pub unwatched: Vec<AuditedComponent>,
    /// Each is a sentence that explains the error.
    pub invalid_justifications: Vec<String>,
}

pub fn check(data: &AdvisoryDatabase, products: &[Product]) -> Result<Report> {
    let mut report = Report::default();
    for product in products {
        for part in &product.components {
            let Some(watched) = data.find_watched(&part.base_purl) else {
                if !report.unwatched.contains(part) {
                    report.unwatched.push(part.clone());
                }
                continue;
            };
            for advisory in data.advisories_for(&part.base_purl) {
                let found = finding(data, product, part, watched, advisory)
                    .with_context(|| format!("failed to compare {part} with {}", advisory.id))?;
                report.findings.push(found);
            }
        }
    }
    report.invalid_justifications = invalid_justifications(data, products, &report.findings);
    Ok(report)
}

fn finding(
    data: &AdvisoryDatabase,
    product: &Product,
    part: &AuditedComponent,
    watched: &WatchedComponent,
    advisory: &Advisory,
) -> Result<Finding> {
    let mut hit = None;
    for range in &advisory.affected {
        if hit.is_none() && range.contains(watched.version_scheme, &part.version)? {
            hit = Some(range);
        }
    }
    let justified = data.justified.iter().find(|justified| {
        justified.id == advisory.id
            && justified.component == part.base_purl
            && justified.is_for(&product.name, product.imports.as_ref())
    });
    let status = match (hit, justified) {
        (Some(_), None) => Status::Affected,
        (Some(_), Some(justified)) => Status::NotAffected {
            justification: justified.justification,
            impact: justified.impact.clone(),
            decision: Some(format!("by {} on {}", justified.decided_by, justified.decided_on)),
        },
        (None, _) if is_later(advisory, watched, part)? => Status::Fixed,
        (None, _) => {
            let ranges: Vec<_> = advisory.affected.iter().map(ToString::to_string).collect();
            Status::NotAffected {
                justification: Justification::VulnerableCodeNotPresent,
                impact: format!("Only versions {} are affected.", ranges.join(" or ")),
                decision: None,
            }
        }
    };
    Ok(Finding {
        product: product.name.clone(),
        component: part.clone(),
        id: advisory.id.clone(),
        aliases: advisory.aliases.clone(),
        summary: advisory.summary.clone(),
        source: advisory.source.clone(),
        fixed_in: hit.and_then(|range| range.before.clone()),
        status,
    })
}

/// Whether an unaffected version is after one of the affected ranges.
fn is_later(advisory: &Advisory, watched: &WatchedComponent, part: &AuditedComponent) -> Result<bool> {
    let ranges = advisory.affected.iter();
    let ends = ranges.flat_map(|range| [&range.before, &range.through]);
    for end in ends.flatten() {
        if watched.version_scheme.compare(&part.version, end)?.is_ge() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Justifications that are no longer needed or are wrong. Only those for the given products are checked.
fn invalid_justifications(data: &AdvisoryDatabase, products: &[Product], findings: &[Finding]) -> Vec<String> {
    let mut void = Vec::new();
    for justified in &data.justified {
        let (id, component) = (&justified.id, &justified.component);
        for product in products
            .iter()
            .filter(|it| justified.is_for(&it.name, it.imports.as_ref()))
        {
            let name = &product.name;
            let mut add = |why: &str| void.push(format!("{id} in {component} of {name} is justified{why}"));
            let hit = findings.iter().any(|finding| {
                finding.id == *id
                    && finding.component.base_purl == *component
                    && finding.product == *name
                    && finding.status.has_decision()
            });
            // A product without the component, such as one built on another distribution, needs no justification.
            let mut parts = product.components.iter();
            let there = parts.any(|part| part.base_purl == *component);
            if there && !hit {
                add(", but its version is not affected; remove the justification");
            }
            let imports = product.imports.iter().flatten().cloned();
            let called = imports.filter(|name| justified.not_imported.contains(name));
            let called = called.collect::<Vec<_>>().join(", ");
            if !called.is_empty() {
                add(&format!(" by functions that are not imported, but {called} is"));
            }
            if product.imports.is_none() && !justified.not_imported.is_empty() {
                add(" by functions that are not imported, but it has no program");
            }
        }
    }
    void
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: &str = r#"
        [[watched]]
        component = "pkg:generic/libwebp"
        version_scheme = "dotted"
        announcements = "https://example.org/"
        as_of = 2026-08-21

        [[advisory]]
        id = "CVE-2023-4863"
        component = "pkg:generic/libwebp"
        affected = [{ from = "0.5.0", before = "1.3.2" }]
        summary = "An overflow"
        source = "https://example.org/1"
    "#;

    const JUSTIFICATION: &str = r#"
        [[justified]]
        id = "CVE-2023-4863"
        component = "pkg:generic/libwebp"
        products = ["face-detect"]
        justification = "vulnerable_code_not_in_execute_path"
        impact = "Nothing decodes WebP."
        not_imported = ["WebPDecode"]
        decided_by = "somebody"
        decided_on = 2026-11-28
    "#;

    fn product(version: &str, imports: &[&str]) -> Product {
        let parts = vec![AuditedComponent::new("libwebp", "pkg:generic/libwebp", version)];
        let imports = imports.iter().map(|name| (*name).to_owned()).collect();
        Product {
            name: "face-detect".to_owned(),
            components: parts,
            imports: Some(imports),
        }
    }

    fn report(text: &str, product: Product) -> Report {
        let data = AdvisoryDatabase::parse(&[("test", text)]).unwrap();
        check(&data, &[product]).unwrap()
    }

    #[test]
    fn vulnerable_versions_are_affected_and_fixed_ones_are_not() {
        let status = |version: &str| {
            let finding = report(DATA, product(version, &[])).findings.remove(0);
            (finding.status, finding.fixed_in)
        };
        let affected = (Status::Affected, Some("1.3.2".to_owned()));
        assert_eq!(status("1.2.0"), affected);
        assert_eq!(status("1.3.1"), affected);
        assert_eq!(status("1.3.2"), (Status::Fixed, None));
        assert_eq!(status("1.6.0"), (Status::Fixed, None));
        let (Status::NotAffected { justification, .. }, None) = status("0.4.4") else {
            panic!("a version before the range is affected");
        };
        assert_eq!(justification, Justification::VulnerableCodeNotPresent);
    }

    #[test]
    fn unwatched_components_are_reported() {
        let mut product = product("1.6.0", &[]);
        product
            .components
            .push(AuditedComponent::new("libgif", "pkg:generic/libgif", "5.2"));
        let found = report(DATA, product).unwatched;
        assert_eq!(found, [AuditedComponent::new("libgif", "pkg:generic/libgif", "5.2")]);
    }

    #[test]
    fn incomparable_versions_are_errors() {
        let data = AdvisoryDatabase::parse(&[("test", DATA)]).unwrap();
        let error = check(&data, &[product("unknown", &[])]).unwrap_err();
        assert!(format!("{error:#}").contains("libwebp unknown"), "{error:#}");
    }

    #[test]
    fn justifications_apply_to_their_product_while_valid() {
        let text = [DATA, JUSTIFICATION].concat();
        let good = report(&text, product("1.2.0", &["malloc"]));
        assert!(
            good.invalid_justifications.is_empty(),
            "{:?}",
            good.invalid_justifications
        );
        let expected = Status::NotAffected {
            justification: Justification::VulnerableCodeNotInExecutePath,
            impact: "Nothing decodes WebP.".to_owned(),
            decision: Some("by somebody on 2026-11-28".to_owned()),
        };
        assert_eq!(good.findings[0].status, expected);

        let other = Product {
            name: "opencv-sdk".to_owned(),
            imports: None,
            ..product("1.2.0", &[])
        };
        assert_eq!(report(&text, other).findings[0].status, Status::Affected);

        let stale = report(&text, product("1.6.0", &[])).invalid_justifications;
        assert!(stale[0].contains("remove the justification"), "{stale:?}");
        let called = report(&text, product("1.2.0", &["WebPDecode"])).invalid_justifications;
        assert!(called[0].contains("but WebPDecode is"), "{called:?}");
    }

    #[test]
    fn general_justifications_apply_to_functions_that_import_nothing_of_it() {
        let text = [DATA, &JUSTIFICATION.replace("face-detect", "any function")].concat();
        let status = |product: Product| {
            let mut report = report(&text, product);
            assert!(
                report.invalid_justifications.is_empty(),
                "{:?}",
                report.invalid_justifications
            );
            report.findings.remove(0).status
        };
        let named = |imports: &[&str]| Product {
            name: "another".to_owned(),
            ..product("1.2.0", imports)
        };
        assert!(status(named(&["malloc"])).has_decision());
        assert_eq!(status(named(&["WebPDecode"])), Status::Affected);
        let sdk = Product {
            imports: None,
            ..named(&[])
        };
        assert_eq!(status(sdk), Status::Affected);
    }

    #[test]
    fn a_justification_without_an_advisory_is_rejected() {
        let text = [DATA, &JUSTIFICATION.replace("CVE-2023-4863", "CVE-2023-4864")].concat();
        let error = AdvisoryDatabase::parse(&[("test", &text)]).unwrap_err().to_string();
        assert!(error.contains("no such advisory"), "{error}");
    }
}
