//! `cargo xtask new`: makes the crate of a function from a template in `function/templates`, as a workspace of its own,
//! so that it changes nothing in this one. Writes a temporary folder, and renames it last.

mod name;
mod recipe;

use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;
use serde::Serialize;
use support::cargo::cargo;
use support::files::{all_files, copy};
use support::interruption::scratch_dir;
use support::output::{CommandOutput, display_path, print};
use support::run::{output, shell_word};

use package::function_package::{FunctionPackage, PackageArguments, RECIPE_FILE};
use package::workspace::Workspace;

/// The templates, and the part of READMEs that is the same for all of them.
const TEMPLATES: &str = "function/templates";
const COMMON_README: &str = "commands.md";
const README: &str = "README.md";
/// Not named `Cargo.toml`, which cargo would parse in a repository that it downloads.
const MANIFEST_TEMPLATE: &str = "Cargo.toml.template";
/// The photo of templates that have none of their own.
const PHOTO: &str = "function/samples/eileen-collins.jpg";
/// Files of the project that a crate gets as they are.
const COPIED: [&str; 2] = ["Cargo.lock", "rustfmt.toml"];
const SAMPLES: &str = "samples";

#[derive(clap::Args, Clone, Debug)]
// clap names the group after the struct, and another `Arguments` has that name already.
#[group(skip)]
pub struct Arguments {
    /// The name of the package, of its program, and of its image
    pub name: String,

    /// What the function does
    #[arg(long, value_enum, default_value_t)]
    pub template: Template,

    /// The folder to write, which must not exist or be empty [default: a folder NAME in this project]
    #[arg(long, value_name = "FOLDER")]
    pub path: Option<PathBuf>,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Template {
    /// Says how bright a photo is
    #[default]
    Minimal,
    /// Makes small versions of photos
    Thumbnail,
    /// Scans documents: finds the page, and makes it flat, black and white
    Scan,
    /// Blurs the faces in photos
    BlurFaces,
    /// Moves photos that are blurred, too dark, too bright or too small
    Quality,
}

#[derive(Serialize)]
struct NewOutput {
    name: String,
    template: Template,
    path: PathBuf,
    /// The options that select the function in other commands.
    options: String,
}

/// What is replaced in a template.
struct Placeholders(Vec<(&'static str, String)>);

pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    let project = Workspace::find();
    let members = FunctionPackage::find(&project, &PackageArguments::default())?.members;
    name::check(&arguments.name, &members)?;
    let folder = match &arguments.path {
        Some(path) => std::path::absolute(path)?,
        None => project.root().join(&arguments.name),
    };
    print(&create(&project, arguments, &folder)?, json)
}

fn create(project: &Workspace, arguments: &Arguments, folder: &Path) -> Result<NewOutput> {
    let failed = || format!("failed to make the crate `{}`", folder.display());
    ensure_free(folder).with_context(failed)?;
    let existing = folder.ancestors().skip(1).find(|ancestor| ancestor.is_dir());
    let existing = existing.with_context(failed)?;
    let place = Place::new(project.root(), existing, (folder, &arguments.name)).with_context(failed)?;
    let placeholders = |project_path: &str| Placeholders::new(project.root(), &arguments.name, &place, project_path);

    let (partial, _cleanup) = scratch_dir(existing).with_context(failed)?;
    write_files(project.root(), arguments.template, partial.path()).with_context(failed)?;
    // The lock file is resolved here, where relative paths are wrong.
    let template = project.root().join(TEMPLATES).join(arguments.template.name());
    let manifest = partial.path().join("Cargo.toml");
    let manifest_template = fs::read_to_string(template.join(MANIFEST_TEMPLATE))?;
    fs::write(&manifest, placeholders(utf8(project.root())?)?.fill(&manifest_template))?;
    resolve(&manifest).with_context(failed)?;
    let placeholders = placeholders(&place.project)?;
    fs::write(&manifest, placeholders.fill(&manifest_template))?;
    let readme = fs::read_to_string(template.join(README))?
        + &fs::read_to_string(project.root().join(TEMPLATES).join(COMMON_README))?;
    fs::write(partial.path().join(README), placeholders.fill(&readme))?;

    // Temporary folders are private.
    let permissions = fs::metadata(partial.path().join(SAMPLES))?.permissions();
    fs::set_permissions(partial.path(), permissions)?;
    let parent = folder.parent().with_context(failed)?;
    fs::create_dir_all(parent).with_context(failed)?;
    fs::rename(partial.path(), folder).with_context(failed)?;
    Ok(NewOutput {
        name: arguments.name.clone(),
        template: arguments.template,
        path: folder.to_owned(),
        options: place.options,
    })
}

fn ensure_free(folder: &Path) -> Result<()> {
    let Ok(metadata) = fs::symlink_metadata(folder) else {
        return Ok(());
    };
    ensure!(
        metadata.is_dir(),
        "it exists and is not a folder; choose another with `--path FOLDER`"
    );
    ensure!(
        fs::read_dir(folder)?.next().is_none(),
        "the folder is not empty; choose another with `--path FOLDER`, or remove it"
    );
    Ok(())
}

/// Everything but the manifest and the README.
fn write_files(project: &Path, template: Template, to: &Path) -> Result<()> {
    let from = project.join(TEMPLATES).join(template.name());
    let mut has_photo = false;
    for file in all_files(&from)? {
        let name = file.strip_prefix(&from)?;
        has_photo |= name.extension().is_some_and(|extension| extension == "jpg");
        if name != Path::new(MANIFEST_TEMPLATE) && name != Path::new(README) {
            copy(&file, &to.join(name))?;
        }
    }
    if !has_photo {
        let photo = project.join(PHOTO);
        copy(&photo, &to.join(SAMPLES).join(photo.file_name().unwrap_or_default()))?;
    }
    for name in COPIED {
        copy(&project.join(name), &to.join(name))?;
    }
    let recipe = project.join(RECIPE_FILE);
    let text = recipe::without_budgets(&fs::read_to_string(&recipe)?);
    let text = text.with_context(|| format!("failed to copy `{}`", recipe.display()))?;
    fs::write(to.join(RECIPE_FILE), text)?;
    fs::write(to.join(".gitignore"), "/target\n")?;
    Ok(())
}

/// Removes from the lock file, which is the project's, what the crate does not need, and adds the crate. The versions of
/// dependencies stay those with which the project is tested.
fn resolve(manifest: &Path) -> Result<()> {
    output(
        cargo()
            .args(["update", "--workspace", "--quiet", "--manifest-path"])
            .arg(manifest),
    )
    .context("failed to resolve its dependencies")?;
    Ok(())
}

/// Where the crate is.
struct Place {
    /// The path to the project, from the crate if it is inside.
    project: String,
    /// The crate's manifest, for the user's own calls of cargo in the project.
    manifest: String,
    /// The options that select the function in other commands.
    options: String,
}

impl Place {
    /// The place of the package `name` in `folder`. `existing` is the innermost folder that exists of those that contain
    /// `folder`.
    fn new(project: &Path, existing: &Path, (folder, name): (&Path, &str)) -> Result<Self> {
        let new = folder.strip_prefix(existing)?;
        // What it names would depend on folders that do not exist yet.
        ensure!(
            !new.components().any(|part| part == Component::ParentDir),
            "`{}` has `..`, and is below `{}`, where it does not exist; write the path without `..`",
            new.display(),
            existing.display()
        );
        let real_project = fs::canonicalize(project)?;
        let real_folder = fs::canonicalize(existing)?.join(new);
        let Ok(inside) = real_folder.strip_prefix(&real_project) else {
            return Ok(Self {
                project: utf8(&real_project)?.to_owned(),
                manifest: shell_word(utf8(&folder.join("Cargo.toml"))?).into_owned(),
                options: format!("--manifest-path {}", shell_word(utf8(folder)?)),
            });
        };
        let path = utf8(inside)?;
        // A package is found in a folder of its own name; another folder can have the name of another package.
        let options = match path == name {
            true => format!("--package {name}"),
            false => format!("--manifest-path {}", shell_word(path)),
        };
        Ok(Self {
            project: vec![".."; inside.components().count()].join("/"),
            manifest: shell_word(&format!("{path}/Cargo.toml")).into_owned(),
            options,
        })
    }
}

impl Placeholders {
    fn new(project: &Path, name: &str, place: &Place, project_path: &str) -> Result<Self> {
        let manifest = project.join("function/harness/Cargo.toml");
        let harness: toml::Table = fs::read_to_string(&manifest)?.parse()?;
        let dependency = harness.get("dependencies").and_then(|table| table.get("opencv"));
        let opencv = dependency.and_then(|opencv| opencv.get("version")?.as_str());
        let opencv = opencv.with_context(|| format!("`{}` has no version of opencv", manifest.display()))?;
        let escaped = project_path.replace('\\', "\\\\").replace('"', "\\\"");
        Ok(Self(vec![
            ("{{package}}", name.to_owned()),
            ("{{rust-version}}", env!("CARGO_PKG_RUST_VERSION").to_owned()),
            ("{{opencv}}", opencv.to_owned()),
            ("{{project}}", escaped),
            ("{{manifest}}", place.manifest.clone()),
            ("{{options}}", place.options.clone()),
        ]))
    }

    fn fill(&self, text: &str) -> String {
        let replace = |text: String, (name, value): &(&str, String)| text.replace(name, value);
        self.0.iter().fold(text.to_owned(), replace)
    }
}

impl Template {
    /// The name of its folder and on the command line.
    fn name(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Thumbnail => "thumbnail",
            Self::Scan => "scan",
            Self::BlurFaces => "blur-faces",
            Self::Quality => "quality",
        }
    }
}

fn utf8(path: &Path) -> Result<&str> {
    match path.to_str() {
        Some(text) if !text.contains(char::is_control) => Ok(text),
        _ => bail!(
            "the path `{}` is not a line of UTF-8; choose another folder",
            path.display()
        ),
    }
}

impl CommandOutput for NewOutput {
    fn to_text(&self) -> String {
        format!(
            "{}: a function from the template {}; its README.md says how to test, change and deploy it\n  \
             cargo xtask test-local {}",
            display_path(&self.path),
            self.template.name(),
            self.options
        )
    }
}

#[cfg(test)]
mod tests;
