//! Parses the output of `cargo tree --prefix depth` to a set of crates and their dependencies.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};

pub type PackageId = (String, String);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CargoTree {
    pub root: PackageId,
    /// Includes `root`.
    pub packages: BTreeSet<PackageId>,
    pub edges: BTreeSet<(PackageId, PackageId)>,
}

impl CargoTree {
    /// Parses lines such as `2 serde v1.0.229 (*)`. A crate's dependencies are listed only at its first occurrence;
    /// further ones have the star instead.
    pub fn parse(text: &str) -> Result<Self> {
        let mut above: Vec<PackageId> = Vec::new();
        let mut packages = BTreeSet::new();
        let mut edges = BTreeSet::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            let (depth, name) =
                parse_line(line).with_context(|| format!("`cargo tree` printed `{line}`, which is not a crate"))?;
            ensure!(
                depth <= above.len() && (depth > 0 || above.is_empty()),
                "`cargo tree` printed `{line}` without a parent"
            );
            above.truncate(depth);
            if let Some(user) = above.last() {
                edges.insert((user.clone(), name.clone()));
            }
            packages.insert(name.clone());
            above.push(name);
        }
        let root = above.first().context("`cargo tree` printed nothing")?.clone();
        Ok(Self { root, packages, edges })
    }
}

fn parse_line(line: &str) -> Option<(usize, PackageId)> {
    let mut words = line.split_whitespace();
    let depth = words.next()?.parse().ok()?;
    let name = words.next()?;
    let version = words.next()?.strip_prefix('v')?;
    Some((depth, (name.to_owned(), version.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str, version: &str) -> PackageId {
        (name.to_owned(), version.to_owned())
    }

    #[test]
    fn crates_are_unique_with_all_dependents() {
        let text = "0 app v0.1.0 (/here/app)\n1 a v1.0.0\n2 c v0.9.0\n3 d v2.0.0+x\n1 b v1.0.0\n\
                    2 c v0.9.0 (*)\n1 d v1.0.0\n";
        let tree = CargoTree::parse(text).unwrap();
        let (a, b, c) = (name("a", "1.0.0"), name("b", "1.0.0"), name("c", "0.9.0"));
        let (old, new) = (name("d", "1.0.0"), name("d", "2.0.0+x"));
        let app = name("app", "0.1.0");
        assert_eq!(tree.root, app);
        assert_eq!(tree.packages.len(), 6);
        let expected = [
            (app.clone(), a.clone()),
            (app.clone(), b.clone()),
            (app, old),
            (a, c.clone()),
            (b, c.clone()),
            (c, new),
        ];
        assert_eq!(tree.edges, BTreeSet::from(expected));
    }

    #[test]
    fn invalid_tree_output_is_rejected() {
        for text in [
            "",
            "0 app\n",
            "x app v1.0.0\n",
            "1 app v1.0.0\n",
            "0 a v1\n2 b v1\n",
            "0 a v1\n0 b v1\n",
        ] {
            assert!(CargoTree::parse(text).is_err(), "{text}");
        }
    }
}
