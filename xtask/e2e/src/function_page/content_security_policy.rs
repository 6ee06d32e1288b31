//! The page's Content Security Policy in the browser: it blocks foreign scripts and styles, and framing by other pages.

use anyhow::{Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use super::PageSession;

/// Injects a script, an event handler and styles into the page, and returns which of them have an effect.
const INJECT_SCRIPT: &str = r#"
    const put = (name, change) => {
        const element = document.createElement(name);
        change(element);
        document.body.append(element);
        return element;
    };
    put("script", script => { script.textContent = "window.injected = true;"; });
    put("img", image => { image.setAttribute("onerror", "window.handled = true"); image.src = "blob:none"; });
    const styled = put("p", element => { element.setAttribute("style", "position: fixed"); });
    put("style", style => { style.textContent = "main { position: fixed; }"; });
    await new Promise(done => setTimeout(done, 500));
    const fixed = element => getComputedStyle(element).position === "fixed";
    return {
        script: window.injected === true,
        handler: window.handled === true,
        attribute: fixed(styled),
        style: fixed(document.querySelector("main")),
    };
"#;

impl PageSession {
    /// Leaves the page.
    pub async fn check_content_security_policy(&self, url: &str) -> Result<()> {
        let client = self.browser.client();
        let script =
            format!("const done = arguments[arguments.length - 1]; (async () => {{ {INJECT_SCRIPT} }})().then(done);");
        let works = client.execute_async(&script, Vec::new()).await?;
        let nothing = json!({"script": false, "handler": false, "attribute": false, "style": false});
        ensure!(works == nothing, "injected code has an effect: {works}");
        self.check_console(|error| error.contains("Content Security Policy") || error.contains("blob:none"))
            .await?;

        let around = format!("<!doctype html><iframe src='{url}'></iframe>");
        let around = format!("data:text/html;base64,{}", BASE64_STANDARD.encode(around));
        client.goto(&around).await?;
        client.enter_frame(0).await?;
        let frame = client.execute("return location.href", Vec::new()).await?;
        let frame = frame.as_str().unwrap_or_default();
        // The browser shows an error page of its own instead.
        ensure!(
            !frame.is_empty() && !frame.starts_with(url),
            "another page can frame the page, as `{frame}`"
        );
        Ok(())
    }
}
