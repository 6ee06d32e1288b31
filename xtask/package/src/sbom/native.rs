//! Components from the SDK's `sdk.json`: OpenCV, its third-party libraries and the compiler's runtimes.

use anyhow::{Context, Result};
use opencv_build::{Sdk, ThirdParty, ThirdPartyLocation};

use super::component::{Component, ComponentKind, purl};
use super::license::{self, LicenseText};

pub fn opencv_component(sdk: &Sdk) -> Result<Component> {
    let manifest = sdk.manifest();
    let version = manifest.version.as_str();
    let text = |name: &str| {
        let path = sdk.licenses_dir().join(format!("opencv-{name}"));
        LicenseText::read(&path).map(|text| LicenseText {
            file: name.to_owned(),
            ..text
        })
    };
    let (download, sha256) = manifest.source_download().unzip();
    let modules = manifest.modules.join(", ");
    Ok(Component {
        version: Some(version.to_owned()),
        supplier: Some("Organization: OpenCV".to_owned()),
        homepage: Some("https://opencv.org/".to_owned()),
        license: Some("Apache-2.0".to_owned()),
        purl: Some(purl("github", Some("opencv"), ("opencv", version), &[])?),
        cpe: Some(cpe("opencv", "opencv", version)),
        source_info: Some(format!("compiled from source with only these modules: {modules}")),
        download_url: download.map(str::to_owned),
        sha256: sha256.map(str::to_owned),
        license_texts: vec![text("LICENSE")?, text("COPYRIGHT")?],
        ..Component::new(ComponentKind::Library, "opencv", "opencv")
    })
}

pub fn third_party_components(sdk: &Sdk) -> Result<Vec<(Component, ThirdPartyLocation)>> {
    let parts = sdk.manifest().third_party.iter();
    parts
        .map(|part| Ok((component(part, sdk)?, part.location.clone())))
        .collect()
}

fn component(part: &ThirdParty, sdk: &Sdk) -> Result<Component> {
    let opencv = format!("OpenCV {}", sdk.manifest().version);
    let (kind, origin) = match &part.location {
        ThirdPartyLocation::Library(library) => (
            ComponentKind::Library,
            match &part.source {
                Some(source) => format!("compiled from its copy in the {source} as lib{library}.a"),
                None => format!("compiled from {opencv}'s own copy as lib{library}.a"),
            },
        ),
        ThirdPartyLocation::Module(module) => (ComponentKind::Library, format!("a part of {opencv}'s module {module}")),
        ThirdPartyLocation::Folder(_) => (
            ComponentKind::Data,
            match &part.source {
                Some(source) => format!("from the {source}"),
                None => format!("a part of {opencv}"),
            },
        ),
        ThirdPartyLocation::Runtime(file) => (ComponentKind::Library, format!("linked by zig as {file}")),
    };
    let (named, owner) = (&part.license, &part.name);
    let license = license::normalize_expression(named)
        .with_context(|| format!("the licence `{named}` of {owner} is not in SPDX's list"))?;
    let parts = sdk.manifest().third_party.iter().map(|part| &part.name);
    let parts: Vec<_> = parts.collect();
    let mut texts = Vec::new();
    for file in &part.license_files {
        let text = LicenseText::read(&sdk.path().join(file))?;
        let file = strip_component_name(&text.file, &parts).to_owned();
        texts.push(LicenseText { file, ..text });
    }
    if license::is_gnu(&license) {
        texts.extend(license::standard_texts(&license));
    }
    let version = part.version.as_str();
    let names = part.cpe.as_ref();
    Ok(Component {
        version: Some(version.to_owned()),
        homepage: Some(part.homepage.clone()),
        license: Some(license),
        purl: Some(purl("generic", None, (&part.name, version), &[])?),
        cpe: names.map(|[vendor, product]| cpe(vendor, product, version)),
        source_info: Some(origin),
        license_texts: texts,
        ..Component::new(kind, &part.name, &part.name)
    })
}

/// Removes the component's name from that of a licence file: in the SDK all are in one folder, with names such as
/// `libpng-LICENSE`, and several components can share one.
fn strip_component_name<'a>(file: &'a str, parts: &[&String]) -> &'a str {
    let rests = parts
        .iter()
        .filter_map(|part| file.strip_prefix(part.as_str())?.strip_prefix('-'));
    rests.min_by_key(|rest| rest.len()).unwrap_or(file)
}

/// A CPE 2.3 name of an application.
fn cpe(vendor: &str, product: &str, version: &str) -> String {
    // A CPE escapes all characters except letters, digits, underscores, dots and dashes.
    let quoted = |text: &str| -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        text.chars()
            .flat_map(|c| (!plain(c)).then_some('\\').into_iter().chain([c]))
            .collect()
    };
    let name = [vendor, product, version].map(quoted).join(":");
    format!("cpe:2.3:a:{name}:*:*:*:*:*:*:*")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn component_name_is_stripped_from_license_files() {
        let parts = ["libjpeg", "libjpeg-turbo", "libc++"].map(str::to_owned);
        let parts: Vec<_> = parts.iter().collect();
        assert_eq!(strip_component_name("libjpeg-turbo-README.ijg", &parts), "README.ijg");
        assert_eq!(strip_component_name("libc++-LICENSE.TXT", &parts), "LICENSE.TXT");
        assert_eq!(strip_component_name("COPYING", &parts), "COPYING");
    }

    #[test]
    fn cpe_names_have_all_parts() {
        let name = cpe("libjpeg-turbo", "libjpeg-turbo", "2.1.2");
        assert_eq!(name, "cpe:2.3:a:libjpeg-turbo:libjpeg-turbo:2.1.2:*:*:*:*:*:*:*");
        assert_eq!(cpe("a", "b+", "1"), "cpe:2.3:a:a:b\\+:1:*:*:*:*:*:*:*");
    }
}
