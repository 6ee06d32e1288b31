//! The libraries to link, in link order (a static linker requires each library before its dependencies), and their
//! dependencies, from the targets that cmake exported with the installed libraries.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use fs_err as fs;

#[derive(Debug, PartialEq, Eq)]
pub struct LinkList {
    /// Static libraries in link order: link name and installed file.
    pub libraries: Vec<(String, PathBuf)>,
    pub system: Vec<String>,
    /// Direct dependencies of each static library, static and system ones, by link names.
    pub dependencies: BTreeMap<String, Vec<String>>,
}

impl LinkList {
    pub fn read(prefix: &Path) -> Result<Self> {
        let folder = prefix.join("lib/cmake/opencv4");
        let targets = fs::read_to_string(folder.join("OpenCVModules.cmake"))?;
        let files = fs::read_to_string(folder.join("OpenCVModules-release.cmake"))?;
        Self::parse(&targets, &files, prefix)
    }

    fn parse(targets: &str, files: &str, prefix: &Path) -> Result<Self> {
        let dependencies = target_properties(targets, "INTERFACE_LINK_LIBRARIES");
        let locations = target_properties(files, "IMPORTED_LOCATION_RELEASE");
        ensure!(!locations.is_empty(), "cmake exported no libraries");

        let mut order = LinkOrder {
            dependencies: &dependencies,
            locations: &locations,
            finished: Vec::new(),
            system: Vec::new(),
            edges: BTreeMap::new(),
        };
        // Start from the modules: cmake also exports third-party libraries that no module of the recipe needs, and
        // those it did not build.
        for target in locations.keys().filter(|name| name.starts_with("opencv_")) {
            order.visit(target);
        }
        order.finished.reverse();
        let mut libraries = Vec::new();
        for target in &order.finished {
            let location = locations[target].replace("${_IMPORT_PREFIX}", "");
            let file = prefix.join(location.trim_start_matches('/'));
            libraries.push((link_name(target).to_owned(), file));
        }
        order.system.sort();
        Ok(Self {
            libraries,
            system: order.system,
            dependencies: order.edges,
        })
    }
}

/// The link name of a target. OpenCV's targets for bundled libraries have names such as `libpng`, and their files
/// `liblibpng.a`.
pub(crate) fn link_name(target: &str) -> &str {
    target.strip_prefix("lib").unwrap_or(target)
}

struct LinkOrder<'a> {
    dependencies: &'a BTreeMap<String, String>,
    locations: &'a BTreeMap<String, String>,
    /// The targets in topological order: each target after its dependencies.
    finished: Vec<String>,
    system: Vec<String>,
    edges: BTreeMap<String, Vec<String>>,
}

impl LinkOrder<'_> {
    fn visit(&mut self, target: &str) {
        if self.finished.iter().any(|done| done == target) {
            return;
        }
        let dependencies = self.dependencies.get(target).cloned().unwrap_or_default();
        let mut direct: Vec<String> = Vec::new();
        for need in dependencies.split(';') {
            let need = need
                .trim_start_matches("\\$<LINK_ONLY:")
                .trim_end_matches('>')
                .trim_start_matches("-l");
            if need.is_empty() {
                continue;
            }
            let mut name = need;
            if self.locations.contains_key(need) {
                self.visit(need);
                name = link_name(need);
            } else if !self.system.iter().any(|known| known == need) {
                self.system.push(need.to_owned());
            }
            // cmake repeats some dependencies.
            if !direct.iter().any(|known| known == name) {
                direct.push(name.to_owned());
            }
        }
        self.edges.insert(link_name(target).to_owned(), direct);
        self.finished.push(target.to_owned());
    }
}

/// The values of one property in cmake's `set_target_properties(TARGET PROPERTIES …)` calls.
fn target_properties(text: &str, property: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for call in text.split("set_target_properties(").skip(1) {
        let Some((target, rest)) = call.split_once(' ') else {
            continue;
        };
        let body = rest.split("\n)").next().unwrap_or_default();
        let value = body
            .split_once(&format!("{property} \""))
            .and_then(|(_, value)| value.split_once('"'));
        if let Some((value, _)) = value {
            found.insert(target.to_owned(), value.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGETS: &str = r#"
set_target_properties(libpng PROPERTIES
  INTERFACE_LINK_LIBRARIES "zlib"
)
set_target_properties(opencv_core PROPERTIES
  INTERFACE_LINK_LIBRARIES "\$<LINK_ONLY:pthread>;\$<LINK_ONLY:dl>;\$<LINK_ONLY:zlib>"
)
set_target_properties(opencv_imgcodecs PROPERTIES
  INTERFACE_LINK_LIBRARIES "opencv_core;opencv_core;\$<LINK_ONLY:dl>;\$<LINK_ONLY:libpng>"
)
"#;

    fn files() -> String {
        let file = |target: &str, path: &str| {
            format!(
                "set_target_properties({target} PROPERTIES\n  \
                 IMPORTED_LOCATION_RELEASE \"${{_IMPORT_PREFIX}}/lib/{path}\"\n  )\n"
            )
        };
        file("zlib", "opencv4/3rdparty/libzlib.a")
            + &file("libpng", "opencv4/3rdparty/liblibpng.a")
            + &file("libwebp", "opencv4/3rdparty/liblibwebp.a")
            + &file("opencv_core", "libopencv_core.a")
            + &file("opencv_imgcodecs", "libopencv_imgcodecs.a")
    }

    #[test]
    fn libraries_come_before_their_dependencies() {
        let list = LinkList::parse(TARGETS, &files(), Path::new("/sdk")).unwrap();
        let names: Vec<_> = list.libraries.iter().map(|(name, _)| name.as_str()).collect();
        let at = |name| names.iter().position(|n| *n == name).unwrap();
        // No target here needs libwebp.
        assert_eq!(names.len(), 4, "{names:?}");
        assert!(at("opencv_imgcodecs") < at("opencv_core"));
        assert!(at("opencv_imgcodecs") < at("png"));
        assert!(at("opencv_core") < at("zlib") && at("png") < at("zlib"));
        assert_eq!(list.system, ["dl", "pthread"]);
        let (_, png) = &list.libraries[at("png")];
        assert_eq!(png, Path::new("/sdk/lib/opencv4/3rdparty/liblibpng.a"));
    }

    #[test]
    fn dependencies_use_link_names() {
        let list = LinkList::parse(TARGETS, &files(), Path::new("/sdk")).unwrap();
        let dependencies = |name: &str| list.dependencies[name].join(" ");
        assert_eq!(dependencies("opencv_imgcodecs"), "opencv_core dl png");
        assert_eq!(dependencies("opencv_core"), "pthread dl zlib");
        assert_eq!(dependencies("png"), "zlib");
        assert_eq!(dependencies("zlib"), "");
        assert_eq!(list.dependencies.len(), list.libraries.len());
    }

    #[test]
    fn empty_export_is_an_error() {
        assert!(LinkList::parse("", "", Path::new("/sdk")).is_err());
    }
}
