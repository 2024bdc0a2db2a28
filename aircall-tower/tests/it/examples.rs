//! Each example is started as it stands, and spoken to as its users and Aircall speak to it.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::Mutex;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::support::{TOKEN, body, eventually};

/// A running example, stopped when dropped.
struct Running {
    child: Child,
    address: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Cargo builds the examples of a package with its tests, into the folder beside that of the tests.
fn example(name: &str) -> Command {
    let mut path: PathBuf = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.extend(["examples", name]);
    assert!(path.exists(), "{} has not been built: run the tests of the whole package", path.display());
    Command::new(path)
}

fn start(name: &str) -> Running {
    let mut child = example(name).env("AIRCALL_TOKEN", TOKEN).env("PORT", "0").stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    // Whatever else it prints must not fill the pipe.
    std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
    let address = line.trim().strip_prefix("listening on ").and_then(|url| url.strip_suffix("/aircall/webhook"));
    let address = address.unwrap_or_else(|| panic!("{name} said {line:?}")).to_owned();
    Running { child, address }
}

async fn send(method: Method, url: String, headers: &[(&str, &str)], text: impl Into<Bytes>) -> (u16, Bytes) {
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let response = client.request(request.body(Full::new(text.into())).unwrap()).await.unwrap();
    (response.status().as_u16(), response.into_body().collect().await.unwrap().to_bytes())
}

async fn receives_webhooks(receiver: &Running) {
    let url = format!("{}/aircall/webhook", receiver.address);
    for event in aircall_fixtures::events() {
        assert_eq!(send(Method::POST, url.clone(), &[], event.body).await.0, 200, "{}", event.name);
    }
    assert_eq!(send(Method::POST, url.clone(), &[], body("wrong", "{}")).await, (401, Bytes::new()));
    assert_eq!(send(Method::GET, url, &[], "").await.0, 405);
}

#[tokio::test]
async fn axum_receives_webhooks_and_stops_when_told() {
    let mut receiver = start("axum");
    receives_webhooks(&receiver).await;
    let terminated = Command::new("kill").arg(receiver.child.id().to_string()).status().unwrap();
    assert!(terminated.success());
    eventually("it has stopped", || receiver.child.try_wait().unwrap().is_some()).await;
    assert!(receiver.child.wait().unwrap().success(), "it ended of its own accord");
}

#[tokio::test]
async fn hyper_receives_webhooks_beside_the_rest_of_the_service() {
    let receiver = start("hyper");
    receives_webhooks(&receiver).await;
    let rest = send(Method::GET, format!("{}/", receiver.address), &[], "").await;
    assert_eq!(rest, (200, Bytes::from("the rest of the service\n")));
    assert_eq!(send(Method::POST, format!("{}/other", receiver.address), &[], body(TOKEN, "{}")).await.0, 404);
}

#[tokio::test]
async fn tonic_receives_webhooks_beside_grpc_and_grpc_web_on_one_port() {
    let receiver = start("tonic");
    receives_webhooks(&receiver).await;

    let channel = Endpoint::from_shared(receiver.address.clone()).unwrap().connect().await.unwrap();
    let mut grpc = HealthClient::new(channel);
    let health = grpc.check(HealthCheckRequest { service: String::new() }).await.unwrap().into_inner();
    assert_eq!(health.status(), ServingStatus::Serving);

    // The same call as a browser makes it, over HTTP/1.1: an empty message in its five-byte frame.
    let url = format!("{}/grpc.health.v1.Health/Check", receiver.address);
    let headers = [("content-type", "application/grpc-web+proto"), ("x-grpc-web", "1")];
    let (status, answer) = send(Method::POST, url, &headers, Bytes::from_static(&[0; 5])).await;
    assert_eq!(status, 200);
    assert_eq!(&answer[..7], [0, 0, 0, 0, 2, 8, ServingStatus::Serving as u8]);
    assert!(String::from_utf8_lossy(&answer).contains("grpc-status:0"));
}

/// Lambda's side of its runtime interface: invocations to fetch, and a place to put their responses.
#[derive(Clone)]
struct Lambda {
    invocations: Arc<Mutex<Vec<Value>>>,
    responses: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Lambda {
    async fn next(State(lambda): State<Self>) -> Response {
        let Some(event) = lambda.invocations.lock().unwrap().pop() else {
            return std::future::pending().await;
        };
        let id = event["requestContext"]["requestId"].as_str().unwrap().to_owned();
        let headers = [
            ("lambda-runtime-aws-request-id", id.as_str()),
            ("lambda-runtime-deadline-ms", "4102444800000"),
            ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-1:123456789012:function:receiver"),
            ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700"),
        ];
        (headers, Json(event.clone())).into_response()
    }

    async fn response(State(lambda): State<Self>, Path(id): Path<String>, text: String) -> StatusCode {
        lambda.responses.lock().unwrap().push((id, serde_json::from_str(&text).unwrap()));
        StatusCode::ACCEPTED
    }
}

/// What a function URL makes of a request (payload format 2.0).
fn invocation(id: &str, body: &str, encoded: bool) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/aircall/webhook",
        "rawQueryString": "",
        "headers": { "content-type": "application/json", "host": "receiver.lambda-url.eu-west-1.on.aws" },
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "receiver",
            "domainName": "receiver.lambda-url.eu-west-1.on.aws",
            "domainPrefix": "receiver",
            "http": { "method": "POST", "path": "/aircall/webhook", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "axios" },
            "requestId": id,
            "routeKey": "$default",
            "stage": "$default",
            "time": "21/Sep/2026:14:13:20 +0000",
            "timeEpoch": 1_790_000_000_000_u64
        },
        "body": body,
        "isBase64Encoded": encoded
    })
}

#[tokio::test]
async fn lambda_receives_webhooks_through_its_real_runtime() {
    let lambda = Lambda {
        invocations: Arc::new(Mutex::new(vec![
            invocation("wrong", &body("wrong", "{}"), false),
            invocation("honest", &body(TOKEN, "{}"), false),
            // The same honest body, as gateways encode it.
            invocation("encoded", &base64(body(TOKEN, "{}").as_bytes()), true),
        ])),
        responses: Arc::default(),
    };
    let app = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(Lambda::next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(Lambda::response))
        .with_state(lambda.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });

    let child = example("lambda")
        .env("AIRCALL_TOKEN", TOKEN)
        .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "receiver")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let _running = Running { child, address: String::new() };
    eventually("all invocations are answered", || lambda.responses.lock().unwrap().len() == 3).await;
    let responses = lambda.responses.lock().unwrap();
    let statuses: Vec<_> =
        responses.iter().map(|(id, response)| (id.as_str(), response["statusCode"].as_u64().unwrap())).collect();
    assert_eq!(statuses, [("encoded", 200), ("honest", 200), ("wrong", 401)]);
}

#[test]
fn an_example_without_a_token_says_what_is_missing() {
    for name in ["axum", "hyper", "tonic", "lambda"] {
        let mut child =
            example(name).env_remove("AIRCALL_TOKEN").stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(!child.wait().unwrap().success());
        assert!(said.contains("AIRCALL_TOKEN is not set, expected the webhook's token"), "{name}: {said}");
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bytes
        .chunks(3)
        .flat_map(|chunk| {
            let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
            (0..4).map(
                move |digit| {
                    if digit > chunk.len() { '=' } else { DIGITS[(word >> (18 - 6 * digit) & 63) as usize] as char }
                },
            )
        })
        .collect()
}
