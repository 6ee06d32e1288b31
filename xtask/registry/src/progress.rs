//! The story of a push or a pull on stderr: a bar by bytes, or, where there is no terminal, a line
//! for each blob.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};
use layer_registry::Event;
use support::answer::size;
use support::progress::tell;

/// How much of a digest is enough for people.
const SHORT: usize = "sha256:".len() + 12;

/// The story, gone from the terminal when it is dropped.
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
            tell(&message);
        }
        Self { bar, verb }
    }

    pub fn see(&self, event: &Event<'_>) {
        match (event, &self.bar) {
            (Event::Bytes { done, total }, Some(bar)) => {
                bar.set_length(*total);
                bar.set_position(*done);
            }
            (event, bar) => {
                if let Some(line) = self.line(event) {
                    match bar {
                        Some(bar) => bar.suspend(|| tell(&line)),
                        None => tell(&line),
                    }
                }
            }
        }
    }

    fn line(&self, event: &Event<'_>) -> Option<String> {
        Some(match event {
            Event::Blob {
                digest,
                bytes,
                present,
            } => {
                let digest = &digest.to_string()[..SHORT];
                let bytes = size(*bytes);
                match present {
                    true => format!("{digest} ({bytes}) is there already"),
                    false => format!("{} {digest} ({bytes})", self.verb),
                }
            }
            Event::Again { error, wait } => {
                format!("{error}; again in {:.1} s", wait.as_secs_f64())
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
    fn each_blob_has_a_line() {
        let progress = Progress {
            bar: None,
            verb: "pulling",
        };
        let digest = Digest::of(b"abc");
        let event = |present| Event::Blob {
            digest,
            bytes: 5_280_000,
            present,
        };
        let line = |present| progress.line(&event(present)).unwrap();
        assert_eq!(line(false), "pulling sha256:ba7816bf8f01 (5.28 MB)");
        assert_eq!(line(true), "sha256:ba7816bf8f01 (5.28 MB) is there already");
        assert_eq!(progress.line(&Event::Bytes { done: 1, total: 2 }), None);
    }
}
