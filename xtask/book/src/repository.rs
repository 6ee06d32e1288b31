//! Adds documents of the repository to the book as chapters, and makes links between files of the repository work in
//! it. Links to files that are not in the book lead to copies of them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;
use mdbook_driver::config::Config;
use mdbook_preprocessor::book::{Book, BookItem, Chapter, SectionNumber};
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};
use serde::Deserialize;
use support::files::{file_name, files_with_extension};

use crate::commands::with_visible_reasons;
use crate::links::{NewLink, change_links};

/// The folder of copied files in the book.
pub const FILES: &str = "repository";
/// The folder of the book's own chapters, from the repository's root.
const CHAPTERS: &str = "docs/src";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The heading above the documents in the table of contents.
    title: String,
    documents: Vec<Document>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    title: String,
    /// From the repository's root. Of a folder, its README.md and, below that, its other documents.
    path: PathBuf,
}

/// Paths of files that were linked to, from the repository's root.
#[derive(Default)]
pub struct LinkedFiles(RefCell<BTreeSet<PathBuf>>);

impl LinkedFiles {
    pub fn take(&self) -> BTreeSet<PathBuf> {
        self.0.take()
    }
}

pub struct RepositoryPreprocessor {
    root: PathBuf,
    title: String,
    documents: Vec<Chapter>,
    linked: Rc<LinkedFiles>,
}

impl RepositoryPreprocessor {
    const NAME: &'static str = "repository";

    /// Reads the documents that the table `preprocessor.repository` of book.toml lists.
    pub fn new(root: &Path, config: &Config, linked: Rc<LinkedFiles>) -> Result<Self> {
        let tables = config.preprocessors::<toml::Table>()?;
        let mut table = tables
            .get(Self::NAME)
            .context("book.toml has no table `preprocessor.repository`")?
            .clone();
        // mdBook's own keys.
        for key in ["after", "before", "command", "optional", "renderers"] {
            table.remove(key);
        }
        let settings: Settings = table.try_into().context("in `preprocessor.repository` of book.toml")?;
        let documents = settings.documents.iter().map(|document| read_document(root, document));
        Ok(Self {
            root: root.to_owned(),
            title: settings.title,
            documents: documents.collect::<Result<_>>()?,
            linked,
        })
    }

    /// The number of chapters that are added.
    pub fn document_count(&self) -> usize {
        self.documents.iter().map(|document| 1 + document.sub_items.len()).sum()
    }

    fn change_chapter(&self, chapter: &mut Chapter, chapters: &BTreeMap<PathBuf, PathBuf>) -> Result<()> {
        let Some(path) = chapter.path.clone() else {
            return Ok(());
        };
        let source = chapters
            .iter()
            .find(|(_, known)| **known == path)
            .map(|(source, _)| source.clone());
        let source = source.with_context(|| format!("`{}` is not a chapter", path.display()))?;
        let text = with_visible_reasons(&chapter.content);
        let change = |target: &str| self.new_link(target, &source, &path, chapters);
        chapter.content = change_links(&text, change).with_context(|| format!("in `{}`", source.display()))?;
        Ok(())
    }

    /// The target in the book of a link in `source`, which is the chapter `path` of the book.
    fn new_link(
        &self,
        target: &str,
        source: &Path,
        path: &Path,
        chapters: &BTreeMap<PathBuf, PathBuf>,
    ) -> Result<NewLink> {
        if target.contains("://") || target.starts_with("mailto:") || target.starts_with('#') {
            return Ok(NewLink::Unchanged);
        }
        let (file, anchor) = match target.split_once('#') {
            Some((file, anchor)) => (file, format!("#{anchor}")),
            None => (target, String::new()),
        };
        let folder = source.parent().unwrap_or(Path::new(""));
        let file = resolve(&folder.join(file)).with_context(|| format!("`{target}` leads out of the repository"))?;
        let to_root = "../".repeat(path.components().count() - 1);
        if let Some(chapter) = chapters.get(&file) {
            return Ok(NewLink::To(format!("{to_root}{}{anchor}", chapter.display())));
        }
        let found = self.root.join(&file);
        // There are no pages for folders.
        if found.is_dir() {
            return Ok(NewLink::Removed);
        }
        ensure!(found.is_file(), "there is no file `{target}`");
        // mdBook takes every link to such a file for one to a chapter.
        let is_document = file.extension().is_some_and(|extension| extension == "md");
        ensure!(
            !is_document,
            "`{}` is not in the book; add it to `documents` in docs/book.toml",
            file.display()
        );
        let target = format!("{to_root}{FILES}/{}{anchor}", file.display());
        self.linked.0.borrow_mut().insert(file);
        Ok(NewLink::To(target))
    }
}

impl Preprocessor for RepositoryPreprocessor {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn run(&self, _: &PreprocessorContext, mut book: Book) -> Result<Book> {
        // Of each chapter its path in the repository and in the book.
        let mut chapters: BTreeMap<_, _> = book
            .chapters()
            .filter_map(|chapter| chapter.path.clone())
            .map(|path| (Path::new(CHAPTERS).join(&path), path))
            .collect();
        let numbered = |item: &BookItem| matches!(item, BookItem::Chapter(chapter) if chapter.number.is_some());
        let first = book.items.iter().filter(|item| numbered(item)).count() + 1;
        book.push_item(BookItem::PartTitle(self.title.clone()));
        for (index, document) in self.documents.iter().enumerate() {
            book.push_item(with_numbers(document.clone(), first + index));
        }
        let added = Book::new_with_items(self.documents.iter().cloned().map(BookItem::Chapter).collect());
        for path in added.chapters().filter_map(|chapter| chapter.path.clone()) {
            if let Some(other) = chapters.insert(path.clone(), path) {
                bail!("`{}` is in the book twice", other.display());
            }
        }
        let mut done = Ok(());
        book.for_each_chapter_mut(|chapter| {
            if done.is_ok() {
                done = self.change_chapter(chapter, &chapters);
            }
        });
        done.map(|()| book)
    }
}

fn read_document(root: &Path, document: &Document) -> Result<Chapter> {
    let folder = root.join(&document.path);
    if !folder.is_dir() {
        return read_chapter(root, &document.path, Some(&document.title), Vec::new());
    }
    let first = document.path.join("README.md");
    let mut chapter = read_chapter(root, &first, Some(&document.title), Vec::new())?;
    for file in files_with_extension(&folder, "md")? {
        let path = document.path.join(file_name(&file));
        if path != first {
            let below = read_chapter(root, &path, None, vec![document.title.clone()])?;
            chapter.sub_items.push(BookItem::Chapter(below));
        }
    }
    Ok(chapter)
}

/// A document as a chapter; without a title it gets that of its first heading.
fn read_chapter(root: &Path, path: &Path, title: Option<&str>, parents: Vec<String>) -> Result<Chapter> {
    let text = fs::read_to_string(root.join(path))?;
    let heading = text.lines().next().and_then(|line| line.strip_prefix("# "));
    let heading = heading.with_context(|| format!("`{}` does not begin with a heading", path.display()))?;
    let title = title.unwrap_or(heading).to_owned();
    Ok(Chapter::new(&title, text, path, parents))
}

/// The chapter and those below it with numbers, without which mdBook shows them all on one level.
fn with_numbers(mut chapter: Chapter, number: usize) -> Chapter {
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    chapter.number = Some(SectionNumber::new([number]));
    for (below, item) in (1..).zip(&mut chapter.sub_items) {
        if let BookItem::Chapter(sub) = item {
            sub.number = Some(SectionNumber::new([number, below]));
        }
    }
    chapter
}

/// The path without `.` and `..`, or `None` if it leads out of the folder in which it begins.
fn resolve(path: &Path) -> Option<PathBuf> {
    let mut resolved = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => resolved.push(name),
            Component::CurDir => {}
            Component::ParentDir if resolved.pop() => {}
            _ => return None,
        }
    }
    Some(resolved)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
