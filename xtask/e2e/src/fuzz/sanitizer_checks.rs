//! Checks that a static library was compiled with sanitizers and coverage counters: if the compiler ignored a flag, the
//! fuzzers would find nothing.

use std::path::Path;

use anyhow::{Context, Result, bail};
use fs_err as fs;
use object::read::archive::ArchiveFile;
use object::{File, Object, ObjectSymbol};

/// Prefixes of the runtime functions that instrumented code calls: AddressSanitizer's, UndefinedBehaviorSanitizer's,
/// and libFuzzer's.
const CALLED: [&str; 3] = ["__asan_report_", "__ubsan_handle_", "__sanitizer_cov_"];

/// Fails if a static library calls no function of one of the prefixes.
pub fn check(library: &Path) -> Result<()> {
    let failed = || format!("failed to read `{}`", library.display());
    let bytes = fs::read(library)?;
    let mut called = [false; CALLED.len()];
    for member in ArchiveFile::parse(&*bytes).with_context(failed)?.members() {
        let member = member.with_context(failed)?.data(&*bytes);
        // Members that are not object files call nothing.
        let Ok(file) = File::parse(member.with_context(failed)?) else {
            continue;
        };
        for symbol in file.symbols().filter(ObjectSymbol::is_undefined) {
            let name = symbol.name().with_context(failed)?;
            for (known, called) in CALLED.iter().zip(&mut called) {
                *called |= name.starts_with(known);
            }
        }
    }
    let missing = CALLED.iter().zip(called).find(|(_, called)| !called);
    if let Some((name, _)) = missing {
        bail!(
            "`{}` was compiled for fuzzing, but calls no function `{name}*`",
            library.display()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_without_sanitizers_is_rejected() {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("liba.a");
        let header = format!("{:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", "a/", 0, 0, 0, 644, 2);
        fs::write(&library, format!("!<arch>\n{header}no")).unwrap();
        let error = check(&library).unwrap_err().to_string();
        assert!(error.contains("`__asan_report_*`"), "{error}");
    }
}
