//! A headless Chromium with an empty profile, driven through WebDriver. Dropping a [`Browser`] ends it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use fs_err as fs;
use hyper::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use url::{ParseError, Url};

use conformance::skip::Skip;
use support::child::Child;
use support::files::temporary_dir_in;
use support::interruption::Cleanup;
use support::run::{Shell, cmd};

const DRIVER: &str = "chromedriver";
/// The names that distributions give to Chromium; `ci/install-packages.sh` has the same.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// The limit for the browser to start, on a slow and busy machine.
const TIMEOUT: Duration = Duration::from_secs(60);

/// No screen, no updates, no connections in the background. Chromium's sandbox does not work for root and in most
/// containers; the only pages that it opens are the project's.
const BROWSER_OPTIONS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
];

/// The folders in which programs read configuration and write files of their own.
const FOLDER_VARIABLES: [&str; 6] = [
    "HOME",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
];

/// The maximum length in bytes, without the terminating zero. Source: unix(7).
const MAX_SOCKET_PATH: usize = 107;
/// The longest path that Chromium appends to `TMPDIR` for its socket.
const SOCKET_SUFFIX: &str = "/org.chromium.Chromium.scoped_dir.XXXXXX/SingletonSocket";

pub struct Browser {
    client: Client,
    downloads: PathBuf,
    // Dropped before the folder that it writes to.
    _driver: Child,
    _folder: Cleanup,
}

/// A WebDriver command that only chromedriver has, and its body.
#[derive(Debug)]
struct Extension(&'static str, Value);

impl WebDriverCompatibleCommand for Extension {
    fn endpoint(&self, driver: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        let session = session.unwrap_or_default();
        driver.join(&format!("session/{session}/{}", self.0))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.1.to_string()))
    }
}

impl Browser {
    /// Starts the browser with its files in `scratch`, or in the system's temporary folder if that path is too long.
    pub async fn start(scratch: &Path) -> Result<Self> {
        let driver = find(DRIVER).ok_or_else(|| missing_program(DRIVER))?;
        let browser = BROWSERS.iter().find_map(|name| find(name));
        let browser = browser.ok_or_else(|| missing_program(BROWSERS[0]))?;
        let (folder, remove_folder) = folder(scratch)?;
        let log = folder.join("chromedriver.log");
        let driver = start_driver(&driver, &folder, &log)?;
        let port = port(&log)?;
        let downloads = folder.join("downloads");
        let profile = folder.join("profile").display().to_string();
        let mut arguments = BROWSER_OPTIONS.map(str::to_owned).to_vec();
        arguments.push("--window-size=1200,1150".to_owned());
        arguments.push(format!("--user-data-dir={profile}"));
        let capabilities = BTreeMap::from([
            (
                "goog:chromeOptions",
                json!({
                    "binary": browser,
                    "args": arguments,
                    "prefs": {"download.default_directory": downloads},
                }),
            ),
            ("goog:loggingPrefs", json!({"browser": "ALL"})),
        ]);
        let capabilities = capabilities.into_iter();
        let capabilities = capabilities.map(|(name, value)| (name.to_owned(), value));
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities.collect())
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .with_context(|| format!("failed to start the browser; {}", read_log(&log)))?;
        Ok(Self {
            client,
            downloads,
            _driver: driver,
            _folder: remove_folder,
        })
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The folder of downloads.
    pub fn downloads(&self) -> &Path {
        &self.downloads
    }

    /// Executes a command of the DevTools protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Result<()> {
        let body = json!({"cmd": command, "params": parameters});
        let done = self.client.issue_cmd(Extension("goog/cdp/execute", body));
        done.await.with_context(|| format!("failed to use {command}"))?;
        Ok(())
    }

    /// The errors in the console since the last call.
    pub async fn errors(&self) -> Result<Vec<String>> {
        let body = json!({"type": "browser"});
        let log = self.client.issue_cmd(Extension("se/log", body)).await?;
        let entries = log.as_array().context("the console's log is not a list")?;
        let severe = entries.iter().filter(|entry| entry["level"] == "SEVERE");
        let text = |entry: &Value| entry["message"].as_str().unwrap_or_default().to_owned();
        Ok(severe.map(text).collect())
    }

    pub async fn screenshot(&self, file: &Path) -> Result<()> {
        let picture = self.client.screenshot().await?;
        Ok(fs::write(file, picture)?)
    }

    pub async fn close(self) -> Result<()> {
        self.client.close().await.context("failed to end the browser")
    }
}

/// Finds a program in `PATH`.
fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut files = std::env::split_paths(&path).map(|folder| folder.join(name));
    files.find(|file| file.is_file())
}

fn missing_program(program: &str) -> anyhow::Error {
    Skip::with_reason(format!(
        "{program} is not installed; Debian: apt-get install chromium chromium-driver"
    ))
}

/// Creates a folder for everything that the browser writes, in `scratch` unless the paths of sockets would be too long.
/// Dropping the second value removes it.
fn folder(scratch: &Path) -> Result<(PathBuf, Cleanup)> {
    // The browser requires absolute paths.
    let scratch = fs::canonicalize(scratch)?;
    let prefix = "browser-";
    let length = |parent: &Path| parent.join(prefix).as_os_str().len() + "XXXXXX".len();
    let mut parents = [scratch, std::env::temp_dir()].into_iter();
    let parent = parents
        .find(|parent| length(parent) + SOCKET_SUFFIX.len() <= MAX_SOCKET_PATH)
        .unwrap_or_else(|| PathBuf::from("/tmp"));
    let folder = temporary_dir_in(&parent, prefix)?;
    let path = folder.path().to_owned();
    let cleanup = Cleanup::new(move || remove(&path))?;
    Ok((folder.keep(), cleanup))
}

/// Removes a folder, even if a process that is just ending still writes to it.
fn remove(folder: &Path) {
    let start = Instant::now();
    while fs::remove_dir_all(folder).is_err() && folder.exists() && start.elapsed() < TIMEOUT {
        sleep(Duration::from_millis(20));
    }
}

/// Starts the driver on a free port, which it prints to its log.
fn start_driver(driver: &Path, folder: &Path, log: &Path) -> Result<Child> {
    let sh = Shell::new()?;
    let run = cmd!(sh, "{driver} --port=0");
    Child::start_logged(run.envs(FOLDER_VARIABLES.map(|name| (name, folder))), log)
}

/// The driver's port, from its log.
fn port(log: &Path) -> Result<u16> {
    let start = Instant::now();
    while start.elapsed() < TIMEOUT {
        let output_text = fs::read_to_string(log).unwrap_or_default();
        if let Some((_, rest)) = output_text.split_once("started successfully on port ") {
            // Without the full stop, the number may be incomplete.
            if let Some((port, _)) = rest.split_once('.') {
                return port.parse().map_err(|_| anyhow!("chromedriver printed: {output_text}"));
            }
        }
        sleep(Duration::from_millis(20));
    }
    bail!("chromedriver did not print its port; {}", read_log(log))
}

/// The driver's log, which is removed together with its folder.
fn read_log(log: &Path) -> String {
    let output_text = fs::read_to_string(log).unwrap_or_default();
    format!("{DRIVER} printed: {}", output_text.trim())
}
