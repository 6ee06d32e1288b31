//! `cargo xtask build-opencv`: builds the SDK from `opencv.toml`, or pulls it from a registry in which another machine
//! has put it.

use std::path::PathBuf;

use anyhow::{Result, bail};
use opencv_build::{Library, SdkOrigin};
use serde::Serialize;

use crate::build::{self, Build};
use crate::sdk_cache::{PushedSdk, SdkCache, require_for_push};
use support::environment::Environment;
use support::lock::Lock;
use support::output::{CommandOutput, display_path, format_bytes, format_table, print};
use support::progress::print_status;

#[derive(clap::Args, Clone, Debug, Default)]
// clap names the group after the struct, and another `Arguments` has that name already.
#[group(skip)]
pub struct Arguments {
    #[command(flatten)]
    pub build: build::Arguments,

    /// Pull the SDK from this repository of a registry, REGISTRY/NAME, if it is there; otherwise build it. The variable
    /// OPENCV_SDK_CACHE names one for all commands that build OpenCV
    #[arg(long, value_name = "REF")]
    pub cache: Option<String>,

    /// Push the SDK to that repository, unless it is there
    #[arg(long)]
    pub push_cache: bool,

    /// Access this registry by plain HTTP; may be given several times. Registries on this machine need no option
    #[arg(long, value_name = "HOST[:PORT]")]
    pub plain_http: Vec<String>,
}

#[derive(Serialize)]
pub struct BuildOpencvOutput {
    pub sdk: PathBuf,
    pub fingerprint: String,
    pub origin: SdkOrigin,
    pub cached: bool,
    pub seconds: f64,
    pub modules: Vec<String>,
    pub libraries: Vec<Library>,
    pub degraded: Vec<String>,
    /// The SDK's reference in the registry, if one is used.
    pub cache: Option<String>,
    /// Why the SDK could not be pulled, if that failed.
    pub pull_failure: Option<String>,
    pub pushed: Option<PushedSdk>,
    /// Why the SDK could not be pushed, if that failed.
    pub push_failure: Option<String>,
}

pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    let mut build = Build::read(&arguments.build)?;
    build.sdk_cache = match &arguments.cache {
        Some(named) => Some(SdkCache::new(named, &arguments.plain_http)?),
        None => SdkCache::from_environment(&Environment::current(), &arguments.plain_http)?,
    };
    if arguments.push_cache {
        require_for_push(build.sdk_cache.as_ref())?;
    }
    let output = build_and_push(&build, arguments.push_cache)?;
    print(&output, json)?;
    if let Some(reason) = output.push_failure {
        bail!("{reason}\nThe SDK itself is complete. Leave out --push-cache where the registry can only be read");
    }
    Ok(())
}

/// Builds or pulls the SDK; with `push`, pushes it afterwards.
pub fn build_and_push(build: &Build, push: bool) -> Result<BuildOpencvOutput> {
    let built = build.build_opencv()?;
    let manifest = built.sdk.manifest();
    let mut output = BuildOpencvOutput {
        sdk: built.sdk.path().to_owned(),
        fingerprint: manifest.fingerprint.to_string(),
        origin: built.origin,
        cached: built.origin == SdkOrigin::Cached,
        seconds: built.seconds,
        modules: manifest.modules.clone(),
        libraries: manifest.libraries.clone(),
        degraded: manifest.degraded.clone(),
        cache: None,
        pull_failure: built.pull_failure,
        pushed: None,
        push_failure: None,
    };
    let Some(cache) = &build.sdk_cache else {
        return Ok(output);
    };
    output.cache = Some(cache.reference(&manifest.fingerprint));
    // The registry has what was pulled from it.
    if push && built.origin != SdkOrigin::Pulled {
        // So that no other build replaces the SDK during the push.
        let _lock = Lock::acquire(&build.paths.lock_file(), print_status)?;
        match cache.push(&built.sdk) {
            Ok(pushed) => {
                if pushed.existed && output.pull_failure.is_some() {
                    print_status(
                        "warning: the registry has this SDK, so nothing was pushed; if pulling it fails again, its \
                         storage is damaged: delete the tag and push again",
                    );
                }
                output.pushed = Some(pushed);
            }
            Err(error) => output.push_failure = Some(format!("{error:#}")),
        }
    }
    Ok(output)
}

impl CommandOutput for BuildOpencvOutput {
    fn to_text(&self) -> String {
        let seconds = self.seconds;
        let how = match self.origin {
            SdkOrigin::Cached => "is up to date".to_owned(),
            SdkOrigin::Pulled => format!("was pulled in {seconds:.0} s"),
            SdkOrigin::Built => format!("was built in {seconds:.0} s"),
        };
        let libraries = self.libraries.iter();
        let mut rows: Vec<_> = libraries
            .map(|library| vec![format!("  {}", library.file), format_bytes(library.bytes)])
            .collect();
        let total = self.libraries.iter().map(|library| library.bytes).sum();
        rows.push(vec!["  total".to_owned(), format_bytes(total)]);
        let degraded = self.degraded.iter().map(|sentence| format!("\n{sentence}."));
        let mut text = format!(
            "The SDK {how}: {}\n  modules {}\n  fingerprint {}\n{}{}",
            display_path(&self.sdk),
            self.modules.join(", "),
            self.fingerprint,
            format_table(&rows),
            degraded.collect::<String>()
        );
        if let (Some(reference), Some(pushed)) = (&self.cache, &self.pushed) {
            let what = if pushed.existed { "already in" } else { "pushed to" };
            text += &format!("\n{what} {reference}\n{}", pushed.digest);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sdk_cache::SDK_CACHE_VARIABLE;

    fn output(origin: SdkOrigin, pushed: Option<PushedSdk>) -> BuildOpencvOutput {
        BuildOpencvOutput {
            sdk: "/sdk".into(),
            fingerprint: "f".to_owned(),
            origin,
            cached: origin == SdkOrigin::Cached,
            seconds: 2.4,
            modules: vec!["core".to_owned()],
            libraries: Vec::new(),
            degraded: Vec::new(),
            cache: Some("h.example/sdk:f".to_owned()),
            pull_failure: None,
            pushed,
            push_failure: None,
        }
    }

    #[test]
    fn output_says_where_the_sdk_came_from() {
        for (origin, text, json) in [
            (SdkOrigin::Cached, "is up to date", "cached"),
            (SdkOrigin::Pulled, "was pulled in 2 s", "pulled"),
            (SdkOrigin::Built, "was built in 2 s", "built"),
        ] {
            let output = output(origin, None);
            assert!(output.to_text().starts_with(&format!("The SDK {text}: /sdk\n")));
            let value = serde_json::to_value(&output).unwrap();
            assert_eq!(value["origin"], json);
            assert_eq!(value["cached"], json == "cached");
        }
    }

    #[test]
    fn output_ends_with_the_digest_of_a_push() {
        for (existed, text) in [
            (true, "already in h.example/sdk:f"),
            (false, "pushed to h.example/sdk:f"),
        ] {
            let digest = "sha256:1".to_owned();
            let text = format!("{text}\n{digest}");
            let output = output(SdkOrigin::Built, Some(PushedSdk { digest, existed }));
            assert!(output.to_text().ends_with(&text), "{}", output.to_text());
        }
    }

    #[test]
    fn help_names_the_variable() {
        #[derive(clap::Parser)]
        struct Cli {
            #[command(flatten)]
            _arguments: Arguments,
        }
        let help = <Cli as clap::CommandFactory>::command().render_help().to_string();
        assert!(help.contains(SDK_CACHE_VARIABLE), "{help}");
    }
}
