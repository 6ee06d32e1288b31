//! How long it takes until both cascades are ready in a process that has done nothing else: loaded, and asked
//! about one blank window, so that what a side puts off until it is first asked counts. Our detector makes a stage's
//! tables when a window first comes to it; a blank one does not come far, and the rest of them is part of the first photo.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::figures::{Group, Unit};
use crate::peer::Peer;
use crate::setting::{Count, Setting};
use support::median::median;
use support::run::{Shell, cmd, output};

use super::sides::{CASCADES, OURS, STOCK, WHEEL};

const RUNS: Count = (15, 2);

pub fn ready(
    setting: &Setting,
    peer: &Peer,
    program: &Path,
    notes: &mut Vec<String>,
) -> Result<Group> {
    let folder = setting.sdk.path().join("share/haarcascades");
    let files = |extension: &str| {
        CASCADES.map(|(_, name)| folder.join(format!("haarcascade_{name}.{extension}")))
    };
    let packed = files("packed");
    let sides = [
        (WHEEL, "xml", files("xml")),
        (STOCK, "xml", files("xml")),
        (OURS, "packed", packed.clone()),
    ];
    let has_packed = packed.iter().all(|file| file.is_file());
    if !has_packed {
        notes.push("this SDK has no packed cascades: none were loaded".to_owned());
    }
    let sh = Shell::new()?;
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..setting.count(RUNS) {
        for (place, (side, form, files)) in sides.iter().enumerate() {
            if *side == OURS && !has_packed {
                continue;
            }
            let mut command = match *side {
                WHEEL => peer.program("detect.py")?,
                _ => cmd!(sh, "{program}").into(),
            };
            command.arg("ready").args(files).arg(form);
            times[place].push(milliseconds(&output(&mut command)?)?);
        }
    }
    let values = sides.iter().zip(&times);
    let values = values.filter(|(_, times)| !times.is_empty());
    let values = values.map(|((side, ..), times)| (*side, median(times)));
    let values: Vec<_> = values.collect();
    let title = "both cascades ready in a fresh process";
    Ok(Group::new(title, Unit::Milliseconds, Some(WHEEL)).with("faces and eyes", &values))
}

fn milliseconds(answer: &str) -> Result<f64> {
    let Some(nanoseconds) = answer.strip_prefix("ok ") else {
        bail!("failed to load the cascades: {answer}");
    };
    let nanoseconds: f64 = nanoseconds.parse().context("the time is no number")?;
    Ok(nanoseconds / 1e6)
}
