//! Every failure: stored and read back, and one of each for the test of all languages.

use super::*;

/// One of each, of data that is no English.
pub fn one_of_each() -> Vec<Failure> {
    let text = || "〇".to_owned();
    let (error, name, program, seconds, status) = (text, text, text, text, text);
    let reason = || Sentence::new("{path} does not exist").with("path", "〇");
    let unreadable = || Box::new(DeliveryReason::NotJson { error: text() });
    let mut all = vec![
        Failure::WorkerLost,
        Failure::WorkerStopped,
        Failure::Internal,
        Failure::BodyGone,
        Failure::BodyUnreadable { because: unreadable() },
        Failure::ParametersUnreadable { error: error() },
        Failure::ParametersWrong {
            faults: vec![Sentence::from("〇".to_owned()), "Enter true or false.".into()],
        },
        Failure::ActionMissing { name: name(), fault: None },
        Failure::ActionMissing { name: name(), fault: Some(reason()) },
        Failure::NotRun { reason: reason() },
        Failure::NoDirectory { path: text() },
        Failure::ProgramMissing { program: program() },
        Failure::NotStarted { program: program(), error: error() },
        Failure::EndNotSeen { error: error() },
        Failure::TimeLimit { seconds: seconds() },
        Failure::Stopped,
        Failure::NoExitCode,
        Failure::NoAnswer { seconds: seconds() },
        Failure::StoppedWaiting,
        Failure::NotSent { reason: reason() },
        Failure::ExchangeBroken { error: error() },
        Failure::HttpStatus { status: status(), is_redirect: false },
        Failure::HttpStatus { status: status(), is_redirect: true },
        Failure::HostNotFound { name: name(), error: error() },
        Failure::NoConnection { last: "its host has no address".into() },
        Failure::CertificatesUnreadable,
        Failure::NoCertificates,
        Failure::NameWithoutCertificate { name: name() },
        Failure::NoHost,
        Failure::CertificateRefused { error: error() },
        Failure::TlsUnusable { error: error() },
        Failure::NoTls { error: error() },
        Failure::ContainerTimeLimit { seconds: seconds() },
        Failure::ContainerStopped,
        Failure::ContainerRemoved,
        Failure::OtherRegistry { image: text(), server: text() },
        Failure::ImageNameless,
        Failure::NotPulled { error: error() },
        Failure::PutBack { because: Box::new(Failure::EngineEndless) },
        Failure::NotPutBack {
            because: Box::new(Failure::EngineAddress),
            error: Box::new(Failure::EngineSilent { seconds: 300 }),
        },
        Failure::NoEngine { socket: text(), error: error() },
        Failure::EngineBroken { error: error() },
        Failure::EngineRefused { status: status(), message: None },
        Failure::EngineRefused { status: status(), message: Some(text()) },
    ];
    all.extend([1, 75, 126, 127].map(|code| Failure::ExitCode { code }));
    all.extend([9, 24, 64].map(|number| Failure::Signal { number }));
    all
}

#[test]
fn every_failure_is_read_back_as_it_was_stored() {
    for failure in one_of_each() {
        let stored = failure.to_stored();
        assert!(stored["code"].is_string(), "{stored}");
        assert_eq!(Failure::from_stored(&stored), Some(failure), "{stored}");
    }
    let later = serde_json::json!({ "code": "of_a_later_version" });
    assert_eq!(Failure::from_stored(&later), None);
}

#[test]
fn its_texts_are_changed_and_its_words_are_not() {
    let refused =
        Failure::EngineRefused { status: "500".into(), message: Some("code \0 pattern".into()) };
    let because = Box::new(Failure::NotSent {
        reason: Sentence::new("{address} is an address that is never called")
            .with("address", "code"),
    });
    let failure = Failure::NotPutBack { because, error: Box::new(refused) };
    let masked = failure.with_texts(&|text| text.replace("code", "••••"));
    assert_eq!(
        masked.to_string(),
        "Not sent: •••• is an address that is never called. The old one could not be put back \
         either: The engine refused (500): •••• \u{FFFD} pattern."
    );
}
