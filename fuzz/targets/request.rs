//! The parser of events of any type: objects, options, and photos in the event. The environment has the variables of a
//! photo if the input begins with a space.
#![no_main]

use function::options::{EnvironmentOptions, Preset, SetBy};
use function::request::{Event, Request, is_http};
use futures_util::FutureExt;
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let event = match serde_json::from_slice(bytes) {
        Ok(Event(Ok(event))) => event,
        Ok(Event(Err(error))) => {
            assert_eq!(error.name(), "InvalidRequest");
            return Corpus::Keep;
        }
        Err(_) => return Corpus::Reject,
    };
    let http = is_http(&event);
    let named = bytes.first() == Some(&b' ');
    let environment = |name: &str| named.then(|| name.to_lowercase());
    let environment_options = EnvironmentOptions::default();
    match Request::parse(event, environment) {
        Ok(Request::Http(request)) => {
            assert!(http);
            let _ = environment_options.resolve(Preset::Balanced, SetBy::Anyone, &request.options);
            // The body is complete, so the future is ready.
            let photo = request.body.photo().now_or_never();
            let _ = photo.expect("the body is read at once");
        }
        Ok(Request::Direct { object, options }) => {
            assert!(!object.bucket.is_empty() && !object.key.is_empty());
            let _ = environment_options.resolve(Preset::Original, SetBy::Caller, &options);
        }
        Ok(Request::Batch(batch)) => {
            if let Ok(options) = batch.options {
                let _ = environment_options.resolve(Preset::Balanced, SetBy::Caller, &options);
            }
        }
        Ok(Request::Notification(_) | Request::Sqs(_)) => {}
        Err(error) => assert!(!error.name().is_empty() && !error.to_string().is_empty()),
    }
    Corpus::Keep
});
