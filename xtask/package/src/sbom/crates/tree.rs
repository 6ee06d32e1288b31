//! What `cargo tree` prints with depths as prefix, as a set of crates and of who uses whom.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};

pub type Name = (String, String);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    pub program: Name,
    /// Every crate, the program's package included.
    pub packages: BTreeSet<Name>,
    pub edges: BTreeSet<(Name, Name)>,
}

impl Tree {
    /// Reads lines such as `2 serde v1.0.229 (*)`. A crate's own crates follow it once; where it
    /// comes again, the star stands for them.
    pub fn parse(text: &str) -> Result<Self> {
        let mut above: Vec<Name> = Vec::new();
        let mut packages = BTreeSet::new();
        let mut edges = BTreeSet::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            let (depth, name) = parse_line(line)
                .with_context(|| format!("cargo tree prints `{line}`, which is no crate"))?;
            ensure!(
                depth <= above.len() && (depth > 0 || above.is_empty()),
                "cargo tree prints `{line}` below nothing"
            );
            above.truncate(depth);
            if let Some(user) = above.last() {
                edges.insert((user.clone(), name.clone()));
            }
            packages.insert(name.clone());
            above.push(name);
        }
        let program = above.first().context("cargo tree prints nothing")?.clone();
        Ok(Self {
            program,
            packages,
            edges,
        })
    }
}

fn parse_line(line: &str) -> Option<(usize, Name)> {
    let mut words = line.split_whitespace();
    let depth = words.next()?.parse().ok()?;
    let name = words.next()?;
    let version = words.next()?.strip_prefix('v')?;
    Some((depth, (name.to_owned(), version.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str, version: &str) -> Name {
        (name.to_owned(), version.to_owned())
    }

    #[test]
    fn every_crate_is_there_once_with_all_who_use_it() {
        let text = "0 app v0.1.0 (/here/app)\n1 a v1.0.0\n2 c v0.9.0\n3 d v2.0.0+x\n1 b v1.0.0\n\
                    2 c v0.9.0 (*)\n1 d v1.0.0\n";
        let tree = Tree::parse(text).unwrap();
        let (a, b, c) = (name("a", "1.0.0"), name("b", "1.0.0"), name("c", "0.9.0"));
        let (old, new) = (name("d", "1.0.0"), name("d", "2.0.0+x"));
        let app = name("app", "0.1.0");
        assert_eq!(tree.program, app);
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
    fn what_is_no_tree_is_refused() {
        for text in [
            "",
            "0 app\n",
            "x app v1.0.0\n",
            "1 app v1.0.0\n",
            "0 a v1\n2 b v1\n",
            "0 a v1\n0 b v1\n",
        ] {
            assert!(Tree::parse(text).is_err(), "{text}");
        }
    }
}
