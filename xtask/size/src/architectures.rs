//! The artefacts of several architectures in one table.

use support::output::{format_bytes, format_table};

use crate::report::Report;

/// A row for each artefact of the first report, with the uncompressed and compressed sizes of all reports.
pub fn table(reports: &[&Report]) -> String {
    let mut head = vec!["artefact".to_owned()];
    for report in reports {
        let name = report.architecture.lambda_name();
        head.extend([name.to_owned(), format!("{name} compressed")]);
    }
    let mut rows = vec![head];
    for artefact in reports.iter().take(1).flat_map(|first| &first.artefacts) {
        let mut row = vec![artefact.name.clone()];
        for report in reports {
            let part = report.artefact(&artefact.name);
            let size = |bytes: Option<u64>| bytes.map_or(String::new(), format_bytes);
            row.push(size(part.map(|part| part.bytes)));
            row.push(size(part.and_then(|part| part.compressed_bytes)));
        }
        rows.push(row);
    }
    format_table(&rows)
}

#[cfg(test)]
mod tests {
    use opencv_build::Architecture;

    use super::*;
    use crate::part::{Kind, Part};

    #[test]
    fn each_architecture_has_its_columns() {
        let report = |architecture, bytes, compressed_bytes| Report {
            architecture,
            revision: None,
            artefacts: vec![Part {
                compressed_bytes,
                ..Part::leaf("bootstrap", bytes, Kind::File)
            }],
        };
        let (x86, arm) = (
            report(Architecture::X86_64, 2_000, Some(1_000)),
            report(Architecture::Aarch64, 4_000, None),
        );
        let expected = "artefact   x86_64  x86_64 compressed   arm64  arm64 compressed\n\
                        bootstrap  2.0 kB             1.0 kB  4.0 kB\n";
        assert_eq!(table(&[&x86, &arm]), expected);
    }
}
