//! The rule about files and folders that only their owner may read, in the merged layers of an image.

use oci_spec::image::ImageConfiguration;

use super::finding::{Findings, Severity};
use super::layers::is_world_readable;
use super::rule::Rule;
use crate::entries::EntryKind;
use crate::lambda::LAMBDA;
use crate::merged_file_system::MergedFileSystem;

/// Where Lambda's runtimes and base images have the function, and what Lambda takes from layers.
const FUNCTION_FOLDERS: [&str; 2] = ["/var/task", "/opt"];

/// Reports private files of the function as errors. Others are warnings, because it need not read them. The program,
/// its loader and its libraries have rules of their own.
pub(crate) fn lint(config: &ImageConfiguration, file_system: &MergedFileSystem, findings: &mut Findings) {
    let function = function_folders(config, file_system);
    let (mut needed, mut others) = (Vec::new(), Vec::new());
    for (path, entry) in file_system.entries() {
        let is_folder = match entry.kind {
            EntryKind::Directory => true,
            EntryKind::File => false,
            _ => continue,
        };
        if is_world_readable(is_folder, entry.mode) {
            continue;
        }
        // A folder that cannot be listed can still be entered.
        let is_closed = !is_folder || entry.mode & 0o001 == 0;
        let is_needed = is_closed && is_of_function(path, &function);
        let found = format!("{path} (mode {:04o})", entry.mode);
        match is_needed {
            true => needed.push(found),
            false => others.push(found),
        }
    }
    findings.error_for_items(Rule::Readable, &needed, ", which the function cannot read");
    let suffix = ", which the function cannot read; this is right if it does not need to";
    findings.for_items(Rule::Readable, Severity::Warning, &others, suffix);
}

/// The folders with the function's files that exist, without links: the usual ones, the task root, and WORKDIR, from
/// which runtime interface clients load the handler.
fn function_folders(config: &ImageConfiguration, file_system: &MergedFileSystem) -> Vec<String> {
    let run = config.config().as_ref();
    let variables = run.and_then(|run| run.env().as_ref()).into_iter().flatten();
    let task_root = variables.filter_map(|variable| variable.strip_prefix("LAMBDA_TASK_ROOT="));
    let working_dir = run.and_then(|run| run.working_dir().as_deref());
    let folders = FUNCTION_FOLDERS.into_iter().chain(task_root).chain(working_dir);
    let folders = folders.filter_map(|folder| file_system.real_path(folder));
    folders
        .filter(|folder| !folder.is_empty() && (file_system.has_entry(folder) || file_system.has_folder(folder)))
        .collect()
}

/// Whether a path is a folder of the function, above one, or in one. Folders in which operating systems have private
/// files may be in a folder of the function, such as WORKDIR `/var`.
fn is_of_function(path: &str, function: &[String]) -> bool {
    if function.iter().any(|folder| folder == path || is_below(folder, path)) {
        return true;
    }
    let longest = |folders: &[String]| {
        let around = folders
            .iter()
            .filter(|folder| *folder == path || is_below(path, folder));
        around.map(String::len).max()
    };
    longest(function) > longest(&LAMBDA.system_folders)
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_the_function_win_over_those_of_the_system() {
        let function = ["var/task", "root", "var", "usr/src/app"].map(str::to_owned);
        for path in ["var/task", "var/task/a", "usr", "root", "var/www", "usr/src/app/a"] {
            assert!(is_of_function(path, &function), "{path}");
        }
        for path in [
            "root/.bashrc",
            "var/lib/x",
            "usr/src/b",
            "home/node",
            "var-task",
            "usr/src/app2",
        ] {
            assert!(!is_of_function(path, &function), "{path}");
        }
    }
}
