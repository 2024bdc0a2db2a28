use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::Client;

use crate::arguments;

/// Returns how many deliveries were answered.
///
/// # Panics
///
/// When one is not answered with 200.
pub(crate) async fn send(url: &str, body: Bytes) -> u64 {
    let connections: usize = arguments::value("--connections", 16);
    let end = Instant::now() + Duration::from_secs_f64(arguments::value("--seconds", 1.0));
    let client = Client::builder().http1_only().pool_max_idle_per_host(connections).build().expect("a client");
    let answered = Arc::new(AtomicU64::new(0));
    let workers: Vec<_> = (0..connections)
        .map(|_| {
            let (client, url, body, answered) = (client.clone(), url.to_owned(), body.clone(), Arc::clone(&answered));
            tokio::spawn(async move {
                while Instant::now() < end {
                    let request = client.post(&url).header("content-type", "application/json").body(body.clone());
                    let response = request.send().await.expect("an answer");
                    assert_eq!(response.status(), 200);
                    response.bytes().await.expect("a whole answer");
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.expect("a worker");
    }
    answered.load(Ordering::Relaxed)
}
