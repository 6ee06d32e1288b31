//! What the project promises, and how each promise was tried in this run: tests report counts, and
//! the table of all of them is printed at the end.

use std::sync::Mutex;

use serde::Serialize;

use support::answer::table;
use support::process::lock;

/// Everything that was tried in this run, in the order in which it was.
static TRIED: Mutex<Vec<Trial>> = Mutex::new(Vec::new());

/// One way in which a promise was tried.
#[derive(Clone, Debug, Serialize)]
pub struct Trial {
    /// What is promised.
    promise: &'static str,
    /// How it was tried.
    how: String,
    /// How often.
    times: u64,
    /// How often it did not hold.
    failures: u64,
}

/// Reports that `promise` was tried `times` times, and did not hold `failures` times. A test calls
/// this before it fails, so that the table shows the failures too.
pub fn tried(promise: &'static str, how: impl Into<String>, times: usize, failures: usize) {
    lock(&TRIED).push(Trial {
        promise,
        how: how.into(),
        times: times as u64,
        failures: failures as u64,
    });
}

/// Everything that was reported so far.
pub fn all() -> Vec<Trial> {
    lock(&TRIED).clone()
}

/// The table, or nothing if nothing was tried.
pub fn shown(trials: &[Trial]) -> String {
    if trials.is_empty() {
        return String::new();
    }
    let widest = |cell: fn(&Trial) -> &str| {
        let widths = trials.iter().map(|trial| cell(trial).chars().count());
        widths.max().unwrap_or(0)
    };
    let how = widest(|trial| &trial.how).max("how it was tried".len());
    // Numbers are aligned to the right, and the second column, which is text, is not.
    let row = |promise: &str, text: &str, times: String, failures: String| {
        vec![promise.to_owned(), format!("{text:<how$}"), times, failures]
    };
    let mut rows = vec![row(
        "promise",
        "how it was tried",
        "times".to_owned(),
        "failures".to_owned(),
    )];
    rows.extend(trials.iter().map(|trial| {
        let Trial {
            promise,
            how,
            times,
            failures,
        } = trial;
        row(promise, how, times.to_string(), failures.to_string())
    }));
    table(&rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_line_for_each_trial() {
        let trial = |promise, how: &str, times, failures| Trial {
            promise,
            how: how.to_owned(),
            times,
            failures,
        };
        let trials = [
            trial("no event is answered wrongly", "faults", 300, 0),
            trial("memory", "a table of inputs", 75, 2),
        ];
        assert_eq!(
            shown(&trials),
            "promise                       how it was tried   times  failures\n\
             no event is answered wrongly  faults               300         0\n\
             memory                        a table of inputs     75         2\n"
        );
        assert_eq!(shown(&[]), "");
    }
}
