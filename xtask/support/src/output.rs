//! Prints a command's output as text or JSON, and formats sizes and tables.

use std::path::Path;

use anyhow::Result;
use serde::{Serialize, Serializer};

pub trait CommandOutput: Serialize {
    fn to_text(&self) -> String;
}

/// The outputs of a command for one or several architectures: one output is printed by itself, several as a JSON object
/// with the names of the architectures as keys, and as texts with the names as headings.
#[derive(Debug)]
pub struct OutputPerArchitecture<T>(pub Vec<(&'static str, T)>);

impl<T: Serialize> Serialize for OutputPerArchitecture<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [(_, only)] => only.serialize(serializer),
            several => serializer.collect_map(several.iter().map(|(name, output)| (name, output))),
        }
    }
}

impl<T: CommandOutput> CommandOutput for OutputPerArchitecture<T> {
    fn to_text(&self) -> String {
        if let [(_, only)] = self.0.as_slice() {
            return only.to_text();
        }
        let texts = self.0.iter();
        let texts = texts.map(|(name, output)| format!("{name}:\n{}", output.to_text().trim_end()));
        texts.collect::<Vec<_>>().join("\n\n")
    }
}

pub fn print(output: &impl CommandOutput, json: bool) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string(output)?);
    } else {
        println!("{}", output.to_text().trim_end());
    }
    Ok(())
}

/// The path, relative to the current folder if it is inside.
pub fn display_path(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let below = here.and_then(|here| path.strip_prefix(here).ok());
    below.unwrap_or(path).display().to_string()
}

/// A size in decimal units: `640 B`, `12.3 kB`, `4.56 MB`.
pub fn format_bytes(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
    let bytes_f = bytes as f64;
    if bytes < 1000 {
        format!("{bytes} B")
    } else if bytes < 1_000_000 {
        format!("{:.1} kB", bytes_f / 1e3)
    } else {
        format!("{:.2} MB", bytes_f / 1e6)
    }
}

/// A table with aligned columns: the first to the left, the others to the right.
pub fn format_table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = widths[column];
            if column == 0 {
                line += &format!("{cell:<width$}");
            } else {
                line += &format!("  {cell:>width$}");
            }
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_use_decimal_units() {
        assert_eq!(format_bytes(999), "999 B");
        assert_eq!(format_bytes(12_345), "12.3 kB");
        assert_eq!(format_bytes(4_560_000), "4.56 MB");
    }

    #[test]
    fn outputs_of_several_architectures_are_named() {
        #[derive(Debug, Serialize)]
        struct Output(u8);
        impl CommandOutput for Output {
            fn to_text(&self) -> String {
                format!("output {}\n", self.0)
            }
        }
        let one = OutputPerArchitecture(vec![("x86_64", Output(1))]);
        assert_eq!(serde_json::to_string(&one).unwrap(), "1");
        let both = OutputPerArchitecture(vec![("x86_64", Output(1)), ("aarch64", Output(2))]);
        assert_eq!(serde_json::to_string(&both).unwrap(), r#"{"x86_64":1,"aarch64":2}"#);
        assert_eq!(both.to_text(), "x86_64:\noutput 1\n\naarch64:\noutput 2");
    }

    #[test]
    fn numbers_are_right_aligned() {
        let rows = [vec!["a".into(), "1".into()], vec!["long".into(), "200".into()]];
        assert_eq!(format_table(&rows), "a       1\nlong  200\n");
    }
}
