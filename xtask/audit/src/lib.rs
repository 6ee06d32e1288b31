//! `cargo xtask audit`: what is known of vulnerabilities in what we ship, from the files in
//! `xtask/audit/data` and from OSV, and what of it does harm; also as a VEX document beside each
//! bill of materials.
//!
//! ```text
//! bills ▶ parts ┐
//! data files    ├▶ check ▶ report ┬▶ answer
//! OSV           ┘                 └▶ VEX
//! ```

#![expect(missing_docs, reason = "names that say all need no comment here")]

mod answer;
mod check;
mod data;
mod order;
mod osv;
mod part;
mod range;
mod vex;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use layer::elf::FunctionBinary;
use layer::{FileTree, glibc};
use opencv_build::Sdk;
use support::progress::tell;

pub use answer::AuditAnswer;
use answer::Online;
use check::components;
pub use check::{Finding, Product, Report, Status, check};
pub use data::Data;
use osv::Osv;
pub use part::Part;
use part::{imports, parts};

use package::build::{self, Build};
use package::build_function::built;
use package::pack::base::Base;
use package::pack::{FUNCTION, Images, date, images};
use package::sbom::{self, purl};
use package::workspace::Workspace;
use support::atomic;

use support::answer::print;

/// How long OSV may take for all of its answers.
const PATIENCE: Duration = Duration::from_secs(60);

const SDK: &str = "opencv-sdk";

#[derive(clap::Args, Clone, Debug, Default)]
// Two structs of the same name would be one group of options.
#[group(skip)]
pub struct Arguments {
    #[command(flatten)]
    pub build: build::Arguments,

    /// Do not ask OSV: only what the files in xtask/audit/data know
    #[arg(long)]
    pub offline: bool,

    /// Ask this server instead of OSV
    #[arg(long, value_name = "URL", default_value = osv::ADDRESS, hide = true)]
    pub osv: String,
}

/// Checks what is shipped and prints what was found. Fails if something is vulnerable, if nobody
/// watches a component, or if OSV could not be asked.
pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    let build = Build::read(&arguments.build)?;
    let (sdk, binary) = built(&build)?;
    let osv = (!arguments.offline).then_some(arguments.osv.as_str());
    let answer = perform(&build.workspace, &sdk, &binary, osv)?;
    print(&answer, json)?;
    match answer.failures() {
        failures if failures.is_empty() => Ok(()),
        failures => bail!("{}", failures.join("; ")),
    }
}

/// Checks the images, which are written for it, with OSV at that address if there is one.
pub fn perform(
    workspace: &Workspace,
    sdk: &Sdk,
    binary: &FunctionBinary,
    osv: Option<&str>,
) -> Result<AuditAnswer> {
    let data = Data::embedded()?;
    let products = products(workspace, sdk, binary)?;
    let written = images(workspace, sdk, binary, &Base::Minimal)?;
    let mut report = check(&data, &products)?;
    let online = match osv {
        None => Online::Skipped,
        Some(address) => {
            tell("asking OSV");
            ask(&data, &products, address, PATIENCE, &mut report)
        }
    };
    let documents = write(&report, &written)?;
    Ok(AuditAnswer::new(
        &data, &products, report, online, documents,
    ))
}

pub fn products(workspace: &Workspace, sdk: &Sdk, binary: &FunctionBinary) -> Result<[Product; 2]> {
    let libraries: FileTree = glibc::needed_by(binary)?;
    let function = sbom::of_function(workspace, sdk, binary, &libraries)?;
    Ok([
        Product {
            name: FUNCTION,
            parts: parts(&function)?,
            imports: Some(imports(binary.path())?),
        },
        Product {
            name: SDK,
            parts: parts(&sbom::of_sdk(sdk)?)?,
            imports: None,
        },
    ])
}

/// Asks OSV at `address` about all components, and adds to the report what the data does not know.
pub fn ask(
    data: &Data,
    products: &[Product],
    address: &str,
    patience: Duration,
    report: &mut Report,
) -> Online {
    let parts = components(products);
    let known = match Osv::at(address, patience).ask(data, &parts) {
        Ok(known) => known,
        Err(error) => {
            let reason = format!("{error:#}");
            return Online::Failed { reason };
        }
    };
    let mut disputed = Vec::new();
    for entry in known {
        let part = &parts[entry.part];
        let named =
            |name: &str| entry.id == name || entry.aliases.iter().any(|alias| alias == name);
        let mut about = data.about(&part.component);
        let advisory = about.find(|advisory| advisory.names().any(named));
        if let Some(advisory) = advisory {
            let harmless = |finding: &&Finding| {
                finding.id == advisory.id
                    && finding.part == *part
                    && finding.fixed_in.is_none()
                    && finding.status != Status::Affected
            };
            let dispute = report.findings.iter().find(harmless);
            if dispute.is_some_and(|finding| !data.is_justified(&finding.id, &part.component)) {
                disputed.push(format!("{part}: {}", advisory.id));
            }
            continue;
        }
        for product in products.iter().filter(|it| it.parts.contains(part)) {
            report.findings.push(Finding {
                product: product.name,
                part: part.clone(),
                id: entry.id.clone(),
                aliases: entry.aliases.clone(),
                what: entry.what.clone(),
                source: format!("https://osv.dev/vulnerability/{}", entry.id),
                fixed_in: None,
                status: Status::Affected,
            });
        }
    }
    Online::Asked {
        components: osv::covered(data, &parts),
        of: parts.len(),
        disputed,
    }
}

fn write(report: &Report, images: &Images) -> Result<Vec<PathBuf>> {
    let time = date::source_date_epoch()?;
    let mut documents = Vec::new();
    for image in images.all() {
        let (name, digest) = (image.layout.image().name(), image.layout.image().digest());
        let findings = report.findings.iter().filter(|it| it.product == name);
        let product = purl("oci", None, (name, &digest.to_string()), &[])?;
        let document = vex::document(name, &product, &findings.collect::<Vec<_>>(), time)?;
        let path = image.bill.with_file_name(format!("{name}.vex.json"));
        atomic::write(&path, &document)?;
        documents.push(path);
    }
    Ok(documents)
}

#[cfg(test)]
mod tests;
