//! A gRPC service, the same over gRPC-Web, and Aircall webhooks, all on one port.
//!
//! ```sh
//! AIRCALL_TOKEN=… cargo run -p aircall-tower --example tonic --features axum
//! ```
//!
//! Listens on `http://127.0.0.1:$PORT/aircall/webhook` (port 3000 by default). The gRPC service is the standard health
//! check.

use aircall_tower::{Delivery, Token, WebhookLayer};
use axum::routing::post;
use tokio::net::TcpListener;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic_web::GrpcWebLayer;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let token = std::env::var("AIRCALL_TOKEN").map_err(|_| "AIRCALL_TOKEN is not set, expected the webhook's token")?;
    let webhook = WebhookLayer::new(Token::new(token)?).at("/aircall/webhook")?;

    let (_reporter, health) = tonic_health::server::health_reporter();
    // gRPC-Web answers 400 to any other request over HTTP/1.1, Aircall's among them. So it goes around the gRPC routes
    // alone, and the webhook's route is added outside of it.
    let routes =
        Routes::new(health).into_axum_router().layer(GrpcWebLayer::new()).route("/aircall/webhook", post(on_event));

    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}/aircall/webhook", listener.local_addr()?);
    Server::builder()
        .accept_http1(true)
        .layer(webhook)
        .add_routes(Routes::from(routes))
        .serve_with_incoming(TcpIncoming::from(listener))
        .await?;
    Ok(())
}

async fn on_event(delivery: Delivery) {
    println!("{} with {} bytes of data", delivery.event(), delivery.raw_data().len());
}
