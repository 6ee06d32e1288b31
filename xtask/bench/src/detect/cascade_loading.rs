//! How long it takes until both cascades are ready in a process that has done nothing else: loaded, and asked
//! about one blank window, so that what an implementation puts off until it is first asked counts. Our detector
//! makes a stage's tables when a window first comes to it; a blank one does not come far, and the rest of them is
//! part of the first photo.

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
    let files = |extension: &str| {
        CASCADES.map(|(_, name)| folder.join(format!("haarcascade_{name}.{extension}")))
    };
    let packed = files("packed");
    let implementations = [
        (WHEEL, "xml", files("xml")),
        (UPSTREAM, "xml", files("xml")),
        (OURS, "packed", packed.clone()),
    ];
    let has_packed = packed.iter().all(|file| file.is_file());
    if !has_packed {
        notes.push("this SDK has no packed cascades: none were loaded".to_owned());
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
    Ok(Group::new(title, Unit::Milliseconds, Some(WHEEL)).with_case("faces and eyes", &values))
}

fn milliseconds(response: &str) -> Result<f64> {
    let Some(nanoseconds) = response.strip_prefix("ok ") else {
        bail!("failed to load the cascades: {response}");
    };
    let nanoseconds: f64 = nanoseconds.parse().context("the time is no number")?;
    Ok(nanoseconds / 1e6)
}
