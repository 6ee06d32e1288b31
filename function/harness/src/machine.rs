//! The function's resources: its memory, and the vCPUs that Lambda adds with it.

use std::num::NonZero;
use std::thread::available_parallelism;

use crate::options::{FunctionOptions, variable};
use crate::photo::scaling::Scaling;
use crate::photo::{Format, Header, Refusal};

/// The environment variable with the function's memory in megabytes.
const MEMORY_SIZE_VARIABLE: &str = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE";
/// The environment variable with the number of events that Lambda sends to one process at the same time. Only functions
/// on Managed Instances have it. Source: <https://github.com/aws/aws-lambda-rust-runtime>.
const MAX_CONCURRENCY_VARIABLE: &str = "AWS_LAMBDA_MAX_CONCURRENCY";

/// Memory in megabytes up to which Lambda provides a number of vCPUs. Source: measurements on Lambda, since AWS
/// documents only that 1,769 MB correspond to one vCPU.
const VCPUS_BY_MEMORY: [(u64, u32); 4] = [(3008, 2), (5307, 3), (7076, 4), (8845, 5)];
/// vCPUs with more memory than the last entry of `VCPUS_BY_MEMORY`.
const MAX_VCPUS: u32 = 6;

/// The least memory in megabytes per vCPU of Managed Instances. The function does not learn how much it has. Source:
/// `ExecutionEnvironmentMemoryGiBPerVCpu` in <https://docs.aws.amazon.com/lambda/latest/api/>.
const MANAGED_MEMORY_PER_VCPU: u64 = 2048;

/// The fraction of the memory for photos' files: one in download, one in processing and one in upload. With the minimum
/// of 128 MB it is 8 MB, which holds two or three phone photos.
const FILE_MEMORY_DIVISOR: u64 = 16;

/// Memory of the process before a large photo, in bytes: with face detection 14 MB after small photos, up to 17 MB that
/// a detector keeps, and a margin for connections and for other photos' files.
const BASE_BYTES: u64 = 50 << 20;
/// The memory of another event at the same time, in megabytes, besides the files of its photos: an event and its
/// response have at most 6 MB, each with what it is decoded to or encoded from. Source:
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>.
const OTHER_EVENT_MEGABYTES: u64 = 16;
/// Memory per pixel of the photo, in bytes: three colours, grey, and the encoder's buffers.
const BYTES_PER_PIXEL: u64 = 6;
/// Memory per decoded pixel, in bytes; one byte in a grey photo.
const DECODED_BYTES_PER_PIXEL: u64 = 3;
#[derive(Clone, Copy, Debug, Default)]
pub struct Machine {
    /// The function's memory in megabytes; `None` outside Lambda.
    memory: Option<u64>,
    /// `None` if the function is not on Managed Instances.
    max_concurrency: Option<u32>,
}

impl Machine {
    /// Variables whose values are not numbers are ignored.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let max_concurrency = variable(MAX_CONCURRENCY_VARIABLE);
        let max_concurrency = max_concurrency.and_then(|text| text.parse().ok());
        Self {
            memory: variable(MEMORY_SIZE_VARIABLE).and_then(|text| text.parse().ok()),
            max_concurrency: max_concurrency.filter(|number| *number > 0),
        }
    }

    /// A machine with this memory in megabytes, for one event at a time.
    pub fn with_memory(megabytes: u64) -> Self {
        Self {
            memory: Some(megabytes),
            max_concurrency: None,
        }
    }

    /// The number of events that are handled at the same time.
    pub fn max_concurrency(&self) -> u32 {
        self.max_concurrency.unwrap_or(1)
    }

    /// The number of threads that get a vCPU each.
    pub fn threads(&self) -> Option<u32> {
        let memory = self.memory?;
        if self.max_concurrency.is_some() {
            let most = u32::try_from(memory / MANAGED_MEMORY_PER_VCPU).unwrap_or(u32::MAX);
            let processors = available_parallelism().map_or(1, NonZero::get);
            return Some(u32::try_from(processors).unwrap_or(u32::MAX).min(most.max(1)));
        }
        let found = VCPUS_BY_MEMORY.iter().find(|(most, _)| memory <= *most);
        Some(found.map_or(MAX_VCPUS, |(_, processors)| *processors))
    }

    /// The bytes that the files of all photos in progress may take together.
    pub fn file_budget(&self) -> u64 {
        self.memory
            .map_or(u64::MAX, |memory| (memory << 20) / FILE_MEMORY_DIVISOR)
    }

    /// The number of photos that are processed at the same time. With several events, a thread for each photo is faster
    /// than all threads for one.
    pub fn photos_at_a_time(&self) -> usize {
        match self.max_concurrency() {
            1 => 1,
            events => self.threads().map_or(1, |threads| threads.min(events) as usize),
        }
    }

    pub fn memory_bytes(&self) -> Option<u64> {
        self.memory.map(|memory| memory << 20)
    }

    /// The memory of the process for photos that are processed, without what other events may take.
    pub fn photo_megabytes(&self) -> Option<u64> {
        let memory = self.memory?;
        let others = match u64::from(self.max_concurrency() - 1) {
            0 => 0,
            others => others * OTHER_EVENT_MEGABYTES + (self.file_budget() >> 20),
        };
        Some(memory.saturating_sub(others))
    }

    /// # Errors
    /// `NotEnoughMemory` if the pixels do not fit.
    pub fn check_memory<O: FunctionOptions>(&self, header: &Header, options: &O) -> Result<(), Refusal> {
        let required = peak_memory(header, options).div_ceil(1 << 20);
        match self.photo_megabytes() {
            Some(available) if required > available => Err(Refusal::NotEnoughMemory {
                width: header.width,
                height: header.height,
                required,
                available,
                work_variable: O::WORK_OPTION.map(variable::<O>),
            }),
            _ => Ok(()),
        }
    }
}

/// The memory to reserve for the work on the photo. What the decoder of WebP needs is only known when it has read the
/// file, and it compares the memory of the whole process with its limit; so it gets all that there is.
pub fn required_megabytes<O: FunctionOptions>(header: &Header, options: &O) -> u64 {
    match header.format {
        Format::Webp => u64::MAX,
        _ => peak_memory(header, options) >> 20,
    }
}

/// An upper estimate of the process's peak memory during the work on the photo, in bytes.
pub fn peak_memory<O: FunctionOptions>(header: &Header, options: &O) -> u64 {
    let image = Scaling::new((header.width, header.height), options.decoding().longest_side).image();
    let working_bytes = options.working_bytes(image);
    // Saturating, because an operator may permit more pixels than fit into any memory.
    let channels = if header.grey { 1 } else { DECODED_BYTES_PER_PIXEL };
    let decoded_bytes = header.pixels().saturating_mul(channels);
    // After decoding, a photo that is rotated by 90 degrees is in memory twice.
    let rotated_bytes = decoded_bytes * u64::from(header.orientation.swaps_sides());
    let decoding_bytes = decoded_bytes.saturating_add(header.decoder_bytes.max(rotated_bytes));
    let processing_bytes = header
        .pixels()
        .saturating_mul(BYTES_PER_PIXEL)
        .saturating_add(working_bytes);
    BASE_BYTES
        .saturating_add((header.file_bytes as u64).saturating_mul(2))
        .saturating_add(decoding_bytes.max(processing_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photo::Format;
    use crate::photo::orientation::Orientation;

    fn machine(memory: &str, max_concurrency: Option<&str>) -> Machine {
        Machine::from_variables(|name| match name {
            MEMORY_SIZE_VARIABLE => Some(memory.to_owned()),
            MAX_CONCURRENCY_VARIABLE => max_concurrency.map(str::to_owned),
            _ => None,
        })
    }

    #[test]
    fn threads_match_lambdas_vcpus() {
        let threads = |memory: &str| machine(memory, None).threads();
        let table = [
            ("128", 2),
            ("1769", 2),
            ("3008", 2),
            ("3009", 3),
            ("5307", 3),
            ("5308", 4),
            ("7076", 4),
            ("7077", 5),
            ("8845", 5),
            ("8846", 6),
            ("10240", 6),
        ];
        for (memory, expected) in table {
            assert_eq!(threads(memory), Some(expected), "{memory}");
        }
        assert_eq!(Machine::default().threads(), None);
        assert_eq!(threads("much"), None);
    }

    #[test]
    fn managed_instances_have_the_machines_processors_as_far_as_they_may_be_paid() {
        let processors = available_parallelism().map_or(1, NonZero::get);
        for (memory, most) in [("128", 1), ("2048", 1), ("4096", 2), ("32768", 16)] {
            let threads = machine(memory, Some("1")).threads();
            assert_eq!(threads, u32::try_from(processors.min(most)).ok(), "{memory}");
        }
    }

    #[test]
    fn other_events_leave_less_memory_for_a_photo() {
        // Without seven times 16 MB, and 128 MB for files.
        for (concurrency, megabytes) in [(None, 2048), (Some("1"), 2048), (Some("0"), 2048), (Some("8"), 1808)] {
            let machine = machine("2048", concurrency);
            assert_eq!(machine.photo_megabytes(), Some(megabytes), "{concurrency:?}");
        }
        assert_eq!(machine("2048", Some("1600")).photo_megabytes(), Some(0));
    }

    #[test]
    fn files_get_a_sixteenth_of_the_memory() {
        assert_eq!(Machine::with_memory(128).file_budget(), 8 << 20);
        assert_eq!(Machine::default().file_budget(), u64::MAX);
    }

    #[test]
    fn a_photo_over_the_memory_is_refused() {
        let header = Header {
            format: Format::Png,
            width: u32::MAX,
            height: u32::MAX,
            grey: false,
            orientation: Orientation::Upright,
            file_bytes: 45,
            decoder_bytes: 0,
        };
        let machine = Machine::with_memory(10240);
        let refusal = machine.check_memory(&header, &()).unwrap_err();
        assert_eq!(refusal.name(), "NotEnoughMemory");
        Machine::default().check_memory(&header, &()).unwrap();
        let small = Header {
            width: 4000,
            height: 3000,
            ..header
        };
        machine.check_memory(&small, &()).unwrap();
        Machine::with_memory(128).check_memory(&small, &()).unwrap_err();
    }
}
