//! The shipped entries, run for real on what they are for.

use super::{finish, request, text};
use crate::actions::{OutputChunk, Stream};
use crate::core::action::{ActionKind, ActionSpec, Argument};
use crate::core::job::AttemptOutcome;
use crate::spawn::Launch;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// An origin with one commit, and a checkout of it to deploy to.
struct Site {
    directory: TempDir,
}

impl Site {
    async fn new() -> Self {
        let site = Self { directory: tempfile::tempdir().unwrap() };
        site.git(".", &["init", "--quiet", "--initial-branch=main", "origin"]).await;
        site.commit("one").await;
        site.git(".", &["clone", "--quiet", "origin", "www"]).await;
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    async fn git(&self, directory: &str, args: &[&str]) -> String {
        let mut launch = Launch::of("/usr/bin/env").args(["git"]).args(args);
        launch.cwd = self.path(directory);
        launch.env = [
            ("PATH", OsString::from(crate::core::action::PATH)),
            ("HOME", self.directory.path().into()),
            ("GIT_AUTHOR_NAME", "a".into()),
            ("GIT_AUTHOR_EMAIL", "a@example.com".into()),
            ("GIT_COMMITTER_NAME", "a".into()),
            ("GIT_COMMITTER_EMAIL", "a@example.com".into()),
        ]
        .map(|(name, value)| (name.into(), value))
        .to_vec();
        let output = launch.output().await.unwrap();
        assert!(output.status.success(), "git {args:?}: {}", output.stderr);
        output.stdout.trim().to_owned()
    }

    async fn commit(&self, page: &str) -> String {
        fs::write(self.path("origin/page"), page).unwrap();
        self.git("origin", &["add", "."]).await;
        self.git("origin", &["commit", "--quiet", "-m", page]).await;
        self.git("origin", &["rev-parse", "HEAD"]).await
    }

    fn page(&self) -> String {
        fs::read_to_string(self.path("www/page")).unwrap()
    }

    /// Runs the shipped entry on this checkout, with a command to follow.
    async fn deploy(&self, sha: &str, then: &[&str]) -> (AttemptOutcome, Option<i32>, String) {
        let mut request = request(self.entry(then), "");
        request.facts.sha = sha.to_owned();
        let (ended, chunks): (_, Vec<OutputChunk>) = finish(request).await;
        let said = text(&chunks, Stream::Stdout) + &text(&chunks, Stream::Stderr);
        (ended.outcome, ended.exit_code, said)
    }

    fn entry(&self, then: &[&str]) -> Arc<ActionSpec> {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("actions");
        let entry = fs::read_to_string(shipped.join("git-deploy.toml")).unwrap();
        let mut spec = ActionSpec::from_toml("git-deploy", &entry).unwrap();
        let ActionKind::Command(command) = &mut spec.kind;
        // By way of sh, since a checkout of these sources may belong to anybody.
        let script = shipped.join(&command.program);
        command.program = "/bin/sh".into();
        command.args.insert(0, Argument::Literal(script.display().to_string()));
        command.args[1] = Argument::Literal(self.path("www").display().to_string());
        command.args.extend(then.iter().map(|word| Argument::Literal((*word).to_owned())));
        Arc::new(spec)
    }
}

#[tokio::test]
async fn git_deploy_brings_the_checkout_to_the_pushed_commit() {
    let site = Site::new().await;
    let two = site.commit("two").await;
    site.commit("three").await;
    fs::write(site.path("www/page"), "changed by hand").unwrap();
    let (outcome, _, said) = site.deploy(&two, &["/bin/sh", "-c", "echo then in $(pwd)"]).await;
    assert_eq!((outcome, site.page().as_str()), (AttemptOutcome::Succeeded, "two"), "{said}");
    assert!(said.contains(" two\n") && said.contains("then in /"), "{said}");

    let (outcome, _, said) = site.deploy(&"0".repeat(40), &[]).await;
    assert_eq!((outcome, site.page().as_str()), (AttemptOutcome::Succeeded, "two"));
    assert!(said.contains("was deleted"), "{said}");
}

#[tokio::test]
async fn git_deploy_says_what_is_wrong_and_what_may_be_tried_again() {
    let site = Site::new().await;
    let (_, code, said) = site.deploy(&"ab".repeat(20), &[]).await;
    assert!(code == Some(1) && said.contains("is not in refs/heads/main any more"), "{said}");
    let (_, code, said) = site.deploy("HEAD", &[]).await;
    assert!(code == Some(1) && said.contains("HEAD is not a commit"), "{said}");
    let (_, code, _) = site.deploy(&site.commit("two").await, &["/bin/sh", "-c", "exit 9"]).await;
    assert_eq!(code, Some(9));

    let lock = fs::File::create(site.path("www/.git/signalbox-deploy.lock")).unwrap();
    lock.lock().unwrap();
    let (_, code, said) = site.deploy(&"ab".repeat(20), &[]).await;
    assert!(code == Some(75) && said.contains("another deploy"), "{said}");
    drop(lock);

    fs::rename(site.path("origin"), site.path("away")).unwrap();
    let (_, code, said) = site.deploy(&"ab".repeat(20), &[]).await;
    assert!(code == Some(75) && said.contains("the fetch failed"), "{said}");
    fs::rename(site.path("www"), site.path("gone")).unwrap();
    let (_, code, said) = site.deploy(&"ab".repeat(20), &[]).await;
    assert!(code == Some(1) && said.contains("name yours in the entry"), "{said}");
}
