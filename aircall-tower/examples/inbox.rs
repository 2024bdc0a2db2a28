//! Receives Aircall webhooks with axum, acknowledges them once they are on disk, and handles them in peace.
//!
//! ```sh
//! AIRCALL_TOKEN=… cargo run -p aircall-tower --example inbox --features axum,sqlite,tracing
//! ```
//!
//! Listens on `http://127.0.0.1:$PORT/aircall/webhook` (port 3000 by default) and keeps events in `$AIRCALL_INBOX`
//! (`aircall.sqlite` by default). The example `operate` looks into that file.

use std::time::Duration;

use aircall_tower::inbox::{DoNotRetry, Inbox, Run};
use aircall_tower::{Delivery, Payload, Token, WebhookLayer};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Router};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tower::ServiceBuilder;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().with_env_filter(EnvFilter::from_default_env()).with_writer(std::io::stderr).init();

    let token = std::env::var("AIRCALL_TOKEN").map_err(|_| "AIRCALL_TOKEN is not set, expected the webhook's token")?;
    let inbox = Inbox::open(std::env::var("AIRCALL_INBOX").unwrap_or_else(|_| "aircall.sqlite".to_owned()))?;
    let webhook = WebhookLayer::new(Token::new(token)?).inbox(&inbox);
    let under_way = webhook.handle();
    // What the layer encloses is called only if the inbox is set to handle inline what it cannot store.
    let app = Router::new().route("/aircall/webhook", post(on_event).layer(webhook));

    // The CRM takes 20 requests a second. The buffer lets all handlers share that limit.
    let service = ServiceBuilder::new().buffer(64).rate_limit(20, Duration::from_secs(1)).service(post(on_event));
    let (stop, stopped) = oneshot::channel::<()>();
    let worker = tokio::spawn(inbox.worker(service).in_order().run(async { drop(stopped.await) }));

    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}/aircall/webhook", listener.local_addr()?);
    axum::serve(listener, app).with_graceful_shutdown(told_to_stop()).await?;

    // In the order of the way: nothing comes in any more, what is being stored is, then the worker ends.
    under_way.drained().await;
    drop(stop);
    let summary = worker.await?;
    inbox.close().await;
    tracing::info!(?summary, "stopped");
    Ok(())
}

/// May take its time, and may fail: the event is on disk, and comes again.
async fn on_event(Extension(run): Extension<Run>, delivery: Delivery) -> Response {
    match delivery.payload() {
        Payload::Call(call) => match tell_the_crm(&call).await {
            Ok(()) => StatusCode::OK.into_response(),
            Err(error) => {
                tracing::warn!(attempt = run.attempt(), error, "the CRM did not take the call");
                StatusCode::BAD_GATEWAY.into_response()
            }
        },
        // Nothing that trying again would change.
        Payload::Unknown(_) => (StatusCode::UNPROCESSABLE_ENTITY, Extension(DoNotRetry)).into_response(),
        _ => StatusCode::OK.into_response(),
    }
}

async fn tell_the_crm(call: &aircall_tower::payload::Call) -> Result<(), &'static str> {
    tracing::info!(id = ?call.id.get(), "a call for the CRM");
    Ok(())
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
