//! One of each failure, for the tests of all languages, here and in the crates above.

use super::{DeliveryReason, Failure, Sentence};

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
