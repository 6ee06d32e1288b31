//! The page's layout: the light and dark schemes differ, and on a phone everything fits and is large enough to touch.

use std::path::Path;

use anyhow::{Result, ensure};
use serde_json::json;
use support::progress::print_status;

use super::PageSession;
use super::page_state::PageState;

/// The minimum in CSS pixels. <https://www.w3.org/WAI/WCAG22/Understanding/target-size-enhanced.html>
const MIN_TARGET_SIZE: f64 = 44.0;

/// The width of a phone's window in CSS pixels.
const PHONE: u32 = 390;

const OPEN_DETAILS: &str = "document.querySelector('details').open = true;";

impl PageSession {
    /// Writes screenshots to `results`.
    pub async fn check_appearance(&self, results: &Path) -> Result<()> {
        let light = self.set_color_scheme("light").await?;
        self.screenshot(&results.join("page-desktop-light.png")).await?;
        let dark = self.set_color_scheme("dark").await?;
        ensure!(
            light.background != dark.background,
            "the light and dark schemes have the same background: {}",
            dark.background
        );
        let phone = json!({"width": PHONE, "height": 844, "deviceScaleFactor": 2, "mobile": true});
        let devtools = self.browser.devtools("Emulation.setDeviceMetricsOverride", phone);
        devtools.await?;
        // First as the page opens, then with a photo.
        let client = self.browser.client();
        client.refresh().await?;
        client.execute(OPEN_DETAILS, Vec::new()).await?;
        check_phone_layout(&self.page_state().await?, &["photo", "preset", "summary"])?;
        check_phone_layout(&self.upload_photo().await?, &["photo", "preset", "download"])?;
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
        print_status(&format!("screenshot of the page: {}", file.display()));
        Ok(())
    }
}

/// Nothing is too wide or too small, and all controls in `needed` are visible.
fn check_phone_layout(shown: &PageState, needed: &[&str]) -> Result<()> {
    let [content, window] = shown.page;
    ensure!(window == PHONE, "a phone's window is {window} pixels wide");
    ensure!(
        content <= window,
        "the content is {content} pixels wide, but a phone's window {window}"
    );
    for name in needed {
        ensure!(
            shown.controls.contains_key(*name),
            "`{name}` is missing on a phone: {shown:?}"
        );
    }
    for (name, [width, height]) in &shown.controls {
        ensure!(
            *width >= MIN_TARGET_SIZE && *height >= MIN_TARGET_SIZE,
            "`{name}` is too small to touch: {width} x {height} pixels"
        );
    }
    Ok(())
}
