//! Checks the SBOMs of the real SDK and the real function against `xtask/audit/data`: no component has a known
//! vulnerability that affects it. Also tests that the check can fail.

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;
use opencv_build::Sdk;
use package::function::Function;
use serde_json::Value;
use support::progress::print_status;

use super::promises;
use audit::{self, AdvisoryDatabase, AuditedComponent, Finding, Product, Status, check};
use conformance::skip::Skip;
use package::workspace::Workspace;

pub fn test(workspace: &Workspace, sdk: &Sdk, function: &Function) -> Result<()> {
    let data = AdvisoryDatabase::embedded()?;
    let mut products = audit::products(sdk, function)?;
    let command_output = audit::audit_images(workspace, sdk, function, None)?;
    let report = &command_output.report;
    print_status(&format!(
        "{} components against {} advisories: {} fixed, {} not affected, {} affected",
        command_output.components,
        data.advisories.len(),
        count(&report.findings, |status| *status == Status::Fixed),
        count(&report.findings, |status| matches!(status, Status::NotAffected { .. })),
        report.affected().len(),
    ));
    for document in &command_output.documents {
        check_document(&fs::read(document)?, &report.findings)
            .with_context(|| format!("`{}` is invalid", document.display()))?;
    }
    check_rejections(&data, &mut products)?;
    let failures = report.failures();
    promises::record(
        "no component has a known vulnerability that affects it",
        format!("components against {} advisories", data.advisories.len()),
        command_output.components,
        failures.len(),
    );
    if !failures.is_empty() {
        bail!("{} failures:\n  {}", failures.len(), failures.join("\n  "));
    }
    // Packages of distributions without advisories cannot be checked.
    match report.unwatched_packages() {
        missing if missing.is_empty() => Ok(()),
        missing => Err(Skip::with_reason(missing.join("; "))),
    }
}

fn count(findings: &[Finding], wanted: impl Fn(&Status) -> bool) -> usize {
    let wanted = findings.iter().filter(|finding| wanted(&finding.status));
    wanted.count()
}

/// The check must report a vulnerable library in the SBOMs, and one without a source of advisories.
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
        let finding = report.findings.into_iter().find(|f| f.id == "CVE-2023-4863");
        Ok(finding.map(|finding| finding.status))
    };
    ensure!(
        status("1.2.0")? == Some(Status::Affected),
        "libwebp 1.2.0 is not reported as affected"
    );
    ensure!(
        status("1.3.2")? == Some(Status::Fixed),
        "libwebp 1.3.2 is not reported as fixed"
    );
    function
        .components
        .push(AuditedComponent::new("giflib", "pkg:generic/giflib", "5.2.2"));
    let report = check(data, std::slice::from_ref(function))?;
    ensure!(
        report
            .failures()
            .iter()
            .any(|failure| failure.contains("(pkg:generic/giflib) is not watched")),
        "a library without a source of advisories passes"
    );
    Ok(())
}

/// A document has a statement for each vulnerability of its product, with the fields that OpenVEX requires.
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
    let product = product.context("its first statement has no product")?;
    for statement in statements {
        ensure!(name(statement).as_ref() == Some(&product), "it is about two products");
        let needs = match statement["status"].as_str() {
            Some("affected") => "action_statement",
            Some("not_affected") => "justification",
            Some("fixed") => "status",
            other => bail!("a statement's status is {other:?}"),
        };
        ensure!(statement[needs].is_string(), "a statement has no {needs}: {statement}");
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
