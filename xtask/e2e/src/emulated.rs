//! The tests of an architecture that is not this machine's. qemu runs its programs; the results of detectors and codecs
//! must be those of this machine's architecture, or of the Python wheels on this machine.

mod registry;
mod same_results;
mod wrong_architecture;

use conformance::skip::Skip;
use conformance::{haar, jpeg, pixels, yunet};
use local::engine::Engine;
use opencv_build::Runner;
use package::build::Build;

use crate::arguments::Arguments;
use crate::report::TestOutput;
use crate::suite::Suite;
use crate::test_runner::{Test, run_all};
use crate::{benches, hardening, known_vulnerabilities, photo_formats, sbom};

/// Random cases for each detector.
const CASES: u64 = 200;
const SLOW_CASES: u64 = 2_000;

/// OpenCV and the function are built, which needs no emulator.
pub fn run_builds(build: &Build, arguments: &Arguments, output: &mut TestOutput) {
    let suite = Suite { build };
    let tests: &[Test] = &[
        ("OpenCV build", &|| suite.build()),
        ("images are within budget and reproducible", &|| suite.images()),
    ];
    run_named(build, tests, arguments, output);
}

/// Tests `build`; `host` is a build for this machine's architecture.
pub fn run(build: &Build, host: &Build, arguments: &Arguments, output: &mut TestOutput) {
    let (suite, own) = (Suite { build }, Suite { build: host });
    let cases = if arguments.slow { SLOW_CASES } else { CASES };
    let shared = build.workspace.root().join("../shared");
    let photos = shared.join("photos");
    let tests: &[Test] = &[
        ("compiler hardening", &|| hardening::test(build, &build.build_sdk()?)),
        ("SBOMs", &|| {
            suite.with_function(|_, sdk, function| sbom::test(build, sdk, function))
        }),
        ("known vulnerabilities", &|| {
            suite.with_function(known_vulnerabilities::test)
        }),
        ("artefacts for another architecture are refused", &|| {
            wrong_architecture::test(build, host)
        }),
        ("index of both architectures in a registry", &|| {
            registry::test(build, host)
        }),
        ("rectangles equal in random cases", &|| {
            suite.with_sdk(|ours| own.with_sdk(|theirs| haar::between_architectures(ours, theirs, cases)))
        }),
        ("rectangles equal the Python wheel's", &|| {
            suite.with_sdk(|fixture| haar::wheel(fixture, &photos))
        }),
        ("YuNet faces equal the Python wheel's", &|| {
            let model = shared.join("models/face_detection_yunet_2023mar.onnx");
            suite.with_sdk(|fixture| yunet::wheel(fixture, &photos, &model, Some(cases)))
        }),
        ("pixels of JPEG files", &|| suite.with_sdk(jpeg::test)),
        ("pixels of PNG, WebP and other files", &|| suite.with_sdk(pixels::test)),
        ("responses and annotated photos", &|| same_results::test(build, host)),
        ("instructions of both architectures", &|| benches::instructions(host)),
        ("photos without a container", &|| suite.photos(Engine::None)),
    ];
    // These depend little on the processor, or repeat what other tests compare.
    let slow: &[Test] = &[
        ("rectangles equal upstream OpenCV's in random cases", &|| {
            suite.with_sdk(|fixture| haar::upstream(fixture, Some(cases)))
        }),
        ("YuNet class, model files and cancellation", &|| {
            suite.with_sdk(yunet::usage)
        }),
        ("photos of every format", &|| suite.with_function(photo_formats::test)),
    ];
    let slow = if arguments.slow { slow } else { &[] };
    let tests = [tests, slow].concat();
    match Runner::find(build.recipe.target.architecture) {
        Ok(_) => run_named(build, &tests, arguments, output),
        Err(missing) => {
            let skip = || Err(Skip::with_reason(missing.to_string()));
            let skipped: Vec<Test> = tests.iter().map(|(name, _)| (*name, &skip as _)).collect();
            run_named(build, &skipped, arguments, output);
        }
    }
}

/// Runs the tests with the architecture before their names.
fn run_named(build: &Build, tests: &[Test], arguments: &Arguments, output: &mut TestOutput) {
    let architecture = build.recipe.target.architecture.lambda_name();
    let named = |(name, test): &(&str, _)| (format!("{architecture}: {name}"), *test);
    let named: Vec<_> = tests.iter().map(named).collect();
    let tests: Vec<Test> = named.iter().map(|(name, test)| (name.as_str(), *test)).collect();
    run_all(&tests, arguments, output);
}
