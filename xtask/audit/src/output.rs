//! The output of an audit, as text and JSON.

use std::path::PathBuf;

use serde::Serialize;

use super::check::{Finding, Product, Report, Status, distinct_components};
use super::component::AuditedComponent;
use super::data::AdvisoryDatabase;
use support::output::{CommandOutput, display_path};

#[derive(Debug, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum OsvOutcome {
    Skipped,
    Failed {
        reason: String,
    },
    Queried {
        /// The number of components with a name in OSV.
        components: usize,
        /// The number of all components.
        total: usize,
        /// Vulnerabilities of versions that are affected by OSV, but not by the data files.
        disputed: Vec<String>,
    },
}

#[derive(Serialize)]
pub struct AuditOutput {
    pub components: usize,
    /// The date up to which published vulnerabilities are recorded in the data files.
    data_as_of: String,
    osv: OsvOutcome,
    #[serde(flatten)]
    pub report: Report,
    pub documents: Vec<PathBuf>,
}

impl AuditOutput {
    pub(super) fn new(
        data: &AdvisoryDatabase,
        products: &[Product],
        report: Report,
        osv: OsvOutcome,
        documents: Vec<PathBuf>,
    ) -> Self {
        Self {
            components: distinct_components(products).len(),
            data_as_of: data.as_of(),
            osv,
            report,
            documents,
        }
    }

    pub(super) fn failures(&self) -> Vec<String> {
        let mut failures = self.report.failures();
        failures.extend(self.report.unwatched_packages());
        if let OsvOutcome::Failed { .. } = self.osv {
            failures.push(
                "OSV could not be queried, so that these results are only from the data files; \
                 use `--offline` if that is intended"
                    .to_owned(),
            );
        }
        failures
    }
}

impl Report {
    /// The vulnerabilities that affect components, each with its products.
    pub fn affected(&self) -> Vec<(&Finding, Vec<&str>)> {
        self.grouped(|status| *status == Status::Affected)
    }

    /// The vulnerabilities that a decision classifies as not affecting a product, each with its products.
    fn decided(&self) -> Vec<(&Finding, Vec<&str>)> {
        // Vulnerabilities of other versions need no decision, and are only in the VEX document.
        self.grouped(Status::has_decision)
    }

    fn grouped(&self, wanted: fn(&Status) -> bool) -> Vec<(&Finding, Vec<&str>)> {
        let mut grouped: Vec<(&Finding, Vec<_>)> = Vec::new();
        for finding in self.findings.iter().filter(|f| wanted(&f.status)) {
            let same = |(other, _): &&mut (&Finding, _)| other.id == finding.id && other.component == finding.component;
            match grouped.iter_mut().find(same) {
                Some((_, products)) => products.push(finding.product.as_str()),
                None => grouped.push((finding, vec![finding.product.as_str()])),
            }
        }
        grouped
    }

    /// Packages of the build machine's distribution that are not watched, each in a sentence.
    pub fn unwatched_packages(&self) -> Vec<String> {
        let packages = self.unwatched.iter().filter(|part| part.is_package());
        packages.map(unwatched).collect()
    }

    /// All failures except [`Self::unwatched_packages`], each in a sentence.
    pub fn failures(&self) -> Vec<String> {
        let present = self.affected().into_iter().map(|(finding, products)| {
            let (part, products, id) = (&finding.component, products.join(" and "), &finding.id);
            let fixed = finding.fixed_in.as_ref();
            let fixed = fixed.map_or(String::new(), |fixed| format!(", fixed in {fixed}"));
            format!("{part} of {products} has {id}{fixed}")
        });
        let unwatched_parts = self.unwatched.iter().filter(|part| !part.is_package());
        let unwatched = unwatched_parts.map(unwatched);
        present
            .chain(unwatched)
            .chain(self.invalid_justifications.clone())
            .collect()
    }
}

fn unwatched(part: &AuditedComponent) -> String {
    format!(
        "{part} ({}) is not watched for vulnerabilities; add it to xtask/audit/data, or to the file of the key `audit` \
         in the function's manifest",
        part.base_purl
    )
}

impl CommandOutput for AuditOutput {
    fn to_text(&self) -> String {
        let mut text = String::new();
        for (finding, products) in self.report.affected() {
            let fixed = finding.fixed_in.as_ref();
            text += &format!(
                "AFFECTED  {} {} ({}){}\n    {}\n    {}\n",
                finding.id,
                finding.component,
                products.join(", "),
                fixed.map_or(String::new(), |fixed| format!("; fixed in {fixed}")),
                finding.summary,
                finding.source
            );
        }
        for (finding, products) in self.report.decided() {
            if let Status::NotAffected { impact, .. } = &finding.status {
                let (id, part, products) = (&finding.id, &finding.component, products.join(", "));
                text += &format!("not affected  {id} {part} ({products}): {impact}\n");
            }
        }
        let count = |wanted: fn(&Status) -> bool| {
            let findings = self.report.findings.iter();
            findings.filter(|finding| wanted(&finding.status)).count()
        };
        text += &format!(
            "{} components; vulnerabilities of these and other versions: {} affected, {} not affected, {} fixed.\n\
             The data files have the vulnerabilities published up to {}.\n",
            self.components,
            self.report.affected().len(),
            count(|status| matches!(status, Status::NotAffected { .. })),
            count(|status| *status == Status::Fixed),
            self.data_as_of
        );
        text += &match &self.osv {
            OsvOutcome::Skipped => "OSV was not queried (--offline).\n".to_owned(),
            OsvOutcome::Failed { reason } => {
                format!("OSV COULD NOT BE QUERIED: {reason}\nThe results above are only from the data files.\n")
            }
            OsvOutcome::Queried {
                components,
                total,
                disputed,
            } => {
                let mut asked = format!("OSV was queried about {components} of {total} components.\n");
                if !disputed.is_empty() {
                    asked += &format!(
                        "It also reports these, which by the data files only affect other versions: {}.\n",
                        disputed.join(", ")
                    );
                }
                asked
            }
        };
        for document in &self.documents {
            text += &format!("VEX  {}\n", display_path(document));
        }
        text
    }
}
