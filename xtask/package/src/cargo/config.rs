//! The user's configuration of cargo: the tables for sources of crates and network access of all files that cargo
//! would read, merged into one. All other tables, which change how crates are compiled, are left out.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use fs_err as fs;
use toml::{Table, Value};

const SOURCE_TABLES: [&str; 6] = ["credential-alias", "http", "net", "registries", "registry", "source"];

/// Keys whose values are paths, relative to the parent of the file's folder.
const PATH_KEYS: [&str; 4] = ["cainfo", "directory", "local-registry", "proxy-cainfo"];

/// A list with this key is a command with its arguments, and is not merged with others.
const COMMAND_KEY: &str = "credential-provider";

/// Each string in a list with this key is a command.
const COMMAND_LIST_KEY: &str = "global-credential-providers";

/// The configuration for a project in `root`, with the user's cargo home `home` if it exists.
pub(super) fn read(root: &Path, home: Option<&Path>) -> Result<Table> {
    let mut folders: Vec<_> = root.ancestors().map(|above| above.join(".cargo")).collect();
    folders.extend(home.map(Path::to_owned));
    let mut seen = Vec::new();
    let mut all = Table::new();
    for folder in folders {
        // cargo's home can be a `.cargo` of a folder above the project.
        let real = fs::canonicalize(&folder).unwrap_or_else(|_| folder.clone());
        if seen.contains(&real) {
            continue;
        }
        seen.push(real);
        // `config` is the older name, and takes precedence.
        let names = ["config", "config.toml"].map(|name| folder.join(name));
        let Some(file) = names.into_iter().find(|file| file.is_file()) else {
            continue;
        };
        // The first file is the nearest, and takes precedence.
        let below = std::mem::replace(&mut all, read_file(&file, &mut Vec::new())?);
        merge(&mut all, below);
    }
    Ok(all)
}

fn read_file(file: &Path, including: &mut Vec<PathBuf>) -> Result<Table> {
    let text = fs::read_to_string(file)?;
    let named = file.display();
    let failed = || format!("failed to read cargo's configuration in `{named}`");
    let mut table: Table = text.parse().with_context(failed)?;
    let folder = file.parent().unwrap_or(Path::new("/"));
    let mut all = Table::new();
    including.push(file.to_owned());
    for (included, optional) in includes(table.get("include")) {
        let included = folder.join(included);
        if including.contains(&included) || optional && !included.is_file() {
            continue;
        }
        merge(&mut all, read_file(&included, including)?);
    }
    including.pop();
    table.retain(|key, _| SOURCE_TABLES.contains(&key));
    make_paths_absolute(&mut table, folder.parent().unwrap_or(folder));
    merge(&mut all, table);
    Ok(all)
}

/// The files in an entry `include`, and whether they are optional.
fn includes(entry: Option<&Value>) -> Vec<(String, bool)> {
    let entries = match entry {
        Some(Value::Array(entries)) => entries.as_slice(),
        Some(entry) => std::slice::from_ref(entry),
        None => &[],
    };
    let one = |entry: &Value| match entry {
        Value::String(path) => Some((path.clone(), false)),
        Value::Table(entry) => Some((
            entry.get("path")?.as_str()?.to_owned(),
            entry.get("optional").and_then(Value::as_bool) == Some(true),
        )),
        _ => None,
    };
    entries.iter().filter_map(one).collect()
}

/// Makes paths absolute, because the configuration is moved to another folder.
fn make_paths_absolute(table: &mut Table, folder: &Path) {
    for (key, value) in table {
        match value {
            Value::Table(aliases) if key == "credential-alias" => {
                aliases
                    .iter_mut()
                    .for_each(|(_, one)| make_program_absolute(one, folder));
            }
            Value::Table(table) => make_paths_absolute(table, folder),
            Value::String(path) if PATH_KEYS.contains(&key.as_str()) => {
                *path = folder.join(&path).display().to_string();
            }
            Value::Array(commands) if key == COMMAND_LIST_KEY => {
                for command in commands {
                    if let Value::String(text) = command
                        && text.split_whitespace().next().is_some_and(is_path)
                    {
                        *text = folder.join(&text).display().to_string();
                    }
                }
            }
            command if key == COMMAND_KEY => make_program_absolute(command, folder),
            _ => {}
        }
    }
}

/// Makes the path of a command's program absolute. cargo accepts a list, or a string that it splits at white space:
/// that becomes a list, because the absolute path may contain spaces.
fn make_program_absolute(command: &mut Value, folder: &Path) {
    if let Value::String(text) = command {
        let words = text.split_whitespace();
        *command = Value::Array(words.map(Value::from).collect());
    }
    if let Value::Array(words) = command
        && let Some(Value::String(program)) = words.first_mut()
        && is_path(program)
    {
        *program = folder.join(&program).display().to_string();
    }
}

/// Folders of vendored crates in a configuration from [`read`].
pub(super) fn vendored_crate_dirs(config: &Table) -> Vec<PathBuf> {
    let sources = config.get("source").and_then(Value::as_table);
    let named = sources.into_iter().flat_map(|sources| sources.values());
    named
        .filter_map(|source| Some(source.get("directory")?.as_str()?.into()))
        .collect()
}

/// Whether a program is a path, and not a name to search on PATH or a built-in of cargo.
fn is_path(program: &str) -> bool {
    program.contains('/') && !program.starts_with("cargo:")
}

/// Merges as cargo does: tables are merged, lists are concatenated, and other values in `high` take precedence.
fn merge(low: &mut Table, high: Table) {
    for (key, value) in high {
        match (low.get_mut(&key), value) {
            (Some(Value::Table(low)), Value::Table(high)) => merge(low, high),
            (Some(Value::Array(low)), Value::Array(high)) if key != COMMAND_KEY => low.extend(high),
            (_, value) => {
                low.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(file: &Path, text: &str) {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    fn table(text: &str) -> Table {
        text.parse().unwrap()
    }

    #[test]
    fn only_crate_source_tables_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("a/project");
        write(
            &root.join(".cargo/config.toml"),
            "[build]\nrustflags = ['-Crelro-level=off']\ntarget = 'wasm32-unknown-unknown'\n\
             rustc-wrapper = 'sccache'\n[env]\nCFLAGS = { value = '-O0', force = true }\n\
             [profile.lambda]\nopt-level = 0\n[target.'cfg(unix)']\nlinker = 'mold'\n[unstable]\n\
             gc = true\n[patch.crates-io]\nserde = { path = '/hostile' }\n[alias]\nbuild = 'clean'\n\
             [source.crates-io]\nreplace-with = 'mirror'\n[net]\nretry = 7\n",
        );
        write(
            &folder.path().join("a/.cargo/config"),
            "paths = ['/hostile']\n[source.mirror]\nregistry = 'sparse+https://mirror.example/'\n[net]\nretry = 1\n\
             offline = true\n[http]\ncainfo = 'certs/ca.pem'\n",
        );
        write(&folder.path().join("a/.cargo/config.toml"), "not read");
        let home = folder.path().join("home");
        write(
            &home.join("config.toml"),
            "[source.mirror]\nregistry = 'far'\n[source.vendored]\ndirectory = 'vendor'\n\
             [registries.own]\nindex = 'https://own.example'\n[registry]\ndefault = 'own'\n",
        );
        let above = folder.path().display();
        let expected = format!(
            "[source.crates-io]\nreplace-with = 'mirror'\n[source.mirror]\nregistry = 'sparse+https://mirror.example/'\n\
             [source.vendored]\ndirectory = '{above}/vendor'\n[net]\nretry = 7\noffline = true\n[http]\n\
             cainfo = '{above}/a/certs/ca.pem'\n[registries.own]\nindex = 'https://own.example'\n\
             [registry]\ndefault = 'own'\n"
        );
        assert_eq!(read(&root, Some(&home)).unwrap(), table(&expected));
    }

    #[test]
    fn cargo_home_above_the_project_is_read_once() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join(".cargo");
        write(
            &home.join("config.toml"),
            "[registry]\nglobal-credential-providers = ['cargo:token']\n",
        );
        let read = read(&folder.path().join("project"), Some(&home)).unwrap();
        let providers = read["registry"]["global-credential-providers"].as_array();
        assert_eq!(providers.unwrap().len(), 1);
    }

    #[test]
    fn lists_are_merged_except_credential_provider_commands() {
        let mut low = table("[registry]\nglobal-credential-providers = ['a']\ncredential-provider = ['./low', 'x']\n");
        let mut high = table("[registry]\nglobal-credential-providers = ['b']\ncredential-provider = ['./high']\n");
        make_paths_absolute(&mut high, Path::new("/p"));
        merge(&mut low, high);
        let expected = "[registry]\nglobal-credential-providers = ['a', 'b']\n\
                        credential-provider = ['/p/./high']\n";
        assert_eq!(low, table(expected));
    }

    #[test]
    fn program_paths_become_absolute() {
        let mut config = table(
            "[registry]\nglobal-credential-providers = ['cargo:token', './a one', 'b']\n\
             credential-provider = './c two'\n[credential-alias]\nmine = ['./d', 'three']\nplain = 'e --f=/g'\n",
        );
        make_paths_absolute(&mut config, Path::new("/p q"));
        let expected = "[registry]\nglobal-credential-providers = ['cargo:token', '/p q/./a one', 'b']\n\
                        credential-provider = ['/p q/./c', 'two']\n\
                        [credential-alias]\nmine = ['/p q/./d', 'three']\nplain = ['e', '--f=/g']\n";
        assert_eq!(config, table(expected));
    }

    #[test]
    fn included_files_have_lower_precedence() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        write(
            &at("config.toml"),
            "include = ['one.toml', { path = 'none.toml', optional = true }]\n[net]\nretry = 3\n",
        );
        write(
            &at("one.toml"),
            "include = 'config.toml'\n[net]\nretry = 1\noffline = true\n[build]\njobs = 1\n",
        );
        let nowhere = Path::new("/");
        let read = read(nowhere, Some(folder.path())).unwrap();
        assert_eq!(read["net"], Value::Table(table("retry = 3\noffline = true")));
        assert!(!read.contains_key("build"));
    }

    #[test]
    fn invalid_toml_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("config.toml"), "[net");
        let error = read(Path::new("/"), Some(folder.path())).unwrap_err();
        assert!(format!("{error:#}").contains("config.toml"), "{error:#}");
    }
}
