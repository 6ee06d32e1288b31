//! Tests the function's page in a real browser: uploading and dropping photos; outlines of faces and eyes, landmarks
//! and scores; the preset without them; errors; on a desktop and a phone, light and dark.

mod appearance;
mod content_security_policy;
mod function;
mod page_state;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use fantoccini::Locator;
use fs_err as fs;
use serde_json::{Value, json};

use super::browser::Browser;
use page_state::{Marks, PageState, near};

/// The limit for the page to change, on a slow and busy machine.
const TIMEOUT: Duration = Duration::from_secs(60);

const NOT_AN_IMAGE: &[u8] = b"not an image";

/// The preset whose faces have neither scores nor landmarks.
const ORIGINAL: &str = "original";
/// The number of landmarks of a face.
const LANDMARKS: usize = 5;

/// Drops a file with a name and bytes in base64. Returns whether the page handles both events: browsers reject a drop
/// unless `dragover` is cancelled, and open the file themselves unless `drop` is cancelled.
const DROP_SCRIPT: &str = r#"
    const [name, text] = arguments;
    const bytes = Uint8Array.from(atob(text), character => character.charCodeAt());
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([bytes], name, { type: "image/jpeg" }));
    const how = { bubbles: true, cancelable: true, dataTransfer };
    const refused = ["dragover", "drop"].filter(what =>
        document.getElementById("drop").dispatchEvent(new DragEvent(what, how)));
    return !refused.length;
"#;

/// Tests the page at `url` with a photo of `expected_faces` faces. The browser's files go to `scratch`, and screenshots
/// to `results`.
pub fn test(url: &str, photo: &Path, expected_faces: usize, scratch: &Path, results: &Path) -> Result<()> {
    // The browser requires absolute paths.
    let photo = fs::canonicalize(photo)?;
    let bytes = fs::read(&photo)?;
    // The function's own error for the same bytes.
    let refusal = function::rejection_message(url, NOT_AN_IMAGE)
        .with_context(|| format!("failed to get an error from the function at {url}"))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("failed to start a runtime for WebDriver")?;
    runtime.block_on(async {
        let browser = Browser::start(scratch).await?;
        browser.client().goto(url).await?;
        let preset = page_state(&browser).await?.preset;
        let marks = |preset: &str| {
            function::expected_marks(url, preset, &bytes)
                .with_context(|| format!("failed to get faces from the function at {url}"))
        };
        let (expected, original) = (marks(&preset)?, marks(ORIGINAL)?);
        let counts = |marks: &Marks| [marks.faces.len(), marks.scores.len(), marks.landmarks.len()];
        ensure!(
            counts(&expected) == [1, 1, LANDMARKS].map(|of_face| of_face * expected_faces) && !expected.eyes.is_empty(),
            "expected {expected_faces} faces with scores, landmarks and eyes, found {expected:?}"
        );
        ensure!(
            counts(&original) == [expected_faces, 0, 0] && !original.eyes.is_empty(),
            "expected {expected_faces} faces with eyes only, found {original:?}"
        );
        let session = PageSession {
            browser,
            photo,
            bytes,
            expected,
        };
        session.check_photos(&refusal).await?;
        session.check_original(&preset, &original).await?;
        session.check_download().await?;
        session.check_appearance(results).await?;
        session.check_console(|_| false).await?;
        session.check_content_security_policy(url).await?;
        session.browser.close().await
    })
}

/// The page in a browser, the photo, and what the page must draw for it with the default preset.
struct PageSession {
    browser: Browser,
    photo: PathBuf,
    bytes: Vec<u8>,
    expected: Marks,
}

impl PageSession {
    /// Uploads a photo, then drops an invalid file and the photo again.
    async fn check_photos(&self, refusal: &str) -> Result<()> {
        self.upload_photo().await?;
        self.check_console(|_| false).await?;

        self.drop_file(NOT_AN_IMAGE).await?;
        let shown = self.wait("the error", |shown| !shown.error.is_empty()).await?;
        ensure!(
            shown.error.contains(refusal),
            "the page shows `{}`, but the function's error is `{refusal}`",
            shown.error
        );
        ensure!(
            shown.marks.is_empty(),
            "the page shows faces for an invalid file: {shown:?}"
        );
        // The console also reports the function's error status.
        self.check_console(|error| error.contains("status of 4")).await?;

        self.drop_file(&self.bytes).await?;
        let shown = self.wait_for_faces(&self.expected).await.context("after a drop")?;
        ensure!(shown.error.is_empty(), "the error is still there: {shown:?}");
        Ok(())
    }

    /// Selects the preset without scores and landmarks for the same photo, then the default preset again.
    async fn check_original(&self, default_preset: &str, original: &Marks) -> Result<()> {
        for (preset, expected) in [(ORIGINAL, original), (default_preset, &self.expected)] {
            let select = self.browser.client().find(Locator::Id("preset")).await?;
            select.select_by_value(preset).await?;
            let shown = self.wait_for_faces(expected).await;
            shown.with_context(|| format!("with the preset `{preset}`"))?;
        }
        self.check_console(|_| false).await
    }

    /// Uploads the photo, and waits for its faces.
    async fn upload_photo(&self) -> Result<PageState> {
        let input = self.browser.client().find(Locator::Id("photo")).await?;
        let photo = self.photo.to_str().context("the photo's path is not UTF-8")?;
        input.send_keys(photo).await?;
        self.wait_for_faces(&self.expected).await
    }

    /// Drops a file with the photo's name.
    async fn drop_file(&self, bytes: &[u8]) -> Result<()> {
        let name = self.photo.file_name().unwrap_or_default();
        let file = vec![json!(name.to_string_lossy()), json!(BASE64_STANDARD.encode(bytes))];
        let taken = self.browser.client().execute(DROP_SCRIPT, file).await?;
        ensure!(taken == Value::Bool(true), "the page does not handle a drop");
        Ok(())
    }

    /// Waits for the result; the status must have the number of faces, and marks must be at the right positions.
    async fn wait_for_faces(&self, expected: &Marks) -> Result<PageState> {
        let shown = self
            .wait("the result", |shown| {
                !shown.busy && shown.status.starts_with("Found ") && shown.photo[2] > 0.0
            })
            .await?;
        let faces = expected.faces.len();
        let many = if faces == 1 { "" } else { "s" };
        let expected_text = format!("Found {faces} face{many} in ");
        ensure!(
            shown.status.starts_with(&expected_text),
            "the page shows `{}`, expected `{expected_text}…`",
            shown.status
        );
        ensure!(
            near(&shown.photo, &shown.overlay),
            "the overlay does not cover the photo: {shown:?}"
        );
        ensure!(
            shown.marks.same(expected),
            "the page draws {:?}, but the function found {expected:?}",
            shown.marks
        );
        ensure!(
            shown.landmarks_explained != expected.landmarks.is_empty(),
            "the legend does not match the landmarks: {shown:?}"
        );
        Ok(shown)
    }

    /// Downloads the annotated photo.
    async fn check_download(&self) -> Result<()> {
        let button = self.browser.client().find(Locator::Id("download")).await?;
        button.click().await?;
        let name = self.photo.file_stem().unwrap_or_default();
        let name = format!("{}-faces.jpg", name.to_string_lossy());
        let file = self.browser.downloads().join(&name);
        let start = Instant::now();
        // The file may be empty at first.
        let bytes = loop {
            match fs::read(&file) {
                Ok(bytes) if !bytes.is_empty() => break bytes,
                _ => ensure!(start.elapsed() < TIMEOUT, "`{name}` was not downloaded"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        ensure!(bytes.starts_with(b"\xff\xd8\xff"), "`{name}` is not a JPEG file");
        self.wait("the end of the download", |shown| !shown.busy).await?;
        Ok(())
    }

    /// Fails on unexpected errors in the browser's console.
    async fn check_console(&self, expected: impl Fn(&str) -> bool) -> Result<()> {
        let errors = self.browser.errors().await?;
        match errors.iter().find(|error| !expected(error)) {
            Some(error) => bail!("the browser's console has an error: {error}"),
            None => Ok(()),
        }
    }

    async fn page_state(&self) -> Result<PageState> {
        page_state(&self.browser).await
    }

    async fn wait(&self, what: &str, ready: impl Fn(&PageState) -> bool) -> Result<PageState> {
        let start = Instant::now();
        loop {
            let shown = self.page_state().await?;
            if ready(&shown) {
                return Ok(shown);
            }
            ensure!(start.elapsed() < TIMEOUT, "timed out waiting for {what}: {shown:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn page_state(browser: &Browser) -> Result<PageState> {
    let shown = browser.client().execute(page_state::SCRIPT, Vec::new()).await?;
    serde_json::from_value(shown).context("failed to read the state of the page")
}
