//! The database's disk is full: a small file system in memory, which somebody else fills.

use super::Scale;
use super::load::Pace;
use super::rig::{Rig, Shape};
use super::tally::Row;
use crate::support::server::OwnServer;
use crate::support::wait;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

const NAME: &str = "disk full";

/// A file system of so many MiB, gone with the test.
struct Disk(TempDir);

impl Disk {
    fn mount(mib: u32) -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("signalbox-disk-").tempdir().unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "tmpfs"])
            .arg(folder.path())
            .output()
            .map_err(|error| error.to_string())?;
        if mount.status.success() {
            Ok(Self(folder))
        } else {
            Err(String::from_utf8_lossy(&mount.stderr).trim().to_owned())
        }
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes until nothing more fits.
    fn fill(&self) {
        let mut file = std::fs::File::create(self.path().join("filler")).unwrap();
        for chunk in [1024 * 1024, 4096] {
            while file.write_all(&vec![0; chunk]).is_ok() {}
        }
    }

    fn free(&self) {
        std::fs::remove_file(self.path().join("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(self.path()).status());
    }
}

/// The disk is filled under load until events are refused, and freed again.
pub async fn full(scale: Scale) -> Row {
    let disk = match Disk::mount(400) {
        Ok(disk) => disk,
        Err(why) => return Row::not_possible(NAME, &why),
    };
    let small = ["max_wal_size=32MB", "min_wal_size=2MB", "wal_recycle=off"];
    let mut server = OwnServer::start_in(Some(disk.path()), &small).await;
    let database = server.database();
    let rig = Rig::on(database.clone(), &database, Shape::one()).await;
    let load = rig.load(Pace::STEADY);
    let (mut ready, mut ended) = (Vec::new(), 0);
    for _ in 0..scale.stops.div_ceil(2) {
        load.acknowledges(10).await;
        disk.fill();
        let refused = load.count(503) + 5;
        wait::until("refused events", async || (load.count(503) >= refused).then_some(())).await;
        disk.free();
        // Without room for its log PostgreSQL ends, and somebody starts it again.
        if server.has_ended() {
            ended += 1;
            server.resume().await;
        }
        server.is_there().await;
        ready.push(rig.ready(0).await);
    }
    load.acknowledges(10).await;
    let sent = load.stop().await;
    let row = Row::count(NAME, &rig, sent, ready).await;
    row.remark(format!("400 MiB; PostgreSQL ended by itself {ended} times")).holds()
}

#[tokio::test]
async fn a_full_disk_refuses_and_loses_nothing() {
    full(Scale::SHORT).await;
}
