//! The output of `cargo xtask invoke`.

use serde::Serialize;
use serde_json::Value;
use support::output::{CommandOutput, display_path};

use super::local::LocalOutput;
use crate::invocations::{Invocations, format_memory, format_number};
use crate::prices::format_dollars;
use crate::report_line::Report;
use crate::terminal::{lines, one_line};

#[derive(Serialize)]
#[serde(untagged)]
pub enum InvokeOutput {
    Remote(Box<RemoteOutput>),
    Local(LocalOutput),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RemoteOutput {
    /// With the alias.
    pub function: String,
    pub version: String,
    /// The photo's URL.
    pub photo: Option<String>,
    /// The last answer.
    pub response: Value,
    /// URLs of what the function wrote.
    pub written: Vec<String>,
    /// Of the invocations that were reported, in their order.
    pub reports: Vec<Report>,
    pub invocations: Invocations,
    pub number: usize,
}

impl CommandOutput for InvokeOutput {
    fn to_text(&self) -> String {
        match self {
            Self::Remote(output) => output.to_text(),
            Self::Local(output) => {
                let mut text = answer_text(&output.response);
                if let Some(file) = &output.annotated {
                    text += &row("written", &display_path(file));
                }
                let (cold, warm) = (format_number(output.cold_ms), format_number(output.warm_ms));
                text + &row(
                    "time",
                    &format!("{cold} ms with the start of the emulator, then {warm} ms"),
                )
            }
        }
    }
}

impl RemoteOutput {
    fn to_text(&self) -> String {
        let mut text = answer_text(&self.response);
        if let Some(url) = &self.photo {
            text += &row("photo", url);
        }
        for url in &self.written {
            text += &row("written", url);
        }
        text += &row("function", &format!("{}, version {}", self.function, self.version));
        match self.reports.as_slice() {
            [] => {
                text += &row(
                    "report",
                    "none; the function's log level hides it, or the log was too long",
                );
            }
            [report] if self.number == 1 => text += &self.report_text(report),
            _ => text += &format!("\n{}", self.invocations.to_table()),
        }
        text
    }

    fn report_text(&self, report: &Report) -> String {
        let ms = |value: f64| format!("{} ms", format_number(value));
        let start = match (report.init_ms, report.restore_ms) {
            (Some(init), _) => format!("cold, init {}", ms(init)),
            (None, Some(restore)) => {
                let billed = report.billed_restore_ms;
                let billed = billed.map_or_else(String::new, |billed| format!(", of which {} are billed", ms(billed)));
                format!("cold, restored from a snapshot in {}{billed}", ms(restore))
            }
            (None, None) => "warm".to_owned(),
        };
        let billed = report
            .billed_ms
            .map_or_else(String::new, |billed| format!(", billed {}", ms(billed)));
        let mut text = row("start", &start) + &row("duration", &format!("{}{billed}", ms(report.duration_ms)));
        text += &row("memory", &format_memory(report.max_memory_mb, report.memory_size_mb));
        let groups = [&self.invocations.cold, &self.invocations.warm];
        let cost = groups.into_iter().flatten().find_map(|group| group.cost_of_million);
        if let Some(cost) = cost {
            let (dollars, prices) = (format_dollars(cost), &self.invocations.prices);
            text += &row(
                "cost",
                &format!("{dollars} for a million such calls, without S3 and logs ({prices})"),
            );
        }
        text
    }
}

fn row(name: &str, value: &str) -> String {
    format!("  {name:<9}{}\n", one_line(value))
}

fn answer_text(answer: &Value) -> String {
    match answer {
        Value::String(text) => format!("{}\n", lines(text)),
        other => format!("{}\n", lines(&format!("{other:#}"))),
    }
}

#[cfg(test)]
mod tests {
    use opencv_build::Architecture;
    use serde_json::json;

    use super::*;
    use crate::prices::Prices;
    use crate::report_line::tests::{COLD, WARM};

    fn output(lines: &[&str]) -> RemoteOutput {
        let reports: Vec<_> = lines.iter().filter_map(|line| Report::parse(line)).collect();
        let prices = Prices::embedded().unwrap();
        RemoteOutput {
            function: "thumbs:live".to_owned(),
            version: "3".to_owned(),
            photo: Some("s3://photos/a.jpg".to_owned()),
            response: json!({"faces": 1}),
            written: vec!["s3://photos/a.jpg_rs.jpg".to_owned()],
            invocations: Invocations::new(&reports, &prices, prices.rates(Architecture::X86_64)),
            number: reports.len(),
            reports,
        }
    }

    #[test]
    fn one_call_shows_its_answer_and_its_report() {
        let expected = "{\n  \"faces\": 1\n}\n  photo    s3://photos/a.jpg\n  written  s3://photos/a.jpg_rs.jpg\n  \
                        function thumbs:live, version 3\n  start    cold, init 213.4 ms\n  duration 812.3 ms, billed \
                        1026 ms\n  memory   212 of 1769 MB\n  cost     $29.74 for a million such calls, without S3 \
                        and logs (us-east-1, prices of 2025-08-01)\n";
        assert_eq!(output(&[COLD]).to_text(), expected);
        assert!(output(&[WARM]).to_text().contains("  start    warm\n"));
        assert!(output(&[]).to_text().contains("  report   none; "));
    }

    #[test]
    fn several_calls_show_a_table() {
        let text = output(&[COLD, WARM, WARM]).to_text();
        assert!(
            text.contains("\ncold       1 ") && text.contains("\nwarm       2 "),
            "{text}"
        );
    }

    #[test]
    fn local_answers_have_a_file_and_times() {
        let output = InvokeOutput::Local(LocalOutput {
            response: json!("text"),
            annotated: Some("/results/a.jpg".into()),
            cold_ms: 95.24,
            warm_ms: 12.0,
        });
        let expected =
            "text\n  written  /results/a.jpg\n  time     95.2 ms with the start of the emulator, then 12 ms\n";
        assert_eq!(output.to_text(), expected);
    }
}
