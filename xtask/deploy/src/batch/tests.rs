use super::*;
use crate::plan::tests::{plan, scope};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/batch");

/// Compares what a dry run shows with a file. `BLESS=1` writes it again.
fn check_golden(name: &str, steps: &[Step]) {
    let shown = steps.iter().map(|step| format!("{step}\n"));
    let shown: String = shown.collect();
    let file = format!("{GOLDEN}/{name}.txt");
    if std::env::var_os("BLESS").is_some() {
        fs::create_dir_all(GOLDEN).unwrap();
        fs::write(&file, &shown).unwrap();
    }
    assert_eq!(shown, fs::read_to_string(&file).unwrap(), "{file}");
}

#[test]
fn dry_run_of_a_job_is_as_expected() {
    let folder = folder(None, &"s3://photos/in/".parse().unwrap(), "thumbs").unwrap();
    let arn = scope().alias("thumbs", "live");
    let role = role::step(&plan(), &scope(), None, &arn, &folder).unwrap();
    let request = JobRequest {
        function_arn: &arn,
        role: "thumbs-batch",
        folder: &"s3://photos/batch-jobs/thumbs/2026-11-29-0123456789ab/"
            .parse()
            .unwrap(),
        token: "2026-11-29-0123456789ab",
        description: "thumbs:live for s3://photos/in/",
        manifest: "target/batch/thumbs/manifest.csv".as_ref(),
        number: 1234,
    };
    let steps: Vec<_> = [role].into_iter().chain(request.steps(&scope())).collect();
    check_golden("job", &steps);
}

#[test]
fn files_of_jobs_have_a_folder_for_each_function() {
    let place = "s3://photos/in/".parse().unwrap();
    let folder_of = |report: Option<&str>| {
        let report = report.map(|text| text.parse().unwrap());
        folder(report.as_ref(), &place, "thumbs").map(|folder| folder.to_string())
    };
    assert_eq!(folder_of(None).unwrap(), "s3://photos/batch-jobs/thumbs/");
    assert_eq!(folder_of(Some("s3://reports")).unwrap(), "s3://reports/thumbs/");
    assert_eq!(folder_of(Some("s3://reports/a")).unwrap(), "s3://reports/a/thumbs/");
    assert!(
        folder_of(Some("s3://reports/a,b/"))
            .unwrap_err()
            .to_string()
            .contains("`a,b/`")
    );
}
