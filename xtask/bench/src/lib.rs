//! `cargo xtask bench [COMMAND]`: reproducible measurements, each against its reference in the same run, saved for each
//! machine with a plot. They are not tests: their results depend on the machine.
//!
#![doc = include_str!("../README.md")]

mod balanced;
mod build;
mod cold;
mod context;
mod cost;
mod detect;
pub mod document;
pub mod eval;
mod figures;
mod function_log;
mod image;
mod instructions;
mod large_layer;
mod machine;
mod memory;
mod photos;
mod plot;
mod process;
mod python_reference;
mod request_program;
mod rig;
mod samples;
mod statistics;
mod warm;

use anyhow::{Result, ensure};
use opencv_build::Architecture;
use support::progress::print_status;

use self::context::{BenchContext, Options};
use self::document::{Document, Documents};
use self::figures::Figures;
use self::machine::Machine;
use package::build::{ArchitectureSelection, Build};
use package::build_function::build_function;
use package::function_package::FunctionPackage;
use support::output::print;

#[derive(clap::Args, Clone, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    kind: Option<BenchKind>,

    #[command(flatten)]
    options: Options,
}

#[derive(clap::Subcommand, Clone, Debug)]
enum BenchKind {
    /// Detection of faces and eyes, against OpenCV's own code in our SDK and the Python wheel, with the same
    /// rectangles; and of faces by YuNet, against the wheel of OpenCV 4.14
    Detect,

    /// Process start to the first request for an event, and to the first response, against a function in Python
    Cold,

    /// Whole invocations, S3 to S3, against a function in Python; those of `balanced` also against one with YuNet
    Warm,

    /// Peak memory of the function, against one in Python; that of `balanced` also against one with YuNet
    Memory,

    /// Cost of a million photos at Lambda's prices, by a model from `cold`, `warm` and `memory`
    Cost,

    /// Compile time and size of our SDK, against OpenCV's default build; slow the first time
    Build,

    /// Writing the function's image, against `docker build` of the same content; and the memory for a layer of 1 GB
    Image(image::Arguments),

    /// Instructions that the function executes on x86_64 and arm64, counted by qemu's user-mode emulators
    Instructions,

    /// Write a layer with a file, and print the peak memory
    #[command(hide = true)]
    Layer(large_layer::Arguments),
}

pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    if let Some(BenchKind::Layer(arguments)) = &arguments.kind {
        return large_layer::write_layer(arguments);
    }
    check_architecture(arguments)?;
    // Only programs of this machine's architecture can be measured.
    let build = Build::read(&package::build::Arguments {
        arch: Architecture::host().map(ArchitectureSelection::One),
        ..package::build::Arguments::for_package(&arguments.options.package)
    })?;
    check_kind(&build.package, arguments)?;
    let bench = Bench::new(build, &arguments.options)?;
    match &arguments.kind {
        None => print(&bench.run_all()?, json),
        Some(kind) => print(&bench.run_one(kind)?, json),
    }
}

/// Benches of detectors and of cost need functions in Python, that of instructions emulators. Checked before the build,
/// which can take minutes.
fn check_kind(package: &FunctionPackage, arguments: &Arguments) -> Result<()> {
    match arguments.kind {
        Some(BenchKind::Detect) => samples::require_python_reference(package, "bench detect"),
        Some(BenchKind::Cost) => samples::require_python_reference(package, "bench cost"),
        Some(BenchKind::Instructions) => {
            samples::require_python_reference(package, "bench instructions")?;
            instructions::require_emulators(arguments.options.arch)
        }
        _ => Ok(()),
    }
}

/// Times and memory of an emulated processor mean nothing.
fn check_architecture(arguments: &Arguments) -> Result<()> {
    let host = Architecture::host().map(ArchitectureSelection::One);
    let is_emulated = arguments.options.arch.is_some_and(|selected| Some(selected) != host);
    ensure!(
        !is_emulated || matches!(arguments.kind, Some(BenchKind::Instructions)),
        "times and memory can be measured on this machine's own architecture only; `bench instructions` counts the \
         instructions of another one"
    );
    Ok(())
}

/// Runs all benches except `build` and `instructions`, with few repetitions.
pub fn run_quick(build: Build) -> Result<Documents> {
    Bench::quick(build)?.run_all()
}

/// Runs the bench `instructions` with few repetitions.
pub fn run_quick_instructions(build: Build) -> Result<Document> {
    Bench::quick(build)?.run_one(&BenchKind::Instructions)
}

struct Bench {
    context: BenchContext,
    machine: Machine,
}

impl Bench {
    fn quick(build: Build) -> Result<Self> {
        let options = Options {
            quick: true,
            ..Options::default()
        };
        Self::new(build, &options)
    }

    fn new(build: Build, options: &Options) -> Result<Self> {
        let (sdk, function) = build_function(&build)?;
        let context = BenchContext {
            build,
            sdk,
            function,
            options: options.clone(),
        };
        // After building and before measuring, so that the load is that of other processes.
        let machine = Machine::current();
        Ok(Self { context, machine })
    }

    fn run_one(&self, kind: &BenchKind) -> Result<Document> {
        let context = &self.context;
        let has_reference = context.function.package.python_reference;
        match kind {
            BenchKind::Cold if !has_reference => self.save("cold", samples::cold(context)?),
            BenchKind::Warm if !has_reference => self.save("warm", samples::warm(context)?),
            BenchKind::Memory if !has_reference => self.save("memory", samples::memory(context)?),
            BenchKind::Detect => self.save("detect", detect::run(context)?),
            BenchKind::Cold => self.save("cold", cold::run(context)?.figures),
            BenchKind::Warm => self.save("warm", warm::run(context)?.figures),
            BenchKind::Memory => self.save("memory", memory::run(context)?.figures),
            BenchKind::Cost => self.save("cost", cost::run(context)?),
            BenchKind::Build => self.save("build", build::run(context)?),
            BenchKind::Instructions => self.save("instructions", instructions::run(context)?),
            BenchKind::Image(arguments) => self.save("image", image::run(context, arguments)?),
            BenchKind::Layer(_) => anyhow::bail!("`layer` is not a bench"),
        }
    }

    fn run_all(&self) -> Result<Documents> {
        let context = &self.context;
        if !context.function.package.python_reference {
            let arguments = image::Arguments::for_context(context);
            let kinds = [
                BenchKind::Cold,
                BenchKind::Warm,
                BenchKind::Memory,
                BenchKind::Image(arguments),
            ];
            return Ok(Documents(
                kinds.iter().map(|kind| self.run_one(kind)).collect::<Result<_>>()?,
            ));
        }
        let detect = self.save("detect", detect::run(context)?)?;
        let (cold, warm) = (cold::run(context)?, warm::run(context)?);
        let memory = memory::run(context)?;
        let cost = self.save("cost", cost::from_measurements(&cold, &warm, &memory)?)?;
        let arguments = image::Arguments::for_context(context);
        let documents = Documents(vec![
            detect,
            self.save("cold", cold.figures)?,
            self.save("warm", warm.figures)?,
            self.save("memory", memory.figures)?,
            cost,
            self.save("image", image::run(context, &arguments)?)?,
        ]);
        documents.save_comparison(&context.function.package)?;
        Ok(documents)
    }

    fn save(&self, bench: &str, figures: Figures) -> Result<Document> {
        for note in &figures.notes {
            print_status(&format!("{bench}: {note}"));
        }
        let context = &self.context;
        let (machine, quick) = (self.machine.clone(), context.options.quick);
        let document = Document::new(&context.function.package, machine, bench, quick, figures)?;
        document.save(&context.function.package)?;
        Ok(document)
    }
}
