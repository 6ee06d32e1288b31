//! The rules about an image's configuration: settings that Lambda checks, and settings that it ignores.

use oci_spec::image::{Config, ImageConfiguration};

use super::finding::Findings;
use super::rule::Rule;
use crate::entries::EntryKind;
use crate::lambda::LAMBDA;
use crate::manifest::layer_history;
use crate::merged_file_system::MergedFileSystem;

pub(crate) fn lint(config: &ImageConfiguration, layers: usize, findings: &mut Findings) {
    history(config, layers, findings);
    let limit = LAMBDA.image_layers;
    if layers > limit {
        let found = format!("the image has {layers} layers; storage drivers of Docker mount at most {limit}");
        findings.warning(Rule::LayerCount, found);
    }
    if let Some(run) = config.config() {
        settings_size(run, findings);
        ignored_settings(run, findings);
    }
}

fn history(config: &ImageConfiguration, layers: usize, findings: &mut Findings) {
    let count = layer_history(config).count();
    // AWS's own base images had none, and functions based on them ran.
    if count == 0 && layers > 0 {
        findings.warning(Rule::History, "the configuration has no history");
    } else if count != layers {
        let found = format!("the image has {layers} layers, but {count} history entries for layers");
        findings.error(Rule::History, found);
    }
}

/// The size of what Lambda calls the container image settings.
fn settings_size(run: &Config, findings: &mut Findings) {
    let lists = [run.entrypoint(), run.cmd(), run.env()];
    let lists = lists.into_iter().flatten().flatten();
    let texts = lists.chain(run.working_dir()).map(String::len);
    let (bytes, limit) = (texts.sum::<usize>(), LAMBDA.image_settings_bytes);
    if bytes > limit {
        let found = format!("ENTRYPOINT, CMD, ENV and WORKDIR have {bytes} bytes; the limit is {limit}");
        findings.error(Rule::SettingsSize, found);
    }
}

fn ignored_settings(run: &Config, findings: &mut Findings) {
    let user = run.user().as_deref().unwrap_or_default();
    let name = user.split(':').next().unwrap_or_default();
    if matches!(name, "root" | "0") {
        let found = format!("USER is `{user}`; Lambda runs the function as an unprivileged user");
        findings.note(Rule::IgnoredSettings, found);
    }
    let mut list = |what: &str, names: &Option<Vec<String>>, reason: &str| {
        let mut names = names.clone().unwrap_or_default();
        names.sort();
        if !names.is_empty() {
            let found = format!("{what} {}: {reason}", names.join(", "));
            findings.note(Rule::IgnoredSettings, found);
        }
    };
    list(
        "VOLUME",
        run.volumes(),
        "Lambda mounts nothing there, and only /tmp is writable",
    );
    list("EXPOSE", run.exposed_ports(), "nothing can connect to a function");
}

/// Checks the working directory against the files of the image.
pub(crate) fn working_directory(config: &ImageConfiguration, file_system: &MergedFileSystem, findings: &mut Findings) {
    let run = config.config().as_ref();
    let Some(folder) = run
        .and_then(|run| run.working_dir().as_deref())
        .filter(|folder| !folder.is_empty())
    else {
        return;
    };
    if !folder.starts_with('/') {
        let found = format!("WORKDIR `{folder}` is relative (Runtime.InvalidWorkingDir)");
        findings.error(Rule::WorkingDirectory, found);
        return;
    }
    if folder.trim_matches('/').is_empty() || file_system.has_folder(folder) {
        return;
    }
    match file_system.resolve(folder) {
        Some((_, entry)) if entry.kind == EntryKind::Directory => {}
        Some(_) => {
            let found = format!("WORKDIR `{folder}` is not a folder (Runtime.InvalidWorkingDir)");
            findings.error(Rule::WorkingDirectory, found);
        }
        None => {
            let found =
                format!("WORKDIR `{folder}` is not in the image; engines create it, but Lambda's root is read-only");
            findings.warning(Rule::WorkingDirectory, found);
        }
    }
}
