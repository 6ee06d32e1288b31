//! Queries to the package manager of Debian and its derivatives.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use fs_err as fs;
use support::run::{Shell, cmd};

use super::package::{Package, non_empty, query};
use super::root::Root;

/// Licences to which packages refer instead of including them.
const COMMON: &str = "/usr/share/common-licenses";

/// The fields queried for each package, separated by tabs.
const FIELDS: &str = "${binary:Package}\t${Package}\t${Version}\t${Architecture}\t\
                      ${source:Package}\t${source:Version}\t${Maintainer}\t${Homepage}\n";

pub(super) fn owners(files: &[PathBuf], root: &Root) -> Result<BTreeMap<PathBuf, Package>> {
    let (sh, all) = (Shell::new()?, files.iter().flat_map(|file| root.path_aliases(file)));
    let options = &root.dpkg_options();
    let Some(found) = query(cmd!(sh, "dpkg-query {options...} --search {all...}"))? else {
        return Ok(BTreeMap::new());
    };
    let found = parse_search(&found);
    let mut packages: Vec<_> = found.values().collect();
    packages.sort();
    packages.dedup();
    if packages.is_empty() {
        return Ok(BTreeMap::new());
    }
    let show = cmd!(sh, "dpkg-query {options...} --show --showformat {FIELDS} {packages...}");
    let described = parse_show(&query(show)?.unwrap_or_default())?;
    let mut owners = BTreeMap::new();
    for file in files {
        let package = root.path_aliases(file).iter().find_map(|name| found.get(name));
        if let Some(package) = package.and_then(|name| described.get(name)) {
            let mut package = package.clone();
            package.license_files = license_files(&package.name, root)?;
            owners.insert(file.clone(), package);
        }
    }
    Ok(owners)
}

/// Parses lines such as `libc6:amd64: /lib/libc.so.6`; uses the first of several packages.
fn parse_search(text: &str) -> BTreeMap<PathBuf, String> {
    let lines = text.lines().filter(|line| !line.starts_with("diversion "));
    let found = lines.filter_map(|line| {
        let (packages, file) = line.split_once(": ")?;
        let package = packages.split(", ").next()?;
        Some((PathBuf::from(file), package.to_owned()))
    });
    found.collect()
}

/// Parses lines with [`FIELDS`]; the keys are the names in the output of `--search`.
fn parse_show(text: &str) -> Result<BTreeMap<String, Package>> {
    let mut packages = BTreeMap::new();
    for line in text.lines() {
        let fields: Vec<_> = line.split('\t').collect();
        let &[unique, name, version, architecture, source, of, maintainer, home] = fields.as_slice() else {
            bail!("dpkg-query printed `{line}`, which does not have the requested fields");
        };
        let package = Package {
            kind: "deb",
            name: name.to_owned(),
            version: version.to_owned(),
            architecture: architecture.to_owned(),
            source: non_empty(source).map(|source| format!("{source} {of}")),
            supplier: non_empty(maintainer).map(|maintainer| supplier(&maintainer)),
            homepage: non_empty(home),
            // Debian's packages contain licences only as texts.
            ..Package::default()
        };
        packages.insert(unique.to_owned(), package);
    }
    Ok(packages)
}

/// Converts a maintainer, `Name <address>`, to SPDX's format.
fn supplier(maintainer: &str) -> String {
    match maintainer.split_once(" <") {
        Some((name, address)) => {
            format!("Organization: {name} ({})", address.trim_end_matches('>'))
        }
        None => format!("Organization: {maintainer}"),
    }
}

/// A package's copyright file, and the licences to which it refers, which are another package: from this machine if the
/// root folder does not have them.
fn license_files(package: &str, root: &Root) -> Result<Vec<PathBuf>> {
    let path = root.file(&Path::new("/usr/share/doc").join(package).join("copyright"));
    if !path.is_file() {
        // An image can be built without documentation.
        return Ok(Vec::new());
    }
    let text = fs::read(&path)?;
    let common = common_licenses(&String::from_utf8_lossy(&text));
    let common = common.iter().map(|name| Path::new(COMMON).join(name));
    let present = common.filter_map(|path| [root.file(&path), path].into_iter().find(|path| path.is_file()));
    Ok([path].into_iter().chain(present).collect())
}

fn common_licenses(text: &str) -> Vec<String> {
    let mut names: Vec<_> = text
        .split(&format!("{COMMON}/"))
        .skip(1)
        .filter_map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"-.".contains(c));
            non_empty(rest[..end.unwrap_or(rest.len())].trim_end_matches('.'))
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dpkg_search_output_is_parsed() {
        let text = "diversion by dash from: /bin/sh\ndash, bash: /bin/sh\n\
                    libc6:amd64: /lib/x86_64-linux-gnu/libc.so.6\n";
        let found = parse_search(text);
        assert_eq!(found[Path::new("/bin/sh")], "dash");
        assert_eq!(found[Path::new("/lib/x86_64-linux-gnu/libc.so.6")], "libc6:amd64");
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn dpkg_package_fields_are_parsed() {
        let line = "libc6:amd64\tlibc6\t2.36-9+deb12u14\tamd64\tglibc\t2.36-9+deb12u14\t\
                    GNU Libc Maintainers <glibc@example.org>\thttps://www.gnu.org/\n";
        let package = &parse_show(line).unwrap()["libc6:amd64"];
        assert_eq!(
            (package.name.as_str(), package.architecture.as_str()),
            ("libc6", "amd64")
        );
        assert_eq!(package.version, "2.36-9+deb12u14");
        assert_eq!(package.source.as_deref(), Some("glibc 2.36-9+deb12u14"));
        let supplier = package.supplier.as_deref();
        assert_eq!(supplier, Some("Organization: GNU Libc Maintainers (glibc@example.org)"));
        assert!(parse_show("libc6\t2.36\n").is_err());
    }

    #[test]
    fn referenced_common_licenses_are_found() {
        let text = "in `/usr/share/common-licenses/LGPL-2.1'.\nSee /usr/share/common-licenses/GPL-2.\n\
                    /usr/share/common-licenses/LGPL-2.1 again";
        assert_eq!(common_licenses(text), ["GPL-2", "LGPL-2.1"]);
    }
}
