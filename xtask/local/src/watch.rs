//! `cargo xtask watch`: builds a function with the development profile, runs it under the emulator with an S3 server and
//! a function URL, and builds and restarts it when a file changes. While a new version does not compile or start, the
//! previous one serves.

mod changes;
mod dep_info;
mod running;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Result, ensure};
use package::build::{self, Build};
use package::build_function::build_for_development;
use package::function_package::{PackageArguments, StoredObject};
use support::files::all_files;
use support::output::display_path;
use support::progress::print_status;

use crate::gateway::Gateway;
use crate::s3::S3Server;
use crate::test_local::parse_object;
use changes::Changes;
use dep_info::source_folders;
use running::RunningFunction;

#[derive(clap::Args, Clone, Debug, Default)]
pub struct Arguments {
    #[command(flatten)]
    pub package: PackageArguments,

    /// Put a file into the local S3 first; may be given several times
    #[arg(long, value_name = "BUCKET/KEY=FILE", value_parser = parse_object)]
    pub object: Vec<StoredObject>,
}

/// Runs until Ctrl-C.
pub fn run(arguments: &Arguments) -> Result<()> {
    let arguments = arguments.clone();
    let inputs = build::Arguments::for_package(&arguments.package);
    // Errors of the manifest and the recipe end the command only at its start.
    let first = Build::read(&inputs)?;
    ensure!(
        first.recipe.target.runs_on_host(),
        "`watch` runs programs of this machine's architecture only, and the recipe `{}` is for {}; use `cargo xtask \
         test-local`, or remove `architecture` from the recipe",
        first.recipe_file.display(),
        first.recipe.target.architecture
    );
    let storage = S3Server::start()?;
    let samples = first.package.samples.iter().flat_map(|sample| &sample.objects);
    storage.put_objects(samples.chain(&arguments.object))?;
    let mut changes = Changes::new(&first.package.workspace.target_dir())?;
    let mut session = Session {
        storage,
        gateway: None,
        running: None,
    };
    loop {
        let build = Build::read(&inputs);
        let updated = build.and_then(|build| {
            // What is watched is known before the build, so that no change during it is missed.
            changes.watch(package_folders(&build)?)?;
            session.update(&build, &mut changes)
        });
        if let Err(error) = updated {
            let serving = match session.running {
                Some(_) => "; the previous version still serves",
                None => "",
            };
            print_status(&format!("error: {error:#}{serving}; waiting for a change"));
        }
        changes.wait()?;
    }
}

/// The folders of the package and its recipe, with all below `src`. Those of other sources are known after a build.
fn package_folders(build: &Build) -> Result<Vec<PathBuf>> {
    let package = &build.package;
    let sources = package.folder().join("src");
    let mut folders = vec![package.folder().to_owned(), sources.clone()];
    let files = if sources.is_dir() {
        all_files(&sources)?
    } else {
        Vec::new()
    };
    let assets = package.assets.iter().map(|asset| &asset.file);
    let files = files.iter().chain(assets).chain([&build.recipe_file]);
    folders.extend(files.filter_map(|file| file.parent().map(Path::to_owned)));
    Ok(folders)
}

struct Session {
    storage: S3Server,
    /// Started with the first version; its URL stays the same.
    gateway: Option<Gateway>,
    running: Option<RunningFunction>,
}

impl Session {
    /// Builds the function, and replaces the running version if the new one differs and starts.
    fn update(&mut self, build: &Build, changes: &mut Changes) -> Result<()> {
        let start = Instant::now();
        let program = build_for_development(build)?;
        changes.watch(source_folders(&program, build.package.workspace.root())?)?;
        if self
            .running
            .as_ref()
            .is_some_and(|running| running.is_same(&program, build))
        {
            print_status("the program is the same; waiting for a change");
            return Ok(());
        }
        let next = RunningFunction::start(build, &program, &self.storage)?;
        let seconds = start.elapsed().as_secs_f64();
        match &self.gateway {
            Some(gateway) => {
                gateway.forward_to(next.url());
                let log = display_path(next.log());
                print_status(&format!(
                    "restarted after {seconds:.1} s, with its log in `{log}`; the URL is {}",
                    gateway.url()
                ));
            }
            None => {
                let gateway = Gateway::start_with_invocations(next.url())?;
                print_status(&format!(
                    "built and started in {seconds:.1} s. The function's URL is {}; open it in a browser, or post a \
                     file to it. Events are posted to\n  {}\nS3 is at {}, and the function's log in `{}`.\nThe function is built and restarted \
                     when a file changes. Ctrl-C stops everything.",
                    gateway.url(),
                    gateway.invocations_url(),
                    self.storage.endpoint(),
                    display_path(next.log())
                ));
                self.gateway = Some(gateway);
            }
        }
        // Drops the previous version, which no longer gets events.
        self.running = Some(next);
        Ok(())
    }
}
