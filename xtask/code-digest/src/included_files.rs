//! Files that code includes at compile time, as content for a digest: TOML as its tokens, without comments and the
//! values of `reason`, which have no effect; all other files byte for byte.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use proc_macro2::{TokenStream, TokenTree};
use toml_parser::Source;
use toml_parser::lexer::TokenKind;

use crate::modules::{Module, is_ident};
use crate::tokens::{is_punct, to_text};

/// The files that `module` includes, each with its path as written. Files in `OUT_DIR` are left out: the build script
/// generates them from inputs that have their own place in a digest.
pub(crate) fn find(name: &str, module: &Module) -> Result<Vec<(String, PathBuf)>> {
    let mut arguments = Vec::new();
    find_arguments(&module.code, &mut arguments);
    let folder = module.file.parent().unwrap_or(Path::new("."));
    let mut files = Vec::new();
    for argument in arguments {
        if argument.contains("\"OUT_DIR\"") {
            continue;
        }
        let path = argument.trim().strip_prefix('"');
        let path = path.and_then(|rest| rest.strip_suffix('"'));
        match path.filter(|path| !path.contains(['"', '\\'])) {
            Some(path) => files.push((path.to_owned(), folder.join(path))),
            None => bail!(
                "the module `{name}` includes `{argument}`, whose path is not one plain string; \
                 code digests support only string literals"
            ),
        }
    }
    Ok(files)
}

/// Adds the arguments of `include!`, `include_str!` and `include_bytes!`.
fn find_arguments(code: &TokenStream, arguments: &mut Vec<String>) {
    let tokens: Vec<_> = code.clone().into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else {
            continue;
        };
        let includes = ["include", "include_str", "include_bytes"];
        let is_include =
            at >= 2 && is_punct(&tokens[at - 1], '!') && includes.iter().any(|name| is_ident(&tokens[at - 2], name));
        if is_include {
            arguments.push(to_text(&group.stream()));
        } else {
            find_arguments(&group.stream(), arguments);
        }
    }
}

pub(crate) fn digest_content(file: &Path) -> Result<String> {
    let failed = || format!("failed to read `{}`", file.display());
    if file.extension().is_some_and(|end| end == "toml") {
        return Ok(toml_values(&fs::read_to_string(file).with_context(failed)?));
    }
    Ok(hex::encode(fs::read(file).with_context(failed)?))
}

/// The tokens of TOML without comments, layout and reasons.
fn toml_values(toml: &str) -> String {
    use TokenKind::{BasicString, Comment, LiteralString, MlBasicString, MlLiteralString};
    use TokenKind::{Newline, Whitespace};
    let tokens = Source::new(toml).lex().map(|token| {
        let span = token.span();
        (token.kind(), &toml[span.start()..span.end()])
    });
    let tokens = tokens.filter(|(kind, _)| !matches!(kind, Whitespace | Comment | Newline));
    let tokens: Vec<_> = tokens.collect();
    let mut text = String::new();
    let mut rest = tokens.as_slice();
    loop {
        rest = match rest {
            [
                (TokenKind::Atom, "reason"),
                (TokenKind::Equals, _),
                (BasicString | LiteralString | MlBasicString | MlLiteralString, _),
                after @ ..,
            ] => after,
            [(_, token), after @ ..] => {
                text.push_str(token);
                text.push(' ');
                after
            }
            [] => return text,
        };
    }
}

/// The versions of `crates` in the workspace's lock file, which is in `folder` or above: `cc 1.2.3`, one per line.
///
/// # Errors
/// There is no lock file, or it does not contain one of the crates.
pub fn locked_versions(folder: &Path, crates: &[&str]) -> Result<String> {
    let mut locks = folder.ancestors().map(|above| above.join("Cargo.lock"));
    let lock = locks.find(|lock| lock.is_file());
    let lock = lock.with_context(|| format!("there is no Cargo.lock above `{}`", folder.display()))?;
    let failed = || format!("failed to read `{}`", lock.display());
    let text = fs::read_to_string(&lock).with_context(failed)?;
    let mut versions = String::new();
    for wanted in crates {
        // cargo always writes this format.
        let begin = format!("name = \"{wanted}\"\nversion = \"");
        let found = text.split(&begin).skip(1);
        let found: Vec<_> = found.filter_map(|rest| rest.split('"').next()).collect();
        ensure!(!found.is_empty(), "{}: it does not contain `{wanted}`", failed());
        let _ = writeln!(versions, "{wanted} {}", found.join(" "));
    }
    Ok(versions)
}
