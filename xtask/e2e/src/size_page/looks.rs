//! How the size report's page looks: light and dark differ and can be read, and a phone shows all of its width.

use std::path::Path;

use anyhow::{Result, ensure};
use serde_json::json;
use support::progress::tell;

use super::{TEXT, Visit};

/// The least contrast of text. <https://www.w3.org/WAI/WCAG22/Understanding/contrast-minimum.html>
const CONTRAST: f64 = 4.5;

/// A small phone's width.
const PHONE: u32 = 375;

impl Visit {
    /// Light, dark and on a phone, each with pictures in `results`.
    pub async fn looks(&self, results: &Path) -> Result<()> {
        let mut grounds = Vec::new();
        for scheme in ["light", "dark"] {
            self.in_colours(scheme).await?;
            grounds.push(self.readable(scheme).await?);
            self.photograph(results, scheme).await?;
            self.find_text(TEXT).await?;
            self.readable(&format!("{scheme}, searching")).await?;
            self.photograph(results, &format!("{scheme}-search"))
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
            self.in_colours(scheme).await?;
            self.open("").await?;
            self.narrow(scheme).await?;
            self.photograph(results, &format!("phone-{scheme}")).await?;
        }
        self.find_text(TEXT).await?;
        self.narrow("searching").await?;
        self.photograph(results, "phone-search").await
    }

    /// Refuses a text that can hardly be read. The colour behind everything.
    async fn readable(&self, when: &str) -> Result<String> {
        let seen = self.seen().await?;
        let (contrast, text) = &seen.faintest;
        ensure!(
            *contrast >= CONTRAST,
            "{when}, `{text}` has a contrast of {contrast:.2}"
        );
        Ok(seen.ground)
    }

    /// Refuses a page that is wider than a phone.
    async fn narrow(&self, when: &str) -> Result<()> {
        let [content, window] = self.seen().await?.page;
        ensure!(window == PHONE, "a phone's window is {window} wide");
        ensure!(
            content <= window,
            "{when}, a phone shows {window} of {content} pixels"
        );
        Ok(())
    }

    /// The reader's choice of colours; nothing moves, so that what is seen is the end of it.
    pub async fn in_colours(&self, scheme: &str) -> Result<()> {
        let media = json!({"features": [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]});
        self.browser
            .devtools("Emulation.setEmulatedMedia", media)
            .await
    }

    async fn photograph(&self, results: &Path, name: &str) -> Result<()> {
        let file = results.join(format!("size-{name}.png"));
        self.browser.photograph(&file).await?;
        tell(&format!("the page is shown in {}", file.display()));
        Ok(())
    }
}
