//! Status lines and the progress of long steps. A program chooses where they go: to its stderr, with progress bars if
//! that is a terminal, or to a function. Until then, nothing is printed, because a library must not print. stdout is for
//! the command's output.

use std::io::IsTerminal;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

enum ProgressOutput {
    Stderr,
    Function(Box<dyn Fn(&str) + Send + Sync>),
}

static OUTPUT: OnceLock<ProgressOutput> = OnceLock::new();

/// Prints status and progress to stderr, unless an output was chosen before.
pub fn print_to_stderr() {
    let _ = OUTPUT.set(ProgressOutput::Stderr);
}

/// Passes each line to `report`, unless an output was chosen before; returns whether `report` will be called.
pub fn report_to(report: impl Fn(&str) + Send + Sync + 'static) -> bool {
    OUTPUT.set(ProgressOutput::Function(Box::new(report))).is_ok()
}

pub fn print_status(line: &str) {
    match OUTPUT.get() {
        None => {}
        Some(ProgressOutput::Stderr) => eprintln!("{line}"),
        Some(ProgressOutput::Function(report)) => report(line),
    }
}

fn has_bars() -> bool {
    matches!(OUTPUT.get(), Some(ProgressOutput::Stderr)) && std::io::stderr().is_terminal()
}

/// A long step. Its progress bar is removed from the terminal when it is dropped.
pub struct ProgressStep {
    bar: Option<ProgressBar>,
    message: String,
    last_tenth: u64,
    start: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Count,
    Bytes,
}

const MEGABYTE: f64 = 1e6;

impl ProgressStep {
    pub fn start(message: impl Into<String>) -> Self {
        let message = message.into();
        let bar = has_bars().then(|| {
            let bar = ProgressBar::new_spinner().with_message(message.clone());
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        if bar.is_none() {
            print_status(&message);
        }
        Self {
            bar,
            message,
            last_tenth: 0,
            start: Instant::now(),
        }
    }

    pub fn advance(&mut self, done: u64, total: u64) {
        self.update(done, total, Unit::Count);
    }

    pub fn advance_bytes(&mut self, done: u64, total: u64) {
        self.update(done, total, Unit::Bytes);
    }

    fn update(&mut self, done: u64, total: u64, unit: Unit) {
        let state = format_progress(done, total, unit, self.start.elapsed());
        let Some(bar) = &self.bar else {
            let tenth = (done * 10).checked_div(total).unwrap_or(0);
            if tenth > self.last_tenth {
                self.last_tenth = tenth;
                print_status(&format!("{} {state}", self.message));
            }
            return;
        };
        if bar.length() != Some(total) {
            bar.set_length(total);
            let style = "{spinner} {prefix} [{bar:30}] {msg}, {elapsed} elapsed";
            if let Ok(style) = ProgressStyle::with_template(style) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_prefix(self.message.clone());
        }
        bar.set_position(done);
        bar.set_message(state);
    }
}

/// The count, and an estimate of the remaining time at the average speed so far.
#[expect(clippy::cast_precision_loss, reason = "few digits are shown")]
fn format_progress(done: u64, total: u64, unit: Unit, elapsed: Duration) -> String {
    let count = match unit {
        Unit::Count => format!("{done}/{total}"),
        Unit::Bytes => format!("{:.1}/{:.1} MB", done as f64 / MEGABYTE, total as f64 / MEGABYTE),
    };
    // In the first seconds an estimate would be too inexact.
    if done == 0 || done >= total || elapsed < Duration::from_secs(3) {
        return count;
    }
    let seconds = elapsed.as_secs_f64() * (total - done) as f64 / done as f64;
    if seconds < 100.0 {
        format!("{count}, about {seconds:.0} s left")
    } else {
        format!("{count}, about {:.0} min left", seconds / 60.0)
    }
}

impl Drop for ProgressStep {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The only test of this process that chooses an output.
    #[test]
    fn lines_go_to_the_first_chosen_output() {
        let (sender, lines) = std::sync::mpsc::channel();
        print_status("before an output is chosen");
        assert!(report_to(move |line| sender.send(line.to_owned()).unwrap()));
        print_to_stderr();
        assert!(!report_to(|_| panic!("another output was chosen before")));
        let mut step = ProgressStep::start("compiling");
        step.advance(1, 20);
        step.advance(10, 20);
        print_status("done");
        let seen: Vec<_> = lines.try_iter().collect();
        assert_eq!(seen, ["compiling", "compiling 10/20", "done"]);
    }

    #[test]
    fn remaining_time_is_estimated_after_some_progress() {
        let after = Duration::from_secs;
        for (done, total, unit, elapsed, shown) in [
            (43, 421, Unit::Count, after(1), "43/421"),
            (0, 421, Unit::Count, after(9), "0/421"),
            (43, 421, Unit::Count, after(10), "43/421, about 88 s left"),
            (40, 400, Unit::Count, after(20), "40/400, about 3 min left"),
            (421, 421, Unit::Count, after(60), "421/421"),
            (
                1_250_000,
                5_250_000,
                Unit::Bytes,
                after(5),
                "1.2/5.2 MB, about 16 s left",
            ),
        ] {
            assert_eq!(format_progress(done, total, unit, elapsed), shown);
        }
    }
}
