//! What the layer allocates and copies. These counts are exact, so they are asserted: whoever raises one has to say so.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use aircall_tower::{Delivery, RequestBody, stations};
use allocation_counter::measure;
use bytes::Bytes;
use http::Request;
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service};

#[path = "../shared/mod.rs"]
mod shared;

use shared::inputs;
use shared::receivers::{self, IntoStatus, deliver, request};

/// A body in pieces that are made when they are asked for, so that they are counted for as long as they are held.
struct Pieces {
    body: Bytes,
    length: usize,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.body.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.length.min(self.body.len());
        Poll::Ready(Some(Ok(Frame::data(Bytes::copy_from_slice(&self.body.split_to(length))))))
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime")
}

/// Delivers a body so often that everything that is made once has been made, and then once more, counted.
fn count<B, S>(receiver: &S, body: impl Fn() -> B, with: impl Fn(&mut Request<B>)) -> allocation_counter::AllocationInfo
where
    S: Service<Request<B>, Response: IntoStatus, Error = Infallible> + Clone,
{
    let runtime = runtime();
    let prepared = || {
        let mut request = request(body(), 1);
        request.headers_mut().remove("content-length");
        with(&mut request);
        request
    };
    for _ in 0..3 {
        runtime.block_on(deliver(receiver.clone(), prepared()));
    }
    let request = prepared();
    measure(|| runtime.block_on(deliver(receiver.clone(), request)))
}

#[test]
fn what_the_layer_allocates_for_a_body_in_one_piece() {
    for (name, body) in inputs::bodies() {
        let full = || Full::new(body.clone());
        let bare = count(&receivers::drained(), full, |_| {}).count_total;
        let layered = count(&receivers::layered(), full, |_| {}).count_total;
        // Routers put things into the extensions of a request, and so make the room for ours.
        let routed = count(&receivers::layered(), full, |request| {
            request.extensions_mut().insert(1_u8);
        });
        if !stations::IS_UNOBSERVED {
            eprintln!("not counted: some other package of this build has put on `tracing` or `metrics`");
            return;
        }
        assert_eq!((layered - bare, routed.count_total - bare), (ADDED, ADDED - 2), "{name}");
    }
}

/// The box of the road, and three for each of two extensions, for `http` makes a box, a table and another box for the first
/// value in a map that was empty; less the one that collecting a body costs the receiver that drains it.
const ADDED: u64 = 6;

#[test]
fn a_body_in_one_piece_is_never_copied() {
    let body = inputs::call();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let handler = {
        let seen = Arc::clone(&seen);
        tower::service_fn(move |request: Request<RequestBody<Full<Bytes>>>| {
            let seen = Arc::clone(&seen);
            async move {
                let delivery = request.extensions().get::<Delivery>().cloned().unwrap();
                let handed_on = request.into_body().collect().await.unwrap().to_bytes();
                seen.lock().unwrap().extend([delivery.body().clone(), handed_on, delivery.raw_data_bytes()]);
                Ok::<_, Infallible>(http::Response::new(String::new()))
            }
        })
    };
    let layered = receivers::layer().layer(handler);
    runtime().block_on(deliver(layered, request(Full::new(body.clone()), body.len())));
    let seen = seen.lock().unwrap();
    assert_eq!(seen[0].as_ptr_range(), body.as_ptr_range(), "the delivery's body");
    assert_eq!(seen[1].as_ptr_range(), body.as_ptr_range(), "the body handed on");
    let data = body.windows(7).position(|window| window == b"\"data\":").unwrap() + 7;
    assert_eq!(seen[2].as_ptr(), body[data..].as_ptr(), "its `data`");
}

/// The peak is what is allocated while a body arrives, its pieces included. This counter takes it that a buffer which
/// grows or shrinks is always moved.
#[test]
fn what_is_held_of_a_body_in_pieces_is_twice_what_has_arrived() {
    const MORE: u64 = 24 * 1024;
    for received in [10_000, 70_000, 300_000, 600_000, 1_000_000] {
        let body: Bytes = aircall_fixtures::generate::user_event(aircall_fixtures::TOKEN, received).into();
        let received = body.len() as u64;
        // A million pieces of one byte would only take long.
        let smallest = if received > 100_000 { 100 } else { 1 };
        for length in [smallest, 1000, 1400, 4096, 16_384, 65_536, 400_000] {
            for claimed in [None, Some(1_000_000)] {
                let pieces = count(
                    &receivers::layered(),
                    || Pieces { body: body.clone(), length },
                    |request| {
                        if let Some(claimed) = claimed {
                            request.headers_mut().insert("content-length", http::HeaderValue::from(claimed));
                        }
                    },
                );
                let what = format!("for {received} in pieces of {length}, {claimed:?} claimed");
                assert!(pieces.bytes_max <= 2 * received + MORE, "{} bytes {what}", pieces.bytes_max);
                // What is allocated altogether shows how often it is copied. Of pieces that are too small for a place of
                // their own there is one more copy.
                let copies = if length < 4096 { 2 } else { 1 };
                assert!(
                    pieces.bytes_total <= (1 + copies) * received + 2 * MORE,
                    "{} bytes {what}",
                    pieces.bytes_total
                );
            }
        }
    }
}
