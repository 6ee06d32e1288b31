use fs_err as fs;

use super::job::JobRequest;
use super::listing::{Exclusion, ListedObject, Listing};
use super::*;
use crate::deployed::DeployedBucket;
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
    let folder = run_job::folder(None, &"s3://photos/in/".parse().unwrap(), "thumbs").unwrap();
    let arn = scope().alias("thumbs", "live");
    let role = super::role::step(&plan(), &scope(), None, &arn, &folder).unwrap();
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
fn dry_run_through_a_queue_is_as_expected() {
    let object = |number: u32| ListedObject {
        key: format!("in/a b{number}.jpg"),
        size: 1000,
    };
    let place: S3Prefix = "s3://photos/in/".parse().unwrap();
    let listing = Listing::new((0..25).map(object).collect(), &place, &Exclusion::default(), None).unwrap();
    let source = Source::new(place, listing, DeployedBucket::default());
    let queues = Queues {
        name: "thumbs".to_owned(),
        url: "https://sqs.eu-central-1.amazonaws.com/123456789012/thumbs".to_owned(),
        failed: None,
    };
    let step = run_queue::step(&queues, &source, "eu-central-1");
    assert_eq!(step.commands.len(), 3);
    check_golden("queue", &[run_queue::shown(&step)]);
}
