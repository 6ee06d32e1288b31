//! The packages of a distribution that own files, from dpkg, then from rpm: this machine's, or those in another root
//! folder. A folder with neither, or a file that no package owns, is not an error: the file's origin is then missing from
//! the SBOM.

mod dpkg;
mod package;
mod root;
mod rpm;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use fs_err as fs;

use super::component::{Component, ComponentKind, purl};
use super::license::{self, LicenseText};
use package::{Package, non_empty};
use root::Root;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileOwners {
    pub packages: Vec<Component>,
    pub by_file: BTreeMap<PathBuf, String>,
}

/// The owners of `files`, which are in the root folder `root`: `/` for this machine's own.
pub fn file_owners(files: &[PathBuf], root: &Path) -> Result<FileOwners> {
    let (root, mut found) = (&Root::new(root), BTreeMap::new());
    for query in [dpkg::owners, rpm::owners] {
        let missing = files.iter().filter(|file| !found.contains_key(*file));
        let missing: Vec<_> = missing.cloned().collect();
        if !missing.is_empty() {
            found.extend(query(&missing, root)?);
        }
    }
    let distribution = distribution(root);
    let mut owners = FileOwners::default();
    for (file, package) in found {
        let component = package.component(&distribution)?;
        owners.by_file.insert(file, component.id.clone());
        if !owners.packages.contains(&component) {
            owners.packages.push(component);
        }
    }
    Ok(owners)
}

/// Splits a source package into name and version: dpkg's are separated by a space, rpm's is a file name.
fn parse_source_package(source: &str) -> Option<(String, String)> {
    let own = |(name, version): (&str, &str)| (name.to_owned(), version.to_owned());
    if let Some(file) = source.strip_suffix(".src.rpm") {
        let (end, _) = file.rmatch_indices('-').nth(1)?;
        return Some(own((&file[..end], &file[end + 1..])));
    }
    source.split_once(' ').map(own)
}

impl Package {
    fn component(&self, (id, release): &Distribution) -> Result<Component> {
        let mut qualifiers = vec![("arch", self.architecture.as_str())];
        qualifiers.extend(release.iter().map(|release| ("distro", release.as_str())));
        let package = (self.name.as_str(), self.version.as_str());
        let url = purl(self.kind, id.as_deref(), package, &qualifiers)?;
        let license = self.license.as_deref().and_then(license::normalize_expression);
        let id = format!("{}-{}-{}", self.kind, self.name, self.architecture);
        let source = self.source.as_ref();
        let texts = self.license_files.iter().map(|path| LicenseText::read(path));
        Ok(Component {
            version: Some(self.version.clone()),
            supplier: self.supplier.clone(),
            homepage: self.homepage.clone(),
            license,
            purl: Some(url),
            source_info: source.map(|source| format!("built from the source package {source}")),
            source_package: source.and_then(|source| parse_source_package(source)),
            license_texts: texts.collect::<Result<_>>()?,
            ..Component::new(ComponentKind::Package, &id, &self.name)
        })
    }
}

/// A Linux distribution and its release: `debian` and `debian-12`.
type Distribution = (Option<String>, Option<String>);

/// That of the root folder, or else of this machine, from whose distribution our own root folders are.
fn distribution(root: &Root) -> Distribution {
    let names = ["/etc/os-release", "/usr/lib/os-release"].map(Path::new);
    let text = names.iter().find_map(|name| fs::read_to_string(root.file(name)).ok());
    parse_os_release(&text.unwrap_or_default())
}

/// Parses lines such as `ID=debian`: <https://www.freedesktop.org/software/systemd/man/os-release.html>.
fn parse_os_release(os_release: &str) -> Distribution {
    let value = |key: &str| {
        let mut lines = os_release.lines();
        let value = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
        non_empty(value.trim_matches(['"', '\'']))
    };
    let id = value("ID");
    let release = id.as_ref().zip(value("VERSION_ID"));
    let release = release.map(|(id, version)| format!("{id}-{version}"));
    (id, release)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_url_contains_the_distribution() {
        let distribution = parse_os_release("NAME=\"Amazon Linux\"\nID=\"amzn\"\nVERSION_ID=\"2023\"\n");
        let package = Package {
            kind: "rpm",
            name: "glibc".to_owned(),
            version: "2.34-117.amzn2023".to_owned(),
            architecture: "x86_64".to_owned(),
            source: Some("glibc-2.34-117.amzn2023.src.rpm".to_owned()),
            license: Some("LGPLv2+ and LGPLv2+ with exceptions".to_owned()),
            ..Package::default()
        };
        let component = package.component(&distribution).unwrap();
        assert_eq!(component.id, "rpm-glibc-x86-64");
        assert_eq!(
            component.purl.as_deref(),
            Some("pkg:rpm/amzn/glibc@2.34-117.amzn2023?arch=x86_64&distro=amzn-2023")
        );
        assert_eq!(component.license, None);
        assert_eq!(super::parse_os_release(""), (None, None));
    }

    #[test]
    fn source_package_is_split_into_name_and_version() {
        let pair = |name: &str, version: &str| Some((name.to_owned(), version.to_owned()));
        assert_eq!(
            parse_source_package("glibc 2.36-9+deb12u14"),
            pair("glibc", "2.36-9+deb12u14")
        );
        assert_eq!(
            parse_source_package("gcc-toolset-2.34-117.amzn2023.src.rpm"),
            pair("gcc-toolset", "2.34-117.amzn2023")
        );
        assert_eq!(
            (parse_source_package("glibc"), parse_source_package("glibc.src.rpm")),
            (None, None)
        );
    }

    #[test]
    fn file_without_package_is_not_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let owners = file_owners(&[file.path().to_owned()], Path::new("/")).unwrap();
        assert_eq!(owners, FileOwners::default());
    }
}
