//! Demangles names of functions and variables, and determines the crate of Rust names.

use cpp_demangle::{DemangleOptions, Symbol};

/// The crates of the standard library. Their generics instantiated for another crate's types are attributed to that
/// crate.
const STANDARD: [&str; 3] = ["alloc", "core", "std"];

#[derive(Debug, PartialEq, Eq)]
pub struct RustName {
    /// The first crate in the name that is not a standard one, otherwise `std`: `drop_in_place` of a type of tokio
    /// belongs to tokio.
    pub krate: String,
    /// The crate and its top-level module, such as `tokio::runtime`, or only the crate.
    pub module: String,
    pub name: String,
}

/// Demangles a Rust name in v0 mangling; none for other names.
pub fn rust(mangled: &str) -> Option<RustName> {
    // C++ names can be mistaken for Rust's legacy mangling.
    if !mangled.starts_with("_R") {
        return None;
    }
    let demangled = rustc_demangle::try_demangle(mangled).ok()?;
    let long = demangled.to_string();
    let name = format!("{demangled:#}");
    let krate = crate_names(&long).find(|name| !STANDARD.contains(name));
    let krate = krate.unwrap_or("std").to_owned();
    Some(RustName {
        module: module(&name, &krate),
        krate,
        name,
    })
}

/// The crates in a name: each is followed by its hash in brackets.
fn crate_names(long: &str) -> impl Iterator<Item = &str> {
    long.match_indices('[').filter_map(|(at, _)| {
        let (before, after) = long.split_at(at);
        let hash = after.get(1..)?.split(']').next()?;
        let is_hash = !hash.is_empty() && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let name = before.rsplit(|c| !is_part(c)).next()?;
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        (is_hash && is_name).then_some(name)
    })
}

/// The crate and its top-level module; of standard crates only the crate.
fn module(name: &str, krate: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let paths = name.split(|c| !is_part(c));
    let wanted = |path: &&str| {
        let first = path.split("::").next().unwrap_or_default();
        first == krate || (krate == "std" && STANDARD.contains(&first))
    };
    let Some(path) = paths.into_iter().find(wanted) else {
        return krate.to_owned();
    };
    let parts: Vec<_> = path.split("::").filter(|part| !part.is_empty()).collect();
    // The last segment is the function or the type; a module is in between.
    match parts.as_slice() {
        [first, module, _, ..] if krate != "std" && starts_lowercase(module) => {
            format!("{first}::{module}")
        }
        [first, ..] => (*first).to_owned(),
        [] => krate.to_owned(),
    }
}

fn starts_lowercase(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
}

/// Demangles a C++ name without its return type; other names are unchanged.
pub fn cpp(mangled: &str) -> String {
    if !mangled.starts_with("_Z") {
        return mangled.to_owned();
    }
    // Clang adds suffixes such as `.cold.1` to copies of functions.
    let (plain, suffix) = mangled.split_once('.').unwrap_or((mangled, ""));
    let demangled = Symbol::new(plain).ok().and_then(|symbol| {
        let options = DemangleOptions::new().no_return_type();
        symbol.demangle_with_options(&options).ok()
    });
    match (demangled, suffix) {
        (None, _) => mangled.to_owned(),
        (Some(name), "") => name,
        (Some(name), suffix) => format!("{name} [{suffix}]"),
    }
}

/// The Rust symbol in a section's name: `_RNv…` of `.rodata..Lswitch.table._RNv…`.
pub fn symbol_of_section(section: &str) -> &str {
    let rust = section.find("_R").map(|at| &section[at..]);
    rust.unwrap_or(section)
}

/// Whether a symbol is only for assemblers and linkers: a label, an exception table, or AArch64's mark of the begin of
/// code or data (ELF for the Arm 64-bit Architecture, "Mapping symbols").
pub fn is_internal_symbol(symbol: &str) -> bool {
    let is_mapping_symbol = |mark: &str| {
        let rest = symbol.strip_prefix(mark);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    symbol.starts_with(".L")
        || symbol.starts_with("GCC_except_table")
        || ["$x", "$d"].into_iter().any(is_mapping_symbol)
}

pub fn display_name(symbol: &str) -> String {
    if let Some(rust) = rust(symbol_of_section(symbol)) {
        return rust.name;
    }
    if symbol.contains(".Lanon.") || symbol.contains("..L__unnamed") {
        return "constants without a name".to_owned();
    }
    let sections = ".text. .rodata. .data.rel.ro. .data. .gcc_except_table.";
    let mut sections = sections.split(' ');
    let name = sections.find_map(|prefix| symbol.strip_prefix(prefix));
    cpp(name.unwrap_or(symbol))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crate_and_module(mangled: &str) -> (String, String) {
        let name = rust(mangled).unwrap();
        (name.krate, name.module)
    }

    #[test]
    fn rust_name_has_crate_and_module() {
        let parsed = rust("_RNvNtNtCs1234_5tokio7runtime4task3run").unwrap();
        assert_eq!(parsed.name, "tokio::runtime::task::run");
        assert_eq!(
            (parsed.krate.as_str(), parsed.module.as_str()),
            ("tokio", "tokio::runtime")
        );
    }

    #[test]
    fn std_generics_belong_to_the_crate_of_their_type() {
        // core::ptr::drop_in_place::<tokio::Handle>
        let drop = "_RINvNtCs1234_4core3ptr13drop_in_placeNtCs5678_5tokio6HandleEB4_";
        assert_eq!(rust(drop).unwrap().name, "core::ptr::drop_in_place::<tokio::Handle>");
        assert_eq!(crate_and_module(drop), ("tokio".into(), "tokio".into()));
        let alone = "_RNvNtCslNYArtu3iFV_5alloc3fmt6format";
        assert_eq!(crate_and_module(alone), ("std".into(), "alloc".into()));
    }

    #[test]
    fn c_names_are_unchanged() {
        assert_eq!(rust("png_read_row"), None);
        assert_eq!(cpp("png_read_row"), "png_read_row");
    }

    #[test]
    fn cpp_names_keep_clone_suffixes() {
        assert_eq!(cpp("_ZN2cv6resizeEi"), "cv::resize(int)");
        assert_eq!(cpp("_ZN2cv6resizeEi.cold.1"), "cv::resize(int) [cold.1]");
        assert_eq!(cpp("_Znonsense"), "_Znonsense");
    }

    #[test]
    fn labels_and_mapping_symbols_are_internal() {
        for symbol in [".LCPI1_0", "GCC_except_table7", "$x", "$d.12"] {
            assert!(is_internal_symbol(symbol), "{symbol}");
        }
        for symbol in ["$data", "main", "_start"] {
            assert!(!is_internal_symbol(symbol), "{symbol}");
        }
    }

    #[test]
    fn display_name_drops_section_prefixes() {
        assert_eq!(display_name(".text._ZN2cv6resizeEi"), "cv::resize(int)");
        let table = ".rodata..Lswitch.table._RNvNtNtCs1234_5tokio7runtime4task3run";
        assert_eq!(display_name(table), "tokio::runtime::task::run");
        assert_eq!(display_name(".rodata..Lanon.12ab.3"), "constants without a name");
    }
}
