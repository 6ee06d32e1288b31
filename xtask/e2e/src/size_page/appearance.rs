//! The page's layout: the light and dark schemes differ and have enough contrast, and the page fits on a phone.

use std::path::Path;

use anyhow::{Result, ensure};
use serde_json::json;
use support::progress::print_status;

use super::{PageSession, TEXT};

/// The minimum for text. <https://www.w3.org/WAI/WCAG22/Understanding/contrast-minimum.html>
const MIN_CONTRAST: f64 = 4.5;

/// The width of a small phone's window in CSS pixels.
const PHONE: u32 = 375;

impl PageSession {
    /// Writes screenshots to `results`.
    pub async fn check_appearance(&self, results: &Path) -> Result<()> {
        let mut grounds = Vec::new();
        for scheme in ["light", "dark"] {
            self.set_color_scheme(scheme).await?;
            grounds.push(self.check_contrast(scheme).await?);
            self.screenshot(results, scheme).await?;
            self.find_text(TEXT).await?;
            self.check_contrast(&format!("{scheme}, searching")).await?;
            self.screenshot(results, &format!("{scheme}-search")).await?;
            self.find_text("").await?;
        }
        ensure!(
            grounds[0] != grounds[1],
            "the light and dark schemes have the same background: {}",
            grounds[0]
        );

        let phone = json!({"width": PHONE, "height": 812, "deviceScaleFactor": 2, "mobile": true});
        let devtools = self.browser.devtools("Emulation.setDeviceMetricsOverride", phone);
        devtools.await?;
        for scheme in ["dark", "light"] {
            self.set_color_scheme(scheme).await?;
            self.open("").await?;
            self.check_width(scheme).await?;
            self.screenshot(results, &format!("phone-{scheme}")).await?;
        }
        self.find_text(TEXT).await?;
        self.check_width("searching").await?;
        self.screenshot(results, "phone-search").await
    }

    /// Fails if any text has too little contrast. Returns the colour of the background.
    async fn check_contrast(&self, when: &str) -> Result<String> {
        let state = self.page_state().await?;
        let (contrast, text) = &state.lowest_contrast;
        ensure!(
            *contrast >= MIN_CONTRAST,
            "{when}, `{text}` has a contrast of {contrast:.2}"
        );
        Ok(state.background)
    }

    /// Fails if the page is wider than a phone.
    async fn check_width(&self, when: &str) -> Result<()> {
        let [content, window] = self.page_state().await?.page;
        ensure!(window == PHONE, "a phone's window is {window} pixels wide");
        ensure!(
            content <= window,
            "{when}, the content is {content} pixels wide, but a phone's window {window}"
        );
        Ok(())
    }

    /// Sets the colour scheme, and disables animations so that the page has its final state at once.
    pub async fn set_color_scheme(&self, scheme: &str) -> Result<()> {
        let media = json!({"features": [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]});
        self.browser.devtools("Emulation.setEmulatedMedia", media).await
    }

    async fn screenshot(&self, results: &Path, name: &str) -> Result<()> {
        let file = results.join(format!("size-{name}.png"));
        self.browser.screenshot(&file).await?;
        print_status(&format!("screenshot of the page: {}", file.display()));
        Ok(())
    }
}
