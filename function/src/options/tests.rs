//! Precedence, refusal, and the README's table of options.

use harness::error::{Error, Result};
use harness::options::{
    COMMON_OPTION_SPECS, CommonOptions, EnvironmentOptions, FunctionOptions, Options, RawOptions, SetBy,
};
use strum::IntoEnumIterator;

use super::*;

fn raw_options(options: &[(&str, &str)]) -> RawOptions {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    options.iter().map(owned).collect()
}

fn environment_options(variables: &[(&str, &str)]) -> EnvironmentOptions<DetectionOptions> {
    EnvironmentOptions::from_variables(raw_options(variables))
}

fn options(variables: &[(&str, &str)], event: &[(&str, &str)]) -> Result<Options<DetectionOptions>> {
    environment_options(variables).resolve(Preset::Original.options(), SetBy::Caller, &raw_options(event))
}

#[test]
#[expect(clippy::float_cmp, reason = "both are parsed from the same digits")]
fn event_overrides_environment_and_environment_overrides_preset() {
    let found = options(&[], &[]).unwrap();
    assert_eq!(found, Options::new(Preset::Original.options()));
    let variables = [
        ("FACE_DETECT_SCALE_FACTOR", "1.3"),
        ("FACE_DETECT_FACE_NEIGHBOURS", "7"),
        ("FACE_DETECT_JPEG_QUALITY", "80"),
        ("FACE_DETECT_LONGEST_SIDE", ""),
        ("HOME", "/"),
    ];
    let found = options(&variables, &[("scale_factor", "1.2")]).unwrap();
    let DetectorOptions::Cascades(cascades) = found.own.detector else {
        panic!("{found:?}");
    };
    assert_eq!(cascades.scale_factor, 1.2);
    assert_eq!(cascades.face_neighbours, 7);
    assert_eq!(found.common.output.jpeg_quality, 80);

    let accurate = Preset::Accurate.options();
    let found = options(&variables, &[("preset", "accurate")]).unwrap();
    assert_eq!(found.own, accurate);
    assert_eq!(found.common.output.jpeg_quality, 80);
    let found = options(&[("FACE_DETECT_PRESET", "accurate")], &[]).unwrap();
    assert_eq!(found, Options::new(accurate.clone()));
    let found = options(&[("FACE_DETECT_PRESET", " fast")], &[("preset", "accurate\n")]).unwrap();
    assert_eq!(found, Options::new(accurate.clone()));
}

#[test]
fn environment_options_apply_to_the_presets_that_have_them() {
    let variables = [
        ("FACE_DETECT_SCALE_FACTOR", "1.3"),
        ("FACE_DETECT_SCORE", "0.7"),
        ("FACE_DETECT_MIN_FACE", "20"),
    ];
    let detection = |preset: Preset| {
        environment_options(&variables)
            .resolve(preset.options(), SetBy::Caller, &[])
            .unwrap()
            .own
    };
    let original = detection(Preset::Original);
    let mut expected = Preset::Original.options();
    expected.min_face = 20;
    if let DetectorOptions::Cascades(cascades) = &mut expected.detector {
        cascades.scale_factor = 1.3;
    }
    assert_eq!(original, expected);
    let balanced = detection(Preset::Balanced);
    assert_eq!(balanced.detector, DetectorOptions::YuNet(YuNetOptions { score: 0.7 }));
    assert_eq!(balanced.min_face, 20);
}

#[test]
fn sidecars_have_the_options_of_the_presets_detector_only() {
    let names = |preset: Preset| {
        let detection = serde_json::to_value(preset.options()).unwrap();
        detection
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let expected = "eye_cascade eye_neighbours face_neighbours longest_side max_face min_face preset scale_factor";
    assert_eq!(names(Preset::Original), expected);
    assert_eq!(names(Preset::Fast), "longest_side max_face min_face preset score");
}

#[test]
fn unknown_options_and_invalid_values_are_refused() {
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a [(&'a str, &'a str)], &'a str);
    let cases: [Case; 21] = [
        (&[], &[("scale", "1.1")], "`scale`"),
        (&[], &[("scale_factor", "1")], "1.01 to 2"),
        (&[], &[("scale_factor", "NaN")], "`scale_factor`"),
        (&[], &[("face_neighbours", "-1")], "`face_neighbours`"),
        (&[], &[("preset", "best")], "balanced"),
        (&[], &[("preset", "fast"), ("score", "0.2")], "0.3 to 0.95"),
        (&[], &[("score", "0.8")], "`fast`, `balanced`, `accurate`"),
        (
            &[],
            &[("preset", "fast"), ("eye_cascade", "eye")],
            "the preset `fast` does not have `eye_cascade`",
        ),
        (
            &[("FACE_DETECT_PRESET", "fast")],
            &[("scale_factor", "1.2")],
            "`original`",
        ),
        (&[("FACE_DETECT_SCORE", "1")], &[], "FACE_DETECT_SCORE"),
        (&[], &[("eye_cascade", "ear")], "eye_tree_eyeglasses"),
        (&[], &[("output_key", "same.jpg")], "{key}"),
        (&[], &[("output_key", "{key}")], "overwritten"),
        (&[], &[("output_key", "{key}.jpg")], "extension"),
        (&[], &[("output_key", "{key}/")], "`output_key`"),
        (&[], &[("min_face", "50"), ("max_face", "40")], "`max_face`"),
        (&[], &[("max_pixels", "1")], "FACE_DETECT_MAX_PIXELS"),
        (&[("FACE_DETECT_JPEG_QUALITY", "101")], &[], "FACE_DETECT_JPEG_QUALITY"),
        (&[("FACE_DETECT_SPEED", "9")], &[], "FACE_DETECT_SPEED"),
        (
            &[("FACE_DETECT_CORS_ORIGINS", "https://A.example")],
            &[],
            "FACE_DETECT_CORS_ORIGINS",
        ),
        (
            &[("FACE_DETECT_SCALE_FACTOR", "0")],
            &[("preset", "balanced")],
            "FACE_DETECT_SCALE_FACTOR",
        ),
    ];
    for (variables, event, expected) in cases {
        let error = options(variables, event).unwrap_err();
        assert!(matches!(error, Error::InvalidOption(_)));
        let message = error.to_string();
        assert!(message.contains(expected), "{event:?}: {message}");
    }
}

#[test]
fn anyone_may_set_detection_options_only() {
    let set_by_anyone = |name: &str, value: &str| {
        let options = raw_options(&[(name, value)]);
        EnvironmentOptions::default().resolve(Preset::Balanced.options(), SetBy::Anyone, &options)
    };
    set_by_anyone("min_face", "80").unwrap();
    set_by_anyone("score", "0.5").unwrap();
    for (name, value) in [
        ("output_bucket", "mine"),
        ("output_key", "{key}.x"),
        ("storage", "file:///"),
        ("loop_guard", "false"),
        ("max_bytes", "1"),
    ] {
        let message = set_by_anyone(name, value).unwrap_err().to_string();
        assert!(message.contains(name), "{message}");
    }
}

#[test]
fn anyone_may_set_cascade_options_within_limits() {
    for (name, value) in [
        ("face_neighbours", "0"),
        ("eye_neighbours", "0"),
        ("scale_factor", "1.01"),
    ] {
        let event = raw_options(&[("preset", "original"), (name, value)]);
        let resolve = |set_by| EnvironmentOptions::default().resolve(Preset::Balanced.options(), set_by, &event);
        resolve(SetBy::Caller).unwrap();
        let message = resolve(SetBy::Anyone).unwrap_err().to_string();
        assert!(message.contains(name), "{message}");
    }
}

#[test]
fn readme_lists_every_option_with_its_defaults() {
    let readme = include_str!("../../README.md");
    let check = |name: &str, values: Vec<Option<String>>| {
        let start = format!("| `{name}` |");
        let row = readme.lines().find(|line| line.starts_with(&start));
        let row = row.unwrap_or_else(|| panic!("the README has no row {start}"));
        let values = values.into_iter().map(|value| match value.as_deref() {
            None => "–".to_owned(),
            Some("") => "not set".to_owned(),
            Some(value) => value.to_owned(),
        });
        let end = format!("| {} |", values.collect::<Vec<_>>().join(" | "));
        assert!(row.ends_with(&end), "{row} does not end with {end}");
    };
    for spec in DetectionOptions::SPECS {
        check(
            spec.name,
            Preset::iter().map(|preset| (spec.show)(&preset.options())).collect(),
        );
    }
    let common = CommonOptions::new::<DetectionOptions>();
    for spec in COMMON_OPTION_SPECS {
        check(spec.name, vec![(spec.show)(&common); Preset::iter().count()]);
    }
    // The default preset depends on the event.
    assert!(readme.lines().any(|line| line.starts_with("| `preset` |")));
}
