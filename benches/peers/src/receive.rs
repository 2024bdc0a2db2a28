use std::convert::Infallible;
use std::net::Ipv4Addr;

use axum::body::Body;
use axum::error_handling::HandleError;
use axum::http::{Request, Response, StatusCode};
use axum::routing::{get, post};
use axum::{BoxError, Router};
use bytes::Bytes;
use hmac::{Hmac, Mac};
use tokio::net::TcpListener;
use tower::{Layer, service_fn};
use tower_github_webhook::ValidateGitHubWebhookLayer;
use webhook_verify::tower::VerifyLayer;
use webhook_verify::{Provider, Secret};

use crate::counted::{self, Counted};

/// Serves behind this layer, with what its documentation configures and nothing else.
pub(crate) async fn serve(name: &str) {
    let app = match name {
        "tower-github-webhook" => Router::new().route(PATH, post(take).layer(ValidateGitHubWebhookLayer::new(SECRET))),
        "webhook-verify" => {
            // With axum's own body for the handler the layer is neither `Clone` nor `Sync`, which axum demands.
            let take = service_fn(async |_: Request<Bytes>| Ok::<_, Infallible>(Response::<Body>::default()));
            let verify = VerifyLayer::new(Provider::GitHub, Secret::new(SECRET)).layer(take);
            // A body that breaks off is an error of this layer, and axum wants none.
            let verify = HandleError::new(verify, async |_: BoxError| StatusCode::BAD_REQUEST);
            Router::new().route_service(PATH, verify)
        }
        _ => panic!("no receiver has the name {name:?}"),
    };
    let app = app.route("/read", get(counted::read));
    let port: u16 = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).expect("a port in `PORT`");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.expect("a free port");
    axum::serve(Counted(listener), app).await.expect("a server");
}

/// Returns the header, with its end of line, that makes a body an authentic one.
pub(crate) fn sign(body: &[u8]) -> String {
    let mut hmac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).expect("any length is a key");
    hmac.update(body);
    format!("x-hub-signature-256: sha256={}", hex::encode(hmac.finalize().into_bytes()))
}

async fn take(_: Bytes) {}

const PATH: &str = "/aircall/webhook";
const SECRET: &str = "a secret that both sides know";
