use super::*;

/// As in CloudWatch Logs: every line ends with a tab.
pub(crate) const COLD: &str = "REPORT RequestId: 5f0aaf4c-3b0b-4b1e-9d2b-6c9a3e1a7d11\tDuration: 812.34 ms\tBilled Duration: 1026 ms\tMemory \
                               Size: 1769 MB\tMax Memory Used: 212 MB\tInit Duration: 213.40 ms\t\n";
pub(crate) const WARM: &str = "REPORT RequestId: 69fc2d4a-3a15-4c35-9e0c-1ddc4e6e2c55\tDuration: 640.10 ms\tBilled Duration: 641 ms\tMemory \
                               Size: 1769 MB\tMax Memory Used: 214 MB\t\n";
const RESTORED: &str = "REPORT RequestId: 8c360c87-d4b7-4423-b5f3-af02be3c1763\tDuration: 2338.66 ms\tBilled Duration: 2521 ms\tMemory Size: \
                        3009 MB\tMax Memory Used: 173 MB\tRestore Duration: 398.97 ms\tBilled Restore Duration: 182 ms\t\n";
pub(crate) const TIMEOUT: &str = "REPORT RequestId: 13222b1e-f16b-4550-89df-869ab0a9806d\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\t\
                                  Memory Size: 1024 MB\tMax Memory Used: 64 MB\tStatus: timeout\nXRAY TraceId: 1-6a67abf9-44f198d4\t\
                                  SegmentId: 7c4eb6a6d56f2a27\tSampled: true\n";
const EXITED: &str = "REPORT RequestId: 2a8e0a0e-7f5c-4f0c-9c36-0f1b2c0d9e3f\tDuration: 12.07 ms\tBilled Duration: 13 ms\tMemory Size: 128 \
                      MB\tMax Memory Used: 30 MB\tStatus: error\tError Type: Runtime.ExitError\n";
pub(crate) const JSON_COLD: &str = r#"{"time":"2026-10-08T07:30:29.470Z","type":"platform.report","record":{"requestId":"79b5e81f","metrics":{"durationMs":1233.96,"billedDurationMs":1698,"memorySizeMB":256,"maxMemoryUsedMB":123,"initDurationMs":463.512},"status":"success"}}"#;
const JSON_RESTORED: &str = r#"{"time":"2024-02-09T08:42:44.080Z","type":"platform.report","record":{"requestId":"d661f7cf","status":"success","metrics":{"durationMs":147.156,"billedDurationMs":201,"memorySizeMB":512,"maxMemoryUsedMB":91,"restoreDurationMs":500.795,"billedRestoreDurationMs":53}}}"#;
const JSON_TIMEOUT: &str = r#"{"time":"2026-07-09T06:05:50.581Z","type":"platform.report","record":{"requestId":"aec7a529","metrics":{"durationMs":5000.0,"billedDurationMs":5000,"memorySizeMB":128,"maxMemoryUsedMB":94},"status":"timeout"}}"#;
const JSON_ERROR: &str = r#"{"time":"2026-07-09T06:05:50.581Z","type":"platform.report","record":{"requestId":"aec7a529","metrics":{"durationMs":9.1,"billedDurationMs":10,"memorySizeMB":128,"maxMemoryUsedMB":94},"status":"error","errorType":"Runtime.ExitError"}}"#;

fn parsed(line: &str) -> Report {
    Report::parse(line).unwrap_or_else(|| panic!("{line}"))
}

#[test]
fn text_reports_are_read() {
    let expected = Report {
        request_id: "5f0aaf4c-3b0b-4b1e-9d2b-6c9a3e1a7d11".to_owned(),
        duration_ms: 812.34,
        billed_ms: Some(1026.0),
        memory_size_mb: Some(1769.0),
        max_memory_mb: Some(212.0),
        init_ms: Some(213.4),
        ..Report::default()
    };
    assert_eq!(parsed(COLD), expected);
    assert!(parsed(COLD).is_cold() && !parsed(WARM).is_cold());
    let restored = parsed(RESTORED);
    let restore = (restored.restore_ms, restored.billed_restore_ms, restored.init_ms);
    assert_eq!(restore, (Some(398.97), Some(182.0), None));
    assert!(restored.is_cold() && (restored.total_ms() - 2737.63).abs() < 1e-9);
    assert_eq!(parsed(TIMEOUT).failure.as_deref(), Some("timeout"));
    assert_eq!(parsed(TIMEOUT).max_memory_mb, Some(64.0));
    assert_eq!(parsed(EXITED).failure.as_deref(), Some("Runtime.ExitError"));
}

#[test]
fn json_reports_are_read() {
    let cold = parsed(JSON_COLD);
    assert_eq!((cold.request_id.as_str(), cold.init_ms), ("79b5e81f", Some(463.512)));
    assert_eq!((cold.memory_size_mb, cold.max_memory_mb), (Some(256.0), Some(123.0)));
    assert_eq!(cold.failure, None);
    let restored = parsed(JSON_RESTORED);
    assert_eq!(
        (restored.restore_ms, restored.billed_restore_ms),
        (Some(500.795), Some(53.0))
    );
    assert_eq!(parsed(JSON_TIMEOUT).failure.as_deref(), Some("timeout"));
    assert_eq!(parsed(JSON_ERROR).failure.as_deref(), Some("Runtime.ExitError"));
}

/// So that the cost needs only the billed duration.
#[test]
fn the_billed_duration_has_the_billed_start() {
    for line in [COLD, JSON_COLD] {
        let report = parsed(line);
        assert_eq!(report.billed_ms, Some(report.total_ms().ceil()), "{line}");
    }
    for line in [RESTORED, JSON_RESTORED] {
        let report = parsed(line);
        let billed = report.duration_ms.ceil() + report.billed_restore_ms.unwrap();
        assert_eq!(report.billed_ms, Some(billed), "{line}");
    }
}

#[test]
fn other_lines_are_no_reports() {
    for line in [
        "",
        "START RequestId: a Version: 1",
        "REPORT RequestId: a",
        "REPORT RequestId: a\tBilled Duration: 1 ms",
        "INIT_REPORT Init Duration: 154.03 ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError",
        r#"{"type":"platform.start","record":{"requestId":"a"}}"#,
        r#"{"type":"platform.report","record":{}}"#,
        "[1]",
    ] {
        assert_eq!(Report::parse(line), None, "{line}");
    }
}

#[test]
fn the_last_report_of_a_log_is_found() {
    let log = format!("a line\n{WARM}START RequestId: b Version: 1\n{TIMEOUT}");
    assert_eq!(Report::last_in(&log), Some(parsed(TIMEOUT)));
    assert_eq!(Report::last_in("a line\n"), None);
}
