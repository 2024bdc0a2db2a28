//! The body that goes in to the inner service.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Empty;
use pin_project_lite::pin_project;

pin_project! {
    /// The body of the request that the inner service gets.
    ///
    /// Cloning the one of a delivery copies nothing, so layers that try a request again work inside of this one.
    ///
    /// For a delivery it is the body that was read; on a path that is not the webhook's it is the original one, unread.
    #[derive(Clone)]
    pub struct RequestBody<B = Empty<Bytes>> {
        #[pin]
        kind: RequestKind<B>,
    }
}

pin_project! {
    #[derive(Clone)]
    #[project = RequestKindProj]
    enum RequestKind<B> {
        Delivered { bytes: Option<Bytes> },
        Passing { #[pin] body: B },
    }
}

impl<B> RequestBody<B> {
    pub(crate) fn delivered(bytes: Bytes) -> Self {
        Self { kind: RequestKind::Delivered { bytes: Some(bytes) } }
    }

    pub(crate) fn passing(body: B) -> Self {
        Self { kind: RequestKind::Passing { body } }
    }
}

impl<B: Body> Body for RequestBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.project().kind.project() {
            RequestKindProj::Delivered { bytes } => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            RequestKindProj::Passing { body } => {
                body.poll_frame(cx).map_ok(|frame| frame.map_data(|mut data| data.copy_to_bytes(data.remaining())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            RequestKind::Delivered { bytes } => bytes.is_none(),
            RequestKind::Passing { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            RequestKind::Delivered { bytes } => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            RequestKind::Passing { body } => body.size_hint(),
        }
    }
}

impl<B> fmt::Debug for RequestBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            RequestKind::Delivered { .. } => "RequestBody(delivered)",
            RequestKind::Passing { .. } => "RequestBody(passing)",
        })
    }
}
