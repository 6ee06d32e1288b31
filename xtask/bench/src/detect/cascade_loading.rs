//! Measures the time until both cascades are ready in a new process: loaded, and evaluated on one blank window, so that
//! initialisation on first use is included. Our detector builds a stage's tables when a window first reaches the stage;
//! a blank window is rejected early, and the other tables are built with the first photo.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::context::{BenchContext, Repetitions};
use crate::figures::{Group, Unit};
use crate::python_reference::PythonReference;
use support::median::median;
use support::run::{Shell, cmd, output};

use super::implementations::{CASCADES, OURS, UPSTREAM, WHEEL};

const RUNS: Repetitions = (15, 2);

pub fn measure(
    context: &BenchContext,
    python: &PythonReference,
    program: &Path,
    notes: &mut Vec<String>,
) -> Result<Group> {
    let folder = context.sdk.path().join("share/haarcascades");
    let files = |extension: &str| CASCADES.map(|(_, name)| folder.join(format!("haarcascade_{name}.{extension}")));
    let packed = files("packed");
    let implementations = [
        (WHEEL, "xml", files("xml")),
        (UPSTREAM, "xml", files("xml")),
        (OURS, "packed", packed.clone()),
    ];
    let has_packed = packed.iter().all(|file| file.is_file());
    if !has_packed {
        notes.push("this SDK has no packed cascades: loading them was not measured".to_owned());
    }
    let sh = Shell::new()?;
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..context.repetitions(RUNS) {
        for (index, (implementation, form, files)) in implementations.iter().enumerate() {
            if *implementation == OURS && !has_packed {
                continue;
            }
            let mut command = match *implementation {
                WHEEL => python.program("detect.py")?,
                _ => cmd!(sh, "{program}").into(),
            };
            command.arg("load").args(files).arg(form);
            times[index].push(milliseconds(&output(&mut command)?)?);
        }
    }
    let values = implementations.iter().zip(&times);
    let values = values.filter(|(_, times)| !times.is_empty());
    let values = values.map(|((implementation, ..), times)| (*implementation, median(times)));
    let values: Vec<_> = values.collect();
    let title = "both cascades ready in a fresh process";
    let group = Group::new(title, Unit::Milliseconds, Some(WHEEL)).in_comparison();
    Ok(group.with_case("faces and eyes", &values))
}

fn milliseconds(response: &str) -> Result<f64> {
    let Some(nanoseconds) = response.strip_prefix("ok ") else {
        bail!("failed to load the cascades: {response}");
    };
    let nanoseconds: f64 = nanoseconds.parse().context("the time is not a number")?;
    Ok(nanoseconds / 1e6)
}
