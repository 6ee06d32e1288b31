//! Where options come from, what is refused, and what the README says of them.

use super::*;
use crate::error::Error;

fn named(named: &[(&str, &str)]) -> Named {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    named.iter().map(owned).collect()
}

fn settings(variables: &[(&str, &str)]) -> Settings {
    Settings::of(named(variables))
}

fn options(variables: &[(&str, &str)], event: &[(&str, &str)]) -> Result<Options> {
    settings(variables).options(Preset::Original, Who::Caller, &named(event))
}

#[test]
fn the_event_comes_before_the_environment_and_that_before_the_preset() {
    let found = options(&[], &[]).unwrap();
    assert_eq!(found, Preset::Original.options());
    let variables = [
        ("FACE_DETECT_SCALE_FACTOR", "1.3"),
        ("FACE_DETECT_FACE_NEIGHBOURS", "7"),
        ("FACE_DETECT_JPEG_QUALITY", "80"),
        ("FACE_DETECT_LONGEST_SIDE", ""),
        ("HOME", "/"),
    ];
    let found = options(&variables, &[("scale_factor", "1.2")]).unwrap();
    assert_eq!(found.detection.scale_factor, 1.2);
    assert_eq!(found.detection.face_neighbours, 7);
    assert_eq!(found.output.jpeg_quality, 80);

    let accurate = Preset::Accurate.options();
    let found = options(&variables, &[("preset", "accurate")]).unwrap();
    assert_eq!(found.detection, accurate.detection);
    assert_eq!(found.output.jpeg_quality, 80);
    let found = options(&[("FACE_DETECT_PRESET", "accurate")], &[]).unwrap();
    assert_eq!(found, accurate);
}

#[test]
fn what_is_unknown_or_impossible_is_refused_by_name() {
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a [(&'a str, &'a str)], &'a str);
    let cases: [Case; 15] = [
        (&[], &[("scale", "1.1")], "`scale`"),
        (&[], &[("scale_factor", "1")], "1.01 to 2"),
        (&[], &[("scale_factor", "NaN")], "`scale_factor`"),
        (&[], &[("face_neighbours", "-1")], "`face_neighbours`"),
        (&[], &[("preset", "best")], "balanced"),
        (&[], &[("eye_cascade", "ear")], "eye_tree_eyeglasses"),
        (&[], &[("output_key", "same.jpg")], "{key}"),
        (&[], &[("output_key", "{key}")], "overwritten"),
        (&[], &[("output_key", "{key}.jpg")], "extension"),
        (&[], &[("output_key", "../{key}")], "`output_key`"),
        (&[], &[("min_face", "50"), ("max_face", "40")], "`max_face`"),
        (&[], &[("max_pixels", "1")], "FACE_DETECT_MAX_PIXELS"),
        (
            &[("FACE_DETECT_JPEG_QUALITY", "101")],
            &[],
            "FACE_DETECT_JPEG_QUALITY",
        ),
        (&[("FACE_DETECT_SPEED", "9")], &[], "FACE_DETECT_SPEED"),
        (
            &[("FACE_DETECT_SCALE_FACTOR", "0")],
            &[("preset", "balanced")],
            "FACE_DETECT_SCALE_FACTOR",
        ),
    ];
    for (variables, event, expected) in cases {
        let error = options(variables, event).unwrap_err();
        assert!(matches!(error, Error::InvalidOption(_)));
        let said = error.to_string();
        assert!(said.contains(expected), "{event:?}: {said}");
    }
}

#[test]
fn strangers_may_choose_how_to_look_and_nothing_else() {
    let ask = |name: &str, value: &str| {
        let named = named(&[(name, value)]);
        Settings::default().options(Preset::Balanced, Who::Anyone, &named)
    };
    ask("min_face", "80").unwrap();
    for (name, value) in [
        ("output_bucket", "mine"),
        ("output_key", "{key}.x"),
        ("storage", "file:///"),
        ("loop_guard", "false"),
        ("max_bytes", "1"),
        ("face_neighbours", "0"),
        ("eye_neighbours", "0"),
        ("scale_factor", "1.01"),
    ] {
        let said = ask(name, value).unwrap_err().to_string();
        assert!(said.contains(name), "{said}");
    }
}

#[test]
fn the_readme_has_every_option_with_its_defaults() {
    let readme = include_str!("../../../README.md");
    let presets = [Preset::Original, Preset::Balanced, Preset::Accurate].map(Preset::options);
    for entry in TABLE {
        let mark = |text: String| {
            if text.is_empty() {
                "–".to_owned()
            } else {
                text
            }
        };
        let values = presets
            .each_ref()
            .map(|options| mark((entry.show)(options)));
        let values = match &values {
            // A preset is its own default.
            _ if entry.name == "preset" => "original | balanced | balanced".to_owned(),
            values => values.join(" | "),
        };
        let start = format!("| `{}` |", entry.name);
        let row = readme.lines().find(|line| line.starts_with(&start));
        let row = row.unwrap_or_else(|| panic!("the README has no row {start}"));
        if entry.name != "preset" {
            let end = format!("| {values} |");
            assert!(row.ends_with(&end), "{row} does not end with {end}");
        }
    }
}
