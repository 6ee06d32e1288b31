//! What builds report while they run.

/// Passes each line about the progress of builds to `report`, such as `compiling OpenCV 48/482, about 60 s left`.
/// Returns `false` if lines already go elsewhere, by an earlier call. Without a call nothing is reported, and this crate
/// never prints.
pub fn report_progress_to(report: impl Fn(&str) + Send + Sync + 'static) -> bool {
    support::progress::report_to(report)
}
