//! The modules that a module uses: found by paths in its code that begin with a crate, `crate`, `self` or `super`.

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::modules::{Module, is_ident};
use crate::tokens::is_punct;

/// The modules that `code` of the module `name` refers to.
pub(crate) fn used_modules(name: &str, code: &TokenStream, modules: &BTreeMap<String, Module>) -> Vec<String> {
    let mut paths = Vec::new();
    find(code, modules, &mut paths);
    let used = paths.iter().map(|path| resolve(name, path, modules));
    used.collect()
}

fn find(code: &TokenStream, modules: &BTreeMap<String, Module>, paths: &mut Vec<Vec<String>>) {
    let tokens: Vec<_> = code.clone().into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => find(&group.stream(), modules, paths),
            TokenTree::Ident(word) => {
                let word = word.to_string();
                let rest = &tokens[at + 1..];
                let starts = matches!(word.as_str(), "crate" | "self" | "super") || modules.contains_key(&word);
                let goes_on = separator(rest).is_some() || rest.first().is_some_and(|next| is_ident(next, "as"));
                if starts && goes_on {
                    follow(vec![word], rest, paths);
                }
            }
            _ => {}
        }
    }
}

/// The tokens after `::` at the beginning of `tokens`.
fn separator(tokens: &[TokenTree]) -> Option<&[TokenTree]> {
    let [first, second, rest @ ..] = tokens else {
        return None;
    };
    (is_punct(first, ':') && is_punct(second, ':')).then_some(rest)
}

/// Adds the paths that begin with `path` and continue with `tokens`: several if these contain a list in braces.
fn follow(mut path: Vec<String>, tokens: &[TokenTree], paths: &mut Vec<Vec<String>>) {
    match separator(tokens).and_then(<[_]>::split_first) {
        Some((TokenTree::Ident(word), rest)) => {
            path.push(word.to_string());
            follow(path, rest, paths);
        }
        Some((TokenTree::Group(list), _)) if list.delimiter() == Delimiter::Brace => {
            let tokens: Vec<_> = list.stream().into_iter().collect();
            for entry in tokens.split(|token| is_punct(token, ',')) {
                let Some((TokenTree::Ident(word), rest)) = entry.split_first() else {
                    // `*`, or nothing after the last comma.
                    paths.push(path.clone());
                    continue;
                };
                let mut path = path.clone();
                path.push(word.to_string());
                follow(path, rest, paths);
            }
        }
        _ => paths.push(path),
    }
}

/// Resolves the longest prefix of `path`, in the module `name`, that is a module.
fn resolve(name: &str, path: &[String], modules: &BTreeMap<String, Module>) -> String {
    let mut found = name.to_owned();
    for (at, word) in path.iter().enumerate() {
        found = match word.as_str() {
            "crate" => name.split("::").next().unwrap_or(name).to_owned(),
            "self" => found,
            "super" => match found.rsplit_once("::") {
                Some((parent, _)) => parent.to_owned(),
                None => found,
            },
            word if at == 0 => word.to_owned(),
            word => {
                let inner = format!("{found}::{word}");
                if !modules.contains_key(&inner) {
                    break;
                }
                inner
            }
        };
    }
    found
}
