//! `cargo xtask bench cost`: what a million photos cost, from the memory and the time that each function needs and
//! from Lambda's prices, which are data. A model, and no bill.

mod prices;

use anyhow::{Context, Result};
use opencv_build::Architecture;

use self::prices::{Prices, Rates};
use super::cold::Cold;
use super::figures::{Figures, Group, Unit};
use super::memory::MemoryBench;
use super::scene::{PEER, of_both};
use super::setting::Setting;
use super::warm::{Sample, Warm};
use super::{cold, memory, warm};

#[derive(Clone, Copy, Debug)]
struct Needs {
    /// Bytes at its peak.
    peak: f64,
    warm: Sample,
    /// Milliseconds from the start to the first poll, all of them a processor's.
    start: f64,
}

pub fn run(setting: &Setting) -> Result<Figures> {
    let (cold, warm) = (cold::run(setting)?, warm::run(setting)?);
    of(&cold, &warm, &memory::run(setting)?)
}

pub fn of(cold: &Cold, warm: &Warm, memory: &MemoryBench) -> Result<Figures> {
    let prices = Prices::embedded()?;
    let here = Architecture::of_this_machine().context("Lambda does not offer this processor")?;
    let rates = prices.of(here);
    let photos = [warm.samples.first(), warm.samples.last()];
    let one = prices.memory.vcpu_megabytes;
    let group = |title: &str, unit| Group::new(title, unit, Some(PEER));
    let mut sizes = group("memory size that is needed", Unit::Megabytes);
    let mut durations = group("duration at that size", Unit::Milliseconds);
    let mut costs = group("a million photos", Unit::Dollars);
    let title = format!("a million photos at {one} MB, one vCPU");
    let mut vcpu = group(&title, Unit::Dollars);
    for ((photo, samples), peaks) in photos.into_iter().flatten().zip(memory.peaks) {
        let needs = |side: usize| Needs {
            peak: peaks[side],
            warm: samples[side],
            start: cold.first_poll[side],
        };
        let needs = [needs(0), needs(1)];
        let add = |group: &mut Group, reckon: &dyn Fn(&Needs, f64) -> f64| {
            let values = needs.each_ref();
            let values = values.map(|needs| reckon(needs, prices.size(needs.peak)));
            group.add(photo, &of_both(values));
        };
        add(&mut sizes, &|_, size| size);
        add(&mut durations, &|needs, size| {
            duration(&prices, needs, size)
        });
        let cost = |needs: &Needs, size| million(&prices, rates, needs, size);
        add(&mut costs, &cost);
        add(&mut vcpu, &|needs, _| cost(needs, one));
    }
    let assumed = &prices.assumed;
    Ok(Figures {
        method: format!(
            "A model: memory is the measured peak and {:.0} % more, at least {} MB. {} MB are one vCPU, less memory is \
             a part of one and more is several; an invocation takes its processors' time divided by that, but never \
             less than it took here. {} of a million invocations start a process first, whose time to the first \
             poll is billed too. Prices of {} for {}; S3 is not in it.",
            assumed.margin * 100.0,
            prices.memory.smallest_megabytes,
            prices.memory.vcpu_megabytes,
            assumed.cold_starts_per_million,
            prices.date,
            here,
        ),
        notes: vec![prices.note.clone()],
        groups: vec![sizes, durations, costs, vcpu],
    })
}

fn duration(prices: &Prices, needs: &Needs, megabytes: f64) -> f64 {
    let warm = needs.warm;
    warm.p50.max(warm.processor / prices.vcpus(megabytes))
}

/// US dollars of a million invocations at a memory size.
fn million(prices: &Prices, rates: &Rates, needs: &Needs, megabytes: f64) -> f64 {
    let start = needs.start / prices.vcpus(megabytes).min(1.0);
    // Each is billed by whole milliseconds.
    let warm = duration(prices, needs, megabytes).ceil() * 1e6;
    let cold = start.ceil() * prices.assumed.cold_starts_per_million;
    let gigabyte_seconds = (warm + cold) / 1e3 * megabytes / 1024.0;
    gigabyte_seconds * rates.gigabyte_second + rates.million_requests
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs() -> Needs {
        Needs {
            peak: 100e6,
            warm: Sample {
                p50: 50.0,
                processor: 80.0,
            },
            start: 0.0,
        }
    }

    #[test]
    fn less_memory_takes_longer_and_costs_the_same() {
        let prices = Prices::embedded().unwrap();
        let whole = prices.memory.vcpu_megabytes;
        assert_eq!(duration(&prices, &needs(), whole), 80.0);
        assert_eq!(duration(&prices, &needs(), whole / 4.0), 320.0);
        // It was not measured to be any faster with more processors than it had.
        assert_eq!(duration(&prices, &needs(), whole * 6.0), 50.0);
        let rates = prices.of(Architecture::X86_64);
        let costs = [1.0, 4.0].map(|part| million(&prices, rates, &needs(), whole / part));
        assert!((costs[0] - costs[1]).abs() < 1e-9, "{costs:?}");
        // 80 ms of 1769 MB, a million times.
        let expected = 80e3 * 1769.0 / 1024.0 * rates.gigabyte_second + rates.million_requests;
        assert!((costs[0] - expected).abs() < 1e-9, "{costs:?}");
    }

    #[test]
    fn starts_cost_too() {
        let prices = Prices::embedded().unwrap();
        let rates = prices.of(Architecture::Aarch64);
        let slow = Needs {
            start: 500.0,
            ..needs()
        };
        let of = |needs: &Needs| million(&prices, rates, needs, 1769.0);
        assert!(of(&slow) > of(&needs()));
    }
}
