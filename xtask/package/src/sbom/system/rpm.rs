//! Queries to the package manager of Amazon Linux, Fedora and their relatives.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use support::run::{Shell, cmd};

use super::package::{Package, non_empty, query};
use super::root::Root;

/// The fields queried for a file's package, separated by tabs.
const FIELDS: &str = "%{NAME}\t%{VERSION}-%{RELEASE}\t%{ARCH}\t%{SOURCERPM}\t%{VENDOR}\t%{URL}\t\
                      %{LICENSE}\n";

pub(super) fn owners(files: &[PathBuf], root: &Root) -> Result<BTreeMap<PathBuf, Package>> {
    let (sh, options) = (Shell::new()?, &root.rpm_options());
    let mut owners = BTreeMap::new();
    for file in files {
        for name in root.path_aliases(file) {
            let command = cmd!(sh, "rpm {options...} --query --queryformat {FIELDS} --file {name}");
            let Some(text) = query(command)? else {
                return Ok(owners);
            };
            if let Some(mut package) = parse(&text) {
                package.license_files = license_files(&package.name, root)?;
                owners.insert(file.clone(), package);
                break;
            }
        }
    }
    Ok(owners)
}

/// Parses the first line with [`FIELDS`]; for a file without a package rpm prints a sentence.
fn parse(text: &str) -> Option<Package> {
    text.lines().find_map(|line| {
        let fields: Vec<_> = line.split('\t').collect();
        let &[name, version, architecture, source, vendor, home, license] = fields.as_slice() else {
            return None;
        };
        Some(Package {
            kind: "rpm",
            name: name.to_owned(),
            version: version.to_owned(),
            architecture: architecture.to_owned(),
            source: non_empty(source),
            supplier: non_empty(vendor).map(|vendor| format!("Organization: {vendor}")),
            homepage: non_empty(home),
            license: non_empty(license),
            ..Package::default()
        })
    })
}

fn license_files(package: &str, root: &Root) -> Result<Vec<PathBuf>> {
    let (sh, options) = (Shell::new()?, &root.rpm_options());
    let listed = query(cmd!(sh, "rpm {options...} --query --licensefiles {package}"))?.unwrap_or_default();
    let files = listed.lines().map(Path::new).filter(|path| path.is_absolute());
    Ok(files
        .map(|path| root.file(path))
        .filter(|path| path.is_file())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rpm_package_fields_are_parsed() {
        let line = "glibc\t2.34-117.amzn2023\tx86_64\tglibc-2.34-117.amzn2023.src.rpm\t\
                    Amazon Linux\thttp://www.gnu.org/software/glibc/\tLGPL-2.1-or-later\n";
        let package = parse(line).unwrap();
        assert_eq!(package.name, "glibc");
        assert_eq!(package.version, "2.34-117.amzn2023");
        assert_eq!(package.supplier.as_deref(), Some("Organization: Amazon Linux"));
        assert_eq!(package.license.as_deref(), Some("LGPL-2.1-or-later"));
        let empty = parse("a\t1-1\tnoarch\t(none)\t(none)\t\tMIT\n").unwrap();
        assert_eq!((empty.source, empty.supplier, empty.homepage), (None, None, None));
    }

    #[test]
    fn file_without_package_is_none() {
        assert_eq!(parse("file /etc/x is not owned by any package\n"), None);
        assert_eq!(parse(""), None);
    }
}
