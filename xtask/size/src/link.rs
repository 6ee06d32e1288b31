//! Repeats the function's link from its record: to the same bytes for the linker's map, with relocations for the graph
//! of references, or with other libraries.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;
use object::read::archive::ArchiveFile;
use opencv_build::internals::{LINK_ARGUMENTS_FILE, LINK_MESSAGES_FILE};

use support::files::{PARTIAL_PREFIX, temporary_dir_in};
use support::run::{Shell, cmd, wait_with_output};

/// The record of a link that `opencv-build/data/link.sh` writes.
pub struct LinkRecord {
    pub folder: PathBuf,
    /// The folder where cargo linked: some of zig's paths are relative to it.
    root: PathBuf,
    zig: PathBuf,
    /// The linker's arguments, without the output.
    arguments: Vec<String>,
}

pub struct LinkOutput {
    pub output: PathBuf,
    pub map: PathBuf,
}

impl LinkRecord {
    pub fn open(folder: &Path, root: &Path, zig: &Path) -> Result<Self> {
        let path = folder.join(LINK_MESSAGES_FILE);
        let failed = "failed to read the record of a link";
        let messages = fs::read_to_string(&path).context(failed)?;
        let requested = fs::read_to_string(folder.join(LINK_ARGUMENTS_FILE)).context(failed)?;
        let inputs = folder.join("inputs");
        // The record is in the target folder's `size/TARGET/link`.
        let target = folder.ancestors().nth(3).unwrap_or(folder);
        let arguments = linker_arguments(&messages, &requested, &inputs, target)
            .with_context(|| format!("failed to use the record of a link `{}`", path.display()))?;
        Ok(Self {
            folder: folder.to_owned(),
            root: root.to_owned(),
            zig: zig.to_owned(),
            arguments,
        })
    }

    pub fn reproduce(&self, binary: &[u8]) -> Result<LinkOutput> {
        let linked = self.cached("reproduced", &self.arguments)?;
        let (output, folder) = (fs::read(&linked.output)?, self.folder.display());
        ensure!(output == binary, "the record in `{folder}` is of another link");
        Ok(linked)
    }

    /// Links with symbols and relocations. Addresses differ from those of the binary.
    pub fn link_with_relocations(&self) -> Result<LinkOutput> {
        // With -O2 and higher, lld 22 omits relocations of data despite --emit-relocs.
        let unwanted = |argument: &str| ["-s", "--strip-all"].contains(&argument) || argument.starts_with("-O");
        let mut arguments = self.arguments.clone();
        arguments.retain(|argument| !unwanted(argument));
        arguments.push("--emit-relocs".to_owned());
        self.cached("relocations", &arguments)
    }

    /// Links with `libraries` instead of the SDK's, `ours`. `name` is the name of the output file.
    pub fn link_with(&self, name: &str, ours: &[PathBuf], libraries: &[PathBuf]) -> Result<LinkOutput> {
        let mut members = Vec::new();
        for library in ours {
            members.extend(member_names(library)?);
        }
        let mut arguments = Vec::new();
        let mut replaced = 0;
        for argument in &self.arguments {
            match other_objects(argument, &members)? {
                None => arguments.push(argument.clone()),
                Some(rest) => {
                    replaced += 1;
                    arguments.push("--start-lib".to_owned());
                    arguments.extend(self.extract(argument, &rest)?);
                    arguments.push("--end-lib".to_owned());
                    arguments.extend(libraries.iter().map(|it| it.display().to_string()));
                }
            }
        }
        ensure!(
            replaced == 1,
            "the SDK's libraries are in {replaced} of the linked files, and must be in one to be replaced"
        );
        self.link(name, &arguments)
    }

    fn cached(&self, name: &str, arguments: &[String]) -> Result<LinkOutput> {
        let (output, map) = self.output_paths(name);
        if output.is_file() && map.is_file() {
            return Ok(LinkOutput { output, map });
        }
        self.link(name, arguments)
    }

    fn output_paths(&self, name: &str) -> (PathBuf, PathBuf) {
        let output = self.folder.join(name);
        let map = output.with_extension("map");
        (output, map)
    }

    fn link(&self, name: &str, arguments: &[String]) -> Result<LinkOutput> {
        let (output, map) = self.output_paths(name);
        // Another process may link at the same time.
        let folder = temporary_dir_in(&self.folder, PARTIAL_PREFIX)?;
        let (partial, partial_map) = (folder.path().join("output"), folder.path().join("map"));
        let (sh, zig) = (Shell::new()?, &self.zig);
        sh.change_dir(&self.root);
        let result = wait_with_output(cmd!(
            sh,
            "{zig} ld.lld {arguments...} --no-demangle -Map={partial_map} -o {partial}"
        ))?;
        if !result.status.success() {
            let (output, status) = (output.display(), result.status);
            let messages = String::from_utf8_lossy(&result.stderr);
            let first = messages.lines().take(10).collect::<Vec<_>>().join("\n");
            bail!("failed to link `{output}` again: {status}\n{first}");
        }
        for (from, to) in [(&partial, &output), (&partial_map, &map)] {
            fs::rename(from, to)?;
        }
        Ok(LinkOutput { output, map })
    }

    fn extract(&self, archive: &str, names: &[String]) -> Result<Vec<String>> {
        let data = fs::read(archive)?;
        let folder = self.folder.join("members");
        fs::create_dir_all(&folder)?;
        let mut paths = Vec::new();
        for (name, content) in members(Path::new(archive), &data)? {
            if names.contains(&name) {
                let path = folder.join(&name);
                fs::write(&path, content)?;
                paths.push(path.display().to_string());
            }
        }
        Ok(paths)
    }
}

/// The object files of an rlib that contains `members`, without these; none if it does not contain them.
fn other_objects(argument: &str, members: &[String]) -> Result<Option<Vec<String>>> {
    let path = Path::new(argument);
    if path.extension().is_none_or(|extension| extension != "rlib") {
        return Ok(None);
    }
    let names = member_names(path)?.into_iter();
    let (carried, rest): (Vec<_>, Vec<_>) = names.partition(|name| members.contains(name));
    let is_object = |name: &String| Path::new(name).extension().is_some_and(|e| e == "o");
    let rest = rest.into_iter().filter(is_object).collect();
    Ok((!carried.is_empty()).then_some(rest))
}

/// The names and contents of the members of an archive. `path` is for errors.
pub fn members<'a>(path: &Path, data: &'a [u8]) -> Result<Vec<(String, &'a [u8])>> {
    let failed = || format!("failed to read `{}`", path.display());
    let mut found = Vec::new();
    for member in ArchiveFile::parse(data).with_context(failed)?.members() {
        let member = member.with_context(failed)?;
        let name = String::from_utf8_lossy(member.name()).into_owned();
        found.push((name, member.data(data).with_context(failed)?));
    }
    Ok(found)
}

fn member_names(path: &Path) -> Result<Vec<String>> {
    let data = fs::read(path)?;
    let members = members(path, &data)?.into_iter();
    Ok(members.map(|(name, _)| name).collect())
}

/// The linker's arguments in zig's `messages` for the link with the `requested` arguments. Files that were copied to
/// `inputs` replace the linked ones, some of which rustc has deleted. zig does not quote paths with spaces: those of
/// requested files are replaced, and all others are in the `target` folder.
fn linker_arguments(messages: &str, requested: &str, inputs: &Path, target: &Path) -> Result<Vec<String>> {
    // `BuildPaths` rejects paths with this character.
    const SPACE: &str = "\u{1f}";
    let joined = |path: &Path| path.display().to_string().replace(' ', SPACE);

    let mut lines = messages.lines().rev();
    let line = lines.find_map(|line| line.strip_prefix("ld.lld "));
    let line = line.context("it has no line that begins with `ld.lld`")?;
    let mut line = format!(" {line} ");
    for path in requested.lines() {
        let kept = Path::new(path).file_name().map(|name| inputs.join(name));
        if let Some(kept) = kept.filter(|kept| kept.is_file()) {
            line = line.replace(&format!(" {path} "), &format!(" {} ", joined(&kept)));
        }
    }
    line = line.replace(&target.display().to_string(), &joined(target));
    let mut arguments = Vec::new();
    let mut words = line.split_ascii_whitespace();
    while let Some(word) = words.next() {
        if word == "-o" {
            words.next();
        } else {
            arguments.push(word.replace(SPACE, " "));
        }
    }
    Ok(arguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_inputs_replace_deleted_files() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.rcgu.o"), "").unwrap();
        let messages = "clang version\nld.lld -pie -o /deps/bootstrap /my home/a.rcgu.o /lib/b.a\n";
        let requested = "/my home/a.rcgu.o\n-lc\n";
        let found = linker_arguments(messages, requested, folder.path(), Path::new("/t")).unwrap();
        let kept = folder.path().join("a.rcgu.o").display().to_string();
        assert_eq!(found, ["-pie", &kept, "/lib/b.a"]);
    }

    #[test]
    fn target_folder_with_spaces_is_not_split() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a b/target");
        let inputs = target.join("size/x/link/inputs");
        fs::create_dir_all(&inputs).unwrap();
        fs::write(inputs.join("a.o"), "").unwrap();
        let at = |name: &str| target.join(name).display().to_string();
        let (requested, library) = (at("deps/a.o"), at("sdk/b.a"));
        let messages = format!("ld.lld -pie -o {} {requested} -L{}\n", at("bootstrap"), library);
        let found = linker_arguments(&messages, &requested, &inputs, &target).unwrap();
        let kept = at("size/x/link/inputs/a.o");
        assert_eq!(found, ["-pie", &kept, &format!("-L{library}")]);
    }

    #[test]
    fn record_without_linker_command_is_rejected() {
        let folder = tempfile::tempdir().unwrap();
        assert!(LinkRecord::open(folder.path(), Path::new("/"), Path::new("zig")).is_err());
        fs::write(folder.path().join(LINK_MESSAGES_FILE), "clang version\n").unwrap();
        fs::write(folder.path().join(LINK_ARGUMENTS_FILE), "-lc\n").unwrap();
        let error = LinkRecord::open(folder.path(), Path::new("/"), Path::new("zig"))
            .err()
            .unwrap();
        assert!(format!("{error:#}").contains("begins with `ld.lld`"), "{error:#}");
    }
}
