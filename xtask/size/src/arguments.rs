//! What to measure.

use package::build;

#[derive(clap::Args, Clone, Debug, Default)]
// Two structs of the same name would be one group of options.
#[group(skip)]
pub struct Arguments {
    #[command(flatten)]
    pub build: build::Arguments,

    /// Compare with a revision of the project, or with a report that `--json` printed, instead of the last report
    #[arg(long, value_name = "REVISION|FILE")]
    pub against: Option<String>,

    /// Show every part, and not only the largest
    #[arg(long)]
    pub all: bool,

    /// Say why a function or variable is linked: the chain of references from where the program starts
    #[arg(long, value_name = "NAME", conflicts_with_all = ["against", "all", "baseline", "ablate", "record"])]
    pub explain: Option<String>,

    /// Build OpenCV with all of its default modules to compare with, unless that was done; takes long
    #[arg(long, value_name = "WHAT")]
    pub baseline: Option<BaselineKind>,

    /// Build OpenCV without each image format and each set of instructions, unless that was done, to show
    /// what they cost; takes long
    #[arg(long)]
    pub ablate: bool,

    /// Record in the project what was done that made a difference, and the sizes now
    #[arg(long, value_name = "WHAT")]
    pub record: Option<String>,
}

/// Something to compare with.
#[derive(clap::ValueEnum, Clone, Copy, Debug)]
pub enum BaselineKind {
    /// All modules that OpenCV builds by default
    Full,
}
