//! Interactions with the page, whose effects must match the document.

use anyhow::{Context, Result, ensure};
use fantoccini::Locator;
use fantoccini::key::Key;
use url::Url;

use super::expected::{MARKUP, Matches};
use super::page_state::PageState;
use super::{PageSession, TEXT};
use size::part::Part;
use size::report::Document;
use support::output::format_bytes;

/// A position in the strip with the first part's name, in pixels from the map's corner.
const FIRST_STRIP: [f64; 2] = [30.0, 9.0];

impl PageSession {
    /// Zooms in by mouse and by key, and out by key and by the browser's history.
    pub async fn zoom(&self, artefact: &Part) -> Result<()> {
        let largest = artefact.parts.first().context("the artefact has no parts")?;
        self.mouse(FIRST_STRIP, false).await?;
        self.wait("the tooltip", |state| state.tip == largest.name).await?;
        self.mouse(FIRST_STRIP, true).await?;
        let state = self.wait("a click", |state| state.breadcrumbs.len() == 2).await?;
        ensure_shows(&state, largest)?;
        ensure!(
            state.breadcrumbs[0] == artefact.name,
            "the breadcrumbs are {:?}",
            state.breadcrumbs
        );

        self.keys(&[Key::Escape]).await?;
        let state = self.wait("Escape", |state| state.breadcrumbs.len() == 1).await?;
        ensure_shows(&state, artefact)?;

        let map = self.browser.client().find(Locator::Id("map")).await?;
        map.send_keys(&format!("{}{}", char::from(Key::Right), char::from(Key::Enter)))
            .await?;
        let state = self.wait("Enter", |state| state.breadcrumbs.len() == 2).await?;
        ensure_shows(&state, largest)?;
        self.browser.client().back().await?;
        self.wait("back", |state| state.breadcrumbs.len() == 1).await?;
        Ok(())
    }

    /// The number and bytes of matches are correct, the map highlights them, and a result and a URL lead to them.
    pub async fn search(&self, artefact: &Part) -> Result<()> {
        self.open("").await?;
        let plain = self.page_state().await?;
        self.find_text("nothing has this name").await?;
        let none = self.page_state().await?;
        ensure!(none.count.starts_with("0 matches"), "{}", none.count);
        let expected = Matches::of(artefact, TEXT);
        ensure!(expected.count > 0, "nothing in the document matches {TEXT}");
        self.find_text(TEXT).await?;
        let many = if expected.count == 1 { "" } else { "es" };
        let expected_text = format!("match{many}, {},", format_bytes(expected.bytes));
        let state = self.page_state().await?;
        let count = state.count.replace(',', "");
        ensure!(
            state.count.contains(&expected_text) && count.starts_with(&format!("{} ", expected.count)),
            "the page shows `{}` for {expected:?}",
            state.count
        );
        // Matching parts keep their colours, and others are pale.
        ensure!(
            none.saturated_share < 0.02
                && state.saturated_share > none.saturated_share + 0.02
                && state.saturated_share < plain.saturated_share - 0.02,
            "the share of saturated colours is {}, {} if some parts match, and {} if none does",
            plain.saturated_share,
            state.saturated_share,
            none.saturated_share
        );

        let first = Locator::Css("#matches li a");
        self.browser.client().find(first).await?.click().await?;
        let state = self.wait("a result", |state| state.breadcrumbs.len() > 1).await?;
        ensure!(
            state.count.contains(&expected_text),
            "the search has changed: {state:?}"
        );

        // The URL alone has the same result.
        let address = state.address.clone();
        self.open(&address).await?;
        let again = self.page_state().await?;
        ensure!(
            again.breadcrumbs == state.breadcrumbs
                && again.count == state.count
                && again.pixel_checksum == state.pixel_checksum,
            "`{address}` has another result: {:?}, {}",
            again.breadcrumbs,
            again.count
        );
        Ok(())
    }

    /// A click on a column's header sorts the rows, and a second one reverses the order.
    pub async fn sort(&self, artefact: &Part) -> Result<()> {
        self.open("").await?;
        let state = self.page_state().await?;
        ensure!(state.order("Bytes") == "descending", "{:?}", state.orders);
        ensure_shows(&state, artefact)?;
        let head = Locator::Css("#table-parts thead th:nth-child(2) button");
        self.browser.client().find(head).await?.click().await?;
        let state = self
            .wait("ascending bytes", |state| state.order("Bytes") == "ascending")
            .await?;
        let least = artefact.parts.iter().map(|part| part.bytes).min();
        ensure!(
            state.bytes.first() == least.map(format_bytes).as_ref(),
            "{:?}",
            state.bytes
        );

        let head = Locator::Css("#table-parts thead th:first-child button");
        let mut orders = Vec::new();
        for order in ["ascending", "descending"] {
            self.browser.client().find(head).await?.click().await?;
            let state = self.wait(order, |state| state.order("Part") == order).await?;
            ensure!(state.order("Bytes") == "none", "{:?}", state.orders);
            orders.push(state.names);
        }
        let first = artefact.parts.iter().map(|part| part.name.to_lowercase());
        let letters = |name: &String| name.chars().all(|letter| letter.is_alphanumeric() || letter == ' ');
        // The order of punctuation depends on the locale.
        let plain = |names: &[String]| -> Vec<_> {
            let names = names.iter().map(|name| name.to_lowercase());
            names.filter(letters).map(|name| name.replace(' ', "")).collect()
        };
        ensure!(first.count() > 1, "the artefact has only one part");
        let [up, down] = [plain(&orders[0]), plain(&orders[1])];
        ensure!(up.is_sorted(), "names in ascending order are {up:?}");
        ensure!(down.iter().rev().is_sorted(), "names in descending order are {down:?}");
        Ok(())
    }

    /// Switches the map and figures to the earlier report and back.
    pub async fn compare_with_earlier(&self, document: &Document) -> Result<()> {
        let before = document
            .previous_report
            .as_ref()
            .context("there is no earlier report")?;
        let name = &document.report.artefacts[0].name;
        let earlier = before.report.artefacts.iter().find(|part| part.name == *name);
        let earlier = earlier.context("the earlier report lacks the artefact")?;
        self.open("").await?;
        let now = self.page_state().await?;
        ensure!(now.sections.iter().any(|name| name == "changes"), "{:?}", now.sections);
        self.click("[data-value=before]").await?;
        let state = self
            .wait("the earlier report", |state| {
                state.active_switches.iter().any(|name| name == "Before")
            })
            .await?;
        let expected_text = format!("In {}: {}", before.label, format_bytes(earlier.bytes));
        ensure!(
            state.headline.starts_with(&expected_text),
            "the headline is `{}`, expected `{expected_text}…`",
            state.headline
        );
        ensure!(
            state.pixel_checksum != now.pixel_checksum,
            "the map does not change for the earlier report"
        );
        self.click("[data-value=change]").await?;
        self.wait("the changes", |state| state.active_switches == ["Before", "Change"])
            .await?;
        self.click("[data-value=now]").await?;
        self.wait("now", |state| state.active_switches == ["Now", "Change"])
            .await?;
        self.click("[data-value=group]").await?;
        self.wait("the map as it was", |state| state.pixel_checksum == now.pixel_checksum)
            .await?;
        Ok(())
    }

    /// Markup in a name neither ends the script nor becomes an element.
    pub async fn markup(&self) -> Result<()> {
        self.open("").await?;
        self.find_text("bold-markup").await?;
        let state = self.page_state().await?;
        ensure!(
            state.matches == [MARKUP] && state.markup == 0,
            "`{MARKUP}` is shown as {:?}",
            state.matches
        );
        Ok(())
    }

    /// The page has a section for each optional part that the document has, and no other.
    pub async fn sections(&self, document: &Document, bare: &Url) -> Result<()> {
        self.open("").await?;
        let there = [
            ("budgets", !document.budgets.is_empty()),
            ("history", !document.history.is_empty()),
            ("competitors", !document.competitors.is_empty()),
            ("baseline", document.baseline.is_some()),
            ("ablation", !document.ablation.is_empty()),
        ];
        let mut expected = vec!["explorer", "parts", "changes"];
        expected.extend(there.iter().filter(|(_, is)| *is).map(|(name, _)| *name));
        expected.sort_unstable();
        let mut shown = self.page_state().await?.sections;
        shown.sort();
        ensure!(shown == expected, "the sections are {shown:?}, expected {expected:?}");
        self.go(bare).await?;
        let state = self.page_state().await?;
        ensure!(state.sections == ["explorer", "parts"], "{:?}", state.sections);
        ensure!(state.active_switches == ["Group"], "{:?}", state.active_switches);
        self.check_console().await?;
        self.open("").await
    }
}

/// Checks that the table and the line above the map are those of a part.
fn ensure_shows(state: &PageState, part: &Part) -> Result<()> {
    let names = part.parts.iter().map(|part| part.name.as_str());
    let bytes = part.parts.iter().map(|part| format_bytes(part.bytes));
    ensure!(
        !state.names.is_empty() && names.zip(&state.names).all(|(one, other)| one == other),
        "the parts of `{}` are shown as {:?}",
        part.name,
        state.names
    );
    ensure!(
        bytes.zip(&state.bytes).all(|(one, other)| one == *other),
        "the bytes of `{}` are shown as {:?}",
        part.name,
        state.bytes
    );
    ensure!(
        state.headline.starts_with(&format_bytes(part.bytes)) && state.title.ends_with(&format_bytes(part.bytes)),
        "{} of `{}` are shown as `{}` and `{}`",
        format_bytes(part.bytes),
        part.name,
        state.headline,
        state.title
    );
    Ok(())
}
