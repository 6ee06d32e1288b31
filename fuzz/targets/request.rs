//! The parser of events of any type: objects, options, and photos in the event. The environment has the variables of a
//! photo if the input begins with a space.
#![no_main]

use function::options::{DetectionOptions, Preset};
use futures_util::FutureExt;
use harness::options::{EnvironmentOptions, SetBy};
use harness::request::{Event, HttpSender, PhotoRequests, Request, origin};
use libfuzzer_sys::{Corpus, fuzz_target};

/// Objects have names; only direct events name what may be a folder.
fn check(photos: &PhotoRequests) {
    for photo in photos.iter().flatten() {
        let object = &photo.object;
        assert!(!object.bucket.is_empty() && !object.key.is_empty());
        assert!(photo.is_direct || !object.is_folder());
    }
}

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let event = match serde_json::from_slice(bytes) {
        Ok(Event(Ok(event))) => event,
        Ok(Event(Err(error))) => {
            assert_eq!(error.name(), "InvalidRequest");
            return Corpus::Keep;
        }
        Err(_) => return Corpus::Reject,
    };
    let sender = HttpSender::of(&event);
    let _ = origin(&event);
    let named = bytes.first() == Some(&b' ');
    let environment = |name: &str| named.then(|| name.to_lowercase());
    let environment_options = EnvironmentOptions::<DetectionOptions>::default();
    match Request::parse(event, environment) {
        Ok(Request::Http(request)) => {
            assert_eq!(sender, Some(request.sender));
            let _ = environment_options.resolve(Preset::Balanced.options(), SetBy::Anyone, &request.options);
            // The body is complete, so the future is ready.
            let photo = request.body.photo().now_or_never();
            let _ = photo.expect("the body is read at once");
        }
        Ok(Request::Direct { object, options }) => {
            assert!(!object.bucket.is_empty() && !object.key.is_empty());
            let _ = environment_options.resolve(Preset::Original.options(), SetBy::Caller, &options);
        }
        Ok(Request::Batch(batch)) => {
            if let Ok(options) = batch.options {
                let _ = environment_options.resolve(Preset::Balanced.options(), SetBy::Caller, &options);
            }
        }
        Ok(Request::Notification(photos)) => check(&photos),
        Ok(Request::Sqs(sqs)) => sqs.messages.iter().for_each(|message| check(&message.photos)),
        Ok(Request::Items(items)) => {
            assert!(items.is_batch || items.items.len() == 1);
            if let Ok(options) = items.options {
                let _ = environment_options.resolve(Preset::Balanced.options(), SetBy::Caller, &options);
            }
        }
        Err(error) => assert!(!error.name().is_empty() && !error.to_string().is_empty()),
    }
    Corpus::Keep
});
