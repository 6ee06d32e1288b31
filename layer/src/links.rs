//! Resolves symbolic links below a root, as the kernel does for a process with this root: absolute targets start at the
//! root, and `..` does not lead above it.

/// The most links that are followed in a path, as in Linux.
pub(crate) const MAX_SYMLINKS: u32 = 40;

/// The path without links, relative to the root; it need not exist. `None` if it has too many links. `target` gets a path
/// whose folders are not links, and returns the target of the link at it, or `None` if it is not a link.
///
/// # Errors
/// `target` fails.
pub(crate) fn resolve<E>(
    path: &str,
    mut target: impl FnMut(&str) -> Result<Option<String>, E>,
) -> Result<Option<String>, E> {
    let mut links = 0;
    let mut left = reversed_components(path);
    let mut at: Vec<String> = Vec::new();
    while let Some(part) = left.pop() {
        if part == ".." {
            at.pop();
            continue;
        }
        at.push(part);
        let Some(target) = target(&at.join("/"))? else {
            continue;
        };
        links += 1;
        if links > MAX_SYMLINKS {
            return Ok(None);
        }
        at.pop();
        if target.starts_with('/') {
            at.clear();
        }
        left.extend(reversed_components(&target));
    }
    Ok(Some(at.join("/")))
}

/// The components of a path, the first one last.
fn reversed_components(path: &str) -> Vec<String> {
    let parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
    parts.rev().map(str::to_owned).collect()
}

/// The path of `name` in `folder`, which is empty for the root.
pub(crate) fn join(folder: &str, name: &str) -> String {
    match folder {
        "" => name.to_owned(),
        folder => format!("{folder}/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn resolved(path: &str) -> Option<String> {
        let links = [
            ("bin", "/usr/bin"),
            ("usr/bin", "../opt/./bin"),
            ("out", "../../etc"),
            ("loop", "loop"),
        ];
        let target = |path: &str| {
            let link = links.iter().find(|(from, _)| *from == path);
            Ok::<_, Infallible>(link.map(|(_, to)| (*to).to_owned()))
        };
        resolve(path, target).unwrap_or_else(|never| match never {})
    }

    #[test]
    fn links_stay_below_the_root() {
        for (path, expected) in [
            ("", ""),
            ("/a//b/.", "a/b"),
            ("../../a", "a"),
            ("bin/x", "opt/bin/x"),
            ("bin/../y", "opt/y"),
            ("out/passwd", "etc/passwd"),
        ] {
            assert_eq!(resolved(path).as_deref(), Some(expected), "{path}");
        }
        assert_eq!(resolved("loop/x"), None);
    }
}
