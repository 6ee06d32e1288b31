//! Follows the links of built pages: to pages, to files, and to places in pages.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use support::files::{all_files, file_name};
use url::Url;

/// Pages that repeat the others: all chapters as one page, and the page for missing addresses.
const REPEATED: [&str; 2] = ["print.html", "404.html"];

/// Checks all links between the pages in `folder`; returns the numbers of pages and of links.
///
/// # Errors
/// A link leads nowhere; the error lists all that do.
pub fn check_links(folder: &Path) -> Result<(usize, usize)> {
    let mut pages = BTreeMap::new();
    for file in all_files(folder)? {
        let is_page = file.extension().is_some_and(|extension| extension == "html");
        if is_page && !REPEATED.contains(&&*file_name(&file)) {
            let text = fs::read_to_string(&file)?;
            let ids: BTreeSet<_> = attribute_values(&text, "id").into_iter().collect();
            pages.insert(file, (text, ids));
        }
    }
    let mut dead = Vec::new();
    let mut count = 0;
    for (page, (text, _)) in &pages {
        for link in ["href", "src"].iter().flat_map(|name| attribute_values(text, name)) {
            count += 1;
            if !is_alive(page, &link, &pages)? {
                dead.push(format!("{} → {link}", page.strip_prefix(folder)?.display()));
            }
        }
    }
    ensure!(dead.is_empty(), "links that lead nowhere:\n  {}", dead.join("\n  "));
    Ok((pages.len(), count))
}

fn is_alive(page: &Path, link: &str, pages: &BTreeMap<PathBuf, (String, BTreeSet<String>)>) -> Result<bool> {
    let base = Url::from_file_path(page).ok().context("a page has no absolute path")?;
    let target = base.join(link).with_context(|| format!("`{link}` is not a link"))?;
    if target.scheme() != "file" {
        return Ok(true);
    }
    let Ok(file) = target.to_file_path() else {
        return Ok(false);
    };
    let anchor = target.fragment().filter(|anchor| !anchor.is_empty());
    Ok(match (anchor, pages.get(&file)) {
        (None, _) => file.is_file(),
        (Some(anchor), Some((_, ids))) => ids.contains(anchor),
        (Some(_), None) => false,
    })
}

/// The values of an attribute in HTML that mdBook writes: always in double quotes.
fn attribute_values(html: &str, name: &str) -> Vec<String> {
    let start = format!(" {name}=\"");
    let values = html.split(&start).skip(1).filter_map(|rest| rest.split('"').next());
    values.map(|value| value.replace("&amp;", "&")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(page: &str) -> Result<(usize, usize)> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("a.html"), page)?;
        fs::write(folder.path().join("b.html"), "<h1 class=\"x\" id=\"there\">")?;
        fs::write(folder.path().join("c.txt"), "")?;
        check_links(folder.path())
    }

    #[test]
    fn links_to_files_and_places_are_followed() {
        let page = r##"<a id="x" href="#x"><a href="b.html"><a href="b.html#there"><img src="c.txt"><a href="https://a.example/b">"##;
        assert_eq!(check(page).unwrap(), (2, 5));
        for dead in ["d.html", "b.html#elsewhere", "#there", "c.txt#x"] {
            let error = check(&format!("<a href=\"{dead}\">")).unwrap_err().to_string();
            assert!(error.ends_with(&format!("a.html → {dead}")), "{error}");
        }
    }
}
