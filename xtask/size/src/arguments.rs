//! The command line of `cargo xtask size`.

use package::build;

#[derive(clap::Args, Clone, Debug, Default)]
// clap names the group after the struct, and another `Arguments` has that name already.
#[group(skip)]
pub struct Arguments {
    #[command(flatten)]
    pub build: build::Arguments,

    /// Compare with a revision of the project, or with a report that `--json` printed, instead of the last report
    #[arg(long, value_name = "REVISION|FILE")]
    pub against: Option<String>,

    /// Show all parts, not only the largest
    #[arg(long)]
    pub all: bool,

    /// Explain why a function or variable is linked: print the chain of references from the program's entry point
    #[arg(long, value_name = "NAME", conflicts_with_all = ["against", "all", "baseline", "ablate", "record"])]
    pub explain: Option<String>,

    /// Compare with a build of all of OpenCV's default modules, which is slow the first time
    #[arg(long, value_name = "KIND")]
    pub baseline: Option<BaselineKind>,

    /// Measure the cost of each image format and instruction set by building OpenCV without it, which is slow the
    /// first time
    #[arg(long)]
    pub ablate: bool,

    /// Record a change that made a difference, and the current sizes, in the project's history
    #[arg(long, value_name = "DESCRIPTION")]
    pub record: Option<String>,
}

impl Arguments {
    /// Whether only a report is wanted, without comparisons and without a milestone.
    pub(crate) fn is_plain(&self) -> bool {
        let Self {
            build: _,
            against,
            all,
            explain,
            baseline,
            ablate,
            record,
        } = self;
        against.is_none() && !all && explain.is_none() && baseline.is_none() && !ablate && record.is_none()
    }
}

#[derive(clap::ValueEnum, Clone, Copy, Debug)]
pub enum BaselineKind {
    /// All modules that OpenCV builds by default
    Full,
}
