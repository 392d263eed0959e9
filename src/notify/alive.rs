//! The sign of life: an address is called every minute while the database answers, a worker has a
//! heartbeat and the sweeps go on. Who listens there raises the alarm when the calls stay away, for
//! nothing in here can tell that all of it is gone.

use super::Teller;
use super::sweep::Swept;
use crate::clock;
use bytes::Bytes;
use chrono::TimeDelta;
use signalbox_core::job::WORKER_TIMEOUT;
use signalbox_outbound::{Call, Manner, PrivateNetwork, send_call};
use signalbox_store::notify::marks;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;

/// How often the address is called.
const EVERY: Duration = Duration::from_mins(1);
/// When it is called first: worker and sweeps have begun by then.
const FIRST: Duration = Duration::from_secs(8);
/// How old the last sweep may be.
const FRESH: TimeDelta = TimeDelta::minutes(2);

pub(super) async fn run_signs_of_life(teller: &Teller, swept: &Swept, stop: &CancellationToken) {
    let Some(url) = &teller.alive_url else { return };
    let mut tick = tokio::time::interval_at(Instant::now() + FIRST, EVERY);
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        let called = stop.run_until_cancelled(give_sign(teller, swept, url)).await;
        if let Some(Err(why)) = called {
            // Without the address, which may be a secret.
            tracing::warn!("The address of SIGNALBOX_ALIVE_URL was not called well: {why}");
        }
    }
}

async fn give_sign(teller: &Teller, swept: &Swept, url: &Url) -> Result<(), String> {
    let now = clock::now();
    if !swept.is_since(now - FRESH) {
        return Err("the sweep over what happened does not go on".to_owned());
    }
    let mut conn = teller.pool.get_conn().await.map_err(|error| error.to_string())?;
    let works = marks::any_worker(&mut conn, now - WORKER_TIMEOUT).await;
    drop(conn);
    if !works.map_err(|error| error.to_string())? {
        return Err("no worker has a heartbeat".to_owned());
    }
    let manner = Manner {
        // The operator of this host set it.
        private_network: PrivateNetwork::Allowed,
        roots: teller.load_roots().await.map_err(|failure| failure.why.sentence().to_string())?,
        time_limit: Duration::from_secs(20),
        max_answer: 1024,
    };
    let call = Call { method: "GET", url, headers: &[], body: Bytes::new() };
    match send_call(call, &manner).await {
        Ok(answer) if answer.status.is_success() => Ok(()),
        Ok(answer) => Err(format!("the answer was {}", answer.status)),
        Err(failure) => Err(failure.why.sentence().to_string()),
    }
}
