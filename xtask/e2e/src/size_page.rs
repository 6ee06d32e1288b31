//! Tests the page of the size report in a real browser: zooming, searching, sorting, comparing with an earlier report,
//! light and dark, on a phone. The page must not send requests.

mod appearance;
mod expected;
mod interactions;
mod page_state;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use fantoccini::Locator;
use fantoccini::actions::{InputSource, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use fantoccini::key::Key;
use fs_err as fs;
use url::Url;

use super::browser::Browser;
use expected::{with_everything, without_optional_sections};
use page_state::PageState;
use size::page::render;
use size::report::Document;

/// The limit for the page to change, on a slow and busy machine.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The text to search for, which is in the names of OpenCV's functions.
const TEXT: &str = "ReSize";

/// Tests the page of a document. The browser's files go to `scratch`, and the page and screenshots to `results`.
pub fn test(document: &Document, scratch: &Path, results: &Path) -> Result<()> {
    fs::create_dir_all(results)?;
    let document = with_everything(document);
    let page = write(&document, results, "page.html")?;
    let bare = write(&without_optional_sections(&document), results, "bare.html")?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("failed to start a runtime for WebDriver")?;
    runtime.block_on(async {
        let browser = Browser::start(scratch).await?;
        let session = PageSession { browser, page };
        let artefact = document.report.artefacts.first();
        let artefact = artefact.context("the document has no artefact")?;
        session.open("").await?;
        session.zoom(artefact).await.context("zoom")?;
        session.set_color_scheme("light").await?;
        session.search(artefact).await.context("search")?;
        session.sort(artefact).await.context("sort")?;
        session.compare_with_earlier(&document).await.context("comparison")?;
        session.markup().await.context("markup in a name")?;
        session.sections(&document, &bare).await.context("sections")?;
        session.check_appearance(results).await.context("appearance")?;
        session.check_console().await?;
        session.browser.close().await
    })
}

/// Writes a document's page, and returns its URL.
fn write(document: &Document, folder: &Path, name: &str) -> Result<Url> {
    let path: PathBuf = folder.join(name);
    fs::write(&path, render(document)?)?;
    let path = fs::canonicalize(&path)?;
    Url::from_file_path(&path).map_err(|()| anyhow::anyhow!("`{}` has no URL", path.display()))
}

struct PageSession {
    browser: Browser,
    page: Url,
}

impl PageSession {
    /// Reloads the page with a fragment in its URL.
    async fn open(&self, fragment: &str) -> Result<()> {
        let mut address = self.page.clone();
        let fragment = fragment.trim_start_matches('#');
        address.set_fragment((!fragment.is_empty()).then_some(fragment));
        self.go(&address).await
    }

    async fn go(&self, address: &Url) -> Result<()> {
        let client = self.browser.client();
        // A change of only the fragment would not reload the page.
        client.goto("about:blank").await?;
        client.goto(address.as_str()).await?;
        self.wait("the page", |state| {
            !state.breadcrumbs.is_empty() && state.pixel_checksum != 0
        })
        .await?;
        Ok(())
    }

    /// Replaces the text in the search field.
    async fn find_text(&self, text: &str) -> Result<()> {
        let field = self.browser.client().find(Locator::Id("search")).await?;
        let before = field.prop("value").await?.unwrap_or_default();
        let keys = char::from(Key::Backspace).to_string().repeat(before.len());
        field.send_keys(&(keys + text)).await?;
        let wanted = !text.is_empty();
        self.wait("the search", |state| {
            state.count.is_empty() != wanted && (!wanted || state.address.contains(&text.replace(' ', "+")))
        })
        .await?;
        Ok(())
    }

    async fn click(&self, what: &str) -> Result<()> {
        let found = self.browser.client().find(Locator::Css(what)).await?;
        found.click().await?;
        Ok(())
    }

    /// Moves the mouse to a position on the map, and clicks if `click` is true.
    async fn mouse(&self, [x, y]: [f64; 2], click: bool) -> Result<()> {
        let [left, top, ..] = self.page_state().await?.map;
        let move_to = PointerAction::MoveTo {
            duration: None,
            x: left + x,
            y: top + y,
        };
        let mut actions = MouseActions::new("mouse".into()).then(move_to);
        if click {
            let button = MOUSE_BUTTON_LEFT;
            actions = actions
                .then(PointerAction::Down { button })
                .then(PointerAction::Up { button });
        }
        self.browser.client().perform_actions(actions).await?;
        Ok(())
    }

    async fn keys(&self, keys: &[Key]) -> Result<()> {
        let keys: String = keys.iter().map(|key| char::from(*key)).collect();
        let element = self.browser.client().active_element().await?;
        element.send_keys(&keys).await?;
        Ok(())
    }

    /// Fails on errors in the browser's console, and on requests of the page.
    async fn check_console(&self) -> Result<()> {
        if let Some(error) = self.browser.errors().await?.first() {
            bail!("the browser's console has an error: {error}");
        }
        let requests = self.page_state().await?.requests;
        ensure!(requests.is_empty(), "the page requests {requests:?}");
        Ok(())
    }

    async fn page_state(&self) -> Result<PageState> {
        let state = self.browser.client().execute(page_state::SCRIPT, Vec::new()).await?;
        serde_json::from_value(state).context("failed to read the state of the page")
    }

    async fn wait(&self, what: &str, ready: impl Fn(&PageState) -> bool) -> Result<PageState> {
        let start = Instant::now();
        loop {
            let state = self.page_state().await?;
            if ready(&state) {
                return Ok(state);
            }
            ensure!(start.elapsed() < TIMEOUT, "timed out waiting for {what}: {state:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
