//! The output of `cargo xtask batch`.

use anyhow::Result;
use serde::Serialize;
use support::output::{CommandOutput, format_bytes};

use super::estimate::Estimate;
use super::follow::JobOutput;
use super::listing::Listing;
use super::queue::QueueOutput;
use crate::steps::StepOutput;

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchOutput {
    /// With the alias.
    pub function: String,
    pub place: String,
    pub listing: Option<Listing>,
    pub estimate: Option<Estimate>,
    pub notes: Vec<String>,
    /// In the order in which they are or were carried out.
    pub steps: Vec<StepOutput>,
    /// Whether they were carried out.
    pub done: bool,
    pub job: Option<JobOutput>,
    pub queue: Option<QueueOutput>,
}

impl BatchOutput {
    /// # Errors
    /// Objects failed.
    pub fn check(&self) -> Result<()> {
        self.job.as_ref().map_or(Ok(()), JobOutput::check)?;
        self.queue.as_ref().map_or(Ok(()), QueueOutput::check)
    }

    /// What will be done.
    pub fn plan_text(&self) -> String {
        let mut text = String::new();
        if let Some(listing) = &self.listing {
            text += &format!("{} for {}\n{}\n", self.function, self.place, listing_text(listing));
        }
        if let Some(estimate) = &self.estimate {
            text += &estimate.to_text();
        }
        for note in &self.notes {
            text += &format!("note: {note}\n");
        }
        for step in &self.steps {
            text += &format!("{}\n", step.text);
        }
        text
    }
}

fn listing_text(listing: &Listing) -> String {
    let mut text = format!("{} objects, {}", listing.number, format_bytes(listing.bytes));
    let left_out = [
        (listing.folders, "folder markers"),
        (listing.written, "written by the function"),
        (listing.job_files, "files of jobs"),
    ];
    let known: usize = left_out.iter().map(|(number, _)| number).sum();
    let beyond = listing.listed - known - listing.number;
    let left_out = left_out.into_iter().chain([(beyond, "beyond the limit")]);
    let left_out: Vec<_> = left_out
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{what} ({number})"))
        .collect();
    if !left_out.is_empty() {
        text += &format!("; left out: {}", left_out.join(", "));
    }
    text
}

impl CommandOutput for BatchOutput {
    fn to_text(&self) -> String {
        match (&self.job, &self.queue) {
            (Some(job), _) => job.to_text(),
            (None, Some(queue)) => queue.to_text(),
            (None, None) if self.steps.is_empty() => "there is nothing to do".to_owned(),
            (None, None) => format!("{}\nnothing was done", self.plan_text()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listings_say_what_is_left_out() {
        let mut listing = Listing {
            number: 3,
            bytes: 4000,
            listed: 3,
            ..Listing::default()
        };
        assert_eq!(listing_text(&listing), "3 objects, 4.0 kB");
        listing.listed = 10;
        listing.written = 2;
        let expected = "3 objects, 4.0 kB; left out: written by the function (2), beyond the limit (5)";
        assert_eq!(listing_text(&listing), expected);
    }
}
