//! What is tried on the size report's page: that what a person does has the effect that the document says.

use anyhow::{Context, Result, ensure};
use fantoccini::Locator;
use fantoccini::key::Key;
use url::Url;

use super::expected::{MARKUP, Matches};
use super::seen::Seen;
use super::{TEXT, Visit};
use size::part::Part;
use size::report::Document;
use support::answer::size;

/// Where in the strip with the first part's name a click goes, in pixels from the map's corner.
const FIRST_STRIP: [f64; 2] = [30.0, 9.0];

impl Visit {
    /// By mouse, by key, and back by key and by the browser.
    pub async fn zoom(&self, artefact: &Part) -> Result<()> {
        let largest = artefact
            .parts
            .first()
            .context("the artefact has no parts")?;
        self.mouse(FIRST_STRIP, false).await?;
        self.wait("the tooltip", |seen| seen.tip == largest.name)
            .await?;
        self.mouse(FIRST_STRIP, true).await?;
        let seen = self.wait("a click", |seen| seen.crumbs.len() == 2).await?;
        shows(&seen, largest)?;
        ensure!(
            seen.crumbs[0] == artefact.name,
            "the path is {:?}",
            seen.crumbs
        );

        self.keys(&[Key::Escape]).await?;
        let seen = self.wait("Escape", |seen| seen.crumbs.len() == 1).await?;
        shows(&seen, artefact)?;

        let map = self.browser.client().find(Locator::Id("map")).await?;
        map.send_keys(&format!(
            "{}{}",
            char::from(Key::Right),
            char::from(Key::Enter)
        ))
        .await?;
        let seen = self.wait("Enter", |seen| seen.crumbs.len() == 2).await?;
        shows(&seen, largest)?;
        self.browser.client().back().await?;
        self.wait("back", |seen| seen.crumbs.len() == 1).await?;
        Ok(())
    }

    /// Number and bytes are right, the map shows it, and a result and a link lead there.
    pub async fn search(&self, artefact: &Part) -> Result<()> {
        self.open("").await?;
        let plain = self.seen().await?;
        self.find_text("nothing has this name").await?;
        let none = self.seen().await?;
        ensure!(none.count.starts_with("0 matches"), "{}", none.count);
        let expected = Matches::of(artefact, TEXT);
        ensure!(expected.count > 0, "nothing in the document matches {TEXT}");
        self.find_text(TEXT).await?;
        let many = if expected.count == 1 { "" } else { "es" };
        let told = format!("match{many}, {},", size(expected.bytes));
        let seen = self.seen().await?;
        let count = seen.count.replace(',', "");
        ensure!(
            seen.count.contains(&told) && count.starts_with(&format!("{} ", expected.count)),
            "the page says `{}` of {expected:?}",
            seen.count
        );
        // Some of it has its colour still, and what does not match is pale.
        ensure!(
            none.vivid < 0.02 && seen.vivid > none.vivid + 0.02 && seen.vivid < plain.vivid - 0.02,
            "strong colours have {} of the map, {} when some parts match, and {} when none does",
            plain.vivid,
            seen.vivid,
            none.vivid
        );

        let first = Locator::Css("#matches li a");
        self.browser.client().find(first).await?.click().await?;
        let seen = self.wait("a result", |seen| seen.crumbs.len() > 1).await?;
        ensure!(seen.count.contains(&told), "the search is gone: {seen:?}");

        // The address alone leads to the same.
        let address = seen.address.clone();
        self.open(&address).await?;
        let again = self.seen().await?;
        ensure!(
            again.crumbs == seen.crumbs
                && again.count == seen.count
                && again.picture == seen.picture,
            "`{address}` leads elsewhere: {:?}, {}",
            again.crumbs,
            again.count
        );
        Ok(())
    }

    /// A head orders the rows, and the other way when it is clicked again.
    pub async fn sort(&self, artefact: &Part) -> Result<()> {
        self.open("").await?;
        let seen = self.seen().await?;
        ensure!(seen.order("Bytes") == "descending", "{:?}", seen.orders);
        shows(&seen, artefact)?;
        let head = Locator::Css("#table-parts thead th:nth-child(2) button");
        self.browser.client().find(head).await?.click().await?;
        let seen = self
            .wait("ascending bytes", |seen| seen.order("Bytes") == "ascending")
            .await?;
        let least = artefact.parts.iter().map(|part| part.bytes).min();
        ensure!(
            seen.bytes.first() == least.map(size).as_ref(),
            "{:?}",
            seen.bytes
        );

        let head = Locator::Css("#table-parts thead th:first-child button");
        let mut orders = Vec::new();
        for order in ["ascending", "descending"] {
            self.browser.client().find(head).await?.click().await?;
            let seen = self.wait(order, |seen| seen.order("Part") == order).await?;
            ensure!(seen.order("Bytes") == "none", "{:?}", seen.orders);
            orders.push(seen.names);
        }
        let first = artefact.parts.iter().map(|part| part.name.to_lowercase());
        let letters = |name: &String| {
            name.chars()
                .all(|letter| letter.is_alphanumeric() || letter == ' ')
        };
        // Which of two signs comes first is the language's affair.
        let plain = |names: &[String]| -> Vec<_> {
            let names = names.iter().map(|name| name.to_lowercase());
            names
                .filter(letters)
                .map(|name| name.replace(' ', ""))
                .collect()
        };
        ensure!(first.count() > 1, "one part has no order");
        let [up, down] = [plain(&orders[0]), plain(&orders[1])];
        ensure!(up.is_sorted(), "names upwards are {up:?}");
        ensure!(
            down.iter().rev().is_sorted(),
            "names downwards are {down:?}"
        );
        Ok(())
    }

    /// The map and the figures of the earlier report, and back.
    pub async fn before(&self, document: &Document) -> Result<()> {
        let before = document
            .before
            .as_ref()
            .context("there is no earlier report")?;
        let name = &document.report.artefacts[0].name;
        let earlier = before
            .report
            .artefacts
            .iter()
            .find(|part| part.name == *name);
        let earlier = earlier.context("the earlier report lacks the artefact")?;
        self.open("").await?;
        let now = self.seen().await?;
        ensure!(
            now.sections.iter().any(|name| name == "changes"),
            "{:?}",
            now.sections
        );
        self.click("[data-value=before]").await?;
        let seen = self
            .wait("the earlier report", |seen| {
                seen.pressed.iter().any(|name| name == "Before")
            })
            .await?;
        let told = format!("In {}: {}", before.label, size(earlier.bytes));
        ensure!(
            seen.headline.starts_with(&told),
            "`{}` is not `{told}…`",
            seen.headline
        );
        ensure!(
            seen.picture != now.picture,
            "the map is the same before and now"
        );
        self.click("[data-value=change]").await?;
        self.wait("the changes", |seen| seen.pressed == ["Before", "Change"])
            .await?;
        self.click("[data-value=now]").await?;
        self.wait("now", |seen| seen.pressed == ["Now", "Change"])
            .await?;
        self.click("[data-value=group]").await?;
        self.wait("the map as it was", |seen| seen.picture == now.picture)
            .await?;
        Ok(())
    }

    /// A name that would end the script, or be an element, is a name.
    pub async fn markup(&self) -> Result<()> {
        self.open("").await?;
        self.find_text("bold-markup").await?;
        let seen = self.seen().await?;
        ensure!(
            seen.matches == [MARKUP] && seen.markup == 0,
            "`{MARKUP}` is shown as {:?}",
            seen.matches
        );
        Ok(())
    }

    /// What a document has is a section, and what it does not have is none.
    pub async fn sections(&self, document: &Document, bare: &Url) -> Result<()> {
        self.open("").await?;
        let there = [
            ("budgets", !document.budgets.is_empty()),
            ("history", !document.history.is_empty()),
            ("peers", !document.peers.is_empty()),
            ("baseline", document.baseline.is_some()),
            ("ablation", !document.ablation.is_empty()),
        ];
        let mut expected = vec!["explorer", "parts", "changes"];
        expected.extend(there.iter().filter(|(_, is)| *is).map(|(name, _)| *name));
        expected.sort_unstable();
        let mut shown = self.seen().await?.sections;
        shown.sort();
        ensure!(shown == expected, "{shown:?} are there, not {expected:?}");
        self.go(bare).await?;
        let seen = self.seen().await?;
        ensure!(
            seen.sections == ["explorer", "parts"],
            "{:?}",
            seen.sections
        );
        ensure!(seen.pressed == ["Group"], "{:?}", seen.pressed);
        self.quiet().await?;
        self.open("").await
    }
}

/// The table and the line above the map are those of a part.
fn shows(seen: &Seen, part: &Part) -> Result<()> {
    let names = part.parts.iter().map(|part| part.name.as_str());
    let bytes = part.parts.iter().map(|part| size(part.bytes));
    ensure!(
        !seen.names.is_empty() && names.zip(&seen.names).all(|(one, other)| one == other),
        "the parts of `{}` are shown as {:?}",
        part.name,
        seen.names
    );
    ensure!(
        bytes.zip(&seen.bytes).all(|(one, other)| one == *other),
        "the bytes of `{}` are shown as {:?}",
        part.name,
        seen.bytes
    );
    ensure!(
        seen.headline.starts_with(&size(part.bytes)) && seen.title.ends_with(&size(part.bytes)),
        "{} of `{}` are shown as `{}` and `{}`",
        size(part.bytes),
        part.name,
        seen.headline,
        seen.title
    );
    Ok(())
}
