//! The modules of a crate: every file that a build compiles, starting from `lib.rs`, as tokens without inert ones.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::tokens::{is_punct, strip_inert_tokens};

#[derive(Debug)]
pub(crate) struct Module {
    pub(crate) file: PathBuf,
    pub(crate) code: TokenStream,
    pub(crate) children: Vec<String>,
    /// Whether it has an `impl` for a type that it does not define.
    pub(crate) has_foreign_impls: bool,
}

/// Adds the module in `file` and its submodules, which are in `folder`.
pub(crate) fn add(name: &str, file: &Path, folder: &Path, modules: &mut BTreeMap<String, Module>) -> Result<()> {
    let text = fs::read_to_string(file)
        .with_context(|| format!("failed to read the module `{name}` in `{}`", file.display()))?;
    let stream: TokenStream = text
        .parse()
        .map_err(|error| anyhow!("failed to read `{}` as Rust: {error}", file.display()))?;
    let code = strip_inert_tokens(stream);
    let submodules =
        declared_submodules(&code).with_context(|| format!("failed to find the submodules of `{}`", file.display()))?;
    for submodule in &submodules {
        let own = folder.join(submodule);
        let files = [own.with_extension("rs"), own.join("mod.rs")];
        let [beside, inside] = &files;
        let file = if beside.is_file() { beside } else { inside };
        add(&format!("{name}::{submodule}"), file, &own, modules)?;
    }
    let children = submodules.iter().map(|child| format!("{name}::{child}"));
    let module = Module {
        file: file.to_owned(),
        children: children.collect(),
        has_foreign_impls: has_foreign_impls(&code),
        code,
    };
    modules.insert(name.to_owned(), module);
    Ok(())
}

/// The names in declarations such as `mod name;`.
fn declared_submodules(code: &TokenStream) -> Result<Vec<String>> {
    let tokens: Vec<_> = code.clone().into_iter().collect();
    let mut names = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if !is_ident(token, "mod") {
            continue;
        }
        match (tokens.get(at + 1), tokens.get(at + 2)) {
            (Some(TokenTree::Ident(name)), Some(end)) if is_punct(end, ';') => {
                names.push(name.to_string());
            }
            (Some(TokenTree::Ident(name)), _) => {
                bail!("the module `{name}` has no file of its own; move it to one")
            }
            _ => {}
        }
    }
    let mut attributes = tokens.windows(2).filter_map(|pair| match &pair[1] {
        TokenTree::Group(group) if is_punct(&pair[0], '#') => group.stream().into_iter().next(),
        _ => None,
    });
    if attributes.any(|first| is_ident(&first, "path")) {
        bail!("a module has the attribute `path`, which code digests do not support");
    }
    Ok(names)
}

/// Whether an `impl` names no type or trait defined in this module: then it is for a type of another module.
fn has_foreign_impls(code: &TokenStream) -> bool {
    let tokens: Vec<_> = code.clone().into_iter().collect();
    let defines = ["struct", "enum", "union", "trait", "type"];
    let defined = tokens.windows(2).filter(|pair| {
        let kind = pair[0].to_string();
        defines.contains(&kind.as_str())
    });
    let defined: BTreeSet<_> = defined.map(|pair| pair[1].to_string()).collect();
    let names_own = |header: &[TokenTree]| identifiers(header).iter().any(|word| defined.contains(word));
    let items = (0..tokens.len()).filter(|at| {
        let before = at.checked_sub(1);
        is_ident(&tokens[*at], "impl") && before.is_none_or(|before| ends_item(&tokens[before]))
    });
    let mut headers = items.map(|at| {
        let end = tokens[at..].iter().position(is_braces);
        &tokens[at..at + end.unwrap_or(0)]
    });
    headers.any(|header| !names_own(header))
}

/// Whether an item can begin after `token`: then an `impl` there is not part of a function's signature.
fn ends_item(token: &TokenTree) -> bool {
    let ends_attribute = matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket);
    ends_attribute || is_braces(token) || is_punct(token, ';') || is_ident(token, "unsafe")
}

fn is_braces(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

fn identifiers(tokens: &[TokenTree]) -> Vec<String> {
    let of = |token: &TokenTree| match token {
        TokenTree::Ident(word) => vec![word.to_string()],
        TokenTree::Group(group) => identifiers(&group.stream().into_iter().collect::<Vec<_>>()),
        _ => Vec::new(),
    };
    tokens.iter().flat_map(of).collect()
}

pub(crate) fn is_ident(token: &TokenTree, wanted: &str) -> bool {
    matches!(token, TokenTree::Ident(word) if word == wanted)
}
