//! The options of the environment and of an event. The input is two query strings, separated by a line break.
#![no_main]

use function::options::{DetectionOptions, DetectorOptions, Preset};
use harness::options::{COMMON_OPTION_SPECS, EnvironmentOptions, FunctionOptions, Options, RawOptions, SetBy};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (environment, event) = text.split_once('\n').unwrap_or(("", text));
    let variables = parse_query(environment).into_iter();
    let variables = variables.map(|(name, value)| (DetectionOptions::ENVIRONMENT_PREFIX.to_owned() + &name, value));
    let environment_options = EnvironmentOptions::from_variables(variables);
    let event = parse_query(event);
    for preset in [Preset::Original, Preset::Fast, Preset::Balanced, Preset::Accurate] {
        for set_by in [SetBy::Anyone, SetBy::Caller, SetBy::Operator] {
            match environment_options.resolve(preset.options(), set_by, &event) {
                Ok(options) => check(&options, set_by, &event),
                Err(error) => assert_eq!(error.name(), "InvalidOption"),
            }
        }
    }
});

fn parse_query(query: &str) -> RawOptions {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// Checks the invariants of all options, and those of options from [`SetBy::Anyone`].
fn check(options: &Options<DetectionOptions>, set_by: SetBy, event: &RawOptions) {
    let check_permission = |name: &str, settable_by: SetBy| {
        let set = event.iter().any(|(other, _)| other == name);
        assert!(!set || settable_by <= set_by, "{name} was set");
    };
    for spec in DetectionOptions::SPECS {
        let _ = (spec.show)(&options.own);
        check_permission(spec.name, spec.settable_by);
    }
    for spec in COMMON_OPTION_SPECS {
        let _ = (spec.show)(&options.common);
        check_permission(spec.name, spec.settable_by);
    }
    let (detection, output) = (&options.own, &options.common.output);
    let is_original = detection.preset == Preset::Original;
    match &detection.detector {
        DetectorOptions::Cascades(cascades) => {
            assert!(is_original && (1.01..=2.0).contains(&cascades.scale_factor));
            if set_by == SetBy::Anyone {
                assert!(cascades.scale_factor >= 1.05);
                assert!(cascades.face_neighbours >= 1 && cascades.eye_neighbours >= 1);
            }
        }
        DetectorOptions::YuNet(yunet) => assert!(!is_original && (0.3..=0.95).contains(&yunet.score)),
    }
    assert!((1..=100).contains(&output.jpeg_quality));
    assert!(detection.longest_side == 0 || detection.longest_side >= 64);
    let side = detection.clone().with_bounded_cost(65_535, 65_535).longest_side;
    assert!(side > 0);
    assert!(set_by != SetBy::Anyone || options.common.limits.work_bounded);
    let pattern = &output.key_pattern;
    let made = pattern.picture_key("a/photo.jpg", "annotated", "jpg");
    assert!(pattern.matches(&made) && pattern.matches(&pattern.sidecar_key("a/photo.jpg")));
    assert!(output.bucket.is_some() || made != "a/photo.jpg");
}
