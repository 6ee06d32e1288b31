//! No component of what is shipped has a known vulnerability that does harm: the SBOMs of
//! the real SDK and the real function against `xtask/audit/data`; and that the check would tell.

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;
use layer::elf::FunctionBinary;
use opencv_build::Sdk;
use serde_json::Value;
use support::progress::print_status;

use super::promises;
use audit::{self, AdvisoryDatabase, AuditedComponent, Finding, Product, Status, check};
use conformance::skip::Skip;
use package::workspace::Workspace;

/// Compares everything and fails with all that is wrong.
pub fn test(workspace: &Workspace, sdk: &Sdk, binary: &FunctionBinary) -> Result<()> {
    let data = AdvisoryDatabase::embedded()?;
    let mut products = audit::products(workspace, sdk, binary)?;
    let command_output = audit::audit_images(workspace, sdk, binary, None)?;
    let report = &command_output.report;
    print_status(&format!(
        "{} components against {} advisories: {} fixed, {} harmless or of other versions, {} present",
        command_output.components,
        data.advisories.len(),
        count(&report.findings, |status| *status == Status::Fixed),
        count(&report.findings, |status| matches!(
            status,
            Status::NotAffected { .. }
        )),
        report.affected().len(),
    ));
    for document in &command_output.documents {
        check_document(&fs::read(document)?, &report.findings)
            .with_context(|| format!("`{}` is wrong", document.display()))?;
    }
    check_rejections(&data, &mut products)?;
    let failures = report.failures();
    promises::record(
        "no component has a known vulnerability that does harm",
        format!("components against {} advisories", data.advisories.len()),
        command_output.components,
        failures.len(),
    );
    if !failures.is_empty() {
        bail!(
            "{} things are wrong:\n  {}",
            failures.len(),
            failures.join("\n  ")
        );
    }
    // Everything that can be known is in order; a distribution that nobody watches cannot.
    match report.unwatched_packages() {
        missing if missing.is_empty() => Ok(()),
        missing => Err(Skip::with_reason(missing.join("; "))),
    }
}

fn count(findings: &[Finding], wanted: impl Fn(&Status) -> bool) -> usize {
    let wanted = findings.iter().filter(|finding| wanted(&finding.status));
    wanted.count()
}

/// The check must tell when a vulnerable library comes into the SBOMs, and one that nobody knows.
fn check_rejections(data: &AdvisoryDatabase, products: &mut [Product; 2]) -> Result<()> {
    let webp = "pkg:generic/libwebp";
    let [function, _] = products;
    function.components.retain(|part| part.base_purl != webp);
    let mut status = |version: &str| -> Result<Option<Status>> {
        function
            .components
            .push(AuditedComponent::new("libwebp", webp, version));
        let report = check(data, std::slice::from_ref(function))?;
        function.components.pop();
        let finding = report
            .findings
            .into_iter()
            .find(|f| f.id == "CVE-2023-4863");
        Ok(finding.map(|finding| finding.status))
    };
    ensure!(
        status("1.2.0")? == Some(Status::Affected),
        "libwebp 1.2.0 passes"
    );
    ensure!(
        status("1.3.2")? == Some(Status::Fixed),
        "libwebp 1.3.2 does not pass"
    );
    function.components.push(AuditedComponent::new(
        "giflib",
        "pkg:generic/giflib",
        "5.2.2",
    ));
    let report = check(data, std::slice::from_ref(function))?;
    ensure!(
        report
            .failures()
            .iter()
            .any(|failure| failure.contains("nobody watches giflib")),
        "a library that nobody watches passes"
    );
    Ok(())
}

/// A document has a statement for each vulnerability of its product, with what OpenVEX demands.
fn check_document(document: &[u8], findings: &[Finding]) -> Result<()> {
    let document: Value = serde_json::from_slice(document)?;
    for field in ["@context", "@id", "author", "timestamp"] {
        ensure!(document[field].is_string(), "it has no {field}");
    }
    let statements = document["statements"].as_array();
    let statements = statements.context("it has no statements")?;
    let name = |statement: &Value| {
        let product = &statement["products"][0]["@id"];
        product.as_str().map(str::to_owned)
    };
    let product = statements.first().and_then(name);
    let product = product.context("its first statement is about nothing")?;
    for statement in statements {
        ensure!(
            name(statement).as_ref() == Some(&product),
            "it is about two products"
        );
        let needs = match statement["status"].as_str() {
            Some("affected") => "action_statement",
            Some("not_affected") => "justification",
            Some("fixed") => "status",
            other => bail!("a statement's status is {other:?}"),
        };
        ensure!(
            statement[needs].is_string(),
            "a statement has no {needs}: {statement}"
        );
    }
    let expected = findings
        .iter()
        .filter(|finding| product.contains(&format!("oci/{}@", finding.product)));
    ensure!(
        expected.count() == statements.len(),
        "it has {} statements about {product}",
        statements.len()
    );
    Ok(())
}
