//! The command line of `cargo xtask test`.

use package::build::ArchitectureSelection;

use crate::fuzz;

#[derive(clap::Args, Clone, Debug, Default)]
pub struct Arguments {
    /// Only tests whose name contains this
    #[arg(long, value_name = "NAME")]
    pub only: Option<String>,

    /// Also run the slow tests: a minute of each fuzzer, ten times as many random detections, 10,000 concurrent events,
    /// builds killed at fifty points, full disks, a build in another folder, functions of all templates
    #[arg(long)]
    pub slow: bool,

    /// Seed of random inputs and faults
    #[arg(long, value_name = "NUMBER", default_value_t = 13)]
    pub seed: u64,

    /// Number of random cases for which detectors are compared, for each instruction set
    #[arg(long, value_name = "NUMBER", requires = "slow", default_value_t = 10_000)]
    pub cases: u64,

    /// Test this architecture: x86_64, arm64, or `all` for both. One that is not this machine's is emulated by qemu, and
    /// compared with this machine's [default: the recipe's]
    #[arg(long, value_name = "ARCHITECTURE")]
    pub arch: Option<ArchitectureSelection>,

    #[command(flatten)]
    pub fuzz: fuzz::FuzzArguments,

    /// Save the responses to events as the expected ones, instead of comparing them
    #[arg(long, requires = "only")]
    pub bless: bool,
}

impl Arguments {
    /// The number of random cases, or `None` without `--slow`.
    pub fn cases(&self) -> Option<u64> {
        self.slow.then_some(self.cases)
    }

    /// Whether `--only` selects the test.
    pub fn selects(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| name.contains(only.as_str()))
    }
}
