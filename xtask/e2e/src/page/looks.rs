//! How the page looks: light and dark differ, and a phone shows all of it, large enough for
//! fingers.

use std::path::Path;

use anyhow::{Result, ensure};
use serde_json::json;
use support::progress::tell;

use super::Visit;
use super::shown::Shown;

/// What a finger needs. <https://www.w3.org/WAI/WCAG22/Understanding/target-size-enhanced.html>
const FINGER: f64 = 44.0;

/// A phone's width.
const PHONE: u32 = 390;

/// Shows what is folded.
const UNFOLD: &str = "document.querySelector('details').open = true;";

impl Visit {
    /// Tries all of it; pictures of the page go to `results`.
    pub async fn looks(&self, results: &Path) -> Result<()> {
        let light = self.in_colours("light").await?;
        self.photograph(&results.join("page-desktop-light.png"))
            .await?;
        let dark = self.in_colours("dark").await?;
        ensure!(
            light.ground != dark.ground,
            "dark is as light: {}",
            dark.ground
        );
        let phone = json!({"width": PHONE, "height": 844, "deviceScaleFactor": 2, "mobile": true});
        let devtools = self
            .browser
            .devtools("Emulation.setDeviceMetricsOverride", phone);
        devtools.await?;
        // As a phone would open it, and then with a photo.
        let client = self.browser.client();
        client.refresh().await?;
        client.execute(UNFOLD, Vec::new()).await?;
        on_a_phone(&self.shown().await?, &["photo", "preset", "summary"])?;
        on_a_phone(&self.give().await?, &["photo", "preset", "download"])?;
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
}

/// Nothing is too wide or too small, and what must be there is there.
fn on_a_phone(shown: &Shown, needed: &[&str]) -> Result<()> {
    let [content, window] = shown.page;
    ensure!(window == PHONE, "a phone's window is {window} wide");
    ensure!(
        content <= window,
        "a phone shows {window} of {content} pixels"
    );
    for name in needed {
        ensure!(
            shown.controls.contains_key(*name),
            "a phone lacks `{name}`: {shown:?}"
        );
    }
    for (name, [width, height]) in &shown.controls {
        ensure!(
            *width >= FINGER && *height >= FINGER,
            "fingers get only {width} x {height} of `{name}`"
        );
    }
    Ok(())
}
