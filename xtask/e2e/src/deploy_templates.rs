//! The templates of `deploy --emit` for all variants of plans, which `xtask/deploy/testdata/emit` has: the tools of each
//! format accept them, and permit what the plan permits. Terraform's provider is not used; only its language is parsed.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use conformance::skip::Skip;
use fs_err as fs;
use opencv_build::internals::{Wheel, find_python, install_wheels};
use package::workspace::Workspace;
use serde_json::{Value, json};
use support::files::{copy_tree, file_name, sorted_entries, temporary_dir_in};
use support::fingerprint::Fingerprint;
use support::output::display_path;
use support::run::{Cmd, Shell, cmd, output, run_checked, wait_with_output};
use tempfile::TempDir;

const REQUIREMENTS: &str = include_str!("../data/deploy-templates/requirements.txt");
const PACKAGE: &str = include_str!("../data/deploy-templates/package.json");
const PACKAGE_LOCK: &str = include_str!("../data/deploy-templates/package-lock.json");
const POLICIES: &str = include_str!("../data/deploy-templates/policies.py");
/// For the templates of images.
const IMAGE: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/thumbs@sha256:\
                     0000000000000000000000000000000000000000000000000000000000000000";
/// The oldest release of Node.js that READMEs of templates name.
const OLDEST_NODE: u32 = 20;
/// A zip archive without files.
const EMPTY_ARCHIVE: [u8; 22] = *b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// SAM and Terraform.
pub fn test(workspace: &Workspace) -> Result<()> {
    let tools = PythonTools::install(workspace)?;
    for variant in variants(workspace)? {
        let check = || -> Result<()> {
            let template = variant.folder.join("sam/template.yaml");
            tools.expect_success("sam", &["validate", "--lint", "--template-file"], &template)?;
            tools.expect_success("cfn-lint", &["--"], &template)?;
            variant.check_policies(&tools, "sam", &template)?;
            let module = variant.folder.join("terraform");
            variant.check_policies(&tools, "terraform", &module.join("main.tf"))?;
            check_terraform_format(&module)
        };
        check().with_context(|| variant.failed())?;
    }
    Ok(())
}

/// The CDK: types, formatting, and the template that it synthesizes.
pub fn cdk(workspace: &Workspace) -> Result<()> {
    let node_modules = install_node_modules(workspace)?;
    let tools = PythonTools::install(workspace)?;
    for variant in variants(workspace)? {
        let check = || -> Result<()> {
            let scratch = tempfile::tempdir()?;
            let app = scratch.path().join("app");
            copy_tree(&variant.folder.join("cdk"), &app)?;
            ensure_same_packages(&fs::read_to_string(app.join("package.json"))?)?;
            fs::write(app.join("function.zip"), EMPTY_ARCHIVE)?;
            fs::os::unix::fs::symlink(&node_modules, app.join("node_modules"))?;
            let sh = Shell::new()?;
            sh.change_dir(&app);
            sh.set_var("HOME", scratch.path());
            let files = ["app.ts", "function.ts", "cdk.json", "package.json", "tsconfig.json"];
            let prettier = cmd!(
                sh,
                "node_modules/.bin/prettier --check --single-quote --print-width 100"
            );
            expect_success("Prettier", prettier.args(files), &app)?;
            let synth = cmd!(
                sh,
                "node_modules/.bin/cdk synth --quiet --no-notices -c imageUri={IMAGE}"
            );
            let synth = synth.env("CDK_DISABLE_CLI_TELEMETRY", "1");
            expect_success("the CDK", synth.env("NPM_CONFIG_UPDATE_NOTIFIER", "false"), &app)?;
            let template = app.join("cdk.out/Thumbs.template.json");
            // The CDK's own function for notifications depends on its role twice.
            tools.expect_success("cfn-lint", &["--ignore-checks", "W3005", "--"], &template)?;
            variant.check_policies(&tools, "cdk", &template)
        };
        check().with_context(|| variant.failed())?;
    }
    Ok(())
}

struct Variant {
    name: String,
    folder: PathBuf,
    /// Of the plan: `role` and `trust`.
    policies: Value,
}

/// A test of `deploy` compares these files with what it emits.
fn variants(workspace: &Workspace) -> Result<Vec<Variant>> {
    let folders = sorted_entries(&workspace.root().join("xtask/deploy/testdata/emit"))?.into_iter();
    let variants = folders.map(|folder| {
        let policies = fs::read_to_string(folder.join("policies.json"))?;
        Ok(Variant {
            name: file_name(&folder),
            policies: serde_json::from_str(&policies)?,
            folder,
        })
    });
    let variants = variants.collect::<Result<Vec<_>>>()?;
    ensure!(variants.len() > 2, "there are only {} variants", variants.len());
    Ok(variants)
}

impl Variant {
    fn failed(&self) -> String {
        format!("the template for the plan `{}` cannot be used", self.name)
    }

    fn check_policies(&self, tools: &PythonTools, format: &str, file: &Path) -> Result<()> {
        let found = tools.policies(format, file)?;
        for kind in ["role", "trust"] {
            let (found, expected) = (&found[kind], &self.policies[kind]);
            ensure!(
                found == expected,
                "the policy `{kind}` in `{}` is not the plan's: {found}, expected {expected}",
                display_path(file)
            );
        }
        // Both statements that a public URL needs, and otherwise none that is for everyone.
        let expected = match self.name.as_str() {
            "public" => json!([
                ["lambda:InvokeFunctionUrl", "NONE", false],
                ["lambda:InvokeFunction", null, true]
            ]),
            _ => json!([]),
        };
        ensure!(
            found["public"] == expected,
            "`{}` permits everyone {}, expected {expected}",
            display_path(file),
            found["public"]
        );
        Ok(())
    }
}

/// The tools that are written in Python.
struct PythonTools {
    wheels: PathBuf,
    python: PathBuf,
    scratch: TempDir,
}

impl PythonTools {
    fn install(workspace: &Workspace) -> Result<Self> {
        let parent = workspace.build_paths()?.toolchain_dir();
        let scratch = tempfile::tempdir().context("failed to create a temporary folder")?;
        fs::write(scratch.path().join("policies.py"), POLICIES)?;
        Ok(Self {
            wheels: install_wheels(&wheels(REQUIREMENTS)?, &parent, "template-tools")?,
            python: find_python()?,
            scratch,
        })
    }

    fn command<'a>(&self, sh: &'a Shell) -> Cmd<'a> {
        let python = &self.python;
        cmd!(sh, "{python}")
            .env("PYTHONPATH", &self.wheels)
            .env("HOME", self.scratch.path())
            .env("AWS_DEFAULT_REGION", "eu-central-1")
            .env("SAM_CLI_TELEMETRY", "0")
    }

    fn expect_success(&self, program: &str, arguments: &[&str], file: &Path) -> Result<()> {
        let sh = Shell::new()?;
        let script = self.wheels.join("bin").join(program);
        let command = self.command(&sh).arg(script).args(arguments).arg(file);
        expect_success(program, command, file)
    }

    fn policies(&self, format: &str, file: &Path) -> Result<Value> {
        let sh = Shell::new()?;
        let script = self.scratch.path().join("policies.py");
        let text = output(self.command(&sh).arg(script).arg(format).arg(file))?;
        serde_json::from_str(&text).with_context(|| format!("failed to read the policies in `{}`", display_path(file)))
    }
}

/// Fails with all of the command's output if it does not accept what is at `path`.
fn expect_success(program: &str, command: Cmd<'_>, path: &Path) -> Result<()> {
    let ended = wait_with_output(command)?;
    let text = [ended.stdout, ended.stderr].concat();
    ensure!(
        ended.status.success(),
        "{program} does not accept `{}`:\n{}",
        display_path(path),
        String::from_utf8_lossy(&text)
    );
    Ok(())
}

/// Of lines of the form `NAME==VERSION --hash=sha256:DIGEST …`.
fn wheels(requirements: &str) -> Result<Vec<Wheel>> {
    let lines = requirements.lines().filter(|line| !line.starts_with('#'));
    let wheels = lines.map(|line| {
        let mut words = line.split(' ');
        let (name, version) = words.next().and_then(|word| word.split_once("==")).unwrap_or_default();
        let sha256 = words.filter_map(|word| word.strip_prefix("--hash=sha256:").map(str::to_owned));
        let sha256: Vec<_> = sha256.collect();
        ensure!(
            !version.is_empty() && !sha256.is_empty(),
            "`{line}` is not a pinned wheel"
        );
        Ok(Wheel {
            name: name.to_owned(),
            version: version.to_owned(),
            sha256,
        })
    });
    wheels.collect()
}

/// Only if `terraform` is installed.
fn check_terraform_format(module: &Path) -> Result<()> {
    let sh = Shell::new()?;
    if output(cmd!(sh, "terraform version")).is_err() {
        return Ok(());
    }
    output(cmd!(sh, "terraform fmt -check -diff {module}")).map(drop)
}

/// Templates are tested with the packages that they name.
fn ensure_same_packages(emitted: &str) -> Result<()> {
    let dependencies = |text| -> Result<Value> { Ok(serde_json::from_str::<Value>(text)?["dependencies"].take()) };
    let (found, tested) = (dependencies(emitted)?, dependencies(PACKAGE)?);
    ensure!(
        found == tested,
        "package.json has {found}, but xtask/e2e/data/deploy-templates has {tested}; update its lock file with `npm install \
         --package-lock-only --omit-lockfile-registry-resolved`, or `PACKAGES` in xtask/deploy/src/emit/cdk.rs"
    );
    Ok(())
}

/// npm checks the digests in the lock file.
fn install_node_modules(workspace: &Workspace) -> Result<PathBuf> {
    let sh = Shell::new()?;
    let version = output(cmd!(sh, "node --version")).unwrap_or_default();
    let major = version.trim_start_matches('v').split('.').next();
    let major: u32 = major.and_then(|number| number.parse().ok()).unwrap_or_default();
    if major < OLDEST_NODE || output(cmd!(sh, "npm --version")).is_err() {
        let reason = format!("Node.js {OLDEST_NODE} or newer with npm is not installed");
        return Err(Skip::with_reason(reason));
    }
    let parent = workspace.build_paths()?.toolchain_dir();
    let fingerprint = Fingerprint::of([
        ("lock", PACKAGE_LOCK.as_bytes()),
        ("machine", std::env::consts::ARCH.as_bytes()),
    ]);
    let folder = parent.join(format!("template-packages-{}", fingerprint.short()));
    if !folder.is_dir() {
        let partial = temporary_dir_in(&parent, ".template-packages-")?;
        let installed = partial.path().join("installed");
        fs::create_dir(&installed)?;
        fs::write(installed.join("package.json"), PACKAGE)?;
        fs::write(installed.join("package-lock.json"), PACKAGE_LOCK)?;
        sh.change_dir(&installed);
        run_checked(cmd!(sh, "npm ci --ignore-scripts --no-audit --no-fund"))
            .context("failed to install packages from npm's registry; check the network and npm's configuration")?;
        fs::rename(&installed, &folder)?;
    }
    Ok(folder.join("node_modules"))
}
