//! `cargo xtask bench [WHAT]`: measurements that anyone can repeat, each against its peer in the same run, kept for
//! each machine with a plot. They are no tests: what they print depends on the machine.

#![expect(missing_docs, reason = "names that say all need no comment here")]

mod build;
mod cold;
mod cost;
mod detect;
pub mod document;
pub mod eval;
mod figures;
mod image;
mod large_layer;
mod machine;
mod median;
mod memory;
mod peer;
mod photos;
mod plot;
mod process;
mod scene;
mod setting;
mod warm;

use anyhow::Result;
use support::interruption;
use support::progress::tell;

use self::document::{Document, Documents};
use self::figures::Figures;
use self::machine::Machine;
use self::setting::{Options, Setting};
use package::build::Build;
use package::build_function::built;
use support::answer::print;

#[derive(clap::Args, Clone, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    what: Option<What>,

    #[command(flatten)]
    options: Options,
}

#[derive(clap::Subcommand, Clone, Debug)]
enum What {
    /// Finding faces and eyes, against OpenCV's own code in our SDK and the Python wheel; and their rectangles,
    /// which must be the same
    Detect,

    /// Process start to the first poll and to the first answer, against a function in Python
    Cold,

    /// Whole invocations, S3 to S3, against a function in Python
    Warm,

    /// The most memory that the function takes, against one in Python
    Memory,

    /// What a million photos cost at Lambda's prices, by a model, from the three before
    Cost,

    /// Compiling our SDK, against OpenCV as it is built by default; takes long the first time
    Build,

    /// Writing the function's image, against `docker build` of the same content; and the memory for a layer
    /// of 1 GB
    Image(image::Arguments),

    /// Write a layer of the size of a file, and print the most memory that it took
    #[command(hide = true)]
    Layer(large_layer::Arguments),
}

pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    if let Some(What::Layer(arguments)) = &arguments.what {
        return large_layer::write_layer(arguments);
    }
    interruption::handle()?;
    let build = Build::read(&package::build::Arguments::default())?;
    let bench = Bench::new(build, &arguments.options)?;
    match &arguments.what {
        None => print(&bench.all()?, json),
        Some(what) => print(&bench.one(what)?, json),
    }
}

/// All benches but the one that takes long, with few measurements; what was kept of each.
pub fn quick(build: Build) -> Result<Documents> {
    let options = Options {
        quick: true,
        photos: None,
    };
    Bench::new(build, &options)?.all()
}

struct Bench {
    setting: Setting,
    machine: Machine,
}

impl Bench {
    fn new(build: Build, options: &Options) -> Result<Self> {
        let (sdk, binary) = built(&build)?;
        let setting = Setting {
            build,
            sdk,
            binary,
            options: options.clone(),
        };
        // After building, and before anything of ours makes the machine busy.
        let machine = Machine::here();
        Ok(Self { setting, machine })
    }

    fn one(&self, what: &What) -> Result<Document> {
        let setting = &self.setting;
        match what {
            What::Detect => self.kept("detect", detect::run(setting)?),
            What::Cold => self.kept("cold", cold::run(setting)?.figures),
            What::Warm => self.kept("warm", warm::run(setting)?.figures),
            What::Memory => self.kept("memory", memory::run(setting)?.figures),
            What::Cost => self.kept("cost", cost::run(setting)?),
            What::Build => self.kept("build", build::run(setting)?),
            What::Image(arguments) => self.kept("image", image::run(setting, arguments)?),
            What::Layer(_) => anyhow::bail!("a layer is no bench"),
        }
    }

    fn all(&self) -> Result<Documents> {
        let setting = &self.setting;
        let detect = self.kept("detect", detect::run(setting)?)?;
        let (cold, warm) = (cold::run(setting)?, warm::run(setting)?);
        let memory = memory::run(setting)?;
        let cost = self.kept("cost", cost::of(&cold, &warm, &memory)?)?;
        let arguments = image::Arguments::of(setting);
        Ok(Documents(vec![
            detect,
            self.kept("cold", cold.figures)?,
            self.kept("warm", warm.figures)?,
            self.kept("memory", memory.figures)?,
            cost,
            self.kept("image", image::run(setting, &arguments)?)?,
        ]))
    }

    fn kept(&self, what: &str, figures: Figures) -> Result<Document> {
        for note in &figures.notes {
            tell(&format!("{what}: {note}"));
        }
        let setting = &self.setting;
        let (machine, quick) = (self.machine.clone(), setting.options.quick);
        let document = Document::new(&setting.build.workspace, machine, what, quick, figures)?;
        document.keep(&setting.build.workspace)?;
        Ok(document)
    }
}
