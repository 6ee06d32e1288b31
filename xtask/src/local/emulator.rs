//! AWS's Runtime Interface Emulator with the image's content under it, and events for it.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use layer::elf::Elf;
use opencv_build::pins::Wheel;
use opencv_build::run::show;
use opencv_build::wheels;
use serde::Deserialize;
use serde_json::Value;

use super::cleanup::Cleanup;
use super::engine::Engine;
use super::s3::{ACCESS_KEY, S3Server, SECRET_KEY};
use crate::image::{BOOTSTRAP, Written};

/// How long the emulator may take to listen: a container engine on a busy machine is slow.
const PATIENCE: Duration = Duration::from_secs(60);
/// Lambda's own longest time for an invocation.
const INVOCATION: Duration = Duration::from_secs(900);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pins {
    wheel: Vec<Wheel>,
}

/// The emulator's program for this machine, installed below `parent` if need be.
pub fn install(parent: &Path) -> Result<PathBuf> {
    let pins: Pins = toml::from_str(include_str!("../../data/pins.toml"))
        .context("data/pins.toml is no list of wheels")?;
    let folder = wheels::install(&pins.wheel, parent, "emulator")?;
    let architecture = match std::env::consts::ARCH {
        "aarch64" => "arm64",
        other => other,
    };
    let program = folder.join(format!("samcli/local/rapid/aws-lambda-rie-{architecture}"));
    ensure!(
        program.is_file(),
        "AWS's emulator does not exist for this machine: `{}` is missing",
        program.display()
    );
    make_executable(&program)?;
    Ok(program)
}

fn make_executable(program: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(program, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("failed to make `{}` executable", program.display()))
}

/// A running emulator.
pub struct Emulator {
    url: String,
    log: Log,
    started: Instant,
    _cleanup: Vec<Cleanup>,
}

/// Where the emulator's own words and the function's are found.
enum Log {
    File(PathBuf),
    Container(String),
}

impl Emulator {
    /// Starts `image` under `engine`, with S3 at `storage`; `folder` is for the log and for the
    /// unpacked image.
    pub fn start(
        engine: Engine,
        image: &Written,
        storage: &S3Server,
        program: &Path,
        folder: &Path,
    ) -> Result<Self> {
        let ports = [free_port()?, free_port()?];
        let address = format!("127.0.0.1:{}", ports[0]);
        let options = [
            "--runtime-interface-emulator-address".to_owned(),
            address.clone(),
            "--runtime-api-address".to_owned(),
            format!("127.0.0.1:{}", ports[1]),
        ];
        let environment = [
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY.to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
            ("AWS_ENDPOINT_URL", storage.endpoint()),
        ];
        let launch = Launch {
            image,
            program,
            folder,
            options: &options,
            environment: &environment,
        };
        let (log, started, cleanup) = match engine {
            Engine::Docker => launch.in_container()?,
            Engine::None => launch.unpacked()?,
        };
        let emulator = Self {
            url: format!("http://{address}/2015-03-31/functions/function/invocations"),
            log,
            started,
            _cleanup: cleanup,
        };
        emulator.wait(&address)?;
        Ok(emulator)
    }

    /// Where events are posted.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// When it was told to start.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// Posts an event and waits for the function's answer.
    pub fn invoke(&self, event: &Value) -> Result<Value> {
        let post = || -> Result<Value> {
            let agent: ureq::Agent = ureq::Agent::config_builder()
                .timeout_global(Some(INVOCATION))
                .http_status_as_error(false)
                .build()
                .into();
            let mut response = agent.post(&self.url).send(event.to_string())?;
            let text = response.body_mut().read_to_string()?;
            serde_json::from_str(&text).with_context(|| format!("it is no JSON: {text}"))
        };
        post().with_context(|| format!("failed to use the function's answer\n{}", self.tail()))
    }

    fn wait(&self, address: &str) -> Result<()> {
        while self.started.elapsed() < PATIENCE {
            if TcpStream::connect(address).is_ok() {
                return Ok(());
            }
            sleep(Duration::from_millis(2));
        }
        bail!(
            "the emulator did not listen on {address} within {} s\n{}",
            PATIENCE.as_secs(),
            self.tail()
        )
    }

    /// The end of what the emulator and the function said.
    fn tail(&self) -> String {
        let text = match &self.log {
            Log::File(path) => fs::read_to_string(path).unwrap_or_default(),
            Log::Container(name) => {
                let output = Command::new("docker").args(["logs", name]).output();
                output.map_or_else(
                    |error| error.to_string(),
                    |output| {
                        let both = [output.stdout, output.stderr].concat();
                        String::from_utf8_lossy(&both).into_owned()
                    },
                )
            }
        };
        let lines: Vec<_> = text.lines().collect();
        let tail = &lines[lines.len().saturating_sub(20)..];
        format!("  | {}", tail.join("\n  | "))
    }
}

struct Launch<'a> {
    image: &'a Written,
    program: &'a Path,
    folder: &'a Path,
    options: &'a [String],
    environment: &'a [(&'a str, String)],
}

impl Launch<'_> {
    /// In a container as Lambda would have it: nothing can be written but /tmp, and the user has
    /// no rights.
    fn in_container(&self) -> Result<(Log, Instant, Vec<Cleanup>)> {
        let mut cleanup = Vec::new();
        let name = self.image.layout.image().name();
        let image = format!("{name}:latest");
        let present = docker(&["image", "inspect", &image]).is_ok();
        let archive = self.image.archive.display().to_string();
        docker(&["load", "--quiet", "--input", &archive])?;
        if !present {
            let image = image.clone();
            cleanup.push(Cleanup::new(move || {
                let _ = docker(&["image", "rm", "--force", &image]);
            })?);
        }
        let container = format!("{name}-test-local-{}", std::process::id());
        cleanup.push(Cleanup::new({
            let container = container.clone();
            move || {
                let _ = docker(&["rm", "--force", &container]);
            }
        })?);
        let mut run = Command::new("docker");
        run.args(["run", "--detach", "--name", &container])
            .args(["--read-only", "--tmpfs", "/tmp", "--user", "1000"])
            .args(["--network", "host", "--entrypoint", "/aws-lambda-rie"])
            .arg("--volume")
            .arg(format!("{}:/aws-lambda-rie:ro", self.program.display()));
        for (name, value) in self.environment {
            run.args(["--env", &format!("{name}={value}")]);
        }
        run.arg(&image).args(self.options).arg(BOOTSTRAP);
        let started = Instant::now();
        output(&mut run)?;
        cleanup.reverse();
        Ok((Log::Container(container), started, cleanup))
    }

    /// From the unpacked image, started by the image's own loader, so that no library of this
    /// machine is used.
    fn unpacked(&self) -> Result<(Log, Instant, Vec<Cleanup>)> {
        let root = self.folder.join("root");
        self.image.layout.unpack(&root)?;
        let below = |path: &str| root.join(path.trim_start_matches('/'));
        let bootstrap = below(BOOTSTRAP);
        let loader = Elf::read(&bootstrap)?
            .interpreter
            .with_context(|| format!("`{}` names no loader", bootstrap.display()))?;
        let log = self.folder.join("emulator.log");
        let file =
            File::create(&log).with_context(|| format!("failed to write `{}`", log.display()))?;
        let mut run = Command::new(self.program);
        run.args(self.options)
            .arg(below(&loader))
            .arg("--library-path")
            .arg(library_path(&root)?)
            .arg(&bootstrap)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(below("/var/task"))
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file);
        let started = Instant::now();
        let child = run
            .spawn()
            .with_context(|| format!("failed to start `{}`", show(&run)))?;
        let child = Arc::new(Mutex::new(child));
        let cleanup = Cleanup::new(move || {
            end(&mut child.lock().unwrap_or_else(PoisonError::into_inner));
        })?;
        Ok((Log::File(log), started, vec![cleanup]))
    }
}

/// Every folder of an unpacked image that holds shared libraries.
fn library_path(root: &Path) -> Result<String> {
    let mut folders = Vec::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(folder) = waiting.pop() {
        let entries = fs::read_dir(&folder)
            .with_context(|| format!("failed to read `{}`", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            let name = path.to_string_lossy();
            if path.is_dir() {
                waiting.push(path);
            } else if name.contains(".so") && !folders.contains(&folder) {
                folders.push(folder.clone());
            }
        }
    }
    folders.sort();
    let folders: Vec<_> = folders
        .iter()
        .map(|folder| folder.display().to_string())
        .collect();
    Ok(folders.join(":"))
}

/// Ends a process and all that it started: the emulator starts the function in a process group
/// of its own and does not end it when it is killed.
fn end(child: &mut Child) {
    let mut processes = vec![child.id()];
    let mut next = 0;
    while let Some(process) = processes.get(next).copied() {
        processes.extend(children(process));
        next += 1;
    }
    let numbers: Vec<_> = processes.iter().map(u32::to_string).collect();
    // Those that have ended already are no failure.
    let _ = Command::new("kill")
        .arg("-KILL")
        .args(&numbers)
        .stderr(Stdio::null())
        .status();
    let _ = child.wait();
}

/// The processes that a process started. Source: proc_pid_task_children(5).
fn children(process: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{process}/task"));
    let lists = threads
        .into_iter()
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok());
    lists
        .flat_map(|list| {
            let numbers = list
                .split_whitespace()
                .filter_map(|number| number.parse().ok());
            numbers.collect::<Vec<_>>()
        })
        .collect()
}

/// A port that nobody listens on now.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("failed to open a loopback port")?;
    Ok(listener.local_addr()?.port())
}

fn docker(arguments: &[&str]) -> Result<String> {
    output(Command::new("docker").args(arguments))
}

fn output(command: &mut Command) -> Result<String> {
    let shown = show(command);
    let output = command
        .output()
        .with_context(|| format!("failed to start `{shown}`"))?;
    ensure!(
        output.status.success(),
        "failed to run `{shown}`: {}\n  | {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
            .trim()
            .replace('\n', "\n  | ")
    );
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
