//! The progress of a push or a pull on stderr: a bar, or a line for each blob without a terminal.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};
use layer_registry::ProgressEvent;
use support::output::format_bytes;
use support::progress::print_status;

const SHORT_DIGEST_LENGTH: usize = "sha256:".len() + 12;

/// Clears the bar when dropped.
pub struct Progress {
    bar: Option<ProgressBar>,
    verb: &'static str,
}

impl Progress {
    pub fn start(verb: &'static str, reference: &str) -> Self {
        let message = format!("{verb} {reference}");
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(0).with_message(message.clone());
            let style = "{spinner} {msg} [{bar:30}] {decimal_bytes}/{decimal_total_bytes} \
                         {decimal_bytes_per_sec}";
            match ProgressStyle::with_template(style) {
                Ok(style) => bar.with_style(style.progress_chars("=> ")),
                Err(_) => bar,
            }
        });
        if bar.is_none() {
            print_status(&message);
        }
        Self { bar, verb }
    }

    pub fn update(&self, event: &ProgressEvent<'_>) {
        match (event, &self.bar) {
            (ProgressEvent::Bytes { done, total }, Some(bar)) => {
                bar.set_length(*total);
                bar.set_position(*done);
            }
            (event, bar) => {
                if let Some(line) = self.status_line(event) {
                    match bar {
                        Some(bar) => bar.suspend(|| print_status(&line)),
                        None => print_status(&line),
                    }
                }
            }
        }
    }

    fn status_line(&self, event: &ProgressEvent<'_>) -> Option<String> {
        Some(match event {
            ProgressEvent::Blob { digest, bytes, present } => {
                let digest = &digest.to_string()[..SHORT_DIGEST_LENGTH];
                let bytes = format_bytes(*bytes);
                match present {
                    true => format!("{digest} ({bytes}) already exists"),
                    false => format!("{} {digest} ({bytes})", self.verb),
                }
            }
            ProgressEvent::Retry { error, delay } => {
                format!("{error}; retrying in {:.1} s", delay.as_secs_f64())
            }
            _ => return None,
        })
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use layer::Digest;

    use super::*;

    #[test]
    fn each_blob_has_a_status_line() {
        let progress = Progress {
            bar: None,
            verb: "pulling",
        };
        let digest = Digest::of(b"abc");
        let event = |present| ProgressEvent::Blob {
            digest,
            bytes: 5_280_000,
            present,
        };
        let line = |present| progress.status_line(&event(present)).unwrap();
        assert_eq!(line(false), "pulling sha256:ba7816bf8f01 (5.28 MB)");
        assert_eq!(line(true), "sha256:ba7816bf8f01 (5.28 MB) already exists");
        assert_eq!(progress.status_line(&ProgressEvent::Bytes { done: 1, total: 2 }), None);
    }
}
