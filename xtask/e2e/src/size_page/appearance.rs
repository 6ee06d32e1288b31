//! How the size report's page looks: light and dark differ and can be read, and a phone shows all of its width.

use std::path::Path;

use anyhow::{Result, ensure};
use serde_json::json;
use support::progress::print_status;

use super::{PageSession, TEXT};

/// The least contrast of text. <https://www.w3.org/WAI/WCAG22/Understanding/contrast-minimum.html>
const MIN_CONTRAST: f64 = 4.5;

/// A small phone's width.
const PHONE: u32 = 375;

impl PageSession {
    /// Light, dark and on a phone, each with pictures in `results`.
    pub async fn check_appearance(&self, results: &Path) -> Result<()> {
        let mut grounds = Vec::new();
        for scheme in ["light", "dark"] {
            self.set_color_scheme(scheme).await?;
            grounds.push(self.check_contrast(scheme).await?);
            self.screenshot(results, scheme).await?;
            self.find_text(TEXT).await?;
            self.check_contrast(&format!("{scheme}, searching")).await?;
            self.screenshot(results, &format!("{scheme}-search"))
                .await?;
            self.find_text("").await?;
        }
        ensure!(grounds[0] != grounds[1], "dark is as light: {}", grounds[0]);

        let phone = json!({"width": PHONE, "height": 812, "deviceScaleFactor": 2, "mobile": true});
        let devtools = self
            .browser
            .devtools("Emulation.setDeviceMetricsOverride", phone);
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

    /// Refuses a text that can hardly be read. The colour behind everything.
    async fn check_contrast(&self, when: &str) -> Result<String> {
        let state = self.page_state().await?;
        let (contrast, text) = &state.lowest_contrast;
        ensure!(
            *contrast >= MIN_CONTRAST,
            "{when}, `{text}` has a contrast of {contrast:.2}"
        );
        Ok(state.background)
    }

    /// Refuses a page that is wider than a phone.
    async fn check_width(&self, when: &str) -> Result<()> {
        let [content, window] = self.page_state().await?.page;
        ensure!(window == PHONE, "a phone's window is {window} wide");
        ensure!(
            content <= window,
            "{when}, a phone shows {window} of {content} pixels"
        );
        Ok(())
    }

    /// The reader's choice of colours; nothing moves, so that what is seen is the end of it.
    pub async fn set_color_scheme(&self, scheme: &str) -> Result<()> {
        let media = json!({"features": [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]});
        self.browser
            .devtools("Emulation.setEmulatedMedia", media)
            .await
    }

    async fn screenshot(&self, results: &Path, name: &str) -> Result<()> {
        let file = results.join(format!("size-{name}.png"));
        self.browser.screenshot(&file).await?;
        print_status(&format!("the page is shown in {}", file.display()));
        Ok(())
    }
}
