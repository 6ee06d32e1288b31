//! The folders and files in which loaders search libraries: the variables in them, glibc's cache, and musl's own
//! libraries. Sources: the manual page ld.so(8); musl's `ldso/dynlink.c`.

use std::collections::BTreeMap;

use crate::Architecture;

/// Replaces the loader's variables in a folder. `$LIB` has several values.
pub(super) fn expand(folder: &str, object: &str, architecture: Architecture) -> Vec<String> {
    let origin = object.rsplit_once('/').map_or("/", |(folder, _)| folder);
    let origin = format!("/{}", origin.trim_start_matches('/'));
    let mut folder = folder.to_owned();
    let libs = [
        format!("lib/{architecture}-linux-gnu"),
        "lib64".to_owned(),
        "lib".to_owned(),
    ];
    for (variable, value) in [("ORIGIN", origin.as_str()), ("PLATFORM", architecture.name())] {
        folder = folder.replace(&format!("${{{variable}}}"), value);
        folder = folder.replace(&format!("${variable}"), value);
    }
    if !folder.contains("$LIB") && !folder.contains("${LIB}") {
        return vec![folder];
    }
    libs.map(|lib| folder.replace("${LIB}", &lib).replace("$LIB", &lib))
        .to_vec()
}

/// Names that musl's loader takes for itself.
pub(super) fn is_part_of_musl(name: &str) -> bool {
    let parts = ["c.", "pthread.", "rt.", "m.", "dl.", "util.", "xnet."];
    let rest = name.strip_prefix("lib");
    rest.is_some_and(|rest| parts.iter().any(|part| rest.starts_with(part)))
}

/// The paths in glibc's cache of libraries, by the names of their files. They are strings with a NUL at their end.
pub(super) fn parse_cache(bytes: &[u8]) -> BTreeMap<String, Vec<String>> {
    let mut paths: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for string in bytes.split(|byte| *byte == 0).filter(|string| string.starts_with(b"/")) {
        let path = String::from_utf8_lossy(string).into_owned();
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        paths.entry(name).or_default().push(path);
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_the_loader_are_expanded() {
        let expand = |folder| expand(folder, "var/task/bin/a", Architecture::X86_64);
        assert_eq!(expand("$ORIGIN/../lib"), ["/var/task/bin/../lib"]);
        assert_eq!(expand("${ORIGIN}/$PLATFORM"), ["/var/task/bin/x86_64"]);
        assert_eq!(
            expand("/usr/$LIB"),
            ["/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib"]
        );
    }

    #[test]
    fn musl_has_its_libraries_in_its_loader() {
        for name in ["libc.so", "libc.musl-x86_64.so.1", "libpthread.so.0", "libm.so.6"] {
            assert!(is_part_of_musl(name), "{name}");
        }
        assert!(!is_part_of_musl("libcurl.so.4"));
    }

    #[test]
    fn caches_are_searched_for_paths() {
        let cache = parse_cache(b"glibc-ld.so.cache1.1\x02\0\0libx.so\0/opt/x/libx.so\0rest/\0");
        assert_eq!(cache["libx.so"], ["/opt/x/libx.so"]);
        assert_eq!(cache.len(), 1);
    }
}
