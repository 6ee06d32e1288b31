//! Collects the warnings and errors that mdBook logs, which it does not return.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context as LayerContext, SubscriberExt};
use tracing_subscriber::{Layer, Registry};

#[derive(Clone, Default)]
pub struct Warnings(Arc<Mutex<Vec<String>>>);

impl Warnings {
    /// Collects from now on.
    ///
    /// # Errors
    /// The process has a subscriber already.
    pub fn collect() -> Result<Self> {
        let warnings = Self::default();
        tracing::subscriber::set_global_default(Registry::default().with(warnings.clone()))
            .context("failed to collect mdBook's warnings")?;
        Ok(warnings)
    }

    /// What was collected, in order.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<S: Subscriber> Layer<S> for Warnings {
    fn on_event(&self, event: &Event<'_>, _: LayerContext<'_, S>) {
        if *event.metadata().level() > Level::WARN {
            return;
        }
        let mut message = Message::default();
        event.record(&mut message);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(message.0);
    }
}

#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            // Writing to a string cannot fail.
            let _ = write!(self.0, "{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_warnings_and_errors_are_collected() {
        let warnings = Warnings::default();
        let subscriber = Registry::default().with(warnings.clone());
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!("information");
            tracing::warn!("a warning about {}", "`a`");
            tracing::error!("an error");
        });
        assert_eq!(warnings.take(), ["a warning about `a`", "an error"]);
        assert!(warnings.take().is_empty());
    }
}
