//! `cargo xtask eval`: measures precision and recall of each preset in labelled photos with the packaged image; prints
//! a table and writes the photos with their boxes.

mod overlay;
pub mod score;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use layer::elf::FunctionBinary;
use opencv_build::Sdk;
use serde::Serialize;
use serde_json::{Value, json};

use self::score::{Matching, Rectangle, Score};
use local::engine::Engine;
use local::local_lambda::LocalLambda;
use package::build::{self, Build};
use package::build_function::build_binary;
use package::workspace::Workspace;
use support::median::median;
use support::output::{CommandOutput, display_path, format_table, print};

/// The first preset is the reference of the others.
const PRESETS: [&str; 3] = ["original", "balanced", "accurate"];
const BUCKET: &str = "labelled";
/// Invocations with each photo and preset; the median is the photo's time.
const RUNS: usize = 3;

#[derive(clap::Args, Clone, Debug, Default)]
pub struct Arguments {
    /// The folder with the photos and their labels, `labelled.json`: an object that maps each photo's name to a list of
    /// faces, each [left, top, width, height] in pixels [default: shared/photos next to the project]
    #[arg(long, value_name = "FOLDER")]
    pub photos: Option<PathBuf>,
}

#[derive(Serialize)]
pub struct EvalOutput {
    pub presets: Vec<PresetScore>,
    overlays: PathBuf,
}

#[derive(Serialize)]
pub struct PresetScore {
    pub preset: &'static str,
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
    #[serde(flatten)]
    all: Score,
    /// The time of all photos divided by that of the first preset.
    time_ratio: f64,
    photos: BTreeMap<String, Score>,
}

pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    let build = Build::read(&build::Arguments::default())?;
    let workspace = &build.workspace;
    let labelled = LabelledPhotos::find(workspace, arguments.photos.as_deref())?;
    let (sdk, binary) = build_binary(&build)?;
    print(&evaluate(workspace, &sdk, &binary, &labelled)?, json)
}

pub struct LabelledPhotos {
    folder: PathBuf,
    labels: BTreeMap<String, Vec<Rectangle>>,
}

impl LabelledPhotos {
    /// The labelled photos in `folder`, or by default in `shared/photos` next to the project.
    pub fn find(workspace: &Workspace, folder: Option<&Path>) -> Result<Self> {
        let beside = workspace.root().join("../shared/photos");
        let path = folder.unwrap_or(&beside).join("labelled.json");
        let text = fs::read_to_string(&path).with_context(|| {
            format!(
                "failed to read `{}`; labelled photos are not part of the project: use --photos to give a folder \
                 with some (see `cargo xtask eval --help` for the format)",
                path.display()
            )
        })?;
        let folder = folder.unwrap_or(&beside).to_owned();
        let labels: BTreeMap<_, _> =
            serde_json::from_str(&text).with_context(|| format!("`{}` has no labels", path.display()))?;
        ensure!(!labels.is_empty(), "`{}` has no labels", path.display());
        Ok(Self { folder, labels })
    }
}

pub fn evaluate(
    workspace: &Workspace,
    sdk: &Sdk,
    binary: &FunctionBinary,
    labelled: &LabelledPhotos,
) -> Result<EvalOutput> {
    let lambda = LocalLambda::start(workspace, (sdk, binary), Engine::None, &[])?;
    let overlays = workspace.target_dir().join("eval");
    // Overlays of other photos would be mistaken for these.
    let _ = fs::remove_dir_all(&overlays);
    let mut scores = [const { BTreeMap::new() }; PRESETS.len()];
    let mut times = [0.0; PRESETS.len()];
    lambda.storage.create_bucket(BUCKET)?;
    for (name, labels) in &labelled.labels {
        let photo = labelled.folder.join(name);
        lambda.storage.put(BUCKET, name, &photo)?;
        let decoded = overlay::load_upright(&photo)?;
        let mut runs = vec![Vec::new(); PRESETS.len()];
        for run in 0..RUNS {
            // The presets alternate, so that other load on the machine slows all of them.
            for (index, preset) in PRESETS.into_iter().enumerate() {
                let start = Instant::now();
                let found = boxes(&lambda, name, preset)?;
                runs[index].push(start.elapsed().as_secs_f64());
                if run == 0 {
                    let matched = Matching::of(&found, labels);
                    let folder = overlays.join(preset);
                    overlay::write(&folder, name, &decoded, (&found, labels), &matched)?;
                    scores[index].insert(name.clone(), matched.score());
                }
            }
        }
        for (time, runs) in times.iter_mut().zip(&runs) {
            *time += median(runs);
        }
    }
    let presets = PRESETS.into_iter().zip(scores).zip(times);
    let presets = presets.map(|((preset, photos), time)| {
        let all = Score::sum(photos.values());
        PresetScore {
            preset,
            precision: all.precision(),
            recall: all.recall(),
            f1: all.f1(),
            all,
            time_ratio: time / times[0],
            photos,
        }
    });
    Ok(EvalOutput {
        presets: presets.collect(),
        overlays,
    })
}

fn boxes(lambda: &LocalLambda, key: &str, preset: &str) -> Result<Vec<Rectangle>> {
    let faces = lambda.faces(BUCKET, key, &json!({"preset": preset}))?;
    let of = |face: &Value| Ok(serde_json::from_value(face["box"].clone())?);
    faces.iter().map(of).collect()
}

impl CommandOutput for EvalOutput {
    fn to_text(&self) -> String {
        let head = "photo preset precision recall F1 found false missed time";
        let mut rows = vec![head.split(' ').map(str::to_owned).collect::<Vec<_>>()];
        let line = |photo: &str, preset: &str, score: &Score, time: String| {
            let ratios = [score.precision(), score.recall(), score.f1()];
            let counts = [score.true_positives, score.false_positives, score.false_negatives];
            let names = [photo, preset].map(str::to_owned).into_iter();
            let names = names.chain(ratios.map(|ratio| format!("{ratio:.3}")));
            names.chain(counts.map(|it| it.to_string())).chain([time]).collect()
        };
        let names = self.presets.first().map(|first| first.photos.keys());
        for name in names.into_iter().flatten() {
            for preset in &self.presets {
                let score = &preset.photos[name];
                rows.push(line(name, preset.preset, score, String::new()));
            }
        }
        for preset in &self.presets {
            let time = format!("{:.1}x", preset.time_ratio);
            rows.push(line("all", preset.preset, &preset.all, time));
        }
        format!(
            "{}A face is found if a box overlaps it with an IoU (intersection over union) of at least {}.\n\
             Images: {} (green: label, found; orange: label, missed; blue: right; red: wrong)",
            format_table(&rows),
            score::IOU_THRESHOLD,
            display_path(&self.overlays)
        )
    }
}
