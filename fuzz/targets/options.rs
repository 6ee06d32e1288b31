//! The options of an event and of the environment. The input is two query strings with a line break between.
#![no_main]

use function::options::{Named, Options, PREFIX, Preset, Settings, TABLE, Who};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (environment, event) = text.split_once('\n').unwrap_or(("", text));
    let variables = named(environment).into_iter();
    let variables = variables.map(|(name, value)| (PREFIX.to_owned() + &name, value));
    let settings = Settings::of(variables);
    let event = named(event);
    for preset in [Preset::Original, Preset::Balanced, Preset::Accurate] {
        for who in [Who::Anyone, Who::Caller, Who::Operator] {
            match settings.options(preset, who, &event) {
                Ok(options) => check(&options, who, &event),
                Err(error) => assert_eq!(error.name(), "InvalidOption"),
            }
        }
    }
});

fn named(query: &str) -> Named {
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

/// What holds for all options, and for those of strangers.
fn check(options: &Options, who: Who, event: &Named) {
    for entry in TABLE {
        let _ = (entry.show)(options);
        let set = event.iter().any(|(name, _)| name == entry.name);
        assert!(!set || entry.who <= who, "{} was set", entry.name);
    }
    let detection = &options.detection;
    assert!((1.01..=2.0).contains(&detection.scale_factor));
    assert!(!detection.face_cascades.is_empty() && detection.face_cascades.len() <= 2);
    assert!((1..=100).contains(&options.output.jpeg_quality));
    assert!(detection.longest_side == 0 || detection.longest_side >= 64);
    let side = detection.clone().bounded(65_535, 65_535).longest_side;
    assert!(side > 0);
    if who == Who::Anyone {
        assert!(options.limits.bounded);
        assert!(detection.scale_factor >= 1.05);
        assert!(detection.face_neighbours >= 1 && detection.eye_neighbours >= 1);
    }
    let key = &options.output.key;
    let made = key.annotated("a/photo.jpg");
    assert!(key.makes(&made) && key.makes(&key.sidecar("a/photo.jpg")));
    assert!(options.output.bucket.is_some() || made != "a/photo.jpg");
}
