//! Receives Aircall webhooks with axum.
//!
//! ```sh
//! AIRCALL_TOKEN=… cargo run -p aircall-tower --example axum --features axum,tracing
//! ```
//!
//! Listens on `http://127.0.0.1:$PORT/aircall/webhook` (port 3000 by default). `RUST_LOG=debug` shows every delivery.

use aircall_tower::{Delivery, EventName, Token, WebhookLayer};
use axum::Router;
use axum::routing::post;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().with_env_filter(EnvFilter::from_default_env()).with_writer(std::io::stderr).init();

    let token = std::env::var("AIRCALL_TOKEN").map_err(|_| "AIRCALL_TOKEN is not set, expected the webhook's token")?;
    let webhook = WebhookLayer::new(Token::new(token)?);
    let under_way = webhook.handle();
    let app = Router::new().route("/aircall/webhook", post(on_event).layer(webhook));

    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}/aircall/webhook", listener.local_addr()?);
    axum::serve(listener, app).with_graceful_shutdown(told_to_stop()).await?;

    // Handlers that run on after their acknowledgement have nobody else who waits for them.
    under_way.drained().await;
    Ok(())
}

/// Authenticated, parsed, and already safe from deactivation: whatever happens in here, Aircall gets its 2xx.
async fn on_event(delivery: Delivery) {
    match delivery.event() {
        EventName::CallEnded => tracing::info!(data = delivery.raw_data(), "a call is over"),
        event => tracing::debug!(%event, key = %delivery.dedup_key(), "not ours"),
    }
}

async fn told_to_stop() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    let _ = interrupted.await;
}
