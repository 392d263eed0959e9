//! The shipped entries, run for real on what they are for.

use super::{finish, request, text};
use crate::{OutputChunk, Stream};
use signalbox_core::action::{ActionKind, ActionSpec, Argument};
use signalbox_core::job::AttemptOutcome;
use signalbox_process::Launch;
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
        let mut launch = Launch::for_program("/usr/bin/env").args(["git"]).args(args);
        launch.cwd = self.path(directory);
        launch.env = [
            ("PATH", OsString::from(signalbox_core::action::PATH)),
            ("HOME", self.directory.path().into()),
            ("GIT_AUTHOR_NAME", "a".into()),
            ("GIT_AUTHOR_EMAIL", "a@example.com".into()),
            ("GIT_COMMITTER_NAME", "a".into()),
            ("GIT_COMMITTER_EMAIL", "a@example.com".into()),
        ]
        .map(|(name, value)| (name.into(), value))
        .to_vec();
        let output = launch.collect_output().await.unwrap();
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
        self.deploy_ref("refs/heads/main", sha, then).await
    }

    /// Commits a submodule that names this address, at some commit of it.
    async fn submodule(&self, directory: &str, name: &str, address: &str, sha: &str) {
        for (key, value) in [("path", name), ("url", address)] {
            let key = format!("submodule.{name}.{key}");
            self.git(directory, &["config", "--file", ".gitmodules", &key, value]).await;
        }
        // Without its folder, the next commit would take it out again.
        fs::create_dir_all(self.path(directory).join(name)).unwrap();
        let link = format!("160000,{sha},{name}");
        self.git(directory, &["update-index", "--add", "--cacheinfo", &link]).await;
        self.git(directory, &["add", ".gitmodules"]).await;
    }

    async fn deploy_ref(
        &self,
        git_ref: &str,
        sha: &str,
        then: &[&str],
    ) -> (AttemptOutcome, Option<i32>, String) {
        self.run(self.entry(&[], "www", then), git_ref, sha).await
    }

    /// Of this directory, with options of the script.
    async fn deploy_with(
        &self,
        options: &[&str],
        directory: &str,
        sha: &str,
    ) -> (AttemptOutcome, Option<i32>, String) {
        self.run(self.entry(options, directory, &[]), "refs/heads/main", sha).await
    }

    async fn deploy_ref_with(
        &self,
        options: &[&str],
        git_ref: &str,
        sha: &str,
    ) -> (AttemptOutcome, Option<i32>, String) {
        self.run(self.entry(options, "www", &[]), git_ref, sha).await
    }

    async fn run(
        &self,
        entry: Arc<ActionSpec>,
        git_ref: &str,
        sha: &str,
    ) -> (AttemptOutcome, Option<i32>, String) {
        let mut request = request(entry, "");
        request.facts.sha = sha.to_owned();
        request.facts.git_ref = git_ref.into();
        let (ended, chunks): (_, Vec<OutputChunk>) = finish(request).await;
        let said = text(&chunks, Stream::Stdout) + &text(&chunks, Stream::Stderr);
        (ended.outcome, ended.exit_code, said)
    }

    fn entry(&self, options: &[&str], directory: &str, then: &[&str]) -> Arc<ActionSpec> {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../actions");
        let entry = fs::read_to_string(shipped.join("git-deploy.toml")).unwrap();
        let mut spec = ActionSpec::from_toml("git-deploy", &entry).unwrap();
        let ActionKind::Command(command) = &mut spec.kind else { panic!("it is another kind") };
        // By way of sh, since a checkout of these sources may belong to anybody.
        let script = shipped.join(&command.program);
        command.program = "/bin/sh".into();
        let before = [script.display().to_string()].into_iter();
        let before = before.chain(options.iter().map(|word| (*word).to_owned()));
        let before = before.chain([self.path(directory).display().to_string()]);
        command.args.splice(..1, before.map(Argument::Literal));
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
    let two = site.commit("two").await;
    for short in [7, 39, 0].map(|length| two.get(..length).unwrap()) {
        let (_, code, said) = site.deploy(short, &[]).await;
        assert!(code != Some(0) && site.page() == "one", "{short}: {said}");
    }
    let (_, code, _) = site.deploy(&two, &["/bin/sh", "-c", "exit 9"]).await;
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
    assert!(code == Some(1) && said.contains("name yours in the action"), "{said}");
}

#[tokio::test]
async fn git_deploy_follows_new_branches_tags_and_rewritten_history() {
    let site = Site::new().await;
    let old = site.commit("two").await;
    site.git("origin", &["checkout", "--quiet", "-b", "feature/new"]).await;
    let new = site.commit("on a new branch").await;
    let (outcome, _, said) = site.deploy_ref("refs/heads/feature/new", &new, &[]).await;
    assert_eq!(
        (outcome, site.page().as_str()),
        (AttemptOutcome::Succeeded, "on a new branch"),
        "{said}"
    );

    site.git("origin", &["tag", "-m", "first", "v1", &old]).await;
    let (outcome, _, said) = site.deploy_ref("refs/tags/v1", &old, &[]).await;
    assert_eq!((outcome, site.page().as_str()), (AttemptOutcome::Succeeded, "two"), "{said}");

    // Forced: the branch goes on from an older commit, and what it had is gone.
    site.git("origin", &["checkout", "--quiet", "main"]).await;
    site.git("origin", &["reset", "--quiet", "--hard", "HEAD~1"]).await;
    let forced = site.commit("rewritten").await;
    let (outcome, _, said) = site.deploy(&forced, &[]).await;
    assert_eq!((outcome, site.page().as_str()), (AttemptOutcome::Succeeded, "rewritten"), "{said}");

    // A branch that is gone by the time of the deploy cannot be fetched: it may be tried again.
    site.git("origin", &["branch", "--quiet", "-D", "feature/new"]).await;
    let (_, code, said) = site.deploy_ref("refs/heads/feature/new", &new, &[]).await;
    assert!(code == Some(75) && said.contains("the fetch failed"), "{said}");
    let (_, code, said) = site.deploy_ref("refs/merge-requests/1/head", &new, &[]).await;
    assert!(code == Some(1) && said.contains("neither a branch nor a tag"), "{said}");
    assert_eq!(site.page(), "rewritten");
}

#[tokio::test]
async fn git_deploy_overwrites_changes_and_leaves_other_files_alone() {
    let site = Site::new().await;
    fs::write(site.path("www/page"), "changed by hand").unwrap();
    site.git("www", &["add", "page"]).await;
    fs::write(site.path("www/upload"), "of a visitor").unwrap();
    let two = site.commit("two").await;
    let (outcome, _, said) = site.deploy(&two, &[]).await;
    assert_eq!((outcome, site.page().as_str()), (AttemptOutcome::Succeeded, "two"), "{said}");
    assert_eq!(fs::read_to_string(site.path("www/upload")).unwrap(), "of a visitor");
}

#[tokio::test]
async fn git_deploy_brings_submodules_along() {
    let site = Site::new().await;
    site.git(".", &["init", "--quiet", "--initial-branch=main", "library"]).await;
    let inside = |text: &str| fs::write(site.path("library/code"), text).unwrap();
    inside("one");
    site.git("library", &["add", "."]).await;
    site.git("library", &["commit", "--quiet", "-m", "one"]).await;
    let library = site.path("library").display().to_string();
    // git itself refuses submodules from this machine's own disk unless it is told.
    let add = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &library, "lib"];
    site.git("origin", &add).await;
    let with = site.commit("with a submodule").await;
    let (_, code, said) = site.deploy(&with, &[]).await;
    assert!(code == Some(1) && said.contains("to allow it, see --submodule-host"), "{said}");
    let file = ["--submodule-protocol", "file"];
    let (outcome, _, said) = site.deploy_with(&file, "www", &with).await;
    assert_eq!(outcome, AttemptOutcome::Succeeded, "{said}");
    assert_eq!(fs::read_to_string(site.path("www/lib/code")).unwrap(), "one");

    // One inside it comes along, and is asked for its host as well.
    inside("two");
    let calls = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/group/app.git", calls.local_addr().unwrap());
    site.submodule("library", "deep", &address, &with).await;
    site.git("library", &["commit", "--quiet", "--all", "-m", "two"]).await;
    let two = site.git("library", &["rev-parse", "HEAD"]).await;
    site.git("origin/lib", &["-c", "protocol.file.allow=always", "fetch", "--quiet"]).await;
    site.git("origin/lib", &["checkout", "--quiet", &two]).await;
    let deep = site.commit("with one inside it").await;
    let (_, code, said) = site.deploy_with(&file, "www", &deep).await;
    assert!(code == Some(1) && said.contains("the submodule deep comes from http"), "{said}");
    assert_eq!(fs::read_to_string(site.path("www/lib/code")).unwrap(), "two");
    let called = tokio::time::timeout(std::time::Duration::ZERO, calls.accept()).await;
    assert!(called.is_err(), "loopback was called");
}

#[tokio::test]
async fn git_deploy_calls_no_host_that_only_the_pusher_names() {
    let site = Site::new().await;
    let calls = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let loopback = calls.local_addr().unwrap();
    let first = site.git("origin", &["rev-parse", "HEAD"]).await;
    site.git("origin", &["checkout", "--quiet", "-b", "bad"]).await;
    site.submodule("origin", "lib", "https://gitlab.example.com/group/lib.git", &first).await;
    for address in [
        format!("http://{loopback}/group/app.git"),
        format!("https://{loopback}/group/app.git"),
        format!("ssh://git@{loopback}/group/app.git"),
        format!("git://{loopback}/group/app.git"),
        format!("https://{loopback}?@gitlab.example.com/group/app.git"),
        format!("https://{loopback}\\@gitlab.example.com/group/app.git"),
        format!("https://gitlab.example.com@{loopback}/group/app.git"),
        "localhost:group/app.git".to_owned(),
        "ext::touch ran".to_owned(),
        site.path("origin").display().to_string(),
        "../origin".to_owned(),
        "file:///etc".to_owned(),
    ] {
        let set = ["config", "--file", ".gitmodules", "submodule.lib.url", &address];
        site.git("origin", &set).await;
        let sha = site.commit(&address).await;
        for options in [&[][..], &["--submodule-host", "gitlab.example.com"]] {
            let mut options = options.to_vec();
            options.extend(["--submodule-protocol", "http"]);
            let (_, code, said) = site.deploy_ref_with(&options, "refs/heads/bad", &sha).await;
            assert!(code == Some(1) && said.contains("git-deploy: "), "{address}: {said}");
        }
    }
    let called = tokio::time::timeout(std::time::Duration::ZERO, calls.accept()).await;
    assert!(called.is_err(), "loopback was called");
    // A host that is allowed is called.
    let allowed = ["--submodule-host", "127.0.0.1", "--submodule-protocol", "http"];
    let address = format!("http://{loopback}/group/app.git");
    site.git("origin", &["config", "--file", ".gitmodules", "submodule.lib.url", &address]).await;
    let sha = site.commit("allowed").await;
    let deploy = site.deploy_ref_with(&allowed, "refs/heads/bad", &sha);
    let mut called = false;
    let hang_up = async {
        loop {
            drop(calls.accept().await.unwrap());
            called = true;
        }
    };
    let (outcome, ..) = tokio::select! {
        ended = deploy => ended,
        () = hang_up => unreachable!(),
    };
    assert!(called && outcome == AttemptOutcome::Failed, "{outcome:?}");
}

#[tokio::test]
async fn git_deploy_takes_no_commit_of_another_branch() {
    let site = Site::new().await;
    let tag = ["tag", "-m", "first", "v1"];
    site.git("origin", &tag).await;
    site.git("origin", &["checkout", "--quiet", "-b", "unreviewed"]).await;
    let other = site.commit("of another branch").await;
    site.git("www", &["fetch", "--quiet", "origin"]).await;
    for git_ref in ["refs/heads/main", "refs/tags/v1"] {
        let (_, code, said) = site.deploy_ref(git_ref, &other, &[]).await;
        assert!(code == Some(1) && said.contains(&format!("is not in {git_ref}")), "{said}");
    }
    assert_eq!(site.page(), "one");
    let (outcome, ..) = site.deploy_ref("refs/heads/unreviewed", &other, &[]).await;
    assert_eq!((outcome, site.page().as_str()), (AttemptOutcome::Succeeded, "of another branch"));
}

#[tokio::test]
async fn git_deploy_touches_no_checkout_further_up() {
    let site = Site::new().await;
    fs::create_dir(site.path("www/inside")).unwrap();
    let two = site.commit("two").await;
    let (_, code, said) = site.deploy_with(&[], "www/inside", &two).await;
    assert!(code == Some(1) && said.contains("is not the top of a checkout"), "{said}");
    assert_eq!(site.page(), "one");
}
