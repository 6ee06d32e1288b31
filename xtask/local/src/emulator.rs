//! Runs the image's content under AWS's Runtime Interface Emulator and posts events to it.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::instance::Instance;
use super::launch::{EmulatorLauncher, LaunchedEmulator};
use super::rie::Rie;
use super::s3::{ACCESS_KEY, S3Server, SECRET_KEY};
use support::interruption::Cleanup;

/// The limit for the emulator to listen: a container engine on a busy machine is slow.
const STARTUP_TIMEOUT: Duration = Duration::from_secs(60);
/// The maximum that Lambda allows.
const INVOCATION_TIMEOUT: Duration = Duration::from_secs(900);

pub struct Emulator {
    pub url: String,
    instance: Instance,
    pub started: Instant,
    _cleanup: Vec<Cleanup>,
}

impl Emulator {
    /// Starts `rie` with `launch`, with S3 at `storage` and `environment` in addition; `folder` is for the log and
    /// an unpacked image.
    pub fn start(
        (rie, folder): (&Rie, &Path),
        storage: &S3Server,
        environment: &[(&str, &str)],
        launch: impl FnOnce(EmulatorLauncher<'_>) -> Result<LaunchedEmulator>,
    ) -> Result<Self> {
        let [emulator_port, api_port] = free_ports()?;
        let address = format!("127.0.0.1:{emulator_port}");
        let options = [
            "--runtime-interface-emulator-address".to_owned(),
            address.clone(),
            "--runtime-api-address".to_owned(),
            format!("127.0.0.1:{api_port}"),
        ];
        let given = environment.iter();
        let given = given.map(|(name, value)| (*name, (*value).to_owned()));
        let environment: Vec<_> = credentials(storage).into_iter().chain(given).collect();
        let launched = launch(EmulatorLauncher {
            rie,
            folder,
            options: &options,
            environment: &environment,
        })?;
        let emulator = Self {
            url: format!("http://{address}/2015-03-31/functions/function/invocations"),
            instance: launched.instance,
            started: launched.started,
            _cleanup: launched.cleanup,
        };
        emulator.wait_until_listening(&address)?;
        Ok(emulator)
    }

    /// # Errors
    /// The emulator has exited, as it does when it gets an event while it is busy with another one.
    pub fn ensure_running(&self) -> Result<()> {
        ensure!(
            !self.instance.has_exited(),
            "the emulator exited; it serves one event at a time\n{}",
            self.instance.log_tail()
        );
        Ok(())
    }

    pub fn invoke(&self, event: &Value) -> Result<Value> {
        let post = || -> Result<Value> {
            let mut response = agent().post(&self.url).send(event.to_string())?;
            let text = response.body_mut().read_to_string()?;
            serde_json::from_str(&text).with_context(|| format!("it is not JSON: {text}"))
        };
        let failed = "failed to get the function's response";
        post().with_context(|| format!("{failed}\n{}", self.instance.log_tail()))
    }

    /// The number of times the function was started: the emulator restarts it after it has ended.
    pub fn start_count(&self) -> usize {
        self.log().matches("(rapid) exec ").count()
    }

    /// The ID of the function's process; an error if the function runs in a container.
    pub fn function_process(&self) -> Result<u32> {
        // The emulator has no other child process.
        let found = self.instance.descendants().pop();
        found.with_context(|| format!("the function is not running\n{}", self.instance.log_tail()))
    }

    pub fn log(&self) -> String {
        self.instance.log()
    }

    fn wait_until_listening(&self, address: &str) -> Result<()> {
        let mut checked = Instant::now();
        while self.started.elapsed() < STARTUP_TIMEOUT {
            if TcpStream::connect(address).is_ok() {
                return Ok(());
            }
            if checked.elapsed() > Duration::from_secs(1) {
                ensure!(
                    !self.instance.has_exited(),
                    "the emulator exited before it listened on {address}\n{}",
                    self.instance.log_tail()
                );
                checked = Instant::now();
            }
            sleep(Duration::from_millis(2));
        }
        bail!(
            "the emulator did not listen on {address} within {} s; if the engine's host network is \
             not this machine's, use `--engine none`\n{}",
            STARTUP_TIMEOUT.as_secs(),
            self.instance.log_tail()
        )
    }
}

pub(super) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_global(Some(INVOCATION_TIMEOUT))
        .http_status_as_error(false)
        // The emulator is on this machine, so proxies of the environment are not used.
        .proxy(None)
        .build()
        .into()
}

pub fn credentials(storage: &S3Server) -> [(&'static str, String); 5] {
    [
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", SECRET_KEY.to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
        ("AWS_ENDPOINT_URL", storage.endpoint()),
    ]
}

fn free_ports() -> Result<[u16; 2]> {
    let listen = || TcpListener::bind(("127.0.0.1", 0)).context("failed to open a loopback port");
    // Both are open at the same time, so that they differ.
    let listeners = [listen()?, listen()?];
    let [first, second] = listeners.each_ref().map(TcpListener::local_addr);
    Ok([first?.port(), second?.port()])
}
