//! The project's recipe for another function: without budgets, which are for the sizes of the project's own artefacts.

use anyhow::{Context, Result, ensure};
use toml::Table;

const BUDGETS: &str = "size";

/// Removes the tables `[size]` and `[size.…]`. The comments directly above a table belong to it.
pub fn without_budgets(text: &str) -> Result<String> {
    let mut kept: Vec<&str> = Vec::new();
    let mut comments: Vec<&str> = Vec::new();
    let mut is_kept = true;
    for line in text.lines() {
        if line.starts_with('#') {
            comments.push(line);
            continue;
        }
        let above = std::mem::take(&mut comments);
        if let Some(header) = line.trim().strip_prefix('[') {
            let key = header.trim_start_matches('[').split(['.', ']']).next();
            is_kept = key.is_none_or(|key| key.trim() != BUDGETS);
        }
        if is_kept {
            kept.extend(above);
            kept.push(line);
        }
    }
    let recipe = kept.join("\n").trim_end().to_owned() + "\n";
    let parse = |text: &str| text.parse::<Table>().context("it is not TOML");
    let mut expected = parse(text)?;
    expected.remove(BUDGETS);
    ensure!(
        parse(&recipe)? == expected,
        "its budgets cannot be left out; write them as tables, such as `[size.budgets]`"
    );
    Ok(recipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_budgets_and_their_comments_are_left_out() {
        let text = "# Recipe.\nversion = '1'\n\n# Sizes.\n# More.\n[size.budgets]\n# One.\n\na = 1\n[size.budgets.aarch64]\n\
                    b = 2\n\n# Where.\n[target]\nglibc = '2.26'\n";
        let expected = "# Recipe.\nversion = '1'\n\n# Where.\n[target]\nglibc = '2.26'\n";
        assert_eq!(without_budgets(text).unwrap(), expected);
        let own = without_budgets(include_str!("../../../opencv.toml")).unwrap();
        assert!(own.contains("[cpu.aarch64]") && !own.contains("budget"), "{own}");
        assert_eq!(without_budgets("a = 1").unwrap(), "a = 1\n");
        let error = without_budgets("size.budgets = {}\n").unwrap_err().to_string();
        assert!(error.contains("cannot be left out"), "{error}");
    }
}
