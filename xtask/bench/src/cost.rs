//! `cargo xtask bench cost`: estimates the cost of a million photos from the memory and the time that each function
//! needs, and from Lambda's prices in `data/prices.toml`.

mod prices;

use anyhow::{Context, Result};
use opencv_build::Architecture;

use self::prices::{Prices, Rates};
use super::cold::ColdBench;
use super::context::BenchContext;
use super::figures::{Figures, Group, Unit};
use super::memory::MemoryBench;
use super::rig::{REFERENCE, by_implementation};
use super::warm::{Sample, WarmBench};
use super::{cold, memory, warm};

#[derive(Clone, Copy, Debug)]
struct ResourceUse {
    /// Peak memory in bytes.
    peak: f64,
    warm: Sample,
    /// Milliseconds from the start to the first poll, taken as CPU time.
    start: f64,
}

pub fn run(context: &BenchContext) -> Result<Figures> {
    let (cold, warm) = (cold::run(context)?, warm::run(context)?);
    from_measurements(&cold, &warm, &memory::run(context)?)
}

pub fn from_measurements(cold: &ColdBench, warm: &WarmBench, memory: &MemoryBench) -> Result<Figures> {
    let prices = Prices::embedded()?;
    let here = Architecture::host().context("Lambda does not offer this processor")?;
    let rates = prices.rates(here);
    let photos = [warm.samples.first(), warm.samples.last()];
    let one = prices.memory.vcpu_megabytes;
    let group = |title: &str, unit| Group::new(title, unit, Some(REFERENCE));
    let mut sizes = group("required memory size", Unit::Megabytes);
    let mut durations = group("duration at that size", Unit::Milliseconds);
    let mut costs = group("a million photos", Unit::Dollars).in_comparison();
    let title = format!("a million photos at {one} MB, one vCPU");
    let mut vcpu = group(&title, Unit::Dollars);
    for ((photo, samples), peaks) in photos.into_iter().flatten().zip(memory.peaks) {
        let needs = |implementation: usize| ResourceUse {
            peak: peaks[implementation],
            warm: samples[implementation],
            start: cold.first_poll[implementation],
        };
        let needs = [needs(0), needs(1)];
        let add = |group: &mut Group, compute: &dyn Fn(&ResourceUse, f64) -> f64| {
            let values = needs.each_ref();
            let values = values.map(|needs| compute(needs, prices.memory_size(needs.peak)));
            group.add_case(photo, &by_implementation(values));
        };
        add(&mut sizes, &|_, size| size);
        add(&mut durations, &|needs, size| duration(&prices, needs, size));
        let cost = |needs: &ResourceUse, size| cost_of_million(&prices, rates, needs, size);
        add(&mut costs, &cost);
        add(&mut vcpu, &|needs, _| cost(needs, one));
    }
    let assumptions = &prices.assumptions;
    Ok(Figures {
        method: format!(
            "A model: memory is the measured peak and {:.0} % more, at least {} MB. {} MB are one vCPU, other sizes \
             have a proportional share; an invocation takes its CPU time divided by that share, but never \
             less than it took here. {} of a million invocations start a process first, whose time to the first \
             poll is billed too. Prices of {} for {}; without the cost of S3.",
            assumptions.margin * 100.0,
            prices.memory.smallest_megabytes,
            prices.memory.vcpu_megabytes,
            assumptions.cold_starts_per_million,
            prices.date,
            here,
        ),
        notes: vec![prices.note.clone()],
        groups: vec![sizes, durations, costs, vcpu],
    })
}

fn duration(prices: &Prices, needs: &ResourceUse, megabytes: f64) -> f64 {
    let warm = needs.warm;
    warm.p50.max(warm.cpu_ms / prices.vcpus(megabytes))
}

/// US dollars of a million invocations at a memory size.
fn cost_of_million(prices: &Prices, rates: &Rates, needs: &ResourceUse, megabytes: f64) -> f64 {
    let start = needs.start / prices.vcpus(megabytes).min(1.0);
    // Lambda bills whole milliseconds.
    let warm = duration(prices, needs, megabytes).ceil() * 1e6;
    let cold = start.ceil() * prices.assumptions.cold_starts_per_million;
    let gigabyte_seconds = (warm + cold) / 1e3 * megabytes / 1024.0;
    gigabyte_seconds * rates.gigabyte_second + rates.million_requests
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs() -> ResourceUse {
        ResourceUse {
            peak: 100e6,
            warm: Sample {
                p50: 50.0,
                cpu_ms: 80.0,
            },
            start: 0.0,
        }
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "the durations are whole numbers")]
    fn less_memory_is_slower_at_the_same_cost() {
        let prices = Prices::embedded().unwrap();
        let whole = prices.memory.vcpu_megabytes;
        assert_eq!(duration(&prices, &needs(), whole), 80.0);
        assert_eq!(duration(&prices, &needs(), whole / 4.0), 320.0);
        // The model does not assume a speed-up by more vCPUs than were measured with.
        assert_eq!(duration(&prices, &needs(), whole * 6.0), 50.0);
        let rates = prices.rates(Architecture::X86_64);
        let costs = [1.0, 4.0].map(|part| cost_of_million(&prices, rates, &needs(), whole / part));
        assert!((costs[0] - costs[1]).abs() < 1e-9, "{costs:?}");
        // 80 ms of 1769 MB, a million times.
        let expected = 80e3 * 1769.0 / 1024.0 * rates.gigabyte_second + rates.million_requests;
        assert!((costs[0] - expected).abs() < 1e-9, "{costs:?}");
    }

    #[test]
    fn cold_starts_are_billed() {
        let prices = Prices::embedded().unwrap();
        let rates = prices.rates(Architecture::Aarch64);
        let slow = ResourceUse {
            start: 500.0,
            ..needs()
        };
        let of = |needs: &ResourceUse| cost_of_million(&prices, rates, needs, 1769.0);
        assert!(of(&slow) > of(&needs()));
    }
}
