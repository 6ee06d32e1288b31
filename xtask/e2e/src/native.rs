//! The tests of this machine's own architecture.

use conformance::{haar, jpeg, pixels, yunet};
use local::engine::Engine;
use package::build::Build;

use crate::arguments::Arguments;
use crate::report::TestOutput;
use crate::suite::Suite;
use crate::test_runner::{Test, run_all};
use crate::{
    benches, book, bucket_permissions, concurrent_events, consumers, deadline, deny, deploy, deploy_templates,
    documented_options, error_recovery, events, external_tools, foreign_settings, formatting_and_spelling, full_disk,
    fuzz, hardening, hostile_files, interrupted_builds, killed_builds, known_vulnerabilities, labelled_faces,
    large_responses, library_user, memory_limits, object_keys, other_image_tools, other_package, outdated_pins,
    package_index, photo_formats, registries, reproducible, s3_faults, s3_outage, sbom, sdk_cache, sdk_headers, sizes,
    snapshot, soak, templates, third_party_photos, watch,
};

/// The project is compiled, and OpenCV and the function are built.
pub fn run_builds(build: &Build, arguments: &Arguments, output: &mut TestOutput) {
    let (suite, workspace) = (Suite { build }, &build.workspace);
    let tests: &[Test] = &[
        ("formatting", &|| suite.formatting()),
        ("lints", &|| suite.lints()),
        ("unit tests", &|| suite.unit_tests()),
        ("oldest supported Rust", &|| suite.oldest_rust()),
        ("formatting of C and C++", &|| {
            formatting_and_spelling::c_formatting(workspace)
        }),
        ("spelling", &|| formatting_and_spelling::spelling(workspace)),
        ("documented command-line options exist", &|| {
            documented_options::test(workspace)
        }),
        ("OpenCV build", &|| suite.build()),
        ("interrupted and repeated builds", &|| interrupted_builds::test(build)),
        ("unit tests of the function with OpenCV", &|| suite.function_tests()),
        // Removes the SDK for a moment.
        ("SDK from a registry", &|| sdk_cache::test(build)),
    ];
    run_all(tests, arguments, output);
}

/// Tests that compile much, and those of detectors and codecs.
pub fn run_compilations(build: &Build, arguments: &Arguments, output: &mut TestOutput) {
    let (suite, workspace) = (Suite { build }, &build.workspace);
    let tests: &[Test] = &[
        ("programs built against the SDK image", &|| {
            consumers::test(build, &build.build_sdk()?)
        }),
        ("SDK headers declare only what the libraries define", &|| {
            sdk_headers::test(&build.build_sdk()?, build.tools()?)
        }),
        ("rectangles equal upstream OpenCV's in random cases", &|| {
            suite.with_sdk(|fixture| haar::upstream(fixture, arguments.cases()))
        }),
        ("rectangles equal the Python wheel's", &|| {
            let photos = workspace.root().join("../shared/photos");
            suite.with_sdk(|fixture| haar::wheel(fixture, &photos))
        }),
        ("Haar detector under sanitizers", &|| {
            suite.with_sdk(|fixture| haar::sanitizers(fixture, arguments.cases()))
        }),
        ("YuNet faces equal the Python wheel's", &|| {
            let shared = workspace.root().join("../shared");
            let model = shared.join("models/face_detection_yunet_2023mar.onnx");
            suite.with_sdk(|fixture| yunet::wheel(fixture, &shared.join("photos"), &model, arguments.cases()))
        }),
        ("YuNet class, model files and cancellation", &|| {
            suite.with_sdk(yunet::usage)
        }),
        ("YuNet detector under sanitizers", &|| {
            suite.with_sdk(|fixture| yunet::sanitizers(fixture, arguments.cases()))
        }),
        ("pixels of JPEG files", &|| suite.with_sdk(jpeg::test)),
        ("pixels of PNG, WebP and other files", &|| suite.with_sdk(pixels::test)),
        ("compiler hardening", &|| hardening::test(build, &build.build_sdk()?)),
    ];
    run_all(tests, arguments, output);
    // A smaller version of a slow test.
    let small: Test = ("small OpenCV with settings for other projects", &|| {
        foreign_settings::small_opencv(workspace)
    });
    if !arguments.slow {
        run_all(&[small], arguments, output);
    }
}

/// Tests of the artefacts and of the running function.
pub fn run_artefacts(build: &Build, arguments: &Arguments, output: &mut TestOutput) {
    let (suite, workspace) = (Suite { build }, &build.workspace);
    let tests: &[Test] = &[
        ("images are within budget and reproducible", &|| suite.images()),
        ("reproducible artefacts", &|| suite.with_function(reproducible::test)),
        ("skopeo copies every image", &|| {
            suite.with_function(external_tools::skopeo)
        }),
        ("Docker loads every image", &|| {
            suite.with_function(external_tools::docker)
        }),
        ("Python reads the zip archive", &|| {
            suite.with_function(external_tools::python_zip)
        }),
        ("registry pushes and pulls", &|| {
            registries::test(workspace, suite.function_image()?.layout.path())
        }),
        ("base image from a registry", &|| {
            let image = suite.function_image()?;
            suite.with_function(|workspace, sdk, function| {
                registries::base(workspace, image.layout.path(), sdk, function)
            })
        }),
        ("skopeo reads what was pushed", &|| {
            registries::skopeo(workspace, suite.function_image()?.layout.path())
        }),
        ("images of other tools", &|| {
            let image = suite.function_image()?;
            suite.with_function(|_, _, function| other_image_tools::test(image.layout.path(), function.architecture()))
        }),
        ("a function of another workspace", &|| other_package::test(build)),
        ("a function from the template scan", &|| templates::scan(build)),
        ("builds with settings for other projects", &|| {
            suite.with_function(foreign_settings::test)
        }),
        ("changes of a watched function", &|| watch::test(build)),
        ("package index with a password", &|| package_index::test(build)),
        ("SBOMs", &|| {
            suite.with_function(|_, sdk, function| sbom::test(build, sdk, function))
        }),
        ("known vulnerabilities", &|| {
            suite.with_function(known_vulnerabilities::test)
        }),
        ("cargo-deny rules", &|| deny::rules(workspace)),
        ("RustSec advisories", &|| deny::advisories(workspace)),
        ("newer releases of pinned downloads", &|| outdated_pins::test(workspace)),
        ("templates of deployments for SAM and Terraform", &|| {
            deploy_templates::test(workspace)
        }),
        ("photos without a container", &|| suite.photos(Engine::None)),
        ("photos in a container", &|| suite.photos(Engine::Docker)),
        ("events of every type", &|| {
            suite.with_function(|workspace, sdk, function| {
                // In a container if an engine is available, as on Lambda.
                let engine = Engine::choose(None, function.architecture())?;
                events::test(workspace, sdk, function, engine, arguments.bless)
            })
        }),
        ("large responses over HTTP", &|| {
            suite.with_function(large_responses::test)
        }),
        ("labelled faces", &|| suite.with_function(labelled_faces::test)),
        ("photos of every format", &|| suite.with_function(photo_formats::test)),
        ("hostile files", &|| {
            suite.with_function(|workspace, sdk, function| {
                hostile_files::test(workspace, sdk, function, (arguments.slow, arguments.seed))
            })
        }),
        ("photos from other tools", &|| {
            suite.with_function(third_party_photos::test)
        }),
        ("memory limits with worst-case files", &|| {
            suite
                .with_function(|workspace, sdk, function| memory_limits::test(workspace, sdk, function, arguments.slow))
        }),
        ("recovery after errors", &|| suite.with_function(error_recovery::test)),
        ("unreachable S3", &|| suite.with_function(s3_outage::test)),
        ("photos that exceed the deadline", &|| {
            suite.with_function(deadline::test)
        }),
        ("concurrent events", &|| suite.with_function(concurrent_events::test)),
        ("buckets that are not allowed", &|| {
            suite.with_function(bucket_permissions::test)
        }),
        ("every key that S3 allows", &|| suite.with_function(object_keys::test)),
        ("S3 with faults", &|| {
            suite.with_function(|workspace, sdk, function| {
                s3_faults::test(workspace, sdk, function, (arguments.slow, arguments.seed))
            })
        }),
        ("deployment to an account", &|| deploy::test(build, arguments.slow)),
        ("snapshot and restore", &|| {
            suite.with_function(|_, _, function| snapshot::test(function))
        }),
        ("function page in a browser", &|| suite.page()),
        ("size report in a browser", &|| suite.size_page()),
        ("size reports add up to the files", &sizes::test),
        ("quick benchmarks", &|| benches::test(build)),
        ("pages of the book", &book::pages),
    ];
    run_all(tests, arguments, output);
    let mixed: Test = ("2,000 mixed events", &|| suite.with_function(soak::test));
    if !arguments.slow {
        run_all(&[mixed], arguments, output);
    }
}

pub fn run_slow(build: &Build, arguments: &Arguments, output: &mut TestOutput) {
    let (suite, workspace) = (Suite { build }, &build.workspace);
    let tests: &[Test] = &[
        ("commands in the book", &|| book::commands(build)),
        ("templates of deployments for the CDK", &|| {
            deploy_templates::cdk(workspace)
        }),
        ("registries that fail for an SDK", &|| sdk_cache::failures(build)),
        ("functions from the other templates", &|| templates::others(build)),
        ("10,000 concurrent events", &|| suite.with_function(soak::concurrent)),
        ("libraries in another workspace", &|| library_user::test(build)),
        ("images killed while being written", &|| {
            suite.with_function(|workspace, sdk, function| {
                killed_builds::test_packing(workspace, sdk, function, arguments.seed)
            })
        }),
        ("full disks", &|| suite.with_function(full_disk::test)),
        ("builds killed at fifty points", &|| {
            killed_builds::test(build, arguments.seed)
        }),
        ("settings for other projects and an unusual folder", &|| {
            suite.with_function(|_, sdk, function| foreign_settings::unusual_folder(build, sdk, function))
        }),
        ("fuzzing", &|| fuzz::test(build, &arguments.fuzz)),
    ];
    run_all(tests, arguments, output);
}
