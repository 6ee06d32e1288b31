use mdbook_driver::MDBook;
use tempfile::TempDir;

use super::*;

const BOOK_TOML: &str = r#"
[preprocessor.repository]
title = "Reference"
optional = true
documents = [{ path = "README.md", title = "Start" }, { path = "records", title = "Records" }]
"#;

/// A repository with a book whose only chapter has this text, and the pages' folder in it.
fn repository(chapter: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in [
        (
            "README.md",
            "# Readme\n\n[data](data), [file](data/a.txt), [one](records/one.md#heading)\n",
        ),
        ("other.md", "# Other\n"),
        ("data/a.txt", "a"),
        (
            "records/README.md",
            "# All\n\n[one](one.md) and [book](../docs/src/first.md)\n",
        ),
        ("records/one.md", "# One\n\n## Heading\n"),
        ("docs/src/SUMMARY.md", "# Summary\n\n- [First](first.md)\n"),
        ("docs/src/first.md", chapter),
    ] {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn render(folder: &Path) -> Result<Rc<LinkedFiles>> {
    let mut config: Config = BOOK_TOML.parse()?;
    config.build.build_dir = folder.join("pages");
    let linked = Rc::new(LinkedFiles::default());
    let preprocessor = RepositoryPreprocessor::new(folder, &config, Rc::clone(&linked))?;
    assert_eq!(preprocessor.document_count(), 3);
    let mut book = MDBook::load_with_config(folder.join("docs"), config)?;
    book.with_preprocessor(preprocessor);
    book.build()?;
    Ok(linked)
}

#[test]
fn documents_are_chapters_and_links_lead_to_them() {
    let folder = repository("# First\n\n[readme](../../README.md#readme) [b](https://b.example/a.md)\n");
    let linked = render(folder.path()).unwrap().take();
    assert_eq!(linked, BTreeSet::from([PathBuf::from("data/a.txt")]));
    let page = |name: &str| fs::read_to_string(folder.path().join("pages").join(name)).unwrap();
    for (name, link) in [
        (
            "first.html",
            r#"<a href="README.html#readme">readme</a> <a href="https://b.example/a.md">b</a>"#,
        ),
        (
            "README.html",
            r#"data, <a href="repository/data/a.txt">file</a>, <a href="records/one.html#heading">one</a>"#,
        ),
        (
            "records/README.html",
            r#"<a href="../records/one.html">one</a> and <a href="../first.html">book</a>"#,
        ),
        ("records/one.html", r##"<a class="header" href="#heading">Heading</a>"##),
    ] {
        assert!(page(name).contains(link), "{name} lacks {link}");
    }
    // The numbers continue those of the book's own chapters.
    let contents = page("toc.html");
    for number in ["1.", "2.", "3.", "3.1."] {
        assert!(
            contents.contains(&format!("<strong aria-hidden=\"true\">{number}</strong>")),
            "{contents}"
        );
    }
    assert!(
        !contents.contains("<strong aria-hidden=\"true\">4.</strong>"),
        "{contents}"
    );
}

#[test]
fn links_that_lead_nowhere_are_errors() {
    for (link, reason) in [
        ("missing.md", "there is no file `missing.md`"),
        ("../../missing.txt", "there is no file `../../missing.txt`"),
        ("../../other.md", "`other.md` is not in the book"),
        ("../../../a", "`../../../a` leads out of the repository"),
    ] {
        let folder = repository(&format!("# First\n\n[a]({link})\n"));
        let error = format!("{:#}", render(folder.path()).err().unwrap());
        assert!(
            error.contains("in `docs/src/first.md`") && error.contains(reason),
            "{error}"
        );
    }
}

#[test]
fn a_wrong_table_is_an_error() {
    let folder = repository("# First\n");
    let new = |text: &str| {
        let config = text.parse().unwrap();
        let new = RepositoryPreprocessor::new(folder.path(), &config, Rc::default());
        format!("{:#}", new.err().unwrap())
    };
    assert!(new("").contains("no table `preprocessor.repository`"));
    assert!(new(&BOOK_TOML.replace("documents", "files")).contains("unknown field `files`"));
    assert!(new(&BOOK_TOML.replace("README.md", "data/a.txt")).contains("does not begin with a heading"));
}
