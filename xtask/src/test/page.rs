//! The page that the function serves, in a real browser: photos given and dropped, what is found
//! drawn over them, errors told, on a desktop and on a phone, light and dark.

mod browser;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use fantoccini::Locator;
use opencv_build::progress::tell;
use serde::Deserialize;
use serde_json::{Value, json};

use browser::Browser;

/// How long the page may take to show something, on a slow and busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a finger needs. <https://www.w3.org/WAI/WCAG22/Understanding/target-size-enhanced.html>
const FINGER: f64 = 44.0;

/// No picture, whatever its name says.
const NO_IMAGE: &str = "no picture";

/// What the page shows.
const SHOWN: &str = r##"
    const at = id => document.getElementById(id);
    const seen = element => element.checkVisibility() ? element.textContent.trim() : "";
    const box = element => {
        const { x, y, width, height } = element.getBoundingClientRect();
        return [x, y, width, height];
    };
    const { width, height } = at("overlay").viewBox.baseVal;
    const faces = [...document.querySelectorAll("#overlay rect.face")].map(face => face.getBBox());
    return {
        status: seen(at("status")),
        error: seen(at("error")),
        busy: at("photo").disabled,
        faces: faces.length,
        outside: faces.filter(face => face.x < 0 || face.y < 0 || !face.width || !face.height
            || face.x + face.width > width || face.y + face.height > height).length,
        picture: box(at("picture")),
        overlay: box(at("overlay")),
        drop: box(at("drop")),
        page: [document.documentElement.scrollWidth, document.documentElement.clientWidth],
        ground: getComputedStyle(document.body).backgroundColor,
    };
"##;

/// Drops a file that is made of a text.
const DROP: &str = r#"
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([arguments[0]], "text.jpg", { type: "image/jpeg" }));
    const how = { bubbles: true, cancelable: true, dataTransfer };
    document.getElementById("drop").dispatchEvent(new DragEvent("drop", how));
"#;

/// Shows what is folded.
const UNFOLD: &str = "document.querySelector('details').open = true;";

#[derive(Debug, Deserialize)]
struct Shown {
    status: String,
    error: String,
    busy: bool,
    faces: usize,
    outside: usize,
    picture: [f64; 4],
    overlay: [f64; 4],
    drop: [f64; 4],
    page: [u32; 2],
    ground: String,
}

/// Tries the page at `url` with a photo of so many faces. `scratch` is for the browser's files, and
/// `results` for pictures of the page.
pub fn test(
    url: &str,
    photo: &Path,
    expected_faces: usize,
    scratch: &Path,
    results: &Path,
) -> Result<()> {
    let photo =
        fs::canonicalize(photo).with_context(|| format!("failed to find `{}`", photo.display()))?;
    // The browser takes whole paths only.
    let scratch = fs::canonicalize(scratch)
        .with_context(|| format!("failed to find `{}`", scratch.display()))?;
    let folder = tempfile::Builder::new()
        .prefix("browser-")
        .tempdir_in(&scratch)
        .with_context(|| format!("failed to create a folder in `{}`", scratch.display()))?;
    // What the function says to the same bytes.
    let refusal =
        refusal(url).with_context(|| format!("failed to see the function at {url} refuse"))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("failed to start a runtime for WebDriver")?;
    runtime.block_on(async {
        let visit = Visit {
            browser: Browser::start(folder.path()).await?,
            photo,
            faces: expected_faces,
        };
        visit.browser.client().goto(url).await?;
        visit.photos(&refusal).await?;
        visit.download().await?;
        visit.looks(results).await?;
        visit.quiet(|_| false).await?;
        visit.browser.close().await
    })
}

/// The page in a browser, and what is given to it.
struct Visit {
    browser: Browser,
    photo: PathBuf,
    faces: usize,
}

impl Visit {
    /// A photo, no photo, and a photo again.
    async fn photos(&self, refusal: &str) -> Result<()> {
        self.give().await?;
        self.quiet(|_| false).await?;

        let client = self.browser.client();
        client.execute(DROP, vec![json!(NO_IMAGE)]).await?;
        let shown = self
            .wait("the error", |shown| !shown.error.is_empty())
            .await?;
        ensure!(
            shown.error.contains(refusal),
            "the page says `{}`, and the function `{refusal}`",
            shown.error
        );
        ensure!(shown.faces == 0, "there are faces in what is no photo");
        // That the function refused something is an error for the console as well.
        self.quiet(|error| error.contains("status of 4")).await?;

        let shown = self.give().await?;
        ensure!(
            shown.error.is_empty(),
            "the error is still there: {shown:?}"
        );
        Ok(())
    }

    /// Gives the photo; its faces must be found, told and drawn at their places.
    async fn give(&self) -> Result<Shown> {
        let input = self.browser.client().find(Locator::Id("photo")).await?;
        let photo = self.photo.to_str().context("the photo's path is no text")?;
        input.send_keys(photo).await?;
        let many = if self.faces == 1 { "" } else { "s" };
        let told = format!("Found {} face{many} in ", self.faces);
        let shown = self
            .wait("what was found", |shown| {
                !shown.busy && shown.status.starts_with("Found ") && shown.picture[2] > 0.0
            })
            .await?;
        ensure!(
            shown.status.starts_with(&told),
            "the page says `{}`, and not `{told}…`",
            shown.status
        );
        ensure!(
            shown.faces == self.faces && shown.outside == 0,
            "not every face is drawn, or not within the photo: {shown:?}"
        );
        let pairs = shown.picture.iter().zip(&shown.overlay);
        ensure!(
            pairs
                .into_iter()
                .all(|(picture, over)| (picture - over).abs() < 1.0),
            "the faces are drawn beside the photo: {shown:?}"
        );
        Ok(shown)
    }

    /// The annotated photo comes as a file.
    async fn download(&self) -> Result<()> {
        let button = self.browser.client().find(Locator::Id("download")).await?;
        button.click().await?;
        let name = self.photo.file_stem().unwrap_or_default();
        let name = format!("{}-faces.jpg", name.to_string_lossy());
        let file = self.browser.downloads().join(&name);
        let start = Instant::now();
        // The name may be there before the file.
        let bytes = loop {
            match fs::read(&file) {
                Ok(bytes) if !bytes.is_empty() => break bytes,
                _ => ensure!(start.elapsed() < PATIENCE, "`{name}` was not downloaded"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        ensure!(bytes.starts_with(b"\xff\xd8\xff"), "`{name}` is no JPEG");
        self.wait("the photo", |shown| !shown.busy).await?;
        Ok(())
    }

    /// Light and dark differ, and a phone shows all of it, large enough for fingers.
    async fn looks(&self, results: &Path) -> Result<()> {
        let light = self.in_colours("light").await?;
        self.photograph(&results.join("page-desktop-light.png"))
            .await?;
        let dark = self.in_colours("dark").await?;
        ensure!(
            light.ground != dark.ground,
            "dark is as light: {}",
            dark.ground
        );
        let phone = json!({"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": true});
        let devtools = self
            .browser
            .devtools("Emulation.setDeviceMetricsOverride", phone);
        devtools.await?;
        // As a phone would open it, and then with a photo.
        let client = self.browser.client();
        client.refresh().await?;
        client.execute(UNFOLD, Vec::new()).await?;
        let start = self.shown().await?;
        for shown in [start, self.give().await?] {
            let [content, window] = shown.page;
            ensure!(window == 390, "a phone's window is {window} wide");
            ensure!(
                content <= window,
                "a phone shows {window} of {content} pixels"
            );
            let [_, _, width, height] = shown.drop;
            ensure!(
                width >= FINGER && height >= FINGER,
                "fingers get only {width} x {height} to give a photo"
            );
        }
        self.photograph(&results.join("page-phone-dark.png")).await
    }

    async fn in_colours(&self, scheme: &str) -> Result<Shown> {
        let feature = json!({"name": "prefers-color-scheme", "value": scheme});
        let media = json!({"features": [feature]});
        let devtools = self.browser.devtools("Emulation.setEmulatedMedia", media);
        devtools.await?;
        self.shown().await
    }

    async fn photograph(&self, file: &Path) -> Result<()> {
        self.browser.photograph(file).await?;
        tell(&format!("the page is shown in {}", file.display()));
        Ok(())
    }

    /// Refuses errors in the browser's console, but those that are expected.
    async fn quiet(&self, expected: impl Fn(&str) -> bool) -> Result<()> {
        let errors = self.browser.errors().await?;
        match errors.iter().find(|error| !expected(error)) {
            Some(error) => bail!("the browser's console says: {error}"),
            None => Ok(()),
        }
    }

    async fn shown(&self) -> Result<Shown> {
        let shown = self.browser.client().execute(SHOWN, Vec::new()).await?;
        serde_json::from_value(shown).context("the page lacks something")
    }

    async fn wait(&self, what: &str, ready: impl Fn(&Shown) -> bool) -> Result<Shown> {
        let start = Instant::now();
        loop {
            let shown = self.shown().await?;
            if ready(&shown) {
                return Ok(shown);
            }
            ensure!(
                start.elapsed() < PATIENCE,
                "the page lacks `{what}`: {shown:?}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// What the function says to something that is no image.
fn refusal(url: &str) -> Result<String> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .into();
    let request = agent.post(url).content_type("image/jpeg");
    let mut response = request
        .header("accept", "application/json")
        .send(NO_IMAGE)?;
    let answer: Value = serde_json::from_str(&response.body_mut().read_to_string()?)?;
    let message = answer.pointer("/error/message").and_then(Value::as_str);
    let message = message.with_context(|| format!("an error looks like this: {answer}"))?;
    Ok(message.to_owned())
}
