//! Components of an SBOM as advisories identify them: by a package URL without a version. A distribution's package is
//! identified by its source package and release, which is what distributions fix.

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Result};
use fs_err as fs;
use object::{Object, ObjectSymbol};
use packageurl::PackageUrl;
use serde::Serialize;

use package::sbom::{Component, ComponentKind, Sbom};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct AuditedComponent {
    pub name: String,
    /// Its package URL without a version.
    pub base_purl: String,
    pub version: String,
    /// Its package URL in the SBOM, which VEX documents refer to.
    pub purl: Option<String>,
}

impl AuditedComponent {
    pub fn new(name: &str, base_purl: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            base_purl: base_purl.to_owned(),
            version: version.to_owned(),
            purl: None,
        }
    }

    /// Whether it is a package of the build machine's distribution.
    pub fn is_package(&self) -> bool {
        let kinds = ["pkg:deb/", "pkg:rpm/"];
        kinds.iter().any(|kind| self.base_purl.starts_with(kind))
    }

    /// Converts a component of an SBOM. `None` for base images, which have their own SBOM, and for this project's
    /// programs.
    fn of(component: &Component) -> Result<Option<Self>> {
        let named = |kind: &str| format!("pkg:{kind}/{}", component.name);
        let mut version = component.version.clone().unwrap_or_default();
        let name = match (component.kind, &component.purl) {
            (ComponentKind::Image | ComponentKind::Program, _) => return Ok(None),
            (_, Some(purl)) => {
                let (name, of) = unversioned(purl, component)?;
                version = of.unwrap_or(version);
                name
            }
            // A crate that we have modified has the vulnerabilities of the original.
            (ComponentKind::Crate, None) => named("cargo"),
            (_, None) => named("generic"),
        };
        Ok(Some(Self {
            name: component.name.clone(),
            base_purl: name,
            version,
            purl: component.purl.clone(),
        }))
    }
}

impl Display for AuditedComponent {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

/// A package URL without its version, and the source package's version for a distribution's package.
fn unversioned(purl: &str, component: &Component) -> Result<(String, Option<String>)> {
    let read = PackageUrl::from_str(purl);
    let read = read.with_context(|| format!("`{purl}` is not a package URL"))?;
    let source = component.source_package.as_ref();
    let name = source.map_or(read.name(), |(name, _)| name);
    let mut plain = PackageUrl::new(read.ty().to_owned(), name.to_owned())?;
    if let Some(namespace) = read.namespace() {
        plain.with_namespace(namespace.to_owned())?;
    }
    if let Some(release) = read.qualifiers().get("distro") {
        plain.add_qualifier("distro", release.to_string())?;
    }
    let version = source.map(|(_, version)| version.clone());
    Ok((plain.to_string(), version))
}

pub fn audited_components(sbom: &Sbom) -> Result<Vec<AuditedComponent>> {
    let parts = sbom.components.iter().map(AuditedComponent::of);
    let mut parts: Vec<_> = parts.filter_map(Result::transpose).collect::<Result<_>>()?;
    parts.sort();
    Ok(parts)
}

pub fn imported_functions(program: &Path) -> Result<BTreeSet<String>> {
    let shown = program.display();
    let bytes = fs::read(program)?;
    let file = object::File::parse(&*bytes).with_context(|| format!("failed to read `{shown}`"))?;
    let symbols = file.dynamic_symbols().filter(ObjectSymbol::is_undefined);
    let names = symbols.filter_map(|symbol| symbol.name().ok().map(str::to_owned));
    Ok(names.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(component: &Component) -> Option<AuditedComponent> {
        AuditedComponent::of(component).unwrap()
    }

    #[test]
    fn components_are_identified_by_package_url() {
        let webp = Component {
            version: Some("1.2.0".to_owned()),
            purl: Some("pkg:generic/libwebp@1.2.0".to_owned()),
            ..Component::new(ComponentKind::Library, "libwebp", "libwebp")
        };
        let found = part(&webp).unwrap();
        assert_eq!(
            (found.base_purl.as_str(), found.version.as_str()),
            ("pkg:generic/libwebp", "1.2.0")
        );
        let own = Component::new(ComponentKind::Program, "function", "function");
        assert_eq!(part(&own), None);
        let changed = Component::new(ComponentKind::Crate, "ring", "ring");
        assert_eq!(part(&changed).unwrap().base_purl, "pkg:cargo/ring");
    }

    #[test]
    fn packages_are_identified_by_source_and_release() {
        let libc = Component {
            version: Some("2.36-9+deb12u14+b1".to_owned()),
            purl: Some("pkg:deb/debian/libc6@2.36-9%2Bdeb12u14%2Bb1?arch=amd64&distro=debian-12".to_owned()),
            source_package: Some(("glibc".to_owned(), "2.36-9+deb12u14".to_owned())),
            ..Component::new(ComponentKind::Package, "deb-libc6-amd64", "libc6")
        };
        let found = part(&libc).unwrap();
        assert_eq!(found.base_purl, "pkg:deb/debian/glibc?distro=debian-12");
        assert_eq!(found.version, "2.36-9+deb12u14");
        assert!(found.is_package());
    }

    #[test]
    fn undefined_symbols_are_imports() {
        let found = imported_functions(Path::new("/proc/self/exe")).unwrap();
        assert!(found.contains("malloc") && !found.contains("main"), "{found:?}");
    }
}
