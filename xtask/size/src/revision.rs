//! The abbreviated commit of the checkout.

use std::path::Path;

use package::git::{Head, head};

const SHORT_LENGTH: usize = 10;

/// The commit that is checked out in `root`, followed by `+` if files were changed; none if `root` is not a checkout or
/// git fails.
pub fn revision(root: &Path) -> Option<String> {
    let Head { commit, dirty } = head(root).ok()??;
    let short: String = commit.chars().take(SHORT_LENGTH).collect();
    Some(short + if dirty { "+" } else { "" })
}

#[cfg(test)]
mod tests {
    use fs_err as fs;

    use super::*;
    use crate::tests::checkout::commit;

    #[test]
    fn revision_is_short_and_marks_changed_files() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        assert_eq!(revision(at), None);
        commit(at, "file", "one");
        let clean = revision(at).unwrap();
        assert_eq!(clean.len(), SHORT_LENGTH);
        fs::write(at.join("file"), "two").unwrap();
        assert_eq!(revision(at), Some(clean + "+"));
    }
}
