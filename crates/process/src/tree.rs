//! Who descends from a process, as `/proc` tells it.

use rustix::process::Pid;
use std::fs;

/// Every process below this one, parents before their children; itself left out. One that is being
/// started at this moment may be missing.
pub(super) fn list_descendants(of: Pid) -> Vec<Pid> {
    let mut found: Vec<Pid> = Vec::new();
    let mut left = vec![of];
    while let Some(pid) = left.pop() {
        for child in list_children(pid) {
            if !found.contains(&child) {
                found.push(child);
                left.push(child);
            }
        }
    }
    found
}

/// Children belong to the thread that started them. Source: `proc_pid_task(5)`.
pub(super) fn list_children(of: Pid) -> Vec<Pid> {
    let tasks = fs::read_dir(format!("/proc/{}/task", of.as_raw_pid()));
    let lists = tasks
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let numbers = |list: String| -> Vec<Pid> {
        list.split_whitespace().filter_map(|word| Pid::from_raw(word.parse().ok()?)).collect()
    };
    lists.flat_map(numbers).collect()
}
