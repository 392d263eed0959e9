//! The rule by examples, and a model of many workers that die at any moment.

use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn member(id: &str, git_ref: &str, concurrency: Concurrency, stand: Stand) -> Member {
    Member {
        id: id.into(),
        webhook: Some(7),
        git_ref: git_ref.into(),
        concurrency,
        cancels_running: false,
        max_beside: 1,
        stand,
    }
}

fn superseded(decision: &Decision) -> Vec<(&str, &str)> {
    decision.superseded.iter().map(|(old, new)| (old.as_str(), new.as_str())).collect()
}

#[test]
fn one_runs_at_a_time_in_order() {
    use {Concurrency::Serial, Stand::*};
    let a = |stand| member("a", "main", Serial, stand);
    let b = member("b", "main", Serial, Ready);
    assert_eq!(decide_lane(&[a(Running), b.clone()]).next, [""; 0]);
    assert_eq!(decide_lane(&[a(Ready), b.clone()]).next, ["a"]);
    assert_eq!(
        decide_lane(&[a(Resting), b.clone()]).next,
        [""; 0],
        "b must not overtake a's retry"
    );
    assert_eq!(decide_lane(&[b]).next, ["b"]);
}

#[test]
fn the_newest_of_each_ref_stays() {
    use {Concurrency::Latest, Stand::*};
    let lane = [
        member("a", "main", Latest, Running),
        member("b", "main", Latest, Resting),
        member("c", "other", Latest, Ready),
        member("d", "main", Latest, Ready),
        member("e", "main", Latest, Ready),
    ];
    let decision = decide_lane(&lane);
    assert_eq!(superseded(&decision), [("b", "e"), ("d", "e")]);
    assert_eq!(decision.next, [""; 0]);
    assert_eq!(decide_lane(&lane[1..]).next, ["c"]);
}

#[test]
fn the_newest_ends_the_one_that_runs_if_it_says_so() {
    use {Concurrency::*, Stand::*};
    let newer = |id: &str, git_ref: &str, stand| Member {
        cancels_running: true,
        ..member(id, git_ref, Latest, stand)
    };
    let running = member("a", "main", Latest, Running);
    let cancelled = |lane: &[Member]| decide_lane(lane).cancelled;
    let by = |id: &str| vec![("a".to_owned(), id.to_owned())];
    let two = [running.clone(), newer("b", "main", Ready), newer("c", "main", Resting)];
    assert_eq!(cancelled(&two), by("c"));
    assert_eq!(decide_lane(&two).superseded, [("b".to_owned(), "c".to_owned())]);
    assert_eq!(cancelled(&[running.clone(), newer("b", "other", Ready)]), []);
    assert_eq!(cancelled(&[running.clone(), newer("b", "main", Paused)]), [], "it goes on");
    assert_eq!(cancelled(&[running.clone(), member("b", "main", Latest, Ready)]), []);
    assert_eq!(cancelled(&[newer("b", "main", Ready), running]), [], "it is the older one");
    let mut other = newer("b", "main", Ready);
    other.webhook = Some(8);
    assert_eq!(cancelled(&[member("a", "main", Latest, Running), other]), []);
}

#[test]
fn who_only_shares_a_resource_does_not_wait_for_a_retry_or_a_paused_webhook() {
    use {Concurrency::*, Stand::*};
    let mut other = member("b", "main", Serial, Ready);
    other.webhook = Some(8);
    let retry = member("a", "main", Parallel, Resting);
    assert_eq!(decide_lane(&[retry, other.clone()]).next, ["b"]);
    let paused = member("a", "main", Serial, Paused);
    assert_eq!(decide_lane(&[paused, other]).next, ["b"]);
}

#[test]
fn as_many_run_as_a_parallel_webhook_allows() {
    use {Concurrency::Parallel, Concurrency::Serial, Stand::*};
    let of = |id, concurrency, max_beside, stand| {
        let member = member(id, "main", concurrency, stand);
        Member { max_beside, ..member }
    };
    let parallel = |id, stand| of(id, Parallel, 2, stand);
    let waiting =
        [parallel("a", Ready), parallel("b", Resting), parallel("c", Ready), parallel("d", Ready)];
    assert_eq!(decide_lane(&waiting).next, ["a", "c"]);
    let one_runs = [parallel("a", Running), parallel("b", Ready), parallel("c", Ready)];
    assert_eq!(decide_lane(&one_runs).next, ["b"]);
    let lowered = [parallel("a", Running), parallel("b", Running), parallel("c", Running)];
    assert_eq!(decide_lane(&lowered).next, [""; 0]);
    // Those of before, when the webhook was serial, stay alone, and are not overtaken.
    let serial = |stand| of("b", Serial, 1, stand);
    let before = [parallel("a", Running), serial(Ready), parallel("c", Ready)];
    assert_eq!(decide_lane(&before).next, [""; 0]);
    assert_eq!(decide_lane(&[serial(Running), parallel("c", Ready)]).next, [""; 0]);
    let unlimited = max_beside("webhook:7", Parallel, None);
    let all = [of("a", Parallel, unlimited, Running), of("b", Parallel, unlimited, Ready)];
    assert_eq!(decide_lane(&all).next, ["b"]);
    assert_eq!(max_beside("webhook:7", Parallel, Some(3)), 3);
    assert_eq!(max_beside("webhook:7", Serial, Some(3)), 1);
    assert_eq!(max_beside("host:docker", Parallel, Some(3)), 1, "a resource of the host is one");
}

#[test]
fn lanes_have_names() {
    let id = WebhookId(7);
    assert_eq!(of_webhook(id, Concurrency::Parallel, None), None);
    assert_eq!(of_webhook(id, Concurrency::Latest, None).as_deref(), Some("webhook:7"));
    assert_eq!(of_webhook(id, Concurrency::Parallel, Some(2)).as_deref(), Some("webhook:7"));
    assert_eq!(lane_label(&of_host("docker")), "docker");
    assert!(is_name("docker-2") && !is_name("") && !is_name("Docker") && !is_name("a b"));
}

/// What happens in the model.
#[derive(Debug, Clone, Copy)]
enum Happening {
    /// A job of this webhook and ref comes.
    Arrives(i64, u8),
    /// A worker takes the nth row that is offered.
    Offered(usize),
    /// The running attempt ends; true = it is tried again later.
    Ends(bool),
    /// Its worker dies.
    Dies,
    /// Somebody notices dead workers and free lanes.
    Sweeps,
    /// The back-offs are over.
    TimePasses,
    /// A person cancels the nth waiting job.
    Cancels(usize),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        3 => (0..3i64, 0..2u8).prop_map(|(webhook, at)| Happening::Arrives(webhook, at)),
        6 => any::<usize>().prop_map(Happening::Offered),
        4 => any::<bool>().prop_map(Happening::Ends),
        1 => Just(Happening::Dies),
        1 => Just(Happening::Sweeps),
        1 => Just(Happening::TimePasses),
        1 => any::<usize>().prop_map(Happening::Cancels),
    ]
}

/// A lane, its queue rows, and workers, as `signalbox::worker` moves them.
#[derive(Default)]
struct Model {
    members: Vec<Member>,
    /// Rows that a worker may be offered; the others are held back.
    offered: BTreeSet<String>,
    dead: BTreeSet<String>,
    began: Vec<(String, Option<i64>)>,
    overtaken: BTreeMap<String, String>,
    /// Running ones that are asked to end, each with its newer one.
    stopping: BTreeMap<String, String>,
    ended: BTreeSet<String>,
    arrived: usize,
}

impl Model {
    fn stand(&mut self, id: &str, stand: Stand) {
        for member in self.members.iter_mut().filter(|member| member.id == id) {
            member.stand = stand;
        }
    }

    fn running(&self) -> Option<String> {
        let running: Vec<_> =
            self.members.iter().filter(|member| member.stand == Stand::Running).collect();
        assert!(running.len() <= 1, "two run at once: {running:?}");
        running.first().map(|member| member.id.clone())
    }

    /// Carries a decision out; the next is let go if it was held back.
    fn settle(&mut self) -> Decision {
        let decision = decide_lane(&self.members);
        for (old, new) in &decision.superseded {
            assert!(self.members.iter().any(|member| member.id == *new), "{new} is there");
            self.members.retain(|member| member.id != *old);
            self.offered.remove(old);
            self.overtaken.insert(old.clone(), new.clone());
        }
        for (old, new) in &decision.cancelled {
            assert_eq!(self.running().as_ref(), Some(old), "only what runs is ended");
            assert!(old < new, "only newer ones end others");
            self.stopping.entry(old.clone()).or_insert_with(|| new.clone());
        }
        self.offered.extend(decision.next.clone());
        decision
    }

    fn begin(&mut self, id: &str) {
        let decision = self.settle();
        if decision.next.iter().any(|next| next == id) {
            let webhook = self.members.iter().find(|member| member.id == id).unwrap().webhook;
            self.began.push((id.to_owned(), webhook));
            self.stand(id, Stand::Running);
        }
        // Begun, or held back until the lane is free.
        self.offered.remove(id);
    }

    fn end(&mut self, id: &str) {
        self.members.retain(|member| member.id != id);
        self.offered.remove(id);
        self.ended.insert(id.to_owned());
        self.settle();
    }

    fn sweep(&mut self) {
        if let Some(id) = self.running().filter(|id| self.dead.remove(id)) {
            if self.stopping.contains_key(&id) {
                self.end(&id);
                return;
            }
            self.stand(&id, Stand::Ready);
            self.offered.insert(id);
        }
        self.settle();
    }

    fn wake(&mut self) {
        let resting: Vec<String> = self
            .members
            .iter()
            .filter(|member| member.stand == Stand::Resting)
            .map(|member| member.id.clone())
            .collect();
        for id in resting {
            self.stand(&id, Stand::Ready);
            self.offered.insert(id);
        }
    }

    fn happens(&mut self, happening: Happening, concurrency: [(Concurrency, bool); 3]) {
        match happening {
            Happening::Arrives(webhook, at) => {
                self.arrived += 1;
                let id = format!("{:04}", self.arrived);
                let (of, cancels_running) = concurrency[usize::try_from(webhook).unwrap()];
                self.members.push(Member {
                    id: id.clone(),
                    webhook: Some(webhook),
                    git_ref: at.to_string(),
                    concurrency: of,
                    cancels_running,
                    max_beside: 1,
                    stand: Stand::Ready,
                });
                self.offered.insert(id);
            }
            Happening::Offered(nth) if !self.offered.is_empty() => {
                let id = self.offered.iter().nth(nth % self.offered.len()).unwrap().clone();
                let ready = |m: &Member| m.id == id && m.stand == Stand::Ready;
                if self.members.iter().any(ready) {
                    self.begin(&id);
                }
            }
            Happening::Ends(again) => {
                let Some(id) = self.running().filter(|id| !self.dead.contains(id)) else { return };
                if again && !self.stopping.contains_key(&id) {
                    self.stand(&id, Stand::Resting);
                    self.settle();
                } else {
                    self.end(&id);
                }
            }
            Happening::Dies => self.dead.extend(self.running()),
            Happening::Sweeps => self.sweep(),
            Happening::TimePasses => self.wake(),
            Happening::Cancels(nth) => {
                let waiting: Vec<String> = self
                    .members
                    .iter()
                    .filter(|member| member.stand != Stand::Running)
                    .map(|member| member.id.clone())
                    .collect();
                if let Some(id) = waiting.get(nth % waiting.len().max(1)) {
                    self.end(id);
                }
            }
            Happening::Offered(_) => {}
        }
        self.running();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_dies_one_runs_at_a_time_and_every_job_gets_its_turn(
        happenings in prop::collection::vec(happening(), 0..200),
        kinds in prop::array::uniform3(0..4usize),
    ) {
        let concurrency = kinds.map(|kind| (Concurrency::ALL[kind.min(2)], kind == 3));
        let mut model = Model::default();
        for happening in happenings {
            model.happens(happening, concurrency);
        }
        // Nothing more comes, nobody dies any more: all of them end.
        for _ in 0..model.arrived * 3 {
            model.sweep();
            model.wake();
            model.happens(Happening::Offered(0), concurrency);
            model.happens(Happening::Ends(false), concurrency);
        }
        prop_assert!(model.members.is_empty(), "left behind: {:?}", model.members);
        prop_assert_eq!(model.ended.len() + model.overtaken.len(), model.arrived);
        // A serial webhook's jobs begin in the order they came.
        for webhook in 0..3i64 {
            let (kind, _) = concurrency[usize::try_from(webhook).unwrap()];
            let began: Vec<_> =
                model.began.iter().filter(|(_, of)| *of == Some(webhook)).collect();
            if kind == Concurrency::Serial {
                prop_assert!(began.is_sorted_by(|a, b| a.0 <= b.0), "{:?}", began);
            }
        }
        // Who was asked to end has ended, once.
        for old in model.stopping.keys() {
            prop_assert!(model.ended.contains(old) && !model.overtaken.contains_key(old));
        }
        // Only newer ones overtake.
        for (old, new) in &model.overtaken {
            prop_assert!(old < new);
        }
    }
}
