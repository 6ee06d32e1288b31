//! The project's promises, and how this run tested each: tests record counts, and the run prints them as a table at
//! its end.

use std::sync::Mutex;

use serde::Serialize;

use support::output::format_table;
use support::sync::lock_ignoring_poison;

/// All trials of this run, in order.
static TRIALS: Mutex<Vec<Trial>> = Mutex::new(Vec::new());

/// One way in which a promise was tested.
#[derive(Clone, Debug, Serialize)]
pub struct Trial {
    promise: &'static str,
    method: String,
    attempts: u64,
    failures: u64,
}

/// Records that `promise` was tested `attempts` times and broken `failures` times. A test calls this before it fails,
/// so that the table includes the failures.
pub fn record(promise: &'static str, method: impl Into<String>, attempts: usize, failures: usize) {
    lock_ignoring_poison(&TRIALS).push(Trial {
        promise,
        method: method.into(),
        attempts: attempts as u64,
        failures: failures as u64,
    });
}

pub fn all() -> Vec<Trial> {
    lock_ignoring_poison(&TRIALS).clone()
}

/// The table of trials, or an empty string without any.
pub fn format_trials(trials: &[Trial]) -> String {
    if trials.is_empty() {
        return String::new();
    }
    let widest = |cell: fn(&Trial) -> &str| {
        let widths = trials.iter().map(|trial| cell(trial).chars().count());
        widths.max().unwrap_or(0)
    };
    let width = widest(|trial| &trial.method).max("how it was tested".len());
    // `format_table` aligns all columns but the first to the right; the second one is text.
    let row = |promise: &str, text: &str, times: String, failures: String| {
        vec![promise.to_owned(), format!("{text:<width$}"), times, failures]
    };
    let mut rows = vec![row(
        "promise",
        "how it was tested",
        "times".to_owned(),
        "failures".to_owned(),
    )];
    rows.extend(trials.iter().map(|trial| {
        let Trial {
            promise,
            method,
            attempts,
            failures,
        } = trial;
        row(promise, method, attempts.to_string(), failures.to_string())
    }));
    format_table(&rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_row_for_each_trial() {
        let trial = |promise, method: &str, attempts, failures| Trial {
            promise,
            method: method.to_owned(),
            attempts,
            failures,
        };
        let trials = [
            trial("no event is answered wrongly", "faults", 300, 0),
            trial("memory", "a table of inputs", 75, 2),
        ];
        assert_eq!(
            format_trials(&trials),
            "promise                       how it was tested  times  failures\n\
             no event is answered wrongly  faults               300         0\n\
             memory                        a table of inputs     75         2\n"
        );
        assert_eq!(format_trials(&[]), "");
    }
}
