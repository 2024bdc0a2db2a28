//! Inputs that nobody has written down: strategies for proptest that make them, and a run that puts them to an endpoint.
//!
//! What is sent is valid by construction, or hostile by construction, so that it is known what has to come back. What fails is
//! made smaller against the endpoint, as long as it fails in the same way. All of it follows from one seed.
//!
//! ```
//! # use std::convert::Infallible;
//! use aircall_conformance::{Endpoint, Token, delivery::RequestBody, fuzz::Fuzz};
//! # use bytes::Bytes;
//! # use http::{Request, Response, StatusCode};
//! # use http_body_util::{BodyExt, Empty};
//!
//! # async fn handle(request: Request<RequestBody>) -> Result<Response<Empty<Bytes>>, Infallible> {
//! #     #[derive(serde::Deserialize)]
//! #     struct Event { token: String }
//! #     let body = request.into_body().collect().await.unwrap().to_bytes();
//! #     let status = match serde_json::from_slice::<Event>(&body) {
//! #         Ok(event) if event.token == "secret" => StatusCode::OK,
//! #         Ok(_) => StatusCode::UNAUTHORIZED,
//! #         Err(_) => StatusCode::BAD_REQUEST,
//! #     };
//! #     Ok(Response::builder().status(status).body(Empty::new()).unwrap())
//! # }
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let endpoint = Endpoint::service("/aircall/webhook", tower::service_fn(handle));
//! let report = Fuzz::new(endpoint, Token::new("secret")?).with_seed(42).with_cases(64).run().await?;
//! assert!(report.is_clean(), "{}", report.human());
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

mod dice;
mod json;
mod form;
mod template;
mod odd;
mod table;
mod edit;
mod damage;
mod plan;
mod input;
mod shrink;
mod strategy;
mod judge;
mod outline;
mod session;
mod run;
mod report;
mod saved;
mod error;

pub use error::NotFuzzed;
pub use input::{Class, Input};
pub use judge::Kind;
pub use outline::{FuzzPlan, FuzzStep};
pub use report::{Ended, Finding, FuzzReport};
pub use run::{Fuzz, Replayed};
pub use saved::{NotSaved, Saved};
pub use strategy::{InputTree, Inputs, event, hostile, input};
