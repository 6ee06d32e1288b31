//! How the page looks: light and dark differ, and a phone shows all of it, large enough for
//! fingers.

use std::path::Path;

use anyhow::{Result, ensure};
use serde_json::json;
use support::progress::print_status;

use super::PageSession;
use super::page_state::PageState;

/// What a finger needs. <https://www.w3.org/WAI/WCAG22/Understanding/target-size-enhanced.html>
const MIN_TARGET_SIZE: f64 = 44.0;

/// A phone's width.
const PHONE: u32 = 390;

/// Shows what is folded.
const OPEN_DETAILS: &str = "document.querySelector('details').open = true;";

impl PageSession {
    /// Tries all of it; pictures of the page go to `results`.
    pub async fn check_appearance(&self, results: &Path) -> Result<()> {
        let light = self.set_color_scheme("light").await?;
        self.screenshot(&results.join("page-desktop-light.png"))
            .await?;
        let dark = self.set_color_scheme("dark").await?;
        ensure!(
            light.background != dark.background,
            "dark is as light: {}",
            dark.background
        );
        let phone = json!({"width": PHONE, "height": 844, "deviceScaleFactor": 2, "mobile": true});
        let devtools = self
            .browser
            .devtools("Emulation.setDeviceMetricsOverride", phone);
        devtools.await?;
        // As a phone would open it, and then with a photo.
        let client = self.browser.client();
        client.refresh().await?;
        client.execute(OPEN_DETAILS, Vec::new()).await?;
        check_phone_layout(&self.page_state().await?, &["photo", "preset", "summary"])?;
        check_phone_layout(
            &self.upload_photo().await?,
            &["photo", "preset", "download"],
        )?;
        self.screenshot(&results.join("page-phone-dark.png")).await
    }

    async fn set_color_scheme(&self, scheme: &str) -> Result<PageState> {
        let feature = json!({"name": "prefers-color-scheme", "value": scheme});
        let media = json!({"features": [feature]});
        let devtools = self.browser.devtools("Emulation.setEmulatedMedia", media);
        devtools.await?;
        self.page_state().await
    }

    async fn screenshot(&self, file: &Path) -> Result<()> {
        self.browser.screenshot(file).await?;
        print_status(&format!("the page is shown in {}", file.display()));
        Ok(())
    }
}

/// Nothing is too wide or too small, and what must be there is there.
fn check_phone_layout(shown: &PageState, needed: &[&str]) -> Result<()> {
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
            *width >= MIN_TARGET_SIZE && *height >= MIN_TARGET_SIZE,
            "fingers get only {width} x {height} of `{name}`"
        );
    }
    Ok(())
}
