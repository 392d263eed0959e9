//! The sentence for each way in which a webhook and an event may miss each other.

use super::*;
use crate::credential::Proof;
use crate::matching::tests::event;

const WANTED: Wanted<'static> = Wanted {
    label: "App push",
    repo_name: "App",
    repo_url: "git@git.example.com:team/app.git",
    object_kind: "push",
    http_x_gitlab_event: "Push Hook",
    project_id: ProjectId::Known(15),
    enabled: true,
    registers_on_first_event: false,
};

fn at(url: &str) -> Event {
    Event { repo_url: url.into(), repo_urls: vec![url.into()], ..event() }
}

#[track_caller]
fn says(wanted: Wanted<'_>, event: &Event, credential: Check, words: &str, remedy: Remedy) {
    let told = explain_mismatch(&wanted, event, credential, Endpoint::Main, false);
    assert!(told.sentence.to_string().contains(words), "{}", told.sentence);
    assert_eq!(told.remedy, remedy, "{}", told.sentence);
}

#[test]
fn one_field_off_is_named_with_both_values() {
    let ok = Check::Valid(Proof::TOKEN);
    let id = Event { project_id: Some(42), ..event() };
    says(WANTED, &id, ok, "registered to project 15, this is project 42", Remedy::Reset);
    let header = Wanted { http_x_gitlab_event: "Tag Push Hook", ..WANTED };
    says(header, &event(), ok, "event header \"Tag Push Hook\", got \"Push Hook\"", Remedy::Fix);
    let name = Event { repo_name: "app".into(), ..event() };
    says(WANTED, &name, ok, "upper and lower case only", Remedy::Fix);
    let spaced = Event { repo_name: "App ".into(), ..event() };
    says(WANTED, &spaced, ok, "spaces only", Remedy::Fix);
    says(WANTED, &at("https://other.example.com/team/app"), ok, "another server", Remedy::Fix);
    says(WANTED, &at("https://git.example.com/team/App"), ok, "upper and lower case", Remedy::Fix);
    says(
        WANTED,
        &at("https://git.example.com/b/c"),
        ok,
        "this is git.example.com/b/c",
        Remedy::Fix,
    );
    let none = Event { project_id: None, ..event() };
    says(WANTED, &none, ok, "carries no project ID", Remedy::Fix);
}

#[test]
fn where_all_fits_the_rest_is_told() {
    says(WANTED, &event(), Check::Wrong, "secret is wrong", Remedy::Setup);
    says(WANTED, &event(), Check::Absent, "GitLab forgets it when the URL", Remedy::Setup);
    let off = Wanted { enabled: false, ..WANTED };
    says(off, &event(), Check::Valid(Proof::TOKEN), "switched off", Remedy::Enable);
    let pending = Wanted { project_id: ProjectId::Pending, ..WANTED };
    says(pending, &event(), Check::Valid(Proof::TOKEN), "waits for its Test", Remedy::Setup);
    says(pending, &event(), Check::Absent, "no secret token was sent", Remedy::Setup);
    says(WANTED, &event(), Check::Valid(Proof::TOKEN), "fits in every value", Remedy::Nothing);
}

#[test]
fn several_fields_off_are_listed_and_a_stranger_is_none_of_ours() {
    let both = Event { project_id: Some(1), repo_name: "Other".into(), ..event() };
    says(
        WANTED,
        &both,
        Check::Valid(Proof::TOKEN),
        "repository name and project ID differ",
        Remedy::Fix,
    );
    let stranger = Event { repo_name: "x".into(), project_id: Some(2), ..at("https://h/x/y") };
    says(
        WANTED,
        &stranger,
        Check::Valid(Proof::TOKEN),
        "No webhook is for this repository",
        Remedy::Create,
    );
}

#[test]
fn the_ssh_and_the_http_form_are_one_address_and_marked_so() {
    let fields = compare_fields(&WANTED, &event());
    let address = fields.iter().find(|field| field.field == MatchField::RepoUrl).unwrap();
    assert_eq!(address.mark, Mark::OtherForm);
    assert!(address.mark.is_equal());
}

#[test]
fn a_sample_is_told_what_registers_instead() {
    assert_eq!(sample_explanation(&event()), None);
    let told = |event: &Event| sample_explanation(event).unwrap().sentence.to_string();
    assert!(told(&Event { is_sample: true, ..event() }).contains("Test again"));
    let update = Event {
        header: "System Hook".into(),
        object_kind: "repository_update".into(),
        project_id: Some(40),
        ..Event::default()
    };
    assert!(told(&update).contains("first real event"));
}

#[test]
fn what_an_event_need_not_have_is_not_compared_and_marked_so() {
    let update =
        Wanted { object_kind: "repository_update", http_x_gitlab_event: "System Hook", ..WANTED };
    let bare = Event {
        object_kind: "repository_update".into(),
        header: "System Hook".into(),
        project_id: Some(15),
        ..Event::default()
    };
    let marks: Vec<Mark> = compare_fields(&update, &bare).iter().map(|field| field.mark).collect();
    assert_eq!(marks[..2], [Mark::NotCompared; 2]);
    says(update, &bare, Check::TOKEN, "fits in every value", Remedy::Nothing);
    let pending = Wanted { project_id: ProjectId::Pending, ..update };
    says(pending, &bare, Check::TOKEN, "No webhook is for this repository", Remedy::Create);
}
