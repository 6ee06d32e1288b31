//! Attributes spans of the linked file to a group, a component and a source file, by the path of the input file, its
//! archive member and its symbols.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use fs_err as fs;
use object::{Object, ObjectSection};
use opencv_build::Sdk;
use package::function::PROGRAM_NAME;
use package::function_package::FunctionPackage;

use super::demangle::{self, RustName};
use super::link::members;
use super::link_map::InputSection;
use super::part::Kind;

/// OpenCV's modules and the Rust bindings.
pub const OPENCV: &str = "OpenCV";
/// OpenCV's third-party libraries.
pub const C_LIBRARIES: &str = "C libraries";
/// Third-party crates, and the standard library as `std`.
pub const RUST_CRATES: &str = "Rust crates";
pub const FUNCTION: &str = "function";
/// Code that the compilers link to every program.
pub const CXX_RUNTIME: &str = "C++ runtime";
pub const ELF: &str = "ELF";

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Attribution {
    /// [`OPENCV`] or one of the other constants.
    pub group: String,
    /// A module, library or crate.
    pub component: String,
    /// A source file, or a crate's module.
    pub file: String,
}

impl Attribution {
    pub fn new(group: &str, component: &str, file: &str) -> Self {
        let [group, component, file] = [group, component, file].map(str::to_owned);
        Self { group, component, file }
    }
}

#[derive(Debug)]
pub struct Span {
    pub offset: u64,
    pub size: u64,
    pub attribution: Attribution,
    pub name: String,
    pub kind: Kind,
}

/// What the linked code is from: members of the SDK's libraries, by name, each with its library and its sections,
/// because two libraries can have members of the same name; and the names of the function's own crates.
pub struct LibraryMembers {
    by_name: BTreeMap<String, Vec<Member>>,
    /// The crates of the function's workspace, whose code is the function's own.
    own_crates: Vec<String>,
}

struct Member {
    library: String,
    sections: Vec<(String, u64)>,
}

impl LibraryMembers {
    pub fn new(sdk: &Sdk, package: &FunctionPackage) -> Result<Self> {
        let files = sdk.manifest().libraries.iter();
        let files = files.map(|library| sdk.path().join("lib").join(&library.file));
        Self::of_libraries(files, package.own_crates())
    }

    pub fn of_libraries(paths: impl Iterator<Item = PathBuf>, own_crates: Vec<String>) -> Result<Self> {
        let mut found: BTreeMap<String, Vec<Member>> = BTreeMap::new();
        for path in paths {
            let data = fs::read(&path)?;
            for (name, content) in members(&path, &data)? {
                found.entry(name).or_default().push(Member {
                    library: library_name(&path),
                    sections: sections(content),
                });
            }
        }
        Ok(Self {
            by_name: found,
            own_crates,
        })
    }

    fn is_own(&self, krate: &str) -> bool {
        self.own_crates.iter().any(|own| own == krate)
    }

    /// The library of a member: the only one, or the one whose member has that section.
    fn library(&self, name: &str, section: &str, size: u64) -> Option<&str> {
        let members = self.by_name.get(name)?;
        let has = |member: &&Member| {
            let mut sections = member.sections.iter();
            sections.any(|(name, bytes)| name == section && *bytes == size)
        };
        let fits = members.iter().find(has).or(members.first())?;
        Some(&fits.library)
    }
}

/// The name for `-l`: `opencv_core`, `png`.
pub fn library_name(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    stem.strip_prefix("lib").unwrap_or(&stem).to_owned()
}

fn sections(data: &[u8]) -> Vec<(String, u64)> {
    let Ok(file) = object::File::parse(data) else {
        return Vec::new();
    };
    let named = file.sections().filter_map(|section| {
        let name = section.name().ok()?.to_owned();
        Some((name, section.size()))
    });
    named.collect()
}

pub fn of_library(library: &str, file: &str) -> Attribution {
    match library.strip_prefix("opencv_") {
        Some(module) => Attribution::new(OPENCV, module, file),
        None => {
            // The CMake target is `libpng`, the name for the linker `png`.
            let prefix = if library == "zlib" { "" } else { "lib" };
            Attribution::new(C_LIBRARIES, &format!("{prefix}{library}"), file)
        }
    }
}

/// The attribution of an input section by its file and a mangled symbol; none if the file has code of many crates and
/// the symbol does not contain one.
pub fn of_input_section(input: &InputSection, symbol: &str, members: &LibraryMembers) -> Option<Attribution> {
    let path = Path::new(input.file);
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let member = input.member.and_then(|it| Path::new(it).file_name()?.to_str());
    if file.ends_with(".rcgu.o") {
        return of_rust_symbol(symbol, members);
    }
    if let Some(krate) = file.strip_suffix(".rlib") {
        let krate = krate.trim_start_matches("lib");
        let krate = krate.rsplit_once('-').map_or(krate, |(name, _)| name);
        let member = member.unwrap_or_default();
        return Some(of_rlib_object(krate, member, input, members));
    }
    let source = source_file(member.unwrap_or(&file));
    let component = match &*file {
        "libc++.a" => "libc++",
        "libc++abi.a" => "libc++abi",
        "libunwind.a" => "libunwind",
        "libcompiler_rt.a" => "compiler-rt",
        "libc_nonshared.a" => "glibc, static part",
        "Scrt1.o" | "crt1.o" | "crti.o" | "crtn.o" => "start of the program",
        _ => {
            let library = library_name(path);
            if input.member.is_some() && members.by_name.values().flatten().any(|m| m.library == library) {
                return Some(of_library(&library, source));
            }
            "other files"
        }
    };
    Some(Attribution::new(CXX_RUNTIME, component, source))
}

fn of_rlib_object(krate: &str, member: &str, input: &InputSection, members: &LibraryMembers) -> Attribution {
    if let Some(library) = members.library(member, input.section, input.size) {
        return of_library(library, source_file(member));
    }
    let file = without_hash(source_file(member));
    match krate {
        "opencv" => Attribution::new(OPENCV, "bindings", file),
        "compiler_builtins" => Attribution::new(RUST_CRATES, "std", krate),
        own if members.is_own(own) => Attribution::new(FUNCTION, "C and C++", file),
        _ => Attribution::new(RUST_CRATES, krate, file),
    }
}

fn of_rust_symbol(symbol: &str, members: &LibraryMembers) -> Option<Attribution> {
    let Some(name) = demangle::rust(symbol) else {
        return of_unmangled_symbol(symbol);
    };
    let attribution = match name.krate.as_str() {
        // The symbols of the allocator and the panic handler, which rustc generates for every program.
        "__rustc" => Attribution::new(RUST_CRATES, "std", "alloc"),
        own if members.is_own(own) => of_function(&name),
        krate => Attribution::new(RUST_CRATES, krate, &name.module),
    };
    Some(attribution)
}

/// The function's own code, or an embedded model, by the name of its static.
fn of_function(name: &RustName) -> Attribution {
    match name.name.rsplit_once("packed_models::") {
        Some((_, "YUNET")) => Attribution::new(FUNCTION, "YuNet", "packed"),
        Some((_, cascade)) => Attribution::new(FUNCTION, "cascades", &cascade.to_ascii_lowercase()),
        None => Attribution::new(FUNCTION, "Rust", &name.module),
    }
}

/// Unmangled symbols that rustc generates: the program's entry point, and the function that unwinding calls.
fn of_unmangled_symbol(symbol: &str) -> Option<Attribution> {
    match symbol.trim_start_matches(".text.") {
        "main" => Some(Attribution::new(FUNCTION, "Rust", PROGRAM_NAME)),
        "rust_eh_personality" => Some(Attribution::new(RUST_CRATES, "std", "std")),
        _ => None,
    }
}

/// The source file of an object file: `resize.cpp` of `resize.cpp.o`.
pub fn source_file(object: &str) -> &str {
    object.strip_suffix(".o").unwrap_or(object)
}

/// `grey` of `5c6be0fc9dfd2e6c-grey`.
fn without_hash(file: &str) -> &str {
    match file.split_once('-') {
        Some((hash, name)) if hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => name,
        _ => file,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(file: &str, member: Option<&str>, section: &str, symbol: &str) -> Option<Attribution> {
        let member_of = |library: &str, size| Member {
            library: library.to_owned(),
            sections: vec![(".text.f".to_owned(), size)],
        };
        let members = LibraryMembers {
            own_crates: vec!["function".to_owned(), "bootstrap".to_owned()],
            by_name: [
                ("resize.cpp.o", vec![member_of("opencv_imgproc", 1)]),
                (
                    "utils.cpp.o",
                    vec![member_of("opencv_core", 1), member_of("opencv_imgcodecs", 2)],
                ),
                ("png.c.o", vec![member_of("png", 1)]),
            ]
            .into_iter()
            .map(|(name, list)| (name.to_owned(), list))
            .collect(),
        };
        let input = InputSection {
            file,
            member,
            section,
            address: 0,
            size: 2,
            symbols: Vec::new(),
        };
        of_input_section(&input, symbol, &members)
    }

    #[test]
    fn objects_in_an_rlib_belong_to_their_library() {
        let at = |member| attribute("/d/libopencv-12ab.rlib", Some(member), ".text.f", "f").unwrap();
        assert_eq!(at("resize.cpp.o"), Attribution::new("OpenCV", "imgproc", "resize.cpp"));
        assert_eq!(at("png.c.o"), Attribution::new("C libraries", "libpng", "png.c"));
        // Two libraries have a member of this name: the section's size decides.
        assert_eq!(at("utils.cpp.o").component, "imgcodecs");
        assert_eq!(at("66b7ac1a-core.o"), Attribution::new("OpenCV", "bindings", "core"));
    }

    #[test]
    fn rust_objects_are_attributed_by_symbol() {
        let at = |symbol| attribute("/d/b.b.1-cgu.0.rcgu.o", None, ".text", symbol);
        let run = "_RNvNtNtCs1234_5tokio7runtime4task3run";
        assert_eq!(
            at(run),
            Some(Attribution::new("Rust crates", "tokio", "tokio::runtime"))
        );
        assert_eq!(at(".Lanon.1.2"), None);
        let main = at("main").unwrap();
        assert_eq!((main.group.as_str(), main.file.as_str()), ("function", "bootstrap"));
    }

    #[test]
    fn embedded_models_are_attributed_by_their_statics() {
        let at = |symbol| attribute("/d/b.b.1-cgu.0.rcgu.o", None, ".rodata", symbol);
        let eye = "_RNvNtNtNtCs1234_8function5faces6packed13packed_models3EYE";
        assert_eq!(at(eye), Some(Attribution::new("function", "cascades", "eye")));
        let yunet = "_RNvNtNtNtCs1234_8function5faces6packed13packed_models5YUNET";
        assert_eq!(at(yunet), Some(Attribution::new("function", "YuNet", "packed")));
        let code = "_RNvNtNtCs1234_8function5faces6packed5yunet";
        assert_eq!(at(code), Some(Attribution::new("function", "Rust", "function::faces")));
    }

    #[test]
    fn compiler_libraries_are_the_runtime() {
        let attribution = attribute("/c/libc++.a", Some("/o/ios.o"), ".text", "f").unwrap();
        assert_eq!(attribution, Attribution::new("C++ runtime", "libc++", "ios"));
    }
}
