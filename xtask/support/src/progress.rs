//! The story on stderr: what is being done, with a bar where it takes long. Without a terminal
//! the same story comes as plain lines. stdout stays for answers.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Tells one line.
pub fn tell(line: &str) {
    eprintln!("{line}");
}

/// A step that takes a while; gone from the terminal when it is dropped.
pub struct Step {
    bar: Option<ProgressBar>,
    message: String,
    last_tenth: u64,
}

impl Step {
    /// Starts a step, such as "unpacking the source".
    pub fn start(message: impl Into<String>) -> Self {
        let message = message.into();
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner().with_message(message.clone());
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        if bar.is_none() {
            tell(&message);
        }
        Self {
            bar,
            message,
            last_tenth: 0,
        }
    }

    /// Says that `done` of `total` is done.
    pub fn advance(&mut self, done: u64, total: u64) {
        let Some(bar) = &self.bar else {
            let tenth = (done * 10).checked_div(total).unwrap_or(0);
            if tenth > self.last_tenth {
                self.last_tenth = tenth;
                tell(&format!("{} {done}/{total}", self.message));
            }
            return;
        };
        if bar.length() != Some(total) {
            bar.set_length(total);
            let style = "{spinner} {msg} [{bar:30}] {pos}/{len} {elapsed}";
            if let Ok(style) = ProgressStyle::with_template(style) {
                bar.set_style(style.progress_chars("=> "));
            }
        }
        bar.set_position(done);
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
