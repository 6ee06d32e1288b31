//! `cargo xtask audit`: checks the components of the artefacts for known vulnerabilities, from the files in
//! `xtask/audit/data` and from OSV, and writes a VEX document next to each SBOM.
//!
//! ```text
//! SBOMs ▶ components ┐
//! data files         ├▶ check ▶ report ┬▶ output
//! OSV                ┘                 └▶ VEX
//! ```

mod check;
mod component;
mod data;
mod osv;
mod output;
mod range;
mod version_scheme;
mod vex;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use layer::FileTree;
use opencv_build::Sdk;
use package::function::Function;
use support::progress::print_status;

use check::distinct_components;
pub use check::{Finding, Product, Report, Status, check};
pub use component::AuditedComponent;
use component::{audited_components, imported_functions};
pub use data::AdvisoryDatabase;
use osv::Osv;
pub use output::AuditOutput;
use output::OsvOutcome;

use package::artefacts::base::Base;
use package::artefacts::{WrittenImages, source_date, write_images};
use package::build::{self, Build};
use package::build_function::build_function;
use package::function_package::SDK_NAME;
use package::sbom::{self, purl};
use package::workspace::Workspace;
use support::atomic;

use support::output::print;

/// The limit for all requests together.
const OSV_TIMEOUT: Duration = Duration::from_secs(60);

#[derive(clap::Args, Clone, Debug, Default)]
// clap names the group after the struct, and another `Arguments` has that name already.
#[group(skip)]
pub struct Arguments {
    #[command(flatten)]
    pub build: build::Arguments,

    /// Do not query OSV: only use the files in xtask/audit/data
    #[arg(long)]
    pub offline: bool,

    /// Query this server instead of OSV
    #[arg(long, value_name = "URL", default_value = osv::ADDRESS, hide = true)]
    pub osv: String,
}

/// Checks the artefacts and prints the findings. Fails if a component is affected or not watched, or if OSV could not
/// be queried.
pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    let build = Build::read(&arguments.build)?;
    let (sdk, function) = build_function(&build)?;
    let osv = (!arguments.offline).then_some(arguments.osv.as_str());
    let output = audit_images(&build.workspace, &sdk, &function, osv)?;
    print(&output, json)?;
    match output.failures() {
        failures if failures.is_empty() => Ok(()),
        failures => bail!("{}", failures.join("; ")),
    }
}

/// Writes the images and checks them, also with OSV if its address is given.
pub fn audit_images(workspace: &Workspace, sdk: &Sdk, function: &Function, osv: Option<&str>) -> Result<AuditOutput> {
    let data = AdvisoryDatabase::for_package(&function.package)?;
    let products = products(sdk, function)?;
    let written = write_images(workspace, sdk, function, &Base::Minimal)?;
    let mut report = check(&data, &products)?;
    let online = match osv {
        None => OsvOutcome::Skipped,
        Some(address) => {
            print_status("querying OSV");
            query_osv(&data, &products, address, OSV_TIMEOUT, &mut report)
        }
    };
    let documents = write(&report, &written)?;
    Ok(AuditOutput::new(&data, &products, report, online, documents))
}

pub fn products(sdk: &Sdk, function: &Function) -> Result<[Product; 2]> {
    let libraries: FileTree = function.required_libraries()?;
    let contents = sbom::function_sbom(sdk, function, &libraries)?;
    Ok([
        Product {
            name: function.package.name.clone(),
            components: audited_components(&contents)?,
            imports: Some(imported_functions(function.path())?),
        },
        Product {
            name: SDK_NAME.to_owned(),
            components: audited_components(&sbom::sdk_sbom(sdk)?)?,
            imports: None,
        },
    ])
}

/// Queries OSV at `address` about all components, and adds vulnerabilities that are not in the data to the report.
pub fn query_osv(
    data: &AdvisoryDatabase,
    products: &[Product],
    address: &str,
    timeout: Duration,
    report: &mut Report,
) -> OsvOutcome {
    let parts = distinct_components(products);
    let known = match Osv::new(address, timeout).query(data, &parts) {
        Ok(known) => known,
        Err(error) => {
            let reason = format!("{error:#}");
            return OsvOutcome::Failed { reason };
        }
    };
    let mut disputed = Vec::new();
    for entry in known {
        let part = &parts[entry.component];
        let named = |name: &str| entry.id == name || entry.aliases.iter().any(|alias| alias == name);
        let mut about = data.advisories_for(&part.base_purl);
        let advisory = about.find(|advisory| advisory.names().any(named));
        if let Some(advisory) = advisory {
            let is_unaffected = |finding: &&Finding| {
                finding.id == advisory.id
                    && finding.component == *part
                    && finding.fixed_in.is_none()
                    && finding.status != Status::Affected
            };
            let dispute = report.findings.iter().find(is_unaffected);
            if dispute.is_some_and(|finding| !data.is_justified(&finding.id, &part.base_purl)) {
                disputed.push(format!("{part}: {}", advisory.id));
            }
            continue;
        }
        for product in products.iter().filter(|it| it.components.contains(part)) {
            report.findings.push(Finding {
                product: product.name.clone(),
                component: part.clone(),
                id: entry.id.clone(),
                aliases: entry.aliases.clone(),
                summary: entry.summary.clone(),
                source: format!("https://osv.dev/vulnerability/{}", entry.id),
                fixed_in: None,
                status: Status::Affected,
            });
        }
    }
    OsvOutcome::Queried {
        components: osv::count_queryable_components(data, &parts),
        total: parts.len(),
        disputed,
    }
}

fn write(report: &Report, images: &WrittenImages) -> Result<Vec<PathBuf>> {
    let time = source_date::source_date_epoch()?;
    let mut documents = Vec::new();
    for image in images.all() {
        let (name, digest) = (image.layout.image().name(), image.layout.image().digest());
        let findings = report.findings.iter().filter(|it| it.product == name);
        let product = purl("oci", None, (name, &digest.to_string()), &[])?;
        let document = vex::document(name, &product, &findings.collect::<Vec<_>>(), time)?;
        let path = image.sbom.with_file_name(format!("{name}.vex.json"));
        atomic::write(&path, &document)?;
        documents.push(path);
    }
    Ok(documents)
}

#[cfg(test)]
mod tests;
